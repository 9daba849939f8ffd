"""The primary analysis, fixed beforehand: each cell's selected combination, trained anew.

The figure is the difference of the cells' mean accuracies over these replicates, on the test part
(on validation where there is none), with a bootstrap interval over tweets and replicates.
"""

from itertools import combinations as pairs_of
from pathlib import Path

import numpy as np

from tweetrnn import metrics
from tweetrnn.errors import UserError
from tweetrnn.evaluation.statistics import (
    bootstrap_accuracies,
    interval,
    minimum_detectable_difference,
)
from tweetrnn.files import read_json


def finished_replicates(train_dir, cell, combination, replicates):
    """Return those of the replicates (numbers) that did not diverge.

    Raises:
        UserError: all of them diverged, or one is absent.
    """
    folder = Path(train_dir, cell, combination)
    finished = [
        replicate
        for replicate in replicates
        if read_json(folder / str(replicate) / "parameters.json")["status"] == "finished"
    ]
    if not finished:
        raise UserError(
            f"{cell} {combination}: all {len(replicates)} replicates diverged, so that there is "
            "nothing to compare; leave its learning rate out of grid.learning_rate, or choose by "
            "another report.select_by"
        )
    return finished


def right(probabilities, labels):
    """Return (N,) booleans: whether the most probable class is the label."""
    return probabilities.argmax(axis=1) == labels


def spread(values):
    """Return mean, sd (None for one value), min and max of a list."""
    return {
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "min": min(values),
        "max": max(values),
    }


def difference(samples, estimate, **parts):
    """Return a difference with its interval; ``samples`` are its resampled values.

    ``parts`` are the same with only tweets or only replicates resampled: their standard errors
    are told as well.
    """
    error = float(samples.std(ddof=1))
    low, high = interval(samples)
    found = {
        "difference": float(estimate),
        "interval": [low, high],
        "excludes_zero": bool(low > 0 or high < 0),
        "standard_error": error,
        "minimum_detectable_difference": minimum_detectable_difference(error),
    }
    for name, values in parts.items():
        found[f"standard_error_{name}"] = float(values.std(ddof=1))
    return found


def primary(rights, baseline_rights, groups, resamples, seed):
    """Return accuracies, pairwise differences and differences from the baselines, with intervals.

    Args:
        rights: {cell: (replicates, N) booleans}.
        baseline_rights: {baseline: (N,) booleans}.
        groups: (N,) group of duplicates of each tweet.
        resamples, seed: of the bootstrap.
    """
    everyone = {**rights, **{name: own[None] for name, own in baseline_rights.items()}}
    column = {name: number for number, name in enumerate(everyone)}
    arrays = list(everyone.values())
    accuracy = {name: float(own.mean()) for name, own in everyone.items()}
    draws = {
        "both": bootstrap_accuracies(arrays, groups, resamples, seed),
        "tweets": bootstrap_accuracies(arrays, groups, resamples, seed, replicates=False),
        "replicates": bootstrap_accuracies(arrays, groups, resamples, seed, tweets=False),
    }

    def compared(one, other):
        samples = {kind: own[:, column[one]] - own[:, column[other]] for kind, own in draws.items()}
        return difference(
            samples["both"],
            accuracy[one] - accuracy[other],
            tweets=samples["tweets"],
            replicates=samples["replicates"],
        )

    return {
        "accuracies": {
            name: {"accuracy": accuracy[name], "interval": interval(draws["both"][:, own])}
            for name, own in column.items()
        },
        "pairs": [
            {"first": one, "second": other, **compared(one, other)}
            for one, other in pairs_of(rights, 2)
        ],
        "against_baselines": [
            {"cell": cell, "baseline": baseline, **compared(cell, baseline)}
            for cell in rights
            for baseline in baseline_rights
        ],
    }


def with_scores(found, anew, baselines, labels, choice, replicates):
    """Add to the ``accuracies`` of ``primary``'s result what the models score, part by part.

    Args:
        found: what ``primary`` returned.
        anew: {cell: {replicate: {part: (N, classes) probabilities}}}, without those that diverged.
        baselines: {baseline: {part: (N, classes)}}.
        labels: {part: (N,)}.
        choice: {cell: combination}.
        replicates: how many were trained of each.
    """

    def scores(probabilities):
        return {part: metrics.scores(probabilities[part], labels[part]) for part in labels}

    for cell, own in anew.items():
        each = [{"replicate": number, **scores(guesses)} for number, guesses in own.items()]
        found["accuracies"][cell] |= {
            "combination": choice[cell],
            "replicates": each,
            "diverged_replicates": replicates - len(each),
            "spread": {
                part: {
                    metric: spread([row[part][metric] for row in each])
                    for metric in metrics.METRICS
                }
                for part in labels
            },
        }
    for name, guesses in baselines.items():
        found["accuracies"][name]["scores"] = scores(guesses)
    return found
