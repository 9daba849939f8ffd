"""Tables with hostile texts as Python's csv, pandas and pyarrow write them, and what reads them.

``WRITERS`` has a strategy of files for each writer and format. It leaves out only what a file
cannot tell, since its writer marks nothing: blanks and line breaks at the end of a row, and line
breaks like the rows' own (``_plain``).
"""

import csv
import gzip
import io
import json
import unicodedata
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from example_corpus import HEADER, LABELS, as_csv
from hypothesis import strategies as st
from tweetrnn.data.corpus import DEFAULTS
from tweetrnn.data.corpus_file import Source
from tweetrnn.data.delimited import USUAL as DELIMITERS
from tweetrnn.data.formats import HOW
from tweetrnn.errors import UserError
from tweetrnn.prediction import records

# What confuses readers: quotes, delimiters, all line breaks, and lines that look like rows.
TRAPS = [
    *['"', '""', ",", ";", "\t", "|", "\\", "\\n", " ", "'", "\ufeff", "#", "NA", "null", "-1"],
    *["\n", "\r", "\r\n", "\r\r\n", "\n\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\x1a", "\\"],
    *['"\n1,neutral,fake\n"', "\n2,fake,neutral\n", "\n4\tfake\tneutral\n", "3;fake;neutral\r"],
    *['\n5,"fake",neutral\n', ',neutral\n6,"', '"\r\n"', '","', "\n{}\n", '"}\n{"', "[", "{}"],
    *["tweet_id,text,airline_sentiment\n", "\n1,neutral,", "PK\x03\x04", "\x1f\x8b", "PAR1"],
]
_pieces = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5
) | st.sampled_from(TRAPS)
_short = st.lists(_pieces, max_size=6).map("".join)
texts = st.one_of(
    *[_short] * 9,
    st.text(" \t\n\r\x0b\x0c\x1c\x85\xa0\u2028\u3000", max_size=9),  # blank-only
    st.builds(lambda piece, times: piece * times, _pieces, st.integers(100, 20_000)),
)
tables = st.lists(st.tuples(texts, texts, st.sampled_from(LABELS)), min_size=1, max_size=6)
# The first bytes of a file say what it is, so that no name can be a byte order mark or signature.
_START = ("\ufeff", "PK", "PAR1", "\x1f\x8b", "<")
_name = _short.map(str.strip).filter(lambda name: name and not name.startswith(_START))
_names = st.one_of(
    *[st.just(HEADER)] * 4,
    st.tuples(_name, _name, _name).filter(
        lambda names: len({unicodedata.normalize("NFC", name) for name in names}) == 3
    ),
)


@dataclass
class Written:
    """A table (id, text, label) as a file, and what a config says of it (keys of ``corpus``)."""

    rows: list
    header: tuple
    name: str
    content: bytes
    config: dict = field(default_factory=dict)
    refused: str = ""  # a part of the message, if the format is not read


@st.composite
def _layouts(draw, marked=True, without=""):
    """Draw (rows, header, columns of a file by name in its order), with other columns between.

    Unless line breaks in texts are ``marked``, no row begins or ends with one. ``without`` are
    characters that no text can contain; then the names are the usual ones.
    """
    gone = str.maketrans(dict.fromkeys(without))
    rows = [tuple(cell.translate(gone) for cell in row) for row in draw(tables)]
    header = draw(_names) if marked else HEADER
    order = draw(st.permutations([*range(3), *draw(st.sampled_from(["", "+", "++"]))]))
    others = iter([name for name in ("note", "Note") if name not in header])
    columns = {}
    for at in order:
        if at == "+":
            columns[next(others)] = [draw(texts).translate(gone) for _ in rows]
        else:
            columns[header[at]] = [row[at] for row in rows]
    if not marked:
        first, *_, last = columns
        columns[first] = [cell.lstrip("\r\n") for cell in columns[first]]
        columns[last] = [cell.rstrip("\r\n") for cell in columns[last]]
        rows = list(zip(*(columns[name] for name in header), strict=True))
    return rows, header, columns


def _cells(columns):
    """Return the rows of columns."""
    return list(zip(*columns.values(), strict=True))


def _named(header):
    columns = dict(zip(("id", "text", "label"), header, strict=True))
    return {"columns": DEFAULTS["columns"] | columns} if header != HEADER else {}


