"""Compare: the primary analysis, fixed beforehand, and the exploratory analyses.

The output has numbers only; the report puts them into words. Without a test set the models are
judged on validation, where the combinations were selected; the result is marked as optimistic.
"""

import logging
from itertools import combinations as pairs_of

import numpy as np
import pyarrow.compute as pc

from tweetrnn.errors import UserError
from tweetrnn.evaluation import exploratory
from tweetrnn.evaluation.comparison import Comparison, Failures, McNemar, to_json
from tweetrnn.evaluation.failures import calibration, confidently_wrong, per_class
from tweetrnn.evaluation.metrics import scores
from tweetrnn.evaluation.predictions import (
    by_set,
    of_split,
    read_predictions,
    right,
    tweet_sets,
)
from tweetrnn.evaluation.primary import primary
from tweetrnn.evaluation.select import further_runs, mean_figures, read_selection
from tweetrnn.evaluation.statistics import LEVEL, POWER, mcnemar
from tweetrnn.evaluation.tables import read_runs
from tweetrnn.files import read_json, read_parquet, write_json
from tweetrnn.metrics import confusion
from tweetrnn.names import BASELINES
from tweetrnn.results import Results

log = logging.getLogger("tweetrnn")


def make_comparison(selection, replicates, runs, predictions_of, baselines, sets, classes, config):
    """Return the Comparison.

    Args:
        selection: the Selection.
        replicates: {cell: the Runs of its new replicates that did not diverge}, in order.
        runs: the table of runs.
        predictions_of: a function of a Run that returns {set: (N, classes) probabilities}.
        baselines: {baseline: {set: (N, classes) probabilities}}.
        sets: {set: TweetSet}.
        classes: the classes' names by id.
        config: grid, seed, report (resamples, show_tweets).
    """
    grid, report, seed = config["grid"], config["report"], config["seed"]
    judged = "test" if "test" in sets else "validation"
    tweets = sets[judged]
    cells = list(replicates)
    selected = {cell: predictions_of(selection.selected_run(cell))[judged] for cell in cells}
    means = mean_figures(runs, selection.select_by).to_dict()
    effects, interactions = exploratory.factor_effects(means, config)
    return Comparison(
        part=judged,
        optimistic=judged == "validation",
        tweets=len(tweets.labels),
        groups=len(np.unique(tweets.groups)),
        select_by=selection.select_by,
        selected={cell: selection.cells[cell] for cell in cells},
        replicates=selection.replicates,
        resamples=report["resamples"],
        level=LEVEL,
        power=POWER,
        primary=primary(
            selection,
            {
                cell: {run.replicate: predictions_of(run) for run in cell_runs}
                for cell, cell_runs in replicates.items()
            },
            baselines,
            sets,
            judged,
            report["resamples"],
            seed,
        ),
        mcnemar=[
            McNemar(
                first=first,
                second=second,
                **mcnemar(*(right(selected[cell], tweets.labels) for cell in (first, second))),
            )
            for first, second in pairs_of(cells, 2)
        ],
        factor_effects=effects,
        interactions=interactions,
        paired_cells=exploratory.paired_cells(means, config),
        selection_optimism=exploratory.optimism(
            runs,
            cells,
            lambda run: predictions_of(run)["validation"],
            sets["validation"],
            report["resamples"],
            seed,
        ),
        rankings=exploratory.ranking_agreement(runs, grid["cell"]),
        failures={
            cell: Failures(
                combination=selection.cells[cell].combination,
                replicate=selection.cells[cell].replicate,
                scores=scores(probabilities, tweets.labels),
                confusion=confusion(probabilities, tweets.labels).tolist(),
                per_class=per_class(probabilities, tweets.labels, classes),
                calibration=calibration(probabilities, tweets.labels),
                confidently_wrong=confidently_wrong(
                    probabilities, tweets, classes, report["show_tweets"]
                ),
            )
            for cell, probabilities in selected.items()
        },
        divergence=exploratory.divergence(runs, grid["cell"]),
        reference=exploratory.compare_with_published(
            runs, scores(baselines["majority"]["validation"], sets["validation"].labels)
        ),
    )


def finished_replicates(results, cell, choice, replicates):
    """Return the Runs of a cell's new replicates that did not diverge.

    Args:
        results: the Results.
        choice: the cell's Choice.
        replicates: the numbers of the new replicates.

    Raises:
        UserError: all of them diverged, or one is missing.
    """
    finished = [
        run
        for run in further_runs({cell: choice}, replicates)
        if read_json(results.run(run).parameters)["status"] == "finished"
    ]
    if not finished:
        raise UserError(
            f"{cell} {choice.combination}: all {len(replicates)} replicates diverged, so there is "
            "nothing to compare; leave its learning rate out of grid.learning_rate, or "
            "choose by another report.select_by"
        )
    return finished


def read_baselines(path, metrics, sets):
    """Return {baseline: {set: (N, classes) probabilities}}.

    Args:
        path: ``baseline_predictions``.
        metrics: ``baseline_metrics``, which were written with them.
        sets: {set: TweetSet}.

    Raises:
        UserError: a file is absent or damaged, or of another split than the ``sets``.
    """
    table = read_parquet(path, sha256=read_json(metrics)["sha256"]["predictions"])
    return {
        name: of_split(by_set(table.filter(pc.equal(table["baseline"], name))), sets, path)
        for name in BASELINES
    }


def compare(
    results,
    selected,
    runs,
    aggregate_facts,
    baseline_metrics,
    baseline_predictions,
    rows,
    split_facts,
    comparison,
    *,
    config,
):
    """Compare the selected combinations, and describe the grid.

    Args:
        results: the folder with all results, of which the runs' predictions are read.
        selected: what select wrote.
        runs, aggregate_facts: what aggregate wrote.
        baseline_metrics, baseline_predictions: what baselines wrote.
        rows, split_facts: what split wrote.
        comparison: to write (JSON).
        config: grid, seed, report (resamples, show_tweets).

    Raises:
        UserError: a file is absent, damaged or of another split, or all replicates diverged.
    """
    results = Results(results)
    facts, selection = read_json(split_facts), read_selection(selected)
    sets = tweet_sets(read_parquet(rows, sha256=facts["sha256"]["rows"]).to_pandas())

    def predictions_of(run):
        paths = results.run(run)
        return of_split(read_predictions(paths), sets, paths.predictions)

    result = make_comparison(
        selection,
        {
            cell: finished_replicates(results, cell, selection.cells[cell], selection.replicates)
            for cell in config["grid"]["cell"]
            if cell in selection.cells
        },
        read_runs(runs, aggregate_facts),
        predictions_of,
        read_baselines(baseline_predictions, baseline_metrics, sets),
        sets,
        facts["labels"],
        config,
    )
    write_json(comparison, to_json(result))
    for pair in result.primary.pairs:
        log.info(
            "%s - %s: %.4f, 95 %% interval %.4f to %.4f",
            pair.first,
            pair.second,
            pair.difference,
            *pair.interval,
        )
