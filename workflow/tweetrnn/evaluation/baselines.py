"""Baselines: what the networks must beat, on the same tweets.

``majority`` always answers the most frequent class of the training part. ``logistic_regression``
is a multinomial logistic regression (scikit-learn's, L2 penalty) on TF-IDF weights of single
tokens and pairs of neighbours; the weights are fitted on the training part, and C is the one of
``GRID`` with the best validation accuracy, the smallest on ties.
"""

import logging

import numpy as np
import pyarrow as pa
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from tweetrnn import metrics
from tweetrnn.files import check_digest, read_json, read_parquet, write_json, write_parquet
from tweetrnn.sets import SETS

GRID = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
CHUNK = 1 << 14  # tweets that are Python lists at a time

log = logging.getLogger("tweetrnn")


def majority_probabilities(train_labels, classes, rows):
    """Return (rows, classes) one-hot probabilities of the training part's most frequent class.

    On ties it is the lowest class id.
    """
    majority = np.bincount(train_labels, minlength=classes).argmax()
    return np.tile(np.eye(classes, dtype=np.float32)[majority], (rows, 1))


def _itself(tokens):
    return tokens


def vectorizer():
    """Return the TF-IDF vectorizer of token lists: single tokens and pairs of neighbours."""
    return TfidfVectorizer(
        tokenizer=_itself,
        preprocessor=_itself,
        token_pattern=None,
        lowercase=False,
        ngram_range=(1, 2),
        dtype=np.float64,
    )


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
        accuracy = metrics.accuracy(model.predict_proba(validation), validation_labels)
        log.info("logistic regression with C=%g: validation accuracy %.4f", c, accuracy)
        if accuracy > best_accuracy:
            best, best_accuracy = model, accuracy
    return best


def token_lists(tokens, rows):
    """Yield the token list of each of the rows; ``tokens`` is a pyarrow list<string> array."""
    for start in range(0, len(rows), CHUNK):
        yield from tokens.take(pa.array(rows[start : start + CHUNK])).to_pylist()


def evaluate(tokens, rows, labels, classes, seed):
    """Return (probabilities, majority label, C) of both baselines.

    Args:
        tokens: pyarrow list<string> array of all tweets.
        rows: by part, the tweets' rows in ``tokens``.
        labels: by part, (n,) class ids.
        classes: how many classes there are.
        seed: the config's seed.

    ``probabilities`` is by baseline and by part (validation and test) a float32 (n, classes).
    """
    judged = [part for part in ("validation", "test") if len(rows[part])]
    majority = {
        part: majority_probabilities(labels["train"], classes, len(rows[part])) for part in judged
    }
    features = vectorizer()
    train = features.fit_transform(token_lists(tokens, rows["train"]))
    others = {part: features.transform(token_lists(tokens, rows[part])) for part in judged}
    with threadpool_limits(1):  # the order of sums, and so the last bits, depend on the threads
        model = tune(train, labels["train"], others["validation"], labels["validation"], seed)
        regression = {part: model.predict_proba(others[part]).astype(np.float32) for part in judged}
    top = int(np.bincount(labels["train"], minlength=classes).argmax())
    return {"majority": majority, "logistic_regression": regression}, top, model.C


def prediction_table(probabilities, labels):
    """Return the pyarrow Table of all predictions: baseline, part, row, label, p0, p1, ..."""
    tables = []
    for baseline, by_part in probabilities.items():
        for part, values in by_part.items():
            columns = {
                "baseline": pa.array([baseline] * len(values)),
                "part": pa.array([part] * len(values)),
                "row": np.arange(len(values)),
                "label": labels[part].astype(np.int32),
            }
            for c in range(values.shape[1]):
                columns[f"p{c}"] = values[:, c]
            tables.append(pa.table(columns))
    return pa.concat_tables(tables).combine_chunks()


def baselines(tweets, rows, split_facts, baseline_metrics, baseline_predictions, *, config):
    """Score the baselines on the same sets as the networks.

    Args:
        tweets: what tokenize wrote.
        rows, split_facts: what split wrote.
        baseline_metrics: to write: scores, and the predictions' sha256 (JSON).
        baseline_predictions: to write: probabilities of the validation and test set (Parquet).
        config: seed.
    """
    facts = read_json(split_facts)
    for name, path in (("tweets", tweets), ("rows", rows)):
        check_digest(path, facts["sha256"][name])
    tokens = read_parquet(tweets, ["tokens"])["tokens"].combine_chunks()
    table = read_parquet(rows, ["row", "part", "label"])
    set_of = table["part"].to_numpy(zero_copy_only=False)
    rows_of, labels = (
        {name: table[column].to_numpy()[set_of == name] for name in SETS}
        for column in ("row", "label")
    )
    probabilities, majority, c = evaluate(
        tokens, rows_of, labels, len(facts["labels"]), config["seed"]
    )

    def scores(baseline):
        return {
            name: metrics.scores(probabilities[baseline][name], labels[name])
            if name in probabilities[baseline]
            else None
            for name in SETS[1:]
        }

    write_parquet(baseline_predictions, prediction_table(probabilities, labels))
    write_json(
        baseline_metrics,
        {
            "majority": {"label": facts["labels"][majority], **scores("majority")},
            "logistic_regression": {
                "C": c,
                "grid": list(GRID),
                "features": "TF-IDF of single tokens and of pairs of neighbouring tokens",
                **scores("logistic_regression"),
            },
        },
    )
