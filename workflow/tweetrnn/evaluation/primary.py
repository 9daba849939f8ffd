"""The primary analysis, fixed beforehand: each cell's selected combination, trained again.

The result is the difference of the cells' mean accuracies over these replicates, on the test set
(on validation where there is none), with a bootstrap interval over tweets and replicates.
"""

from itertools import combinations as pairs_of

import numpy as np

from tweetrnn.evaluation.comparison import (
    BaselineAccuracy,
    BaselineDifference,
    CellAccuracy,
    CellDifference,
    Primary,
    Replicate,
    Spread,
)
from tweetrnn.evaluation.metrics import METRICS, scores
from tweetrnn.evaluation.predictions import right
from tweetrnn.evaluation.statistics import (
    bootstrap_accuracies,
    interval,
    minimum_detectable_difference,
)


def spread(values):
    """Return the Spread of a list."""
    return Spread(
        mean=float(np.mean(values)),
        sd=float(np.std(values, ddof=1)) if len(values) > 1 else None,
        min=min(values),
        max=max(values),
    )


def difference(estimate, both, tweets, replicates):
    """Return the fields of a comparison.Difference, a dict.

    Args:
        estimate: the difference.
        both, tweets, replicates: (resamples,) values of the difference, with tweets and
            replicates, only tweets, or only replicates resampled.
    """
    error = float(both.std(ddof=1))
    low, high = interval(both)
    return {
        "difference": float(estimate),
        "interval": [low, high],
        "excludes_zero": bool(low > 0 or high < 0),
        "standard_error": error,
        "minimum_detectable_difference": minimum_detectable_difference(error),
        "standard_error_tweets": float(tweets.std(ddof=1)),
        "standard_error_replicates": float(replicates.std(ddof=1)),
    }


def cell_scores(predictions, sets):
    """Return the fields ``replicates`` and ``spread`` of a CellAccuracy, a dict.

    Args:
        predictions: {replicate: {set: (N, classes) probabilities}}.
        sets: {set: TweetSet}.
    """
    replicates = [
        Replicate(replicate=number, **set_scores(by_set, sets))
        for number, by_set in predictions.items()
    ]
    return {
        "replicates": replicates,
        "spread": {
            name: {
                metric: spread([row.scores(name)[metric] for row in replicates])
                for metric in METRICS
            }
            for name in sets
        },
    }


def set_scores(probabilities, sets):
    """Return {set: scores} of {set: (N, classes) probabilities}."""
    return {name: scores(probabilities[name], tweets.labels) for name, tweets in sets.items()}


def primary(selection, cells, baselines, sets, judged, resamples, seed):
    """Return the Primary analysis.

    Args:
        selection: the Selection.
        cells: {cell: {replicate: {set: (N, classes) probabilities}}}, of the new replicates that
            did not diverge.
        baselines: {baseline: {set: (N, classes) probabilities}}.
        sets: {set: TweetSet}.
        judged: the set that they are compared on.
        resamples, seed: of the bootstrap.
    """
    labels, groups = sets[judged].labels, sets[judged].groups
    rights = {
        cell: np.stack([right(by_set[judged], labels) for by_set in replicates.values()])
        for cell, replicates in cells.items()
    }
    rights |= {name: right(by_set[judged], labels)[None] for name, by_set in baselines.items()}
    accuracy = {name: float(values.mean()) for name, values in rights.items()}
    arrays = list(rights.values())
    column = {name: number for number, name in enumerate(rights)}
    draws = {
        "both": bootstrap_accuracies(arrays, groups, resamples, seed),
        "tweets": bootstrap_accuracies(arrays, groups, resamples, seed, replicates=False),
        "replicates": bootstrap_accuracies(arrays, groups, resamples, seed, tweets=False),
    }

    def accuracy_of(name):
        return {
            "accuracy": accuracy[name],
            "interval": interval(draws["both"][:, column[name]]),
        }

    def difference_of(first, second):
        samples = {
            kind: drawn[:, column[first]] - drawn[:, column[second]]
            for kind, drawn in draws.items()
        }
        return difference(accuracy[first] - accuracy[second], **samples)

    return Primary(
        accuracies={
            cell: CellAccuracy(
                **accuracy_of(cell),
                combination=selection.cells[cell].combination,
                diverged_replicates=len(selection.replicates) - len(replicates),
                **cell_scores(replicates, sets),
            )
            for cell, replicates in cells.items()
        }
        | {
            name: BaselineAccuracy(**accuracy_of(name), scores=set_scores(by_set, sets))
            for name, by_set in baselines.items()
        },
        pairs=[
            CellDifference(first=first, second=second, **difference_of(first, second))
            for first, second in pairs_of(cells, 2)
        ],
        against_baselines=[
            BaselineDifference(cell=cell, baseline=baseline, **difference_of(cell, baseline))
            for cell in cells
            for baseline in baselines
        ],
    )
