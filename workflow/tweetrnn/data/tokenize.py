"""Stage tokenize: reads and checks a corpus, splits its tweets into tokens, counts what it finds.

Tweets go through in batches, so memory grows by some bytes a tweet (its hashes and its length).
"""

import csv
import logging
from array import array
from hashlib import blake2b
from itertools import chain

import numpy as np
import pyarrow as pa

from tweetrnn.data.corpus import Corpus
from tweetrnn.data.tokenizers import tokenize_text
from tweetrnn.errors import UserError
from tweetrnn.files import (
    defused,
    parquet_writer,
    replacing,
    sha256_of,
    unchanged,
    write_json,
)

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("label", pa.string()),
        ("tokens", pa.list_(pa.string())),
        ("group", pa.uint64()),
    ]
)
BATCH = 16_384  # tweets in memory at a time

log = logging.getLogger("tweetrnn")


def tokenize(corpus, tweets, token_facts, dropped, *, config):
    """Read a corpus; write its tweets with their tokens, facts about them, and the dropped rows.

    Args:
        corpus: the file to read.
        tweets: to write: a table of SCHEMA (Parquet).
        token_facts: to write: counts, and the files' sha256 (JSON).
        dropped: to write: the rows that were not kept, and why (CSV).
        config: corpus, tokenize.

    Raises:
        UserError: the corpus cannot be read, or cannot be used; then nothing is written.
    """
    with replacing(dropped) as listing, listing.open("w", encoding="utf-8", newline="") as stream:
        # Texts in quotes: with this line end a lone \r would stay bare, and part rows for a reader.
        writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(["row", "line", "id", "reason"])

        def list_dropped(row, line, identifier, reason):
            writer.writerow([row, line, defused(identifier), reason])

        source = Corpus(corpus, config["corpus"], on_drop=list_dropped)
        tally = Tally(source.config["labels"])
        with replacing(tweets) as beside:
            with unchanged(corpus), parquet_writer(beside, SCHEMA) as parquet:
                for batch in batches(source, config["tokenize"], tally):
                    parquet.write_batch(batch)
                    log.info("%s rows read", f"{source.rows:,}")
            source.check()
            found = tally.facts()
            if found["groups"] < 2:
                raise UserError(
                    f"{corpus}: all {source.rows:,} tweets have the same tokens; there is nothing "
                    f"to learn. Is corpus.columns.text ({source.config['columns']['text']!r}) the "
                    "column with the tweets?"
                )
            labels = source.config["labels"]
            write_json(
                token_facts,
                {
                    "kind": source.config["kind"],
                    "licence": licence_of(source.config),
                    "sha256": source.sha256,
                    "bytes": source.size,
                    "tweets_sha256": sha256_of(beside),
                    "labels": labels,
                    "rows_read": source.rows,
                    "kept": source.kept.total(),
                    "dropped": dict(sorted(source.dropped.items())),
                    "ignored": dict(sorted(source.ignored.items())),
                    "classes": {label: source.kept[label] for label in labels},
                    **found,
                    "tokenize": config["tokenize"],  # what a prediction does with its tweets, too
                    "text_column": source.config["columns"]["text"],
                },
            )
    if source.dropped:
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in source.dropped.most_common())
        log.info("%s: dropped %s; see %s", corpus, reasons, dropped)


def licence_of(corpus):
    """Return the licence to state for a corpus; ``corpus`` is the config's section."""
    if corpus["kind"] == "demo":
        return "invented by this program; nobody's tweets"
    return corpus["licence"]


def batches(corpus, config, tally):
    """Yield the corpus's tweets with their tokens as record batches of ``SCHEMA``.

    ``config`` is the config's section ``tokenize``; ``tally`` learns of each batch. A tweet
    without a token is dropped.
    """
    ids, texts, labels, tokens = [], [], [], []
    for identifier, text, label in corpus:
        found = tokenize_text(text, config)
        if not found:
            corpus.drop("no tokens")
            continue
        ids.append(identifier)
        texts.append(text)
        labels.append(label)
        tokens.append(found)
        if len(ids) == BATCH:
            yield _batch(ids, texts, labels, tokens, tally)
            ids, texts, labels, tokens = [], [], [], []
    if ids:
        yield _batch(ids, texts, labels, tokens, tally)


def _batch(ids, texts, labels, tokens, tally):
    lengths = np.fromiter(map(len, tokens), dtype=np.int32, count=len(tokens))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    flat = pa.array(list(chain.from_iterable(tokens)), type=pa.string())
    groups = hashes("\x1f".join(found) for found in tokens)
    tally.add(groups, labels, lengths, hashes(ids))
    return pa.record_batch(
        [
            pa.array(ids, type=pa.string()),
            pa.array(texts, type=pa.string()),
            pa.array(labels, type=pa.string()),
            pa.ListArray.from_arrays(offsets, flat, type=SCHEMA.field("tokens").type),
            pa.array(groups, type=pa.uint64()),
        ],
        schema=SCHEMA,
    )


def hashes(texts):
    """Return the 8-byte BLAKE2b hashes of texts as uint64.

    Among 1.6 million texts, two different ones share a hash with a probability of 7e-8.
    """
    digests = b"".join([blake2b(text.encode(), digest_size=8).digest() for text in texts])
    return np.frombuffer(digests, dtype="<u8")


class Tally:
    """What is counted over all tweets: their lengths, and which repeat an earlier one.

    ``labels`` are the classes, in order.
    """

    def __init__(self, labels):
        self._class = {label: number for number, label in enumerate(labels)}
        self._groups, self._ids = array("Q"), array("Q")
        self._labels, self._lengths = array("H"), array("i")

    def add(self, groups, labels, lengths, ids):
        """Take note of tweets: token hashes, labels, numbers of tokens, hashes of the ids."""
        self._groups.frombytes(groups.tobytes())
        self._ids.frombytes(ids.tobytes())
        self._labels.extend(map(self._class.__getitem__, labels))
        self._lengths.frombytes(lengths.tobytes())

    def facts(self):
        """Return the counts as a dict.

        groups: distinct tweets (by tokens). duplicate_rows: rows that repeat an earlier row's
        tokens; duplicate_groups: groups with such rows. conflicting_groups: groups with more than
        one label; conflicting_rows: their rows. duplicate_ids: rows that repeat an earlier row's
        id (rows without an id aside). length: tokens a tweet.
        """
        groups = np.frombuffer(self._groups, dtype=np.uint64)
        labels = np.frombuffer(self._labels, dtype=np.uint16)
        order = np.lexsort((labels, groups))
        groups, labels = groups[order], labels[order]
        first = np.flatnonzero(np.diff(groups, prepend=groups[:1] ^ np.uint64(1)))
        sizes = np.diff(first, append=len(groups))
        # Within a group labels ascend, so its first and last differ where any two do.
        conflicting = labels[first] != labels[first + sizes - 1]
        ids = np.frombuffer(self._ids, dtype=np.uint64)
        ids = ids[ids != hashes([""])[0]]
        lengths = np.frombuffer(self._lengths, dtype=np.int32)
        quantile = np.quantile(lengths, [0, 0.5, 0.95, 1], method="inverted_cdf").tolist()
        return {
            "groups": len(sizes),
            "duplicate_rows": len(groups) - len(sizes),
            "duplicate_groups": int((sizes > 1).sum()),
            "conflicting_groups": int(conflicting.sum()),
            "conflicting_rows": int(sizes[conflicting].sum()),
            "duplicate_ids": len(ids) - len(np.unique(ids)),
            "length": dict(zip(["min", "median", "p95", "max"], quantile, strict=True)),
        }
