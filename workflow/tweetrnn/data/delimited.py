"""The rows of CSV, TSV and the like."""

import csv
import itertools
import re
from collections import deque

from tweetrnn.data.text_lines import MAX_LINE
from tweetrnn.errors import UserError
from tweetrnn.wording import setting

USUAL = {"csv": ",", "tsv": "\t"}
OTHERS = ",;\t|"
_EXCEL = re.compile('"?sep=(.)"?[\r\n]*')  # a first line that tells Excel the delimiter
csv.field_size_limit(2**31 - 1)  # MAX_LINE and the corpus's own limit come first


def delimited(lines, name, form, how, section, is_header):
    """Return (the columns' names, the delimiter, an iterator over the rows below the header).

    The rows are those of ``delimited_rows``. Columns at the end without a name are left out.

    Args:
        lines: yields the file's lines.
        name: of the file, for messages.
        form: csv or tsv.
        how: the keys delimiter, quoting, backslash and skip_blanks of the config's ``section``.
            Where delimiter is None, it is the form's usual one, or the only one with which the
            first line is a header. Blanks are skipped, too, where the header has them.
        is_header: says of a list of names whether they are those of a header.

    Raises:
        UserError: there is no header.
    """
    before, delimiter = [], how["delimiter"]
    for line in lines:
        if not before and (excel := _EXCEL.fullmatch(line)):
            line, delimiter = "\n", delimiter or excel[1]
        before.append(line)
        if not line.isspace():
            break
    if delimiter is None:
        tried = [USUAL[form], *OTHERS]
        headers = ((each, _begun(before[-1:], each, how, section)[0]) for each in tried)
        delimiter = next((each for each, names in headers if is_header(names)), USUAL[form])
    _, *further = "".join(before[-1:]).split(delimiter)
    if further and delimiter != " " and all(each.startswith(" ") for each in further):
        how = how | {"skip_blanks": True}
    lines = itertools.chain(before, lines)
    names, fault, rows = _begun(lines, delimiter, how, section)
    if fault:
        raise UserError(
            f"{name}: a misplaced quote in the header; expected column names separated by "
            f"{delimiter!r} (if quotes are plain characters in this file, "
            f"{setting(section, 'quoting', 'false')})"
        )
    if not names:
        raise UserError(f"{name}: empty; expected a header and one row for each tweet")
    return names, delimiter, rows


def _begun(lines, delimiter, how, section):
    """Return the header's names (none if it cannot be read), its fault, and the rows below it."""
    rows = delimited_rows(lines, delimiter, **csv_dialect(how, delimiter, section))
    _, fault, names = next(rows, (0, None, None))
    return names or [], fault, rows


def csv_dialect(how, delimiter, section):
    """Return what ``delimited_rows`` takes as ``dialect``; ``how`` as of ``delimited``.

    Raises:
        UserError: the delimiter has another meaning.
    """
    if delimiter in '"\r\n\0' + "\\" * how["backslash"] + " " * how["skip_blanks"]:
        raise UserError(
            f"{section}.delimiter: {delimiter!r} cannot separate columns; "
            "expected a character such as ',' or ';' or a tab"
        )
    return {
        "quoting": csv.QUOTE_MINIMAL if how["quoting"] else csv.QUOTE_NONE,
        "escapechar": "\\" if how["backslash"] else None,
        "skipinitialspace": how["skip_blanks"],
    }


def delimited_rows(lines, delimiter, **dialect):
    """Yield (line, fault, cells) of the rows of CSV or the like, the header's names first.

    What the standard reader accepts is a row as it stands, whatever its texts look like. Rows end
    as the header does, and other line breaks, which pandas and csv write into a text without
    quotes, are characters: a lone \\r where the header ends with \\n, a \\n where it ends with \\r.

    A line with a misplaced quote is left out. The lines after it are read on their own only if that
    line is a whole row by itself; otherwise they may be the inside of a text, and those up to the
    quote's partner are left out, too.

    Args:
        lines: yields the text's lines.
        dialect: of ``csv``, apart from the delimiter.

    Yields:
        The line where the row starts, why it cannot be read (None if it can), and its cells (None
        unless only their number is wrong). Blank rows are left out, and so are the columns at the
        end that have no name.
    """
    lines = _Lines(lines, dialect.get("escapechar"))
    rows = csv.reader(lines, delimiter=delimiter, strict=True, **dialect)
    width, named = None, 0  # columns, and those up to the last one with a name
    while True:
        lines.record.clear()
        line = lines.number + 1
        try:
            cells = lines.restored(next(rows))
        except StopIteration:
            return
        except csv.Error:
            first = lines.record[0]
            if '"' not in first or dialect.get("quoting") == csv.QUOTE_NONE:
                yield line, "the file ends after a backslash", None
                continue
            yield line, "misplaced quote", None
            lines.give_back()
            if not _is_whole_row(first, delimiter, width):
                for number in lines.skip_to_partner(first):
                    yield number, "misplaced quote", None
            continue
        if width is not None and len(cells) >= named and not any(map(str.strip, cells[named:])):
            yield line, None, cells[:named]
        elif not any(map(str.strip, cells)):
            continue
        elif width is None:
            names = [cell.strip() for cell in cells]
            width, named = len(names), max(n for n, name in enumerate(names, 1) if name)
            lines.end_as_the_last()
            yield line, None, names[:named]
        else:
            yield line, "wrong number of columns", cells


