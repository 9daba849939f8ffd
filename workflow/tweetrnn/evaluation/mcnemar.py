"""McNemar's test between two cells, for every pair of their replicates.

The pairs share tweets and replicates, so they are not independent evidence: what is reported is
how much the test's answer depends on the seeds.
"""

from itertools import combinations as pairs_of

import numpy as np

from tweetrnn.evaluation import statistics
from tweetrnn.evaluation.comparison import McNemar
from tweetrnn.evaluation.predictions import right

ALPHA = 0.05


def mcnemar(cells, labels):
    """Return a McNemar of each two cells.

    Args:
        cells: {cell: (replicates, N, classes) probabilities}.
        labels: (N,) class ids.
    """
    rights = {cell: [right(one, labels) for one in p] for cell, p in cells.items()}
    return [
        over_pairs(one, other, statistics.mcnemar(rights[one], rights[other]))
        for one, other in pairs_of(rights, 2)
    ]


def over_pairs(first, second, tests):
    """Return the McNemar of two cells from the tests of their pairs, ``statistics.mcnemar``'s."""
    p = tests.pop("p")
    lead = np.where(p < ALPHA, tests["first_only"] - tests["second_only"], 0)
    return McNemar(
        first=first,
        second=second,
        pairs=p.size,
        first_ahead=float((lead > 0).mean()),
        second_ahead=float((lead < 0).mean()),
        p=[float(p.min()), float(np.median(p)), float(p.max())],
        **{name: float(counts.mean()) for name, counts in tests.items()},
    )
