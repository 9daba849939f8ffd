"""Small corpus files, and the data stages run on them."""

import csv
import io
import json

import pyarrow.parquet as pq
from small_experiment import run_stage
from tweetrnn.results import Results
from tweetrnn.results_format import read_marked

HEADER = ("tweet_id", "text", "airline_sentiment")
LABELS = ("negative", "neutral", "positive")
TOKENIZE = {"tokens": "tweet", "fold_case": True, "unescape_entities": True}
SPLIT = {
    "method": "stratified",
    "fractions": {"train": 0.72, "validation": 0.18, "test": 0.1},
    "slice": None,
    "value": None,
    "train_share": 1,
}
VOCABULARY = {
    "fit_on": "train",
    "max_words": None,
    "min_count": 1,
    "padding": "column",
    "unknown": "zeros",
}


def rows(count=200):
    """Return valid rows (id, text, label), with each label in turn."""
    return [(str(1000 + n), f"tweet number {n}", LABELS[n % 3]) for n in range(count)]


def as_csv(table, header=HEADER, **dialect):
    """Return rows as the text of a CSV file."""
    stream = io.StringIO()
    writer = csv.writer(stream, **{"lineterminator": "\n", **dialect})
    if header:
        writer.writerow(header)
    writer.writerows(table)
    return stream.getvalue()


def as_json_lines(table):
    """Return rows as the text of a JSON Lines file."""
    return "".join(json.dumps(dict(zip(HEADER, row, strict=True))) + "\n" for row in table)


def run_tokenize(corpus, results, tokenize=TOKENIZE, **changes):
    """Run the stage on a file; ``changes`` are keys of the config's section ``corpus``."""
    config = {"corpus": {"kind": "path", **changes}, "tokenize": tokenize}
    run_stage("tokenize", results, config, corpus=str(corpus))


def run_encode(results, length=30):
    """Run the stage after ``run_tokenize``."""
    sequence = {"length": length, "padding": "left", "truncation": "left"}
    run_stage("encode", results, {"sequence": sequence})


def run_split(results, **changes):
    """Run the stage after ``run_encode``; ``changes`` are keys of the config's section split."""
    config = {"split": SPLIT | changes, "vocabulary": VOCABULARY, "seed": 1}
    run_stage("split", results, config)


def written(results):
    """Return what tokenize wrote: (tweets as a list of dicts, facts, dropped rows as lists)."""
    results = Results(results)
    with results.dropped.open(encoding="utf-8", newline="") as stream:
        _, *dropped = csv.reader(stream)
    return pq.read_table(results.tweets).to_pylist(), read_marked(results.token_facts), dropped


def contents(folder):
    """Return {path: bytes} of all files in a folder and below."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
