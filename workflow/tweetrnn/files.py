"""Reading and writing files: a file is complete or absent, and a damaged one is refused.

Every writer writes to a temporary file next to its target and renames it at the end. A JSON object
contains its own checksum, which ``read_json`` checks. The sha256 of every other file is in the
JSON file of the stage that wrote it; readers pass it to ``read_parquet``, ``load_array`` or
``check_digest``.
"""

import errno
import hashlib
import json
import os
import re
import shlex
import shutil
import socket
import tempfile
import zlib
from contextlib import contextmanager
from pathlib import Path

from tweetrnn.errors import UserError, of_the_machine

_MACHINE = f"{zlib.crc32(socket.gethostname().encode()):08x}"
CHECKSUM = "checksum"  # the key of a JSON object
RECREATE = "; delete the file and run: "  # what ``damaged`` says to do
# The environment variable with Snakemake's options for the experiment; the rules set it.
SNAKEMAKE_OPTIONS = "TWEETRNN_SNAKEMAKE_OPTIONS"


@contextmanager
def replacing(path):
    """Yield a temporary path; when the block succeeds, what it wrote becomes ``path``'s content.

    The temporary file is next to ``path``, or to what it links to, and is renamed; when the block
    fails, it is deleted and ``path`` stays as it was. Temporary files of this machine's killed
    writers are deleted first. A pipe or a device is not replaced: it is written to at the end.

    Raises:
        OSError: the disk is full, the folder read-only or the like; it names ``path``.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    number = _stream(path)
    if number is not None or (path.exists() and not path.is_file()):
        with _writing_through(path, number) as temporary:
            yield temporary
        return
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if target.is_symlink():  # to itself
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    _delete_leftovers(target)
    with naming(path):
        handle, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name}.{_MACHINE}-{os.getpid()}.", suffix=".part"
        )
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            umask = os.umask(0)
            os.umask(umask)
            # mkstemp made it private; colleagues share a results folder.
            temporary.chmod(0o666 & ~umask)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _stream(path):
    """Return the number of the open file that ``path``, such as /dev/stdout, stands for, or None.

    Opening the path would empty a file that the caller appends to.
    """
    opened = os.path.realpath("/proc/self/fd")
    for _ in range(40):  # as many links as Linux follows
        if os.path.realpath(path.parent) == opened:
            return int(path.name) if path.exists() else None
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None


@contextmanager
def _writing_through(path, number):
    """Yield a temporary path; write its content to ``path`` when the block succeeds.

    ``number`` is that of the open file that ``path`` stands for, or None.
    """
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder, "content")
        yield temporary
        to = path if number is None else os.dup(number)
        with naming(path), temporary.open("rb") as source, open(to, "wb") as stream:
            shutil.copyfileobj(source, stream)


def _delete_leftovers(target):
    """Delete temporary files that ``replacing`` made for ``target`` before its process was killed.

    Those of other machines are left alone: whether their processes live cannot be seen here.
    """
    own = re.compile(rf"\.{re.escape(target.name)}\.{_MACHINE}-(\d+)\.\w{{8}}\.part")
    for leftover in target.parent.iterdir():
        if match := own.fullmatch(leftover.name):
            try:
                os.kill(int(match[1]), 0)
            except ProcessLookupError:
                leftover.unlink(missing_ok=True)
            except (PermissionError, OverflowError):  # another user's process; no pid at all
                pass


@contextmanager
def naming(path):
    """Let an OSError of the block name ``path`` if it names no file or a temporary one."""
    try:
        yield
    except OSError as error:
        if error.filename is None or str(error.filename).endswith(".part"):
            error.filename, error.filename2 = str(path), None
        raise


def write_text(path, text):
    """Write ``text`` to ``path`` in UTF-8."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _dumps(value):
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _checksum(value):
    return hashlib.sha256(_dumps(value).encode()).hexdigest()[:16]


def json_text(value):
    """Return ``value`` as indented JSON; an object gets its checksum as its last key.

    Raises:
        ValueError: NaN or an infinity, which JSON does not have.
    """
    return _dumps({**value, CHECKSUM: _checksum(value)} if isinstance(value, dict) else value)


def write_json(path, value):
    """Write ``json_text`` of ``value``."""
    write_text(path, json_text(value))


