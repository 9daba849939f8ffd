"""Reading the rows of a file: CSV, TSV, JSON Lines or Parquet, of any size, in little memory.

``text_lines``, ``delimited_rows`` and ``json_rows`` read text, for a corpus and for tweets to
predict; ``Source`` is a corpus's file.
"""

import codecs
import contextlib
import csv
import difflib
import gzip
import io
import json
import os
import re
import unicodedata
import zlib
from collections import deque
from decimal import Decimal
from pathlib import Path

from tweetrnn.errors import UserError
from tweetrnn.files import sha256_of
from tweetrnn.wording import listed, quoted, shown

ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
DELIMITERS = {"csv": ",", "tsv": "\t"}
MAX_CELL = 1 << 24  # characters of a line or an open text: anything longer is no table of tweets
NO_ID = "id", "tweet_id"  # the key and the column without which rows are numbered
csv.field_size_limit(2**31 - 1)  # MAX_CELL and the corpus's own limit come first
_MAX_KEYS = 1_000  # keys of JSON objects kept for a message

_SIGNATURES = {
    b"PAR1": "a Parquet file; set corpus.format to parquet",
    b"BZh": "bzip2-compressed; unpack it first (bunzip2)",
    b"\xfd7zXZ\0": "xz-compressed; unpack it first (unxz)",
    b"\x28\xb5\x2f\xfd": "zstd-compressed; unpack it first (unzstd)",
    b"7z\xbc\xaf": "a 7z archive; unpack it first",
    b"\xd0\xcf\x11\xe0": "an Excel workbook (xls); save it as CSV in UTF-8",
    b"%PDF": "a PDF document",
    b"SQLite format 3\0": "an SQLite database; export the table as CSV",
    b"version https://git-lfs": "a Git LFS pointer; fetch the file itself with: git lfs pull",
}
_BOMS = {
    codecs.BOM_UTF32_LE: "utf-32",  # starts with UTF-16's mark, so it comes first
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8",
}


def unpacked(stream):
    """Return a binary stream without its gzip compression, if it has one, and its first bytes.

    Raises:
        EOFError, zlib.error, gzip.BadGzipFile: the compressed data are damaged.
    """
    if not hasattr(stream, "peek"):
        stream = io.BufferedReader(stream)
    if stream.peek(2).startswith(b"\x1f\x8b"):
        stream = gzip.GzipFile(fileobj=stream)
    return stream, stream.peek(4096)


