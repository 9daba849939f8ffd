"""Read and write rows with any columns one after the other: CSV, TSV and JSON Lines.

A corpus's unreadable rows are left out, but here every row gets an answer: a row that cannot be
read ends the reading with a message that gives its line.
"""

import codecs
import contextlib
import csv
import json
import re
from pathlib import Path

from tweetrnn.data.formats import ENDINGS
from tweetrnn.errors import UserError
from tweetrnn.files import defused
from tweetrnn.reporting.document import visible
from tweetrnn.wording import quoted, shown

READ = ("csv", "tsv", "jsonl")
MAX_CELL = 1 << 24  # characters of a cell, bytes of a line: anything longer is no table of tweets
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_SHOWN = 80  # characters of a text in a table


def format_of(path, formats, option):
    """Return the one of ``formats`` that a file's ending stands for.

    Raises:
        UserError: it stands for none of them; the message names ``option``.
    """
    form = ENDINGS.get(Path(path).suffix.lower())
    if form not in formats:
        raise UserError(
            f"{path}: the ending {Path(path).suffix!r} stands for none of the formats "
            f"{', '.join(formats)}; name one with {option}"
        )
    return form


@contextlib.contextmanager
def open_rows(path, form, text_column):
    """Yield the rows of a file, an iterator as of ``read``.

    Raises:
        UserError: there is no such file.
    """
    if not Path(path).exists() or Path(path).is_dir():
        raise UserError(f"there is no file {path}")
    with open(path, "rb") as stream:
        yield read(stream, path, form, text_column)


def read(stream, name, form, text_column):
    """Yield a binary stream's rows as dicts, with text or None under ``text_column``.

    Args:
        stream: in UTF-8; a byte order mark is skipped.
        name: of the stream, for messages.
        form: csv, tsv or jsonl.
        text_column: the column with the tweets.

    Raises:
        UserError: no such column, no rows, not UTF-8, or a row that cannot be read.
    """
    lines = _decoded(stream, name)
    if form == "jsonl":
        rows = _json_lines(lines, name, text_column)
    else:
        rows = _delimited(lines, name, {"csv": ",", "tsv": "\t"}[form], text_column)
    empty = True
    for row in rows:
        empty = False
        yield row
    if empty:
        raise UserError(f"{name}: empty; expected one row for each tweet")


def _decoded(stream, name):
    """Yield a stream's lines as text."""
    number = 0
    while line := stream.readline(MAX_CELL):
        number += 1
        if len(line) == MAX_CELL:
            raise UserError(f"{name}, line {number}: longer than {MAX_CELL:,} bytes: not a table")
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            raise UserError(
                f"{name}, line {number}: the byte 0x{line[error.start]:02x} is not UTF-8; convert "
                "the file first, for example: iconv -f latin1 -t utf-8 OLD > NEW"
            ) from None


def _check_column(name, text_column, names):
    if text_column not in names:
        raise UserError(
            f"{name}: no column {shown(text_column)}; name the one with the tweets with "
            "--text-column or, in a config, predict.text_column; the columns are "
            f"{quoted(list(names))}"
        )


def _delimited(lines, name, delimiter, text_column):
    csv.field_size_limit(MAX_CELL)
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    header = None
    try:
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [cell.strip() for cell in cells]
                _check_column(name, text_column, header)
                if repeated := sorted({cell for cell in header if header.count(cell) > 1}):
                    raise UserError(f"{name}: several columns are called {quoted(repeated)}")
                continue
            if any(cells[len(header) :]) or len(cells) < len(header):
                raise UserError(
                    f"{name}, line {rows.line_num}: the row that ends here has {len(cells)} "
                    f"columns, the header {len(header)}; quote a text that contains {delimiter!r} "
                    "or quotes, and double its quotes"
                )
            yield dict(zip(header, cells, strict=False))
    except csv.Error as error:
        raise UserError(
            f"{name}, line {rows.line_num}: a misplaced quote or line end ({error})"
        ) from None


def _json_lines(lines, name, text_column):
    checked = False
    for number, line in enumerate(lines, 1):
        if line.isspace():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise UserError(f"{name}, line {number}: not a JSON object; expected one on each line")
        if not checked:
            _check_column(name, text_column, row)
            checked = True
        text = row.setdefault(text_column)
        if not isinstance(text, str | None):
            raise UserError(
                f"{name}, line {number}: {shown(text_column)} has the value "
                f"{shown(json.dumps(text))}; expected text"
            )
        yield row


class Table:
    """Writes answers for people to read, one a line; of a row's columns it shows only the text.

    ``labels`` are the classes, ``columns`` those of an answer: ``predicted``, a probability for
    each class, and others.
    """

    def __init__(self, stream, text_column, labels, columns):
        self._stream, self._text_column, self._columns = stream, text_column, columns
        others = [name.split("_")[0] for name in columns[1 + len(labels) :]]
        heads = ["label", *map(visible, labels), *others]
        label_width = max(map(len, heads[: 1 + len(labels)]))
        self._widths = [label_width, *(max(len(head), 5) for head in heads[1:])]
        self._line([*heads, text_column])

    def _line(self, cells):
        label, *numbers, text = cells
        numbers = [
            f"{cell:>{width}}" for cell, width in zip(numbers, self._widths[1:], strict=True)
        ]
        line = "  ".join([f"{label:<{self._widths[0]}}", *numbers, text])
        self._stream.write(line.rstrip() + "\n")

    def write(self, rows, answers):
        """Write rows (dicts) with their answers (dicts)."""
        for row, answer in zip(rows, answers, strict=True):
            text = visible(row[self._text_column] or "")
            text = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
            label, *numbers = (answer[name] for name in self._columns)
            label = "–" if label is None else visible(label)
            self._line([label, *map(_number, numbers), text])


def _number(value):
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


class Csv:
    """Writes rows with their answers as CSV; a spreadsheet takes no cell for a formula."""

    def __init__(self, stream, text_column, labels, columns):
        # Texts in quotes: with this line end a lone \r would stay unquoted and break a row in two.
        self._writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        self._names, self._columns = None, columns

    def write(self, rows, answers):
        """Write rows (dicts) with their answers (dicts).

        Raises:
            UserError: a row has a column that the first one has not.
        """
        for row, answer in zip(rows, answers, strict=True):
            if self._names is None:
                self._names = list(row)
                self._writer.writerow([as_cell(name) for name in (*self._names, *self._columns)])
            if more := [name for name in row if name not in self._names]:
                raise UserError(
                    f"the first row has no column {shown(more[0])}, but a later one has, and CSV "
                    "has no place for it; write JSON Lines: --to jsonl"
                )
            cells = [row.get(name) for name in self._names]
            cells += [answer[name] for name in self._columns]
            self._writer.writerow(map(as_cell, cells))


def is_number(text):
    """Whether a text is a number, which is not a formula, whatever its sign."""
    return bool(_NUMBER.fullmatch(text))


def as_cell(value):
    """Return a JSON value as a CSV cell: a number, None, or a text that is not a formula."""
    if isinstance(value, dict | list | bool):
        value = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str) or (harmless := defused(value)) == value or is_number(value):
        return value
    return harmless


class JsonLines:
    """Writes rows with their answers as JSON Lines."""

    def __init__(self, stream, text_column, labels, columns):
        self._stream = stream

    def write(self, rows, answers):
        """Write rows (dicts) with their answers (dicts)."""
        for row, answer in zip(rows, answers, strict=True):
            self._stream.write(json.dumps({**row, **answer}, ensure_ascii=False) + "\n")


WRITERS = {"table": Table, "csv": Csv, "jsonl": JsonLines}
