"""Encode: the dictionary of all words, and every tweet as word ids.

Word ids run from 1 by descending count, ties by the word (in code point order); 0 is padding.
"""

import logging

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tweetrnn.errors import UserError
from tweetrnn.files import (
    check_digest,
    damaged,
    open_parquet,
    read_json,
    save_array,
    sha256_of,
    write_json,
    write_parquet,
    writing_array,
)

PADDING = 0
BATCH = 1 << 16  # tweets that are in memory as text at a time

log = logging.getLogger("tweetrnn")


def _flat(lists):
    """Return (values, lengths) of a pyarrow list array; an absent list counts as an empty one."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return lists.flatten(), lengths.astype(np.int64)


def count_words(batches):
    """Number the words of list<string> arrays in the order in which they turn up, and count them.

    Returns (words, counts, ids, lengths): words is a pyarrow string array, counts an int64 array
    beside it, ids a list of int32 arrays (one per batch, the tokens one after the other, from 0),
    lengths a list of int64 arrays (tokens of each tweet).
    """
    number, ids, lengths = {}, [], []
    counts = np.zeros(0, dtype=np.int64)
    for lists in batches:
        tokens, tweet_lengths = _flat(lists)
        local = pc.dictionary_encode(tokens)
        to_global = np.fromiter(
            (number.setdefault(word, len(number)) for word in local.dictionary.to_pylist()),
            dtype=np.int32,
            count=len(local.dictionary),
        )
        occurrences = local.indices.to_numpy()
        ids.append(to_global[occurrences])
        lengths.append(tweet_lengths)
        counts = np.pad(counts, (0, len(number) - len(counts)))
        counts[to_global] += np.bincount(occurrences, minlength=len(to_global))
    return pa.array(list(number), type=pa.string()), counts, ids, lengths


def by_count(words, counts):
    """Return the positions that sort words by descending count, ties by the word."""
    table = pa.table({"count": counts, "word": words})
    return pc.sort_indices(
        table, sort_keys=[("count", "descending"), ("word", "ascending")]
    ).to_numpy()


def fixed_length(words, lengths, length, padding, truncation):
    """Return (N, length) int32: each tweet's ids, padded or cut.

    Args:
        words: the ids of all N tweets, one tweet after the other.
        lengths: (N,), how many of them belong to each tweet.
        length: of a row, in words.
        padding: ``left`` or ``right``, the side on which shorter tweets get zeros.
        truncation: ``left`` or ``right``, the side on which longer tweets lose words.
    """
    lengths = np.asarray(lengths, dtype=np.int64)
    kept = np.minimum(lengths, length)
    first = np.cumsum(lengths) - lengths  # of each tweet's words
    if truncation == "left":
        first = first + lengths - kept
    into = length - kept if padding == "left" else np.zeros_like(kept)
    # Word j of those kept goes from words[first + j] to rows[tweet, into + j].
    tweet = np.repeat(np.arange(len(lengths)), kept)
    j = np.arange(len(tweet)) - np.repeat(np.cumsum(kept) - kept, kept)
    rows = np.full((len(lengths), length), PADDING, dtype=np.int32)
    rows[tweet, into[tweet] + j] = np.asarray(words)[first[tweet] + j]
    return rows


def label_ids(names, labels):
    """Return int32 class ids (positions in ``labels``) of a pyarrow array of label names.

    Raises:
        ValueError: a name is not among them.
    """
    ids = pc.index_in(names, value_set=pa.array(labels, type=names.type))
    if ids.null_count:
        unknown = pc.unique(names.filter(ids.is_null())).to_pylist()
        raise ValueError(f"it holds the labels {unknown}, but its facts know only {labels}")
    return ids.to_numpy().astype(np.int32)


def encode(
    tweets, token_facts, dictionary, sequences, words, offsets, labels, encode_facts, *, config
):
    """Number the words of the tokenized tweets, and write every tweet as word ids.

    Args:
        tweets, token_facts: what tokenize wrote.
        dictionary: to write: every word with its count and id (Parquet).
        sequences: to write: (N, T) int32 ids, padded and cut to the sequence length (npy).
        words: to write: ids of all words, uncut, tweet after tweet (npy, int32).
        offsets: to write: where each tweet begins in ``words``, and the end (npy, int64).
        labels: to write: (N,) int32 class ids (npy).
        encode_facts: to write: counts, and the files' sha256 (JSON).
        config: sequence (length, padding, truncation).

    Raises:
        UserError: the tweets are damaged, or there is no tweet or no word.
    """
    facts = read_json(token_facts)
    check_digest(tweets, facts["tweets_sha256"])
    sequence, names = config["sequence"], facts["labels"]
    length = sequence["length"]
    classes = []

    def token_lists(file):
        for batch in file.iter_batches(batch_size=BATCH, columns=["tokens", "label"]):
            try:
                classes.append(label_ids(batch["label"], names))
            except ValueError as error:
                raise damaged(tweets, error) from None
            yield batch["tokens"]

    with open_parquet(tweets) as file:
        distinct, counts, ids, lengths = count_words(token_lists(file))
    total = sum(map(len, lengths))
    if not total or not len(distinct):
        raise UserError(
            f"{tweets}: expected tweets with words in them, found {total} tweets and no word; "
            "check corpus.columns.text and corpus.labels"
        )
    order = by_count(distinct, counts)
    renumbered = np.empty(len(order), dtype=np.int32)
    renumbered[order] = np.arange(1, len(order) + 1, dtype=np.int32)

    cut_tweets = cut_tokens = 0
    with (
        writing_array(sequences, (total, length), np.int32) as append_rows,
        writing_array(words, (counts.sum(),), np.int32) as append_words,
    ):
        for batch_ids, batch_lengths in zip(ids, lengths, strict=True):
            batch_words = renumbered[batch_ids]
            append_words(batch_words)
            append_rows(
                fixed_length(
                    batch_words, batch_lengths, length, sequence["padding"], sequence["truncation"]
                )
            )
            over = np.maximum(batch_lengths - length, 0)
            cut_tweets += int(np.count_nonzero(over))
            cut_tokens += int(over.sum())
    save_array(offsets, np.concatenate([[0], *lengths]).cumsum(dtype=np.int64))
    save_array(labels, np.concatenate(classes))
    write_parquet(
        dictionary,
        pa.table(
            {
                "word": distinct.take(order),
                "count": counts[order],
                "id": np.arange(1, len(order) + 1, dtype=np.int32),
            }
        ),
    )
    outputs = {
        "dictionary": dictionary,
        "sequences": sequences,
        "words": words,
        "offsets": offsets,
        "labels": labels,
    }
    write_json(
        encode_facts,
        {
            "tweets": total,
            "words": len(distinct),
            "tokens": int(counts.sum()),
            "cut_tweets": cut_tweets,
            "cut_tokens": cut_tokens,
            "sequence_length": length,
            "padding": sequence["padding"],
            "truncation": sequence["truncation"],
            "labels": names,
            "sha256": {
                name: sha256_of(path) for name, path in {**outputs, "tweets": tweets}.items()
            },
        },
    )
    log.info(
        "%d tweets, %d words in the dictionary; %d tweets cut to %d words",
        total,
        len(distinct),
        cut_tweets,
        length,
    )
