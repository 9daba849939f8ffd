"""Robustness: what the selected combinations, trained again, do on other splits.

For random splits the mean difference of two cells has an interval by the corrected resampled t-test
(Nadeau & Bengio, "Inference for the generalization error", Machine Learning 52, 2003; Bouckaert &
Frank, PAKDD 2004): training sets of random splits overlap, so that their differences vary less than
those of new data, and the variance of their mean is (1/J + n_test/n_train) s² instead of s²/J. The
probability of outperforming is the share of splits on which a cell is ahead (Bouthillier et al.,
"Accounting for variance in machine learning benchmarks", MLSys 2021), with its exact interval.
"""

import logging
from dataclasses import asdict, dataclass
from itertools import combinations as pairs_of

import numpy as np
import pandas as pd
from scipy import stats

from tweetrnn.evaluation import tables
from tweetrnn.evaluation.compare import read_baselines
from tweetrnn.evaluation.comparison import read, read_as
from tweetrnn.evaluation.metrics import METRICS, scores
from tweetrnn.evaluation.predictions import of_split, read_predictions, tweet_sets
from tweetrnn.evaluation.select import further_runs, read_selection
from tweetrnn.evaluation.statistics import LEVEL
from tweetrnn.files import read_json, read_parquet, write_json
from tweetrnn.other_splits import RANDOM_METHODS, RESELECT, SIZE, other_splits, runs_on
from tweetrnn.results import Results
from tweetrnn.run_files import read_parameters

log = logging.getLogger("tweetrnn")

# One row for each model that was judged on another split: a run, or a baseline (without a
# combination and a replicate). Scores are on the split's test set, or on validation without one.
COLUMNS = {
    "split": "str",
    "kind": "str",
    "value": "str",  # the held-out value, or the share of the training set
    "train_tweets": "int64",
    "test_tweets": "int64",
    "model": "str",
    "combination": "str",
    "replicate": "Int64",
    **dict.fromkeys(METRICS, "float64"),
}


@dataclass(kw_only=True)
class Pair:  # two cells on the splits of one kind; differences are first - second, shares of 1
    kind: str
    first: str
    second: str
    splits: list[str]
    differences: list[float]  # of the mean accuracies over replicates, by split
    mean: float
    interval: list[float] | None  # None unless there are two random splits
    first_ahead: int
    second_ahead: int
    equal: int
    # That the first is ahead; None, as its interval, unless the splits are random.
    probability: float | None
    probability_interval: list[float] | None


@dataclass(kw_only=True)
class Level:  # the mean accuracy of a model over the splits of one kind
    kind: str
    model: str
    splits: int
    accuracy: float
    published: float  # on the experiment's own split
    change: float  # accuracy - published


@dataclass(kw_only=True)
class Size:  # a model's accuracy when trained on a share of the training set
    share: float
    tweets: int
    model: str
    replicates: int
    accuracy: float  # the mean
    min: float
    max: float


@dataclass(kw_only=True)
class Reselected:  # what was selected on a split of the kind RESELECT
    split: str
    cells: dict[str, str]  # the combinations


@dataclass(kw_only=True)
class Robustness:
    """Everything that the other splits show."""

    part: str  # the set that models are judged on
    pairs: list[Pair]
    levels: list[Level]
    sizes: list[Size]
    reselected: list[Reselected]


def corrected_interval(differences, ratio):
    """Return the interval [low, high] of the mean of differences on J random splits, or None.

    Args:
        differences: (J,); two or more, which are not all equal.
        ratio: tweets in the test set by tweets in the training set.
    """
    count = len(differences)
    if count < 2 or not (variance := np.var(differences, ddof=1)):
        return None
    error = np.sqrt((1 / count + ratio) * variance)
    half = stats.t.ppf((1 + LEVEL) / 2, count - 1) * error
    return [float(np.mean(differences) - half), float(np.mean(differences) + half)]


def outperforming(differences):
    """Return how often each is ahead, how often both are equal, and the probability.

    The keys are those of Pair. The interval is Clopper and Pearson's; equal results count against
    the first at its low end, and for it at its high end.
    """
    ahead = sum(value > 0 for value in differences)
    equal = sum(value == 0 for value in differences)
    count = len(differences)
    low, high = (stats.binomtest(k, count).proportion_ci(LEVEL) for k in (ahead, ahead + equal))
    return {
        "first_ahead": ahead,
        "second_ahead": count - ahead - equal,
        "equal": equal,
        "probability": (ahead + equal / 2) / count,
        "probability_interval": [float(low.low), float(high.high)],
    }


def compare_cells(table, cells):
    """Return the Pairs of the cells on each kind of split but SIZE.

    ``table`` is a DataFrame of COLUMNS.
    """
    pairs = []
    for kind, rows in table[table["kind"] != SIZE].groupby("kind", sort=False):
        means = rows.groupby(["split", "model"], sort=False)["accuracy"].mean().unstack()
        ratio = (rows["test_tweets"] / rows["train_tweets"]).mean()
        for first, second in pairs_of([cell for cell in cells if cell in means], 2):
            differences = (means[first] - means[second]).dropna()
            if differences.empty:
                continue
            random = kind in (*RANDOM_METHODS, RESELECT)
            values = differences.tolist()
            ahead = outperforming(values)
            if not random:
                ahead |= dict.fromkeys(["probability", "probability_interval"])
            pairs.append(
                Pair(
                    kind=kind,
                    first=first,
                    second=second,
                    splits=list(differences.index),
                    differences=values,
                    mean=float(np.mean(values)),
                    interval=corrected_interval(values, ratio) if random else None,
                    **ahead,
                )
            )
    return pairs