def advice(section):
    """Return what to do about rows that cannot be read; ``section`` as of ``delimited``."""
    return (
        "A text that contains quotes or the delimiter must be in quotes as a whole, and the quotes "
        "in it doubled. If quotes are plain characters in this file, "
        f"{setting(section, 'quoting', 'false')}; if there are blanks after the delimiters, "
        f"{setting(section, 'skip_blanks', 'true')}; if backslashes are before quotes or "
        f"delimiters, {setting(section, 'backslash', 'true')}"
    )


# Characters in no text, for line breaks inside a row that the reader of csv would take for its end.
_MARKS = "\udc0d\udc0a"
_MARKED, _RESTORED = str.maketrans("\r\n", _MARKS), str.maketrans(_MARKS, "\r\n")


def _height(line):
    """Return how many lines of the file a line of ``_Lines`` is."""
    return 1 + line.count(_MARKS[1])


class _Lines:
    """The lines of a stream, for the reader of ``csv``, counted and kept for the current record.

    ``number`` is that of the last line read. ``record`` has the lines read since the caller
    cleared it, as it does at the start of each; ``give_back`` lets them be read again. Lines that
    a character of a text separates, such as one after a backslash, are read as one.
    """

    def __init__(self, stream, escape):
        self.number, self.record = 0, []
        self._stream, self._waiting, self._characters = iter(stream), deque(), 0
        self._escape, self._end, self._marked = escape, "", False

    def __iter__(self):
        return self

    def __next__(self):
        if not self.record:
            self._characters, self._marked = 0, False
        if self._characters > MAX_LINE:
            raise csv.Error(f"a quote is still open after {MAX_LINE:,} characters")
        line = self._waiting.popleft() if self._waiting else self._joined(next(self._stream))
        self.number += _height(line)
        self._characters += len(line)
        self._marked |= not line.isascii() and any(mark in line for mark in _MARKS)
        self.record.append(line)
        return line

    def end_as_the_last(self):
        """Let all further lines end as the last one does; other line breaks are characters."""
        last, following = self.record[-1], next(self._stream, "")
        # Lines of \r\r\n, as Windows makes of csv's \r\n, are followed by an empty one.
        self._end = "\r" if last.endswith("\r") and following != "\r\n" else "\n"
        if following:
            self._waiting.append(self._joined(following))

    def _joined(self, line):
        """Return a line with those after it that only a character inside the row has separated."""
        pieces, size = [line], len(line)
        while self._goes_on(pieces[-1]) and size <= MAX_LINE:
            pieces.append(next(self._stream, ""))
            size += len(pieces[-1])
        line = "".join(pieces)
        body = line.rstrip("\r\n")
        if "\r" in body or "\n" in body:
            return body.translate(_MARKED) + line[len(body) :]
        return line

    def _goes_on(self, line):
        """Return whether the line break at the end of a line is a character of a text."""
        if not line.endswith(self._end):
            return bool(line)
        body = line[:-1]
        escapes = len(body) - len(body.rstrip(self._escape)) if self._escape else 0
        return escapes % 2 == 1 and line[-1] in "\r\n"

    def restored(self, cells):
        """Return a row's cells with the line breaks that lines were read without."""
        return [cell.translate(_RESTORED) for cell in cells] if self._marked else cells

    def give_back(self):
        """Let the record's lines be read again, except the first."""
        again = self.record[1:]
        self._waiting.extendleft(reversed(again))
        self.number -= sum(map(_height, again))

    def skip_to_partner(self, first):
        """Skip lines after ``first`` until all quotes have a partner; yield the lines' numbers."""
        quotes = first.count('"')
        while quotes % 2:
            self.record.clear()
            try:
                quotes += next(self).count('"')
            except StopIteration:
                return
            yield self.number


def _is_whole_row(line, delimiter, width):
    """Return whether a line with a misplaced quote is a row if its quotes are plain characters.

    A quote in front of the last cell does not tell: the text may go on in the next line.
    """
    cells = line.split(delimiter)
    return len(cells) == width and not cells[-1].lstrip().startswith('"')
