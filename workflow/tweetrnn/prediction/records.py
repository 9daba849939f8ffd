"""Rows with any columns, read and written one after the other: CSV, TSV and JSON Lines.

Unlike a corpus, of which what cannot be read is left out, every row has its answer: a row that
cannot be read ends the reading, with its line.
"""

import codecs
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
MAX_CELL = 1 << 24  # characters of a cell, bytes of a line: what is longer is no table of tweets
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_SHOWN = 80  # characters of a text in a table


def format_of(path, option, formats):
    """Return the format that a file's ending tells, one of ``formats``.

    Raises:
        UserError: none of them; the message names ``option``.
    """
    form = ENDINGS.get(Path(path).suffix.lower())
    if form not in formats:
        raise UserError(
            f"{path}: the ending {Path(path).suffix!r} tells none of the formats "
            f"{', '.join(formats)}; name one with {option}"
        )
    return form


def read(stream, name, form, text_column):
    """Yield a binary stream's rows as dicts; under ``text_column`` they have text or None.

    Args:
        stream: of UTF-8; a byte order mark is skipped.
        name: what messages call it.
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
            f"{name}: no column {shown(text_column)}; name the one with the tweets by "
            f"--text-column, one of: {quoted(list(names))}"
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
                if twice := sorted({cell for cell in header if header.count(cell) > 1}):
                    raise UserError(f"{name}: several columns are called {quoted(twice)}")
                continue
            if any(cells[len(header) :]) or len(cells) < len(header):
                raise UserError(
                    f"{name}, line {rows.line_num}: the row that ends here has {len(cells)} "
                    f"columns, the header {len(header)}; quote a text that holds {delimiter!r} or "
                    "quotes, and double its quotes"
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
                f"{name}, line {number}: {shown(text_column)} holds {shown(json.dumps(text))}; "
                "expected text"
            )
        yield row


class Table:
    """Writes answers for people to read, a line each; of the columns it shows the text alone.

    ``labels`` are the classes, ``answer`` the names of an answer's columns: ``predicted``, a
    probability for each class, and others.
    """

    def __init__(self, stream, text_column, labels, answer):
        self._stream, self._text_column, self._answer = stream, text_column, answer
        heads = [
            "label",
            *map(visible, labels),
            *(n.split("_")[0] for n in answer[1 + len(labels) :]),
        ]
        self._widths = [
            max(map(len, heads[: 1 + len(labels)])),
            *(max(len(h), 5) for h in heads[1:]),
        ]
        self._line([*heads, self._text_column])

    def _line(self, cells):
        label, *figures, text = cells
        figures = [
            f"{cell:>{width}}" for cell, width in zip(figures, self._widths[1:], strict=True)
        ]
        line = "  ".join([f"{label:<{self._widths[0]}}", *figures, text])
        self._stream.write(line.rstrip() + "\n")

    def write(self, rows, answers):
        """Write rows (dicts) with their answers (dicts)."""
        for row, answer in zip(rows, answers, strict=True):
            text = visible(row[self._text_column] or "")
            text = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
            label, *figures = (answer[name] for name in self._answer)
            label = "–" if label is None else visible(label)
            self._line([label, *map(_figure, figures), text])


def _figure(value):
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


class Csv:
    """Writes rows with their answers as CSV; no cell is a formula to a spreadsheet."""

    def __init__(self, stream, text_column, labels, answer):
        # Texts in quotes: with this line end a lone \r would stay bare, and part rows.
        self._writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        self._names, self._answer = None, answer

    def write(self, rows, answers):
        """Write rows (dicts) with their answers (dicts).

        Raises:
            UserError: a row has a column that the first one lacks.
        """
        for row, answer in zip(rows, answers, strict=True):
            if self._names is None:
                self._names = list(row)
                self._writer.writerow([*map(as_cell, self._names), *map(as_cell, self._answer)])
            if more := [name for name in row if name not in self._names]:
                raise UserError(
                    f"the first row has no column {shown(more[0])}, but a later one has, which CSV "
                    "has no place for; write JSON Lines: --to jsonl"
                )
            kept = [as_cell(row.get(name)) for name in self._names]
            self._writer.writerow([*kept, *(as_cell(answer[name]) for name in self._answer)])


def is_number(text):
    """Whether a text is a number, which is no formula, whatever its sign."""
    return bool(_NUMBER.fullmatch(text))


def as_cell(value):
    """Return a JSON value for a CSV cell: a harmless text, a number or None."""
    if isinstance(value, dict | list | bool):
        value = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str) or (harmless := defused(value)) == value or is_number(value):
        return value
    return harmless


class JsonLines:
    """Writes rows with their answers as JSON Lines."""

    def __init__(self, stream, text_column, labels, answer):
        self._stream = stream

    def write(self, rows, answers):
        """Write rows (dicts) with their answers (dicts)."""
        for row, answer in zip(rows, answers, strict=True):
            self._stream.write(json.dumps({**row, **answer}, ensure_ascii=False) + "\n")


WRITERS = {"table": Table, "csv": Csv, "jsonl": JsonLines}
