"""The benchmark's data: word ids of the real tweets if they are there, else drawn from Zipf's law.

The sizes are the reference report's: 9,232 training tweets of 30 words, one-hot width 22,020.
"""

import csv
import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from tweetrnn.files import sha256_of, write_json

WIDTH = 22_020  # one-hot width; id 0 is padding
LENGTH = 30  # words in a sequence
BATCH = 32
CLASSES = 3
TRAINING, VALIDATION = 9_232, 2_309  # tweets

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data" / "Tweets.csv"


def tweets_path():
    """Return the path of the real tweets (TWEETS_CSV, or next to the repository), or None."""
    path = Path(os.environ.get("TWEETS_CSV", _BESIDE))
    return path if path.is_file() else None


def _real(path):
    """Ids (N, LENGTH) and labels (N,) of the tweets that are not neutral, in the file's order.

    Words are split at white space and keep their case, so that the training set has exactly 22,020
    (the rarest shares the last id, because id 0 is padding). Unknown words become padding.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [r for r in csv.DictReader(stream) if r["airline_sentiment"] != "neutral"]
    tweets = [row["text"].split() for row in rows]
    counts = Counter(word for words in tweets[:TRAINING] for word in words)
    ids = {word: min(i, WIDTH - 1) for i, (word, _) in enumerate(counts.most_common(), start=1)}
    sequences = np.zeros((len(tweets), LENGTH), dtype=np.int32)
    for row, words in zip(sequences, tweets, strict=True):
        known = [ids.get(word, 0) for word in words][-LENGTH:]
        row[LENGTH - len(known) :] = known
    labels = np.array([2 * (r["airline_sentiment"] == "positive") for r in rows], dtype=np.int32)
    return sequences, labels


def zipf(tweets, width, seed=1):
    """Ids (tweets, LENGTH), left-padded, of words with frequencies 1/rank; random labels."""
    rng = np.random.default_rng(seed)
    shares = np.cumsum(1 / np.arange(1, width))
    draws = rng.random((tweets, LENGTH)) * shares[-1]
    sequences = np.searchsorted(shares, draws).astype(np.int32) + 1
    lengths = np.clip(rng.normal(18, 6, tweets).round(), 2, LENGTH).astype(int)
    sequences[np.arange(LENGTH) < LENGTH - lengths[:, None]] = 0
    return sequences, rng.integers(0, CLASSES, tweets, dtype=np.int32)


def corpus():
    """Return (name, sequences, labels), the training tweets before the validation tweets."""
    path = tweets_path()
    if path:
        return "real tweets", *_real(path)
    return "ids from Zipf's law, seed 1 (no real tweets found)", *zipf(TRAINING + VALIDATION, WIDTH)


def write_split(folder):
    """Write what the train stage reads: arrays of the training and validation set, the facts."""
    _, sequences, labels = corpus()
    empty = slice(0, 0)
    parts = {"train": slice(0, TRAINING), "validation": slice(TRAINING, None), "test": empty}
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in parts.items():
        np.save(folder / f"{name}_sequences.npy", sequences[part])
        np.save(folder / f"{name}_labels.npy", labels[part])
    facts = {
        "width": WIDTH,
        "padding_id": 0,
        "labels": ["negative", "neutral", "positive"],
        "sha256": {path.stem: sha256_of(path) for path in folder.glob("*.npy")},
    }
    write_json(folder / "facts.json", facts)


if __name__ == "__main__":
    write_split(Path(sys.argv[1]))
    print(corpus()[0])
