"""The rows of a Parquet file."""

import contextlib
import math

import pyarrow as pa
import pyarrow.parquet as pq

from tweetrnn.data.values import normalized, spelled, with_names
from tweetrnn.errors import UserError, of_the_machine

BATCH = 4096  # rows in memory at a time


def parquet_table(file, name, names, others):
    """Return (the columns' names, their types, an iterator over the rows) of a Parquet file.

    A row is (0, None, dict), as Parquet has no lines; times are text, NaN is None. The rows can be
    read only if no two columns to read have the same name.

    Args:
        file: open for reading bytes at any place.
        name: of the file, for messages.
        names: those of columns that may have another form or be nested, as of ``with_names``.
        others: whether rows have the other columns, too.

    Raises:
        UserError: it is not a valid Parquet file.
    """
    with _damage_refused(name):
        parquet = pq.ParquetFile(file, page_checksum_verification=True)
        schema = parquet.schema_arrow
    found = spelled(schema.names, names)
    kinds = dict(zip(found, schema.types, strict=True))
    inner = {each: _inner_type(kinds, each) for each in names if each not in found}
    inner = {each: kind for each, kind in inner.items() if kind}
    wanted = {*names, *(each.partition(".")[0] for each in names)}
    keys = {
        column: key
        for column, key in zip(schema.names, found, strict=True)
        if others or key in wanted
    }
    return [*found, *inner], [*schema.types, *inner.values()], _rows(parquet, name, keys, [*inner])


def _inner_type(kinds, name):
    """Return the type of a column inside another, such as ``user.name``; None if there is none."""
    top, *parts = name.split(".")
    kind = kinds.get(top)
    for part in parts:
        inside = kind if kind and pa.types.is_struct(kind) else ()
        same = [each.type for each in inside if normalized(each.name) == normalized(part)]
        kind = same[0] if len(same) == 1 else None
    return kind


def _rows(parquet, name, keys, nested):
    """Yield the rows with the columns ``keys`` ({name in the file: in a row}) and ``nested``."""
    number = 0
    with _damage_refused(name):
        for batch in parquet.iter_batches(batch_size=BATCH, columns=list(keys)):
            number += len(batch)
            values = [_values(batch.column(column)) for column in keys]
            for cells in zip(*values, strict=True):
                row = dict(zip(keys.values(), cells, strict=True))
                yield 0, None, with_names(row, nested) if nested else row
        if remaining := parquet.metadata.num_rows - number:
            raise pa.ArrowInvalid(f"{remaining} rows are missing")


@contextlib.contextmanager
def _damage_refused(name):
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if of_the_machine(error):
            raise
        raise UserError(
            f"{name}: not a valid Parquet file ({error}); copy or write it again"
        ) from None


def _values(column):
    """Return the values of a column as JSON could have them, apart from bytes and decimals."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    kind = _with_times_as_text(column.type)
    values = (column if kind == column.type else column.cast(kind)).to_pylist()
    may_be_infinite = pa.types.is_floating(kind) or pa.types.is_nested(kind)
    return [_finite(value) for value in values] if may_be_infinite else values


def _with_times_as_text(kind):
    """Return a type with text in place of times, of which Python has no nanoseconds."""
    if pa.types.is_temporal(kind):
        return pa.string()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_with_times_as_text(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([each.with_type(_with_times_as_text(each.type)) for each in kind])
    return kind


def _finite(value):
    """Return a value without NaN (None instead) and infinities (text), which JSON does not have."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if isinstance(value, list):
        return [_finite(each) for each in value]
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    return value
