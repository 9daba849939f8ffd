"""Simulate how often intervals hold the true difference, and print the tables of docs/methods.md.

Each simulated experiment has two models, trained as often as the setting says and judged on the
same tweets. A model is right where mean + tweet + tweet and model + replicate + rest > 0. All are
independent and normal, and the variances add up to 1; so a model's accuracy over all tweets and
seeds is the normal distribution function of its mean, and the true difference is known exactly.
The replicates' variance is chosen such that they have their share of the variance of the
difference, but never makes accuracies differ by a standard deviation of more than MOST_SD.

    python benchmarks/coverage.py > coverage.md

takes eight minutes on one core.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import optimize, special, stats

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "workflow"))
from tweetrnn.evaluation import interval
from tweetrnn.evaluation.statistics import LEVEL
from tweetrnn.reporting.document import markdown_table

# Fixed before the run that docs/methods.md shows:
TWEETS = (50, 150, 400, 1464, 3000)
FEW_TWEETS = (10, 20, 30, 40)  # where claims should end
REPLICATES = (2, 3, 5, 10)
SHARES = {"tweets dominate": 0.1, "balanced": 0.5, "seeds dominate": 0.8}  # of the replicates
EQUAL, DIFFERENT = (0.77, 0.77), (0.80, 0.76)  # accuracies
TWEET, TWEET_AND_MODEL = 0.55, 0.15  # variances
MOST_SD = 0.08
SIMULATIONS = 10_000
BOOTSTRAP_SIMULATIONS, RESAMPLES = 1000, 500
LEAST_COVERAGE, MOST_FALSE = 0.94, 0.057  # where claims are made
SEED = 13

CHUNK = 1 << 22  # simulated answers at a time
LEAST_GIVEN = 0.05  # with fewer intervals than that their coverage is not shown


@dataclass(frozen=True)
class Setting:
    """What is simulated: ``share`` of the variance comes from the replicates."""

    name: str
    replicates: tuple
    share: float
    accuracies: tuple
    tweet: float = TWEET
    tweet_and_model: float = TWEET_AND_MODEL
    copies: int = 1  # of every fifth tweet, in its group of duplicates

    @property
    def difference(self):
        """The true difference."""
        return self.accuracies[0] - self.accuracies[1]


def settings():
    """Return all Settings."""
    found = []
    for accuracies in (EQUAL, DIFFERENT):
        for name, share in SHARES.items():
            found += [Setting(name, (count, count), share, accuracies) for count in REPLICATES]
        found += [
            Setting("one replicate each", (1, 1), 0, accuracies),
            Setting("against a baseline, balanced", (2, 1), 0.5, accuracies),
            Setting("against a baseline, balanced", (5, 1), 0.5, accuracies),
            Setting("against a baseline, seeds dominate", (2, 1), 0.8, accuracies),
            Setting("against a baseline, seeds dominate", (5, 1), 0.8, accuracies),
            Setting("many duplicates, balanced", (5, 5), 0.5, accuracies, copies=6),
        ]
    rare = {"tweet": 0.95, "tweet_and_model": 0.02}
    found.append(Setting("rare disagreements", (5, 5), 0.1, (0.95, 0.95), **rare))
    for accuracies in ((0.85, 0.63), (0.95, 0.85)):
        for counts, share in (((5, 5), 0.3), ((5, 1), 0.3), ((1, 1), 0)):
            found.append(Setting("far apart", counts, share, accuracies))
    return found


# ------------------------------------------------------------------------------ the simulation

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(101)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def both_right(one, other, correlation):
    """Return how often two models with these accuracies are right on the same tweet."""
    means = stats.norm.ppf([[one], [other]])
    right = stats.norm.cdf((means + correlation**0.5 * NODES) / (1 - correlation) ** 0.5)
    return float(WEIGHTS @ right.prod(axis=0))


def tweets_variance(setting, tweets):
    """Return the variance of the difference that the tweets give it, replicates being equal."""
    variance = -2 * (both_right(*setting.accuracies, setting.tweet) - np.prod(setting.accuracies))
    for p, count in zip(setting.accuracies, setting.replicates, strict=True):
        same = both_right(p, p, setting.tweet + setting.tweet_and_model) - p * p
        variance += p * (1 - p) / count + (1 - 1 / count) * same
    return variance / tweets


def seed_variance(setting, tweets):
    """Return the latent variance of replicates that gives them their share."""
    if not setting.share:
        return 0.0
    ratio = setting.share / (1 - setting.share)
    each = sum(1 / count for count in setting.replicates if count > 1)
    wanted = min(ratio * tweets_variance(setting, tweets) / each, MOST_SD**2)
    p = np.mean(setting.accuracies)
    return optimize.brentq(lambda s: both_right(p, p, s) - p * p - wanted, 0, 0.3)


def group_sizes(setting, tweets):
    """Return (G,) tweets of each group, ``tweets`` in all or a few less."""
    if setting.copies == 1:
        return np.ones(tweets, np.float32)
    return np.tile(np.float32([1, 1, 1, 1, setting.copies]), tweets // (4 + setting.copies))


def simulate(setting, sizes, seeds, simulations, rng):
    """Return for each model (simulations, replicates, G) right answers in each group."""

    def normal(variance, *shape):
        return rng.standard_normal((simulations, *shape), np.float32) * np.float32(variance**0.5)

    tweet, models = normal(setting.tweet, 1, len(sizes)), []
    for p, count in zip(setting.accuracies, setting.replicates, strict=True):
        own = seeds if count > 1 else 0.0
        rest = 1 - setting.tweet - setting.tweet_and_model - own
        latent = normal(rest, count, len(sizes))
        latent += tweet + normal(setting.tweet_and_model, 1, len(sizes))
        latent += normal(own, count, 1) + np.float32(stats.norm.ppf(p))
        models.append((latent > 0) * sizes)
    return models


# ------------------------------------------------------------------------------- the candidates


def combined(models, sizes, rng):
    """The interval of the primary analysis: both margins, added in squares."""
    found = interval.estimate(models, sizes)
    margin = found.quantile((1 + LEVEL) / 2)
    return found.value - margin, found.value + margin


def satterthwaite(models, sizes, rng):
    """One t quantile of the same standard error, with Satterthwaite's degrees of freedom."""
    found = interval.estimate(models, sizes)
    squares = found.tweets**2 / found.tweets_df + found.replicates**2 / found.replicates_df
    error = found.margin()
    df = np.where(squares > 0, error**4 / np.where(squares > 0, squares, 1), 1)
    margin = special.stdtrit(np.maximum(df, 1), (1 + LEVEL) / 2) * error
    return found.value - margin, found.value + margin


