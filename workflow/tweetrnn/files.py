"""Files that are either whole or absent: every writer writes beside its target and renames.

JSON objects and Parquet files hold a checksum of themselves, which every reader here checks; other
files are named with their sha256 in the JSON of the stage that wrote them.
"""

import hashlib
import json
import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from tweetrnn.errors import UserError

CHECKSUM = "checksum"  # the key of a JSON object
_DIGEST_KEY = b"file-sha256"  # in a Parquet file's key-value metadata
_DIGEST_MARK = _DIGEST_KEY + b"\x18\x40"  # there, in Thrift's compact form: a text of 64 bytes
_NO_DIGEST = b"0" * 64


@contextmanager
def replacing(path):
    """Yield a temporary path beside ``path``; rename it to ``path`` when the block succeeds.

    When the block fails the temporary file goes and ``path`` stays as it was. What a writer that
    was killed left beside ``path`` goes first.

    Raises:
        OSError: the disk is full, the folder read-only or the like; it names ``path``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for litter in path.parent.glob(f".{path.name}.*.part"):
        litter.unlink(missing_ok=True)
    with naming(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
        beside = Path(name)
        try:
            yield beside
            umask = os.umask(0)
            os.umask(umask)
            beside.chmod(
                0o666 & ~umask
            )  # mkstemp made it private; colleagues share a results folder
            beside.replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                beside.unlink()
            raise


@contextmanager
def naming(path):
    """Have an OSError of the block name ``path`` where it names no file, or one beside it."""
    try:
        yield
    except OSError as error:
        if error.filename is None or str(error.filename).endswith(".part"):
            error.filename, error.filename2 = str(path), None
        raise


@contextmanager
def unchanged(path):
    """Let the block read ``path``; refuse what it read if the file changed meanwhile.

    Raises:
        UserError: it did, or is gone.
    """

    def state():
        with suppress(OSError):
            found = os.stat(path)
            return found.st_ino, found.st_size, found.st_mtime_ns

    before = state()
    yield
    if state() != before:
        raise UserError(
            f"{path}: changed while it was read; run again when nothing writes it any more"
        )


def write_text(path, text):
    """Write ``text`` (UTF-8) to ``path``, whole or not at all."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def _dumped(value):
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _checksum(value):
    return hashlib.sha256(_dumped(value).encode()).hexdigest()[:16]


def json_text(value):
    """Return ``value`` as indented JSON; an object gets its checksum as a last key.

    Raises:
        ValueError: NaN or an infinity, which JSON does not have.
    """
    return _dumped({**value, CHECKSUM: _checksum(value)} if isinstance(value, dict) else value)


def write_json(path, value):
    """Write ``json_text`` of ``value``, whole or not at all."""
    write_text(path, json_text(value))


def read_json(path):
    """Return the JSON value in ``path``, without its checksum.

    Raises:
        UserError: the file is absent, is not JSON, or is not what was written.
    """
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _absent(path) from None
    except ValueError as error:
        raise damaged(path, f"not JSON: {error}") from None
    told = value.pop(CHECKSUM, None) if isinstance(value, dict) else None
    if told is not None and told != _checksum(value):
        raise damaged(path, "it does not have its checksum")
    return value


def defused(text):
    """Return a text for a CSV cell that no spreadsheet takes for a formula.

    Source: OWASP, "CSV Injection".
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def save_array(path, array):
    """Save a numpy array as ``.npy``, whole or not at all."""
    with writing_array(path, array.shape, array.dtype) as append:
        append(array)


@contextmanager
def parquet_writer(path, schema):
    """Yield a ``pyarrow.parquet.ParquetWriter`` for ``path``; the same rows give the same bytes.

    The finished file's metadata hold the sha256 that it has with zeros in that very place.
    """
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True) as writer:
        yield writer
        writer.add_key_value_metadata({_DIGEST_KEY: _NO_DIGEST})
    with Path(path).open("r+b") as file:
        place = _place_of_digest(file)
        digest = _digest_around(file, place)
        file.seek(place)
        file.write(digest)


def _place_of_digest(file):
    """Return where in an open Parquet file its own digest stands, or None.

    The footer ends the file: the metadata, their length in 4 bytes, and 4 bytes of magic.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 8, 0))
    length = min(int.from_bytes(file.read(4), "little") + 8, size)
    file.seek(size - length)
    found = file.read(length).rfind(_DIGEST_MARK)
    return None if found < 0 else size - length + found + len(_DIGEST_MARK)


