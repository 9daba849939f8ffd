"""Rows with any columns are read as they are and written so that no cell is a formula."""

import csv
import gzip
import io
import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tweetrnn.config import load_schema
from tweetrnn.data import formats
from tweetrnn.data.text_lines import MAX_LINE
from tweetrnn.errors import UserError
from tweetrnn.files import defused
from tweetrnn.prediction import records
from tweetrnn.reporting.document import INVISIBLE

LABELS = ["bad", "good"]
ANSWER = ["predicted", "probability_bad", "probability_good", "unknown_words"]
EXAMPLE = dict(zip(ANSWER, ["good", 0.25, 0.75, 0.0], strict=True))
NOTHING = dict.fromkeys(ANSWER)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
hostile = st.one_of(texts, st.sampled_from(["=1+1", "+x", "-x", "@x", "\tx", "\rx", 'a"b', "a\r"]))


def read(content, form="csv", text_column="text", **reading):
    """Return the rows that are read from bytes or text."""
    content = content if isinstance(content, bytes) else content.encode()
    how = formats.HOW | {"format": form} | reading
    _, rows = records.read(io.BytesIO(content), "FILE", text_column, how)
    return list(rows)


def written(form, rows, answers=None, text_column="text"):
    """Return what a writer writes of rows."""
    stream = io.StringIO(newline="")
    answered = zip(rows, answers or [EXAMPLE] * len(rows), strict=True)
    records.WRITERS[form](stream, answered, text_column, LABELS, ANSWER)
    return stream.getvalue()


def refused(content, form="csv"):
    with pytest.raises(UserError) as caught:
        read(content, form)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@settings(max_examples=40)
@given(st.lists(st.tuples(texts, texts), min_size=1))
def test_csv_and_tsv_are_read_as_the_standard_library_reads_them(rows):
    rows = [("1", text, other) for text, other in rows]
    for form, delimiter in (("csv", ","), ("tsv", "\t")):
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([("id", "text", "other"), *rows])
        rows_read = read(stream.getvalue(), form)
        assert rows_read == [dict(zip(("id", "text", "other"), row, strict=True)) for row in rows]


@settings(max_examples=40)
@given(st.lists(st.dictionaries(texts, st.one_of(texts, st.integers(), st.none())), min_size=1))
def test_json_lines_are_read_with_all_their_columns(rows):
    rows = [row | {"text": "x"} for row in rows]
    assert read("".join(json.dumps(row) + "\n" for row in rows), "jsonl") == rows


def test_byte_order_mark_and_blank_lines_are_skipped():
    assert read(b"\xef\xbb\xbftext,n\n\n a ,1\n\n") == [{"text": " a ", "n": "1"}]


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("csv", "id,text\n1,späte\n2,b\n".encode("utf-16")),
        ("csv", gzip.compress("id,text\n1,späte\n2,b\n".encode())),
        ("csv", "id,text\r1,späte\r2,b\r"),
        ("csv", "id;text\n1;späte\n2;b\n"),
        ("csv", '"id"\t"text"\n1\tspäte\n2\tb\n'),
        ("tsv", "id|text\n1|späte\n2|b\n"),
        ("jsonl", gzip.compress('{"id": "1", "text": "späte"}\n{"id": "2", "text": "b"}'.encode())),
        ("jsonl", '{"id": "1", "text": "späte"}\r{"id": "2", "text": "b"}\r'),
    ],
)
def test_compression_line_ends_delimiters_and_marked_encodings_are_recognized(form, content):
    assert read(content, form) == [{"id": "1", "text": "späte"}, {"id": "2", "text": "b"}]


def test_another_delimiter_is_tried_only_where_the_usual_one_gives_no_such_column():
    assert read("a;text;b,text\nc;d,e\n") == [{"a;text;b": "c;d", "text": "e"}]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_the_text_column_may_be_composed_or_decomposed(form):
    content = {"csv": "e\u0301\nx\n", "jsonl": '{"e\u0301": "x"}\n'}[form]
    assert read(content, form, "\xe9") == [{"\xe9": "x"}]