@contextlib.contextmanager
def damaged_gzip_refused(name):
    """Turn the errors of ``unpacked`` and of reading its stream into a UserError."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(f"{name}: damaged gzip data ({error}); copy the file again") from None


def unpacked_name(path):
    """Return a path without the ending .gz."""
    path = Path(path)
    return path.with_suffix("") if path.suffix.lower() == ".gz" else path


def bom_encoding(head):
    """Return the encoding that a byte order mark at the start of ``head`` stands for, or None."""
    return next((name for bom, name in _BOMS.items() if head.startswith(bom)), None)


def text_lines(stream, name, encoding, undecodable):
    """Yield the lines of a binary stream as text; they may end with \\n, \\r\\n or \\r.

    Args:
        name: of the stream, for messages.
        encoding: its character encoding; a byte order mark is skipped.
        undecodable: a function of (line, UnicodeError) that returns the message for bytes that
            are not in that encoding.
    """
    if codecs.lookup(encoding).name == "utf-8":
        encoding = "utf-8-sig"
    text, number = io.TextIOWrapper(stream, encoding, newline=""), 0
    try:
        with damaged_gzip_refused(name):
            while line := text.readline(MAX_CELL):
                number += 1
                if len(line) == MAX_CELL:
                    limit = f"longer than {MAX_CELL:,} characters"
                    raise UserError(f"{name}, line {number}: {limit}: not a table")
                yield line
    except UnicodeError as error:
        if isinstance(error, UnicodeDecodeError):  # the lines before are in the same piece
            before = error.object[: error.start].decode(encoding, "replace")
            number += len(re.findall("\r\n|\r|\n", before))
        raise UserError(undecodable(number + 1, error)) from None
    finally:
        with contextlib.suppress(ValueError):  # it is closed
            text.detach()


def csv_dialect(config, delimiter, where):
    """Return what ``delimited_rows`` takes as ``dialect``.

    Args:
        config: has the keys quoting, backslash and skip_blanks.
        where: what precedes ``delimiter`` in the name of its setting, for the message.

    Raises:
        UserError: the delimiter has another meaning.
    """
    if delimiter in '"\r\n\0' + "\\" * config["backslash"] + " " * config["skip_blanks"]:
        raise UserError(
            f"{where}delimiter: {delimiter!r} cannot separate columns; "
            "expected a character such as ',' or ';' or a tab"
        )
    return {
        "quoting": csv.QUOTE_MINIMAL if config["quoting"] else csv.QUOTE_NONE,
        "escapechar": "\\" if config["backslash"] else None,
        "skipinitialspace": config["skip_blanks"],
    }


def delimited_rows(lines, delimiter, **dialect):
    """Yield (line, fault, cells) of the rows of CSV or the like, the header's first.

    What the standard reader accepts is a row as it stands, whatever its texts look like. A line
    with a misplaced quote is left out. The lines after it are read on their own only if that line
    is a whole row by itself; otherwise they may be the inside of a text, and those up to the
    quote's partner are left out, too.

    Args:
        lines: yields the text's lines.
        dialect: of ``csv``, apart from the delimiter.

    Yields:
        The line where the row starts, why it cannot be read (None if it can), and its cells (None
        if the fault is a misplaced quote). Blank rows are left out.
    """
    lines = _Lines(lines)
    rows = csv.reader(lines, delimiter=delimiter, strict=True, **dialect)
    width, named = None, 0  # columns, and those up to the last one with a name
    while True:
        lines.record.clear()
        line = lines.number + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error:
            first = lines.record[0]
            yield line, "misplaced quote", None
            lines.give_back()
            if not _is_whole_row(first, delimiter, width):
                for number in lines.skip_to_partner(first):
                    yield number, "misplaced quote", None
            continue
        if width is None:
            if any(cell.strip() for cell in cells):
                names = [cell.strip() for cell in cells]
                width, named = len(names), max(n for n, name in enumerate(names, 1) if name)
                yield line, None, names
        elif len(cells) >= named and not any(cells[width:]):
            yield line, None, cells
        elif any(cell.strip() for cell in cells):
            yield line, "wrong number of columns", cells


def json_rows(lines, name):
    """Yield (line, fault, object) of each line of JSON Lines that is not blank.

    Raises:
        UserError: the text is JSON of another layout; ``name`` is the file's.
    """
    for line, text in enumerate(lines, 1):
        if text.isspace():
            continue
        fault, value = "not a JSON object", None
        try:
            value = json.loads(text, object_pairs_hook=_without_repeats)
        except _RepeatedKey:
            fault = "a key occurs twice"
        except (ValueError, RecursionError):
            if line == 1 and text.strip() == "{":
                raise _other_layout(name, "an object of several lines") from None
        if line == 1 and text.lstrip().startswith("["):
            raise _other_layout(name, "a JSON list")
        if isinstance(value, dict):
            if line == 1 and value and all(v and type(v) in (dict, list) for v in value.values()):
                raise _other_layout(name, "an object of columns or lists")
            yield line, None, value
        else:
            yield line, fault, None


class _RepeatedKey(ValueError):
    """A JSON object has a key twice, so it does not say which value counts."""


def _without_repeats(pairs):
    row = dict(pairs)
    if len(row) < len(pairs):
        raise _RepeatedKey
    return row


def _other_layout(name, what):
    return UserError(
        f"{name}: starts with {what}; expected JSON Lines, one object per line "
        "(pandas writes them with to_json(PATH, orient='records', lines=True), and "
        "jq -c '.[]' converts a list)"
    )


def missing_column(path, name, names, setting, hint="", taken=()):
    """Return the UserError for a file without the column ``name``.

    Args:
        names: the columns that it has.
        setting: what to set to one of them.
        hint: a last sentence.
        taken: the columns that have another use.
    """
    folded = {n.casefold(): n for n in names if n not in taken}
    similar = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.55)
    meant = f"; did you mean {folded[similar[0]]!r}?" if similar else "."
    return UserError(
        f"{path}: no column {name!r}{meant} Set {setting} to one of the file's columns: "
        f"{quoted(list(names))}.{hint}"
    )


def normalized(text):
    """Return a text in Unicode's form NFC, in which equal characters have equal codes."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def as_text(value):
    """Return an id or a label as text, None if missing, False if it cannot be text (a list)."""
    if value is None or value != value:  # NaN means that it is missing
        return None
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float | Decimal) else False


