"""Aggregate: all runs of the grid in one ranked table, and all their epochs in another.

Figures are those of the validation part unless their name says train; figures of the test part
stand in neither table, so that nobody can choose by them.
"""

import csv
import logging
import math
from dataclasses import asdict

import pyarrow as pa

from tweetrnn import grid
from tweetrnn.errors import UserError
from tweetrnn.evaluation.prediction_metrics import PREDICTION_METRICS
from tweetrnn.evaluation.stored_predictions import by_part
from tweetrnn.files import (
    check_digest,
    damaged,
    read_json,
    read_parquet,
    replacing,
    sha256_of,
    write_json,
    write_parquet,
)
from tweetrnn.metrics import HISTORY, METRICS
from tweetrnn.results import Results

FIGURES = {
    **{f"{kind}_{name}": pa.float64() for name in METRICS for kind in ("mean", "best", "last")},
    **{
        f"{part}_{name}_at_{when}": pa.float64()
        for name in ("loss", "accuracy")
        for part in ("train", "validation")
        for when in ("best", "last")
    },
    **{f"{name}_at_best": pa.float64() for name in PREDICTION_METRICS},
}
RUNS = {
    "rank": pa.int32(),
    "rank_in_cell": pa.int32(),
    "cell": pa.string(),
    "combination": pa.string(),
    "replicate": pa.int32(),
    "recurrent_layers": pa.int32(),
    "dense_layers": pa.int32(),
    "dropout": pa.bool_(),
    "regularization": pa.bool_(),
    "learning_rate": pa.float64(),
    "reference_tuple": pa.string(),
    "status": pa.string(),
    "parameters": pa.int64(),
    "best_epoch": pa.int32(),
    "divergence_epoch": pa.int32(),
    **FIGURES,
    "seconds": pa.float64(),
    "max_rss_mb": pa.float64(),
}
EPOCHS = {
    "cell": pa.string(),
    "combination": pa.string(),
    "replicate": pa.int32(),
    "epoch": pa.int32(),
    **{name: pa.float64() for name in HISTORY[1:]},
}

log = logging.getLogger("tweetrnn")


def divergence_epoch(train_loss, validation_loss, tolerance=0.01):
    """Return the epoch (from 1) after which training and validation part, or None.

    The divergence epoch is the first epoch after which the validation loss never again falls more
    than 1 % below its value there, although the training loss still does. At least two later
    epochs must bear that out, so that one last bad epoch makes no divergence; where no epoch is
    like that, the curves do not part.

    Args:
        train_loss, validation_loss: of each epoch, in order.
        tolerance: the share of a loss that counts as noise.
    """
    for epoch in range(1, len(train_loss) - 1):
        train_later, validation_later = min(train_loss[epoch:]), min(validation_loss[epoch:])
        stalls = validation_later >= (1 - tolerance) * validation_loss[epoch - 1]
        falls = train_later < (1 - tolerance) * train_loss[epoch - 1]
        if stalls and falls:
            return epoch
    return None


def summarise(history, best_epoch):
    """Return the FIGURES of a run and its divergence epoch.

    ``mean_``, ``best_`` and ``last_`` are over the epochs' validation figures, each metric by
    itself; ``_at_best`` is at the epoch of the highest validation accuracy, whose weights were
    kept, ``_at_last`` at the last.

    Args:
        history: dict of lists, by the names of HISTORY.
        best_epoch: from 1.
    """
    figures = {}
    for name in METRICS:
        values = history[f"validation_{name}"]
        figures[f"mean_{name}"] = math.fsum(values) / len(values)
        figures[f"best_{name}"] = max(values)
        figures[f"last_{name}"] = values[-1]
    for name in ("loss", "accuracy"):
        for part in ("train", "validation"):
            values = history[f"{part}_{name}"]
            figures[f"{part}_{name}_at_best"] = values[best_epoch - 1]
            figures[f"{part}_{name}_at_last"] = values[-1]
    figures["divergence_epoch"] = divergence_epoch(
        history["train_loss"], history["validation_loss"]
    )
    return figures


def read_history(path):
    """Return a run's history.csv as a dict of lists; a number that is not finite becomes None.

    Raises:
        UserError: the file is absent or damaged.
    """
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            header, *rows = csv.reader(stream)
        if header != list(HISTORY) or any(len(row) != len(header) for row in rows):
            raise ValueError("other columns than expected")
        history = {name: [float(row[c]) for row in rows] for c, name in enumerate(header)}
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run the training that makes it first") from None
    except ValueError as error:
        raise damaged(path, error) from None
    history = {
        name: [value if math.isfinite(value) else None for value in values]
        for name, values in history.items()
    }
    history["epoch"] = [int(epoch) for epoch in history["epoch"]]
    return history


def read_peak_memory(path):
    """Return the peak resident memory in MB that Snakemake's benchmark file tells, or None."""
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream, delimiter="\t"):
                return float(row["max_rss"])
    except (FileNotFoundError, KeyError, TypeError, ValueError):  # too short a job has "NA" or "-"
        return None


def score(path):
    """Return the PREDICTION_METRICS of a run's stored predictions of the validation part.

    Raises:
        UserError: the file is absent or damaged, or holds no such predictions.
    """
    probabilities, labels = by_part(read_parquet(path), ["validation"])["validation"]
    if not probabilities.size:
        raise damaged(path, "it holds no predictions of the validation part")
    return {
        f"{name}_at_best": function(probabilities, labels)
        for name, (_, function) in PREDICTION_METRICS.items()
    }


