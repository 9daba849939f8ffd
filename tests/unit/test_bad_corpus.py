"""Bad corpora: one message says what is wrong with each, and nothing half-written stays.

The second table has files with a fault in some rows, of which the others are kept.
"""

import bz2
import gzip
import io
import json
import lzma
import os
import re
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from example_corpus import (
    HEADER,
    TOKENIZE,
    as_csv,
    as_json_lines,
    contents,
    rows,
    run_encode,
    run_split,
    run_tokenize,
    written,
)
from tweetrnn.__main__ import main
from tweetrnn.data import tokenize
from tweetrnn.errors import UserError

GOOD = as_csv(rows())


def zipped(name, content=GOOD):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def parquet(columns=None, **changes):
    """Return the bytes of a Parquet file of valid rows, with some columns changed."""
    table = dict(zip(HEADER, map(list, zip(*rows(), strict=True)), strict=True))
    stream = io.BytesIO()
    pq.write_table(
        pa.table(table | changes if columns is None else columns), stream, write_page_checksum=True
    )
    return stream.getvalue()


def flipped(content, at):
    """Return bytes with one bit changed."""
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def with_columns(**columns):
    """Return a CSV of valid rows in which these columns have this value in every row."""
    return as_csv(
        [
            [columns.get(name, cell) for name, cell in zip(HEADER, row, strict=True)]
            for row in rows()
        ]
    )


def with_rows(*more, count=10, **dialect):
    """Return a CSV of a few valid rows and then others."""
    return as_csv([*rows(count), *more], **dialect)


def frame():
    return pd.DataFrame(rows(9), columns=HEADER)


REPEATED = as_json_lines(rows(9)).replace("}", ', "airline_sentiment": "neutral"}')
SEMICOLONS = as_csv(rows(), delimiter=";")
LEADING_QUOTES = as_csv(rows(), delimiter="\t").replace("tweet number 5", '"tweet number 5')
BLANKS = (
    GOOD.replace(",tweet number", ', "tweet, number').replace(",n", '", n').replace(",p", '", p')
)
BACKSLASHES = GOOD.replace("tweet number", "tweet\\, number")
LATIN = GOOD.replace("number 7\n", "numéro 7\n").replace("number 7,", "numéro 7,")
TOO_MANY = r"rows cannot be used \([\d.]+ %, and corpus\.max_dropped allows 1 %\)"

