"""Assign each tweet to a set.

Tweets with the same tokens form a group, and a group goes to one set as a whole, unless the split
is ordered or given (``units`` has what stays together).

Here a set is a number: its position in SETS, or LEFT_OUT.
"""

from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tweetrnn.data.units import group_keys, joined_by_users, units_of
from tweetrnn.data.values import normalized
from tweetrnn.errors import UserError
from tweetrnn.sets import SETS
from tweetrnn.wording import quoted

LEFT_OUT = -1  # of a smaller training set
# The names that benchmarks have for the sets.
GIVEN = {
    **dict.fromkeys(["train", "training"], 0),
    **dict.fromkeys(["validation", "valid", "val", "development", "dev"], 1),
    "test": 2,
}


def assign(tweets, split, seed, classes):
    """Return (sets, order): each row's set (N,) int8, and the rows sorted by set, then in the set.

    Rows that are left out are not in ``order``.

    Args:
        tweets: arrays of the N tweets by name: ``group`` (uint64 hash of the tokens), ``label``
            (class id) and ``id`` (pyarrow; they order rows that share group and label); and what
            the method needs: ``user`` (numbers, -1 for none), ``time`` (datetime64),
            ``set`` or ``slice`` (texts or None).
        split, seed: of the config.
        classes: the number of classes.

    Raises:
        UserError: the method cannot be used on these tweets.
    """
    method = split["method"]
    groups = tweets["group"]
    ids = joined_by_users(groups, tweets["user"]) if method == "grouped" else groups
    units = units_of(ids, tweets["label"], seed, classes if method in STRATIFIED else None)
    sets = METHODS[method](tweets, units, split)
    sets = thinned(sets, units, split["train_share"])
    order = np.arange(len(sets)) if method == "ordered" else order_of(tweets, sets, seed)
    return sets, order[sets[order] != LEFT_OUT]


def order_of(tweets, sets, seed):
    """Return the rows' numbers sorted by set, then by the keys of their groups."""
    groups = tweets["group"]
    _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    ranks = ranks_of_repeated(sizes[group] > 1, tweets["id"])
    return np.lexsort((ranks, tweets["label"], group_keys(groups, seed), sets))


# ------------------------------------------------------------------------------------- methods


def by_key(tweets, units, split):
    """Return the sets of rows whose units are divided in the order of their keys."""
    ends = boundaries(split["fractions"])
    return grouped_sets(units.sizes, units.keys, units.strata, *ends)[units.of_row]


def in_file_order(tweets, units, split):
    """Return the sets of rows that are divided in the order of the file."""
    return ordered_sets(len(units.of_row), split["fractions"])


def by_time(tweets, units, split):
    """Return the sets of rows whose units are divided by their earliest time, ties by their keys.

    Raises:
        UserError: a tweet has no time.
    """
    times = tweets["time"]
    absent = int(np.count_nonzero(np.isnat(times)))
    if absent:
        raise UserError(
            f"split.method: temporal needs the time of every tweet, but {absent:,} of "
            f"{len(times):,} tweets have none in the column corpus.columns.time; remove them from "
            "the corpus, or choose another method"
        )
    earliest = np.full(len(units.sizes), np.iinfo(np.int64).max)
    np.minimum.at(earliest, units.of_row, times.astype(np.int64))
    ranks = np.empty(len(earliest), dtype=np.int64)
    ranks[np.lexsort((units.keys, earliest))] = np.arange(len(earliest))
    ends = boundaries(split["fractions"])
    return grouped_sets(units.sizes, ranks, units.strata, *ends)[units.of_row]


def by_value(tweets, units, split):
    """Return the sets of rows of which those with one value of a slice are the test set.

    The other tweets of their groups go with them. The rest is divided into training and validation.

    Raises:
        UserError: no tweet has the value, or all have it.
    """
    values = tweets["slice"]
    chosen = values == normalized(split["value"].strip())
    if not chosen.any():
        present = sorted({value for value in values if value is not None})
        raise UserError(
            f"split.value: no tweet has the value {split['value']!r} in the slice "
            f"{split['slice']!r}; its values are {quoted(present)}"
        )
    held_out = np.zeros(len(units.sizes), dtype=bool)
    held_out[units.of_row[chosen]] = True
    if held_out.all():
        raise UserError(
            f"split.value: every tweet has the value {split['value']!r} in the slice "
            f"{split['slice']!r}, or a duplicate that has it, so none is left to train on"
        )
    sets, rest = np.full(len(units.sizes), 2, dtype=np.int8), ~held_out
    train, validation = (_exact(split["fractions"][name]) for name in SETS[:2])
    sets[rest] = grouped_sets(
        units.sizes[rest], units.keys[rest], units.strata[rest], train / (train + validation), 1
    )
    return sets[units.of_row]


