"""A corpus and the files to predict have one reader: both read a file alike, or refuse it alike."""

import codecs
import datetime
import decimal
import gzip
import io
import json
import re
import shlex
import subprocess
import tarfile
import uuid

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from example_corpus import HEADER, as_csv, as_json_lines, rows
from hypothesis import given
from hypothesis import strategies as st
from test_bad_corpus import GOOD, KEPT, REFUSED, as_bytes, parquet, zipped
from tweetrnn.data.corpus import DEFAULTS, Corpus
from tweetrnn.data.corpus_file import Source
from tweetrnn.data.formats import HOW
from tweetrnn.errors import UserError
from tweetrnn.prediction import records

TEXTS = [text for _, text, _ in rows()]
OBJECTS = [dict(zip(HEADER, row, strict=True)) for row in rows()]


def to_train(path, **config):
    """Return what the reader of a corpus reads: [(line, fault, text)]."""
    config |= {"columns": DEFAULTS["columns"] | config.get("columns", {})}
    return [(line, fault, text) for line, fault, _, text, *_ in Source(path, DEFAULTS | config)]


def to_predict(path, text_column="text", **config):
    """Return the rows that the reader of files to predict reads."""
    how = HOW | {key: config[key] for key in HOW if key in config}
    with records.open_rows(str(path), text_column, how) as (_, found):
        return list(found)


def lines(objects):
    return "".join(json.dumps(each) + "\n" for each in objects)


def tar():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("t.csv")
        member.size = len(GOOD)
        archive.addfile(member, io.BytesIO(GOOD.encode()))
    return stream.getvalue()


def feather():
    stream = io.BytesIO()
    pa.feather.write_feather(pa.table({"text": TEXTS}), stream)
    return stream.getvalue()


def twice(name):
    """Return the bytes of a Parquet file with two columns of a name."""
    stream = io.BytesIO()
    pq.write_table(pa.table([pa.array(TEXTS)] * 2, [name] * 2), stream)
    return stream.getvalue()


def texts_as(kind):
    return parquet(text=pa.array(TEXTS).cast(kind))


# ------------------------------------------------------------- odd files that are read all the same

with_blanks = ", ".join(HEADER) + "\n" + "".join(f'{i}, "{t}", {n}\n' for i, t, n in rows())

READ = {
    "two byte order marks": ("t.csv", "\ufeff\ufeff" + GOOD),
    "a mark before a quoted name": ("t.csv", "\ufeff" + as_csv(rows(), quoting=1)),
    "UTF-16, big end first, in gzip": (
        "t.csv.gz",
        gzip.compress(codecs.BOM_UTF16_BE + GOOD.encode("utf-16-be")),
    ),
    "UTF-32": ("t.csv", GOOD.encode("utf-32")),
    "JSON Lines in UTF-16": ("t.jsonl", as_json_lines(rows()).encode("utf-16")),
    "Unix and Windows line ends mixed": (
        "t.csv",
        "".join(line + ("\n", "\r\n")[number % 2] for number, line in enumerate(GOOD.splitlines())),
    ),
    "line ends doubled by a copy": ("t.csv", GOOD.replace("\n", "\r\r\n")),
    "a comma at each line's end": ("t.csv", GOOD.replace("\n", ",\n")),
    "an index without a name, as pandas writes it": (
        "t.csv",
        pd.DataFrame(rows(), columns=HEADER).to_csv(),
    ),
    "Excel's line that names the delimiter": ("t.csv", "sep=;\r\n" + as_csv(rows(), delimiter=";")),
    "the same with a tab": ("t.csv", "sep=\t\n" + as_csv(rows(), delimiter="\t")),
    "tabs under the ending csv": ("t.csv", as_csv(rows(), delimiter="\t")),
    "commas under the ending tsv": ("t.tsv", GOOD),
    "blanks after all commas": ("t.csv", with_blanks),
    "gzip in several pieces": (
        "t.csv.gz",
        gzip.compress(GOOD[:999].encode()) + gzip.compress(GOOD[999:].encode()),
    ),
    "gzip, padded": ("t.csv.gz", gzip.compress(GOOD.encode()) + bytes(512)),
    "gzip without the ending": ("t.csv", gzip.compress(GOOD.encode())),
    "the ending of gzip without gzip": ("t.csv.gz", GOOD),
    "Parquet in gzip": ("t.parquet.gz", gzip.compress(parquet())),
    "Parquet under another ending for it": ("t.PQ", parquet()),
    "Parquet of large strings": ("t.parquet", texts_as(pa.large_string())),
    "Parquet of string views": ("t.parquet", texts_as(pa.string_view())),
    "Parquet of categories": ("t.parquet", parquet(text=pa.array(TEXTS).dictionary_encode())),
    "Parquet with more columns, of other types": (
        "t.parquet",
        parquet(
            a=[float("nan"), float("inf")] * 100,
            b=[{"c": [b"\xff", None]}] * 200,
            d=pa.array([1] * 200, pa.timestamp("ns", "Asia/Colombo")),
            e=[decimal.Decimal("1.50")] * 200,
            f=pa.array([[1]] * 200, pa.list_(pa.timestamp("ns"))),
            g=pa.array([[("k", 1)]] * 200, pa.map_(pa.string(), pa.int64())),
            h=pa.nulls(200),
        ),
    ),
    "JSON Lines with huge and infinite numbers": (
        "t.jsonl",
        as_json_lines(rows()).replace("}", f', "a": {"9" * 5000}, "b": 1e999, "c": -Infinity}}'),
    ),
    "JSON Lines with more, nested": (
        "t.jsonl",
        lines({**each, "user": {"text": "no"}, "urls": [{"text": "no"}]} for each in OBJECTS),
    ),
}


