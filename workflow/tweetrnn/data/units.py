"""What goes to one set as a whole: tweets with the same tokens, or with the same users too.

Units are taken in the order of a hash keyed with the seed, so neither the order of the corpus's
rows nor anything else in them decides which set they go to.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True)
class Units:
    """What goes to one set as a whole."""

    of_row: np.ndarray  # (N,) the number of each row's unit
    sizes: np.ndarray  # (U,) rows
    keys: np.ndarray  # (U,) uint64: their order
    strata: np.ndarray  # (U,) the class whose shares are kept equal; zeros for none


def units_of(ids, labels, seed, classes):
    """Return the Units of rows with these ``ids`` (N,) uint64; ``classes`` None for no strata."""
    unique, of_row, sizes = np.unique(ids, return_inverse=True, return_counts=True)
    strata = np.zeros(len(unique), dtype=np.int64)
    if classes:
        strata = majority_labels(of_row, labels, len(unique), classes)
    return Units(of_row, sizes, group_keys(unique, seed), strata)


def joined_by_users(groups, users):
    """Return (N,) uint64: the same number for rows that groups and users connect, in any steps.

    It is the smallest of their groups' hashes. ``users`` are numbers, -1 for an unknown one, who
    connects nothing.
    """
    unique, group = np.unique(groups, return_inverse=True)
    known = np.flatnonzero(users >= 0)
    nodes = len(unique) + int(users.max(initial=-1)) + 1  # the groups, then the users
    edges = np.ones(len(known), dtype=bool), (group[known], len(unique) + users[known])
    _, component = connected_components(coo_array(edges, shape=(nodes, nodes)), directed=False)
    # The hashes ascend, so a component's first one is its smallest.
    _, first, of_group = np.unique(component[: len(unique)], return_index=True, return_inverse=True)
    return unique[first][of_group][group]


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


def majority_labels(inverse, labels, groups, classes):
    """Return each group's (or unit's) most frequent label; the lowest class id on ties.

    ``inverse`` (N,) is the number of each row's group; ``groups`` and ``classes`` are counts.
    """
    counts = np.bincount(inverse * classes + labels, minlength=groups * classes)
    return counts.reshape(groups, classes).argmax(axis=1)
