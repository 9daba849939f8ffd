"""Invented results of trainings, as train writes them."""

import csv

import numpy as np
import pandas as pd
import pyarrow as pa
from tweetrnn import grid
from tweetrnn.files import sha256_of, write_json, write_parquet
from tweetrnn.metrics import HISTORY
from tweetrnn.results import Results

GRID = {
    "cell": ["SimpleRNN", "LSTM"],
    "baseline_cells": [],
    "recurrent_layers": [1, 2],
    "dense_layers": [2, 3],
    "dropout": [True, False],
    "regularization": [True, False],
    "learning_rate": [1e-3, 1e-4],
    "sample": None,
}


def prediction_table(labels, probabilities, **constants):
    """Return a predictions file's content, a DataFrame.

    Args:
        labels: {set: (N,) class ids}.
        probabilities: {set: (N, classes)}.
        constants: further columns that have one value.
    """
    return pd.concat(
        [
            pd.DataFrame(
                constants
                | {"part": name, "row": np.arange(len(p)), "label": labels[name].astype(np.int32)}
                | {f"p{k}": column for k, column in enumerate(p.T)}
            )
            for name, p in probabilities.items()
        ],
        ignore_index=True,
    )


def as_arrow(table):
    """Return a DataFrame as the table that is written to Parquet."""
    return pa.Table.from_pandas(table, preserve_index=False)


def guesses(labels, classes, skill, rng):
    """Return (N, classes) probabilities whose most probable class is the label that often."""
    right = rng.random(len(labels)) < skill
    guess = np.where(right, labels, (labels + rng.integers(1, classes, len(labels))) % classes)
    p = rng.uniform(0.1, 1, (len(labels), classes))
    p[np.arange(len(labels)), guess] = p.max(axis=1) + rng.uniform(0.1, 1, len(labels))
    return (p / p.sum(axis=1, keepdims=True)).astype(np.float32)


# Three validation tweets, two of them right: one of each class that occurs.
PREDICTIONS = prediction_table(
    {"validation": np.array([0, 0, 2])},
    {"validation": np.float32([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]])},
)


def config_of(replicates=1, rank_by="mean_accuracy", **grid):
    """Return the config that aggregate reads."""
    return {
        "seed": 1,
        "grid": GRID | grid,
        "training": {"replicates": replicates, "finalists": 5, "finalist_replicates": 0},
        "report": {"rank_by": rank_by},
        "split": {"method": "stratified"},
        "robustness": {
            "splits": [],
            "replicates": 2,
            "reselect": 0,
            "training_sizes": [],
            "size_replicates": 2,
        },
    }


def example_history(epochs, **columns):
    """Return (epochs, figures) of a run; ``columns`` of HISTORY are as given, all others 0.5."""
    history = pd.DataFrame(0.5, index=range(epochs), columns=HISTORY[1:])
    return history.assign(**columns).to_numpy()


def write_run(results, run, history, status="finished", predictions=PREDICTIONS):
    """Write one run's results; return their RunResults.

    Args:
        results: the folder of all results.
        run: the Run.
        history: a row of figures for each epoch.
        status: what its parameters say.
        predictions: a DataFrame.
    """
    files = Results(results).run(run)
    files.folder.mkdir(parents=True)
    with files.history.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HISTORY)
        writer.writerows([epoch, *map(float, row)] for epoch, row in enumerate(history, 1))
    write_parquet(files.predictions, as_arrow(predictions))
    accuracy = [row[HISTORY.index("validation_accuracy") - 1] for row in history]
    write_json(
        files.parameters,
        {
            "status": status,
            "cell": run.cell,
            "combination": run.combination,
            "replicate": run.replicate,
            "parameters": 1234,
            "best_epoch": None if status == "diverged" else int(np.argmax(accuracy)) + 1,
            "sha256": {
                name: sha256_of(getattr(files, name)) for name in ("history", "predictions")
            },
        },
    )
    seconds = [0.5] * len(history)
    write_json(files.timing, {"epochs": seconds, "total": sum(seconds)})
    files.benchmark.parent.mkdir(parents=True, exist_ok=True)
    files.benchmark.write_text("s\th:m:s\tmax_rss\tmax_vms\n1.5\t0:00:01\t321.25\t900.0\n")
    return files


def write_grid(results, config, epochs=4, seed=0):
    """Write a run with random figures for each point of the grid; return {Run: history}."""
    rng = np.random.default_rng(seed)
    histories = {run: rng.random((epochs, len(HISTORY) - 1)) for run in grid.runs(config)}
    for run, history in histories.items():
        write_run(results, run, history)
    return histories
