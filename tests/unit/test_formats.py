"""Reading rows from files of all formats."""

import codecs
import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from example_corpus import HEADER, LABELS, as_csv, rows
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn.config import load_schema
from tweetrnn.data import text_lines
from tweetrnn.data.corpus import DEFAULTS
from tweetrnn.data.corpus_file import Source
from tweetrnn.data.formats import ENDINGS, form_of
from tweetrnn.errors import UserError
from tweetrnn.wording import quoted, shown

# No lone surrogates, which UTF-8 cannot encode; line breaks in a text are inside quotes.
cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
tables = st.lists(st.tuples(cells, cells, st.sampled_from(LABELS)), min_size=1, max_size=8)


def source(path, **changes):
    return Source(path, DEFAULTS | changes)


def read(path, **changes):
    """Return [(line, fault, id, text, label)]."""
    return list(source(path, **changes))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder whose files each example overwrites."""
    return tmp_path_factory.mktemp("formats")


@given(
    table=tables,
    delimiter=st.sampled_from(",;\t|"),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]),
)
def test_quoted_cells_are_read_as_they_were_written(folder, table, delimiter, ending, encoding):
    path = folder / "t.csv"
    text = as_csv(table, delimiter=delimiter, lineterminator=ending, quoting=1)
    path.write_bytes(text.encode(encoding))
    read_rows = read(path, delimiter=delimiter, encoding=encoding)
    assert [tuple(row[2:]) for row in read_rows] == table
    assert not any(fault for _, fault, *_ in read_rows)


@given(table=tables, ascii_only=st.booleans())
def test_json_values_are_read_as_they_were_written(folder, table, ascii_only):
    path = folder / "t.jsonl"
    lines = (
        json.dumps(dict(zip(HEADER, row, strict=True)), ensure_ascii=ascii_only) for row in table
    )
    path.write_text("\n".join(lines), encoding="utf-8", newline="")
    assert [tuple(row) for row in read(path)] == [
        (line, None, *row) for line, row in enumerate(table, 1)
    ]


@given(table=tables)
def test_parquet_values_are_read_as_they_were_written(folder, table):
    path = folder / "t.parquet"
    pq.write_table(pa.table(dict(zip(HEADER, zip(*table, strict=True), strict=True))), path)
    assert [tuple(row) for row in read(path)] == [(0, None, *row) for row in table]


def test_a_row_has_the_number_of_the_line_on_which_it_starts(tmp_path):
    (tmp_path / "t.csv").write_text(
        as_csv([("1", "one\ntwo\nthree", "neutral"), ("2", "x", "neutral")]) + "\n3,short\n"
    )
    assert [row[:3] for row in read(tmp_path / "t.csv")] == [
        (2, None, "1"),
        (5, None, "2"),
        (7, "wrong number of columns", None),
    ]


@pytest.mark.parametrize(
    ("end", "other"), [("\n", "\r"), ("\r\n", "\r"), ("\r\r\n", "\r"), ("\r", "\n"), ("\r", "\r\n")]
)
def test_rows_end_as_the_header_does(tmp_path, end, other):
    text = f"one{other}two"
    lines = [",".join(HEADER), f"1,{text},neutral", f'"2","{text}",neutral', "3,x,neutral"]
    (tmp_path / "t.csv").write_text(end.join(lines) + end, newline="")
    read_rows = [row[1:] for row in read(tmp_path / "t.csv")]
    assert read_rows == [
        (None, str(n), cell, "neutral") for n, cell in enumerate([text, text, "x"], 1)
    ]


def test_after_a_quote_that_is_never_closed_every_other_row_is_read(tmp_path):
    table = rows(3_000)
    for broken in (0, 1_234, 2_999):
        text = as_csv(table).replace(f"tweet number {broken},", f'"tweet number {broken},')
        (tmp_path / "t.csv").write_text(text)
        read_rows = read(tmp_path / "t.csv")
        assert [row[0] for row in read_rows] == list(range(2, 3_002))
        assert [line for line, fault, *_ in read_rows if fault] == [broken + 2]
        others = [row for row in table if row[0] != str(1000 + broken)]
        assert [row[2:] for row in read_rows if not row[1]] == others


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", as_csv(rows()).encode()),
        ("t.csv", as_csv(rows()).encode("utf-8-sig")),
        ("t.jsonl", json.dumps(dict(zip(HEADER, rows(1)[0], strict=True))).encode()),
    ],
)
def test_digest_and_size_are_those_of_the_file(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    file = source(tmp_path / name)
    assert file.sha256 is None
    assert list(file)
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert file.size == len(content)


def test_digest_and_size_are_those_of_a_parquet_file(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(dict(zip(HEADER, zip(*rows(), strict=True), strict=True))), path)
    file = source(path)
    assert len(list(file)) == 200
    assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert file.size == path.stat().st_size


def test_columns_may_be_in_any_order_and_others_are_ignored(tmp_path):
    header = ["other", "sentiment", " Tweet ", "key"]
    (tmp_path / "t.csv").write_text(as_csv([["x", "neutral", "a", "7"]], header=header))
    columns = DEFAULTS["columns"] | {"id": "key", "text": "Tweet", "label": "sentiment"}
    assert read(tmp_path / "t.csv", columns=columns) == [(2, None, "7", "a", "neutral")]


good_bytes = as_csv(rows(6)).encode()
mutations = st.lists(
    st.tuples(
        st.integers(0, len(good_bytes)),
        st.integers(0, 9),
        st.one_of(
            st.binary(max_size=4), st.sampled_from([b'"', b",", b"\n", b"\0", b"\xff", b"[{"])
        ),
    ),
    max_size=5,
)


@given(content=mutations, name=st.sampled_from(["t.csv", "t.tsv", "t.jsonl", "t.parquet", "t.x"]))
def test_a_file_with_any_content_is_read_or_refused_with_a_message(folder, content, name):
    damaged = good_bytes
    for at, cut, put in content:
        damaged = damaged[:at] + put + damaged[at + cut :]
    path = folder / name
    path.write_bytes(damaged)
    try:
        read_rows = read(path)
    except UserError as error:
        assert str(path) in str(error)
        return
    assert len(read_rows) <= damaged.count(b"\n") + damaged.count(b"\r") + 1
    for line, fault, *values in read_rows:
        assert line >= 1
        assert all(value is None for value in values) if fault else len(values) == 3


@given(position=st.integers(0), bit=st.integers(0, 7))
def test_a_flipped_bit_in_parquet_is_refused_or_harmless(folder, position, bit):
    path = folder / "t.parquet"
    table = dict(zip(HEADER, zip(*rows(20), strict=True), strict=True))
    pq.write_table(pa.table(table), path, write_page_checksum=True)
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= 1 << bit
    path.write_bytes(content)
    try:
        read_rows = read(path)
    except UserError as error:
        assert str(path) in str(error)
        return
    ids, *texts_and_labels = zip(*(row[2:] for row in read_rows), strict=True)
    expected_ids, *expected = zip(*rows(20), strict=True)
    assert texts_and_labels == expected
    # Under another name the column of ids is not found, and the row numbers take its place.
    assert ids in (expected_ids, tuple(range(1, 21)))


def test_the_config_offers_exactly_the_formats_that_are_read():
    known = load_schema()["properties"]["corpus"]["properties"]["format"]["enum"]
    assert set(known) == {"auto", *ENDINGS.values()}


@pytest.mark.parametrize("ending", sorted(ENDINGS))
def test_the_file_extension_gives_the_format_in_any_case(tmp_path, ending):
    assert form_of(tmp_path / f"t{ending.upper()}") == ENDINGS[ending]


def test_the_byte_order_marks_are_those_of_the_standard_library():
    marks = {value for name, value in vars(codecs).items() if name.startswith("BOM")}
    assert set(text_lines._BOMS) == marks


def test_names_are_quoted_and_shortened_for_messages():
    assert shown("a\n") == r"'a\n'"
    assert shown("x" * 50) == repr("x" * 37 + "...")
    assert quoted(["a", "b"]) == "'a', 'b'"
    assert quoted([str(n) for n in range(23)]).endswith("'19' and 3 more")
