"""The one reader of files: CSV, TSV, JSON Lines or Parquet, of any size, in little memory.

A corpus is read with it (``corpus_file``), and so are the files to predict (``records``).
"""

import difflib
import io
import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tweetrnn.data.delimited import OTHERS, delimited
from tweetrnn.data.foreign import refuse_foreign
from tweetrnn.data.json_lines import json_rows
from tweetrnn.data.parquet_rows import parquet_table
from tweetrnn.data.text_lines import (
    bom_encoding,
    codec_name,
    damaged_gzip_refused,
    text_lines,
    unpacked,
)
from tweetrnn.data.values import normalized, spelled
from tweetrnn.errors import UserError
from tweetrnn.wording import quoted, setting, shown

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
FORMATS = tuple(dict.fromkeys(ENDINGS.values()))
# How a file is written if nothing else is said: the schema's defaults of these keys.
HOW = {
    "format": "auto",
    "encoding": None,
    "delimiter": None,
    "quoting": True,
    "backslash": False,
    "skip_blanks": False,
}


@dataclass
class Table:
    """What an open file contains.

    rows: an iterator of (line, fault, row). ``line`` is where the row starts in the file (0 in
        Parquet, which has no lines). ``fault`` says why the row cannot be read; it is None if it
        can. ``row`` is then a dict of what the file contains: text, or any JSON value, bytes and
        decimals, too.
    form: one of FORMATS.
    names: of the columns; None in JSON Lines, where each row has its own.
    kinds: the columns' types in Parquet.
    delimiter: of CSV and the like.
    """

    rows: Any
    form: str
    names: list | None = None
    kinds: list = field(default_factory=list)
    delimiter: str | None = None

    def kind_of(self, name):
        """Return the type of a column in Parquet; None if it has none of its own."""
        return dict(zip(self.names, self.kinds, strict=False)).get(name)

    def all_names(self):
        """Return the columns' names for a message, those in Parquet's structs as user.name."""
        names = []
        for name, kind in itertools.zip_longest(self.names, self.kinds):
            inner = kind if str(kind).startswith("struct") else ()
            names += [f"{name}.{each.name}" for each in inner] or [name]
        return names


def open_table(stream, name, how, section, names, others, needed=None):
    """Return the Table of a binary stream, which may be compressed with gzip.

    Args:
        name: of the file, for messages; its ending decides about the format auto.
        how: the keys of HOW.
        section: of the config, corpus or predict, whose keys a message names.
        names: those of columns that are read under these names, even where the file has them in
            another Unicode form, or nested in one another (``user.name``).
        others: whether rows have the other columns, too.
        needed: the names that a header must have (default: all).

    Raises:
        UserError: it is not such a file.
    """
    stream, head = unpacked(stream, name)
    form = how["format"]
    if form == "auto":
        form = form_of(name, head, section)
    refuse_foreign(name, form, how["encoding"], head, section)
    if form == "parquet":
        file = _with_any_place(stream, name)
        found, kinds, rows = parquet_table(file, name, names, others)
        return Table(rows, form, found, kinds)
    encoding = how["encoding"] or bom_encoding(head) or "utf-8"
    codec_name(encoding, section)
    lines = text_lines(stream, name, encoding, section)
    if form == "jsonl":
        return Table(json_rows(lines, name, names), form)
    needed = {normalized(each) for each in (names if needed is None else needed)}

    def is_header(found):
        return needed <= {normalized(each) for each in found}

    found, delimiter, rows = delimited(lines, name, form, how, section, is_header)
    found = spelled(found, names)
    return Table(_as_dicts(rows, found), form, found, delimiter=delimiter)


def _with_any_place(stream, name):
    """Return a stream in which any place can be read: itself, or its content in memory."""
    if isinstance(stream, io.BufferedReader) and stream.seekable():
        return stream
    with damaged_gzip_refused(name):
        return io.BytesIO(stream.read())


def _as_dicts(rows, names):
    for line, fault, cells in rows:
        yield line, fault, cells if fault else dict(zip(names, cells, strict=True))


def form_of(path, head=b"", section="corpus"):
    """Return the format that a file's ending stands for, one of FORMATS.

    Raises:
        UserError: it stands for none of them, or the first bytes are another format's.
    """
    if form := ENDINGS.get(unpacked_name(path).suffix.lower()):
        return form
    refuse_foreign(path, "csv", None, head, section)  # of data.zip, it says more than the name
    raise UserError(
        f"{path}: the file extension {Path(path).suffix!r} is not that of a known format; "
        f"{setting(section, 'format', 'csv, tsv, jsonl or parquet')}"
    )


def unpacked_name(path):
    """Return a path without the ending .gz."""
    path = Path(path)
    return path.with_suffix("") if path.suffix.lower() == ".gz" else path


def check_unique(path, table, names, settings=None):
    """Refuse a file of which two columns have the same one of ``names``.

    ``settings``, {name: setting}, says for a message what the columns are used for.
    """
    found = [normalized(each) for each in table.names or ()]
    for name in names:
        count = found.count(normalized(name))
        if count > 1:
            used = f" ({settings[name]})" if settings else ""
            raise UserError(
                f"{path}: {count} columns are called {name!r}{used}; rename all but one"
            )


def check_kind(path, table, name):
    """Refuse a Parquet file whose column ``name`` cannot be text: of bytes, lists and the like."""
    kind = str(table.kind_of(name))
    if "binary" in kind or kind.startswith(("list", "large_list", "fixed_size", "struct", "map")):
        raise UserError(
            f"{path}: the column {name!r} has the type {kind}; expected text (write it as a column "
            "of strings)"
        )


def missing_column(path, table, name, names, how, section, wanted, private=False):
    """Return the UserError for a file without the column ``name``.

    Args:
        names: the columns that it has.
        how: what sets the column's name, as the subject of a sentence in the imperative.
        section: of the config, corpus or predict.
        wanted: all columns that are looked for.
        private: whether names may be those of people, if the first row is no header.
    """
    headless = table.delimiter and not {*names} & {*wanted}
    if headless and private:
        return UserError(
            f"{path}: no column {name!r} ({how}), nor any other of corpus.columns. Is the first "
            "line a header, and corpus.delimiter right?"
        )
    others = [each for each in OTHERS if len(names) == 1 and each in names[0]]
    if table.delimiter and others:
        delimiter = {"\t": r'"\t"'}.get(others[0], f"'{others[0]}'")
        return UserError(
            f"{path}: no column {name!r}, but one called {shown(names[0])}. If columns are "
            f"separated by {others[0]!r}, {setting(section, 'delimiter', delimiter)}"
        )
    folded = {each.casefold(): each for each in names if each not in wanted}
    similar = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.55)
    meant = f"; did you mean {folded[similar[0]]!r}?" if similar else "."
    hint = " Is the first line a header?" if headless else ""
    return UserError(
        f"{path}: no column {name!r}{meant} Set {how} to one of the file's columns: "
        f"{quoted(list(names))}.{hint}"
    )
