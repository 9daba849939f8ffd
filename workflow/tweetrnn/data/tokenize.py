"""Tokenize: read and check a corpus, split its tweets into tokens, and count them.

Tweets are handled in batches, so memory grows by only a few bytes per tweet (hashes and length),
and by the users' names, which are numbered.
"""

import csv
import logging
from array import array
from hashlib import blake2b

import numpy as np
import pyarrow as pa

from tweetrnn.data import details
from tweetrnn.data.corpus import Corpus
from tweetrnn.data.near_duplicates import content
from tweetrnn.data.tokenizers import tokenize_text
from tweetrnn.errors import UserError
from tweetrnn.files import check_digest, defused, parquet_writer, replacing, sha256_of, write_json
from tweetrnn.results_format import marked

SCHEMA = pa.schema(
    {
        **dict.fromkeys(["id", "text", "label"], pa.string()),
        "tokens": pa.list_(pa.string()),
        "group": pa.uint64(),
        **details.SCHEMA,
    }
)
BATCH = 16_384  # tweets in memory at a time

log = logging.getLogger("tweetrnn")


def tokenize(corpus, tweets, token_facts, dropped, *, config, sha256=None):
    """Read a corpus; write its tweets with their tokens, facts about them, and the dropped rows.

    ``tweets`` is a table of SCHEMA with a column for each slice. Config: corpus, tokenize.

    Raises:
        UserError: the corpus cannot be read, cannot be used, or does not have the ``sha256`` that
            it had when it was downloaded; then nothing is written.
    """
    if sha256 is not None:
        check_digest(corpus, sha256.lower())
    with replacing(dropped) as listing, replacing(tweets) as table:
        with listing.open("w", encoding="utf-8", newline="") as stream:
            source = Corpus(corpus, config["corpus"], on_drop=drop_writer(stream))
            tally = Tally(source.config["labels"])
            with parquet_writer(table, schema_with(source.details.names)) as parquet:
                for batch in batches(source, config["tokenize"], tally):
                    parquet.write_batch(batch)
                    log.info("%s rows read", f"{source.rows:,}")
        source.check()
        counts = tally.facts()
        if counts["groups"] < 2:
            raise UserError(
                f"{corpus}: all {source.rows:,} tweets have the same tokens, so there is nothing "
                f"to learn; is corpus.columns.text ({source.config['columns']['text']!r}) the "
                "column with the tweets?"
            )
        counts |= source.details.facts(table)
        facts = facts_of(source, counts, sha256_of(table), config["tokenize"])
        write_json(token_facts, marked(facts))
    if source.dropped:
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in source.dropped.most_common())
        log.info("%s: dropped %s; see %s", corpus, reasons, dropped)


def schema_with(names):
    """Return SCHEMA with the columns ``names`` that it lacks: those of slices, which are texts."""
    slices = [pa.field(name, pa.string()) for name in names if name not in SCHEMA.names]
    return pa.schema([*SCHEMA, *slices])


def drop_writer(stream):
    """Write the header of the list of dropped rows; return the function that writes a row."""
    # Quoted, because readers take a lone \r in an unquoted text for the end of a row.
    writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(["row", "line", "id", "reason"])
    return lambda row, line, identifier, reason: writer.writerow(
        [row, line, defused(identifier), reason]
    )


def facts_of(corpus, counts, tweets_sha256, config):
    """Return the facts about a Corpus that was read to its end.

    ``counts`` are its Tally's and its details'; predictions need ``config``, the config's section
    ``tokenize``.
    """
    section = corpus.config
    return {
        "kind": section["kind"],
        "file": corpus.path.name,
        "file_format": corpus.source.form,
        "licence": licence_of(section),
        "sha256": corpus.source.sha256,
        "bytes": corpus.source.size,
        "tweets_sha256": tweets_sha256,
        "labels": section["labels"],
        "rows_read": corpus.rows,
        "kept": corpus.kept.total(),
        "dropped": dict(sorted(corpus.dropped.items())),
        "ignored": dict(sorted(corpus.ignored.items())),
        "classes": {label: corpus.kept[label] for label in section["labels"]},
        **counts,
        "tokenize": config,
        "text_column": section["columns"]["text"],
    }


