"""Seed ensembles: the mean of the probabilities of a cell's replicates, compared between cells.

Averaging over seeds removes most of what single trainings owe to chance. So the part of a gap
between single replicates that the ensembles do not have is one of training stability rather than
of what a cell can learn (Lakshminarayanan, Pritzel & Blundell, "Simple and scalable predictive
uncertainty estimation using deep ensembles", NeurIPS 2017).
"""

from itertools import combinations as pairs_of

import numpy as np

from tweetrnn.evaluation import interval
from tweetrnn.evaluation.comparison import EnsembleDifference, Ensembles
from tweetrnn.evaluation.predictions import right
from tweetrnn.evaluation.statistics import group_sums


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
    sums, sizes = group_sums(list(together.values()), tweets.groups)
    pairs = []
    for (n, one), (m, other) in pairs_of(enumerate(cells), 2):
        difference = accuracies[one] - accuracies[other]
        of_singles = single[one] - single[other]
        pairs.append(
            EnsembleDifference(
                first=one,
                second=other,
                difference=difference,
                interval=interval.difference(sums[[n]], sums[[m]], sizes)["interval"],
                single_difference=of_singles,
                instability=of_singles - difference,
            )
        )
    return Ensembles(accuracies=accuracies, pairs=pairs)