def written(path):
    """Return what each writer writes of a file's rows and an answer."""
    found = {}
    for form, write in records.WRITERS.items():
        stream = io.StringIO(newline="")
        answered = ((row, {"predicted": "x", "unknown_words": 0.5}) for row in to_predict(path))
        write(stream, answered, "text", [], ["predicted", "unknown_words"])
        found[form] = stream.getvalue()
    return found


@pytest.mark.parametrize("case", READ)
def test_an_odd_file_is_read_for_training_and_to_predict(tmp_path, case):
    name, content = READ[case]
    (tmp_path / name).write_bytes(as_bytes(content))
    found = [row for row in Source(tmp_path / name, DEFAULTS) if not row[1]]
    assert [(str(identifier), text, label) for _, _, identifier, text, label in found] == rows()
    assert [row["text"] for row in to_predict(tmp_path / name)] == TEXTS

    def constant(name):
        pytest.fail(f"{name} is no JSON")

    out = written(tmp_path / name)
    found = [json.loads(line, parse_constant=constant) for line in out["jsonl"].splitlines()]
    assert [row["text"] for row in found] == TEXTS
    assert out["csv"].count("\n") == 201


# ------------------------------------------------------------------- names of columns, in all forms

BOTH_FORMS = [dict(each, **{"t\xe9xt": "a", "te\u0301xt": "b"}) for each in OBJECTS]
NAMED = {
    "another Unicode form": ("t.csv", GOOD.replace("text", "te\u0301xt"), "t\xe9xt"),
    "another Unicode form in Parquet": (
        "t.parquet",
        parquet(**{"te\u0301xt": TEXTS}),
        "t\xe9xt",
    ),
    "braces": ("t.csv", GOOD.replace("text", "{name}"), "{name}"),
    "a key with a point": ("t.jsonl", lines({**o, "a.b": o["text"]} for o in OBJECTS), "a.b"),
    "nested": ("t.jsonl", lines({**o, "a": {"b": o["text"]}} for o in OBJECTS), "a.b"),
    "nested deeper": (
        "t.jsonl",
        lines({**o, "a": {"b": {"c": o["text"]}}} for o in OBJECTS),
        "a.b.c",
    ),
    "nested in another Unicode form": (
        "t.jsonl",
        lines({**o, "te\u0301": {"te\u0301": o["text"]}} for o in OBJECTS),
        "t\xe9.t\xe9",
    ),
    "nested in Parquet": ("t.parquet", parquet(a=[{"b": {"c": text}} for text in TEXTS]), "a.b.c"),
    "a column of Parquet with a point": ("t.parquet", parquet(**{"a.b": TEXTS}), "a.b"),
}


@pytest.mark.parametrize("case", NAMED)
def test_a_column_is_found_under_its_name_in_any_form(tmp_path, case):
    name, content, column = NAMED[case]
    (tmp_path / name).write_bytes(as_bytes(content))
    found = to_train(tmp_path / name, columns={"text": column})
    assert [text for _, _, text in found] == TEXTS
    assert [row[column] for row in to_predict(tmp_path / name, column)] == TEXTS


