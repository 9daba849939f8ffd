"""The confidence interval of an accuracy or of the difference of two, in closed form.

Tweets and replicates (trainings with other seeds) are both samples: the interval is about what
other tweets and other seeds would give. Its variance has a part of each, as in studies of many
readers and many cases (Gallas, Academic Radiology 13, 2006), and each part has its own quantile of
Student's t; their margins add in squares (Zou & Donner, Statistics in Medicine 27, 2008).
``benchmarks/coverage.py`` compares this with other intervals; its tables are in docs/methods.md.

Arrays may have leading axes (...), which are kept: those of the benchmark's simulations.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from tweetrnn.evaluation.statistics import LEVEL, POWER

# With fewer groups of tweets there is no interval: from this number on, the benchmark's coverage is
# at least 94 % and its false positives are at most 5.7 %.
MIN_GROUPS = 40
# Nor where fewer groups vary. Where two models disagree on five tweets, an exact sign test at 5 %
# finds no difference even if all five speak for the same one (p = 2 / 2^5).
MIN_VARYING = 6
# Why there is no interval.
TOO_FEW_TWEETS = "too few tweets"
ALWAYS_AGREE = "the models always agree"
TOO_FEW_DISAGREEMENTS = "too few disagreements"
SAME_EVERYWHERE = "the same difference on all tweets"
SMALLEST = 1e-9  # a standard error below this is a rounded zero
# What is None where there is no claim.
CLAIMS = (
    "interval",
    "standard_error",
    "minimum_detectable_difference",
    "standard_error_tweets",
    "standard_error_replicates",
    "degrees_of_freedom",
)


@dataclass
class Estimate:
    """A value and its variances: numbers, or (...) arrays."""

    value: float
    tweets: float  # variance; how tweets and replicates interact is in this and in the next
    replicates: float  # variance; 0 where no model has two replicates
    interaction: float  # variance
    tweets_df: int
    replicates_df: float  # 1 where no model has two replicates

    def margin(self, t_tweets=1.0, t_replicates=1.0):
        """Return the root of t² x variance, added over tweets and replicates.

        The interaction is counted once, but the margin is not less than that of the tweets alone
        or that of the replicates alone. With both t equal to 1 it is the standard error.
        """
        beyond = np.maximum(self.replicates - self.interaction, 0)
        both = t_tweets**2 * self.tweets + t_replicates**2 * beyond
        return np.sqrt(np.maximum(both, t_replicates**2 * self.replicates))

    def quantile(self, probability):
        """Return how far from the value that quantile is, for a probability above 0.5."""
        degrees = self.tweets_df, self.replicates_df
        return self.margin(*(special.stdtrit(df, probability) for df in degrees))


def of_model(sums, sizes):
    """Return what one model contributes to an Estimate.

    Args:
        sums: (..., replicates, G) right answers in each group.
        sizes: (G,) tweets of each group.

    Returns:
        the accuracy; (..., G) deviations from it, as numbers of tweets; the variance of the
        accuracy over replicates; the interaction's share of it.
    """
    replicates = sums.shape[-2]
    accuracies = sums.sum(axis=-1) / sizes.sum()
    accuracy = accuracies.mean(axis=-1)
    deviations = sums.mean(axis=-2) - accuracy[..., None] * sizes
    if replicates == 1:
        return accuracy, deviations, 0.0, 0.0
    rest = sums - accuracies[..., None] * sizes - deviations[..., None, :]
    squares = np.einsum("...rg,...rg->...", rest, rest) / (replicates * (replicates - 1))
    variance = accuracies.var(axis=-1, ddof=1) / replicates
    return accuracy, deviations, variance, variance_of_mean(squares, sizes)


def variance_of_mean(squares, sizes):
    """Return the variance of a mean over tweets, of a sum of groups' squared deviations.

    An accuracy is a ratio of two sums over groups (Cochran, Sampling Techniques, 1977, ch. 6).
    """
    groups = len(sizes)
    return groups / max(groups - 1, 1) * squares / sizes.sum() ** 2


def estimate(models, sizes):
    """Return the Estimate of a model's accuracy, or of the first's accuracy - the second's.

    The degrees of freedom of the replicates are Welch's. A model with a single replicate
    contributes no variance of replicates: the estimate is then about this one training.

    Args:
        models: one or two (..., replicates, G) arrays: right answers in each group.
        sizes: (G,) tweets of each group.
    """
    value, deviations, replicates, interaction, squares = 0.0, 0.0, 0.0, 0.0, 0.0
    for sign, sums in zip((1, -1), models, strict=False):
        accuracy, own, variance, share = of_model(sums, sizes)
        value, deviations = value + sign * accuracy, deviations + sign * own
        replicates, interaction = replicates + variance, interaction + share
        squares = squares + variance**2 / max(sums.shape[-2] - 1, 1)
    tweets = variance_of_mean(np.einsum("...g,...g->...", deviations, deviations), sizes)
    some = np.asarray(squares) > 0
    df = np.where(some, np.square(replicates), 1) / np.where(some, squares, 1)
    return Estimate(value, tweets, replicates, interaction, len(sizes) - 1, df)


def accuracy(sums, sizes):
    """Return a model's accuracy and its interval, a dict; the interval is None as for a difference.

    Args:
        sums: (replicates, G) right answers in each group.
        sizes: (G,) tweets of each group.
    """
    found = estimate([sums], sizes)
    varying = min(np.count_nonzero(sums.any(axis=0)), np.count_nonzero((sums < sizes).any(axis=0)))
    if no_claim(found, sizes, varying):
        return {"accuracy": float(found.value), "interval": None}
    return {"accuracy": float(found.value), "interval": ends(found, 0, 1)}


def difference(first, second, sizes):
    """Return the fields of the comparison.Difference of two models, a dict.

    The smallest difference that a two-sided test detects with POWER is the sum of two quantiles
    (Bloom, "Minimum detectable effects", Evaluation Review 19, 1995).

    Args:
        first, second: (replicates, G) right answers in each group.
        sizes: (G,) tweets of each group.
    """
    found = estimate([first, second], sizes)
    # Means over different numbers of replicates, compared without rounding.
    differs = first.sum(axis=0) * len(second) != second.sum(axis=0) * len(first)
    reason = no_claim(found, sizes, np.count_nonzero(differs))
    fields = {"difference": float(found.value), "no_claim": reason}
    if reason:
        return fields | dict.fromkeys(CLAIMS) | {"excludes_zero": False}
    low, high = ends(found, -1, 1)
    replicated = max(len(first), len(second)) > 1
    return fields | {
        "interval": [low, high],
        "excludes_zero": low > 0 or high < 0,
        "standard_error": float(found.margin()),
        "minimum_detectable_difference": float(
            found.quantile((1 + LEVEL) / 2) + found.quantile(POWER)
        ),
        "standard_error_tweets": float(np.sqrt(found.tweets)),
        "standard_error_replicates": float(np.sqrt(found.replicates)) if replicated else None,
        "degrees_of_freedom": float(found.replicates_df) if replicated else None,
    }


def no_claim(found, sizes, varying):
    """Return why there is no interval, None where there is one.

    Args:
        found: the Estimate.
        sizes: (G,) tweets of each group.
        varying: in how many groups two models differ, or one model's rarer answer occurs.
    """
    if len(sizes) < MIN_GROUPS:
        return TOO_FEW_TWEETS
    if not varying:
        return ALWAYS_AGREE
    if varying < MIN_VARYING:
        return TOO_FEW_DISAGREEMENTS
    return None if found.margin() > SMALLEST else SAME_EVERYWHERE


def ends(found, lowest, highest):
    """Return [low, high], the interval as far as the value can go."""
    margin = found.quantile((1 + LEVEL) / 2)
    return np.clip([found.value - margin, found.value + margin], lowest, highest).tolist()
