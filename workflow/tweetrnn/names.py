"""The names of rankings, grid factors and baselines in figures, tables and sentences."""

from dataclasses import dataclass

from tweetrnn.metrics import EPOCH_METRICS

# What report.rank_by and report.select_by offer: columns of the table of runs, which hold the
# mean, best or last validation value of a metric over the epochs.
RANKINGS = {
    f"{kind}_{metric}": f"{kind} validation {EPOCH_METRICS[metric].heading}"
    for kind, metric in (
        ("mean", "accuracy"),
        ("best", "accuracy"),
        ("last", "accuracy"),
        ("best", "macro_f1"),
        ("mean", "binary_accuracy"),
    )
}

FACTORS = {
    "recurrent_layers": "recurrent layers",
    "dense_layers": "hidden dense layers",
    "dropout": "dropout",
    "regularization": "L2 regularisation",
    "learning_rate": "learning rate",
}


@dataclass(frozen=True)
class Baseline:
    """A baseline's name in figures and in tables of models, and what it does."""

    label: str
    model: str
    description: str


BASELINES = {
    "majority": Baseline("majority class", "majority baseline", "the most frequent class, always"),
    "logistic_regression": Baseline(
        "logistic regression", "logistic regression", "logistic regression on TF-IDF weights"
    ),
    "nb_svm": Baseline(
        "NB-SVM", "NB-SVM with logistic loss", "NB-SVM on naive Bayes log-count ratios"
    ),
}

# Cells that have a name in words.
CELLS = {"MeanOfWords": "mean of word vectors"}


def model_name(name):
    """Return what a table of models calls a cell or a baseline."""
    return BASELINES[name].model if name in BASELINES else CELLS.get(name, name)


def model_label(name):
    """Return what a figure or a sentence calls a cell or a baseline."""
    return BASELINES[name].label if name in BASELINES else CELLS.get(name, name)


# The kinds of other splits, as tables name them.
SPLIT_KINDS = {
    "stratified": "random splits",
    "random": "unstratified random splits",
    "grouped": "users kept apart",
    "temporal": "later tweets",
    "held_out": "held-out values",
    "reselect": "whole experiment repeated",
}


def metric_of(ranking):
    """Return a ranking's metric: ``mean_accuracy`` -> ``accuracy``."""
    return ranking.split("_", 1)[1]


def is_mean(ranking):
    """Return whether a ranking is by a mean over epochs, which a model without epochs lacks."""
    return ranking.startswith("mean_")


def higher_is_better(ranking):
    """Return whether a ranking puts the run with the highest figure first."""
    return EPOCH_METRICS[metric_of(ranking)].higher_is_better
