"""Whether the sets are made of the same: how the shares of a slice's values differ between them."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import chi2_contingency

FAR = 0.2  # a total variation distance that is large
COMMON, RARE = 0.1, 0.01  # a value's shares of two sets that differ much
CHANCE = 0.001  # the largest p of a difference that is more than chance


@dataclass(frozen=True)
class Contrast:
    """Two sets that differ clearly by a slice, and the value whose shares differ most."""

    slice: str
    value: str  # empty: tweets without one
    more: str  # the set with more of it, and the other
    less: str
    share_more: float
    share_less: float


def shares(counts):
    """Return {value: share} of {value: tweets}; no set is empty."""
    total = sum(counts.values())
    return {value: count / total for value, count in counts.items()}


def contrasts(parts):
    """Return the Contrasts of the split's sets (``parts`` in its facts), by slice.

    Validation and test set are compared with the training set, and if neither differs from it,
    with each other.
    """
    names = [name for name, facts in parts.items() if facts["tweets"]]
    found = []
    for slice_ in parts["train"]["slices"]:
        pairs = {
            (one, two): contrast(
                slice_, {name: parts[name]["slices"][slice_] for name in (one, two)}
            )
            for one, two in combinations(names, 2)
        }
        clear = {pair: difference for pair, difference in pairs.items() if difference}
        with_training = [difference for pair, difference in clear.items() if "train" in pair]
        found += with_training or clear.values()
    return found


def contrast(slice_, counts):
    """Return the Contrast of two sets, {name: {value: tweets}}; None if they do not differ clearly.

    They do if the total variation distance of their shares is above FAR, or a value is COMMON in
    one and RARE in the other, and a chi-squared test says that it is not chance.
    """
    one, two = counts
    table = np.array([list(counts[one].values()), list(counts[two].values())])
    values = [value for value, any_ in zip(counts[one], table.any(axis=0), strict=True) if any_]
    table = table[:, table.any(axis=0)]
    parts = table / table.sum(axis=1, keepdims=True)
    differences = parts[0] - parts[1]
    one_sided = (parts.max(axis=0) > COMMON) & (parts.min(axis=0) < RARE)
    if np.abs(differences).sum() / 2 <= FAR and not one_sided.any():
        return None
    if chi2_contingency(table).pvalue >= CHANCE:
        return None
    at = int(np.abs(differences).argmax())
    more, less = (one, two) if differences[at] > 0 else (two, one)
    low, high = sorted(parts[:, at].tolist())
    return Contrast(slice_, values[at], more, less, high, low)
