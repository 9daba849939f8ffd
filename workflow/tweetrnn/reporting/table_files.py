"""The report's tables as files: each as CSV and as Parquet, with the values unrounded."""

import pandas as pd
import pyarrow as pa

from tweetrnn.files import defused, replacing, write_parquet


def write_tables(tables, folder):
    """Write ``NAME.csv`` and ``NAME.parquet`` of each Table into ``folder``, which exists."""
    for table in tables:
        frame = pd.DataFrame([plain(row, table.columns) for row in table.rows])
        arrow = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
        write_parquet(folder / f"{table.name}.parquet", arrow)
        with replacing(folder / f"{table.name}.csv") as temporary:
            texts = frame.select_dtypes(["object", "string"])
            safe = frame.assign(**{name: texts[name].map(cell) for name in texts})
            safe.to_csv(temporary, index=False, lineterminator="\n")


def plain(row, columns):
    """Return a row's values by their keys; an interval [low, high] as KEY_low and KEY_high."""
    values = {}
    for column in columns:
        value = row.get(column.key)
        if isinstance(value, list | tuple):
            ends = ("low", "high") if len(value) == 2 else range(len(value))
            values |= {f"{column.key}_{end}": v for end, v in zip(ends, value, strict=True)}
        else:
            values[column.key] = value
    return values


def cell(value):
    """Return a text so that no spreadsheet takes it for a formula; other values as they are."""
    return defused(value) if isinstance(value, str) else value
