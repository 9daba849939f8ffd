"""The results of a finished experiment, as far as ``diff`` reads them, with known right answers."""

import numpy as np
import pandas as pd
from example_experiment import ONE_COMBINATION, example_experiment
from example_runs import as_arrow, example_history, prediction_table, write_run
from tweetrnn.config import resolve
from tweetrnn.evaluation.comparison import to_json
from tweetrnn.evaluation.select import further_runs
from tweetrnn.files import sha256_of, write_json, write_parquet
from tweetrnn.grid import Run
from tweetrnn.names import BASELINES
from tweetrnn.reporting.sections.provenance import shareable
from tweetrnn.results import Results
from tweetrnn.results_format import marked

CLASSES = ["negative", "neutral", "positive"]


def predictions(labels, right, **constants):
    """Return a table of predictions for the test set that are right where ``right`` is true."""
    guesses = np.where(right, labels, (labels + 1) % len(CLASSES))
    p = np.eye(len(CLASSES), dtype=np.float32)[guesses]
    return prediction_table({"test": labels}, {"test": p}, **constants)


def write_tweets(results, tweets):
    """Write tokenize's and split's files; return the labels of ``tweets``, the test set."""
    tweets = [("0", "in training", CLASSES[0]), *tweets]
    table = pd.DataFrame(tweets, columns=["id", "text", "label"])
    write_parquet(results.tweets, as_arrow(table))
    rows = pd.DataFrame(
        {
            "row": np.arange(len(table)),
            "part": ["train"] + ["test"] * (len(tweets) - 1),
            "label": [CLASSES.index(label) for label in table["label"]],
            "group": np.arange(len(table), dtype=np.uint64),
        }
    )
    write_parquet(results.rows, as_arrow(rows))
    digests = {"tweets": sha256_of(results.tweets), "rows": sha256_of(results.rows)}
    write_json(results.split_facts, {"labels": CLASSES, "sha256": digests})
    return rows.loc[rows["part"] == "test", "label"].to_numpy(np.int32)


def write_baselines(results, labels):
    """Write the baselines' predictions, all of them right."""
    tables = [predictions(labels, labels >= 0, baseline=name) for name in BASELINES]
    write_parquet(results.baseline_predictions, as_arrow(pd.concat(tables)))
    digests = {"predictions": sha256_of(results.baseline_predictions)}
    write_json(results.baseline_metrics, {"sha256": digests})


def write_finished(folder, tweets, rights, name="one", part="test", **report):
    """Write a finished experiment; return its resolved config.

    Args:
        folder: of its results.
        tweets: [(id, text, label)] of its test set.
        rights: {cell: for each new replicate (N,) whether it gets each test tweet right}.
        name, report: of the config.
        part: the set that its comparison, of random answers, is judged on.
    """
    results, number = Results(folder), len(next(iter(rights.values())))
    config = resolve({"name": name, "corpus": {"kind": "demo"}, "report": report})
    write_json(results.summary, marked({"name": name, "config": shareable(config)}))
    comparison = example_experiment(
        cells=tuple(rights), part=part, selected_replicates=number, **ONE_COMBINATION
    ).comparison
    write_json(results.comparison, to_json(comparison))
    labels = write_tweets(results, tweets)
    write_baselines(results, labels)
    for run in further_runs(comparison.selected, comparison.replicates):
        right = np.array(rights[run.cell][comparison.replicates.index(run.replicate)])
        write_run(results, run, example_history(1), predictions=predictions(labels, right))
    for cell, choice in comparison.selected.items():
        selected = Run(cell, choice.combination, choice.replicate)
        write_run(results, selected, example_history(1))
    return config
