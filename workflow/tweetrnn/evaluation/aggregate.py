"""Aggregate: all runs of the grid in one ranked table, and all their epochs in another."""

import csv
import logging
import math
from dataclasses import asdict, astuple

import numpy as np
import pandas as pd

from tweetrnn import grid
from tweetrnn.errors import UserError
from tweetrnn.evaluation import tables
from tweetrnn.evaluation.metrics import PREDICTION_METRICS
from tweetrnn.evaluation.predictions import read_predictions
from tweetrnn.evaluation.tables import EPOCHS, KEY, RUNS
from tweetrnn.files import check_digest, damaged, read_json, sha256_of, write_json
from tweetrnn.metrics import EPOCH_METRICS, HISTORY, scores
from tweetrnn.names import higher_is_better
from tweetrnn.results import Results
from tweetrnn.run_files import read_parameters

log = logging.getLogger("tweetrnn")


def divergence_epoch(train_loss, validation_loss, tolerance=0.01):
    """Return the epoch (from 1) after which training and validation loss diverge, or None.

    It is the first epoch after which the validation loss never again falls more than 1 % below its
    value there, although the training loss still does. At least two later epochs must show that,
    so that one bad last epoch is no divergence.

    Args:
        train_loss, validation_loss: lists with the loss of each epoch.
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
    """Return a run's figures over its epochs, its best and divergence epoch, by the names of RUNS.

    ``mean_``, ``best_`` and ``last_`` are over the epochs' validation values, each metric by
    itself; ``_at_best`` is at the epoch of the highest validation accuracy, whose weights were
    kept, ``_at_last`` at the last.

    Args:
        history: a DataFrame with the columns HISTORY.
        best_epoch: from 1.
    """
    figures = {"best_epoch": best_epoch}
    for name, metric in EPOCH_METRICS.items():
        values = history[f"validation_{name}"]
        figures[f"mean_{name}"] = math.fsum(values) / len(values)
        figures[f"best_{name}"] = values.max() if metric.higher_is_better else values.min()
        figures[f"last_{name}"] = values.iloc[-1]
    for name in ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy"):
        figures[f"{name}_at_best"] = history[name].iloc[best_epoch - 1]
        figures[f"{name}_at_last"] = history[name].iloc[-1]
    figures["divergence_epoch"] = divergence_epoch(
        history["train_loss"].tolist(), history["validation_loss"].tolist()
    )
    return figures


def read_history(path, digest):
    """Return a run's history.csv, whose sha256 is ``digest``, as a DataFrame."""
    check_digest(path, digest)
    history = pd.read_csv(path, dtype="float64")
    if list(history) != list(HISTORY):
        raise damaged(path, "other columns than expected")
    return history


def read_peak_memory(path):
    """Return the peak resident memory in MB from Snakemake's benchmark file, or None."""
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            return float(next(csv.DictReader(stream, delimiter="\t"))["max_rss"])
    except (FileNotFoundError, StopIteration, LookupError, TypeError, ValueError):
        return None  # also of too short a job, which has "NA" or "-"


def run_columns(run):
    """Return the columns of RUNS that a Run's name determines, a dict."""
    combination = grid.Combination.parse(run.combination)
    return asdict(run) | asdict(combination) | {"reference_tuple": str(combination.reference_tuple)}


def read_run(paths):
    """Return (row, history) of RunResults: a dict by the names of RUNS, and its epochs or None.

    A run that diverged (its status says so, or a value is not finite) has no figures, one without
    results has no history either. Raises UserError where a file is damaged or another run's.
    """
    row = run_columns(paths.run)
    if not paths.parameters.exists():
        return row | {"status": "missing"}, None
    parameters = read_parameters(paths)
    history = read_history(paths.history, parameters["sha256"]["history"])
    finite = np.isfinite(history.to_numpy()).all()
    row |= {
        "status": parameters["status"] if finite else "diverged",
        "parameters": parameters["parameters"],
        "seconds": read_json(paths.timing)["total"],
        "max_rss_mb": read_peak_memory(paths.benchmark),
    }
    if row["status"] == "finished":
        best_epoch = parameters["best_epoch"]
        if not 1 <= best_epoch <= len(history):
            raise damaged(paths.parameters, f"its best epoch, {best_epoch}, is not in the history")
        row |= summarise(history, best_epoch) | prediction_figures(paths)
    return row, history


def prediction_figures(paths):
    """Return the PREDICTION_METRICS of a run's validation predictions, by the names of RUNS."""
    predictions = read_predictions(paths)
    if "validation" not in predictions:
        raise damaged(paths.predictions, "it has no predictions of the validation set")
    values = scores(*predictions["validation"], PREDICTION_METRICS)
    return {f"{name}_at_best": value for name, value in values.items()}


def make_tables(rows, histories, rank_by):
    """Return the tables of runs, best first, and of their epochs, in the same order.

    Ties go by name; runs without a figure are the last.

    Args:
        rows: dicts by the names of RUNS.
        histories: {Run: its epochs}, a DataFrame with the columns HISTORY.
        rank_by: one of ``names.RANKINGS``.
    """
    runs = pd.DataFrame(rows, columns=list(RUNS)).sort_values(
        [rank_by, "combination", "cell", "replicate"],
        ascending=[not higher_is_better(rank_by), True, True, True],
        ignore_index=True,
    )
    runs["rank"], runs["rank_in_cell"] = runs.index + 1, runs.groupby("cell").cumcount() + 1
    trained = {astuple(run): histories[run] for run in tables.names(runs) if run in histories}
    if trained:
        epochs = pd.concat(trained, names=list(KEY)).reset_index(list(KEY)).reset_index(drop=True)
    else:
        epochs = pd.DataFrame(columns=list(EPOCHS))
    return runs.astype(RUNS), epochs.replace([np.inf, -np.inf], np.nan).astype(EPOCHS)


def gather(results, config, allow_missing=False):
    """Return the tables of runs and of epochs; arguments and errors as for ``aggregate``."""
    read = {run: read_run(results.run(run)) for run in grid.runs(config)}
    histories = {run: history for run, (_, history) in read.items() if history is not None}
    missing = [run for run in read if run not in histories]
    if missing and not allow_missing:
        raise UserError(
            f"{results.trainings}: {len(missing)} of {len(read)} runs are missing, among them "
            f"{missing[0]}; train them, or ask for a partial report"
        )
    return make_tables([row for row, _ in read.values()], histories, config["report"]["rank_by"])


def aggregate(
    results, runs, runs_csv, epochs, epochs_csv, aggregate_facts, *, config, allow_missing=False
):
    """Collect all runs of the grid in one ranked table, and all their epochs in another.

    Args:
        results: the folder with all results, of which the runs' are read; all others are written.
        config: grid, seed, training.replicates and report.rank_by.
        allow_missing: list a run without results as missing instead of refusing.

    Raises:
        UserError: runs are missing, damaged or mixed up.
    """
    run_table, epoch_table = gather(Results(results), config, allow_missing)
    tables.write(run_table, runs, runs_csv)
    tables.write(epoch_table, epochs, epochs_csv)
    write_json(aggregate_facts, {"sha256": {"runs": sha256_of(runs), "epochs": sha256_of(epochs)}})
    for status, count in run_table["status"].value_counts().items():
        if status != "finished":
            log.warning("%d of %d runs: %s", count, len(run_table), status)