@pytest.mark.parametrize("row", ["a,7,", "a,7,,", "a,7,,,", "a,7"])
def test_empty_columns_at_the_end_are_no_columns(row):
    [found] = read(f"text,n,,\n{row}\n")
    assert {name: cell for name, cell in found.items() if name} == {"text": "a", "n": "7"}
    assert not found.get("")


def test_the_keys_for_reading_have_the_schema_s_defaults():
    known = load_schema()["properties"]["predict"]["properties"]
    assert {"format", *known} - {"files", "text_column"} == set(formats.HOW)
    assert all(known[key]["default"] == formats.HOW[key] for key in formats.HOW if key in known)


@pytest.mark.parametrize(
    ("content", "reading"),
    [
        ('id,text\n1,"a\n', {"quoting": False}),
        ('id,text\n1,\\"a\n', {"backslash": True}),
        ('id, text\n1, """a"\n', {"skip_blanks": True}),
        ('id:text\n1:"""a"\n', {"delimiter": ":"}),
        ('id,text\n1,"""a"\n'.encode("utf-16-le"), {"encoding": "utf-16-le"}),
    ],
)
def test_how_the_file_is_written_can_be_said(content, reading):
    assert read(content, **reading) == [{"id": "1", "text": '"a'}]


def test_settings_that_cannot_be_meant_are_refused():
    with pytest.raises(UserError, match=r"predict\.delimiter: .* cannot separate"):
        read("text\n", delimiter='"')
    with pytest.raises(UserError, match=r"predict\.encoding: 'x' is not a text encoding"):
        read("text\n", encoding="x")


def test_json_lines_without_a_text_have_none_but_some_at_the_beginning_must_have_it():
    assert read('{"n": 1}\n{"text": "a"}\n{"n": 2}\n', "jsonl") == [
        {"n": 1, "text": None},
        {"text": "a"},
        {"n": 2, "text": None},
    ]
    with pytest.raises(UserError, match=r"no column 'text'.*'n', 'm\.k'"):
        read('{"n": 1}\n' + '{"m": {"k": 1}}\n' * 1_000 + '{"text": "a"}\n', "jsonl")


def test_a_row_of_empty_cells_is_a_row():
    assert read('text\n""\nx\n') == [{"text": ""}, {"text": "x"}]


def test_rows_are_read_before_the_input_ends():
    class Endless(io.RawIOBase):
        lines = iter([b"text\n", b"first\n"])

        def readable(self):
            return True

        def readinto(self, buffer):
            line = next(self.lines)  # fails at the third
            buffer[: len(line)] = line
            return len(line)

    _, rows = records.read(Endless(), "FILE.csv", "text")
    assert next(rows) == {"text": "first"}


@pytest.mark.parametrize(
    "form, content, message",
    [
        ("csv", "", "FILE: empty"),
        ("csv", "\n \n", "FILE: empty"),
        ("csv", "text\n", "FILE: empty; expected one row for each tweet"),
        ("jsonl", "\n", "FILE: empty"),
        ("csv", "id,tweet\n1,a\n", "no column 'text'; did you mean 'tweet'? Set --text-column or"),
        (
            "csv",
            "id,tweet\n1,a\n",
            "predict.text_column to one of the file's columns: 'id', 'tweet'",
        ),
        ("jsonl", '{"tweet": "a"}\n', "no column 'text'"),
        ("csv", "x" * 200_000 + "\na\n", "no column 'text'"),
        ("csv", "text,a,a\n", "2 columns are called 'a'; rename all but one"),
        ("csv", b"text\nok\ncaf\xe9\n", "FILE, line 3: the byte 0xe9 is not utf-8; in Latin-1"),
        ("jsonl", b'{"text": "caf\xe9"}', "FILE, line 1: the byte 0xe9 is not utf-8"),
        ("csv", "id,text\n1,a,b\n", "line 2: wrong number of columns: 3, and the header has 2"),
        ("csv", "id,text\n1\n", "line 2: wrong number of columns: 1, and the header has 2"),
        ("csv", 'text\n"open\nfor ever\n', "line 2: misplaced quote. A text"),
        ("csv", 'text\n"a"b\n', "line 2: misplaced quote"),
        ("jsonl", '{"text": "a"}\n[1]\n', "line 2: not a JSON object"),
        (
            "jsonl",
            '{"text": "a"}\n{"text": 7}\n',
            "line 2: 'text' has the value '7'; expected text",
        ),
        ("csv", gzip.compress(b"text\nx\n" * 99)[:-9], "FILE: damaged gzip data"),
        ("csv", gzip.compress(b"text\ncaf\xe9\n"), "line 2: the byte 0xe9 is not utf-8"),
        ("jsonl", '{"text": "a", "n": {"b": 1, "b": 2}}\n', "line 1: a key occurs twice; expected"),
        (
            "jsonl",
            '{"text": {"0": "a"}}\n',
            "an object of columns, as pandas writes by default; expected JSON Lines",
        ),
        ("csv", "text,,\na,,7\n", "line 2: wrong number of columns: 3, and the header has 1"),
        ("csv", b"x" * (MAX_LINE + 1), "line 1: longer than"),
    ],
)
def test_what_cannot_be_read_is_reported_in_one_line(form, content, message):
    assert message in refused(content, form)