def levels(table, published):
    """Return the Levels: how far accuracies move on each kind of split.

    ``published`` is {model: accuracy on the experiment's own split}.
    """
    means = table[table["kind"] != SIZE].groupby(["kind", "model", "split"], sort=False)
    means = means["accuracy"].mean().groupby(["kind", "model"], sort=False).agg(["mean", "size"])
    return [
        Level(
            kind=kind,
            model=model,
            splits=int(row["size"]),
            accuracy=float(row["mean"]),
            published=published[model],
            change=float(row["mean"]) - published[model],
        )
        for (kind, model), row in means.iterrows()
    ]


def sizes(table):
    """Return the Sizes of smaller training sets, by share and model."""
    groups = table[table["kind"] == SIZE].groupby(["value", "model"], sort=False)
    return [
        Size(
            share=float(share),
            tweets=int(rows["train_tweets"].iloc[0]),
            model=model,
            replicates=len(rows),
            accuracy=float(rows["accuracy"].mean()),
            min=float(rows["accuracy"].min()),
            max=float(rows["accuracy"].max()),
        )
        for (share, model), rows in groups
    ]


def whole_size(comparison, tweets):
    """Return the Sizes of the experiment's own training set: the models of a Comparison.

    ``tweets`` is how many it has.
    """
    found = []
    for name, model in comparison.primary.accuracies.items():
        replicates = getattr(model, "replicates", [])
        accuracies = [one.scores(comparison.part)["accuracy"] for one in replicates]
        found.append(
            Size(
                share=1.0,
                tweets=tweets,
                model=name,
                replicates=len(replicates) or 1,
                accuracy=model.accuracy,
                min=min(accuracies, default=model.accuracy),
                max=max(accuracies, default=model.accuracy),
            )
        )
    return found


def read_split(results, split, runs, judged):
    """Return the rows of COLUMNS of an OtherSplit, as dicts.

    Args:
        results: the split's Results.
        runs: the Runs that were trained on it.
        judged: the set that models are judged on.

    Raises:
        UserError: a file is absent, damaged or of another split.
    """
    facts = read_json(results.split_facts)
    sets = tweet_sets(read_parquet(results.rows, sha256=facts["sha256"]["rows"]).to_pandas())
    head = {
        "split": split.name,
        "kind": split.kind,
        "value": None if split.value is None else str(split.value),
        "train_tweets": facts["parts"]["train"]["tweets"],
        "test_tweets": len(sets[judged].labels),
    }
    rows = []
    for run in runs:
        paths = results.run(run)
        if read_parameters(paths)["status"] != "finished":
            log.warning("%s, %s: diverged, so it is left out", split.name, run)
            continue
        probabilities = of_split(read_predictions(paths), sets, paths.predictions)[judged]
        model = {"model": run.cell, "combination": run.combination, "replicate": run.replicate}
        rows.append(head | model | scores(probabilities, sets[judged].labels))
    baselines = read_baselines(results.baseline_predictions, results.baseline_metrics, sets)
    for name, probabilities in baselines.items():
        rows.append(head | {"model": name} | scores(probabilities[judged], sets[judged].labels))
    return rows


def selection_of(results):
    """Return the Selection of these Results, checked against their runs."""
    return read_selection(results.selected, tables.read_runs(results.runs, results.aggregate_facts))


def runs_of(split, selection, config):
    """Return the Runs that are compared on an OtherSplit, by the Selection that holds there."""
    if not split.reselects:
        return runs_on(split, selection.combinations(), config)
    return further_runs(selection.choices, selection.replicates)


def robustness_of(table, published, cells, train_tweets, reselected):
    """Return the Robustness.

    Args:
        table: a DataFrame of COLUMNS.
        published: the Comparison on the experiment's own split, whose training set has
            ``train_tweets``.
        cells: those that are compared.
        reselected: the list of Reselected.
    """
    accuracies = {name: one.accuracy for name, one in published.primary.accuracies.items()}
    small = sizes(table)
    return Robustness(
        part=published.part,
        pairs=compare_cells(table, cells),
        levels=levels(table, accuracies),
        sizes=[*small, *whole_size(published, train_tweets)] if small else [],
        reselected=reselected,
    )


def read_robustness(path):
    """Return the Robustness that ``robustness`` wrote; errors as for ``read_as``."""
    return read_as(Robustness, path)


def robustness(
    results, comparison, split_facts, robustness, split_scores, split_scores_csv, *, config
):
    """Compare the selected combinations on other splits, and write what these show.

    Args:
        results: the folder with all results, of which those of other splits are read.
        comparison, split_facts: files about the experiment's own split.
        robustness: the Robustness, a file that is written.
        split_scores, split_scores_csv: the table of COLUMNS, written in two formats.
        config: grid, split, seed, robustness, training.replicates.

    Raises:
        UserError: a file is absent, damaged or of another split.
    """
    results, published = Results(results), read(comparison)
    splits, selection = other_splits(config).values(), selection_of(results)
    again = {
        split.name: selection_of(results.on(split.name)) for split in splits if split.reselects
    }
    rows = []
    for split in splits:
        runs = runs_of(split, again.get(split.name, selection), config)
        rows += read_split(results.on(split.name), split, runs, published.part)
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    tables.write(table, split_scores, split_scores_csv)
    train_tweets = read_json(split_facts)["parts"]["train"]["tweets"]
    reselected = [Reselected(split=name, cells=one.combinations()) for name, one in again.items()]
    result = robustness_of(table, published, config["grid"]["cell"], train_tweets, reselected)
    write_json(robustness, asdict(result))
    for pair in result.pairs:
        log.info(
            "%s: %s - %s %.4f on %d splits",
            pair.kind, pair.first, pair.second, pair.mean, len(pair.splits),
        )  # fmt: skip
