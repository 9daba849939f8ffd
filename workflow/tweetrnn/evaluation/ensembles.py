"""Seed ensembles: the mean of the probabilities of a cell's replicates, compared between cells.

Averaging over seeds removes most of what single trainings owe to chance. So the part of a gap
between single replicates that the ensembles do not have is one of training stability rather than
of what a cell can learn (Lakshminarayanan, Pritzel & Blundell, "Simple and scalable predictive
uncertainty estimation using deep ensembles", NeurIPS 2017).
"""

from itertools import combinations as pairs_of

import numpy as np
from scipy import stats

from tweetrnn.evaluation import statistics
from tweetrnn.evaluation.comparison import EnsembleDifference, Ensembles
from tweetrnn.evaluation.predictions import right


def ensembles(cells, tweets):
    """Return the Ensembles.

    Args:
        cells: {cell: (replicates, N, classes) probabilities}.
        tweets: the TweetSet of the N tweets.
    """
    together = {cell: right(p.mean(axis=0), tweets.labels) for cell, p in cells.items()}
    single = {
        cell: float(np.mean([right(one, tweets.labels) for one in p])) for cell, p in cells.items()
    }
    accuracies = {cell: float(rights.mean()) for cell, rights in together.items()}
    pairs = []
    for one, other in pairs_of(cells, 2):
        difference = accuracies[one] - accuracies[other]
        of_singles = single[one] - single[other]
        pairs.append(
            EnsembleDifference(
                first=one,
                second=other,
                difference=difference,
                interval=interval(together[one], together[other], tweets.groups),
                single_difference=of_singles,
                instability=of_singles - difference,
            )
        )
    return Ensembles(accuracies=accuracies, pairs=pairs)


def interval(first, second, groups):
    """Return [low, high] around the difference of two models' accuracies; None for one group.

    The groups of duplicate tweets count as drawn at random, the models as given: the standard
    error of a ratio over clusters of unequal size (Cochran, Sampling Techniques, 3rd ed. 1977,
    ch. 9A), with Student's t for as many groups less one.

    Args:
        first, second: (N,) booleans: which tweets each gets right.
        groups: (N,) group of each tweet.
    """
    (ours, theirs), sizes = statistics.group_sums([first, second], groups)
    count = len(sizes)
    if count < 2:
        return None
    lead = ours - theirs
    difference = lead.sum() / sizes.sum()
    deviations = lead - difference * sizes
    error = np.sqrt(count / (count - 1) * (deviations**2).sum()) / sizes.sum()
    reach = stats.t.ppf((1 + statistics.LEVEL) / 2, count - 1) * error
    return [float(difference - reach), float(difference + reach)]
