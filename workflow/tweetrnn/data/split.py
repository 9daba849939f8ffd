"""Split: the training, validation and test set, and the words that get a one-hot column.

``assign`` says which tweet goes to which set.
"""

import logging
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tweetrnn import files
from tweetrnn.data.assign import LEFT_OUT, assign, check_sets, overlap
from tweetrnn.data.details import SLICE
from tweetrnn.errors import UserError
from tweetrnn.results import SPLIT_ARRAYS
from tweetrnn.sets import SETS

CHUNK = 1 << 16  # tweets whose ids are handled at a time

log = logging.getLogger("tweetrnn")


@dataclass(frozen=True)
class Columns:
    """The one-hot columns: padding and unknown first, where they are columns, then the words.

    Padding or unknown words configured as zeros have the id ``width``, one past the last column:
    an all-zero vector.
    """

    chosen: np.ndarray  # the dictionary ids that have a column, in the order of the columns
    counts: np.ndarray  # how often they occur in the tweets that the vocabulary is fitted on
    lookup: np.ndarray  # (dictionary size + 1,) int32: the column of each dictionary id
    width: int
    padding_id: int
    unknown_id: int


def count_by_set(words, offsets, sets, dictionary_size):
    """Return counts (3, dictionary_size + 1) of each word id in each set, over uncut tweets."""
    counts = np.zeros((len(SETS), dictionary_size + 1), dtype=np.int64)
    for start in range(0, len(sets), CHUNK):
        ends = offsets[start : start + CHUNK + 1]
        ids = words[ends[0] : ends[-1]]
        set_of_word = np.repeat(sets[start : start + CHUNK], np.diff(ends))
        for k in range(len(SETS)):
            counts[k] += np.bincount(ids[set_of_word == k], minlength=dictionary_size + 1)
    return counts


def one_hot_columns(counts, words, vocabulary):
    """Return the Columns of the words that are frequent enough, by descending count, then the word.

    Args:
        counts: (3, dictionary size + 1), as ``count_by_set`` returns them.
        words: pyarrow string array of the dictionary, id 1 first.
        vocabulary: the config's section (fit_on, min_count, max_words, padding, unknown).

    Raises:
        UserError: no word is frequent enough.
    """
    fitted = counts[0] if vocabulary["fit_on"] == "train" else counts.sum(axis=0)
    frequent = np.flatnonzero(fitted[1:] >= vocabulary["min_count"]) + 1
    table = pa.table({"count": fitted[frequent], "word": words.take(pa.array(frequent - 1))})
    order = pc.sort_indices(table, sort_keys=[("count", "descending"), ("word", "ascending")])
    chosen = frequent[order.to_numpy()][: vocabulary["max_words"]]
    if not len(chosen):
        minimum = vocabulary["min_count"]
        raise UserError(
            f"vocabulary.min_count: no word occurs {minimum} times; choose a smaller number"
        )
    special = [name for name in ("padding", "unknown") if vocabulary[name] == "column"]
    width = len(special) + len(chosen)
    padding_id, unknown_id = (
        special.index(name) if name in special else width for name in ("padding", "unknown")
    )
    lookup = np.full(counts.shape[1], unknown_id, dtype=np.int32)
    lookup[chosen] = np.arange(len(special), width, dtype=np.int32)
    lookup[0] = padding_id
    return Columns(chosen, fitted[chosen], lookup, width, padding_id, unknown_id)


def read_tweets(path, sha256):
    """Return the table of tweets with the columns that a split needs: no texts, no tokens."""
    with files.open_parquet(path, sha256) as file:
        slices = [name for name in file.schema_arrow.names if name.startswith(SLICE)]
        return file.read(columns=["id", "group", "user", "time", "set", *slices])


def to_assign(table, labels, split):
    """Return what ``assign`` needs of the table of tweets; ``split`` is the config's section."""
    tweets = {"group": table["group"].to_numpy(), "label": labels, "id": table["id"]}
    match split["method"]:
        case "grouped":
            tweets["user"] = pc.fill_null(table["user"].cast(pa.int64()), -1).to_numpy()
        case "temporal":
            tweets["time"] = table["time"].to_numpy()
        case "held_out":
            tweets["slice"] = np.array(table[SLICE + split["slice"]].to_pylist(), dtype=object)
        case "given":
            tweets["set"] = table["set"].to_pylist()
    return tweets


def counts_of_slices(table, sets):
    """Return, for each set, {slice: {value: tweets}}; the value of a tweet without one is empty."""
    counts = [{} for _ in SETS]
    for column in table.column_names:
        if column.startswith(SLICE):
            encoded = pc.fill_null(table[column], "").combine_chunks().dictionary_encode()
            values, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
            for k in range(len(SETS)):
                of_set = np.bincount(codes[sets == k], minlength=len(values)).tolist()
                by_value = dict(sorted(zip(values, of_set, strict=True)))
                counts[k][column.removeprefix(SLICE)] = by_value
    return counts


def write_sequences(path, sequences, rows, lookup):
    """Write ``lookup[sequences[rows]]`` (N, T) as int32, some rows at a time."""
    with files.writing_array(path, (len(rows), sequences.shape[1]), np.int32) as append:
        for start in range(0, len(rows), CHUNK):
            append(lookup[sequences[rows[start : start + CHUNK]]])


def facts_of_set(labels, names, counts, chosen, slices):
    """Return the facts about one set, a dict.

    Args:
        labels: (N,) class ids; ``names`` are the classes' names.
        counts: how often each dictionary id occurs in the set; ``chosen`` are those with a column.
        slices: {slice: {value: tweets}}.
    """
    tokens = int(counts.sum())
    unknown = tokens - int(counts[chosen].sum())
    classes = np.bincount(labels, minlength=len(names)).tolist()
    return {
        "tweets": len(labels),
        "classes": dict(zip(names, classes, strict=True)),
        "tokens": tokens,
        "unknown_tokens": unknown,
        "unknown_rate": unknown / tokens if tokens else 0.0,
        "slices": slices,
    }


