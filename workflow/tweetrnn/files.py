"""Files that are either whole or absent: every writer writes beside its target and renames."""

import json
import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from tweetrnn.errors import UserError


@contextmanager
def replacing(path):
    """Yield a temporary path beside ``path``; rename it to ``path`` when the block succeeds.

    When the block fails the temporary file goes and ``path`` stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
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
        raise UserError(f"{path}: no such file; run the stage that makes it first") from None
    except ValueError as error:
        raise UserError(
            f"{path}: not JSON ({error}); delete the file and run again, which makes it anew"
        ) from None


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
        pq.write_table(table, beside, compression="zstd")
