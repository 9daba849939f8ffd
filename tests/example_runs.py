"""Invented results of trainings, as train writes them."""

import csv

import numpy as np
import pyarrow as pa
from tweetrnn.files import sha256_of, write_json, write_parquet
from tweetrnn.grid import combinations
from tweetrnn.metrics import HISTORY

GRID = {
    "cell": ["SimpleRNN", "LSTM"],
    "recurrent_layers": [1, 2],
    "dense_layers": [2, 3],
    "dropout": [True, False],
    "regularization": [True, False],
    "learning_rate": [1e-3, 1e-4],
    "sample": None,
}


# Three validation tweets, two of them right: one of each class that occurs.
PREDICTIONS = pa.table(
    {
        "part": ["validation"] * 3,
        "row": [0, 1, 2],
        "label": pa.array([0, 0, 2], pa.int32()),
        "p0": pa.array([0.7, 0.2, 0.1], pa.float32()),
        "p1": pa.array([0.2, 0.7, 0.1], pa.float32()),
        "p2": pa.array([0.1, 0.1, 0.8], pa.float32()),
    }
)


def config_of(replicates=1, rank_by="mean_accuracy", **grid):
    """The config that aggregate reads."""
    return {
        "seed": 1,
        "grid": GRID | grid,
        "training": {"replicates": replicates},
        "report": {"rank_by": rank_by},
    }


def write_run(folder, cell, combination, replicate, history, status="finished", predictions=None):
    """Write one run's folder; ``history`` has a row of figures for each epoch."""
    run = folder / "train" / cell / combination.name / str(replicate)
    run.mkdir(parents=True)
    with (run / "history.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HISTORY)
        writer.writerows([epoch, *map(float, row)] for epoch, row in enumerate(history, 1))
    accuracy = [row[HISTORY.index("validation_accuracy") - 1] for row in history]
    write_json(
        run / "parameters.json",
        {
            "status": status,
            "cell": cell,
            "combination": combination.name,
            "replicate": replicate,
            "parameters": 1234,
            "best_epoch": None if status == "diverged" else int(np.argmax(accuracy)) + 1,
            "sha256": {"history": sha256_of(run / "history.csv")},
        },
    )
    write_json(run / "timing.json", {"epochs": [0.5] * len(history), "total": 0.5 * len(history)})
    write_parquet(run / "predictions.parquet", PREDICTIONS if predictions is None else predictions)
    benchmark = folder / "benchmarks" / cell / combination.name / f"{replicate}.tsv"
    benchmark.parent.mkdir(parents=True, exist_ok=True)
    benchmark.write_text("s\th:m:s\tmax_rss\tmax_vms\n1.5\t0:00:01\t321.25\t900.0\n")
    return run


def write_grid(folder, config, epochs=4, seed=0):
    """Write a run with random figures for each point of the grid; return {name: history}."""
    rng = np.random.default_rng(seed)
    histories = {}
    for cell in config["grid"]["cell"]:
        for combination in combinations(config):
            for replicate in range(1, config["training"]["replicates"] + 1):
                history = rng.random((epochs, len(HISTORY) - 1))
                write_run(folder, cell, combination, replicate, history)
                histories[cell, combination.name, replicate] = history
    return histories
