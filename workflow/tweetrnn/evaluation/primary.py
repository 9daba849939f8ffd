"""The primary analysis, fixed beforehand: each cell's selected combination, trained again.

The result is the difference of the cells' mean accuracies over these replicates, on the test set
(on validation where there is none), with a bootstrap interval over tweets and replicates.
"""

from itertools import combinations as pairs_of

import numpy as np

from tweetrnn.evaluation import comparison, statistics
from tweetrnn.evaluation.metrics import METRICS, scores
from tweetrnn.evaluation.predictions import right


def spread(values):
    """Return the Spread of a list."""
    return comparison.Spread(
        mean=float(np.mean(values)),
        sd=float(np.std(values, ddof=1)) if len(values) > 1 else None,
        min=min(values),
        max=max(values),
    )


def set_scores(probabilities, sets):
    """Return {set: scores} of {set: (N, classes) probabilities}."""
    return {name: scores(probabilities[name], tweets.labels) for name, tweets in sets.items()}


class Resampled:
    """Accuracies of models on the same tweets, and their values in resamples of these.

    Args:
        rights: {model: (replicates, N) booleans}.
        groups: (N,) group of each tweet.
        resamples, seed: of the bootstrap.
    """

    def __init__(self, rights, groups, resamples, seed):
        def drawn(**what):
            samples = statistics.bootstrap_accuracies(
                list(rights.values()), groups, resamples, seed, **what
            )
            return dict(zip(rights, samples.T, strict=True))

        self.accuracies = {name: float(values.mean()) for name, values in rights.items()}
        self.both = drawn()
        self.tweets, self.replicates = drawn(replicates=False), drawn(tweets=False)

    def accuracy(self, model):
        """Return a model's accuracy and its interval, a dict."""
        interval = statistics.interval(self.both[model])
        return {"accuracy": self.accuracies[model], "interval": interval}

    def difference(self, first, second):
        """Return the fields of the comparison.Difference of two models, a dict."""

        def error(drawn):
            return float((drawn[first] - drawn[second]).std(ddof=1))

        low, high = statistics.interval(self.both[first] - self.both[second])
        both = error(self.both)
        return {
            "difference": self.accuracies[first] - self.accuracies[second],
            "interval": [low, high],
            "excludes_zero": low > 0 or high < 0,
            "standard_error": both,
            "minimum_detectable_difference": statistics.minimum_detectable_difference(both),
            "standard_error_tweets": error(self.tweets),
            "standard_error_replicates": error(self.replicates),
        }


def cell_accuracy(choice, planned, predictions, sets, accuracy):
    """Return a cell's CellAccuracy.

    Args:
        choice: the cell's Choice.
        planned: how many new replicates there should be.
        predictions, sets: as the cell's for ``primary``.
        accuracy: the accuracy and its interval, a dict.
    """
    replicates = [
        comparison.Replicate(replicate=number, **set_scores(by_set, sets))
        for number, by_set in predictions.items()
    ]
    return comparison.CellAccuracy(
        **accuracy,
        combination=choice.combination,
        replicates=replicates,
        diverged_replicates=planned - len(replicates),
        spread={
            name: {
                metric: spread([row.scores(name)[metric] for row in replicates])
                for metric in METRICS
            }
            for name in sets
        },
    )


def primary(selection, cells, baselines, sets, judged, resamples, seed):
    """Return the Primary analysis.

    Args:
        selection: the Selection.
        cells: {cell: {replicate: {set: (N, classes) probabilities}}}, of the new replicates that
            did not diverge; of all cells, those that are baselines last.
        baselines: {baseline: {set: (N, classes) probabilities}}.
        sets: {set: TweetSet}.
        judged: the set that they are compared on.
        resamples, seed: of the bootstrap.
    """
    labels, planned = sets[judged].labels, len(selection.replicates)
    rights = {
        name: np.stack([right(by_set[judged], labels) for by_set in replicates.values()])
        for name, replicates in (cells | {name: {1: p} for name, p in baselines.items()}).items()
    }
    resampled = Resampled(rights, sets[judged].groups, resamples, seed)
    accuracies = {
        cell: cell_accuracy(selection.choices[cell], planned, p, sets, resampled.accuracy(cell))
        for cell, p in cells.items()
    }
    for name, by_set in baselines.items():
        accuracies[name] = comparison.BaselineAccuracy(
            **resampled.accuracy(name), scores=set_scores(by_set, sets)
        )
    compared = [cell for cell in cells if cell in selection.cells]
    return comparison.Primary(
        accuracies=accuracies,
        pairs=[
            comparison.CellDifference(first=one, second=other, **resampled.difference(one, other))
            for one, other in pairs_of(compared, 2)
        ],
        against_baselines=[
            comparison.BaselineDifference(
                cell=cell, baseline=baseline, **resampled.difference(cell, baseline)
            )
            for cell in compared
            for baseline in [*baselines, *(name for name in cells if name not in compared)]
        ],
    )