def bootstrap(models, sizes, rng):
    """The percentile bootstrap of groups and, in each model, of replicates.

    All simulations of a chunk share the draws.
    """
    groups = len(sizes)
    counts = rng.multinomial(groups, np.full(groups, 1 / groups), RESAMPLES).astype(np.float32)
    samples = 0
    for sign, sums in zip((1, -1), models, strict=True):
        replicates = sums.shape[1]
        draws = rng.multinomial(replicates, np.full(replicates, 1 / replicates), RESAMPLES)
        accuracies = (sums @ counts.T) / (counts @ sizes)
        samples = samples + sign * np.einsum("srb,br->bs", accuracies, draws / replicates)
    return np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)


CANDIDATES = {"combined": combined, "Satterthwaite": satterthwaite, "bootstrap": bootstrap}


def enough_disagreements(models):
    """Return (simulations,) whether an interval is given, whatever the number of tweets."""
    differs = models[0].mean(axis=1) != models[1].mean(axis=1)
    return differs.sum(axis=1) >= interval.MIN_VARYING


@dataclass
class Coverage:
    """Of a setting's simulations, what an interval did: shares of 1."""

    setting: Setting
    tweets: int
    given: float  # how often there was an interval
    held: float | None  # how often it held the truth, of those given; None if they are too few
    excluded: float  # how often it excluded zero, of all


