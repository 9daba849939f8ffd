"""The other splits of an experiment: what the config's section ``robustness`` asks for.

Each has its own results below ``results/NAME/splits``, laid out as those of the experiment itself.
Its config is the experiment's with another section ``split`` and perhaps another seed.
"""

import hashlib
import re
from dataclasses import dataclass

from tweetrnn.grid import Run

SIZE, RESELECT = "training size", "reselect"  # kinds of other splits, beside the split methods
REPEATABLE = ("stratified", "random", "grouped")  # methods whose splits differ by the seed
RANDOM_METHODS = ("stratified", "random")  # differ from one another by their seed alone


@dataclass(frozen=True)
class OtherSplit:
    """Another split.

    ``kind`` is a split method, SIZE or RESELECT. ``value`` is the held-out value or the share of
    the training set, None for other kinds. ``config`` is the whole config of its stages.
    """

    name: str
    kind: str
    value: str | float | None
    config: dict

    @property
    def label(self):
        """What tables call it: its name, without the digest of a held-out value."""
        return self.name if self.kind != "held_out" else f"held_out: {self.value}"

    @property
    def reselects(self):
        """Whether the whole experiment is repeated on it: the grid, and the selection."""
        return self.kind == RESELECT


def other_splits(config):
    """Return {name: OtherSplit} of a resolved config, in its order; equal entries are one."""
    robustness, found = config["robustness"], []
    for entry in robustness["splits"]:
        for seed in entry["seeds"] or [config["seed"]]:
            for value in entry["values"] or [None]:
                found.append(_by_method(config, entry, seed, value))
    found += [
        _other(config, f"size-{share}", SIZE, share, {"train_share": share})
        for share in robustness["training_sizes"]
    ]
    found += [
        _other(config, f"reselect-{k}", RESELECT, None, {}, seed_of_repetition(config["seed"], k))
        for k in range(1, robustness["reselect"] + 1)
    ]
    return {split.name: split for split in found}


def _by_method(config, entry, seed, value):
    method, split = entry["method"], {"method": entry["method"]}
    if value is not None:
        split |= {"slice": entry["slice"], "value": value}
    parts = [method, *([file_name(value)] if value is not None else [])]
    parts += [str(seed)] if entry["seeds"] else []
    return _other(config, "-".join(parts), method, value, split, seed)


def _other(config, name, kind, value, split, seed=None):
    changed = {"split": config["split"] | split}
    if seed is not None:
        changed["seed"] = seed
    return OtherSplit(name, kind, value, config | changed)


def seed_of_repetition(seed, number):
    """Return the seed in [0, 2**32) of a repetition of an experiment that has this seed.

    A hash, so that it is none of the small numbers that people choose for other splits.
    """
    return int(hashlib.sha256(f"{seed}/reselect/{number}".encode()).hexdigest()[:8], 16)


def file_name(value):
    """Return a slice's value as part of a file's name; different values give different names."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", value).strip("_")[:40]
    if plain == value:
        return plain
    return f"{plain}_{hashlib.sha256(value.encode()).hexdigest()[:8]}"


def runs_on(split, combinations, config):
    """Return the Runs of the selected combinations on an OtherSplit that does not reselect.

    Args:
        combinations: {cell: the combination's name}. Cells that are baselines are trained on
            training sets of other sizes alone.
        config: grid.cell, training.replicates and robustness.
    """
    sizes = split.kind == SIZE
    count = config["robustness"]["size_replicates" if sizes else "replicates"]
    first = config["training"]["replicates"] + 1  # after those that took part in the selection
    return [
        Run(cell, combination, first + k)
        for cell, combination in combinations.items()
        if sizes or cell in config["grid"]["cell"]
        for k in range(count)
    ]
