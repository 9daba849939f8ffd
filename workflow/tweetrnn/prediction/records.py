"""Read and write rows with any columns, one at a time: CSV, TSV and JSON Lines.

Unreadable rows of a corpus are left out, but here every row gets an answer: a row that cannot be
read is an error, and the message has its line.
"""

import contextlib
import csv
import functools
import itertools
import json
import re
import sys
from pathlib import Path

from tweetrnn.data import formats
from tweetrnn.errors import UserError
from tweetrnn.files import defused
from tweetrnn.reporting.document import visible
from tweetrnn.wording import quoted, shown

READ = ("csv", "tsv", "jsonl")
# How a file is read if nothing else is said: the schema's defaults of predict's keys.
READING = {
    "encoding": None,
    "delimiter": None,
    "quoting": True,
    "backslash": False,
    "skip_blanks": False,
}
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_SHOWN = 80  # characters of a text in a table


def format_of(path, known, option):
    """Return the format that a file's ending stands for, one of ``known``.

    Raises:
        UserError: it stands for none of them; the message names ``option``.
    """
    form = formats.ENDINGS.get(Path(path).suffix.lower())
    if form not in known:
        raise UserError(
            f"{path}: the ending {Path(path).suffix!r} stands for none of the formats "
            f"{', '.join(known)}; name one with {option}"
        )
    return form


@contextlib.contextmanager
def open_rows(path, form, text_column, reading=READING):
    """Yield the rows of a file, an iterator as of ``read``; the path - is standard input."""
    if path == "-":
        yield read(sys.stdin.buffer, "standard input", form, text_column, reading)
        return
    if not Path(path).exists() or Path(path).is_dir():
        raise UserError(f"there is no file {path}")
    with open(path, "rb") as stream:
        yield read(stream, path, form, text_column, reading)


def read(stream, name, form, text_column, reading=READING):
    """Yield a binary stream's rows as dicts, with text or None under ``text_column``.

    Args:
        stream: may be gzip.
        name: of the stream, for messages.
        form: csv, tsv or jsonl.
        text_column: the column with the tweets.
        reading: the config's keys of the same names as in READING.

    Raises:
        UserError: no such column, no rows, not UTF-8, or a row that cannot be read.
    """
    with formats.damaged_gzip_refused(name):
        stream, head = formats.unpacked(stream)
    encoding = reading["encoding"] or formats.bom_encoding(head) or "utf-8"
    formats.codec_name(encoding, "predict.")
    undecodable = functools.partial(_undecodable, name, encoding)
    lines = formats.text_lines(stream, name, encoding, undecodable)
    if form == "jsonl":
        rows = formats.json_rows(lines, name)
    else:
        rows = _delimited(lines, name, form, text_column, reading)
    empty = True
    for line, fault, row in rows:
        if fault:
            raise UserError(
                f"{name}, line {line}: {fault}; expected a JSON object without repeated keys on "
                "each line"
            )
        if text_column not in row:
            row = formats.renamed(row, [text_column])
        if empty and text_column not in row:
            setting = "--text-column or, in a config, predict.text_column"
            raise formats.missing_column(name, text_column, row, setting)
        text = row.setdefault(text_column)
        if not isinstance(text, str | None):
            raise UserError(
                f"{name}, line {line}: {shown(text_column)} has the value "
                f"{shown(json.dumps(text))}; expected text"
            )
        empty = False
        yield row
    if empty:
        raise UserError(f"{name}: empty; expected one row for each tweet")


def _undecodable(name, encoding, line, error):
    if not isinstance(error, UnicodeDecodeError):
        return f"{name}, line {line}: {error}"
    return (
        f"{name}, line {line}: the byte 0x{error.object[error.start]:02x} is not "
        f"{encoding.upper()}; set --encoding or, in a config, predict.encoding to the file's "
        "encoding, such as latin-1"
    )


