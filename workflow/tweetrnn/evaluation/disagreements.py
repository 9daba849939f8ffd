"""The tweets on which the two most accurate cells disagree, by the majority of their replicates."""

import numpy as np
import pandas as pd

from tweetrnn.evaluation.comparison import Disagreement, Disagreements

MOST = 1000  # tweets that are listed; all are counted


def majority(replicates):
    """Return (N,) class ids: the answer of most replicates.

    Of answers that equally many give it is the one with the highest mean probability.
    ``replicates`` is (replicates, N, classes) probabilities.
    """
    classes = np.arange(replicates.shape[2])
    votes = (replicates.argmax(axis=2)[:, :, None] == classes).sum(axis=0)
    return (votes + 0.5 * replicates.mean(axis=0, dtype=np.float64)).argmax(axis=1)


def surest_first(sure, kinds, groups, count):
    """Return (order, shown) of N tweets: the shown ones first, then each by descending ``sure``.

    Shown are of each kind the ``count`` surest, at most one of a group; ties are by row.
    """
    order, shown = np.argsort(-sure, kind="stable"), np.zeros(len(sure), dtype=bool)
    for kind in np.unique(kinds):
        rows = order[kinds[order] == kind]
        _, first = np.unique(groups[rows], return_index=True)
        shown[rows[np.sort(first)][:count]] = True
    return order[np.argsort(~shown[order], kind="stable")], shown


def disagreements(cells, tweets, classes, found, count):
    """Return the Disagreements of the two most accurate cells; None where there is one cell.

    Args:
        cells: {cell: (replicates, N, classes) probabilities}.
        tweets: the TweetSet of the N tweets.
        classes: the classes' names by id.
        found: the tweets' properties, as ``slices.properties`` returns them.
        count: of how many tweets of each kind the text is shown. There are three kinds: the first
            cell is right, the second is, neither is.
    """
    if len(cells) < 2:
        return None
    accuracies = {c: (p.argmax(axis=2) == tweets.labels).mean() for c, p in cells.items()}
    names = sorted(cells, key=lambda cell: -accuracies[cell])[:2]
    answers = np.array([majority(cells[cell]) for cell in names])
    rows = np.flatnonzero(answers[0] != answers[1])
    answers, labels = answers[:, rows], tweets.labels[rows]
    sure = np.array(
        [
            cells[cell].mean(axis=0, dtype=np.float64)[rows, its]
            for cell, its in zip(names, answers, strict=True)
        ]
    )
    right = answers == labels
    order, shown = surest_first(
        sure.sum(axis=0), np.where(right.any(axis=0), right[0], 2), tweets.groups[rows], count
    )
    return Disagreements(
        cells=names,
        tweets=len(rows),
        right=dict(zip(names, right.sum(axis=1).tolist(), strict=True)),
        neither=int((~right.any(axis=0)).sum()),
        listed=[
            Disagreement(
                row=int(rows[at]),
                corpus_row=int(tweets.corpus_rows[rows[at]]),
                label=classes[labels[at]],
                answers={cell: classes[answers[k, at]] for k, cell in enumerate(names)},
                probabilities={cell: float(sure[k, at]) for k, cell in enumerate(names)},
                slices={name: value_at(values, rows[at]) for name, values in found},
                shown=bool(shown[at]),
            )
            for at in order[:MOST]
        ],
    )


def value_at(values, row):
    """Return the value of a Categorical in a row as text, None where it is missing."""
    value = values[row]
    return None if pd.isna(value) else str(value)