def read_json(path, by_hand=False):
    """Return the JSON value in ``path``, without its checksum.

    ``by_hand`` allows an object without one, which somebody may have written.

    Raises:
        UserError: the file is absent, is not JSON, or does not match its checksum.
    """
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
        matches = True
        if isinstance(value, dict):
            checksum = value.pop(CHECKSUM, None)
            matches = (by_hand and checksum is None) or checksum == _checksum(value)
    except FileNotFoundError:
        raise _absent(path) from None
    except ValueError as error:
        raise damaged(path, f"not JSON: {error}") from None
    except RecursionError:
        raise damaged(path, "nested too deeply") from None
    if not matches:
        raise damaged(path, "its content does not match its checksum")
    return value


def defused(text):
    """Return a text for a CSV cell that no spreadsheet takes for a formula.

    Source: OWASP, "CSV Injection".
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def parquet_writer(path, schema):
    """Return a ``pyarrow.parquet.ParquetWriter``; the same rows always give the same bytes.

    It writes to ``path`` itself, so that should come from ``replacing``.
    """
    import pyarrow.parquet as pq

    return pq.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True)


def write_parquet(path, table):
    """Write a pyarrow Table as Parquet."""
    with replacing(path) as temporary, parquet_writer(temporary, table.schema) as writer:
        writer.write_table(table)


@contextmanager
def open_parquet(path, sha256=None):
    """Yield ``path`` as an open ``pyarrow.parquet.ParquetFile``.

    ``sha256`` is what it was when the file was written. Without it only the checksums in the file
    are checked, which do not cover all of it.

    Raises:
        UserError: the file is absent or damaged (also when that shows only while it is read).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if sha256 is not None:
        check_digest(path, sha256)
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            yield file
    except FileNotFoundError:
        raise _absent(path) from None
    except (pa.ArrowException, OSError) as error:
        if of_the_machine(error):
            raise
        raise damaged(path, error) from None


def read_parquet(path, columns=None, sha256=None):
    """Return these columns (by default all) of a Parquet file as a pyarrow Table.

    Raises:
        UserError: the file is absent or damaged (as in ``open_parquet``), or lacks a column.
    """
    with open_parquet(path, sha256) as file:
        missing = set(columns or ()) - set(file.schema_arrow.names)
        if missing:
            raise damaged(path, f"it lacks the column {', '.join(sorted(missing))}")
        return file.read(columns=columns)


def load_array(path, sha256=None):
    """Return a ``.npy`` file as a read-only array that stays on disk (memory-mapped).

    Raises:
        UserError: the file is absent or damaged (``sha256`` is what it was when written).
    """
    import numpy as np

    if sha256 is not None:
        check_digest(path, sha256)
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise _absent(path) from None
    except (ValueError, EOFError) as error:
        raise damaged(path, error) from None


def save_array(path, array):
    """Save a numpy array as ``.npy``."""
    with writing_array(path, array.shape, array.dtype) as append:
        append(array)


@contextmanager
def writing_array(path, shape, dtype):
    """Yield ``append(rows)``, which adds rows to a ``.npy`` file of that shape, in order.

    It writes and maps no memory: on a full disk a write fails, but a mapped page kills the process.
    """
    import numpy as np

    dtype, remaining = np.dtype(dtype), shape[0]
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False}
    header["shape"] = tuple(map(int, shape))
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)

        def append(rows):
            nonlocal remaining
            rows = np.ascontiguousarray(rows, dtype=dtype)
            if rows.shape[1:] != tuple(shape[1:]) or len(rows) > remaining:
                raise ValueError(f"{path}: rows of shape {rows.shape} do not fit {shape}")
            remaining -= len(rows)
            stream.write(rows.data)

        yield append
        if remaining:
            raise ValueError(f"{path}: {remaining} of {shape[0]} rows were not written")


def sha256_of(path):
    """Return the file's sha256 in lower-case hexadecimal."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_digest(path, expected):
    """Raise UserError if a file is absent or does not have the expected sha256."""
    try:
        actual = sha256_of(path)
    except FileNotFoundError:
        raise _absent(path) from None
    if actual != expected:
        raise damaged(path, f"its sha256 is {actual}, not {expected} as when it was written")


def damaged(path, reason):
    """Return the UserError for a file that is no longer what a stage wrote."""
    reason = " ".join(str(reason).split())  # Arrow's have several lines
    return UserError(f"{path}: damaged ({reason}){RECREATE}{making(path)}")


def making(path):
    """Return the command that makes a file of the results; a run would only if it needs the file.

    The file comes first: Snakemake takes what follows --configfile for another config.
    """
    options = os.environ.get(SNAKEMAKE_OPTIONS, "--configfile CONFIG")
    return f"snakemake {shlex.quote(str(path))} --cores all {options}".rstrip()


def _absent(path):
    return UserError(f"{path}: no such file; make it with: {making(path)}")
