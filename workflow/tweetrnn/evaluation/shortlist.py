"""Shortlist: each cell's best combinations in the grid, which are trained again with other seeds.

The best of many combinations that were trained once is partly a lucky seed. So the best few are
trained again, and the one with the best mean over these runs is selected; the grid's own runs,
which put them on the list, do not count.
"""

from dataclasses import asdict, dataclass

from tweetrnn.evaluation.comparison import read_as
from tweetrnn.evaluation.tables import mean_figures, read_runs
from tweetrnn.files import write_json
from tweetrnn.grid import Run, cells
from tweetrnn.names import higher_is_better

# Beyond all that the config can ask of other replicates, so that more of those change nothing here.
FIRST_REPLICATE = 2001


@dataclass
class Shortlist:
    """What finalists.json holds: each cell's combinations, best first, and replicates' numbers."""

    replicates: list[int]
    cells: dict[str, list[str]]

    def runs(self, cell):
        """Return {combination: its Runs} of a cell."""
        return {
            combination: [Run(cell, combination, number) for number in self.replicates]
            for combination in self.cells.get(cell, [])
        }

    def all_runs(self):
        """Return the Runs of all cells."""
        return [run for cell in self.cells for runs in self.runs(cell).values() for run in runs]


def read_shortlist(path):
    """Return the Shortlist that ``shortlist`` wrote; errors as for ``read_as``."""
    return read_as(Shortlist, path)


def best_combinations(runs, select_by, cells, count):
    """Return {cell: its ``count`` best combinations, best first}; ties go by name.

    A cell with one finished combination has nothing to select from, and none.

    Args:
        runs: the table of runs.
        select_by: one of ``names.RANKINGS``.
    """
    means = mean_figures(runs, select_by)
    best = {}
    for cell in cells:
        figures = means[means.index.get_level_values("cell") == cell].droplevel("cell")
        order = figures.sort_values(ascending=not higher_is_better(select_by), kind="stable")
        best[cell] = list(order.index[:count]) if len(order) > 1 else []
    return best


def shortlist(runs, aggregate_facts, finalists, *, config):
    """List the combinations to train again, and write the list.

    ``config``: grid (cell, baseline_cells), report.select_by, training (finalists,
    finalist_replicates).
    """
    training, select_by = config["training"], config["report"]["select_by"]
    replicates = [FIRST_REPLICATE + k for k in range(training["finalist_replicates"])]
    count = training["finalists"] if replicates else 0
    table = read_runs(runs, aggregate_facts)
    listed = best_combinations(table, select_by, cells(config["grid"]), count)
    write_json(finalists, asdict(Shortlist(replicates, listed)))