def encodable(text):
    """Return ``text`` with lone surrogates, which UTF-8 cannot encode, replaced by U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def renamed(row, names):
    """Return a row (a dict) whose keys equal those ``names`` that they equal in form NFC."""
    wanted = {normalized(name): name for name in names if name not in row}
    return {wanted.get(normalized(key), key): value for key, value in row.items()}


def named_columns(columns):
    """Return {key: column} of ``corpus.columns``: id, text, label, and the others that it names.

    A slice's key is ``slices[0]``, ``slices[1]`` and so on. The column of ids may be None.
    """
    further = {key: columns[key] for key in ("user", "time", "confidence", "set")}
    further |= {f"slices[{n}]": name for n, name in enumerate(columns["slices"])}
    required = {key: columns[key] for key in ("id", "text", "label")}
    return required | {key: name for key, name in further.items() if name is not None}


class Source:
    """The rows of a file. Iterating over it, once, yields ``(line, fault, id, text, label, ...)``.

    ``line`` is where the row starts in the file (0 in Parquet, which has no lines). ``fault`` says
    why the row cannot be read; it is None if it can. The others are what the file contains, in the
    order of ``columns``: any JSON value, None where missing; where the file has no ids, the row's
    number, from 1. Afterwards ``sha256`` and ``size`` (bytes) are the file's.

    Args:
        path: the file, a Path.
        config: the config's section ``corpus``, complete.
    """

    def __init__(self, path, config):
        self.path, self.config = path, config
        self.columns = named_columns(config["columns"])
        self.sha256, self.size = None, None

    def __iter__(self):
        columns = self.columns
        for name in columns.values():
            keys = [f"corpus.columns.{key}" for key in columns if columns[key] == name]
            if len(keys) > 1:
                raise UserError(
                    f"{listed(keys)} name the same column, {name!r}; name different columns"
                )
        before = _inspect(self.path)
        self.sha256, self.size = sha256_of(self.path), self.path.stat().st_size
        with self.path.open("rb") as stream:
            with damaged_gzip_refused(self.path):
                stream, head = unpacked(stream)
            form = self.config["format"]
            if form == "auto":
                form = _format_by_ending(self.path, head)
            _refuse_foreign(self.path, form, self.config["encoding"], head)
            if form == "parquet":
                yield from self._parquet()
            elif form == "jsonl":
                yield from self._json_lines(self._lines(stream))
            else:
                delimiter = self.config["delimiter"] or DELIMITERS[form]
                yield from self._delimited(self._lines(stream), delimiter)
        if before != _inspect(self.path):
            raise UserError(f"{self.path}: changed while it was read; run again")

    def _lines(self, stream):
        encoding = self.config["encoding"]
        return text_lines(
            stream,
            self.path,
            encoding,
            lambda line, error: _undecodable(self.path, line, error, encoding),
        )

    def _delimited(self, lines, delimiter):
        rows = delimited_rows(lines, delimiter, **csv_dialect(self.config, delimiter, "corpus."))
        _, fault, header = next(rows, (0, None, None))
        if fault:
            raise UserError(
                f"{self.path}: a misplaced quote in the header; "
                f"expected column names separated by {delimiter!r} (if quotes are plain "
                "characters in this file, set corpus.quoting to false)"
            )
        if header is None:
            raise UserError(f"{self.path}: only white space; expected a header and rows")
        positions = self._positions(header, delimiter)
        for number, (line, fault, cells) in enumerate(rows, 1):
            yield (
                line,
                fault,
                *(None if fault else number if at is None else cells[at] for at in positions),
            )

    def _positions(self, header, delimiter=None):
        """Return the positions of ``columns`` in the header; the id's is None if it has none."""
        positions, wanted = [], {*self.columns.values()}
        folded = [normalized(name) for name in header]
        for key, name in self.columns.items():
            count = folded.count(normalized(name or ""))
            if name is None or (count == 0 and (key, name) == NO_ID):
                positions.append(None)
                continue
            if count > 1:
                raise UserError(
                    f"{self.path}: {count} columns are called {name!r} "
                    f"(corpus.columns.{key}); rename all but one"
                )
            if not count:
                headless = delimiter and not {*header} & wanted
                if headless and "user" in self.columns:  # a row, shown, would have a user's name
                    raise UserError(
                        f"{self.path}: no column {name!r} (corpus.columns.{key}), nor any other of "
                        "corpus.columns. Is the first line a header, and corpus.delimiter right?"
                    )
                others = [c for c in ",;\t|" if len(header) == 1 and c in header[0]]
                if delimiter and others:
                    raise UserError(
                        f"{self.path}: no column {name!r}, but one called {shown(header[0])}. "
                        f"If columns are separated by {others[0]!r}, set corpus.delimiter to that"
                    )
                raise self._missing(key, header, " Is the first line a header?" if headless else "")
            positions.append(folded.index(normalized(name)))
        return positions

    def _missing(self, key, names, hint=""):
        taken = self.columns.values()
        setting = f"corpus.columns.{key}"
        return missing_column(self.path, self.columns[key], names, setting, hint, taken)

    def _json_lines(self, lines):
        # A key counts as missing until a row has it; till then the rows' numbers are their ids.
        missing = {key: name for key, name in self.columns.items() if name is not None}
        wanted, names = {*missing.values()}, {}
        for number, (line, fault, row) in enumerate(json_rows(lines, self.path), 1):
            if row is None:
                yield line, fault, *[None] * len(self.columns)
                continue
            if not row.keys() >= wanted:
                row = renamed(row, wanted)
            if missing:
                missing = {key: name for key, name in missing.items() if name not in row}
                if len(names) < _MAX_KEYS:
                    names.update(dict.fromkeys(row))
            identifier, *others = map(row.get, self.columns.values())
            if self.columns["id"] is None or ("id", missing.get("id")) == NO_ID:
                identifier = number
            yield line, None, identifier, *others
        if names:
            for key in (key for key, name in missing.items() if (key, name) != NO_ID):
                raise self._missing(key, list(names))

    def _parquet(self):
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(self.path, page_checksum_verification=True) as file:
                schema = file.schema_arrow
                positions = self._positions(schema.names)
                for name in (schema.names[at] for at in positions[1:]):
                    kind = schema.field(name).type
                    if pa.types.is_nested(kind) or "binary" in str(kind):  # of whatever width
                        raise UserError(
                            f"{self.path}: the column {name!r} has the type {kind}; expected text"
                        )
                names = [schema.names[at] for at in positions if at is not None]
                number = 0
                for batch in file.iter_batches(batch_size=4096, columns=names):
                    numbers = range(number + 1, number + len(batch) + 1)
                    number += len(batch)
                    values = [_values(batch.column(name)) for name in names]
                    if positions[0] is None:
                        values.insert(0, numbers)
                    for row in zip(*values, strict=True):
                        yield 0, None, *row
                remaining = file.metadata.num_rows - number
                if remaining:
                    raise pa.ArrowInvalid(f"{remaining} rows are missing")
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # the machine's fault
                raise
            raise UserError(
                f"{self.path}: not a valid Parquet file ({error}); copy or write it again"
            ) from None