def test_a_nested_name_that_some_rows_lack_is_missing_there(tmp_path):
    for name, content in {
        "t.jsonl": lines([{"a": {"b": "x"}, "l": "1"}, {"a": None, "l": "1"}, {"l": "1"}]),
        "t.parquet": parquet({"a": [None, {"b": "x"}, {"b": None}], "l": ["1"] * 3}),
    }.items():
        (tmp_path / name).write_bytes(as_bytes(content))
        columns = {"id": None, "text": "a.b", "label": "l"}
        texts = [text for _, _, text in to_train(tmp_path / name, columns=columns)]
        assert sorted(texts, key=str) == [None, None, "x"]
        assert [row["a.b"] for row in to_predict(tmp_path / name, "a.b")] == texts


# ------------------------------------------------------------------------ files that both refuse

REFUSED_BY_BOTH = {
    "two columns in two Unicode forms": (
        "t.csv",
        GOOD.replace("tweet_id", "te\u0301xt").replace(",text", ",t\xe9xt"),
        "2 columns are called 't\xe9xt'.*; rename all but one",
        "t\xe9xt",
    ),
    "a key in two Unicode forms": ("t.jsonl", lines(BOTH_FORMS), "a key occurs twice", "t\xe9xt"),
    "a key in two other Unicode forms": (
        "t.jsonl",
        lines({**o, "\u1e69": "a", "s\u0323\u0307": "b"} for o in OBJECTS),
        "a key occurs twice",
        "s\u0307\u0323",
    ),
    "a key twice in an inner object": (
        "t.jsonl",
        as_json_lines(rows()).replace("}", ', "a": {"b": 1, "b": 2}}'),
        "a key occurs twice",
    ),
    "UTF-32 without a mark": ("t.csv", GOOD.encode("utf-32-le"), "UTF-32; .*utf-32-le"),
    "UTF-32 without a mark, big end first": (
        "t.csv",
        GOOD.encode("utf-32-be"),
        "looks like UTF-32; .*utf-32-be",
    ),
    "half a character of UTF-16": ("t.csv", GOOD.encode("utf-16")[:-1], "ends in the middle of"),
    "Windows-1252": (
        "t.csv",
        GOOD.replace("number 3", "\u201cx\u201d").encode("cp1252"),
        "in Windows-1252 the passage reads .*\u201cx\u201d.*set (corpus|predict).encoding to cp12",
    ),
    "Latin-1 in gzip": (
        "t.csv.gz",
        gzip.compress(GOOD.replace("number 3", "\xe9").encode("latin-1")),
        r"line \d+: .* in Latin-1 .* set (corpus|predict).encoding to latin-1; else",
    ),
    "gzip of nothing": ("t.csv.gz", gzip.compress(b""), "empty; expected a header and one row"),
    "gzip cut short in its header": ("t.csv.gz", gzip.compress(GOOD.encode())[:5], "damaged gzip"),
    "gzip and something else": ("t.csv.gz", gzip.compress(GOOD.encode()) + b"xx", "damaged gzip"),
    "gzip twice": ("t.csv.gz", gzip.compress(gzip.compress(GOOD.encode())), "gzip twice, not csv;"),
    "Parquet in damaged gzip": ("t.parquet.gz", gzip.compress(parquet())[:-9], "damaged gzip"),
    "tar": ("t.csv", tar(), "a tar archive, not csv; unpack it first"),
    "tar in gzip": ("t.tar.gz", gzip.compress(tar()), "a tar archive, not csv; unpack it first"),
    "a workbook": ("t.csv", zipped("xl/workbook.xml"), "Excel workbook .*not csv; save it as CSV"),
    "a zip file": ("t.jsonl", zipped("t.csv"), "a zip archive, not jsonl; unpack it first"),
    "Feather": ("t.parquet", feather(), "an Arrow .*not parquet; write it as Parquet"),
    "CSV under the ending parquet": ("t.parquet", GOOD, "not a Parquet file; .*csv, tsv or jsonl"),
    "Parquet under the ending jsonl": (
        "t.jsonl",
        parquet(),
        "a Parquet file, not jsonl;",
    ),
    "JSON Lines under the ending csv": ("t.csv", as_json_lines(rows()), "JSON, not csv; .*jsonl"),
    "CSV under the ending json": ("t.json", GOOD, "not a JSON object"),
    "a page of the web": ("t.csv", "<html><body>", "a web page, not csv; download the file itself"),
    "another delimiter and other names": (
        "t.csv",
        as_csv(rows(), delimiter=";").replace("text", "tweet"),
        "columns are separated by ';', .*delimiter to ';'",
    ),
    "another character": ("t.csv", GOOD.replace(",", "^"), "no column 'text'.*airline_sentiment'"),
    "a comment before the header": ("t.csv", "# mine\n" + GOOD, "no column 'text'.*'# mine'"),
    "another case": ("t.csv", GOOD.replace("text", "Text"), "did you mean 'Text'"),
    "a nested name misspelled": (
        "t.jsonl",
        lines({**each, "user": {"name": "x"}} for each in OBJECTS),
        "no column 'user.nmae'; did you mean 'user.name'",
        "user.nmae",
    ),
    "a nested name misspelled in Parquet": (
        "t.parquet",
        parquet(user=[{"name": "x"}] * 200),
        "no column 'user.nmae'; did you mean 'user.name'",
        "user.nmae",
    ),
    "a nested name in two Unicode forms in Parquet": (
        "t.parquet",
        parquet(a=[{"t\xe9": "x", "te\u0301": "y"}] * 200),
        "no column 'a.t\xe9'",
        "a.t\xe9",
    ),
    "a text inside an object that no name says": (
        "t.jsonl",
        lines({"data": each} for each in OBJECTS),
        "no column 'text'; did you mean 'data.text'",
    ),
    "texts that are numbers in Parquet": ("t.parquet", parquet(text=[1] * 200), "text"),
    "texts that are bytes in Parquet": (
        "t.parquet",
        parquet(text=[b"x"] * 200),
        "the column 'text' has the type binary; expected text",
    ),
    "texts that are categories of bytes in Parquet": (
        "t.parquet",
        parquet(text=pa.array([b"x"] * 200).dictionary_encode()),
        "has the type dictionary.*binary.*expected text",
    ),
    "two columns of a name": ("t.csv", GOOD.replace("tweet_id", "text"), "2 columns are called"),
    "two columns of a name in Parquet": ("t.parquet", twice("text"), "2 columns are called"),
}


