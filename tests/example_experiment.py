"""An invented experiment in memory: what figures draw and what their alternative texts say."""

import copy
from itertools import chain, repeat

import numpy as np
import pandas as pd
from example_runs import config_of, guesses
from tweetrnn import grid
from tweetrnn.evaluation.aggregate import make_tables, run_columns, summarise
from tweetrnn.evaluation.compare import make_comparison
from tweetrnn.evaluation.metrics import METRICS, PREDICTION_METRICS
from tweetrnn.evaluation.predictions import TweetSet
from tweetrnn.evaluation.select import further_runs, make_selection
from tweetrnn.metrics import HISTORY
from tweetrnn.reporting.experiment import Experiment

SIX = ["SimpleRNN", "LSTM", "GRU", "MGU", "IndRNN", "QRNN"]
FEW_COMBINATIONS = {"dense_layers": [2], "dropout": [False]}
ONE_COMBINATION = {
    "recurrent_layers": [1],
    "dense_layers": [2],
    "dropout": [False],
    "regularization": [True],
    "learning_rate": [1e-3],
}
TWEETS = 120  # of the validation and the test set


def example_history(epochs, rng):
    """Return a run's epochs, whose losses fall and whose metrics rise."""
    history = {"epoch": range(1, epochs + 1)}
    for name in HISTORY[1:]:
        values = np.sort(rng.uniform(0.5, 0.9, epochs))
        history[name] = values[::-1] if "loss" in name else values
    return pd.DataFrame(history)


def example_tables(config, statuses, epochs, rng):
    """Return aggregate's tables of runs and epochs; ``statuses`` are those of the first runs."""
    rows, histories = [], {}
    for run, status in zip(grid.runs(config), chain(statuses, repeat("finished")), strict=False):
        row = run_columns(run) | {"status": status}
        if status != "missing":
            histories[run] = example_history(epochs, rng)
            seconds, memory = rng.uniform(5, 9), rng.uniform(300, 330)
            row |= {"seconds": seconds, "max_rss_mb": memory, "parameters": 1234}
        if status == "diverged":
            histories[run].loc[epochs - 1, "validation_loss"] = np.nan
        if status == "finished":
            row |= summarise(histories[run], epochs)
            row |= {f"{name}_at_best": rng.uniform(0.5, 0.9) for name in PREDICTION_METRICS}
        rows.append(row)
    return make_tables(rows, histories, config["report"]["rank_by"])


def example_comparison(config, runs, part, classes, rng):
    """Return the Comparison of random predictions; ``part`` is the set that it is judged on."""
    count = len(classes)
    sets = {
        name: TweetSet(rng.integers(0, count, TWEETS), np.arange(TWEETS), np.arange(TWEETS))
        for name in ("validation", "test")[: 1 if part == "validation" else 2]
    }

    def predictions(skill):
        return {name: guesses(tweets.labels, count, skill, rng) for name, tweets in sets.items()}

    selection = make_selection(runs, config)
    majority = np.eye(count, dtype=np.float32)[:1]
    return make_comparison(
        selection,
        {
            cell: further_runs({cell: choice}, selection.replicates)
            for cell, choice in selection.choices.items()
        },
        runs,
        lambda run: predictions(0.7),
        {
            "majority": {name: np.tile(majority, (TWEETS, 1)) for name in sets},
            "logistic_regression": predictions(0.75),
            "nb_svm": predictions(0.75),
        },
        sets,
        classes,
        config,
    )


def example_experiment(*arguments, **options):
    """Return a copy of ``make_experiment``'s Experiment, which is made once for equal arguments."""
    key = repr((arguments, sorted(options.items())))
    if key not in _EXPERIMENTS:
        _EXPERIMENTS[key] = make_experiment(*arguments, **options)
    return copy.deepcopy(_EXPERIMENTS[key])


_EXPERIMENTS = {}


def make_experiment(
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
    """Return an Experiment with all that figures need; partial where no run has finished.

    Args:
        part: the set that the comparison is judged on; without a test set "validation".
        statuses: of the first runs; the others are finished.
        grid: the config's section, for what differs from example_runs.GRID.
    """
    rng = np.random.default_rng(7)
    config = config_of(replicates, rank_by, cell=list(cells), **grid)
    config["training"]["selected_replicates"] = selected_replicates
    config["report"] |= {"select_by": "best_accuracy", "resamples": 100}
    config["report"] |= {"top": top, "show_tweets": 1}
    runs, rows = example_tables(config, statuses, epochs, rng)
    finished = (runs["status"] == "finished").any()
    experiment = Experiment(None, config, memory_mb=1500, partial=not finished)
    if finished:
        experiment.comparison = example_comparison(config, runs, part, classes, rng)
    experiment.runs, experiment.epochs = runs, rows
    experiment.baselines = {
        name: {"validation": dict.fromkeys(METRICS, value)}
        for name, value in (("majority", 0.63), ("logistic_regression", 0.78), ("nb_svm", 0.79))
    }
    experiment.tokenized = {"length": {"min": 1, "median": 17, "p95": 28, "max": 33}}
    experiment.offsets = np.concatenate([[0], rng.poisson(17, 500).cumsum()])
    return experiment
