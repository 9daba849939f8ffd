"""Read files of tweets with any columns, and write them with answers as CSV or JSON Lines.

Unreadable rows of a corpus are left out, but here every row gets an answer: a row that cannot be
read is an error, and the message has its line.
"""

import contextlib
import csv
import json
import re
import sys
from pathlib import Path

from tweetrnn.data import formats
from tweetrnn.data.delimited import advice
from tweetrnn.data.values import as_json, paths
from tweetrnn.errors import UserError
from tweetrnn.files import defused
from tweetrnn.reporting.document import visible
from tweetrnn.wording import shown

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_BEGINNING = 1_000  # rows of JSON Lines of which one must have the column with the tweets
_SHOWN = 80  # characters of a text in a table


@contextlib.contextmanager
def open_rows(path, text_column, how=formats.HOW):
    """Yield (a file's form, its rows), an iterator as of ``read``; the path - is standard input."""
    if path == "-":
        if how["format"] == "auto":
            known = ", ".join(formats.FORMATS)
            raise UserError(f"--format: name the format of standard input, one of {known}")
        yield read(sys.stdin.buffer, "standard input", text_column, how)
        return
    if not Path(path).exists() or Path(path).is_dir():
        raise UserError(f"there is no file {path}")
    with open(path, "rb") as stream:
        yield read(stream, path, text_column, how)


def read(stream, name, text_column, how=formats.HOW):
    """Return (a binary stream's form, an iterator over its rows, as dicts).

    A row has text or None under ``text_column``.

    Args:
        name: of the stream, for messages.
        text_column: the column with the tweets.
        how: as of ``formats.open_table``.

    Raises:
        UserError: no such column, no rows, or a row that cannot be read.
    """
    table = formats.open_table(stream, name, how, "predict", [text_column], others=True)
    if table.names is not None:
        if text_column not in table.names:
            raise _no_text(name, table, text_column, table.all_names())
        formats.check_unique(name, table, table.names)
        formats.check_kind(name, table, text_column)
    return table.form, _rows(table, name, text_column)


def _no_text(name, table, text_column, names):
    how = "--text-column or, in a config, predict.text_column"
    return formats.missing_column(name, table, text_column, names, how, "predict", [text_column])


def _rows(table, name, text_column):
    number = 0
    for number, (line, fault, row) in enumerate(_begun(table, name, text_column), 1):
        where = f"{name}, line {line}" if line else f"{name}, row {number}"
        if fault:
            raise UserError(f"{where}: {fault}{_instead(table, row)}")
        text = row.setdefault(text_column)
        if not isinstance(text, str | None):
            value = shown(json.dumps(text, default=as_json))
            raise UserError(f"{where}: {shown(text_column)} has the value {value}; expected text")
        yield row
    if not number:
        raise UserError(f"{name}: empty; expected one row for each tweet")


def _begun(table, name, text_column):
    """Yield a table's rows; refuse JSON Lines of which no row at the beginning has the column."""
    first, names = [], {}
    if table.names is None:
        for line, fault, row in table.rows:
            first.append((line, fault, row))
            if fault or text_column in row:
                names = {}
                break
            names |= dict.fromkeys(paths(row))
            if len(first) == _BEGINNING:
                break
    if names:
        raise _no_text(name, table, text_column, list(names))
    yield from first
    yield from table.rows


def _instead(table, cells):
    """Return the end of a message about a row that cannot be read: what was expected, what to do.

    ``cells`` are those of a row with too many or too few of them.
    """
    if table.form == "jsonl":
        return "; expected a JSON object without repeated keys on each line"
    counts = f": {len(cells)}, and the header has {len(table.names)}" if cells else ""
    return f"{counts}. {advice('predict')}"


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
    if isinstance(value, dict | list | tuple | bool):
        value = json.dumps(value, ensure_ascii=False, default=as_json)
    elif not isinstance(value, str | int | float | None):
        value = as_json(value)
    if not isinstance(value, str) or NUMBER.fullmatch(value):  # a number, whatever its sign
        return value
    return defused(value)


def write_json_lines(stream, answered, text_column, labels, columns):
    """Write rows with their answers as JSON Lines; the arguments are those of ``write_table``."""
    for row, answer in answered:
        line = json.dumps({**row, **answer}, ensure_ascii=False, default=as_json)
        stream.write(f"{line}\n")


WRITERS = {"table": write_table, "csv": write_csv, "jsonl": write_json_lines}
