"""The tables of runs and of epochs: pandas DataFrames, stored as CSV and as Parquet.

Numbers are float64, NaN where there is none; whole numbers that may be missing are Int64. Figures
are those of the validation set unless their name says train; the test set's are in neither table,
so that nobody can choose a run by them.
"""

import hashlib

from tweetrnn.evaluation.metrics import PREDICTION_METRICS
from tweetrnn.files import read_json, read_parquet, replacing, write_parquet
from tweetrnn.grid import Run
from tweetrnn.metrics import EPOCH_METRICS, HISTORY

KEY = {"cell": "str", "combination": "str", "replicate": "int64"}  # which run it is

# {column: dtype} of what a run with results has: of each metric over its epochs, and at its best
# epoch, whose weights were kept.
FIGURES = dict.fromkeys(
    [
        *(f"{kind}_{name}" for name in EPOCH_METRICS for kind in ("mean", "best", "last")),
        *(
            f"{subset}_{name}_at_{when}"
            for name in ("loss", "accuracy")
            for subset in ("train", "validation")
            for when in ("best", "last")
        ),
        *(f"{name}_at_best" for name in PREDICTION_METRICS),
    ],
    "float64",
)
RUNS = {
    "rank": "int64",
    "rank_in_cell": "int64",
    **KEY,
    "recurrent_layers": "int64",
    "dense_layers": "int64",
    "dropout": "bool",
    "regularization": "bool",
    "learning_rate": "float64",
    "reference_tuple": "str",
    "status": "str",  # finished, diverged or missing
    "parameters": "Int64",
    "best_epoch": "Int64",
    "divergence_epoch": "Int64",
    **FIGURES,
    "seconds": "float64",
    "max_rss_mb": "float64",
}
EPOCHS = {**KEY, "epoch": "int64", **dict.fromkeys(HISTORY[1:], "float64")}


def write(table, parquet, csv):
    """Write a table as Parquet and as CSV, with floats in their shortest exact form."""
    import pyarrow as pa

    # Without pandas's metadata, which contain its version: the same rows give the same bytes.
    arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    write_parquet(parquet, arrow)
    with replacing(csv) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")


def read_runs(path, facts):
    """Return the table of runs, in the order of their ranks.

    ``facts`` are the ``aggregate_facts``. Raises UserError where a file is absent or damaged.
    """
    return _read(path, facts, "runs", RUNS)


def digest_of(runs):
    """Return the sha256 of the table of runs, without the columns that no two executions share."""
    stable = runs.drop(columns=["seconds", "max_rss_mb"], errors="ignore")
    return hashlib.sha256(stable.to_csv(index=False).encode()).hexdigest()


def read_epochs(path, facts):
    """Return the table of the runs' epochs; arguments and errors as for ``read_runs``."""
    return _read(path, facts, "epochs", EPOCHS)


def _read(path, facts, name, columns):
    import pandas  # noqa: F401 - to_pandas needs it, so environments that read tables must have it

    table = read_parquet(path, sha256=read_json(facts)["sha256"][name]).to_pandas()
    return table.astype({name: columns[name] for name in table.columns.intersection(columns)})


def finished(runs):
    """Return the runs that have results."""
    return runs[runs["status"] == "finished"]


def mean_figures(runs, figure):
    """Return a column's means over finished replicates, a Series by (cell, combination), sorted."""
    groups = finished(runs).groupby(["cell", "combination"])[figure]
    return groups.agg(lambda values: sum(values.tolist()) / len(values))


def names(table):
    """Return the Run of each row of a table of runs."""
    return [Run(*row) for row in table[list(KEY)].itertuples(index=False, name=None)]


def records(table):
    """Return a table as dicts for JSON: plain Python values, None where one is missing."""
    return table.astype(object).where(table.notna(), None).to_dict("records")