@st.composite
def _files(draw, rows, header, text, form, delimiter, **config):
    """Draw a file with the text of a delimited table: its name, encoding and compression."""
    encodings = ["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
    encoding = draw(st.sampled_from([*encodings, "gb18030", "latin-1", "cp1252", "shift_jis"]))
    try:
        content = text.encode(encoding)
        same = content.decode(encoding) == text
    except UnicodeError:
        same = False
    if not same:
        encoding, content = "utf-8", text.encode()
    if not encoding.startswith("utf-8") or draw(st.booleans()):
        config["encoding"] = encoding
    if delimiter != DELIMITERS[form] or draw(st.booleans()):
        config["delimiter"] = delimiter
    name = draw(st.sampled_from([f"t.{form}", f"t.{form.upper()}", "t.dat"]))
    if name == "t.dat":
        config["format"] = form
    if draw(st.integers(0, 4)) == 0:
        name, content = f"{name}.gz", gzip.compress(content, 1)
    return Written(rows, header, name, content, _named(header) | config)


def _delimiters(form):
    usual = DELIMITERS[form]
    return st.sampled_from([usual] * 4 + [*",;\t|:^ x'#€\x1f"])


QUOTINGS = st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])


@st.composite
def _by_csv(draw, form):
    delimiter, quoting = draw(_delimiters(form)), draw(QUOTINGS)
    ending = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    rows, header, columns = draw(_layouts(quoting == csv.QUOTE_ALL or ending == "\r\n"))
    dialect = {"delimiter": delimiter, "quoting": quoting, "lineterminator": ending}
    text = as_csv(_cells(columns), list(columns), **dialect)
    return draw(_files(rows, header, text, form, delimiter))


@st.composite
def _by_csv_with_backslashes(draw, form):
    """Also without quotes, which is how to write any text without them."""
    delimiter = draw(_delimiters(form))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE]))
    ending = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    rows, header, columns = draw(_layouts(quoting == csv.QUOTE_ALL or ending == "\r\n"))
    dialect = {"delimiter": delimiter, "quoting": quoting, "lineterminator": ending}
    dialect |= {"doublequote": draw(st.booleans()), "escapechar": "\\"}
    text = as_csv(_cells(columns), list(columns), **dialect)
    config = {"backslash": True, "quoting": quoting != csv.QUOTE_NONE}
    return draw(_files(rows, header, text, form, delimiter, **config))


@st.composite
def _by_pandas(draw, form):
    delimiter, quoting = draw(_delimiters(form)), draw(QUOTINGS)
    ending, backslash = draw(st.sampled_from(["\n", "\n", "\r\n"])), draw(st.booleans())
    rows, header, columns = draw(_layouts(quoting == csv.QUOTE_ALL or ending == "\r\n"))
    escapes = {"doublequote": False, "escapechar": "\\"} if backslash else {}
    dialect = {"sep": delimiter, "quoting": quoting, "lineterminator": ending, **escapes}
    frame = pd.DataFrame(columns, dtype=draw(st.sampled_from([object, "str"])))
    text = frame.to_csv(index=draw(st.booleans()), **dialect)
    config = {"backslash": True} if backslash else {}
    return draw(_files(rows, header, text, form, delimiter, **config))


def _arrow(draw, columns, *kinds):
    kind = draw(st.sampled_from([pa.string(), pa.large_string(), *kinds]))
    return pa.table({name: pa.array(column, kind) for name, column in columns.items()})


@st.composite
def _by_pyarrow(draw, form):
    delimiter = draw(_delimiters(form).filter(str.isascii))
    rows, header, columns = draw(_layouts())
    options = pa_csv.WriteOptions(delimiter=delimiter)
    stream = io.BytesIO()
    pa_csv.write_csv(_arrow(draw, columns), stream, options)
    return draw(_files(rows, header, stream.getvalue().decode(), form, delimiter))


@st.composite
def _without_quoting(draw, form):
    """Where nothing marks a delimiter or the rows' line break, no text can contain one."""
    delimiter = draw(_delimiters(form))
    if any(delimiter in name for name in (*HEADER, "note", "Note")):
        delimiter = DELIMITERS[form]
    ending = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    rows, header, columns = draw(_layouts(False, delimiter + ending))
    lines = [delimiter.join(cells) + ending for cells in [columns, *_cells(columns)]]
    return draw(_files(rows, header, "".join(lines), form, delimiter, quoting=False))


@st.composite
def _quoted_after_blanks(draw, form):
    delimiter = draw(_delimiters(form).filter(lambda character: character != " "))
    rows, header, columns = draw(_layouts())
    separator, ending = delimiter + " " * draw(st.integers(0, 3)), draw(st.sampled_from("\n\r"))
    quoted = (
        ['"' + cell.replace('"', '""') + '"' for cell in cells]
        for cells in [columns, *_cells(columns)]
    )
    text = "".join(separator.join(cells) + ending for cells in quoted)
    return draw(_files(rows, header, text, form, delimiter, skip_blanks=True))


