"""Divergence epochs, by cell and learning rate, and the cells paired by combination.

Both only describe this grid: the divergence epoch of a run is in ``aggregate.divergence_epoch``.
"""

from itertools import combinations as pairs_of

from tweetrnn.evaluation import comparison as c
from tweetrnn.evaluation import statistics
from tweetrnn.evaluation.exploratory import figure_table
from tweetrnn.evaluation.tables import finished
from tweetrnn.grid import Combination


def divergence(runs, grid):
    """Return the Divergences of each cell and learning rate that has finished runs.

    Args:
        runs: the table of runs.
        grid: the config's section.
    """
    rows = []
    for cell in grid["cell"]:
        for rate in sorted(grid["learning_rate"]):
            mine = finished(runs).query("cell == @cell and learning_rate == @rate")
            epochs = mine["divergence_epoch"].dropna()
            numbers = {
                name: of(epochs) if len(epochs) else None
                for name, of in (
                    ("median", lambda values: float(values.median())),
                    ("min", lambda values: int(values.min())),
                    ("max", lambda values: int(values.max())),
                )
            }
            if len(mine):
                rows.append(
                    c.Divergence(
                        cell=cell,
                        learning_rate=rate,
                        runs=len(mine),
                        runs_that_part=len(epochs),
                        **numbers,
                    )
                )
    return rows


def paired_divergence(runs, config):
    """Return the PairedDivergences of each two cells, by learning rate and over all (None).

    A combination's epoch is the mean over its replicates that have one. Combinations in which a
    cell has none have no difference, and are counted.

    Args:
        runs: the table of runs.
        config: grid, and the seed of its sample.
    """
    groups = finished(runs).groupby(["cell", "combination"])["divergence_epoch"]
    epochs = figure_table(groups.mean().astype("float64"), config)
    trained = figure_table(groups.size(), config).notna()
    rates = sorted(config["grid"]["learning_rate"])
    of_name = epochs.index.map(lambda name: Combination.parse(name).learning_rate)
    return [
        pair_of_cells(first, second, rate, epochs[chosen], trained[chosen])
        for first, second in pairs_of(epochs, 2)
        for rate in [*rates, None]
        if (chosen := (of_name == rate) | (rate is None)).any()
    ]


def pair_of_cells(first, second, rate, epochs, trained):
    """Return the PairedDivergence of two cells.

    Args:
        epochs: figure_table of divergence epochs, NaN where there is none.
        trained: the same of booleans, whether the cell has finished runs.
    """
    both = epochs[trained[first] & trained[second]]
    one, other = both[first].notna(), both[second].notna()
    return c.PairedDivergence(
        first=first,
        second=second,
        learning_rate=rate,
        only_first_parts=int((one & ~other).sum()),
        only_second_parts=int((other & ~one).sum()),
        neither_parts=int((~one & ~other).sum()),
        **statistics.describe((both[first] - both[second]).dropna()),
    )
