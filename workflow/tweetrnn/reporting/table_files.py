"""The report's tables as files: each as CSV and as Parquet, with the values unrounded."""

import pandas as pd
import pyarrow as pa

from tweetrnn.files import defused, replacing, write_parquet


def write_tables(tables, folder):
    """Write ``NAME.csv`` and ``NAME.parquet`` of each Table into ``folder``, which exists."""
    for table in tables:
        frame = pd.DataFrame(plain(table))
        arrow = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
        write_parquet(folder / f"{table.name}.parquet", arrow)
        with replacing(folder / f"{table.name}.csv") as temporary:
            texts = frame.select_dtypes(["object", "string"])
            safe = frame.assign(**{name: texts[name].map(cell) for name in texts})
            safe.to_csv(temporary, index=False, lineterminator="\n")


def plain(table):
    """Return {key: values} of a Table's columns; intervals become KEY_low and KEY_high."""
    columns = {}
    for column in table.columns:
        values = [row.get(column.key) for row in table.rows]
        lengths = {len(value) for value in values if isinstance(value, list | tuple)}
        if not lengths:
            columns[column.key] = values
        for place in range(max(lengths, default=0)):
            end = ("low", "high")[place] if lengths == {2} else place
            columns[f"{column.key}_{end}"] = [value and value[place] for value in values]
    return columns


def cell(value):
    """Return a text so that no spreadsheet takes it for a formula; other values as they are."""
    return defused(value) if isinstance(value, str) else value
