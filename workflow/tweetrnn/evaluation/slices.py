"""Where the cells differ: accuracies on slices, the tweets that have one property in common.

Exploratory: all differences between cells are one family, with Holm's correction.
"""

import re
from itertools import combinations as pairs_of

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from scipy import stats

from tweetrnn.data.details import SLICE
from tweetrnn.evaluation.comparison import Estimate, Slice, SliceDifference
from tweetrnn.evaluation.exploratory import with_holm
from tweetrnn.evaluation.statistics import LEVEL, group_sums

CONFIDENCE = "label confidence"
FEWEST_GROUPS = 30  # of duplicates; with fewer there is no interval
# Christopher Potts's expression, which NLTK's mark_negation uses, and three words that it lacks.
NEGATION = re.compile(
    "never|no|nothing|nowhere|noone|none|not|cannot|neither|nor|.*n't.*"
    "|(have|has|had|ca|could|should|wo|would|do|does|did|is|are|ai)nt"
)


def is_negation(token):
    """Return whether a token is an English negation."""
    return bool(NEGATION.fullmatch(token.casefold().replace("\u2019", "'")))


def negated(tokens):
    """Return (N,) booleans: whether a tweet has a negation; ``tokens`` is a list<string> array."""
    words = pc.list_flatten(tokens).dictionary_encode()
    negations = np.array([is_negation(word) for word in words.dictionary.to_pylist()], dtype=bool)
    tweet = pc.list_parent_indices(tokens).to_numpy()
    return np.bincount(tweet, negations[words.indices.to_numpy()], len(tokens)) > 0


def by_value(column):
    """Return a pyarrow column of texts as a Categorical, the most frequent value first."""
    values = column.to_pandas()
    counts = values.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return pd.Categorical(values, counts.index)


def properties(tweets):
    """Return [(property, Categorical of N values)] of tweets; a value may be missing.

    ``tweets`` is a pyarrow Table with tokens and, where the corpus has them, confidence and columns
    whose names begin with SLICE.
    """
    tokens = tweets["tokens"].combine_chunks()
    found = [
        (name.removeprefix(SLICE), by_value(tweets[name]))
        for name in tweets.column_names
        if name.startswith(SLICE)
    ]
    lengths = ["1 to 10", "11 to 20", "21 to 30", "more than 30"]
    lengths = pd.cut(
        pc.list_value_length(tokens).to_numpy(), [0, 10, 20, 30, np.inf], labels=lengths
    )
    negation = np.where(negated(tokens), "yes", "no")
    found += [("tokens", lengths), ("English negation", pd.Categorical(negation, ["yes", "no"]))]
    if "confidence" in tweets.column_names:
        confidence = tweets["confidence"].to_numpy().astype(float)
        edges, names = [-np.inf, 0.65, 1, np.inf], ["< 0.65", "0.65 to < 1", "1"]
        found.append((CONFIDENCE, pd.cut(confidence, edges, right=False, labels=names)))
    return found


def estimate(rights, groups):
    """Return (value, interval, p) of a model's accuracy, or of a difference of two models.

    A t interval and a t test of zero, of the mean over replicates. The variance is that over groups
    of duplicates (clusters of unequal size: Cochran, "Sampling Techniques", 1977, chapter 9A) plus
    that over each model's replicates, with the degrees of freedom of Satterthwaite (Biometrics
    Bulletin 2, 1946). How seeds change single tweets is in both parts, so the interval errs on the
    wide side. With one replicate the trained model is taken as given.

    Args:
        rights: of one model, or of two to subtract, (replicates, N) booleans on the same tweets.
        groups: (N,) group of each tweet.

    Returns:
        interval and p are None with fewer than FEWEST_GROUPS groups, and where nothing varies.
    """
    means = [right.mean(axis=0) for right in rights]
    scores = means[0] - means[1] if len(means) > 1 else means[0]
    value = float(scores.mean())
    [sums], sizes = group_sums([scores - value], groups)
    if len(sizes) < FEWEST_GROUPS:
        return value, None, None
    freedom = len(sizes) - 1
    parts = [((sums**2).sum() * len(sizes) / freedom / len(scores) ** 2, freedom)]
    parts += [
        (right.mean(axis=1).var(ddof=1) / len(right), len(right) - 1)
        for right in rights
        if len(right) > 1
    ]
    variance = sum(part for part, _ in parts)
    if variance < 1e-20:
        return value, None, None
    freedom = variance**2 / sum(part**2 / freedom for part, freedom in parts)
    error = np.sqrt(variance)
    half = float(stats.t.ppf((1 + LEVEL) / 2, freedom) * error)
    return value, [value - half, value + half], float(2 * stats.t.sf(abs(value) / error, freedom))


def accuracy(right, groups):
    """Return the Estimate of a model's accuracy."""
    value, interval, _ = estimate([right], groups)
    return Estimate(accuracy=value, interval=interval)


def members(found):
    """Yield (property, value, rows) of every value that some of the tweets have, not all."""
    for name, values in found:
        rows = [np.flatnonzero(values == value) for value in values.categories]
        if np.count_nonzero([len(its_rows) for its_rows in rows]) > 1:
            yield from (
                (name, value, its_rows)
                for value, its_rows in zip(values.categories, rows, strict=True)
                if len(its_rows)
            )


def slices(models, groups, found):
    """Return the Slices.

    Args:
        models: {cell or baseline: (replicates, N) booleans}.
        groups: (N,) group of each tweet.
        found: the tweets' properties, as ``properties`` returns them.
    """
    return [
        Slice(
            name=name,
            value=value,
            tweets=len(rows),
            groups=len(np.unique(groups[rows])),
            accuracies={
                model: accuracy(right[:, rows], groups[rows]) for model, right in models.items()
            },
        )
        for name, value, rows in members(found)
    ]


def slice_differences(cells, groups, found):
    """Return the SliceDifferences of each two cells; arguments as for ``slices``."""
    differences = []
    for name, value, rows in members(found):
        for first, second in pairs_of(cells, 2):
            here = [cells[cell][:, rows] for cell in (first, second)]
            difference, interval, p = estimate(here, groups[rows])
            head = {"name": name, "value": value, "tweets": len(rows)}
            head |= {"first": first, "second": second}
            differences.append(head | {"difference": difference, "interval": interval, "p": p})
    return [SliceDifference(**row) for row in with_holm(differences)]
