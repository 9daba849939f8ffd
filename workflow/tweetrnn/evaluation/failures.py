"""How a model fails: per-class scores, calibration, and its most confident mistakes.

Throughout, ``probabilities`` is (N, classes) and ``labels`` is (N,) of class ids.
"""

from itertools import permutations

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from tweetrnn.evaluation.comparison import Bin, Calibration, ClassScores, Mistake

BINS = 10


def per_class(probabilities, labels, names):
    """Return {class name: ClassScores}, by scikit-learn; 0 where undefined."""
    scores = precision_recall_fscore_support(
        labels, probabilities.argmax(axis=1), labels=range(len(names)), zero_division=0
    )
    return {
        name: ClassScores(
            precision=float(precision), recall=float(recall), f1=float(f1), support=int(support)
        )
        for name, precision, recall, f1, support in zip(names, *scores, strict=True)
    }


def calibration(probabilities, labels, bins=BINS):
    """Return the Calibration: reliability bins and the expected calibration error.

    The confidence is the predicted class's probability. Bins are equally wide, open below and
    closed above; the error is their absolute gaps between accuracy and mean confidence, weighted
    by their tweets (Guo, Pleiss, Sun & Weinberger, "On calibration of modern neural networks",
    ICML 2017).
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    edges = np.arange(bins + 1) / bins
    member = np.searchsorted(edges[1:-1], confidence, side="left")
    rows, error = [], 0.0
    for number in range(bins):
        inside = member == number
        row = Bin(
            low=float(edges[number]),
            high=float(edges[number + 1]),
            tweets=int(inside.sum()),
            confidence=None,
            accuracy=None,
        )
        if row.tweets:
            row.confidence = float(confidence[inside].mean())
            row.accuracy = float(right[inside].mean())
            error += row.tweets / len(labels) * abs(row.accuracy - row.confidence)
        rows.append(row)
    return Calibration(
        bins=rows,
        expected_calibration_error=error,
        mean_confidence=float(confidence.mean()),
    )


def confidently_wrong(probabilities, tweets, names, count):
    """Return the ``count`` most confident Mistakes of each kind, at most one of a group.

    Kinds are in the order of true and predicted class, mistakes by falling confidence, ties by row.

    Args:
        tweets: the TweetSet.
        names: the classes' names by id.
        count: of each kind.
    """
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    mistakes = []
    for true, guess in permutations(range(len(names)), 2):
        rows = np.flatnonzero((tweets.labels == true) & (predicted == guess))
        rows = rows[np.argsort(-confidence[rows], kind="stable")]
        _, first = np.unique(tweets.groups[rows], return_index=True)
        mistakes += [
            Mistake(
                true=names[true],
                predicted=names[guess],
                confidence=float(confidence[row]),
                row=row,
                corpus_row=int(tweets.corpus_rows[row]),
            )
            for row in rows[np.sort(first)][:count].tolist()
        ]
    return mistakes
