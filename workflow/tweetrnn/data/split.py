"""Split: which tweet belongs to which part, which words get a one-hot column, and the final ids.

Tweets with the same tokens form a group; a group goes to one part as a whole (not when the split
is ordered). Groups are taken in the order of a hash keyed with the seed, so that neither the order
of the corpus's rows nor anything else in it decides who is where.
"""

import logging
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tweetrnn.errors import UserError
from tweetrnn.files import (
    check_digest,
    load_array,
    read_json,
    read_parquet,
    save_array,
    sha256_of,
    write_json,
    write_parquet,
    writing_array,
)
from tweetrnn.results import SPLIT_ARRAYS
from tweetrnn.sets import SETS

CHUNK = 1 << 16  # tweets whose ids are handled at a time

log = logging.getLogger("tweetrnn")


def mix(values):
    """Return scrambled uint64 values: SplitMix64's output function, a bijection.

    Source: Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014;
    constants as in Vigna's public-domain splitmix64.c.
    """
    values = np.asarray(values, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def group_keys(groups, seed):
    """Return the uint64 hashes, keyed with the seed, that put groups in order."""
    return mix(np.asarray(groups, dtype=np.uint64) ^ mix(np.array([seed], dtype=np.uint64)))


def boundaries(fractions):
    """Return the exact positions, as shares of all, where the train and validation parts end.

    A fraction means the decimal number as written: 0.29 of 100 is 29, though the nearest float
    times 100 is less. Without a test part validation takes all that is left.
    """
    train, validation, test = (Fraction(repr(float(fractions[part]))) for part in SETS)
    return train, train + validation if test else Fraction(1)


def ordered_parts(rows, fractions):
    """Return int8 part numbers of rows in file order: int(share * rows) of them for training."""
    parts = np.full(rows, 2, dtype=np.int8)
    train_end, validation_end = (int(share * rows) for share in boundaries(fractions))
    parts[:validation_end] = 1
    parts[:train_end] = 0
    return parts


def majority_labels(inverse, labels, groups, classes):
    """Return each group's most frequent label; the lowest class id on ties.

    Args:
        inverse: (N,) number of each row's group.
        labels: (N,) class ids.
        groups: how many groups there are.
        classes: how many classes there are.
    """
    counts = np.bincount(inverse * classes + labels, minlength=groups * classes)
    return counts.reshape(groups, classes).argmax(axis=1)


def grouped_parts(sizes, keys, strata, fractions):
    """Return the int8 part number of each group.

    Within each stratum groups are taken in the order of their keys; a part ends at the group end
    nearest to where it should end for all strata so far together, so that rounding does not add
    up over strata. Each stratum gives training at least one group.

    Args:
        sizes: (G,) rows of each group.
        keys: (G,) order of the groups.
        strata: (G,) stratum of each group; zeros for none.
        fractions: of train, validation, test.
    """
    parts = np.full(len(sizes), 2, dtype=np.int8)
    train_share, validation_share = boundaries(fractions)
    seen = in_train = in_validation = 0  # rows, over the strata so far
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        members = members[np.argsort(keys[members], kind="stable")]
        ends = np.concatenate([[0], np.cumsum(sizes[members])])
        seen += int(ends[-1])
        first = max(_nearest(ends, float(train_share * seen) - in_train), 1)
        # What train took too much or too little of, validation makes good.
        wanted = float(validation_share * seen) - in_train - in_validation
        second = len(members) if validation_share == 1 else max(_nearest(ends, wanted), first)
        parts[members[first:second]] = 1
        parts[members[:first]] = 0
        in_train += int(ends[first])
        in_validation += int(ends[second] - ends[first])
    return parts


def _nearest(ends, wanted):
    """Return the index of the (ascending) value nearest to ``wanted``, the lower on ties."""
    above = int(np.searchsorted(ends, wanted).clip(0, len(ends) - 1))
    below = max(above - 1, 0)
    return below if wanted - ends[below] <= ends[above] - wanted else above


def place(groups, labels, tie_break, split, seed, classes):
    """Return (parts, order): each row's part, and the rows sorted by part and order inside it.

    Args:
        groups: (N,) uint64 hash of each row's tokens.
        labels: (N,) class ids.
        tie_break: (N,) int, orders rows that share group and label.
        split: the config's section (method, fractions).
        seed: the config's seed.
        classes: how many classes there are.
    """
    if split["method"] == "ordered":
        parts = ordered_parts(len(groups), split["fractions"])
        return parts, np.arange(len(groups))
    unique, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    keys = group_keys(unique, seed)
    strata = np.zeros(len(unique), dtype=np.int64)
    if split["method"] == "stratified":
        strata = majority_labels(inverse, labels, len(unique), classes)
    parts = grouped_parts(sizes, keys, strata, split["fractions"])[inverse]
    return parts, np.lexsort((tie_break, labels, keys[inverse], parts))


def ranks_of_repeated(groups, ids):
    """Return (N,) int64: the rank of a row's id among the rows of repeated groups, 0 elsewhere.

    Args:
        groups: (N,) uint64.
        ids: pyarrow array of N texts.
    """
    _, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    repeated = np.flatnonzero(counts[inverse] > 1)
    ranks = np.zeros(len(groups), dtype=np.int64)
    if len(repeated):
        texts = pc.cast(ids.take(pa.array(repeated)), pa.string())
        ranks[repeated] = pc.rank(texts, tiebreaker="min").to_numpy()
    return ranks


def straddlers(groups, parts):
    """Return (groups, rows, seen): what lies in more than one part.

    ``groups`` counts the groups with rows in several parts, ``rows`` their rows in all parts;
    ``seen`` gives for validation and test the rows whose tokens also stand in training.
    """
    unique, inverse = np.unique(groups, return_inverse=True)
    present = np.zeros((len(unique), len(SETS)), dtype=bool)
    present[inverse, parts] = True
    straddles = present.sum(axis=1) > 1
    in_train = present[inverse, 0]
    seen = {SETS[p]: int(np.count_nonzero(in_train & (parts == p))) for p in (1, 2)}
    return int(straddles.sum()), int(straddles[inverse].sum()), seen


def check_sets(parts, labels, names, split):
    """Refuse a split that cannot be trained on or judged by.

    Raises:
        UserError: a part with a positive fraction is empty, or training lacks a class.
    """
    sizes = np.bincount(parts, minlength=len(SETS))
    for part, size in zip(SETS, sizes, strict=True):
        if not size and split["fractions"][part] > 0:
            raise UserError(
                f"split.fractions.{part}: {split['fractions'][part]:g} of {len(parts)} tweets "
                f"leaves no tweet for {part}; use a larger corpus or a larger fraction"
            )
    in_corpus = np.bincount(labels, minlength=len(names))
    in_train = np.bincount(labels[parts == 0], minlength=len(names))
    for name, count, here in zip(names, in_corpus, in_train, strict=True):
        if not here:
            raise UserError(
                f"split: the training part holds no tweet of class {name!r}, of which the corpus "
                f"has {count}; use split.method: stratified, a larger split.fractions.train or a "
                "larger corpus, or leave the class out of corpus.labels"
            )


def count_by_set(words, offsets, parts, dictionary_size):
    """Return counts (3, dictionary_size + 1) of each word id in each part, over uncut tweets."""
    counts = np.zeros((len(SETS), dictionary_size + 1), dtype=np.int64)
    for start in range(0, len(parts), CHUNK):
        ends = offsets[start : start + CHUNK + 1]
        ids = words[ends[0] : ends[-1]]
        part_of_word = np.repeat(parts[start : start + CHUNK], np.diff(ends))
        for part in range(len(SETS)):
            found = np.bincount(ids[part_of_word == part])
            counts[part, : len(found)] += found
    return counts


def columns(chosen, dictionary_size, vocabulary):
    """Return (lookup, width, padding_id, unknown_id).

    ``lookup`` (dictionary_size + 1,) int32 turns dictionary ids into one-hot columns: padding and
    unknown first, where they are columns, then the chosen words. What is configured as zeros gets
    the id ``width``, one past the last column: an all-zero vector.
    """
    special = [name for name in ("padding", "unknown") if vocabulary[name] == "column"]
    width = len(special) + len(chosen)
    ids = {
        name: special.index(name) if name in special else width for name in ("padding", "unknown")
    }
    lookup = np.full(dictionary_size + 1, ids["unknown"], dtype=np.int32)
    lookup[chosen] = np.arange(len(special), width, dtype=np.int32)
    lookup[0] = ids["padding"]
    return lookup, width, ids["padding"], ids["unknown"]


def fit_vocabulary(counts_by_part, words, vocabulary):
    """Return (chosen, counts): the dictionary ids that become columns, in order, and their counts.

    Columns go by descending count in the rows that the vocabulary is fitted on, ties by the word.

    Args:
        counts_by_part: (3, dictionary_size + 1).
        words: pyarrow string array of the dictionary, id 1 first.
        vocabulary: the config's section (fit_on, min_count, max_words).

    Raises:
        UserError: no word is left.
    """
    counts = counts_by_part[0] if vocabulary["fit_on"] == "train" else counts_by_part.sum(axis=0)
    kept = np.flatnonzero(counts[1:] >= vocabulary["min_count"]) + 1
    table = pa.table({"count": counts[kept], "word": words.take(pa.array(kept - 1))})
    order = pc.sort_indices(table, sort_keys=[("count", "descending"), ("word", "ascending")])
    chosen = kept[order.to_numpy()][: vocabulary["max_words"]]
    if not len(chosen):
        raise UserError(
            f"vocabulary.min_count: no word occurs {vocabulary['min_count']} times in training; "
            "choose a smaller number"
        )
    return chosen, counts[chosen]


def write_sequences(path, sequences, rows, lookup):
    """Write ``lookup[sequences[rows]]`` (N, T) as int32, some rows at a time."""
    with writing_array(path, (len(rows), sequences.shape[1]), np.int32) as append:
        for start in range(0, len(rows), CHUNK):
            append(lookup[sequences[rows[start : start + CHUNK]]])


def facts_of_set(labels, names, counts, unknown):
    """Return what facts.json says of a part.

    Args:
        labels: (N,) class ids.
        names: the classes' names by id.
        counts: (words,) how often each dictionary id occurs in the part.
        unknown: (words,) booleans, those that training does not know.
    """
    tokens, unknowns = int(counts.sum()), int(counts[unknown].sum())
    classes = np.bincount(labels, minlength=len(names)).tolist()
    return {
        "tweets": len(labels),
        "classes": dict(zip(names, classes, strict=True)),
        "tokens": tokens,
        "unknown_tokens": unknowns,
        "unknown_rate": unknowns / tokens if tokens else 0.0,
    }


def split(
    tweets,
    dictionary,
    sequences,
    words,
    offsets,
    labels,
    encode_facts,
    train_sequences,
    train_labels,
    validation_sequences,
    validation_labels,
    test_sequences,
    test_labels,
    rows,
    vocabulary,
    split_facts,
    *,
    config,
):
    """Split the tweets into sets, and choose the words that get a one-hot column.

    Args:
        tweets: what tokenize wrote.
        dictionary, sequences, words, offsets, labels, encode_facts: what encode wrote.
        train_sequences, ...: to write: (N, T) int32 one-hot columns of each set (npy).
        train_labels, ...: to write: (N,) int32 class ids of each set (npy).
        rows: to write: which tweet is in which set, in the order of its arrays (Parquet).
        vocabulary: to write: the words with a one-hot column (Parquet).
        split_facts: to write: counts, and the files' sha256 (JSON).
        config: split, vocabulary, seed.

    Raises:
        UserError: the input is damaged; a set is empty or training lacks a class; no word is left.
    """
    outputs = {
        "train_sequences": train_sequences,
        "train_labels": train_labels,
        "validation_sequences": validation_sequences,
        "validation_labels": validation_labels,
        "test_sequences": test_sequences,
        "test_labels": test_labels,
        "rows": rows,
        "vocabulary": vocabulary,
    }
    inputs = {
        "tweets": tweets,
        "dictionary": dictionary,
        "sequences": sequences,
        "words": words,
        "offsets": offsets,
        "labels": labels,
    }
    encoded = read_json(encode_facts)
    for name, path in inputs.items():
        check_digest(path, encoded["sha256"][name])
    facts = divide(
        read_parquet(tweets, ["id", "group"]),
        read_parquet(dictionary, ["word"])["word"].combine_chunks(),
        *(load_array(path) for path in (sequences, words, offsets, labels)),
        encoded,
        config,
        outputs,
    )
    write_json(split_facts, facts)
    sizes = ", ".join(f"{name} {one['tweets']}" for name, one in facts["parts"].items())
    log.info("%s tweets; one-hot width %d", sizes, facts["width"])
    if facts["straddling_groups"]:
        log.warning(
            "%d groups of equal tweets are in more than one set, as an ordered split allows",
            facts["straddling_groups"],
        )


def divide(table, dictionary, sequences, words, offsets, labels, encoded, config, outputs):
    """Write the sets; return the facts.

    Args:
        table: the tweets' ids and groups (pyarrow Table).
        dictionary: its words, id 1 first (pyarrow array).
        sequences, words, offsets, labels: what encode wrote, as arrays.
        encoded: encode's facts.
        config: split, vocabulary, seed.
        outputs: paths by the names of SPLIT_ARRAYS, and rows and vocabulary.
    """
    division, vocabulary, names = config["split"], config["vocabulary"], encoded["labels"]
    labels = np.asarray(labels)
    if len(table) != len(labels):
        raise UserError(
            f"tokenize and encode do not agree: {len(table)} and {len(labels)} tweets; run again"
        )
    groups = table["group"].to_numpy()
    ordered = division["method"] == "ordered"
    tie_break = None if ordered else ranks_of_repeated(groups, table["id"])
    sets, order = place(groups, labels, tie_break, division, config["seed"], len(names))
    check_sets(sets, labels, names, division)
    counts = count_by_set(words, offsets, sets, len(dictionary))
    chosen, chosen_counts = fit_vocabulary(counts, dictionary, vocabulary)
    lookup, width, padding_id, unknown_id = columns(chosen, len(dictionary), vocabulary)

    unknown = np.ones(len(dictionary) + 1, dtype=bool)
    unknown[chosen] = False
    set_facts = {}
    for number, name in enumerate(SETS):
        rows = order[sets[order] == number]
        write_sequences(outputs[f"{name}_sequences"], sequences, rows, lookup)
        save_array(outputs[f"{name}_labels"], labels[rows])
        set_facts[name] = facts_of_set(labels[rows], names, counts[number], unknown)
        for label, count in set_facts[name]["classes"].items():
            if len(rows) and not count:
                log.warning("the %s set has no tweet of class %r", name, label)
    write_parquet(
        outputs["rows"],
        pa.table(
            {
                "row": order,
                "part": pa.DictionaryArray.from_arrays(sets[order], pa.array(SETS)).cast(
                    pa.string()
                ),
                "label": labels[order],
                "group": groups[order],
            }
        ),
    )
    write_parquet(
        outputs["vocabulary"],
        pa.table(
            {
                "word": dictionary.take(pa.array(chosen - 1)),
                "count": chosen_counts,
                "id": np.arange(width - len(chosen), width, dtype=np.int32),
            }
        ),
    )
    straddling_groups, straddling_rows, seen_in_training = straddlers(groups, sets)
    return {
        "width": width,
        "padding_id": padding_id,
        "unknown_id": unknown_id,
        "vocabulary_words": len(chosen),
        "sequence_length": encoded["sequence_length"],
        "padding": encoded["padding"],
        "truncation": encoded["truncation"],
        "labels": names,
        "method": division["method"],
        "fractions": division["fractions"],
        "fit_on": vocabulary["fit_on"],
        "parts": set_facts,
        "words_unseen_in_training": int(np.count_nonzero(counts[0, 1:] == 0)),
        "straddling_groups": straddling_groups,
        "straddling_rows": straddling_rows,
        "seen_in_training": seen_in_training,
        "sha256": {
            "tweets": encoded["sha256"]["tweets"],
            **{name: sha256_of(outputs[name]) for name in (*SPLIT_ARRAYS, "rows", "vocabulary")},
        },
    }
