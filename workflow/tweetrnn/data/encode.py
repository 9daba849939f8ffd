"""Encode: the dictionary of all words, and every tweet as word ids.

Word ids start at 1, by descending count, ties by the word (in code point order); 0 is padding.
"""

import logging

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tweetrnn import files
from tweetrnn.errors import UserError
from tweetrnn.results_format import read_marked

PADDING = 0
BATCH = 1 << 16  # tweets in memory as text at a time

log = logging.getLogger("tweetrnn")


def number_words(batches):
    """Number the words of list<string> arrays by how often they occur.

    Args:
        batches: yields pyarrow arrays of lists of words, one list per tweet.

    Returns:
        (dictionary, ids, lengths): a pyarrow Table of every word with its count and its id, in the
        order of the ids; the int32 ids of all words, tweet after tweet; the int64 number of words
        of each tweet.
    """
    # Words are numbered as they first occur; their ids are known only at the end.
    number, counts = {}, np.zeros(0, dtype=np.int64)
    numbers, lengths = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int64)]
    for lists in batches:
        encoded = pc.dictionary_encode(lists.flatten())
        number_of = np.fromiter(
            (number.setdefault(word, len(number)) for word in encoded.dictionary.to_pylist()),
            dtype=np.int32,
            count=len(encoded.dictionary),
        )
        indices = encoded.indices.to_numpy()
        numbers.append(number_of[indices])
        # Null counts as an empty list.
        tweet_lengths = pc.fill_null(pc.list_value_length(lists), 0)
        lengths.append(tweet_lengths.to_numpy(zero_copy_only=False).astype(np.int64))
        counts = np.pad(counts, (0, len(number) - len(counts)))
        counts[number_of] += np.bincount(indices, minlength=len(number_of))

    table = pa.table({"word": pa.array(list(number), type=pa.string()), "count": counts})
    order = pc.sort_indices(table, sort_keys=[("count", "descending"), ("word", "ascending")])
    ids = np.arange(1, len(table) + 1, dtype=np.int32)
    id_of = np.empty_like(ids)
    id_of[order.to_numpy()] = ids
    dictionary = table.take(order).append_column("id", pa.array(ids))
    return dictionary, id_of[np.concatenate(numbers)], np.concatenate(lengths)


def fixed_length(words, lengths, length, padding, truncation):
    """Return (N, length) int32: each tweet's ids, padded or cut.

    Args:
        words: the ids of all N tweets' words, tweet after tweet; ``lengths`` (N,) says how many.
        length: of a row, in words.
        padding: ``left`` or ``right``, the side on which shorter tweets get zeros.
        truncation: ``left`` or ``right``, the side on which longer tweets lose words.
    """
    lengths = np.asarray(lengths, dtype=np.int64)
    kept = np.minimum(lengths, length)
    first = np.cumsum(lengths) - lengths  # of each tweet's words
    if truncation == "left":
        first = first + lengths - kept
    start = length - kept if padding == "left" else np.zeros_like(kept)  # in each row
    # Word j of those kept goes from words[first + j] to rows[tweet, start + j].
    tweet = np.repeat(np.arange(len(lengths)), kept)
    j = np.arange(len(tweet)) - np.repeat(np.cumsum(kept) - kept, kept)
    rows = np.full((len(lengths), length), PADDING, dtype=np.int32)
    rows[tweet, start[tweet] + j] = np.asarray(words)[first[tweet] + j]
    return rows


def label_ids(batch, labels):
    """Return int32 class ids: the positions of a pyarrow array's labels in ``labels``."""
    ids = pc.index_in(batch, value_set=pa.array(labels, type=batch.type))
    if ids.null_count:
        unknown = pc.unique(batch.filter(ids.is_null())).to_pylist()
        raise ValueError(f"it has the labels {unknown}, but its facts have only {labels}")
    return ids.to_numpy().astype(np.int32)


def read_tweets(path, sha256, labels):
    """Return (dictionary, ids, lengths, class ids) of the tweets in ``path``."""
    classes = []

    def token_lists(file):
        for batch in file.iter_batches(batch_size=BATCH, columns=["tokens", "label"]):
            try:
                classes.append(label_ids(batch["label"], labels))
            except ValueError as error:
                raise files.damaged(path, error) from None
            yield batch["tokens"]

    with files.open_parquet(path, sha256) as file:
        dictionary, ids, lengths = number_words(token_lists(file))
    if not len(dictionary):
        raise UserError(
            f"{path}: expected tweets with words, but its {len(lengths)} tweets have none; "
            "check corpus.columns.text and corpus.labels"
        )
    return dictionary, ids, lengths, np.concatenate(classes)


def encode(
    tweets, token_facts, dictionary, sequences, words, offsets, labels, encode_facts, *, config
):
    """Number the words of the tokenized tweets, and write every tweet as word ids.

    It writes ``dictionary`` (every word with its count and id), ``sequences`` ((N, T) int32 ids,
    padded and cut to the sequence length), ``words`` (int32 ids of all words, uncut, tweet after
    tweet), ``offsets`` (int64, where each tweet begins in ``words``, and the end) and ``labels``
    ((N,) int32 class ids). Config: sequence (length, padding, truncation).

    Raises:
        UserError: the tweets are damaged, or there is no tweet or no word.
    """
    tokenized, sequence = read_marked(token_facts), config["sequence"]
    names, digest = tokenized["labels"], tokenized["tweets_sha256"]
    table, ids, lengths, classes = read_tweets(tweets, digest, names)
    ends = np.concatenate([[0], lengths]).cumsum(dtype=np.int64)
    with files.writing_array(sequences, (len(lengths), sequence["length"]), np.int32) as append:
        for start in range(0, len(lengths), BATCH):
            batch = lengths[start : start + BATCH]
            words_of_batch = ids[ends[start] : ends[start + len(batch)]]
            append(fixed_length(words_of_batch, batch, **sequence))
    written = {"dictionary": dictionary, "sequences": sequences, "words": words}
    written |= {"offsets": offsets, "labels": labels}
    files.save_array(words, ids)
    files.save_array(offsets, ends)
    files.save_array(labels, classes)
    files.write_parquet(dictionary, table)

    excess = np.maximum(lengths - sequence["length"], 0)
    facts = {
        "tweets": len(lengths),
        "words": len(table),
        "tokens": len(ids),
        "cut_tweets": int(np.count_nonzero(excess)),
        "cut_tokens": int(excess.sum()),
        "sequence_length": sequence["length"],
        **{key: sequence[key] for key in ("padding", "truncation")},
        "labels": names,
        "sha256": {
            **{name: files.sha256_of(path) for name, path in written.items()},
            "tweets": digest,
        },
    }
    files.write_json(encode_facts, facts)
    log.info(
        "%d tweets, %d words in the dictionary; %d tweets cut to %d words",
        facts["tweets"], facts["words"], facts["cut_tweets"], sequence["length"],
    )  # fmt: skip
