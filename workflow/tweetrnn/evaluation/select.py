"""Select: for each cell the combination with the best validation figure, fixed before any test.

With several replicates of each run a combination's figure is its mean over them. The selected
combinations are trained again as new replicates, numbered after the grid's: the seeds that
were lucky on the validation set take no part in the primary analysis.
"""

import logging
from dataclasses import asdict, dataclass

from tweetrnn.errors import UserError
from tweetrnn.evaluation.comparison import Choice, read_as
from tweetrnn.evaluation.tables import finished, read_runs
from tweetrnn.files import write_json
from tweetrnn.grid import Run
from tweetrnn.names import higher_is_better

log = logging.getLogger("tweetrnn")


@dataclass
class Selection:
    """What selected.json holds: each cell's Choice, and the numbers of the new replicates.

    Those of the cells that are compared are in ``cells``, those of baselines in ``baseline_cells``.
    """

    select_by: str
    replicates: list[int]
    cells: dict[str, Choice]
    baseline_cells: dict[str, Choice]

    @property
    def choices(self):
        """The Choices of all cells, the baselines' last."""
        return self.cells | self.baseline_cells

    def selected_run(self, cell):
        """Return a cell's selected Run, of the grid."""
        return Run(cell, self.choices[cell].combination, self.choices[cell].replicate)


def read_selection(path):
    """Return the Selection that ``select`` wrote; errors as for ``read_as``."""
    return read_as(Selection, path)


def further_runs(cells, replicates):
    """Return the Runs of the new replicates, by number, of what was selected, {cell: Choice}."""
    return [
        Run(cell, choice.combination, replicate)
        for cell, choice in cells.items()
        for replicate in replicates
    ]


def best(figures, ranking):
    """Return the label of the best of a Series of a ranking's figures, the first of equals."""
    return figures.idxmax() if higher_is_better(ranking) else figures.idxmin()


def mean_figures(runs, figure):
    """Return a column's means over finished replicates, a Series by (cell, combination), sorted."""
    groups = finished(runs).groupby(["cell", "combination"])[figure]
    return groups.agg(lambda values: sum(values.tolist()) / len(values))


def choose(runs, select_by, cells):
    """Return {cell: Choice} in the order of the cells, without those that have no finished run.

    Ties go to the first name, and to the lowest replicate.

    Args:
        runs: the table of runs.
        select_by: one of ``names.RANKINGS``.
    """
    means = mean_figures(runs, select_by)
    choices = {}
    for cell in cells:
        if cell not in means.index.get_level_values("cell"):
            log.warning("no finished run of cell %s: nothing to select", cell)
            continue
        candidates = means[cell]
        combination = best(candidates, select_by)
        mine = finished(runs).query("cell == @cell and combination == @combination")
        replicates = mine.set_index("replicate")[select_by].sort_index()
        choices[cell] = Choice(
            combination=combination,
            figure=float(candidates[combination]),
            replicate=int(best(replicates, select_by)),
            candidates=len(candidates),
        )
    return choices


def make_selection(runs, config):
    """Return the Selection from the table of runs.

    ``config``: grid (cell, baseline_cells), report.select_by, training (replicates,
    selected_replicates).

    Raises:
        UserError: no run of the cells to compare has finished.
    """
    select_by, training = config["report"]["select_by"], config["training"]
    compared, baselines = (
        choose(runs, select_by, config["grid"][key]) for key in ("cell", "baseline_cells")
    )
    if not compared:
        raise UserError("no run of the cells to compare has finished, so there is none to select")
    replicates = [training["replicates"] + 1 + k for k in range(training["selected_replicates"])]
    return Selection(select_by, replicates, compared, baselines)


def select(runs, aggregate_facts, selected, *, config):
    """Select each cell's best combination on validation, and write the Selection.

    ``config`` and errors as for ``make_selection``.
    """
    selection = make_selection(read_runs(runs, aggregate_facts), config)
    write_json(selected, asdict(selection))
    for cell, choice in selection.choices.items():
        log.info("%s: %s, %s %.4f", cell, choice.combination, selection.select_by, choice.figure)
