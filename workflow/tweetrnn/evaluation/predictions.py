"""Stored predictions: probabilities (N, classes) for the N tweets of each set."""

from dataclasses import dataclass

import numpy as np

from tweetrnn.files import damaged, read_parquet
from tweetrnn.run_files import read_parameters
from tweetrnn.sets import SETS


@dataclass(frozen=True)
class TweetSet:
    """The N tweets of a set, in its order: class ids, groups of duplicates, rows of the corpus."""

    labels: np.ndarray
    groups: np.ndarray
    corpus_rows: np.ndarray


def tweet_sets(rows):
    """Return {set: TweetSet} of the validation and test set, without those that are empty.

    ``rows`` is the split's table (a DataFrame): row, part, label, group.
    """
    return {
        name: TweetSet(*(tweets[column].to_numpy() for column in ("label", "group", "row")))
        for name in SETS[1:]
        if len(tweets := rows[rows["part"] == name])
    }


def by_set(table):
    """Return {set: (probabilities (N, classes), labels (N,))} of those sets that have predictions.

    ``table`` is a pyarrow Table with part, label, p0, p1, ...
    """
    set_of = table["part"].to_numpy(zero_copy_only=False)
    classes = [name for name in table.column_names if name[0] == "p" and name[1:].isdigit()]
    probabilities = np.column_stack([table[name] for name in classes])
    labels = table["label"].to_numpy()
    return {
        name: (probabilities[in_set], labels[in_set])
        for name in SETS[1:]
        if (in_set := set_of == name).any()
    }


def read_predictions(paths):
    """Return a run's predictions as ``by_set`` does; ``paths`` is the run's RunResults.

    Raises:
        UserError: the file is absent, damaged, or not the one that the training wrote.
    """
    sha256 = read_parameters(paths)["sha256"]["predictions"]
    return by_set(read_parquet(paths.predictions, sha256=sha256))


def of_split(predictions, sets, path):
    """Return {set: probabilities} of ``by_set``'s result for each of the split's ``sets``.

    Raises:
        UserError: the predictions, read from the file ``path``, are of another split.
    """
    for name, tweets in sets.items():
        if name not in predictions or not np.array_equal(predictions[name][1], tweets.labels):
            raise damaged(path, f"its {name} labels are not those of the split")
    return {name: predictions[name][0] for name in sets}


def right(probabilities, labels):
    """Return (N,) booleans: whether the most probable class is the label."""
    return probabilities.argmax(axis=1) == labels


def rights(models, judged, labels):
    """Return {model: (replicates, N) booleans}: which tweets of a set each replicate gets right.

    Args:
        models: {model: {replicate: {set: (N, classes) probabilities}}}.
        judged: the set.
        labels: (N,) class ids.
    """
    return {
        model: np.stack([right(by_set[judged], labels) for by_set in replicates.values()])
        for model, replicates in models.items()
    }
