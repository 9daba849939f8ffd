"""Any table that Python's csv, pandas or pyarrow writes is read back exactly, for training and
for predictions, whatever its texts look like."""

import csv
import io

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from example_corpus import HEADER, LABELS, as_csv
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn.data.corpus import DEFAULTS
from tweetrnn.data.formats import Source
from tweetrnn.prediction import records

# What confuses readers: quotes, delimiters, all line breaks, and lines that look like rows.
TRAPS = [
    *['"', '""', ",", ";", "\t", "|", "\\", "\\n", " ", "'", "\ufeff", "#", "NA", "null", "-1"],
    *["\n", "\r", "\r\n", "\x85", "\u2028", '"\n1,neutral,fake\n"', "\n2,fake,neutral\n"],
    *["\n4\tfake\tneutral\n", "3;fake;neutral\r", '\n5,"fake",neutral\n', ',neutral\n6,"'],
]
pieces = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(TRAPS)
texts = st.lists(pieces, max_size=6).map("".join)
tables = st.lists(st.tuples(texts, texts, st.sampled_from(LABELS)), min_size=1, max_size=6)
orders = st.permutations(range(3))
delimiters = st.sampled_from(",;\t|:^ x")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A file that each example overwrites."""
    return tmp_path_factory.mktemp("dialects") / "t.csv"


def check(file, content, table, **config):
    """Check what the reader of a corpus, and that of files to predict, read."""
    file.write_bytes(content)
    rows = list(Source(file, DEFAULTS | config))
    assert [row[1:] for row in rows] == [(None, *row) for row in table]
    readings = [records.READING | config]
    if set(config) == {"delimiter"} and config["delimiter"] in ",;\t|":
        readings.append(records.READING)  # it is found
    for reading in readings:
        read = list(records.read(io.BytesIO(content), "FILE", "csv", "text", reading))
        assert [tuple(row[name] for name in HEADER) for row in read] == table


def reordered(table, order):
    """Return the columns' names and the table with its columns in another order."""
    return [HEADER[at] for at in order], [[row[at] for at in order] for row in table]


@given(
    table=tables,
    order=orders,
    delimiter=delimiters,
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be"]),
)
def test_what_csv_writes(file, table, order, delimiter, ending, quoting, encoding):
    if ending != "\r\n":  # csv leaves a line break of another kind without quotes
        quoting = quoting or csv.QUOTE_ALL
    header, cells = reordered(table, order)
    text = as_csv(cells, header, delimiter=delimiter, lineterminator=ending, quoting=quoting)
    if encoding.startswith("utf-8"):
        check(file, text.encode(encoding), table, delimiter=delimiter)
    check(file, text.encode(encoding), table, delimiter=delimiter, encoding=encoding)


@given(
    table=tables,
    order=orders,
    delimiter=delimiters,
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_what_pandas_writes(file, table, order, delimiter, quoting, ending):
    header, cells = reordered(table, order)
    frame = pd.DataFrame(cells, columns=header, dtype=object)
    if ending != "\r\n":
        quoting = csv.QUOTE_ALL
    text = frame.to_csv(index=False, sep=delimiter, quoting=quoting, lineterminator=ending)
    check(file, text.encode(), table, delimiter=delimiter)


@given(table=tables, order=orders, delimiter=delimiters)
def test_what_pyarrow_writes(file, table, order, delimiter):
    header, cells = reordered(table, order)
    arrow = pa.table([pa.array(column, pa.string()) for column in zip(*cells, strict=True)], header)
    stream = io.BytesIO()
    pa_csv.write_csv(arrow, stream, pa_csv.WriteOptions(delimiter=delimiter))
    check(file, stream.getvalue(), table, delimiter=delimiter)


@given(
    table=tables,
    order=orders,
    delimiter=delimiters,
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE]),
)
def test_what_csv_writes_with_backslashes(file, table, order, delimiter, quoting):
    header, cells = reordered(table, order)
    text = as_csv(
        cells,
        header,
        delimiter=delimiter,
        lineterminator="\r\n",
        quoting=quoting,
        doublequote=False,
        escapechar="\\",
    )
    quoted = quoting != csv.QUOTE_NONE
    check(file, text.encode(), table, delimiter=delimiter, backslash=True, quoting=quoted)


@given(table=tables, order=orders, delimiter=delimiters)
def test_what_pandas_writes_with_backslashes(file, table, order, delimiter):
    header, cells = reordered(table, order)
    frame = pd.DataFrame(cells, columns=header, dtype=object)
    dialect = {"doublequote": False, "escapechar": "\\", "quoting": csv.QUOTE_ALL}
    text = frame.to_csv(index=False, sep=delimiter, lineterminator="\n", **dialect)
    check(file, text.encode(), table, delimiter=delimiter, backslash=True)


@given(table=tables, order=orders, delimiter=st.sampled_from("\t|;"))
def test_lines_without_any_quoting(file, table, order, delimiter):
    """Where nothing marks a delimiter or line break, no text can contain one."""
    plain = str.maketrans(dict.fromkeys(delimiter + "\r\n"))
    table = [tuple(cell.translate(plain) for cell in row) for row in table]
    header, cells = reordered(table, order)
    text = "".join(delimiter.join(row) + "\n" for row in [header, *cells])
    check(file, text.encode(), table, delimiter=delimiter, quoting=False)


@given(table=tables, order=orders, delimiter=st.sampled_from(",;|"), blanks=st.integers(0, 3))
def test_quoted_cells_after_blanks(file, table, order, delimiter, blanks):
    header, cells = reordered(table, order)
    separator = delimiter + " " * blanks
    quoted = [['"' + cell.replace('"', '""') + '"' for cell in row] for row in [header, *cells]]
    text = "".join(separator.join(row) + "\n" for row in quoted)
    check(file, text.encode(), table, delimiter=delimiter, skip_blanks=True)
