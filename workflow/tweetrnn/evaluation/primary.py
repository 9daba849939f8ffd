"""The primary analysis: each cell's selected combination, trained again.

The result is the difference of the cells' mean accuracies over these replicates, on the test set
(on validation where there is none), with its confidence interval. The procedure is fixed here, in
the code; nothing was preregistered.
"""

from itertools import combinations as pairs_of

import numpy as np

from tweetrnn.evaluation import comparison, interval
from tweetrnn.evaluation.collapse import collapsed
from tweetrnn.evaluation.metrics import METRICS, scores
from tweetrnn.evaluation.predictions import rights
from tweetrnn.evaluation.statistics import group_sums


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


def cell_accuracy(choice, planned, predictions, sets, collapsed_replicates, accuracy):
    """Return a cell's CellAccuracy.

    Args:
        choice: the cell's Choice.
        planned: how many new replicates there should be.
        predictions, sets: as the cell's for ``primary``.
        collapsed_replicates: a list of Collapsed.
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
        collapsed_replicates=collapsed_replicates,
        spread={
            name: {
                metric: spread([row.scores(name)[metric] for row in replicates])
                for metric in METRICS
            }
            for name in sets
        },
    )


def differences(right, groups, compared):
    """Return (accuracies, pairs, against baselines) of models on the same N tweets.

    Accuracies are {model: its accuracy and interval, a dict}; the others are lists of
    CellDifference and BaselineDifference.

    Args:
        right: {model: (replicates, N) booleans}: which tweets each replicate gets right.
        groups: (N,) group of duplicates of each tweet.
        compared: the cells that are compared with each other and with all other models.
    """
    sums, sizes = {}, None
    for name, of_model in right.items():
        sums[name], sizes = group_sums(of_model, groups)

    def difference(first, second):
        return interval.difference(sums[first], sums[second], sizes)

    pairs = [
        comparison.CellDifference(first=one, second=other, **difference(one, other))
        for one, other in pairs_of(compared, 2)
    ]
    against_baselines = [
        comparison.BaselineDifference(cell=cell, baseline=baseline, **difference(cell, baseline))
        for cell in compared
        for baseline in right
        if baseline not in compared
    ]
    accuracies = {name: interval.accuracy(of_model, sizes) for name, of_model in sums.items()}
    return accuracies, pairs, against_baselines


def primary(selection, cells, baselines, sets, judged, classes):
    """Return the Primary analysis.

    Args:
        selection: the Selection.
        cells: {cell: {replicate: {set: (N, classes) probabilities}}}, of the new replicates that
            did not diverge; of all cells, those that are baselines last.
        baselines: {baseline: {set: (N, classes) probabilities}}.
        sets: {set: TweetSet}.
        judged: the set that they are compared on.
        classes: the classes' names by id.
    """
    labels, planned = sets[judged].labels, len(selection.replicates)
    compared = [cell for cell in cells if cell in selection.cells]
    others = {cell: p for cell, p in cells.items() if cell not in compared}
    models = {cell: cells[cell] for cell in compared}
    models |= {name: {1: p} for name, p in baselines.items()} | others
    right = rights(models, judged, labels)
    found, pairs, against_baselines = differences(right, sets[judged].groups, compared)
    accuracies = {
        cell: cell_accuracy(
            selection.choices[cell],
            planned,
            p,
            sets,
            collapsed({number: by_set[judged] for number, by_set in p.items()}, classes),
            found[cell],
        )
        for cell, p in cells.items()
    }
    for name, by_set in baselines.items():
        accuracies[name] = comparison.BaselineAccuracy(
            **found[name], scores=set_scores(by_set, sets)
        )
    return comparison.Primary(
        accuracies=accuracies, pairs=pairs, against_baselines=against_baselines
    )
