"""Files that are either whole or absent: every writer writes beside its target and renames."""

import hashlib
import json
import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from tweetrnn.errors import UserError


@contextmanager
def replacing(path):
    """Yield a temporary path beside ``path``; rename it to ``path`` when the block succeeds.

    When the block fails the temporary file goes and ``path`` stays as it was. What a writer that
    was killed left beside ``path`` goes first.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for litter in path.parent.glob(f".{path.name}.*.part"):
        litter.unlink(missing_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        umask = os.umask(0)
        os.umask(umask)
        beside.chmod(0o666 & ~umask)  # mkstemp made it private; colleagues share a results folder
        beside.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            beside.unlink()
        raise


def write_text(path, text):
    """Write ``text`` (UTF-8) to ``path``, whole or not at all."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def write_json(path, value):
    """Write ``value`` as indented JSON; refuses NaN and infinities, which JSON does not have."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path):
    """Return the JSON value in ``path``.

    Raises:
        UserError: the file is absent or is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _absent(path) from None
    except ValueError as error:
        raise damaged(path, f"not JSON: {error}") from None


def defused(text):
    """Return a text for a CSV cell that no spreadsheet takes for a formula.

    Source: OWASP, "CSV Injection".
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def save_array(path, array):
    """Save a numpy array as ``.npy``, whole or not at all."""
    import numpy as np

    with replacing(path) as beside, beside.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)


def write_parquet(path, table):
    """Write a pyarrow Table or a pandas DataFrame as Parquet; the same rows give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not isinstance(table, pa.Table):
        table = pa.Table.from_pandas(table, preserve_index=False)
    with replacing(path) as beside:
        pq.write_table(table, beside, compression="zstd", write_page_checksum=True)


@contextmanager
def open_parquet(path):
    """Yield ``path`` as an open ``pyarrow.parquet.ParquetFile``; its pages' checksums are checked.

    Raises:
        UserError: the file is absent or damaged (also when that shows only while it is read).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
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
