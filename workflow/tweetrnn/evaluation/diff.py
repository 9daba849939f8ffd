"""The differences between finished experiments: configs, results, and answers to the same tweets.

Accuracies, scores and differences are shares of 1.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations as pairs_of

import numpy as np
import pandas as pd

from tweetrnn.evaluation import comparison as comparisons
from tweetrnn.evaluation import interval
from tweetrnn.evaluation.compare import finished_replicates, read_baselines
from tweetrnn.evaluation.comparison import CellDifference, Scores
from tweetrnn.evaluation.predictions import of_split, read_predictions, right, tweet_sets
from tweetrnn.evaluation.statistics import group_sums
from tweetrnn.files import read_json, read_parquet
from tweetrnn.grid import Run
from tweetrnn.names import metric_of
from tweetrnn.run_files import read_parameters

IDENTITY = ["id", "text", "label"]  # what makes two rows the same tweet


@dataclass(kw_only=True)
class Model:  # a selected combination or a baseline on its experiment's judged set
    combination: str | None  # None of a baseline, as the next two
    parameters: int | None
    replicates: int | None
    accuracy: float
    interval: list[float]
    scores: Scores  # of a cell the means over the new replicates


@dataclass(kw_only=True)
class Headline:
    part: str  # the set that the models are judged on
    tweets: int
    select_by: str
    metrics: list[str]  # to show beside accuracy: that of the selection, those of published results
    labels: list[str]
    models: dict[str, Model]  # the cells, then the baselines
    pairs: list[CellDifference]


@dataclass(kw_only=True)
class SharedModel:  # a cell or baseline on the tweets that two experiments share
    model: str
    accuracies: list[float | None]  # of both experiments; None where it lacks the model
    difference: float | None = None  # the second's - the first's
    interval: list[float] | None = None


@dataclass(kw_only=True)
class Shared:
    """Two experiments on the tweets that are in both test sets."""

    first: str
    second: str
    tweets: int
    groups: int
    models: list[SharedModel]  # none without a tweet in common


@dataclass(kw_only=True)
class Diff:
    """All differences; the keys of dicts are the experiments' names."""

    config: dict[str, dict[str, object]]  # by dotted key: the values of those that have it
    headlines: dict[str, Headline]
    shared: list[Shared]  # of each two experiments


class Finished:
    """A finished experiment; files are read when they are first needed.

    Whatever is read may raise UserError: a file is absent, damaged or of another version.

    Args:
        results: its Results.
        config: its resolved config.
    """

    def __init__(self, results, config):
        self.results, self.config = results, config
        self.comparison = comparisons.read(results.comparison)
        self.split = read_json(results.split_facts)

    @cached_property
    def _rows(self):
        digest = self.split["sha256"]["rows"]
        return read_parquet(self.results.rows, sha256=digest).to_pandas()

    @property
    def test_tweets(self):
        """The tweets of the test set, in its order: a DataFrame with IDENTITY, copy and group.

        ``copy`` numbers rows that are the same tweet.
        """
        digest = self.split["sha256"]["tweets"]
        rows = self._rows[self._rows["part"] == "test"]
        table = read_parquet(self.results.tweets, IDENTITY, digest)
        tweets = table.take(rows["row"].to_numpy()).to_pandas()
        return tweets.assign(copy=tweets.groupby(IDENTITY).cumcount(), group=rows["group"].array)

    @property
    def choices(self):
        """{cell: its Choice}, with the baselines' cells last."""
        return self.comparison.selected | self.comparison.selected_baselines

    @cached_property
    def rights(self):
        """{model: (replicates, N) booleans}: which test tweets cells and baselines get right."""
        sets = tweet_sets(self._rows)
        labels = sets["test"].labels
        cells = {
            cell: [self._predictions(run, sets) for run in self._new_runs(cell)]
            for cell in self.choices
        }
        files = self.results.baseline_predictions, self.results.baseline_metrics
        baselines = {name: [of] for name, of in read_baselines(*files, sets).items()}
        return {
            name: np.stack([right(of["test"], labels) for of in predictions])
            for name, predictions in (cells | baselines).items()
        }

    def _new_runs(self, cell):
        choice = self.choices[cell]
        return finished_replicates(self.results, cell, choice, self.comparison.replicates)

    def _predictions(self, run, sets):
        files = self.results.run(run)
        return of_split(read_predictions(files), sets, files.predictions)

    def parameters(self, cell):
        """Return the number of parameters of a cell's selected combination."""
        choice = self.choices[cell]
        run = Run(cell, choice.combination, choice.replicate)
        return read_parameters(self.results.run(run))["parameters"]


