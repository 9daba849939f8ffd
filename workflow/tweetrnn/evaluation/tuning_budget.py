"""The tuning budget: how good the best of a few combinations drawn at random is expected to be.

Dodge, Gururangan, Card, Schwartz & Smith, "Show your work: improved reporting of experimental
results", EMNLP 2019.
"""

import numpy as np

from tweetrnn.evaluation.comparison import TuningBudget


def expected_best(values):
    """Return (mean, sd), each (N,): of the largest of n of N values, for n = 1 to N.

    The n are drawn with replacement, so that the k-th smallest of N values is the largest with
    probability (k / N)^n - ((k - 1) / N)^n.

    Args:
        values: (N,) numbers, in any order.
    """
    values = np.sort(np.asarray(values, dtype=np.float64))
    count = len(values)
    at_most = (np.arange(count + 1) / count) ** np.arange(1, count + 1)[:, None]
    chances = np.diff(at_most, axis=1)  # (n, k)
    mean = chances @ values
    return mean, np.sqrt((chances * (values - mean[:, None]) ** 2).sum(axis=1))


def tuning_budget(means, cells):
    """Return {cell: TuningBudget}.

    Args:
        means: the figures that select, higher ones better, by (cell, combination), a Series.
        cells: those that have figures.
    """
    budgets = {}
    for cell in cells:
        mean, sd = expected_best(means[cell])
        budgets[cell] = TuningBudget(expected_best=mean.tolist(), sd=sd.tolist())
    return budgets