def _delimited(lines, name, form, text_column, reading):
    """Yield (line, None, dict) of each row below the header."""
    header, first = None, next(lines, "")
    delimiter = reading["delimiter"]
    if delimiter is None:
        delimiter = _delimiter_of(first, formats.DELIMITERS[form], text_column)
    dialect = formats.csv_dialect(reading, delimiter, "predict.")
    lines = itertools.chain([first], lines)
    for line, fault, cells in formats.delimited_rows(lines, delimiter, **dialect):
        if fault:
            counts = f": {len(cells)}, and the header has {len(header)}" if cells else ""
            raise UserError(
                f"{name}, line {line}: {fault}{counts}; quote a text that contains {delimiter!r} "
                "or quotes, and double its quotes, or say how the file is written (quoting, "
                "backslash, skip_blanks)"
            )
        if header is None:
            header = cells
            while header[-2:] == ["", ""]:
                header = header[:-1]
            if repeated := sorted({cell for cell in header if header.count(cell) > 1}):
                raise UserError(f"{name}: several columns are called {quoted(repeated)}")
        elif any(cells[len(header) :]):
            raise UserError(f"{name}, line {line}: a value in a column whose name is empty")
        else:
            yield line, None, dict(zip(header, cells, strict=False))


def _delimiter_of(header, usual, text_column):
    """Return the usual delimiter, or the one that alone makes ``text_column`` a column."""

    def makes_the_column(delimiter):
        cells = next(csv.reader([header], delimiter=delimiter), [])
        return formats.normalized(text_column) in (formats.normalized(c.strip()) for c in cells)

    return next(filter(makes_the_column, [usual, *",;\t|"]), usual)


def write_table(stream, answered, text_column, labels, columns):
    """Write answers for people to read, one a line; of a row's columns it shows only the text.

    Args:
        stream: of text.
        answered: an iterator of (row, answer), two dicts.
        text_column: the row's column with the text.
        labels: the classes.
        columns: those of an answer: ``predicted``, a probability for each class, and others.
    """
    others = [name.split("_")[0] for name in columns[1 + len(labels) :]]
    heads = ["label", *map(visible, labels), *others]
    label_width = max(map(len, heads[: 1 + len(labels)]))
    widths = [max(len(head), 5) for head in heads[1:]]

    def line(label, *numbers, text):
        aligned = [f"{cell:>{width}}" for cell, width in zip(numbers, widths, strict=True)]
        stream.write("  ".join([f"{label:<{label_width}}", *aligned, text]).rstrip() + "\n")

    line(*heads, text=text_column)
    for row, answer in answered:
        text = visible(row[text_column] or "")
        label, *numbers = (answer[name] for name in columns)
        line(
            "–" if label is None else visible(label),
            *map(_number, numbers),
            text=text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…",
        )


def _number(value):
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def write_csv(stream, answered, text_column, labels, columns):
    """Write rows with their answers as CSV; a spreadsheet takes no cell for a formula.

    The arguments are those of ``write_table``.

    Raises:
        UserError: a row has a column that the first one does not have.
    """
    # Texts in quotes: with this line end a lone \r would stay unquoted and break a row in two.
    writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    names = None
    for row, answer in answered:
        if names is None:
            names = list(row)
            writer.writerow(map(as_cell, [*names, *columns]))
        if more := [name for name in row if name not in names]:
            raise UserError(
                f"the first row has no column {shown(more[0])}, but a later one has, and CSV "
                "has no place for it; write JSON Lines: --to jsonl"
            )
        cells = [*map(row.get, names), *map(answer.get, columns)]
        writer.writerow(map(as_cell, cells))


def as_cell(value):
    """Return a JSON value as a CSV cell: a number, None, or a text that is not a formula."""
    if isinstance(value, dict | list | bool):
        value = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str) or NUMBER.fullmatch(value):  # a number, whatever its sign
        return value
    return defused(value)


def write_json_lines(stream, answered, text_column, labels, columns):
    """Write rows with their answers as JSON Lines; the arguments are those of ``write_table``."""
    for row, answer in answered:
        stream.write(json.dumps({**row, **answer}, ensure_ascii=False) + "\n")


WRITERS = {"table": write_table, "csv": write_csv, "jsonl": write_json_lines}
