"""The grid: its combinations, their names, and the seed of each run."""

import hashlib
import itertools
import math
import re
from dataclasses import astuple, dataclass

from tweetrnn.errors import UserError

FACTORS = ("recurrent_layers", "dense_layers", "dropout", "regularization", "learning_rate")

_NAME = re.compile(r"rnn(\d+)-dense(\d+)-dropout([01])-reg([01])-lr(\d+(?:\.\d+)?e-?\d+)")


def scientific(number):
    """Return 0.00025 as ``2.5e-4``: the shortest text of this form that reads back exactly."""
    mantissa, exponent = next(
        text.split("e") for digits in range(17) if float(text := f"{number:.{digits}e}") == number
    )
    return f"{mantissa}e{int(exponent)}"


@dataclass(frozen=True)
class Combination:
    """One point of the grid. Its name depends on its own values alone."""

    recurrent_layers: int
    dense_layers: int
    dropout: bool
    regularization: bool
    learning_rate: float

    @property
    def name(self):
        """Such as ``rnn2-dense2-dropout0-reg1-lr1e-3``."""
        return (
            f"rnn{self.recurrent_layers}-dense{self.dense_layers}-dropout{self.dropout:d}"
            f"-reg{self.regularization:d}-lr{scientific(self.learning_rate)}"
        )

    @property
    def reference_tuple(self):
        """As the reference report prints it: ``(2, 2, False, True, 0.001)``."""
        return astuple(self)

    @classmethod
    def parse(cls, name):
        """Return the combination of that name.

        Raises:
            UserError: it is not the name of a combination.
        """
        match = _NAME.fullmatch(name)
        if not match:
            raise UserError(
                f"{name!r} is not a combination; expected a name such as "
                "rnn2-dense2-dropout0-reg1-lr1e-3"
            )
        recurrent, dense, dropout, regularization, rate = match.groups()
        return cls(int(recurrent), int(dense), dropout == "1", regularization == "1", float(rate))


def full_size(grid):
    """Return how many combinations the full product has; ``grid`` is the config's section."""
    return math.prod(len(grid[factor]) for factor in FACTORS)


def size(grid):
    """Return how many combinations are trained: the full product, or the sample if smaller."""
    return min(grid["sample"] or full_size(grid), full_size(grid))


def is_sample(grid):
    """Return whether some combinations of the full product are left out on purpose."""
    return size(grid) < full_size(grid)


def combinations(config):
    """Return the grid's combinations in the reference's nesting order.

    ``config`` has the section grid, with lists under FACTORS and ``sample``, and ``seed``, which
    only a sample needs. A sample consists of the combinations whose names, hashed with the seed,
    have the smallest digests: it does not depend on the order of values, and a larger sample
    contains a smaller one.
    """
    grid = config["grid"]
    product = [Combination(*values) for values in itertools.product(*(grid[f] for f in FACTORS))]
    if not is_sample(grid):
        return product

    def digest(combination):
        text = f"{config['seed']}/sample/{combination.name}"
        return hashlib.sha256(text.encode()).digest()

    chosen = set(sorted(product, key=digest)[: size(grid)])
    return [combination for combination in product if combination in chosen]


@dataclass(frozen=True, order=True)
class Run:
    """One training: a cell, a combination's name and a replicate's number, from 1."""

    cell: str
    combination: str
    replicate: int

    def __str__(self):
        return f"{self.cell}/{self.combination}/{self.replicate}"

    @classmethod
    def parse(cls, text):
        """Return the Run that ``str`` of it describes: CELL/COMBINATION/REPLICATE."""
        cell, combination, replicate = text.split("/")
        return cls(cell, combination, int(replicate))

    def seed(self, seed):
        """Return the run's seed in [0, 2**63), from the config's seed and the run's own name."""
        digest = hashlib.sha256(f"{seed}/{self}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1


def cells(grid):
    """Return all cells that are trained: those to compare, then those that are baselines."""
    return [*grid["cell"], *grid["baseline_cells"]]


def baseline_combinations(config):
    """Return the combinations of baseline cells: those with the fewest recurrent layers.

    In a sampled grid they are as large a sample of these, so that a baseline has as many
    combinations to choose from as a cell, if there are as many.
    """
    grid = config["grid"]
    fewest = grid | {"recurrent_layers": [min(grid["recurrent_layers"])]}
    return combinations(config | {"grid": fewest})


def runs(config):
    """Yield the grid's Runs in order: by cell, combination and replicate, baseline cells last."""
    grid, replicates = config["grid"], range(1, config["training"]["replicates"] + 1)
    yield from _runs(grid["cell"], combinations(config), replicates)
    if grid["baseline_cells"]:
        yield from _runs(grid["baseline_cells"], baseline_combinations(config), replicates)


def _runs(cells, combinations, replicates):
    names = [combination.name for combination in combinations]
    return itertools.starmap(Run, itertools.product(cells, names, replicates))
