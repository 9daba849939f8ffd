"""The file of a corpus: what its rows contain in the columns that the config names."""

import os
from pathlib import Path

from tweetrnn.data.formats import (
    ENDINGS,
    HOW,
    check_kind,
    check_unique,
    missing_column,
    open_table,
)
from tweetrnn.data.values import paths
from tweetrnn.errors import UserError
from tweetrnn.files import sha256_of
from tweetrnn.wording import listed, quoted

NO_ID = "id", "tweet_id"  # the key and the column without which rows are numbered
_MAX_KEYS = 1_000  # keys of JSON objects kept for a message


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

    ``line`` and ``fault`` are those of a ``Table``'s row. The others are what the file contains, in
    the order of ``columns``, None where missing; where the file has no ids, the row's number, from
    1. Afterwards ``sha256``, ``size`` (bytes) and ``form`` (one of FORMATS) are the file's.

    Args:
        path: the file, a Path.
        config: the config's section ``corpus``, complete.
    """

    def __init__(self, path, config):
        self.path, self.config = path, config
        self.columns = named_columns(config["columns"])
        self.sha256, self.size, self.form = None, None, None

    def __iter__(self):
        named = [name for name in self.columns.values() if name is not None]
        for name in named:
            keys = [f"corpus.columns.{key}" for key in self.columns if self.columns[key] == name]
            if len(keys) > 1:
                raise UserError(
                    f"{listed(keys)} name the same column, {name!r}; name different columns"
                )
        needed = [name for key, name in self.columns.items() if name and (key, name) != NO_ID]
        before = _inspect(self.path)
        self.sha256, self.size = sha256_of(self.path), self.path.stat().st_size
        how = {key: self.config[key] for key in HOW}
        with self.path.open("rb") as stream:
            table = open_table(stream, self.path, how, "corpus", named, False, needed)
            self.form = table.form
            if table.names is None:
                yield from self._objects(table)
            else:
                yield from self._rows(table)
        if before != _inspect(self.path):
            raise UserError(f"{self.path}: changed while it was read; run again")

    def _rows(self, table):
        """Yield the rows of a table with a header."""
        settings = {name: f"corpus.columns.{key}" for key, name in self.columns.items() if name}
        check_unique(self.path, table, settings, settings)
        for key, name in self.columns.items():
            if name in table.names:
                if key != "id":
                    check_kind(self.path, table, name)
            elif name and (key, name) != NO_ID:
                raise self._missing(table, key, table.all_names())
        numbered = self.columns["id"] not in table.names
        for number, (line, fault, row) in enumerate(table.rows, 1):
            yield line, fault, *self._values(row, fault, number if numbered else None)

    def _values(self, row, fault, number):
        """Return a row's values; ``number``, if not None, is its id."""
        if fault:
            return [None] * len(self.columns)
        identifier, *others = map(row.get, self.columns.values())
        return [identifier if number is None else number, *others]

    def _objects(self, table):
        """Yield the rows of JSON Lines, of which each has its own columns."""
        # A key counts as missing until a row has it; till then the rows' numbers are their ids.
        missing = {key: name for key, name in self.columns.items() if name is not None}
        names = {}
        for number, (line, fault, row) in enumerate(table.rows, 1):
            if missing and not fault:
                missing = {key: name for key, name in missing.items() if name not in row}
                if len(names) < _MAX_KEYS:
                    names.update(dict.fromkeys(paths(row)))
            numbered = self.columns["id"] is None or ("id", missing.get("id")) == NO_ID
            yield line, fault, *self._values(row, fault, number if numbered else None)
        if names:
            for key in (key for key, name in missing.items() if (key, name) != NO_ID):
                raise self._missing(table, key, list(names))

    def _missing(self, table, key, names):
        private = "user" in self.columns  # a row, shown, would have a user's name
        setting = f"corpus.columns.{key}"
        wanted, name = self.columns.values(), self.columns[key]
        return missing_column(self.path, table, name, names, setting, "corpus", wanted, private)


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