def _values(column):
    """Return the values of a Parquet column, times as text."""
    import pyarrow as pa

    return (column.cast(pa.string()) if pa.types.is_temporal(column.type) else column).to_pylist()


class _Lines:
    """The lines of a stream, for the reader of ``csv``, counted and kept for the current record.

    ``number`` is that of the last line read. ``record`` has the lines read since the caller
    cleared it, as it does at the start of each; ``give_back`` lets them be read again.
    """

    def __init__(self, stream):
        self.number, self.record = 0, []
        self._stream, self._waiting, self._characters = stream, deque(), 0

    def __iter__(self):
        return self

    def __next__(self):
        if not self.record:
            self._characters = 0
        if self._characters > MAX_CELL:
            raise csv.Error(f"a quote is still open after {MAX_CELL:,} characters")
        line = self._waiting.popleft() if self._waiting else next(self._stream)
        self.number += 1
        self._characters += len(line)
        self.record.append(line)
        return line

    def give_back(self):
        """Let the record's lines be read again, except the first."""
        self._waiting.extendleft(reversed(self.record[1:]))
        self.number -= len(self.record) - 1

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


def _inspect(path):
    """Return a value that changes when the file does; refuse what is not a readable file."""
    try:
        status = path.stat()
        names = sorted(os.listdir(path)) if path.is_dir() else []
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(
            f"{path}: no such file; a relative corpus.path is relative to the working directory"
        ) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    if path.is_dir():
        files = [name for name in names if Path(name).suffix.lower() in ENDINGS]
        contents = f" with the files {quoted(files)}" if files else ""
        raise UserError(f"{path}: a directory{contents}; corpus.path must name a file")
    if not path.is_file():
        raise UserError(f"{path}: not a regular file")
    if not os.access(path, os.R_OK):
        raise UserError(f"{path}: no permission to read it (chmod u+r)")
    if not status.st_size:
        raise UserError(f"{path}: empty; expected one row per tweet")
    return status.st_size, status.st_mtime_ns, status.st_ino


