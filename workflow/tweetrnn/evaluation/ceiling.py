"""What the labels allow: how often two labels of the same tweet agree."""

import numpy as np
import pandas as pd
from scipy import stats

from tweetrnn.evaluation.comparison import Ceiling, LabelAgreement
from tweetrnn.evaluation.statistics import LEVEL


def best_accuracy(agreement, classes):
    """Return the highest accuracy that any model can have where two labels agree that often.

    Two labels of one tweet are the limit of nearest neighbours, so the bound is Cover & Hart's
    ("Nearest neighbor pattern classification", IEEE Transactions on Information Theory 13, 1967):
    with M classes and the share R of disagreements, the least error is at least
    (M - 1) / M (1 - sqrt(1 - M R / (M - 1))), and at most R. Labels of a tweet are taken to be
    independent of one another.
    """
    share = (classes - 1) / classes
    return 1 - share * (1 - np.sqrt(max(0.0, 1 - (1 - agreement) / share)))


def agreement(keys, labels, classes):
    """Return the LabelAgreement of the first two rows with the same key, a pair for each such key.

    The interval is Wilson's (scipy's). Further rows would make pairs that are not independent.

    Args:
        keys, labels: (N,) arrays.
        classes: how many classes there are.
    """
    rows = pd.DataFrame({"key": keys, "label": labels})
    place = rows.groupby("key").cumcount()
    first, second = (rows[place == number].set_index("key")["label"] for number in (0, 1))
    pairs, agreed = len(second), int((first.loc[second.index] == second).sum())
    if not pairs:
        return LabelAgreement(pairs=0, agreed=0, share=None, interval=None, best_accuracy=None)
    low, high = stats.binomtest(agreed, pairs).proportion_ci(LEVEL, method="wilson")
    return LabelAgreement(
        pairs=pairs,
        agreed=agreed,
        share=agreed / pairs,
        interval=[float(low), float(high)],
        best_accuracy=[float(low), float(best_accuracy(high, classes))],
    )


def ceiling(corpus, classes):
    """Return the Ceiling.

    Args:
        corpus: a pyarrow Table of all tweets: id, label, group.
        classes: how many classes there are.
    """
    tweets = corpus.select(["id", "label", "group"]).to_pandas()
    named = tweets["id"] != ""
    distinct = tweets[~(named & tweets["id"].duplicated())]
    named = tweets[named]
    return Ceiling(
        same_id=agreement(named["id"], named["label"], classes),
        same_tokens=agreement(distinct["group"], distinct["label"], classes),
    )
