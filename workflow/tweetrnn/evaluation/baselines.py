"""Baselines: what the networks must beat, on the same tweets.

``majority`` always answers the most frequent class of the training set. The others are fitted to
how often single tokens and pairs of neighbours occur in the training set's tweets:

- ``logistic_regression``: a multinomial logistic regression (L2 penalty) on TF-IDF weights.
- ``nb_svm``: NB-SVM (Wang & Manning, "Baselines and bigrams", ACL 2012), one class against the
  rest. A feature is 1 where the tweet has the token or pair, times the naive Bayes log-count ratio.
  The loss is the logistic one instead of the SVM's hinge, since probabilities are stored, and the
  C that is chosen replaces the paper's interpolation with naive Bayes.

Of both, C is the one of ``GRIDS`` with the best validation accuracy, the smallest on ties.
"""

import logging
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from tweetrnn.evaluation.metrics import scores
from tweetrnn.files import read_json, read_parquet, sha256_of, write_json, write_parquet
from tweetrnn.metrics import accuracy
from tweetrnn.names import BASELINES
from tweetrnn.sets import SETS

GRIDS = {
    "logistic_regression": (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000),
    "nb_svm": (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
}
FEATURES = {
    "logistic_regression": "TF-IDF of single tokens and of pairs of neighbouring tokens",
    "nb_svm": "naive Bayes log-count ratios of single tokens and of pairs of neighbouring tokens",
}
CHUNK = 1 << 14  # tweets that are Python lists at a time

log = logging.getLogger("tweetrnn")


def majority_probabilities(train_labels, classes, rows):
    """Return (rows, classes) one-hot probabilities of the training set's most frequent class."""
    majority = np.bincount(train_labels, minlength=classes).argmax()  # the lowest id on ties
    return np.tile(np.eye(classes, dtype=np.float32)[majority], (rows, 1))


def vectorizer():
    """Return what counts the single tokens and pairs of neighbours of token lists."""
    return CountVectorizer(tokenizer=list, token_pattern=None, lowercase=False, ngram_range=(1, 2))


class LogCountRatios(TransformerMixin, BaseEstimator):
    """Turns counts (n, features), sparse, into r where a count is not 0 (Wang & Manning 2012).

    r = log((p / |p|) / (q / |q|)), where p is 1 + the number of class 1's examples that have the
    feature, q that of class 0's, and |.| the sum over the features.
    """

    def fit(self, counts, labels):
        """Learn r from examples of class 0 and 1; labels (n,)."""
        q, p = (1 + np.asarray((counts[labels == k] > 0).sum(axis=0)).ravel() for k in (0, 1))
        self.ratios_ = np.log(p / p.sum()) - np.log(q / q.sum())
        return self

    def transform(self, counts):
        """Return (n, features), sparse."""
        return (counts > 0).multiply(self.ratios_).tocsr()


def logistic_regression():
    """Return the model ``logistic_regression``, to be fitted to counts.

    Each fit continues from the one before, so that the grid takes little longer than one C. The
    tolerance must then be small: with the default, fits of a large C end where they start.
    """
    settings = {"solver": "newton-cg", "tol": 1e-6, "max_iter": 1000, "warm_start": True}
    return make_pipeline(TfidfTransformer(), LogisticRegression(**settings))


def nb_svm():
    """Return the model ``nb_svm``, to be fitted to counts."""
    regression = LogisticRegression(solver="newton-cg", max_iter=1000)
    return OneVsRestClassifier(make_pipeline(LogCountRatios(), regression))


@dataclass(frozen=True)
class Tuned:
    """The probabilities {set: (n, classes)} of a model with the best C; whether C ends the grid."""

    probabilities: dict
    c: float
    at_edge: bool


def tune(name, model, grid, features, labels):
    """Return a model Tuned to the best validation accuracy, with the smallest C on ties.

    Args:
        name: of the baseline, for the log.
        model: of scikit-learn, with a logistic regression whose C is set.
        grid: the values of C, the smallest first.
        features, labels: {set: (n, features) sparse} and {set: (n,) class ids}; training holds
            every class.
    """
    [parameter] = [key for key in model.get_params() if key.split("__")[-1] == "C"]
    title, best, best_accuracy = BASELINES[name].label, None, -1.0
    for c in grid:
        model.set_params(**{parameter: c}).fit(features["train"], labels["train"])
        probabilities = model.predict_proba(features["validation"])
        value = accuracy(probabilities, labels["validation"])
        log.info("%s with C=%g: validation accuracy %.4f", title, c, value)
        if value > best_accuracy:
            judged = [part for part in features if part != "train"]
            by_set = {part: model.predict_proba(features[part]) for part in judged}
            best, best_accuracy = Tuned(by_set, c, c in (grid[0], grid[-1])), value
    if best.at_edge:
        log.warning(
            "%s: the best C, %g, is the %s of those tried; one beyond it may be better",
            title,
            best.c,
            "smallest" if best.c == grid[0] else "largest",
        )
    return best


def token_lists(tokens, rows):
    """Yield the token list of each of the rows; ``tokens`` is a pyarrow list<string> array."""
    for start in range(0, len(rows), CHUNK):
        yield from tokens.take(pa.array(rows[start : start + CHUNK])).to_pylist()


def evaluate(tokens, rows, labels, classes):
    """Return (probabilities, majority class id, {baseline: Tuned}) of all baselines.

    Args:
        tokens: pyarrow list<string> array of all tweets.
        rows: {set: the rows of its tweets in ``tokens``}.
        labels: {set: (n,) class ids}.
        classes: how many classes there are.

    ``probabilities`` is {baseline: {set: (n, classes) float32}} of the validation and test set.
    """
    judged = [name for name in SETS[1:] if len(rows[name])]
    majority = {
        name: majority_probabilities(labels["train"], classes, len(rows[name])) for name in judged
    }
    counter = vectorizer()
    features = {"train": counter.fit_transform(token_lists(tokens, rows["train"]))}
    features |= {name: counter.transform(token_lists(tokens, rows[name])) for name in judged}
    models = {"logistic_regression": logistic_regression(), "nb_svm": nb_svm()}
    with threadpool_limits(1):  # the order of sums, and so the last bits, depend on the threads
        tuned = {
            name: tune(name, model, GRIDS[name], features, labels) for name, model in models.items()
        }
    probabilities = {"majority": majority} | {
        name: {part: p.astype(np.float32) for part, p in best.probabilities.items()}
        for name, best in tuned.items()
    }
    return probabilities, int(majority["validation"][0].argmax()), tuned


def prediction_table(probabilities, labels):
    """Return the pyarrow Table of all predictions: baseline, part, row, label, p0, p1, ..."""
    tables = [
        pa.table(
            {
                "baseline": [baseline] * len(values),
                "part": [name] * len(values),
                "row": np.arange(len(values)),
                "label": labels[name].astype(np.int32),
                **{f"p{k}": column for k, column in enumerate(values.T)},
            }
        )
        for baseline, by_set in probabilities.items()
        for name, values in by_set.items()
    ]
    return pa.concat_tables(tables).combine_chunks()


def baselines(tweets, rows, split_facts, baseline_metrics, baseline_predictions, *, config):
    """Score the baselines on the same sets as the networks; ``config`` is empty.

    The last two files are written: scores with the predictions' sha256, and the probabilities of
    the validation and test set.
    """
    facts = read_json(split_facts)
    digests = facts["sha256"]
    tokens = read_parquet(tweets, ["tokens"], digests["tweets"])["tokens"].combine_chunks()
    table = read_parquet(rows, ["row", "part", "label"], digests["rows"])
    set_of = table["part"].to_numpy(zero_copy_only=False)
    rows_of, labels = (
        {name: table[column].to_numpy()[set_of == name] for name in SETS}
        for column in ("row", "label")
    )
    classes = facts["labels"]
    probabilities, majority, tuned = evaluate(tokens, rows_of, labels, len(classes))
    scored = {  # None for an empty test set
        baseline: dict.fromkeys(SETS[1:])
        | {name: scores(p, labels[name]) for name, p in of.items()}
        for baseline, of in probabilities.items()
    }
    write_parquet(baseline_predictions, prediction_table(probabilities, labels))
    write_json(
        baseline_metrics,
        {
            "majority": {"label": classes[majority], **scored["majority"]},
            **{
                name: {
                    "C": best.c,
                    "grid": list(GRIDS[name]),
                    "at_edge": best.at_edge,
                    "features": FEATURES[name],
                    **scored[name],
                }
                for name, best in tuned.items()
            },
            "sha256": {"predictions": sha256_of(baseline_predictions)},
        },
    )