def facts_of_split(table, sets, labels, counts, columns, encoded, config):
    """Return the facts of the split without the files' sha256; ``encoded`` are encode's facts.

    ``table`` has the tweets; ``sets`` and ``labels`` (N,) are each row's set and class id.
    """
    names, kept = encoded["labels"], sets != LEFT_OUT
    several = overlap(table["group"].to_numpy()[kept], sets[kept])
    groups_in_several, rows_in_several, seen_in_training = several
    slices = counts_of_slices(table, sets)
    return {
        "width": columns.width,
        "padding_id": columns.padding_id,
        "unknown_id": columns.unknown_id,
        "vocabulary_words": len(columns.chosen),
        **{key: encoded[key] for key in ("sequence_length", "padding", "truncation", "labels")},
        **config["split"],
        "left_out": int(np.count_nonzero(~kept)),
        "fit_on": config["vocabulary"]["fit_on"],
        "parts": {
            name: facts_of_set(labels[sets == k], names, counts[k], columns.chosen, slices[k])
            for k, name in enumerate(SETS)
        },
        "words_unseen_in_training": int(np.count_nonzero(counts[0, 1:] == 0)),
        "straddling_groups": groups_in_several,
        "straddling_rows": rows_in_several,
        "seen_in_training": seen_in_training,
    }


def divide(inputs, encoded, config, outputs):
    """Divide the tweets into sets, and write these and the vocabulary; return the facts.

    Args:
        inputs: paths of what tokenize and encode wrote, by name.
        encoded: encode's facts.
        config: split, vocabulary, seed.
        outputs: paths by the names of SPLIT_ARRAYS, and of rows and vocabulary.
    """
    digests = encoded["sha256"]
    table = read_tweets(inputs["tweets"], digests["tweets"])
    dictionary = files.read_parquet(inputs["dictionary"], ["word"], digests["dictionary"])
    dictionary = dictionary["word"].combine_chunks()
    sequences, words, offsets, labels = (
        files.load_array(inputs[name], digests[name])
        for name in ("sequences", "words", "offsets", "labels")
    )
    names, labels, section = encoded["labels"], np.asarray(labels), config["split"]
    tweets = to_assign(table, labels, section)
    sets, order = assign(tweets, section, config["seed"], len(names))
    check_sets(sets, labels, names, section, tweets["group"])
    counts = count_by_set(words, offsets, sets, len(dictionary))
    columns = one_hot_columns(counts, dictionary, config["vocabulary"])

    for number, name in enumerate(SETS):
        rows = order[sets[order] == number]
        write_sequences(outputs[f"{name}_sequences"], sequences, rows, columns.lookup)
        files.save_array(outputs[f"{name}_labels"], labels[rows])
    part = pa.DictionaryArray.from_arrays(sets[order], pa.array(SETS)).cast(pa.string())
    rows = {"row": order, "part": part, "label": labels[order], "group": tweets["group"][order]}
    files.write_parquet(outputs["rows"], pa.table(rows))
    vocabulary = {
        "word": dictionary.take(pa.array(columns.chosen - 1)),
        "count": columns.counts,
        "id": columns.lookup[columns.chosen],
    }
    files.write_parquet(outputs["vocabulary"], pa.table(vocabulary))
    return facts_of_split(table, sets, labels, counts, columns, encoded, config)


def log_facts(facts):
    """Log the sizes; warn of classes missing from a set, and of duplicates in several sets."""
    sets = facts["parts"].items()
    sizes = ", ".join(f"{name} {set_facts['tweets']}" for name, set_facts in sets)
    log.info("%s tweets; one-hot width %d", sizes, facts["width"])
    for name, set_facts in sets:
        for label, count in set_facts["classes"].items():
            if set_facts["tweets"] and not count:
                log.warning("the %s set has no tweet of class %r", name, label)
    if facts["straddling_groups"]:
        log.warning(
            "%d groups of equal tweets are in more than one set, as the split method %s allows",
            facts["straddling_groups"],
            facts["method"],
        )


def split(
    tweets, dictionary, sequences, words, offsets, labels, encode_facts,
    train_sequences, train_labels, validation_sequences, validation_labels,
    test_sequences, test_labels, rows, vocabulary, split_facts, *, config,
):  # fmt: skip
    """Split the tweets into sets, and choose the words that get a one-hot column.

    It writes each set's (N, T) int32 one-hot columns and (N,) int32 class ids, and ``rows``: which
    tweet is in which set, in the order of its arrays. Config: split, vocabulary, seed.

    Raises:
        UserError: the input is damaged; the method cannot be used; a set is empty or training
            lacks a class; no word is left.
    """
    inputs = {"tweets": tweets, "dictionary": dictionary, "sequences": sequences}
    inputs |= {"words": words, "offsets": offsets, "labels": labels}
    arrays = (
        train_sequences, train_labels, validation_sequences, validation_labels,
        test_sequences, test_labels,
    )  # fmt: skip
    outputs = dict(zip(SPLIT_ARRAYS, arrays, strict=True), rows=rows, vocabulary=vocabulary)
    encoded = files.read_json(encode_facts)
    facts = divide(inputs, encoded, config, outputs)
    digests = {name: files.sha256_of(path) for name, path in outputs.items()}
    digests = {"tweets": encoded["sha256"]["tweets"], **digests}
    files.write_json(split_facts, facts | {"sha256": digests})
    log_facts(facts)