# name: (file name, content as text or bytes, keys of corpus, what the message says)
REFUSED = {
    "empty": ("t.csv", "", {}, "empty; expected one row per tweet"),
    "white space alone": ("t.csv", " \n\t\n", {}, "empty; expected a header and one"),
    "header alone": ("t.csv", as_csv([]), {}, "no rows; expected one row per tweet"),
    "no header": (
        "t.csv",
        as_csv(rows(), header=None),
        {},
        "'1000', 'tweet number 0', 'negative'. Is the first",
    ),
    "unknown ending": ("t.txt", GOOD, {}, r"extension '\.txt' is not .*set corpus\.format to"),
    "no ending": ("tweets", GOOD, {}, r"set corpus\.format to csv, tsv, jsonl or parquet"),
    # Encodings
    "Latin-1": (
        "t.csv",
        LATIN.encode("latin-1"),
        {},
        r"t\.csv, line 9: the byte 0xe9 is not utf-8; in Latin-1 .*numéro 7.*set "
        r"corpus\.encoding to latin-1",
    ),
    "Latin-1 far down": (
        "t.csv",
        (as_csv(rows(50_000)) + "9,caf\xe9,neutral\n").encode("latin-1"),
        {},
        "line 50002: the byte 0xe9",
    ),
    "UTF-8 cut within a letter": (
        "t.csv",
        (GOOD + "1,é").encode()[:-1],
        {},
        "ends in the middle of",
    ),
    "Latin-1 taken for ASCII": ("t.csv", "é" + GOOD, {"encoding": "ascii"}, "0xc3 is not ascii"),
    "not the encoding set": (
        "t.csv",
        GOOD.replace("number 3", "\x81").encode("latin-1"),
        {"encoding": "cp1252"},
        r"line 5: the byte 0x81 is not cp1252; set corpus\.encoding to the file's encoding",
    ),
    "UTF-16 without a mark": (
        "t.csv",
        GOOD.encode("utf-16-le"),
        {},
        r"looks like UTF-16; set corpus\.encoding to utf-16-le",
    ),
    "UTF-16, big end first, without a mark": (
        "t.csv",
        GOOD.encode("utf-16-be"),
        {},
        r"set corpus\.encoding to utf-16-be",
    ),
    "UTF-16 with a mark but read without": (
        "t.csv",
        GOOD.encode("utf-16"),
        {"encoding": "utf-16-le"},
        r"corpus\.encoding is utf-16-le; set corpus\.encoding to utf-16",
    ),
    "taken for UTF-16": (
        "t.csv",
        GOOD,
        {"encoding": "utf-16"},
        r"not utf-16.*set corpus\.encoding",
    ),
    "UTF-8 with a mark, read as Latin-1": (
        "t.csv",
        GOOD.encode("utf-8-sig"),
        {"encoding": "latin-1"},
        r"mark of UTF-8, but corpus\.encoding is latin-1; set corpus\.encoding to utf-8",
    ),
    "no such encoding": (
        "t.csv",
        GOOD,
        {"encoding": "utf8mb4"},
        "'utf8mb4' is not a text encoding",
    ),
    "an encoding of bytes": ("t.csv", GOOD, {"encoding": "base64"}, "is not a text encoding"),
    "binary": ("t.csv", bytes(1000), {}, "full of NUL bytes: not text, or a damaged copy"),
    # Other formats
    "gzip cut short": ("t.csv.gz", gzip.compress(GOOD.encode())[:-9], {}, "damaged gzip data"),
    "gzip that is no table": (
        "t.gz",
        gzip.compress(zipped("a")),
        {},
        "a zip archive, not csv; unpack it",
    ),
    "bzip2": ("t.csv", bz2.compress(GOOD.encode()), {}, "bzip2-compressed"),
    "xz": ("t.csv", lzma.compress(GOOD.encode()), {}, "xz-compressed"),
    "zip": ("t.csv", zipped("Tweets.csv"), {}, "a zip archive, not csv; unpack it first"),
    "zip by name": (
        "archive.zip",
        zipped("Tweets.csv"),
        {},
        "a zip archive, not csv; unpack it first",
    ),
    "Excel": (
        "t.csv",
        zipped("[Content_Types].xml"),
        {},
        r"Excel workbook \(xlsx\), not csv; save it as CSV",
    ),
    "old Excel": ("t.xls", b"\xd0\xcf\x11\xe0" + bytes(99), {}, r"Excel workbook \(xls\)"),
    "SQLite": (
        "t.csv",
        b"SQLite format 3\0" + bytes(99),
        {},
        "SQLite database, not csv; export the table",
    ),
    "Git LFS": ("t.csv", "version https://git-lfs.github.com/spec/v1\n", {}, "git lfs pull"),
    "web page": (
        "t.csv",
        "\n<!DOCTYPE html>\n<html>",
        {},
        "a web page, not csv; download the file",
    ),
    "Parquet by another name": ("t.csv", parquet(), {}, r"set corpus\.format to parquet"),
    "JSON list": ("t.json", json.dumps([{"text": "a"}]), {}, "JSON list; expected JSON Lines"),
    "CSV taken for Parquet": (
        "t.csv",
        GOOD,
        {"format": "parquet"},
        "not a Parquet file; set corpus.format",
    ),
    # Columns
    "backslash as delimiter and for escapes": (
        "t.csv",
        GOOD,
        {"delimiter": "\\", "backslash": True},
        r"corpus\.delimiter: '\\\\' cannot separate",
    ),
    "blank as delimiter, and skipped": (
        "t.csv",
        GOOD,
        {"delimiter": " ", "skip_blanks": True},
        r"corpus\.delimiter: ' ' cannot separate",
    ),
    "quotes that are plain characters": (
        "t.tsv",
        LEADING_QUOTES,
        {},
        r"misplaced quote: \d+(?s:.*)plain characters in this file, set corpus\.quoting to false",
    ),
    "blanks before quotes": (
        "t.csv",
        BLANKS,
        {},
        "wrong number of columns: 200(?s:.*)blanks after the delimiters, set corpus.skip_blanks to",
    ),
    "backslashes before delimiters": (
        "t.csv",
        BACKSLASHES,
        {},
        "wrong number of columns: 200(?s:.*)backslashes .* set corpus.backslash to true",
    ),
    "quote as delimiter": (
        "t.csv",
        GOOD,
        {"delimiter": '"'},
        r"corpus\.delimiter: '\"' cannot separate",
    ),
    "semicolons and other names": (
        "t.csv",
        SEMICOLONS.replace("text", "tweet"),
        {},
        r"If columns are separated by ';', set corpus\.delimiter to ';'",
    ),
    "no text": (
        "t.csv",
        as_csv(rows(), header=("tweet_id", "Tweet text", "airline_sentiment")),
        {},
        r"no column 'text'; did you mean 'Tweet text'\? Set corpus\.columns\.text to one of the "
        "file's columns: 'tweet_id', 'Tweet text'",
    ),
    "two columns of a name": (
        "t.csv",
        as_csv([(*row, "x") for row in rows()], header=(*HEADER, "text")),
        {},
        r"2 columns are called 'text' \(corpus\.columns\.text\); rename all but one",
    ),
    "one column asked for twice": (
        "t.csv",
        GOOD,
        {"columns": {"id": "text"}},
        r"corpus\.columns\.id and corpus\.columns\.text name the same column, 'text'",
    ),
    "quote open in the header": ("t.csv", '"' + GOOD, {}, "misplaced quote in the header"),
    # Rows
    "quotes never closed": (
        "t.csv",
        with_rows().replace("tweet n", '"tweet n'),
        {},
        TOO_MANY
        + r"(?s:.*)misplaced quote: 10; row 1 \(line 2\), row 2 \(line 3\), row 3 \(line 4\), "
        r"\.\.\.\n.*the quotes in it doubled\.[^\n]*\nFix these rows",
    ),
    "ragged": (
        "t.csv",
        with_rows(("1", "a", "b", "neutral"), ("2",)),
        {},
        TOO_MANY
        + r"(?s:.*)wrong number of columns: 2; row 11 \(line 12\), row 12 \(line 13\)\n.*in quotes"
        " as a whole",
    ),
    "unknown labels": (
        "t.csv",
        with_rows(("1", "a", "mixed"), ("2", "b", "mixed"), ("3", "c", "?")),
        {},
        TOO_MANY
        + r"(?s:.*)row 11 \(line 12\): 'mixed'(?s:.*)not in corpus\.labels: 'mixed' \(2\), "
        r"'\?' \(1\); list those to leave out in corpus\.ignore_labels",
    ),
    "missing labels": (
        "t.csv",
        with_rows(("1", "a", ""), ("2", "b", " ")),
        {},
        TOO_MANY + "(?s:.*)missing label: 2",
    ),
    "labels of another case": (
        "t.csv",
        GOOD.replace("negative", "Negative"),
        {},
        r"no row has the label 'negative' of corpus\.labels\. "
        r"Labels in the column .*'Negative' \(67\)",
    ),
    "one class": (
        "t.csv",
        with_columns(airline_sentiment="neutral"),
        {},
        r"no row has the label 'negative', 'positive'.*'neutral' \(200\)",
    ),
    "labels left out": (
        "t.csv",
        with_columns(airline_sentiment="neutral"),
        {"labels": ["good", "bad"], "ignore_labels": ["neutral"]},
        r"no row has the label 'good', 'bad'.*'neutral' \(200\)",
    ),
    "a class without text": (
        "t.csv",
        as_csv([(i, "" if label == "positive" else text, label) for i, text, label in rows()]),
        {"max_dropped": 1},
        "every row with the label 'positive' had to be dropped:\n.*empty text: 66(?s:.*)\nFix ",
    ),
    "empty texts": (
        "t.csv",
        with_columns(text=" "),
        {},
        TOO_MANY + r":\n  empty text: 200; row 1 \(line 2\)",
    ),
    "equal texts": (
        "t.csv",
        with_columns(text="the same"),
        {},
        r"all 200 tweets have the same tokens.*is corpus\.columns\.text \('text'\) the column",
    ),
    "invisible texts": (
        "t.csv",
        with_columns(text="\u200b\ufeff"),
        {},
        TOO_MANY + "(?s:.*)no tokens: 200",
    ),
    "huge texts": (
        "t.csv",
        with_rows(("1", "x" * 10_000_000, "neutral")),
        {},
        ": 10,000,000 characters",
    ),
    "NUL": ("t.csv", with_rows(("1", "a\0b", "neutral")), {}, TOO_MANY + "(?s:.*)NUL character in"),
    # JSON Lines
    "no objects": ("t.jsonl", "1\n[2]\nnull\n{\n", {}, "4 of 4 rows (?s:.*)not a JSON object: 4"),
    "no key": (
        "t.jsonl",
        '{"Id": 1, "Texts": ""}',
        {"columns": {"id": "ID"}},
        r"no column 'ID'; did you mean 'Id'\? Set corpus\.columns\.id to one",
    ),
    "no key with the default names": (
        "t.jsonl",
        '{"Id": 1, "Texts": ""}',
        {},
        "no column 'text'; did you mean 'Texts'",
    ),
    "repeated keys": ("t.jsonl", REPEATED, {}, r"a key occurs twice: 9; row 1 \(line 1\)"),
    "columns of pandas": (
        "t.json",
        frame().to_json(),
        {},
        r"an object of columns, as pandas .*DataFrame\(json\.load\(open\(PATH\)\)\)\.to_json",
    ),
    "split by pandas": ("t.json", frame().to_json(orient="split"), {}, "expected JSON Lines"),
    "a table of pandas": ("t.json", frame().to_json(orient="table"), {}, "expected JSON Lines"),
    "rows of pandas by index": ("t.json", frame().to_json(orient="index"), {}, "JSON Lines"),
    "a list of pandas": ("t.json", frame().to_json(orient="records"), {}, "with a JSON list; exp"),
    "indented JSON": ("t.json", frame().to_json(indent=1), {}, "an object of several lines; exp"),
    "a list in an object": ("t.json", '{"data": [{"text": "a"}]}', {}, "expected JSON Lines, one"),
    "texts that are numbers": (
        "t.jsonl",
        as_json_lines([(1, 2, "neutral")]),
        {},
        "text is not text",
    ),
    "labels that are lists": ("t.jsonl", as_json_lines([(1, "a", ["x"])]), {}, "label is not text"),
    "blank lines alone": ("t.jsonl", "\n\n", {}, "no rows"),
    "nested without end": ("t.jsonl", "[" * 100_000, {}, "starts with a JSON list"),
    "JSON in Latin-1": ("t.jsonl", b'{"text": "\xe9"}\n', {}, "line 1: the byte 0xe9 is not utf-8"),
    # Parquet
    "Parquet cut short": (
        "t.parquet",
        parquet()[:-9],
        {},
        "not a valid Parquet file.*copy or write it again",
    ),
    "a bit flipped": ("t.parquet", flipped(parquet(), 30), {}, "not a valid Parquet file"),
    "no such Parquet column": (
        "t.parquet",
        parquet({"id": [1], "text": ["a"]}),
        {"columns": {"id": "tweet id"}},
        r"no column 'tweet id'\. Set corpus\.columns\.id to one of the file's columns: "
        "'id', 'text'",
    ),
    "Parquet without columns": ("t.parquet", parquet({}), {}, "no column 'text'"),
    "Parquet of bytes": (
        "t.parquet",
        parquet(text=pa.array([b"x"] * 200, pa.large_binary())),
        {},
        "the column 'text' has the type large_binary; expected text",
    ),
    "Parquet of lists": ("t.parquet", parquet(text=[["x"]] * 200), {}, "expected text"),
    "Parquet of invalid text": (
        "t.parquet",
        parquet(text=pa.array([b"\xff"] * 200, pa.binary()).view(pa.string())),
        {},
        "not a valid Parquet file",
    ),
    "Parquet without rows": (
        "t.parquet",
        parquet({name: pa.array([], pa.string()) for name in HEADER}),
        {},
        "no rows",
    ),
}