def flattened(config, prefix=""):
    """Return a config as {dotted key: value}, where no value is a mapping with keys."""
    flat = {}
    for key, value in config.items():
        nested = isinstance(value, dict) and value
        flat |= flattened(value, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value}
    return flat


def config_differences(configs):
    """Return {dotted key: {experiment: value}} of the keys that differ, in the configs' order.

    ``configs`` are resolved configs by experiment. The experiments' names do not count; an
    experiment whose corpus kind has no such key has no value.
    """
    flat = {name: flattened(config) for name, config in configs.items()}
    keys = dict.fromkeys(key for config in flat.values() for key in config if key != "name")
    values = {key: {n: c[key] for n, c in flat.items() if key in c} for key in keys}
    return {
        key: of
        for key, of in values.items()
        if len(of) < len(flat) or any(value != next(iter(of.values())) for value in of.values())
    }


def headline(experiment):
    """Return the Headline of a Finished experiment."""
    comparison, models = experiment.comparison, {}
    published = [row["metric"] for row in experiment.config["report"]["published"]]
    metrics = dict.fromkeys([metric_of(comparison.select_by), *published])
    for name, found in comparison.primary.accuracies.items():
        cell = name in experiment.choices
        scores = found.spread if cell else found.scores
        models[name] = Model(
            combination=found.combination if cell else None,
            parameters=experiment.parameters(name) if cell else None,
            replicates=len(found.replicates) if cell else None,
            accuracy=found.accuracy,
            interval=found.interval,
            scores={
                metric: value.mean if cell else value
                for metric, value in scores[comparison.part].items()
            },
        )
    return Headline(
        part=comparison.part,
        tweets=comparison.tweets,
        select_by=comparison.select_by,
        metrics=[metric for metric in metrics if metric != "accuracy"],
        labels=experiment.split["labels"],
        models=models,
        pairs=comparison.primary.pairs,
    )


def matched(first, second):
    """Return the tweets of two ``test_tweets`` that are in both, with their places there.

    Returns:
        a DataFrame with first and second, the places, and group, that of the first experiment.
    """
    left, right = (
        tweets.assign(place=np.arange(len(tweets)))[[*IDENTITY, "copy", "place", "group"]]
        for tweets in (first, second)
    )
    both = left.merge(right, on=[*IDENTITY, "copy"], suffixes=("", "_second"))
    return pd.DataFrame(
        {"first": both["place"], "second": both["place_second"], "group": both["group"]}
    )


def paired(first, second, groups):
    """Return (difference, interval) of two models' accuracies on the same N tweets, a dict.

    The second's - the first's, with the interval of the primary analysis, None without one.

    Args:
        first, second: (replicates, N) booleans.
        groups: (N,) group of each tweet.
    """
    (ours, sizes), (theirs, _) = (group_sums(rights, groups) for rights in (second, first))
    found = interval.difference(ours, theirs, sizes)
    return {key: found[key] for key in ("difference", "interval")}


def shared(names, first, second):
    """Return the Shared of two Finished experiments."""
    tweets, models = matched(first.test_tweets, second.test_tweets), []
    if len(tweets):
        sides = [
            {name: rights[:, tweets[side]] for name, rights in experiment.rights.items()}
            for side, experiment in (("first", first), ("second", second))
        ]
        cells = {**first.choices, **second.choices}
        for name in dict.fromkeys([*cells, *sides[0], *sides[1]]):
            both = [side.get(name) for side in sides]
            accuracies = [None if rights is None else float(rights.mean()) for rights in both]
            difference = {} if None in accuracies else paired(*both, tweets["group"])
            models.append(SharedModel(model=name, accuracies=accuracies, **difference))
    return Shared(
        first=names[0],
        second=names[1],
        tweets=len(tweets),
        groups=tweets["group"].nunique(),
        models=models,
    )


def diff(experiments):
    """Return the Diff of Finished experiments, a dict by name, in its order."""
    return Diff(
        config=config_differences({name: of.config for name, of in experiments.items()}),
        headlines={name: headline(of) for name, of in experiments.items()},
        shared=[
            shared((one, other), experiments[one], experiments[other])
            for one, other in pairs_of(experiments, 2)
        ],
    )