def _digest_around(file, place):
    """Return the file's sha256 in hexadecimal, with zeros where it stands itself."""
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(min(1 << 20, place - file.tell())):
        digest.update(chunk)
    digest.update(_NO_DIGEST)
    file.seek(len(_NO_DIGEST), os.SEEK_CUR)
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest().encode()


def write_parquet(path, table):
    """Write a pyarrow Table as Parquet, whole or not at all."""
    with replacing(path) as beside, parquet_writer(beside, table.schema) as writer:
        writer.write_table(table)


@contextmanager
def open_parquet(path):
    """Yield ``path`` as an open ``pyarrow.parquet.ParquetFile``; its checksums are checked.

    Raises:
        UserError: the file is absent or damaged (also when that shows only while it is read).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with Path(path).open("rb") as file:
            place = _place_of_digest(file)
            if place is not None:
                digest = _digest_around(file, place)
                file.seek(place)
                if file.read(len(digest)) != digest:
                    raise damaged(path, "it does not have its checksum")
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            yield file
    except FileNotFoundError:
        raise _absent(path) from None
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the machine's fault: let it be
            raise
        raise damaged(path, error) from None


def read_parquet(path, columns=None):
    """Return the columns of a Parquet file as a pyarrow Table.

    Raises:
        UserError: the file is absent or damaged, or lacks a column.
    """
    with open_parquet(path) as file:
        lacking = set(columns or ()) - set(file.schema_arrow.names)
        if lacking:
            raise damaged(path, f"it lacks the column {', '.join(sorted(lacking))}")
        return file.read(columns=columns)


def load_array(path):
    """Return a ``.npy`` file as a read-only array that stays on disk (memory-mapped).

    Raises:
        UserError: the file is absent or damaged.
    """
    import numpy as np

    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise _absent(path) from None
    except (ValueError, EOFError) as error:
        raise damaged(path, error) from None


@contextmanager
def writing_array(path, shape, dtype):
    """Yield ``append(rows)``, which adds rows to the ``.npy`` file of that shape, in order.

    Plain writes and no memory map: on a full disk a write fails, a mapped page kills the process.
    """
    import numpy as np

    dtype, due = np.dtype(dtype), shape[0]
    with replacing(path) as beside, beside.open("wb") as stream:
        np.lib.format.write_array_header_1_0(
            stream,
            {
                "descr": np.lib.format.dtype_to_descr(dtype),
                "fortran_order": False,
                "shape": tuple(map(int, shape)),
            },
        )

        def append(rows):
            nonlocal due
            rows = np.ascontiguousarray(rows, dtype=dtype)
            if rows.shape[1:] != tuple(shape[1:]) or len(rows) > due:
                raise ValueError(f"{path}: rows of shape {rows.shape} do not fit {shape}")
            due -= len(rows)
            stream.write(rows.data)

        yield append
        if due:
            raise ValueError(f"{path}: {due} of {shape[0]} rows were not written")


def sha256_of(path):
    """Return the file's sha256 in lower-case hexadecimal."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_digest(path, expected):
    """Refuse a file that is not what its stage wrote.

    Raises:
        UserError: the file is absent or its sha256 is another one.
    """
    try:
        found = sha256_of(path)
    except FileNotFoundError:
        raise _absent(path) from None
    if found != expected:
        raise damaged(path, f"its sha256 is {found}, not {expected} as when it was written")


def damaged(path, reason):
    """Return the UserError for a file that a stage wrote and that no longer reads as it should."""
    return UserError(
        f"{path}: damaged ({reason}); delete the file and run again, which makes it anew"
    )


def _absent(path):
    return UserError(f"{path}: no such file; run the stage that makes it first")
