"""All metrics: those of training, and those that are computed from stored predictions alone.

To add a metric, add an entry to PREDICTION_METRICS: aggregation, the comparison, the report and
the model card then have it, and nothing is trained again.
"""

from tweetrnn import metrics
from tweetrnn.metrics import EPOCH_METRICS, Metric, confusion


def balanced_accuracy(probabilities, labels):
    """Return the mean recall over the classes that occur.

    Always giving the same answer scores 1 / classes, however large its class (Brodersen, Ong,
    Stephan & Buhmann, "The balanced accuracy and its posterior distribution", ICPR 2010).
    """
    counts = confusion(probabilities, labels)
    tweets = counts.sum(axis=1)
    occurs = tweets > 0
    return float((counts.diagonal()[occurs] / tweets[occurs]).mean())


PREDICTION_METRICS = {
    "balanced_accuracy": Metric("balanced accuracy", balanced_accuracy),
}

METRICS = EPOCH_METRICS | PREDICTION_METRICS


def scores(probabilities, labels):
    """Return {metric: value} of all METRICS, for (N, classes) probabilities and (N,) labels."""
    return metrics.scores(probabilities, labels, METRICS)
