"""The report's tables as files."""

import pandas as pd
from example_report import example_report
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.sections import sections_of
from tweetrnn.reporting.table_files import write_tables

TABLE = doc.Table(
    "one",
    "caption",
    [*doc.columns(cell="cell", n="n"), *doc.columns(doc.signed_between, interval="interval")],
    [
        {"cell": "LSTM", "n": 1, "interval": [0.123456789, 0.2], "hidden": 3},
        {"cell": "=1+1", "n": None, "interval": None},
    ],
)


def test_columns_are_keys_and_intervals_have_two(tmp_path):
    write_tables([TABLE], tmp_path)
    table = pd.read_parquet(tmp_path / "one.parquet")
    assert list(table)[:4] == ["cell", "n", "interval_low", "interval_high"]
    assert table["interval_low"][0] == 0.123456789
    assert pd.isna(table["n"][1]) and pd.isna(table["interval_high"][1])


def test_csv_has_no_formulas(tmp_path):
    write_tables([TABLE], tmp_path)
    assert "'=1+1" in (tmp_path / "one.csv").read_text()


def test_every_table_of_a_report_can_be_written(tmp_path):
    tables = [
        table
        for section in sections_of(example_report(on_other_splits=True))
        for table in section.tables()
    ]
    write_tables(tables, tmp_path)
    assert {path.stem for path in tmp_path.glob("*.csv")} == {table.name for table in tables}
    for table in tables:
        assert len(pd.read_csv(tmp_path / f"{table.name}.csv")) == len(table.rows)