def read_run(paths, run):
    """Return (row, epochs) of one run: a dict by the names of RUNS, and its history.

    A run that diverged (its status says so, or a figure is not finite) has no figures.

    Raises:
        UserError: a file is damaged or belongs to another run.
    """
    combination = grid.Combination.parse(run.combination)
    row = dict.fromkeys(RUNS) | {
        **asdict(run),
        "recurrent_layers": combination.recurrent_layers,
        "dense_layers": combination.dense_layers,
        "dropout": combination.dropout,
        "regularization": combination.regularization,
        "learning_rate": combination.learning_rate,
        "reference_tuple": str(combination.reference_tuple),
    }
    told = paths.parameters
    if not told.exists():
        return row | {"status": "missing"}, {name: [] for name in HISTORY}
    parameters = read_json(told)
    for key in ("cell", "combination", "replicate"):
        if parameters.get(key) != row[key]:
            raise damaged(told, f"its {key} is {parameters.get(key)!r}, not {row[key]!r}")
    check_digest(paths.history, parameters["sha256"]["history"])
    history = read_history(paths.history)
    finite = all(None not in values for values in history.values())
    status = parameters["status"] if finite else "diverged"
    row |= {
        "status": status,
        "parameters": parameters["parameters"],
        "seconds": read_json(paths.timing)["total"],
        "max_rss_mb": read_peak_memory(paths.benchmark),
    }
    if status != "diverged":
        row["best_epoch"] = parameters["best_epoch"]
        if not 1 <= row["best_epoch"] <= len(history["epoch"]):
            raise damaged(told, f"its best epoch, {row['best_epoch']}, is not in the history")
        row |= summarise(history, row["best_epoch"])
        check_digest(paths.predictions, parameters["sha256"]["predictions"])
        row |= score(paths.predictions)
    return row, history


def rank(rows, rank_by):
    """Return the rows ranked: by descending figure, ties by name, those without a figure last."""

    def order(row):
        figure = row[rank_by]
        names = (row["combination"], row["cell"], row["replicate"])
        return (figure is None, -(figure or 0.0), names)

    places = {}
    ranked = []
    for place, row in enumerate(sorted(rows, key=order), 1):
        places[row["cell"]] = places.get(row["cell"], 0) + 1
        ranked.append(row | {"rank": place, "rank_in_cell": places[row["cell"]]})
    return ranked


def write_csv(path, rows, columns):
    """Write dicts as CSV; None is an empty field, a float its shortest exact decimal form."""
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def table(rows, columns):
    """Return dicts as a pyarrow Table with the columns' types."""
    return pa.table(
        {name: pa.array([row[name] for row in rows], kind) for name, kind in columns.items()}
    )


def gather(results, config, allow_missing=False):
    """Return (runs, epochs): dicts by the names of RUNS, ranked, and of EPOCHS, in that order.

    Arguments and errors as for ``aggregate``; ``results`` are the Results.
    """
    runs, histories = [], {}
    for run in grid.runs(config):
        row, history = read_run(results.run(run), run)
        runs.append(row)
        histories[run.cell, run.combination, run.replicate] = history
    missing = [row for row in runs if row["status"] == "missing"]
    if missing and not allow_missing:
        first = missing[0]
        raise UserError(
            f"{results.trainings}: {len(missing)} of {len(runs)} runs are missing, among them "
            f"{first['cell']}/{first['combination']}/{first['replicate']}; train them, or ask "
            "for a partial table with --allow-missing"
        )
    runs = rank(runs, config["report"]["rank_by"])
    epochs = []
    for row in runs:
        key = {name: row[name] for name in ("cell", "combination", "replicate")}
        history = histories[tuple(key.values())]
        epochs += [
            key | dict(zip(HISTORY, values, strict=True))
            for values in zip(*(history[name] for name in HISTORY), strict=True)
        ]
    return runs, epochs


def aggregate(
    results,
    runs,
    runs_csv,
    epochs,
    epochs_csv,
    aggregate_facts,
    *,
    config,
    allow_missing=False,
):
    """Collect all runs of the grid in one ranked table, and all their epochs in another.

    Args:
        results: the folder with all results, of which the runs' are read.
        runs, runs_csv: to write: the ranked runs.
        epochs, epochs_csv: to write: the runs' epochs, in the order of the runs.
        aggregate_facts: to write: the tables' sha256 (JSON).
        config: grid, seed, training.replicates and report.rank_by.
        allow_missing: list a run without results as missing instead of refusing.

    Raises:
        UserError: runs are missing, damaged or mixed up.
    """
    run_rows, epoch_rows = gather(Results(results), config, allow_missing)
    write_csv(runs_csv, run_rows, RUNS)
    write_parquet(runs, table(run_rows, RUNS))
    write_csv(epochs_csv, epoch_rows, EPOCHS)
    write_parquet(epochs, table(epoch_rows, EPOCHS))
    write_json(aggregate_facts, {"sha256": {"runs": sha256_of(runs), "epochs": sha256_of(epochs)}})
    for status in ("diverged", "missing"):
        count = sum(row["status"] == status for row in run_rows)
        if count:
            log.warning("%d of %d runs: %s", count, len(run_rows), status)
