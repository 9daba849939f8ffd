"""Select: for each cell the combination with the best validation figure, fixed before any test.

With several replicates of each run a combination's figure is its mean over them. The selected
combinations are trained again as new replicates, numbered after the grid's own: the seed that
was lucky on the validation part takes no part in the primary analysis.
"""

import logging
from collections import defaultdict

from tweetrnn.errors import UserError
from tweetrnn.files import check_digest, read_json, read_parquet, write_json
from tweetrnn.grid import Run

log = logging.getLogger("tweetrnn")


def mean_figures(runs, figure):
    """Return {(cell, combination): mean of the figure over replicates}, finished runs alone.

    ``runs`` are dicts with cell, combination, status and the figure.
    """
    values = defaultdict(list)
    for run in runs:
        if run["status"] == "finished":
            values[run["cell"], run["combination"]].append(run[figure])
    return {name: sum(figures) / len(figures) for name, figures in values.items()}


def choose(runs, select_by, cells):
    """Return {cell: choice}: combination, figure, replicate, candidates.

    Ties go to the first name. ``replicate`` is the combination's best run (the lowest number on
    ties), ``candidates`` how many combinations there were to choose from.

    Args:
        runs: dicts as aggregate lists them.
        select_by: the name of a validation figure, the higher the better.
        cells: the cells in order; one without a finished run is left out.

    Raises:
        UserError: no run has finished.
    """
    means = mean_figures(runs, select_by)
    chosen = {}
    for cell in cells:
        candidates = sorted((-mean, name) for (own, name), mean in means.items() if own == cell)
        if not candidates:
            log.warning("no finished run of cell %s: nothing to select", cell)
            continue
        figure, combination = candidates[0]
        _, replicate = min(
            (-run[select_by], run["replicate"])
            for run in runs
            if (run["cell"], run["combination"], run["status"]) == (cell, combination, "finished")
        )
        chosen[cell] = {
            "combination": combination,
            "figure": -figure,
            "replicate": replicate,
            "candidates": len(candidates),
        }
    if not chosen:
        raise UserError("no run of the grid has finished, so that there is none to select")
    return chosen


def further_runs(cells, replicates):
    """Return the Runs that repeat what was selected.

    ``cells`` is {cell: choice} as ``choose`` returns it, ``replicates`` their new numbers.
    """
    return [
        Run(cell, choice["combination"], replicate)
        for cell, choice in cells.items()
        for replicate in replicates
    ]


def select(runs, aggregate_facts, selected, *, config):
    """Select each cell's best combination on validation.

    Args:
        runs, aggregate_facts: what aggregate wrote.
        selected: to write: the choices (JSON).
        config: grid.cell, report.select_by, training (replicates, selected_replicates).
    """
    select_by, training = config["report"]["select_by"], config["training"]
    check_digest(runs, read_json(aggregate_facts)["sha256"]["runs"])
    chosen = choose(read_parquet(runs).to_pylist(), select_by, config["grid"]["cell"])
    first = training["replicates"] + 1
    write_json(
        selected,
        {
            "select_by": select_by,
            "replicates": list(range(first, first + training["selected_replicates"])),
            "cells": chosen,
        },
    )
    for cell, choice in chosen.items():
        log.info("%s: %s, %s %.4f", cell, choice["combination"], select_by, choice["figure"])