def measure(setting, tweets, candidates, simulations, rng):
    """Return {candidate: Coverage}; an interval is given where there are enough disagreements."""
    sizes, seeds = group_sizes(setting, tweets), seed_variance(setting, tweets)
    step = min(simulations, 250, max(1, CHUNK // (len(sizes) * sum(setting.replicates))))
    given, ends = [], {name: [] for name in candidates}
    for start in range(0, simulations, step):
        models = simulate(setting, sizes, seeds, min(step, simulations - start), rng)
        given.append(enough_disagreements(models))
        for name in candidates:
            ends[name].append(np.array(CANDIDATES[name](models, sizes, rng)))
    given = np.concatenate(given)
    return {
        name: coverage(setting, tweets, given, *np.concatenate(of, axis=1))
        for name, of in ends.items()
    }


def coverage(setting, tweets, given, low, high):
    """Return the Coverage of (simulations,) intervals of which some are given."""
    held = (low <= setting.difference) & (setting.difference <= high)
    return Coverage(
        setting=setting,
        tweets=tweets,
        given=given.mean(),
        held=held[given].mean() if given.mean() >= LEAST_GIVEN else None,
        excluded=(given & ((low > 0) | (high < 0))).mean(),
    )


def measure_all():
    """Return {candidate: its Coverages}, of all settings and numbers of tweets."""
    found = {name: [] for name in CANDIDATES}
    fast = [name for name in CANDIDATES if name != "bootstrap"]
    for number, setting in enumerate(settings()):
        for tweets in (*FEW_TWEETS, *TWEETS):
            rng = np.random.default_rng([SEED, number, tweets])
            rows = measure(setting, tweets, fast, SIMULATIONS, rng)
            if tweets in TWEETS:
                rows |= measure(setting, tweets, ["bootstrap"], BOOTSTRAP_SIMULATIONS, rng)
            for name, row in rows.items():
                found[name].append(row)
        print(setting, file=sys.stderr)
    return found


# ----------------------------------------------------------------------------------- the tables


def percent(share):
    """Return 0.9512 as ``95.1``."""
    return "\u2013" if share is None else f"{100 * share:.1f}"


def extremes(rows):
    """Return the texts of the lowest and highest coverage and of most false positives."""
    held = [row.held for row in rows if row.held is not None]
    false = [row.excluded for row in rows if not row.setting.difference]
    return f"{percent(min(held))} to {percent(max(held))}", percent(max(false))


def candidates_table(found):
    """Return the candidates' extremes, by how many replicates the first model has."""
    head, table = ["replicates"], {count: [str(count)] for count in (1, *REPLICATES)}
    for name, rows in found.items():
        head += [f"{name}: coverage", "false positives"]
        rows = [row for row in rows if row.tweets in TWEETS]
        for count, cells in table.items():
            cells += extremes([row for row in rows if row.setting.replicates[0] == count])
    return markdown_table(head, table.values(), len(head))


def settings_table(rows):
    """Return the coverage in each setting, by the number of tweets."""
    table = []
    for setting in settings():
        first, second = setting.replicates
        head = [setting.name, f"{first}, {second}", f"{100 * setting.difference:.0f}"]
        of_setting = [row for row in rows if row.setting == setting and row.tweets in TWEETS]
        table.append(head + [percent(row.held) for row in of_setting])
    head = ["setting", "replicates", "true difference", *(f"{n:,} tweets" for n in TWEETS)]
    return markdown_table(head, table, len(head) - 1)


def tweets_table(rows):
    """Return the extremes over all settings, by the number of tweets."""
    table = []
    for tweets in (*FEW_TWEETS, *TWEETS):
        table.append([f"{tweets:,}", *extremes([row for row in rows if row.tweets == tweets])])
    return markdown_table(["tweets", "coverage", "false positives, at most"], table, 3)


def first_size(rows):
    """Return the number of tweets from which on everything is within the bounds."""
    missed = [
        row.tweets
        for row in rows
        if (row.held is not None and row.held < LEAST_COVERAGE)
        or (not row.setting.difference and row.excluded > MOST_FALSE)
    ]
    sizes = (*FEW_TWEETS, *TWEETS, np.inf)
    return min(n for n in sizes if n > max(missed, default=0))


def main():
    """Simulate, and print the tables as Markdown."""
    found = measure_all()
    chosen = found["combined"]
    for table in (candidates_table(found), tweets_table(chosen), settings_table(chosen)):
        print(table, end="\n\n")
    bounds = f"{percent(LEAST_COVERAGE)} %, and at most {percent(MOST_FALSE)} % false positives"
    print(f"From {first_size(chosen)} tweets on: a coverage of at least {bounds}.")


if __name__ == "__main__":
    main()
