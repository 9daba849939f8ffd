"""Select: for each cell the combination with the best validation figure, fixed before any test.

A combination's figure is its mean over the runs that ``shortlist`` asked for or, without these,
over the grid's replicates. The selected combinations are trained again as new replicates, numbered
after the grid's: the seeds that were lucky on the validation set take no part in the primary
analysis.
"""

import logging
from dataclasses import asdict, dataclass

from tweetrnn.errors import UserError
from tweetrnn.evaluation.comparison import Choice, Finalist, read_as
from tweetrnn.evaluation.shortlist import read_shortlist
from tweetrnn.evaluation.tables import digest_of, finished, mean_figures, read_runs
from tweetrnn.files import damaged, write_json
from tweetrnn.grid import Run
from tweetrnn.names import higher_is_better
from tweetrnn.results import Results

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
    runs_sha256: str  # of the table of runs from which it was made, as ``digest_of``

    @property
    def choices(self):
        """The Choices of all cells, the baselines' last."""
        return self.cells | self.baseline_cells

    def combinations(self):
        """Return {cell: the selected combination's name}, the baselines' cells last."""
        return {cell: choice.combination for cell, choice in self.choices.items()}

    def selected_run(self, cell):
        """Return a cell's selected Run, of the grid."""
        return Run(cell, self.choices[cell].combination, self.choices[cell].replicate)


def read_selection(path, runs=None):
    """Return the Selection that ``select`` wrote.

    Raises:
        UserError: the file is absent, damaged, of another version, or was not made from the table
            ``runs``.
    """
    selection = read_as(Selection, path)
    if runs is not None and selection.runs_sha256 != digest_of(runs):
        raise damaged(path, "it was selected from other runs than those of this experiment")
    return selection


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


def choose(runs, select_by, cells, finalists=None):
    """Return {cell: Choice} in the order of the cells, without those that have no finished run.

    Ties go to the first name, and to the lowest replicate.

    Args:
        runs: the table of runs.
        select_by: one of ``names.RANKINGS``.
        finalists: {cell: {combination: figures of its runs with other seeds}}; nothing for a cell
            whose combination is selected by the grid's runs.
    """
    import pandas as pd  # not above: predictions read a selection without it

    means, finalists = mean_figures(runs, select_by), finalists or {}
    choices = {}
    for cell in cells:
        if cell not in means.index.get_level_values("cell"):
            log.warning("no finished run of cell %s: nothing to select", cell)
            continue
        candidates = means[cell]
        again = {name: figures for name, figures in finalists.get(cell, {}).items() if figures}
        figures = pd.Series({n: sum(f) / len(f) for n, f in again.items()}).sort_index()
        figures = figures if again else candidates
        combination = best(figures, select_by)
        mine = finished(runs).query("cell == @cell and combination == @combination")
        replicates = mine.set_index("replicate")[select_by].sort_index()
        choices[cell] = Choice(
            combination=combination,
            figure=float(figures[combination]),
            replicate=int(best(replicates, select_by)),
            candidates=len(candidates),
            finalists=[
                Finalist(combination=name, grid_figure=float(candidates[name]), figures=its_figures)
                for name, its_figures in finalists.get(cell, {}).items()
            ],
        )
    return choices


def figures_of(results, runs, figure):
    """Return a column of RUNS of those of these Runs that finished, a list."""
    from tweetrnn.evaluation.aggregate import read_run

    rows = [read_run(results.run(run))[0] for run in runs]
    return [row[figure] for row in rows if row["status"] == "finished"]


def make_selection(runs, config, finalists=None):
    """Return the Selection from the table of runs.

    Args:
        config: grid (cell, baseline_cells), report.select_by, training (replicates,
            selected_replicates).
        finalists: as for ``choose``.

    Raises:
        UserError: no run of the cells to compare has finished.
    """
    select_by, training = config["report"]["select_by"], config["training"]
    compared, baselines = (
        choose(runs, select_by, config["grid"][key], finalists)
        for key in ("cell", "baseline_cells")
    )
    if not compared:
        raise UserError("no run of the cells to compare has finished, so there is none to select")
    replicates = [training["replicates"] + 1 + k for k in range(training["selected_replicates"])]
    return Selection(select_by, replicates, compared, baselines, digest_of(runs))


def select(results, runs, aggregate_facts, finalists, selected, *, config):
    """Select each cell's best combination on validation, and write the Selection.

    ``results`` is the folder with all results, of which those of the finalists' runs are read.
    ``config`` and errors as for ``make_selection``.
    """
    results, listed = Results(results), read_shortlist(finalists)
    select_by = config["report"]["select_by"]
    again = {
        cell: {
            combination: figures_of(results, its_runs, select_by)
            for combination, its_runs in listed.runs(cell).items()
        }
        for cell in listed.cells
    }
    selection = make_selection(read_runs(runs, aggregate_facts), config, again)
    write_json(selected, asdict(selection))
    for cell, choice in selection.choices.items():
        log.info("%s: %s, %s %.4f", cell, choice.combination, selection.select_by, choice.figure)