@pytest.mark.parametrize("case", REFUSED_BY_BOTH)
def test_an_odd_file_is_refused_for_training_and_to_predict(tmp_path, case):
    name, content, message, *column = REFUSED_BY_BOTH[case]
    (tmp_path / name).write_bytes(as_bytes(content))
    column = column[0] if column else "text"
    config = {"kind": "path", "columns": {"text": column, "id": None}}
    corpus = Corpus(tmp_path / name, config)
    with pytest.raises(UserError, match=message):
        list(corpus)
        corpus.check()
    with pytest.raises(UserError, match=message) as caught:
        to_predict(tmp_path / name, column)
    assert "\n" not in str(caught.value)


# --------------------------------------------------- whatever the one reads, the other reads alike


@pytest.mark.parametrize("case", [*REFUSED, *KEPT])
def test_files_to_predict_are_read_and_refused_like_a_corpus(tmp_path, case):
    name, content, config, *_ = (REFUSED | KEPT)[case]
    (tmp_path / name).write_bytes(as_bytes(content))
    check_alike(tmp_path / name, config)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder whose files each example overwrites."""
    return tmp_path_factory.mktemp("files")


SOUND = {
    "t.csv": as_csv(rows(6)),
    "t.tsv": as_csv(rows(6), delimiter="\t", quoting=1, lineterminator="\r\n"),
    "t.csv.gz": gzip.compress(as_csv(rows(6)).encode()),
    "t.json": as_json_lines(rows(6)),
    "u.csv": as_csv(rows(6)).encode("utf-16"),
    "t.parquet": parquet({name: [row[at] for row in rows(6)] for at, name in enumerate(HEADER)}),
}
PIECES = [
    b'"',
    b",",
    b";",
    b"\n",
    b"\r",
    b"\0",
    b"\xff",
    b"\\",
    b" ",
    b"[{",
    b"}",
    b'"text"',
    b"\xef\xbb\xbf",
]
edits = st.lists(
    st.tuples(st.integers(0), st.integers(0, 9), st.binary(max_size=3) | st.sampled_from(PIECES)),
    max_size=5,
)


@given(name=st.sampled_from(list(SOUND)), changes=edits)
def test_any_file_is_read_alike_or_refused_alike(folder, name, changes):
    content = as_bytes(SOUND[name])
    for at, cut, put in changes:
        at %= len(content) + 1
        content = content[:at] + put + content[at + cut :]
    (folder / name).write_bytes(content)
    check_alike(folder / name, {})


def check_alike(path, config):
    """Check that a file to predict is read, or refused, as a corpus is; ``config`` is its."""
    column, found = config.get("columns", {}).get("text", "text"), []
    columns = {"columns": DEFAULTS["columns"] | config.get("columns", {})}
    try:
        for line, fault, _, text, *_ in Source(path, DEFAULTS | config | columns):
            found.append((line, fault, text))
    except UserError as error:
        message = (first_fault(found) if found else None) or first_part(error)
        if re.search("no column '(?!text)|name the same column|called '(?!text)", message):
            return  # a prediction needs no such column
    else:
        message = first_fault(found)
    try:
        read, told = to_predict(path, column, **config), None
    except UserError as error:
        told = str(error)
        if re.search("columns are called '(?!text')", told):
            return  # a corpus may have two columns of a name that it does not use
    if message is None:
        assert told is None
        assert [row[column] for row in read] == [text for _, _, text in found]
    else:
        assert message in str(told)


def first_part(error):
    """Return a message without the advice in it, which differs."""
    return re.split(r"; |\. |\.$| \(|, but corpus", str(error))[0].replace("corpus.", "predict.")


def first_fault(found):
    """Return what the message to expect contains if a row of a corpus cannot be used, or None."""
    for line, fault, text in found:
        if fault:
            return f"line {line}: {fault}"
        if not isinstance(text, str | None):
            return "expected text"
    return None if found else "empty; expected one row"


# ---------------------------------------------------------------------- ids, whatever they are

MOMENT = datetime.datetime(2015, 2, 24, 11, 35, 52, 1)
IDS = {
    "decimals": ([decimal.Decimal("1.10"), decimal.Decimal("2.50")], ["1.10", "2.50"]),
    "times": ([MOMENT, MOMENT.replace(year=2016)], ["2015-02-24 11:35:52.000001", "2016-02-24"]),
    "dates": ([MOMENT.date(), datetime.date(2016, 1, 1)], ["2015-02-24", "2016-01-01"]),
    "nanoseconds": (pa.array([1, 2], pa.timestamp("ns")), ["1970-01-01 00:00:00.000000001", "197"]),
    "durations": (pa.array([1, 2], pa.duration("ns")), ["1", "2"]),
    "lists": ([[1, 2], [1]], ["[1, 2]", "[1]"]),
    "lists of times": (
        pa.array([[1], [2]], pa.list_(pa.timestamp("s"))),
        ['["1970-01-01 00:00:01.000"]', '["1970'],
    ),
    "objects with times": (
        pa.array([{"at": 1}, {"at": 2}], pa.struct([("at", pa.timestamp("s"))])),
        ['{"at": "1970-01-01 00:00:01.000"}', '{"at"'],
    ),
    "objects": ([{"$oid": "a"}, {"$oid": "b"}], ['{"$oid": "a"}', '{"$oid": "b"}']),
    "maps": (pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int8())), ['[["a", 1]]', "[]"]),
    "bytes": ([b"\xff", b"a"], ["ff", "61"]),
    "UUIDs": (
        pa.ExtensionArray.from_storage(
            pa.uuid(), pa.array([uuid.UUID(int=n).bytes for n in (10, 11)], pa.binary(16))
        ),
        ["0000000000000000000000000000000a", "0"],
    ),
    "truth": ([True, False], ["true", "false"]),
    "fractions": ([0.5, 1e300], ["0.5", "1e+300"]),
    "infinity": ([float("inf"), float("-inf")], ["inf", "-inf"]),
    "the largest integers": (pa.array([2**64 - 1, 0], pa.uint64()), [str(2**64 - 1), "0"]),
    "categories of times": (
        pa.array([MOMENT, MOMENT.replace(year=2016)]).dictionary_encode(),
        ["2015-02-24", "2016"],
    ),
}


@pytest.mark.parametrize("case", IDS)
def test_ids_of_any_type_in_parquet_are_kept_apart_as_text(tmp_path, case):
    ids, expected = IDS[case]
    table = {"tweet_id": ids, "text": ["a", "b"], "airline_sentiment": ["neutral", "positive"]}
    (tmp_path / "t.parquet").write_bytes(parquet(table))
    (first, *_), (second, *_) = Corpus(tmp_path / "t.parquet", {"kind": "path"})
    assert first == expected[0] or first.startswith(expected[0])
    assert second.startswith(expected[1]) and first != second
    assert len(written(tmp_path / "t.parquet")["jsonl"].splitlines()) == 2


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1.5", "[1, 2]", "true"], ["1.5", "[1, 2]", "true"]),
        (['{"$oid": "a"}', "null", "NaN"], ['{"$oid": "a"}', "", ""]),
        (["9" * 5000, "1e999", "-Infinity"], ["9" * 5000, "1e999", "-Infinity"]),
        (["12345678901234567890123", "0", '""'], ["12345678901234567890123", "0", ""]),
    ],
)
def test_ids_of_any_type_in_json_are_kept_as_text(tmp_path, values, expected):
    path = tmp_path / "t.jsonl"
    line = '{{"tweet_id": {}, "text": "a", "airline_sentiment": "neutral"}}\n'
    path.write_text("".join(map(line.format, values)))
    assert [row[0] for row in Corpus(path, {"kind": "path"})] == expected


def test_labels_that_are_numbers_or_truth_are_their_text(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text(
        lines({"text": "a", "airline_sentiment": label} for label in (0, -1, True, 2.5, "0"))
    )
    corpus = Corpus(path, {"kind": "path", "labels": ["0", "-1", "true", "2.5"]})
    assert [row[2] for row in corpus] == ["0", "-1", "true", "2.5", "0"]


# ------------------------------------------------------------------------- advice that is followed


def test_texts_in_quotes_after_blanks_are_refused_with_the_key_that_reads_them(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(as_csv([]) + "".join(f'{i}, "{text}", {label}\n' for i, text, label in rows()))
    corpus = Corpus(path, {"kind": "path"})
    assert len(list(corpus)) == 200
    with pytest.raises(UserError, match=r"blank and a quote.*set corpus\.skip_blanks to true"):
        corpus.check()
    corpus = Corpus(path, {"kind": "path", "skip_blanks": True})
    assert [text for _, text, _ in corpus] == TEXTS
    corpus.check()
    assert [text for _, _, text in to_train(path, quoting=False)] == [f' "{t}"' for t in TEXTS]


FRAME = pd.DataFrame(rows(9), columns=HEADER)
LAYOUTS = {
    "a list": json.dumps(OBJECTS[:9]),
    "a list, indented": json.dumps(OBJECTS[:9], indent=1),
    "objects, indented": "\n".join(json.dumps(each, indent=2) for each in OBJECTS[:9]),
    "in an object": json.dumps({"data": OBJECTS[:9]}),
    "in an object with more": json.dumps({"n": 9, "a b'c": OBJECTS[:9], "meta": {"x": [1]}}),
    "pandas, by columns": FRAME.to_json(),
    "pandas, by rows": FRAME.to_json(orient="index"),
    "pandas, with a schema": FRAME.to_json(orient="table"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_advice_for_another_layout_of_json_converts_the_file(tmp_path, require_tool, layout):
    path, new = tmp_path / "t.json", tmp_path / "new.jsonl"
    path.write_text(LAYOUTS[layout])
    with pytest.raises(UserError) as caught:
        to_train(path)
    with pytest.raises(UserError, match=re.escape(str(caught.value))):
        to_predict(path)
    advice = str(caught.value).partition("object a line (")[2]
    if advice.startswith("jq"):
        require_tool("jq", "apt-get install jq")
        command = shlex.split(re.split(" converts it| puts each", advice)[0])
        with path.open("rb") as old, new.open("wb") as stream:
            subprocess.run(command, stdin=old, stdout=stream, check=True)
    else:
        expression = advice.partition(" converts it")[0]
        eval(expression, {"pandas": pd, "json": json, "PATH": path, "NEW": new})  # noqa: S307
    assert [text for _, _, text in to_train(new)] == TEXTS[:9]


def test_lists_without_names_are_refused_without_a_command_that_cannot_help(tmp_path):
    path = tmp_path / "t.json"
    for layout in ("values", "split"):
        FRAME.to_json(path, orient=layout)
        with pytest.raises(UserError, match="expected JSON Lines") as caught:
            to_train(path)
        assert "jq" not in str(caught.value) and "to_json(PATH, orient='records'" in str(
            caught.value
        )
