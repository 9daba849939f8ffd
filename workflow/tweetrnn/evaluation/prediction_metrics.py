"""Metrics of stored predictions: aggregate computes them, so a new one trains nothing again.

Each is a function of (probabilities (N, classes), labels (N,)) and has a column in every table of
runs. To add one: docs/extending.md. What training itself reports after each epoch is in
``metrics``.
"""

from tweetrnn.metrics import confusion


def balanced_accuracy(probabilities, labels):
    """Return the mean recall over the classes that occur.

    Always giving the same answer scores 1 / classes, however large its class (Brodersen, Ong,
    Stephan & Buhmann, "The balanced accuracy and its posterior distribution", ICPR 2010).
    """
    counts = confusion(probabilities, labels)
    tweets = counts.sum(axis=1)
    occurs = tweets > 0
    return float((counts.diagonal()[occurs] / tweets[occurs]).mean())


# name: (how tables head it, function)
PREDICTION_METRICS = {"balanced_accuracy": ("balanced accuracy", balanced_accuracy)}
