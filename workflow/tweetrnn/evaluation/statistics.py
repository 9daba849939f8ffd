"""Statistics of the comparison: resampling, tests and their corrections, over plain arrays.

``right`` arrays are (models, N) of booleans: which of N tweets a model gets right. ``groups`` is
(N,) and numbers the group of duplicates of each tweet; a group is resampled as a whole.
"""

from itertools import combinations

import numpy as np
from scipy import stats

LEVEL = 0.95
POWER = 0.8
CHUNK = 1 << 22  # resampled groups that are in memory at a time


def group_sums(right, groups):
    """Return (sums, sizes): right answers (models, G) and tweets (G,) of each group, as floats."""
    right = np.atleast_2d(right)
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


def bootstrap_accuracies(rights, groups, resamples, seed, tweets=True, replicates=True):
    """Return (resamples, models) accuracies under resampling of groups and of replicates.

    Groups of tweets and, within each model, replicates are drawn with replacement, independently
    of one another: the "pigeonhole" bootstrap of crossed factors (Owen, Annals of Applied
    Statistics 1, 2007), whose variance errs on the large side. All models are given the same
    tweets in a resample, so differences between columns are paired.

    Args:
        rights: for each model (replicates, N) booleans.
        groups: (N,) group of each tweet.
        resamples: how many.
        seed: the same seed makes the same draws.
        tweets, replicates: False keeps these as they are.
    """
    tweet_seed, *model_seeds = np.random.SeedSequence(seed).spawn(1 + len(rights))
    sums, sizes = group_sums(np.concatenate([np.atleast_2d(right) for right in rights]), groups)
    if tweets:
        accuracies = np.concatenate(
            [
                (counts @ sums.T) / (counts @ sizes)[:, None]
                for counts in resampled_counts(
                    len(sizes), resamples, np.random.default_rng(tweet_seed)
                )
            ]
        )
    else:
        accuracies = np.tile(sums.sum(axis=1) / sizes.sum(), (resamples, 1))
    columns, start = [], 0
    for right, model_seed in zip(rights, model_seeds, strict=True):
        by_replicate = accuracies[:, start : start + len(np.atleast_2d(right))]
        start += by_replicate.shape[1]
        if replicates:
            rng = np.random.default_rng(model_seed)
            drawn = rng.integers(by_replicate.shape[1], size=by_replicate.shape)
            by_replicate = np.take_along_axis(by_replicate, drawn, axis=1)
        columns.append(by_replicate.mean(axis=1))
    return np.column_stack(columns)


def interval(samples, level=LEVEL):
    """Return [low, high], the percentile bootstrap interval (Efron & Tibshirani 1993, ch. 13)."""
    return np.quantile(samples, [(1 - level) / 2, (1 + level) / 2]).tolist()


def minimum_detectable_difference(standard_error, power=POWER, level=LEVEL):
    """Return the true difference that a two-sided test detects with that power.

    (z(1 - alpha/2) + z(power)) x standard error, 2.80 standard errors for 5 % and 80 % (Bloom,
    "Minimum detectable effects", Evaluation Review 19, 1995).
    """
    return float((stats.norm.ppf((1 + level) / 2) + stats.norm.ppf(power)) * standard_error)


def mcnemar(first, second):
    """Return McNemar's exact test of two trained models on the same tweets.

    The tweets that only one model gets right are tested against a fair coin
    (scipy.stats.binomtest): the exact form in Fagerland, Lydersen & Laake, BMC Medical Research
    Methodology 13, 2013. It takes the two trained models as given and the tweets as independent.

    Args:
        first, second: (N,) booleans.
    """
    first, second = np.asarray(first, bool), np.asarray(second, bool)
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    discordant = only_first + only_second
    p = stats.binomtest(only_first, discordant).pvalue if discordant else 1.0
    return {
        "both_right": int((first & second).sum()),
        "first_only": only_first,
        "second_only": only_second,
        "both_wrong": int((~first & ~second).sum()),
        "p": float(p),
    }


def wilcoxon(differences):
    """Return the two-sided p of Wilcoxon's signed-rank test (scipy's), None without differences.

    Differences that agree to 12 decimals count as equal, and zeros are left out; p is 1 if all are
    zero.
    """
    differences = np.round(np.asarray(differences, dtype=np.float64), 12)
    if not len(differences):
        return None
    differences = differences[differences != 0]
    return float(stats.wilcoxon(differences).pvalue) if len(differences) else 1.0


def holm(p_values):
    """Return Holm's adjusted p-values of one family; None stays None and does not count.

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
    """Return the fields of a comparison.Differences for paired differences, a dict."""
    differences = [float(difference) for difference in differences]
    result = {"pairs": len(differences), "differences": differences, "p": wilcoxon(differences)}
    for name, function in (("mean", np.mean), ("median", np.median), ("min", min), ("max", max)):
        result[name] = float(function(differences)) if differences else None
    result["positive"] = sum(difference > 0 for difference in differences)
    result["negative"] = sum(difference < 0 for difference in differences)
    return result


def selection_optimism(right, groups, resamples, seed):
    """Return by how much choosing the best of several models on N tweets raises its accuracy there.

    In each resample of the groups the model with the best accuracy on the drawn tweets is
    selected and judged on the tweets that were not drawn; the mean of these accuracies estimates
    that of a selected model on new tweets. (Tsamardinos, Greasidou & Borboudakis, "Bootstrapping
    the out-of-sample predictions for efficient and accurate cross-validation", Machine Learning
    107, 2018.) The effect of choosing each model's epoch is not included.

    Args:
        right: (models, N) booleans; on a tie the first model is selected.
        groups: (N,) group of each tweet.
        resamples: how many.
        seed: of the draws.

    Returns:
        apparent (accuracy of the best), corrected, interval (of these accuracies), optimism
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
    result = {
        "apparent": apparent,
        "times_selected": np.bincount(selected, minlength=len(sums)).tolist(),
        "resamples": len(judged),
    }
    if not len(judged):  # a single group: it is always drawn
        return result | {"corrected": None, "optimism": None, "interval": None}
    corrected = float(judged.mean())
    return result | {
        "corrected": corrected,
        "optimism": apparent - corrected,
        "interval": interval(judged),
    }


def rank_agreement(figures):
    """Return {"kendall": {a: {b: tau-b}}, "spearman": {a: {b: rho}}} between rankings.

    ``figures`` is {ranking: (runs,) figures}. None where a ranking has fewer than two runs or
    only equal ones.
    """
    result = {
        name: {a: {b: 1.0 if a == b else None for b in figures} for a in figures}
        for name in ("kendall", "spearman")
    }
    for a, b in combinations(figures, 2):
        if len(figures[a]) < 2 or len(set(figures[a])) < 2 or len(set(figures[b])) < 2:
            continue
        for name, function in (("kendall", stats.kendalltau), ("spearman", stats.spearmanr)):
            value = float(function(figures[a], figures[b]).statistic)
            result[name][a][b] = result[name][b][a] = value
    return result