def _format_by_ending(path, head=b""):
    form = ENDINGS.get(unpacked_name(path).suffix.lower())
    if form:
        return form
    _refuse_foreign(path, "csv", "utf-8", head)  # of data.zip, it says more than the name
    raise UserError(
        f"{path}: the file extension {path.suffix!r} is not that of a known format; "
        "set corpus.format to csv, tsv, jsonl or parquet"
    )


def _refuse_foreign(path, form, encoding, head):
    """Refuse a file whose first bytes are another format's, or text of another encoding."""
    if form == "parquet":
        if not head.startswith(b"PAR1"):
            raise UserError(f"{path}: not a Parquet file; set corpus.format to its format")
        return
    for signature, kind in _SIGNATURES.items():
        if head.startswith(signature):
            raise UserError(f"{path}: {kind}; expected {form} as plain text")
    if head.startswith(b"PK\x03\x04"):
        kind = (
            "an Excel workbook (xlsx); save it as CSV in UTF-8"
            if b"[Content_Types].xml" in head or b"xl/" in head
            else "a zip archive; unpack it first (unzip)"
        )
        raise UserError(f"{path}: {kind}; expected {form} as plain text")
    if head.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")):
        raise UserError(f"{path}: a web page, not {form}; download the file itself")
    codec = codec_name(encoding)
    if name := bom_encoding(head):
        if codec.removesuffix("-sig") != name:  # utf-16-le takes the mark for a letter
            raise UserError(
                f"{path}: starts with the byte order mark of {name.upper()}, "
                f"but corpus.encoding is {encoding}; set corpus.encoding to {name}"
            )
        return
    if not codec.startswith(("utf-16", "utf-32")) and head.count(0) > len(head) / 10:
        even, odd = head[::2].count(0), head[1::2].count(0)
        if max(even, odd) > 4 * min(even, odd):
            name = "utf-16-le" if odd > even else "utf-16-be"
            raise UserError(f"{path}: looks like UTF-16; set corpus.encoding to {name}")
        raise UserError(f"{path}: full of NUL bytes: not text, or a damaged copy; copy it again")


def codec_name(encoding, where="corpus."):
    """Return the standard name of a text encoding, of the setting ``where`` + encoding."""
    try:
        "".encode(encoding)  # refuses base64, zip and other codecs that are not text encodings
        return codecs.lookup(encoding).name
    except (LookupError, ValueError):
        raise UserError(
            f"{where}encoding: {encoding!r} is not a text encoding that Python knows; "
            "expected a name such as utf-8, latin-1, cp1252 or utf-16"
        ) from None


def _undecodable(path, line, error, encoding):
    """Return the message for a file that is not in its encoding: where, and what it could be."""
    if not isinstance(error, UnicodeDecodeError):  # UTF-16 without a byte order mark
        return f"{path}: not {encoding} ({error}); set corpus.encoding to its encoding"
    if error.reason in ("unexpected end of data", "truncated data"):
        return f"{path}: ends in the middle of a character; is the copy incomplete? Copy it again"
    source, start = error.object, error.start
    text = f"{path}, line {line}: the byte 0x{source[start]:02x} is not {encoding}"
    if codecs.lookup(encoding).name not in ("utf-8", "ascii"):
        return f"{text}; set corpus.encoding to the file's encoding, such as utf-8 or cp1252"
    passage = source[max(start - 10, 0) : start + 10].decode("latin-1")
    return (
        f"{text}; in Latin-1 the passage reads {passage!r}. If that looks right, set "
        "corpus.encoding to latin-1 (or to cp1252, as Windows uses); else convert the file to UTF-8"
    )
