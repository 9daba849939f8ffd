"""How a model fails: confusions, per-class scores, calibration, and what it got confidently wrong.

Throughout, ``probabilities`` is (N, classes) and ``labels`` is (N,) of class ids.
"""

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from tweetrnn import metrics

BINS = 10


def per_class(probabilities, labels, names):
    """Return {class name: precision, recall, f1, support}, by scikit-learn; 0 where undefined."""
    scores = precision_recall_fscore_support(
        labels, probabilities.argmax(axis=1), labels=range(len(names)), zero_division=0
    )
    return {
        name: {
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "support": int(support),
        }
        for name, precision, recall, f1, support in zip(names, *scores, strict=True)
    }


def calibration(probabilities, labels, bins=BINS):
    """Return reliability bins and the expected calibration error.

    The confidence is the predicted class's probability. Bins are equally wide, open below and
    closed above; the error is their absolute gaps between accuracy and mean confidence, weighted
    by their tweets (Guo, Pleiss, Sun & Weinberger, "On calibration of modern neural networks",
    ICML 2017).
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    edges = np.arange(bins + 1) / bins
    member = np.searchsorted(edges[1:-1], confidence, side="left")
    found, error = [], 0.0
    for number in range(bins):
        mine = member == number
        count = int(mine.sum())
        row = {"low": float(edges[number]), "high": float(edges[number + 1]), "tweets": count}
        row |= {"confidence": None, "accuracy": None}
        if count:
            row["confidence"] = float(confidence[mine].mean())
            row["accuracy"] = float(right[mine].mean())
            error += count / len(labels) * abs(row["accuracy"] - row["confidence"])
        found.append(row)
    return {
        "bins": found,
        "expected_calibration_error": error,
        "mean_confidence": float(confidence.mean()),
    }


def confidently_wrong(probabilities, labels, groups, names, count):
    """Return the ``count`` most confident mistakes of each kind, at most one of a group.

    Each is a dict: true, predicted (class names), confidence, row (of these arrays). Kinds go by
    true and predicted class, mistakes by falling confidence, ties by row.

    Args:
        groups: (N,) group of duplicates of each tweet.
        count: of each kind.
    """
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    found = []
    for true, true_name in enumerate(names):
        for guess, guess_name in enumerate(names):
            if true == guess:
                continue
            rows = np.flatnonzero((labels == true) & (predicted == guess))
            rows = rows[np.argsort(-confidence[rows], kind="stable")]
            _, first = np.unique(groups[rows], return_index=True)
            for row in rows[np.sort(first)][:count].tolist():
                found.append(
                    {
                        "true": true_name,
                        "predicted": guess_name,
                        "confidence": float(confidence[row]),
                        "row": row,
                    }
                )
    return found


def diagnose(probabilities, labels, groups, names, count):
    """Return all of it for one model: confusion, per_class, calibration, confidently_wrong."""
    return {
        "confusion": metrics.confusion(probabilities, labels).tolist(),
        "per_class": per_class(probabilities, labels, names),
        "calibration": calibration(probabilities, labels),
        "confidently_wrong": confidently_wrong(probabilities, labels, groups, names, count),
    }