@st.composite
def _json_lines(draw, by_pandas):
    rows, header, columns = draw(_layouts())
    ascii_only, separator = draw(st.booleans()), draw(st.sampled_from(["\n", "\r\n", "\r", "\n\n"]))
    if by_pandas:
        frame = pd.DataFrame(columns, dtype=object)
        text = frame.to_json(orient="records", lines=True, force_ascii=ascii_only)
    else:
        objects = (dict(zip(columns, cells, strict=True)) for cells in _cells(columns))
        text = separator.join(json.dumps(row, ensure_ascii=ascii_only) for row in objects)
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le"]))
    config = {} if encoding.startswith("utf-8") else {"encoding": encoding}
    name, content = draw(st.sampled_from(["t.jsonl", "t.json", "t.ndjson"])), text.encode(encoding)
    if draw(st.booleans()):
        name, content = f"{name}.gz", gzip.compress(content, 1)
    return Written(rows, header, name, content, _named(header) | config)


@st.composite
def _json_array(draw, by_pandas):
    """A file that is not read: the message says what to write."""
    rows, header, columns = draw(_layouts())
    indent = draw(st.sampled_from([None, 1]))
    if by_pandas:
        orient = draw(st.sampled_from(["records", "columns", "index", "split", "values", "table"]))
        text = pd.DataFrame(columns, dtype=object).to_json(orient=orient, indent=indent)
    else:
        objects = [dict(zip(columns, cells, strict=True)) for cells in _cells(columns)]
        objects = draw(st.sampled_from([objects, {"data": objects}]))
        text = json.dumps(objects, indent=indent)
    refused = "expected JSON Lines"
    return Written(rows, header, "t.json", text.encode(), _named(header), refused)


@st.composite
def _parquet(draw, by_pandas):
    rows, header, columns = draw(_layouts())
    stream = io.BytesIO()
    codec = draw(st.sampled_from(["none", "snappy", "gzip", "zstd", "lz4", "brotli"]))
    if by_pandas:
        dtype = draw(st.sampled_from([object, "str", "category"]))
        pd.DataFrame(columns, dtype=dtype).to_parquet(stream, compression=codec)
    else:
        sizes = {"row_group_size": draw(st.integers(1, 9)), "data_page_size": 100}
        flags = {"use_dictionary": draw(st.booleans()), "write_page_checksum": draw(st.booleans())}
        version = draw(st.sampled_from(["1.0", "2.0"]))
        options = {"compression": codec, "data_page_version": version, **sizes, **flags}
        pq.write_table(_arrow(draw, columns, pa.string_view()), stream, **options)
    return Written(rows, header, "t.parquet", stream.getvalue(), _named(header))


# (writer, format): a strategy of Written
WRITERS = {
    (writer, form): strategy(form)
    for writer, strategy in {
        "csv": _by_csv,
        "csv with backslashes": _by_csv_with_backslashes,
        "pandas": _by_pandas,
        "pyarrow": _by_pyarrow,
        "no quoting": _without_quoting,
        "quotes after blanks": _quoted_after_blanks,
    }.items()
    for form in ("csv", "tsv")
} | {
    (writer, form): strategy(writer == "pandas")
    for writer, form, strategy in [
        ("json", "jsonl", _json_lines),
        ("pandas", "jsonl", _json_lines),
        ("json", "JSON array", _json_array),
        ("pandas", "JSON array", _json_array),
        ("pyarrow", "parquet", _parquet),
        ("pandas", "parquet", _parquet),
    ]
}


def check(folder, written):
    """Check that the readers of a corpus and of files to predict read what was written."""
    path = folder / written.name
    path.write_bytes(written.content)
    config = DEFAULTS | written.config
    if written.refused:
        with pytest.raises(UserError, match=written.refused):
            list(Source(path, config))
    else:
        rows = [row[1:] for row in Source(path, config)]
        assert rows == [(None, *row) for row in written.rows]
    for how in _ways(written):
        _check_records(written, how)


def _check_records(written, how):
    stream = io.BytesIO(written.content)
    if written.refused:
        with pytest.raises(UserError, match=written.refused):
            list(records.read(stream, written.name, written.header[1], how)[1])
        return
    _, read = records.read(stream, written.name, written.header[1], how)
    rows = [tuple(row[name] for name in written.header) for row in read]
    assert rows == written.rows


def _ways(written):
    """Yield predict's settings: the corpus's, and those without what is found in the file."""
    given = {key: value for key, value in written.config.items() if key in HOW}
    yield HOW | given
    if given.get("encoding") in ("utf-16", "utf-32"):
        del given["encoding"]
        yield HOW | given
    if given.get("delimiter", ",") in ",;\t|" and written.header == HEADER:
        yield HOW | given | {"delimiter": None}
