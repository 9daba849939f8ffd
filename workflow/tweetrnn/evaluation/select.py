"""Select: the combination of each cell that is best on validation, without any test result.

With several replicates, a combination's figure is the mean over them. The selected combinations
are trained again as new replicates, numbered after the grid's, so that the seeds that were lucky on
the validation set are not used in the primary analysis.
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
    """What selected.json holds: each cell's Choice, and the numbers of the new replicates."""

    select_by: str
    replicates: list[int]
    cells: dict[str, Choice]

    def selected_run(self, cell):
        """Return a cell's selected Run, one of the grid's."""
        return Run(cell, self.cells[cell].combination, self.cells[cell].replicate)


def read_selection(path):
    """Return the Selection that ``select`` wrote; errors as for ``read_as``."""
    return read_as(Selection, path)


def further_runs(cells, replicates):
    """Return the Runs that repeat the selected combinations with other seeds.

    Args:
        cells: {cell: Choice}.
        replicates: the numbers of the new replicates.
    """
    return [
        Run(cell, choice.combination, replicate)
        for cell, choice in cells.items()
        for replicate in replicates
    ]


def best(figures, ranking):
    """Return the index of the best of a ranking's figures (a Series), the first on a tie."""
    return figures.idxmax() if higher_is_better(ranking) else figures.idxmin()


def mean_figures(runs, figure):
    """Return a combination's mean figure over its finished replicates, a Series.

    Args:
        runs: the table of runs.
        figure: one of its columns.

    Returns:
        The means by (cell, combination), sorted by these names.
    """
    groups = finished(runs).groupby(["cell", "combination"])[figure]
    return groups.agg(lambda values: sum(values.tolist()) / len(values))


def choose(runs, select_by, cells):
    """Return {cell: Choice}; ties go to the first name, and to the lowest replicate.

    Args:
        runs: the table of runs.
        select_by: one of ``names.RANKINGS``.
        cells: the cells in order; one without a finished run is left out.

    Raises:
        UserError: no run has finished.
    """
    means = mean_figures(runs, select_by)
    choices = {}
    for cell in cells:
        if cell not in means.index.get_level_values("cell"):
            log.warning("no finished run of cell %s: nothing to select", cell)
            continue
        candidates = means[cell]
        combination = best(candidates, select_by)
        selected = finished(runs).query("cell == @cell and combination == @combination")
        replicates = selected.set_index("replicate")[select_by].sort_index()
        choices[cell] = Choice(
            combination=combination,
            figure=float(candidates[combination]),
            replicate=int(best(replicates, select_by)),
            candidates=len(candidates),
        )
    if not choices:
        raise UserError("no run of the grid has finished, so there is none to select")
    return choices


def select(runs, aggregate_facts, selected, *, config):
    """Select each cell's best combination on validation.

    Args:
        runs, aggregate_facts: what aggregate wrote.
        selected: to write: the choices (JSON).
        config: grid.cell, report.select_by, training (replicates, selected_replicates).
    """
    select_by, training = config["report"]["select_by"], config["training"]
    choices = choose(read_runs(runs, aggregate_facts), select_by, config["grid"]["cell"])
    first = training["replicates"] + 1
    replicates = list(range(first, first + training["selected_replicates"]))
    write_json(selected, asdict(Selection(select_by, replicates, choices)))
    for cell, choice in choices.items():
        log.info("%s: %s, %s %.4f", cell, choice.combination, select_by, choice.figure)
