"""An invented experiment in memory: what figures draw and what their alternative texts say."""

import copy
from itertools import chain, repeat

import numpy as np
import pandas as pd
import pyarrow as pa
from example_runs import config_of, guesses
from tweetrnn import grid
from tweetrnn.evaluation.aggregate import make_tables, run_columns, summarise
from tweetrnn.evaluation.cell_order import best_first, oriented
from tweetrnn.evaluation.compare import make_comparison
from tweetrnn.evaluation.metrics import METRICS, PREDICTION_METRICS
from tweetrnn.evaluation.predictions import TweetSet
from tweetrnn.evaluation.robustness import COLUMNS, robustness_of
from tweetrnn.evaluation.select import further_runs, make_selection
from tweetrnn.metrics import HISTORY
from tweetrnn.other_splits import other_splits
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
AIRLINES = ["<b>Air</b> | one", "second & third"]
OTHER_SPLITS = [
    {"method": "stratified", "seeds": [2, 3, 4], "slice": None, "values": []},
    {"method": "held_out", "seeds": [], "slice": "airline", "values": ["one", "other"]},
    {"method": "temporal", "seeds": [], "slice": None, "values": []},
]
PUBLISHED = [
    {"model": "LSTM", "metric": "accuracy", "value": 0.8, "source": "A", "note": ""},
    {"model": "<b>BERT</b>", "metric": "accuracy", "value": 0.9, "source": "B", "note": ""},
    {"model": "SVM", "metric": "balanced_accuracy", "value": 0.6, "source": "B", "note": ""},
]
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


def example_corpus(classes):
    """Return the pyarrow Table of all tweets, two of which are there twice."""
    rng = np.random.default_rng(3)
    words = np.array(["good", "bad", "not", "plane", "seat", "crew"])
    ids = [str(number) for number in range(TWEETS)]
    ids[-2:] = ids[:2]
    return pa.table(
        {
            "id": ids,
            "label": rng.choice(list(classes), TWEETS),
            "tokens": [rng.choice(words, rng.integers(1, 24)).tolist() for _ in ids],
            "group": np.arange(TWEETS, dtype=np.uint64),
            "confidence": rng.choice([0.5, 0.7, 1.0], TWEETS, p=[0.1, 0.3, 0.6]),
            "slice_airline": rng.choice(AIRLINES, TWEETS),
        }
    )


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
        lambda run: {"parameters": 1234, "best_epoch": 2 + run.replicate % 3},
        lambda run: predictions(0.7),
        {
            "majority": {name: np.tile(majority, (TWEETS, 1)) for name in sets},
            "logistic_regression": predictions(0.75),
            "nb_svm": predictions(0.75),
        },
        sets,
        example_corpus(classes),
        classes,
        config,
    )


def example_robustness(config, comparison, rng):
    """Return the Robustness of random scores on the other splits of a config."""
    rows = [
        {
            "split": split.name,
            "kind": split.kind,
            "value": split.value and str(split.value),
            "train_tweets": 72,
            "test_tweets": TWEETS,
            "model": model,
            "combination": None,
            "replicate": None,
            **dict.fromkeys(METRICS, rng.uniform(0.5, 0.9)),
        }
        for split in other_splits(config).values()
        for model in comparison.primary.accuracies
        for _ in range(2)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    return robustness_of(table, comparison, best_first(comparison), 720, [])


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
    on_other_splits=False,
    published=(),
    **grid,
):
    """Return an Experiment with all that figures need; partial where no run has finished.

    Args:
        part: the set that the comparison is judged on; without a test set "validation".
        statuses: of the first runs; the others are finished.
        on_other_splits: whether the config asks for other splits and training sizes.
        published: entries of ``report.published``.
        grid: the config's section, for what differs from example_runs.GRID.
    """
    rng = np.random.default_rng(7)
    config = config_of(replicates, rank_by, cell=list(cells), **grid)
    config["training"]["selected_replicates"] = selected_replicates
    if on_other_splits:
        config["robustness"] |= {"splits": OTHER_SPLITS, "training_sizes": [0.1], "reselect": 2}
    config["report"] |= {"select_by": "best_accuracy", "resamples": 100}
    config["report"] |= {"top": top, "show_tweets": 1}
    config["report"] |= {"published": list(published), "reference": True}
    runs, rows = example_tables(config, statuses, epochs, rng)
    finished = (runs["status"] == "finished").any()
    experiment = Experiment(None, config, memory_mb=1500, partial=not finished)
    if finished:
        experiment.comparison = oriented(example_comparison(config, runs, part, classes, rng))
    if finished and on_other_splits:
        experiment.robustness = example_robustness(config, experiment.comparison, rng)
    experiment.runs, experiment.epochs = runs, rows
    experiment.baselines = {
        name: {"validation": dict.fromkeys(METRICS, value)}
        for name, value in (("majority", 0.63), ("logistic_regression", 0.78), ("nb_svm", 0.79))
    }
    experiment.tokenized = {"length": {"min": 1, "median": 17, "p95": 28, "max": 33}}
    experiment.encoded = {"sequence_length": 30}
    experiment.offsets = np.concatenate([[0], rng.poisson(17, 500).cumsum()])
    return experiment