def as_bytes(content):
    return content.encode() if isinstance(content, str) else content


def refuse(corpus, results, match, **changes):
    """Run the stage and check that it refuses the file with one message and writes nothing."""
    with pytest.raises(UserError) as caught:
        run_tokenize(corpus, results, **changes)
    message = str(caught.value)
    assert len(message) < 2_000
    assert contents(results) == {}
    __tracebackhide__ = True
    if not re.search(match, message):
        pytest.fail(f"expected {match!r}, but the message is:\n{message}")


@pytest.mark.parametrize("case", REFUSED)
def test_an_unusable_corpus_is_refused_with_one_message(tmp_path, case):
    name, content, changes, message = REFUSED[case]
    (tmp_path / name).write_bytes(as_bytes(content))
    refuse(tmp_path / name, tmp_path / "results", message, **changes)


def test_the_command_line_prints_and_logs_that_message_and_no_traceback(tmp_path, capsys):
    files = {name: str(tmp_path / name) for name in ("corpus", "tweets", "token_facts", "dropped")}
    (tmp_path / "corpus").write_text("")
    config = {"corpus": {"kind": "path"}, "tokenize": TOKENIZE}
    log = tmp_path / "log"
    command = ["tokenize", json.dumps(files), "--config", json.dumps(config), "--log", str(log)]
    assert main(command) == 1
    message = capsys.readouterr().err
    assert message == f"error: {files['corpus']}: empty; expected one row per tweet\n"
    assert message in log.read_text()
    assert "Traceback" not in log.read_text()


