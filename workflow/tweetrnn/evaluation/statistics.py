"""Statistics of the comparison: resampling, tests and their corrections, over plain arrays.

``right`` arrays are (models, N) of booleans: which of N tweets a model gets right. ``groups`` is
(N,) and numbers the group of duplicates of each tweet; a group is resampled as a whole.
"""

import warnings

import numpy as np
from scipy import stats

LEVEL = 0.95
POWER = 0.8
CHUNK = 1 << 22  # resampled groups that are in memory at a time


def group_sums(right, groups):
    """Return (sums, sizes): right answers (models, G) and tweets (G,) of each group, as floats."""
    _, number = np.unique(groups, return_inverse=True)
    sizes = np.bincount(number).astype(np.float64)
    sums = [np.bincount(number, weights=row, minlength=len(sizes)) for row in right]
    return np.array(sums), sizes


def resampled_counts(groups, resamples, rng):
    """Yield (b, G) float arrays, ``resamples`` rows in all: how often each group was drawn."""
    step = max(1, CHUNK // groups)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = rng.integers(groups, size=(rows, groups))
        drawn += np.arange(rows)[:, None] * groups
        yield np.bincount(drawn.ravel(), minlength=rows * groups).reshape(rows, groups) * 1.0


def interval(samples, level=LEVEL):
    """Return [low, high], the percentile bootstrap interval (Efron & Tibshirani 1993, ch. 13)."""
    return np.quantile(samples, [(1 - level) / 2, (1 + level) / 2]).tolist()


def mcnemar(first, second):
    """Return McNemar's exact test of each of R models against each of S others, a dict.

    Of the tweets that only one of two models gets right, the number that is the first's is
    compared with a fair coin: twice the tail of the binomial distribution, the exact form in
    Fagerland, Lydersen & Laake, BMC Medical Research Methodology 13, 2013. It takes the trained
    models as given and the tweets as independent.

    Args:
        first, second: (R, N) and (S, N) booleans.

    Returns:
        p, and the tweets both_right, first_only, second_only and both_wrong: (R, S) arrays each.
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    counts = {
        "both_right": first @ second.T,
        "first_only": first @ (1 - second).T,
        "second_only": (1 - first) @ second.T,
        "both_wrong": (1 - first) @ (1 - second).T,
    }
    one, other = counts["first_only"], counts["second_only"]
    tail = stats.binom.cdf(np.minimum(one, other), one + other, 0.5)
    return counts | {"p": np.minimum(2 * tail, 1)}


def wilcoxon(differences):
    """Return the two-sided p of Wilcoxon's signed-rank test (scipy's), None without differences.

    Differences that agree to 12 decimals count as equal, those that are zero are left out; 1 where
    all are zero.
    """
    differences = np.round(np.asarray(differences, dtype=np.float64), 12)
    if not len(differences):
        return None
    differences = differences[differences != 0]
    return float(stats.wilcoxon(differences).pvalue) if len(differences) else 1.0


def holm(p_values):
    """Return Holm's adjusted p-values of one family; None stays None and is not counted.

    The k-th smallest of m is multiplied by m - k + 1, and none is below the one before it
    (Holm, Scandinavian Journal of Statistics 6, 1979).
    """
    p_values = np.array(p_values, dtype=np.float64)  # None becomes NaN, which sorts last
    order = np.argsort(p_values, kind="stable")[: np.count_nonzero(~np.isnan(p_values))]
    adjusted = np.full(len(p_values), np.nan)
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1)
    return [None if np.isnan(p) else float(p) for p in adjusted]


def describe(differences):
    """Return what comparison.Differences holds of paired differences, a dict."""
    differences = [float(difference) for difference in differences]
    summaries = {"mean": np.mean, "median": np.median, "min": min, "max": max}
    return {
        "pairs": len(differences),
        "differences": differences,
        "p": wilcoxon(differences),
        **{n: float(of(differences)) if differences else None for n, of in summaries.items()},
        "positive": sum(difference > 0 for difference in differences),
        "negative": sum(difference < 0 for difference in differences),
    }


def selection_optimism(right, groups, resamples, seed):
    """Return what choosing the best of several models on N tweets adds to its accuracy there.

    In each resample of the groups the model with the best accuracy on the drawn tweets is
    selected and judged on the tweets that were not drawn; the mean of these judgements is what a
    selected model is worth on new tweets. (Tsamardinos, Greasidou & Borboudakis, "Bootstrapping
    the out-of-sample predictions for efficient and accurate cross-validation", Machine Learning
    107, 2018.) What the choice of each model's epoch adds is not in it.

    Args:
        right: (models, N) booleans; the first of equals is selected.
        groups: (N,) group of each tweet.
        resamples: how many.
        seed: of the draws.

    Returns:
        apparent (accuracy of the best), corrected, interval (of the judgements), optimism
        (apparent - corrected), times_selected (a list, by model), resamples (those that left
        tweets to judge on).
    """
    sums, sizes = group_sums(right, groups)
    apparent = float((sums.sum(axis=1) / sizes.sum()).max())
    selected, judged = [], []
    for counts in resampled_counts(len(sizes), resamples, np.random.default_rng(seed)):
        # One division by the same number for all: it does not change the order.
        best = (counts @ sums.T).argmax(axis=1)
        left = (counts == 0) * 1.0
        tweets = left @ sizes
        usable = tweets > 0
        out = np.einsum("bg,bg->b", left, sums[best])
        selected.append(best[usable])
        judged.append(out[usable] / tweets[usable])
    selected, judged = np.concatenate(selected), np.concatenate(judged)
    corrected = float(judged.mean()) if len(judged) else None  # nothing is left of a single group
    return {
        "apparent": apparent,
        "corrected": corrected,
        "optimism": apparent - corrected if len(judged) else None,
        "interval": interval(judged) if len(judged) else None,
        "resamples": len(judged),
        "times_selected": np.bincount(selected, minlength=len(sums)).tolist(),
    }


def rank_agreement(figures):
    """Return {"kendall": {a: {b: tau-b}}, "spearman": {a: {b: rho}}} between rankings.

    ``figures`` has a column for each ranking. None where a ranking has fewer than two runs or
    only equal ones.
    """
    result = {}
    for name, function in (("kendall", stats.kendalltau), ("spearman", stats.spearmanr)):
        with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
            table = figures.corr(lambda a, b, of=function: of(a, b).statistic).astype(object)
        result[name] = table.where(table.notna(), None).to_dict()
    return result
