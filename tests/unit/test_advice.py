"""The advice in a message, followed to the letter, helps."""

import argparse
import bz2
import csv
import gzip
import io
import json
import lzma
import re
import shlex
import subprocess

import pandas as pd
import pytest
import yaml
from example_corpus import HEADER, as_csv, rows
from tweetrnn.config import resolve
from tweetrnn.data import formats
from tweetrnn.data.corpus import Corpus
from tweetrnn.errors import UserError
from tweetrnn.prediction import predict, records

TABLE = [(id_, f'tweet "{id_}", naïve; \\', label) for id_, _, label in rows(60)]
COLUMNS = dict(zip(HEADER, zip(*TABLE, strict=True), strict=True))
OBJECTS = [dict(zip(HEADER, row, strict=True)) for row in TABLE]
# How messages name a setting and its value.
SETTINGS = [
    re.compile(r"set (?:corpus|predict)\.([a-z_]+) to ([\w-]+)"),
    re.compile(r"--(format) (\w+)"),
    re.compile(r"no column '(text)'; did you mean '(.+?)'\?"),
]
MEANT = {"true": True, "false": False}


def plain(delimiter, escape=""):
    """Return the table as text without quoting."""
    table = [HEADER, *TABLE]
    escaped = [
        [cell.replace("\\", "\\" + escape).replace(delimiter, escape + delimiter) for cell in row]
        for row in table
    ]
    return "".join(delimiter.join(row) + "\n" for row in escaped)


def parquet():
    stream = io.BytesIO()
    pd.DataFrame(COLUMNS).to_parquet(stream)
    return stream.getvalue()


# name: (the file's name, its content)
FILES = {
    "Parquet called CSV": ("t.csv", parquet()),
    "no known ending": ("t.data", as_csv(TABLE).encode()),
    "UTF-16 without a mark": ("t.csv", as_csv(TABLE).encode("utf-16-le")),
    "UTF-16, other byte order": ("t.csv", as_csv(TABLE).encode("utf-16-be")),
    "UTF-32 without a mark": ("t.csv", as_csv(TABLE).encode("utf-32-le")),
    "Latin-1": ("t.csv", as_csv(TABLE).encode("latin-1")),
    "no quoting": ("t.tsv", plain("\t").replace("tweet", '"tweet').encode()),
    "backslashes": (
        "t.csv",
        as_csv(TABLE, quoting=csv.QUOTE_ALL, doublequote=False, escapechar="\\").encode(),
    ),
    "JSON Lines called CSV": ("t.csv", "".join(json.dumps(row) + "\n" for row in OBJECTS).encode()),
    "other names": ("t.csv", as_csv(TABLE, header=("tweet_id", "Tweet text", HEADER[2])).encode()),
}


def expected(name):
    return [
        text if name != "no quoting" else text.replace("tweet", '"tweet', 1) for _, text, _ in TABLE
    ]


def tries(read, changes):
    """Yield what ``read``, of {key: value}, returns after each change that its messages lead to."""
    try:
        yield read(changes)
    except UserError as error:
        for key, value in (pair for form in SETTINGS for pair in form.findall(str(error))):
            if key not in changes:
                yield from tries(read, changes | {key: MEANT.get(value, value)})


@pytest.mark.parametrize("name", FILES)
def test_what_to_set_for_a_corpus(tmp_path, name):
    file, content = FILES[name]
    (tmp_path / file).write_bytes(content)

    def read_corpus(changes):
        columns = {"text": changes.get("text", "text")}
        corpus = Corpus(tmp_path / file, {**changes, "columns": columns})
        texts = [text for _, text, *_ in corpus]
        corpus.check()
        return texts

    with pytest.raises(UserError):
        read_corpus({})
    assert expected(name) in tries(read_corpus, {})


@pytest.mark.parametrize("name", FILES)
def test_what_to_set_for_files_to_predict(tmp_path, name):
    file, content = FILES[name]
    (tmp_path / file).write_bytes(content)

    def read_rows(changes):
        column = changes.get("text", "text")
        with records.open_rows(tmp_path / file, column, formats.HOW | changes) as (_, found):
            return [row[column] for row in found]

    with pytest.raises(UserError):
        read_rows({})
    assert expected(name) in tries(read_rows, {})


@pytest.mark.parametrize("name", ["no quoting", "Latin-1", "backslashes", "UTF-16 without a mark"])
def test_options_of_predict_mean_the_settings_next_to_them(tmp_path, name):
    file, content = FILES[name]
    (tmp_path / file).write_bytes(content)
    with (
        pytest.raises(UserError) as caught,
        records.open_rows(tmp_path / file, "text") as (_, found),
    ):
        list(found)
    parser = argparse.ArgumentParser()
    predict.add_arguments(parser)
    advised = re.findall(
        r"use (--\S+(?: [\w-]+)?) or, in a config, set predict\.(\w+) to ([\w-]+)",
        str(caught.value),
    )
    assert advised
    for option, key, value in advised:
        assert getattr(parser.parse_args(option.split()), key) == MEANT.get(value, value)


@pytest.mark.parametrize(
    ("program", "pack", "ending"),
    [
        ("bunzip2", bz2.compress, ".bz2"),
        ("unxz", lzma.compress, ".xz"),
        ("gunzip", lambda content: gzip.compress(gzip.compress(content)), ".gz"),
    ],
)
def test_how_to_unpack_a_file(tmp_path, require_tool, program, pack, ending):
    require_tool(program, "apt-get install bzip2 xz-utils gzip")
    path = tmp_path / f"t.csv{ending}"
    path.write_bytes(pack(as_csv(TABLE).encode()))
    config = {"format": "csv"}
    with pytest.raises(UserError, match=rf"unpack it \w+ \({program}\)"):
        list(Corpus(path, config))
    subprocess.run([program, path], check=True)
    assert [row[:3] for row in Corpus(tmp_path / "t.csv", config)] == TABLE


