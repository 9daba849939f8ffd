"""The metrics that training reports after each epoch.

Metrics of stored predictions are in ``evaluation.metrics``: adding one there trains nothing again.

Throughout, ``probabilities`` is (N, classes) and ``labels`` is (N,) of class ids below ``classes``.
The predicted class is the most probable one, the first of them on a tie.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tweetrnn.sets import SETS


def _checked(probabilities, labels):
    import numpy as np  # not above: the workflow's rules read the metrics' names without it

    probabilities, labels = np.asarray(probabilities), np.asarray(labels)
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1]:
        raise ValueError(
            f"expected probabilities (N, classes) and labels (N,), "
            f"got {probabilities.shape} and {labels.shape}"
        )
    if not len(labels):
        raise ValueError("no metric is defined on no examples")
    return probabilities, labels


def confusion(probabilities, labels):
    """Return counts (classes, classes): row = label, column = predicted class."""
    import numpy as np

    probabilities, labels = _checked(probabilities, labels)
    classes = probabilities.shape[1]
    pairs = labels.astype(np.int64) * classes + probabilities.argmax(axis=1)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def accuracy(probabilities, labels):
    """Return the categorical accuracy: the share of examples whose predicted class is right."""
    probabilities, labels = _checked(probabilities, labels)
    return float((probabilities.argmax(axis=1) == labels).mean())


def binary_accuracy(probabilities, labels):
    """Return Keras's ``binary_accuracy`` on one-hot labels.

    Each of the N x classes entries counts by itself: an entry above 0.5 says 1, others say 0.
    """
    import numpy as np

    probabilities, labels = _checked(probabilities, labels)
    one_hot = labels[:, None] == np.arange(probabilities.shape[1])
    return float(((probabilities > 0.5) == one_hot).mean())


def f1(counts):
    """Return each class's F1 from a confusion matrix: 2TP / (2TP + FP + FN), 0 where undefined."""
    import numpy as np

    counts = np.asarray(counts, dtype=np.float64)
    total = counts.sum(axis=0) + counts.sum(axis=1)
    return np.divide(2 * counts.diagonal(), total, out=np.zeros(len(counts)), where=total > 0)


def macro_f1(probabilities, labels):
    """Return the mean F1 over all classes; a class without labels and predictions counts as 0."""
    return float(f1(confusion(probabilities, labels)).mean())


@dataclass(frozen=True)
class Metric:
    """A metric's heading in tables, its function of (probabilities, labels), and its direction."""

    heading: str
    function: Callable
    higher_is_better: bool = True


# What training reports after each epoch: to add one trains every run again.
EPOCH_METRICS = {
    "accuracy": Metric("accuracy", accuracy),
    "binary_accuracy": Metric("binary accuracy", binary_accuracy),
    "macro_f1": Metric("macro-F1", macro_f1),
}

# The columns of a run's history.csv.
HISTORY = ("epoch", *(f"{name}_{k}" for name in SETS[:2] for k in ("loss", *EPOCH_METRICS)))


def scores(probabilities, labels, metrics=EPOCH_METRICS):
    """Return {metric: value} of the metrics."""
    return {name: metric.function(probabilities, labels) for name, metric in metrics.items()}
