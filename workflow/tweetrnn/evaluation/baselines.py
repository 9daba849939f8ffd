"""Baselines: what the networks must beat, on the same tweets.

``majority`` always answers the most frequent class of the training set. ``logistic_regression``
is a multinomial logistic regression (scikit-learn's, L2 penalty) on TF-IDF weights of single
tokens and pairs of neighbours; the weights are fitted on the training set, and C is the one of
``GRID`` with the best validation accuracy, the smallest on ties.
"""

import logging

import numpy as np
import pyarrow as pa
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from tweetrnn.evaluation.metrics import scores
from tweetrnn.files import read_json, read_parquet, sha256_of, write_json, write_parquet
from tweetrnn.metrics import accuracy
from tweetrnn.sets import SETS

GRID = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
CHUNK = 1 << 14  # tweets that are Python lists at a time

log = logging.getLogger("tweetrnn")


def majority_probabilities(train_labels, classes, rows):
    """Return (rows, classes) one-hot probabilities of the training set's most frequent class."""
    majority = np.bincount(train_labels, minlength=classes).argmax()  # the lowest id on ties
    return np.tile(np.eye(classes, dtype=np.float32)[majority], (rows, 1))


def vectorizer():
    """Return the TF-IDF vectorizer of token lists: single tokens and pairs of neighbours."""
    return TfidfVectorizer(tokenizer=list, token_pattern=None, lowercase=False, ngram_range=(1, 2))


def tune(train, train_labels, validation, validation_labels, seed):
    """Return the fitted model whose C gives the best validation accuracy, the smallest on ties.

    Args:
        train, validation: (n, features) sparse matrices.
        train_labels, validation_labels: (n,) class ids; training holds every class.
        seed: for the solver, which lbfgs does not use.
    """
    best, best_accuracy = None, -1.0
    for c in GRID:
        model = LogisticRegression(C=c, max_iter=1000, random_state=seed)
        model.fit(train, train_labels)
        value = accuracy(model.predict_proba(validation), validation_labels)
        log.info("logistic regression with C=%g: validation accuracy %.4f", c, value)
        if value > best_accuracy:
            best, best_accuracy = model, value
    return best


def token_lists(tokens, rows):
    """Yield the token list of each of the rows; ``tokens`` is a pyarrow list<string> array."""
    for start in range(0, len(rows), CHUNK):
        yield from tokens.take(pa.array(rows[start : start + CHUNK])).to_pylist()


def evaluate(tokens, rows, labels, classes, seed):
    """Return (probabilities, majority class id, C) of both baselines.

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
    features = vectorizer()
    train = features.fit_transform(token_lists(tokens, rows["train"]))
    others = {name: features.transform(token_lists(tokens, rows[name])) for name in judged}
    with threadpool_limits(1):  # the order of sums, and so the last bits, depend on the threads
        model = tune(train, labels["train"], others["validation"], labels["validation"], seed)
        regression = {name: model.predict_proba(others[name]).astype(np.float32) for name in judged}
    top = int(majority["validation"][0].argmax())
    return {"majority": majority, "logistic_regression": regression}, top, model.C


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
    """Score the baselines on the same sets as the networks; ``config`` has the seed.

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
    probabilities, majority, c = evaluate(tokens, rows_of, labels, len(classes), config["seed"])
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
            "logistic_regression": {
                "C": c,
                "grid": list(GRID),
                "features": "TF-IDF of single tokens and of pairs of neighbouring tokens",
                **scored["logistic_regression"],
            },
            "sha256": {"predictions": sha256_of(baseline_predictions)},
        },
    )