def test_a_missing_file_is_refused_with_where_it_was_looked_for(tmp_path):
    (tmp_path / "file").write_text(GOOD)
    missing = "no such file; a relative corpus.path is relative to"
    refuse(tmp_path / "absent.csv", tmp_path / "results", missing)
    refuse(tmp_path / "file/absent.csv", tmp_path / "results", missing)
    refuse(tmp_path / ("x" * 300 + ".csv"), tmp_path / "results", "cannot be read")


def test_a_folder_is_refused_with_the_corpora_in_it(tmp_path):
    (tmp_path / "folder").mkdir()
    refuse(tmp_path / "folder", tmp_path / "results", "a directory; corpus.path must name")
    (tmp_path / "folder" / "Tweets.CSV").write_text(GOOD)
    match = r"a directory with the files 'Tweets\.CSV'; corpus\.path must name"
    refuse(tmp_path / "folder", tmp_path / "results", match)


def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    refuse(tmp_path / "pipe.csv", tmp_path / "results", "not a regular file")


def test_a_file_without_permission_is_refused(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text(GOOD)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may read everything
    refuse(tmp_path / "t.csv", tmp_path / "results", "no permission to read it")


@pytest.mark.parametrize("change", ["grows", "vanishes", "is replaced"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch, change):
    path = tmp_path / "t.csv"
    path.write_text(GOOD)

    def tokenize_and_change(text, config):
        if change == "grows":
            with path.open("a") as stream:
                stream.write("more\n")
        elif change == "vanishes":
            path.unlink(missing_ok=True)
        elif not (tmp_path / "old.csv").exists():
            path.rename(tmp_path / "old.csv")
            path.write_text(GOOD)
        return text.split()

    monkeypatch.setattr(tokenize, "tokenize_text", tokenize_and_change)
    match = "no such file" if change == "vanishes" else "changed while it was read; run again"
    refuse(path, tmp_path / "results", match)


def test_an_old_result_stays_as_it_was_when_the_corpus_turns_bad(tmp_path):
    corpus, results = tmp_path / "t.csv", tmp_path / "results"
    corpus.write_text(GOOD)
    run_tokenize(corpus, results)
    before = contents(results)
    corpus.write_text(with_columns(text="the same"))
    with pytest.raises(UserError):
        run_tokenize(corpus, results)
    assert contents(results) == before


# name: (file name, content, keys of corpus, [(row, line, reason)] of the dropped rows, texts of the
# rows after the valid ones)
KEPT = {
    "gzip": ("t.csv", gzip.compress(GOOD.encode()), {}, [], []),
    "gzip by name": ("t.csv.gz", gzip.compress(GOOD.encode()), {}, [], []),
    "gzip of JSON": ("t.jsonl.GZ", gzip.compress(as_json_lines(rows()).encode()), {}, [], []),
    "JSON with lines of an old Macintosh": (
        "t.jsonl",
        as_json_lines(rows()).replace("\n", "\r"),
        {},
        [],
        [],
    ),
    "BOM": ("t.csv", GOOD.encode("utf-8-sig"), {}, [], []),
    "UTF-16": ("t.csv", GOOD.encode("utf-16"), {}, [], []),
    "UTF-32": ("t.csv", GOOD.encode("utf-32"), {}, [], []),
    "UTF-16, as configured": ("t.csv", GOOD.encode("utf-16"), {"encoding": "utf-16"}, [], []),
    "UTF-16, big end first": ("t.csv", GOOD.encode("utf-16-be"), {"encoding": "utf-16-be"}, [], []),
    "Latin-1, as configured": (
        "t.csv",
        with_rows(("1", "caf\xe9", "neutral"), count=200).encode("latin-1"),
        {"encoding": "latin-1"},
        [],
        ["caf\xe9"],
    ),
    "lines of Windows": ("t.csv", with_rows(count=200, lineterminator="\r\n"), {}, [], []),
    "lines of an old Macintosh": ("t.csv", with_rows(count=200, lineterminator="\r"), {}, [], []),
    "semicolons": ("t.csv", SEMICOLONS, {}, [], []),
    "tabs": ("t.csv", as_csv(rows(), delimiter="\t"), {}, [], []),
    "semicolons, as configured": ("t.csv", SEMICOLONS, {"delimiter": ";"}, [], []),
    "no line break at the end": ("t.csv", GOOD.rstrip("\n"), {}, [], []),
    "blank lines": ("t.csv", "\n\n" + GOOD.replace("\n", "\n\n \n") + "\n", {}, [], []),
    "cells too many, all empty": (
        "t.csv",
        GOOD.replace("number 5,neutral\n", "number 5,neutral,,\n"),
        {},
        [],
        [],
    ),
    "empty names and cells at the end, in the header alone": (
        "t.csv",
        GOOD.replace("sentiment\n", "sentiment,,\n").replace("5,neutral\n", "5,neutral,,,\n"),
        {},
        [],
        [],
    ),
    "spaces about names and labels": (
        "t.csv",
        GOOD.replace(",negative\n", ", negative \n"),
        {},
        [],
        [],
    ),
    "line breaks in quotes": (
        "t.csv",
        with_rows(("1", "two\nlines\r\nor three", "neutral"), count=200),
        {},
        [],
        ["two\nlines\r\nor three"],
    ),
    "right to left": (
        "t.csv",
        with_rows(("1", "الرحلة متأخرة", "neutral"), count=200),
        {},
        [],
        ["الرحلة متأخرة"],
    ),
    "emoji alone": ("t.csv", with_rows(("1", "✈️😡", "negative"), count=200), {}, [], ["✈️😡"]),
    "HTML and script": (
        "t.csv",
        with_rows(("1", "<script>alert('x')</script>", "neutral"), count=200),
        {},
        [],
        ["<script>alert('x')</script>"],
    ),
    "a formula": ("t.csv", with_rows(("1", "=cmd()", "neutral"), count=200), {}, [], ["=cmd()"]),
    "a quote never closed": (
        "t.csv",
        with_rows(count=200) + '1,"open,neutral\n2,after,neutral\n',
        {},
        [(201, 202, "misplaced quote")],
        ["after"],
    ),
    "a quote never closed before one that is": (
        "t.csv",
        with_rows(count=200) + '1,"open,neutral\n2,"so-called",neutral\n3,"after\nit",positive\n',
        {"max_dropped": 0.02},
        [(201, 202, "misplaced quote")],
        ["so-called", "after\nit"],
    ),
    "lines that look like rows, in a quoted text": (
        "t.csv",
        GOOD + '1,"open,neutral\n2,so-called ",neutral\n3,"marks:\n4,fake,neutral\n",neutral\n',
        {},
        [],
        ["open,neutral\n2,so-called ", "marks:\n4,fake,neutral\n"],
    ),
    "a thousand such lines": (
        "t.csv",
        GOOD + '1,"' + "2,fake,neutral\n" * 1_500 + '",neutral\n',
        {},
        [],
        ["2,fake,neutral\n" * 1_500],
    ),
    "such lines in a text whose quotes are not doubled": (
        "t.csv",
        GOOD + '1,"I said "hi" to\n2,fake,neutral\nand left",neutral\n3,after,neutral\n',
        {"max_dropped": 0.02},
        [(n, n + 1, "misplaced quote") for n in (201, 202, 203)],
        ["after"],
    ),
    "cut short in such a text": (
        "t.csv",
        GOOD + '1,"marks:\n2,fake,neutral\n',
        {"max_dropped": 0.02},
        [(n, n + 1, "misplaced quote") for n in (201, 202)],
        [],
    ),
    "such a text with a cell too many": (
        "t.csv",
        GOOD + '1,"marks:\n2,fake,neutral\n",neutral,4\n',
        {},
        [(201, 202, "wrong number of columns")],
        [],
    ),
    "a quote in the middle": ("t.csv", GOOD + '1,a "b" c,neutral\n', {}, [], ['a "b" c']),
    "a quote closed too early": (
        "t.csv",
        GOOD + '1,"a" b,neutral\n2,after,neutral\n',
        {},
        [(201, 202, "misplaced quote")],
        ["after"],
    ),
    "a text that contains the delimiter": (
        "t.csv",
        GOOD + "1,a, b,neutral\n2,after,neutral\n",
        {},
        [(201, 202, "wrong number of columns")],
        ["after"],
    ),
    "a row cut short": ("t.csv", GOOD + "1,a", {}, [(201, 202, "wrong number of columns")], []),
    "NUL": (
        "t.csv",
        with_rows(("1", "a\0b", "neutral"), ("2", "after", "neutral"), count=200),
        {},
        [(201, 202, "NUL character in the text")],
        ["after"],
    ),
    "a text of 10 MB": (
        "t.csv",
        with_rows(("1", "x" * 10_000_000, "neutral"), ("2", "after", "neutral"), count=200),
        {},
        [(201, 202, "text too long")],
        ["after"],
    ),
    "a quoted text of 20,000 lines": (
        "t.csv",
        GOOD + '1,"' + "x\n" * 20_000 + '",neutral\n',
        {},
        [],
        ["x\n" * 20_000],
    ),
    "empty, invisible": (
        "t.csv",
        with_rows(("1", "", "neutral"), ("2", "\u200b", "neutral"), count=200),
        {},
        [(201, 202, "empty text"), (202, 203, "no tokens")],
        [],
    ),
    "unknown and missing labels": (
        "t.csv",
        with_rows(("1", "a", "mixed"), ("2", "b", ""), count=200),
        {},
        [(201, 202, "unknown label"), (202, 203, "missing label")],
        [],
    ),
    "JSON Lines": (
        "t.jsonl",
        as_json_lines([*rows(), (7, "half a pair: \ud83d", "neutral"), (8, None, "neutral")])
        + "}\n\r\n",
        {"max_dropped": 0.02},
        [(202, 202, "empty text"), (203, 203, "not a JSON object")],
        ["half a pair: \ufffd"],
    ),
    "JSON Lines of Windows, with a mark": (
        "t.ndjson",
        as_json_lines(rows()).replace("\n", "\r\n").encode("utf-8-sig"),
        {},
        [],
        [],
    ),
    "TSV": (
        "t.tsv",
        with_rows(("1", "a, b", "neutral"), count=200, delimiter="\t"),
        {},
        [],
        ["a, b"],
    ),
    "Parquet with missing values": (
        "t.parquet",
        parquet(text=[*(text for _, text, _ in rows(199)), None]),
        {},
        [(200, 0, "empty text")],
        [],
    ),
    "Parquet of numbers and categories": (
        "t.parquet",
        parquet(
            tweet_id=list(range(1000, 1200)),
            airline_sentiment=pa.array([label for *_, label in rows()]).dictionary_encode(),
        ),
        {},
        [],
        [],
    ),
}


@pytest.mark.parametrize("case", KEPT)
def test_usable_rows_are_kept_and_the_others_listed(tmp_path, case):
    name, content, changes, dropped, more = KEPT[case]
    (tmp_path / name).write_bytes(as_bytes(content))
    run_tokenize(tmp_path / name, tmp_path / "results", **changes)

    tweets, facts, listed = written(tmp_path / "results")
    valid = [(t["id"], t["text"], t["label"]) for t in tweets[: len(tweets) - len(more)]]
    assert valid == rows()[: len(valid)]
    assert len(valid) >= 199
    assert [tweet["text"] for tweet in tweets[len(valid) :]] == more
    assert [(int(row), int(line), reason) for row, line, _, reason in listed] == dropped
    assert facts["rows_read"] == facts["kept"] + len(listed) == len(tweets) + len(listed)
    assert sum(facts["dropped"].values()) == len(listed)


def test_fewer_tweets_than_the_split_needs_are_refused(tmp_path):
    results = tmp_path / "results"
    (tmp_path / "t.csv").write_text(as_csv(rows(3)))
    run_tokenize(tmp_path / "t.csv", results)
    run_encode(results)
    before = contents(results)
    with pytest.raises(UserError, match="leaves no tweet for"):
        run_split(results)
    assert contents(results) == before
