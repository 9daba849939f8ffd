"""Assign each tweet to a set.

Tweets with the same tokens form a group, and a group goes to one set as a whole (unless the split
is ordered). Groups are taken in the order of a hash keyed with the seed, so neither the order of
the corpus's rows nor anything else in them decides which set they go to.

Here a set is a number: its position in SETS.
"""

from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tweetrnn.errors import UserError
from tweetrnn.sets import SETS


def assign(groups, labels, ids, split, seed, classes):
    """Return (sets, order): each row's set (N,) int8, and the rows sorted by set, then in the set.

    Args:
        groups, labels: (N,) uint64 hash of each row's tokens, and its class id.
        ids: pyarrow array of the N tweets' ids; they order rows that share group and label.
        split, seed: of the config.
        classes: the number of classes.
    """
    if split["method"] == "ordered":
        return ordered_sets(len(groups), split["fractions"]), np.arange(len(groups))
    unique, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    keys = group_keys(unique, seed)
    strata = np.zeros(len(unique), dtype=np.int64)
    if split["method"] == "stratified":
        strata = majority_labels(inverse, labels, len(unique), classes)
    sets = grouped_sets(sizes, keys, strata, split["fractions"])[inverse]
    ranks = ranks_of_repeated(sizes[inverse] > 1, ids)
    return sets, np.lexsort((ranks, labels, keys[inverse], sets))


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
    """Return the uint64 hashes, keyed with the seed, by which groups are ordered."""
    return mix(np.asarray(groups, dtype=np.uint64) ^ mix(np.array([seed], dtype=np.uint64)))


def boundaries(fractions):
    """Return the exact shares of all rows at which the training and validation sets end.

    A fraction means the decimal number as written: 0.29 of 100 is 29, although the nearest float
    times 100 is less. Without a test set, validation takes all that is left.
    """
    train, validation, test = (Fraction(repr(float(fractions[name]))) for name in SETS)
    return train, train + validation if test else Fraction(1)


def ordered_sets(rows, fractions):
    """Return the int8 sets of rows in file order: the first int(share * rows) are for training."""
    sets = np.full(rows, 2, dtype=np.int8)
    train_end, validation_end = (int(share * rows) for share in boundaries(fractions))
    sets[:validation_end] = 1
    sets[:train_end] = 0
    return sets


def majority_labels(inverse, labels, groups, classes):
    """Return each group's most frequent label; the lowest class id on ties.

    ``inverse`` (N,) is the number of each row's group; ``groups`` and ``classes`` are counts.
    """
    counts = np.bincount(inverse * classes + labels, minlength=groups * classes)
    return counts.reshape(groups, classes).argmax(axis=1)


def grouped_sets(sizes, keys, strata, fractions):
    """Return the (G,) int8 set of each group.

    Within each stratum, groups are taken in the order of their keys. A set ends at the end of the
    group that is nearest to where the set should end, counted over all strata so far, so rounding
    does not add up over strata. At least one group of each stratum is for training.

    Args:
        sizes, keys, strata: (G,) rows, order and stratum of each group; zeros for no strata.
        fractions: of training, validation and test set.
    """
    sets = np.full(len(sizes), 2, dtype=np.int8)
    train_share, validation_share = boundaries(fractions)
    seen = in_train = in_validation = 0  # rows, over the strata so far
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        members = members[np.argsort(keys[members], kind="stable")]
        ends = np.concatenate([[0], np.cumsum(sizes[members])])
        seen += int(ends[-1])
        train_end = max(_nearest(ends, float(train_share * seen) - in_train), 1)
        # Validation makes up for rounding in training.
        wanted = float(validation_share * seen) - in_train - in_validation
        validation_end = (
            len(members) if validation_share == 1 else max(_nearest(ends, wanted), train_end)
        )
        sets[members[train_end:validation_end]] = 1
        sets[members[:train_end]] = 0
        in_train += int(ends[train_end])
        in_validation += int(ends[validation_end] - ends[train_end])
    return sets


def _nearest(ends, wanted):
    """Return the index of the value nearest to ``wanted`` in ascending ``ends``; ties go down."""
    above = int(np.searchsorted(ends, wanted).clip(0, len(ends) - 1))
    below = max(above - 1, 0)
    return below if wanted - ends[below] <= ends[above] - wanted else above


def ranks_of_repeated(repeated, ids):
    """Return (N,) int64: the rank of a row's id among the ``repeated`` rows, 0 for the others."""
    ranks = np.zeros(len(repeated), dtype=np.int64)
    if repeated.any():
        texts = pc.cast(ids.filter(pa.array(repeated)), pa.string())
        ranks[repeated] = pc.rank(texts, tiebreaker="min").to_numpy()
    return ranks


def check_sets(sets, labels, names, fractions):
    """Refuse sets that no model can be trained or evaluated on.

    Raises:
        UserError: a set with a positive fraction is empty, or training lacks a class.
    """
    sizes = np.bincount(sets, minlength=len(SETS))
    for name, size in zip(SETS, sizes, strict=True):
        if not size and fractions[name] > 0:
            raise UserError(
                f"split.fractions.{name}: {fractions[name]:g} of {len(sets)} tweets leaves no "
                f"tweet for the {name} set; use a larger corpus or a larger fraction"
            )
    in_corpus = np.bincount(labels, minlength=len(names))
    in_train = np.bincount(labels[sets == 0], minlength=len(names))
    for name, total, trained in zip(names, in_corpus, in_train, strict=True):
        if not trained:
            raise UserError(
                f"split: the training set has no tweet of class {name!r}, of which the corpus has "
                f"{total}; use split.method: stratified, a larger split.fractions.train or a "
                "larger corpus, or leave the class out of corpus.labels"
            )


def overlap(groups, sets):
    """Return the numbers of groups with rows in several sets, of all their rows, and {name: rows}.

    The last has, for validation and test, the rows whose tokens are also in training.
    """
    unique, inverse = np.unique(groups, return_inverse=True)
    present = np.zeros((len(unique), len(SETS)), dtype=bool)
    present[inverse, sets] = True
    shared = present.sum(axis=1) > 1
    in_train = present[inverse, 0]
    seen = {SETS[k]: int(np.count_nonzero(in_train & (sets == k))) for k in (1, 2)}
    return int(shared.sum()), int(shared[inverse].sum()), seen
