"""An invented experiment in memory: what plot draws and what alternative texts tell of."""

from types import SimpleNamespace

import numpy as np
from example_runs import config_of
from tweetrnn import metrics
from tweetrnn.evaluation import aggregate, compare, exploratory
from tweetrnn.evaluation.failures import diagnose
from tweetrnn.evaluation.primary import primary
from tweetrnn.evaluation.select import mean_figures, select
from tweetrnn.grid import combinations

SIX = ["SimpleRNN", "LSTM", "GRU", "MGU", "IndRNN", "QRNN"]
FEW_COMBINATIONS = {"dense_layers": [2], "dropout": [False]}
ONE_COMBINATION = {
    "recurrent_layers": [1],
    "dense_layers": [2],
    "dropout": [False],
    "regularization": [True],
    "learning_rate": [1e-3],
}


def example_runs_and_epochs(config, statuses, epochs, rng):
    """Return aggregate's tables for random histories; ``statuses`` are of the first runs."""
    runs, histories = [], {}
    statuses = iter(statuses)
    for cell in config["grid"]["cell"]:
        for combination in combinations(config):
            for replicate in range(1, config["training"]["replicates"] + 1):
                row = dict.fromkeys(aggregate.RUNS) | {
                    name: getattr(combination, name)
                    for name in aggregate.RUNS
                    if hasattr(combination, name)
                }
                row |= {"cell": cell, "combination": combination.name, "replicate": replicate}
                row["reference_tuple"] = str(combination.reference_tuple)
                row["status"] = next(statuses, "finished")
                history = {"epoch": list(range(1, epochs + 1))}
                for name in aggregate.HISTORY[1:]:
                    history[name] = np.sort(rng.uniform(0.5, 0.9, epochs)).tolist()
                    if "loss" in name:
                        history[name].reverse()
                if row["status"] != "missing":
                    row |= {"seconds": rng.uniform(5, 9), "max_rss_mb": rng.uniform(300, 330)}
                    row |= {"parameters": 1234}
                    histories[cell, combination.name, replicate] = history
                if row["status"] == "diverged":
                    history["validation_loss"][-1] = None
                if row["status"] == "finished":
                    row |= aggregate.summarise(history, epochs) | {"best_epoch": epochs}
                runs.append(row)
    rows = [
        {"cell": cell, "combination": combination, "replicate": replicate}
        | {name: history[name][epoch] for name in aggregate.HISTORY}
        for (cell, combination, replicate), history in histories.items()
        for epoch in range(epochs)
    ]
    return aggregate.rank(runs, config["report"]["rank_by"]), rows


def example_comparison(config, runs, part, classes, replicates, rng):
    """Return a comparison as compare makes it, of random predictions on 120 tweets."""
    labels, groups = rng.integers(0, len(classes), 120), np.arange(120)
    guesses = rng.dirichlet(np.ones(len(classes)), 120)

    def right():
        return rng.random(120) < 0.7

    cells = config["grid"]["cell"]
    selected = select(runs, "best_accuracy", cells)
    cells = [cell for cell in cells if cell in selected]
    rights = {cell: np.stack([right() for _ in range(replicates)]) for cell in cells}
    baselines = {name: right() for name in compare.BASELINES}
    found = primary(rights, baselines, groups, 100, 1)
    for cell, own in rights.items():
        found["accuracies"][cell]["replicates"] = [
            {"replicate": number, part: {"accuracy": float(row.mean())}}
            for number, row in enumerate(own, 2)
        ]
    means = mean_figures(runs, "best_accuracy")
    effects, interactions = exploratory.factor_effects(means, config)
    probabilities = {"validation": guesses}
    return {
        "part": part,
        "optimistic": part == "validation",
        "select_by": "best_accuracy",
        "selected": selected,
        "replicates": list(range(2, 2 + replicates)),
        "level": 0.95,
        "primary": found,
        "factor_effects": effects,
        "interactions": interactions,
        "paired_cells": exploratory.paired_cells(means, config),
        "selection_optimism": exploratory.optimism(
            runs[:20], cells, lambda run: probabilities["validation"], labels, groups, 100, 1
        ),
        "failures": {
            cell: {"scores": metrics.scores(guesses, labels)}
            | diagnose(guesses, labels, groups, classes, 1)
            for cell in cells
        },
    }


def example_experiment(
    cells=("SimpleRNN", "LSTM"),
    classes=("negative", "neutral", "positive"),
    part="test",
    replicates=1,
    selected_replicates=3,
    statuses=(),
    epochs=4,
    top=3,
    rank_by="mean_accuracy",
    **grid,
):
    """Return a namespace with what ``plot.draw`` and ``figures.alt_text`` read."""
    rng = np.random.default_rng(7)
    config = config_of(replicates, rank_by, cell=list(cells), **grid)
    config["report"]["top"] = top
    runs, rows = example_runs_and_epochs(config, statuses, epochs, rng)
    finished = any(run["status"] == "finished" for run in runs)
    return SimpleNamespace(
        config=config,
        runs=runs,
        epochs=rows,
        baselines={
            name: {"validation": dict.fromkeys(metrics.scores(np.eye(2), np.arange(2)), value)}
            for name, value in (("majority", 0.63), ("logistic_regression", 0.78))
        },
        comparison=example_comparison(config, runs, part, classes, selected_replicates, rng)
        if finished
        else None,
        memory_mb=1500,
        tokenized={"length": {"min": 1, "median": 17, "p95": 28, "max": 33}},
        offsets=np.concatenate([[0], rng.poisson(17, 500).cumsum()]),
    )