def as_given(tweets, units, split):
    """Return the sets of rows that the corpus names.

    Raises:
        UserError: a tweet has no set, or one that is not in GIVEN.
    """
    names, inverse = np.unique([text or "" for text in tweets["set"]], return_inverse=True)
    sets = np.array([GIVEN.get(name.casefold(), LEFT_OUT) for name in names], dtype=np.int8)
    if (unknown := np.flatnonzero(sets == LEFT_OUT)).size:
        counts = np.bincount(inverse)
        listing = ", ".join(f"{str(names[n])!r} ({counts[n]:,})" for n in unknown[:10])
        more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
        raise UserError(
            f"split.method: given needs the set of every tweet, one of {', '.join(GIVEN)}, but "
            f"the column corpus.columns.set has other values: {listing}{more}; correct them, or "
            "remove these tweets from the corpus"
        )
    return sets[inverse]


METHODS = {
    "stratified": by_key,
    "random": by_key,
    "grouped": by_key,
    "ordered": in_file_order,
    "temporal": by_time,
    "held_out": by_value,
    "given": as_given,
}
STRATIFIED = {"stratified", "grouped", "held_out"}


def thinned(sets, units, share):
    """Return ``sets`` with only about this share of the training set, the others LEFT_OUT.

    Within each stratum the first units by their keys stay, at least one, so a smaller share's rows
    are among those of a larger share.
    """
    in_training = np.bincount(units.of_row[sets == 0], minlength=len(units.sizes))
    stays = np.zeros(len(units.sizes), dtype=bool)
    for stratum in np.unique(units.strata[in_training > 0]):
        members = np.flatnonzero((units.strata == stratum) & (in_training > 0))
        members = members[np.argsort(units.keys[members], kind="stable")]
        ends = np.concatenate([[0], np.cumsum(in_training[members])])
        stays[members[: max(_nearest(ends, float(_exact(share) * int(ends[-1]))), 1)]] = True
    return np.where((sets == 0) & ~stays[units.of_row], np.int8(LEFT_OUT), sets)


# ------------------------------------------------------------------------------------- shares


def boundaries(fractions):
    """Return the exact shares of all rows at which the training and validation sets end.

    A fraction means the decimal number as written: 0.29 of 100 is 29, although the nearest float
    times 100 is less. Without a test set, validation takes all that is left.
    """
    train, validation, test = (_exact(fractions[name]) for name in SETS)
    return train, train + validation if test else Fraction(1)


def _exact(share):
    """Return the decimal number that a float is written as, as a Fraction."""
    return Fraction(repr(float(share)))


def ordered_sets(rows, fractions):
    """Return the int8 sets of rows in file order: the first int(share * rows) are for training."""
    sets = np.full(rows, 2, dtype=np.int8)
    train_end, validation_end = (int(share * rows) for share in boundaries(fractions))
    sets[:validation_end] = 1
    sets[:train_end] = 0
    return sets


def grouped_sets(sizes, keys, strata, train_share, validation_share):
    """Return the (U,) int8 set of each unit.

    Within each stratum, units are taken in the order of their keys. A set ends at the end of the
    unit that is nearest to where the set should end, counted over all strata so far, so rounding
    does not add up over strata. At least one unit of each stratum is for training.

    Args:
        sizes, keys, strata: (U,) rows, order and stratum of each unit; zeros for no strata.
        train_share, validation_share: where these sets end, as ``boundaries`` returns them.
    """
    sets = np.full(len(sizes), 2, dtype=np.int8)
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


def check_sets(sets, labels, names, split, groups):
    """Refuse sets that no model can be trained or evaluated on; ``split`` is the config's section.

    ``groups`` (N,) are equal for tweets that must be in one set.

    Raises:
        UserError: training or validation is empty, or the test set although its fraction is
            positive; or training lacks a class.
    """
    sizes = np.bincount(sets[sets != LEFT_OUT], minlength=len(SETS))
    for name, size in zip(SETS, sizes, strict=True):
        fraction = split["fractions"][name]
        if not size and split["method"] == "given" and name != "test":
            raise UserError(
                f"split.method: given leaves no tweet for the {name} set, because no tweet has it "
                "in the column corpus.columns.set"
            )
        if not size and split["method"] != "given" and fraction > 0:
            raise UserError(
                f"split.fractions.{name}: {fraction:g} of {len(sets)} tweets{_together(groups)} "
                f"leaves no tweet for the {name} set; use a larger corpus or a larger fraction"
            )
    in_corpus = np.bincount(labels, minlength=len(names))
    in_train = np.bincount(labels[sets == 0], minlength=len(names))
    for name, total, trained in zip(names, in_corpus, in_train, strict=True):
        if not trained:
            raise UserError(
                f"split: the training set has no tweet of class {name!r}, of which the corpus has "
                f"{total}; use split.method: stratified, a larger split.fractions.train or "
                "split.train_share, a larger corpus, or leave the class out of corpus.labels"
            )


def _together(groups):
    """Return, for a message, how many tweets there are if those that stay together count once."""
    distinct = len(np.unique(groups))
    if distinct == len(groups):
        return ""
    return f" ({distinct} different ones: tweets with the same tokens stay in one set)"


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