@settings(max_examples=40)
@given(st.lists(st.tuples(hostile, hostile), min_size=1))
def test_written_csv_has_every_row_and_column_and_no_formula(rows):
    rows = [{"text": text, "=n": other} for text, other in rows]
    head, *lines = csv.reader(io.StringIO(written("csv", rows), newline=""), strict=True)
    assert head == ["text", "'=n", *ANSWER]
    assert [line[:2] for line in lines] == [
        [records.as_cell(row["text"]), records.as_cell(row["=n"])] for row in rows
    ]
    for line in lines:
        assert all(cell == defused(cell) or records.NUMBER.fullmatch(cell) for cell in line)


@pytest.mark.parametrize("number", ["-1.5", "+7", "1e-3", "-12", "570301083672813571"])
def test_number_is_not_a_formula_and_stays_as_it_is(number):
    assert (
        written("csv", [{"text": "a", "n": number}]).splitlines()[1].startswith(f'"a","{number}"')
    )


@pytest.mark.parametrize("formula", ["-1+cmd", "+1\n", "-1e", "--1", "-1.", "=1", "-٣"])
def test_formula_that_looks_like_a_number_is_defused(formula):
    [_, line] = csv.reader(io.StringIO(written("csv", [{"text": formula}]), newline=""))
    assert line[0] == f"'{formula}"


def test_json_values_without_a_csv_form_are_written_as_json():
    row = {"text": None, "list": [1, "é"], "yes": True, "n": 3, "none": None}
    assert written("csv", [row]).splitlines()[1].startswith('"","[1, ""é""]","true",3,"",')


def test_column_that_the_first_row_lacks_has_no_place_in_csv():
    with pytest.raises(UserError, match=r"no column 'b', but a later one has.*--to jsonl"):
        written("csv", [{"text": "x"}, {"text": "y", "b": 1}])


@settings(max_examples=40)
@given(st.lists(st.dictionaries(hostile, st.one_of(hostile, st.integers(), st.none()))))
def test_written_json_lines_have_all_that_was_read_and_the_answer(rows):
    rows_read = [json.loads(line) for line in written("jsonl", rows).split("\n")[:-1]]
    assert rows_read == [row | EXAMPLE for row in rows]


@settings(max_examples=40)
@given(st.text(max_size=200))
def test_table_shows_each_text_on_a_line_without_control_characters(text):
    lines = written("table", [{"text": text}, {"text": None}], [EXAMPLE, NOTHING]).split("\n")
    assert lines[0] == "label    bad   good  unknown  text"
    assert lines[1].startswith("good   0.250  0.750    0.000")
    assert lines[2:] == ["–          –      –        –", ""]
    assert not {unicodedata.category(c) for c in lines[1] if c not in INVISIBLE} & {
        "Cc",
        "Cf",
        "Cs",
    }
    assert len(lines[1]) <= 110
