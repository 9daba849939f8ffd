"""Small corpus files and the command that reads them, for the tests of what is read."""

import csv
import io
import json

import pyarrow.parquet as pq
from tweetrnn.__main__ import main
from tweetrnn.data import encode, split
from tweetrnn.files import read_json

HEADER = ("tweet_id", "text", "airline_sentiment")
LABELS = ("negative", "neutral", "positive")
TOKENIZE = {"tokens": "tweet", "fold_case": True, "unescape_entities": True}
SPLIT = {
    "method": "stratified",
    "fractions": {"train": 0.72, "validation": 0.18, "test": 0.1},
}
VOCABULARY = {
    "fit_on": "train",
    "max_words": None,
    "min_count": 1,
    "padding": "column",
    "unknown": "zeros",
}
OUTPUTS = ("tweets", "facts", "dropped")


def rows(count=200):
    """Return sound rows (id, text, label), the labels in turn."""
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


def run_tokenize(corpus, out, tokenize=TOKENIZE, **changes):
    """Run the stage on a file as its command line; return the exit status.

    ``changes`` are keys of the config's section ``corpus``; what is written goes into the folder
    ``out``, under the names of OUTPUTS, the log beside the folder.
    """
    config = {"corpus": {"kind": "path", **changes}, "tokenize": tokenize}
    files = [argument for name in OUTPUTS for argument in (f"--{name}", str(out / name))]
    files += ["--log", str(out.with_suffix(".log")), "--corpus", str(corpus)]
    return main(["tokenize", *files, "--config", json.dumps(config)])


def run_encode(out, length=30):
    """Run the stage after ``run_tokenize``, in the same folder; return the exit status."""
    config = {"sequence": {"length": length, "padding": "left", "truncation": "left"}}
    files = [argument for name in encode.OUTPUTS for argument in (f"--{name}", str(out / name))]
    files += ["--tweets", str(out / "tweets"), "--token-facts", str(out / "facts")]
    files += ["--facts", str(out / "encode_facts"), "--log", str(out.with_suffix(".log"))]
    return main(["encode", *files, "--config", json.dumps(config)])


def run_split(out, **changes):
    """Run the stage after ``run_encode``; ``changes`` are keys of the config's section split."""
    config = {"split": SPLIT | changes, "vocabulary": VOCABULARY, "seed": 1}
    names = (*split.INPUTS, *split.ARRAYS, "rows", "vocabulary", "tweets")
    options = {name.replace("_", "-"): name for name in names}
    options |= {"encode-facts": "encode_facts", "facts": "split_facts"}
    files = [
        argument for key, name in options.items() for argument in (f"--{key}", str(out / name))
    ]
    files += ["--log", str(out.with_suffix(".log"))]
    return main(["split", *files, "--config", json.dumps(config)])


def written(out):
    """Return what the stage wrote: (tweets as a list of dicts, facts, dropped rows as lists)."""
    with (out / "dropped").open(encoding="utf-8", newline="") as stream:
        _, *dropped = csv.reader(stream)
    return pq.read_table(out / "tweets").to_pylist(), read_json(out / "facts"), dropped