FRAME = pd.DataFrame(COLUMNS)
LAYOUTS = {
    "list": json.dumps(OBJECTS),
    "indented list": json.dumps(OBJECTS, indent=2),
    "list in an object": json.dumps({"data": OBJECTS}),
    "indented objects": "".join(json.dumps(row, indent=1) + "\n" for row in OBJECTS),
    **{
        f"pandas, {way}": FRAME.to_json(orient=way)
        for way in ("columns", "index", "split", "table")
    },
    "lists": json.dumps(COLUMNS),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_how_to_write_json_lines(tmp_path, require_tool, layout):
    path, new = tmp_path / "t.json", tmp_path / "new.jsonl"
    path.write_text(LAYOUTS[layout])
    with pytest.raises(UserError, match="expected JSON Lines") as caught:
        list(Corpus(path, {}))
    message = str(caught.value)
    commands = re.findall(r"jq -c (?:\.(?= )|'[^']*')", message)
    for command in commands:
        require_tool("jq", "apt-get install jq")
        with new.open("wb") as stream:
            subprocess.run([*shlex.split(command), path], stdout=stream, check=True)
    calls = re.findall(r"(pandas\.\S+\(.*?\)\.to_json\(.*?\)) converts", message)
    if not commands + calls:  # the table must be written again
        calls = ["frame." + re.search(r"pandas writes such files with (.+)\)$", message)[1]]
    for call in calls:
        names = {"PATH": path if "NEW" in call else new, "NEW": new, "frame": FRAME}
        exec(f"import json, pandas; {call}", names)  # noqa: S102
    assert [row[:3] for row in Corpus(new, {})] == TABLE


def test_labels_to_leave_out_and_rows_to_drop(tmp_path):
    more = [(str(n), "x", "unsure") for n in range(9)]
    (tmp_path / "t.csv").write_text(as_csv([*TABLE, *more]))

    def message(**changes):
        corpus = Corpus(tmp_path / "t.csv", changes)
        list(corpus)
        with pytest.raises(UserError) as caught:
            corpus.check()
        return str(caught.value)

    named = re.search(r"not in corpus\.labels: '(\w+)' \(9\); list .* in corpus\.(\w+)", message())
    corpus = Corpus(tmp_path / "t.csv", {named[2]: [named[1]]})
    assert [row[:3] for row in corpus] == TABLE
    corpus.check()
    share = re.search(r"set corpus\.max_dropped to ([\d.]+) to leave them out", message())[1]
    corpus = Corpus(tmp_path / "t.csv", {"max_dropped": float(share)})
    assert [row[:3] for row in corpus] == TABLE
    corpus.check()


CONFIG = {"name": "x", "corpus": {"kind": "path", "path": "a.csv"}}
TEMPORAL = {"robustness": {"splits": [{"method": "temporal"}]}}


def of_path(**keys):
    return {"corpus": CONFIG["corpus"] | keys}


@pytest.mark.parametrize(
    ("wrong", "message", "right"),
    [
        ({"grid": {"cel": ["GRU"]}}, "did you mean (cell)", lambda key: {"grid": {key: ["GRU"]}}),
        ({"grid": {"cell": ["GRV"]}}, "you mean (GRU)", lambda cell: {"grid": {"cell": [cell]}}),
        (
            {"predict": {"files": ["a.csv", "b/a.csv"]}},
            "same name; (name) them: {NAME: PATH",
            lambda name: {"predict": {"files": {name: "a.csv", "b": "b/a.csv"}}},
        ),
        (
            {"predict": {"files": ["ä.csv"]}},
            "(name) the file: {NAME: PATH}",
            lambda name: {"predict": {"files": {name: "ä.csv"}}},
        ),
        (
            {"split": {"method": "random", "slice": "a"}},
            r"split\.(slice): only for method held_out",
            lambda key: {"split": {"method": "random", key: None}},
        ),
        (
            TEMPORAL,
            r"needs corpus\.columns\.(\w+)",
            lambda key: TEMPORAL | of_path(columns={key: "t"}),
        ),
        (of_path(url="https://x.org"), r"corpus\.(\w+): .* remove the key", lambda key: {}),
        (
            of_path(sha256="0" * 64),
            r"corpus\.(\w+): .*set it to null",
            lambda key: of_path(**{key: None}),
        ),
        (
            {"grid": {"cell": ["LSTM", "MeanOfWords"]}},
            r"name it in grid\.(\w+)",
            lambda key: {"grid": {"cell": ["LSTM"], key: ["MeanOfWords"]}},
        ),
    ],
)
def test_what_to_write_in_a_config(wrong, message, right):
    with pytest.raises(UserError) as caught:
        resolve(CONFIG | wrong)
    found = re.search(message, str(caught.value))
    assert found, caught.value
    resolve(CONFIG | right(found[1]))


def test_quotes_make_a_text_of_what_yaml_reads_as_something_else():
    wrong = CONFIG | of_path(labels=[4, "b"])  # as Snakemake's own reader has it
    with pytest.raises(UserError, match="got 4, as YAML read it; write it in quotes"):
        resolve(wrong)
    resolve(CONFIG | of_path(**yaml.safe_load('{labels: ["4", "b"]}')))