def licence_of(corpus):
    """Return the licence to state for a corpus; ``corpus`` is the config's section."""
    invented = "invented by this program; nobody's tweets"
    return invented if corpus["kind"] == "demo" else corpus["licence"]


def batches(corpus, config, tally):
    """Yield a Corpus's tweets as record batches, and add them to a Tally.

    A tweet without tokens is dropped.
    """
    rows, names = [], corpus.details.names
    for identifier, text, label, *known in corpus:
        tokens = tokenize_text(text, config)
        if not tokens:
            corpus.drop("no tokens")
            continue
        rows.append((identifier, text, label, tokens, *known))
        if len(rows) == BATCH:
            yield _batch(rows, names, tally)
            rows = []
    if rows:
        yield _batch(rows, names, tally)


def _batch(rows, names, tally):
    """Return rows as a record batch; ``names`` are the columns that come after the tokens."""
    ids, texts, labels, tokens, *known = zip(*rows, strict=True)
    groups = hashes("\x1f".join(words) for words in tokens)
    contents = hashes("\x1f".join(content(words) or words) for words in tokens)
    lengths = np.fromiter(map(len, tokens), dtype=np.int32)
    tally.add(groups, labels, lengths, hashes(ids), contents)
    columns = {"id": ids, "text": texts, "label": labels, "tokens": tokens, "group": groups}
    columns |= dict(zip(names, known, strict=True))
    schema = schema_with(names)
    absent = {name: [None] * len(rows) for name in schema.names if name not in columns}
    return pa.RecordBatch.from_pydict(columns | absent, schema=schema)


def hashes(texts):
    """Return the 8-byte BLAKE2b hashes of texts as uint64.

    Among 1.6 million texts, two different ones share a hash with a probability of 7e-8.
    """
    digests = b"".join([blake2b(text.encode(), digest_size=8).digest() for text in texts])
    return np.frombuffer(digests, dtype="<u8")


class Tally:
    """Counts over all tweets: their lengths, and how many repeat an earlier one."""

    def __init__(self, labels):
        self._class = {label: number for number, label in enumerate(labels)}
        self._groups, self._ids, self._contents = array("Q"), array("Q"), array("Q")
        self._labels, self._lengths = array("H"), array("i")

    def add(self, groups, labels, lengths, ids, contents):
        """Add tweets: labels, numbers of tokens, and hashes of tokens, ids and contents.

        A content, as ``near_duplicates`` defines it, is a tweet's tokens where it is empty.
        """
        self._groups.frombytes(groups.tobytes())
        self._ids.frombytes(ids.tobytes())
        self._contents.frombytes(contents.tobytes())
        self._labels.extend(map(self._class.__getitem__, labels))
        self._lengths.frombytes(lengths.tobytes())

    def facts(self):
        """Return the counts as a dict.

        groups: distinct tweets (by tokens). duplicate_rows: rows that repeat an earlier row's
        tokens; duplicate_groups: groups with such rows. conflicting_groups: groups with more than
        one label; conflicting_rows: their rows. duplicate_ids: rows that repeat an earlier row's
        id (not counting rows without an id). near_duplicate_groups: contents that several groups
        share; near_duplicate_rows: rows that repeat an earlier row's content, beyond
        duplicate_rows. length: tokens per tweet.
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
            **self._near_duplicates(),
            "length": dict(zip(["min", "median", "p95", "max"], quantile, strict=True)),
        }

    def _near_duplicates(self):
        groups = np.frombuffer(self._groups, dtype=np.uint64)
        _, first = np.unique(groups, return_index=True)  # a group's rows have one content
        contents = np.frombuffer(self._contents, dtype=np.uint64)[first]
        _, sharing = np.unique(contents, return_counts=True)
        return {
            "near_duplicate_groups": int((sharing > 1).sum()),
            "near_duplicate_rows": len(contents) - len(sharing),
        }
