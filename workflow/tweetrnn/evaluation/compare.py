"""Compare: the primary analysis, fixed beforehand, and all that is exploratory beside it.

The output has numbers only; words are the report's. Without a test set the models are judged on
validation, which is marked as optimistic: the combinations were selected there.
"""

import logging
from itertools import combinations as pairs_of

import numpy as np
import pyarrow.compute as pc

from tweetrnn.errors import UserError
from tweetrnn.evaluation import exploratory, statistics
from tweetrnn.evaluation.comparison import Comparison, McNemar, to_json
from tweetrnn.evaluation.failures import failures
from tweetrnn.evaluation.metrics import scores
from tweetrnn.evaluation.predictions import by_set, of_split, read_predictions, right, tweet_sets
from tweetrnn.evaluation.primary import primary
from tweetrnn.evaluation.select import further_runs, mean_figures, read_selection
from tweetrnn.evaluation.tables import finished, read_runs
from tweetrnn.files import read_json, read_parquet, write_json
from tweetrnn.names import BASELINES
from tweetrnn.results import Results

log = logging.getLogger("tweetrnn")


def make_comparison(selection, replicates, runs, predictions_of, baselines, sets, classes, config):
    """Return the Comparison.

    Args:
        selection: the Selection.
        replicates: {cell: the Runs of its new replicates that did not diverge}, in order; of all
            cells, those that are baselines last.
        runs: the table of runs.
        predictions_of: a function of a Run that returns {set: (N, classes) probabilities}.
        baselines: {baseline: {set: (N, classes) probabilities}}.
        sets: {set: TweetSet}.
        classes: the classes' names by id.
        config: grid, seed, report (resamples, show_tweets).
    """
    judged = "test" if "test" in sets else "validation"
    tweets, validation = sets[judged], sets["validation"]
    cells, report = config["grid"]["cell"], config["report"]
    resampling = report["resamples"], config["seed"]
    choices, runs = selection.cells, runs[runs["cell"].isin(cells)]
    selected = {cell: predictions_of(selection.selected_run(cell))[judged] for cell in choices}
    new = {
        cell: {run.replicate: predictions_of(run) for run in its_runs}
        for cell, its_runs in replicates.items()
    }
    figures = exploratory.figure_table(mean_figures(runs, selection.select_by), config)
    effects, interactions = exploratory.factor_effects(figures, config)
    return Comparison(
        part=judged,
        optimistic=judged == "validation",
        tweets=len(tweets.labels),
        groups=len(np.unique(tweets.groups)),
        select_by=selection.select_by,
        selected=choices,
        selected_baselines=selection.baseline_cells,
        replicates=selection.replicates,
        resamples=report["resamples"],
        level=statistics.LEVEL,
        power=statistics.POWER,
        primary=primary(selection, new, baselines, sets, judged, *resampling),
        mcnemar=mcnemar({cell: right(p, tweets.labels) for cell, p in selected.items()}),
        factor_effects=effects,
        interactions=interactions,
        paired_cells=exploratory.paired_cells(figures),
        selection_optimism={
            cell: exploratory.optimism(
                finished(runs[runs["cell"] == cell]), predictions_of, validation, *resampling
            )
            for cell in choices
        },
        rankings=exploratory.ranking_agreement(runs, cells),
        failures={
            cell: failures(selected[cell], tweets, classes, choice, report["show_tweets"])
            for cell, choice in choices.items()
        },
        divergence=exploratory.divergence(runs, cells),
        reference=exploratory.compare_with_published(
            runs, scores(baselines["majority"]["validation"], validation.labels)
        ),
    )


def mcnemar(rights):
    """Return a McNemar of each two cells; ``rights`` has (N,) booleans by cell."""
    return [
        McNemar(first=one, second=other, **statistics.mcnemar(rights[one], rights[other]))
        for one, other in pairs_of(rights, 2)
    ]


def finished_replicates(results, cell, choice, replicates):
    """Return the Runs of a cell's new replicates, by number, that did not diverge.

    Raises:
        UserError: all of them diverged, or one is absent.
    """
    trained = [
        run
        for run in further_runs({cell: choice}, replicates)
        if read_json(results.run(run).parameters)["status"] == "finished"
    ]
    if not trained:
        raise UserError(
            f"{cell} {choice.combination}: all {len(replicates)} replicates diverged, so that "
            "there is nothing to compare; leave its learning rate out of grid.learning_rate, or "
            "choose by another report.select_by"
        )
    return trained


def read_baselines(path, metrics, sets):
    """Return {baseline: {set: (N, classes) probabilities}}.

    Args:
        path, metrics: ``baseline_predictions``, and the ``baseline_metrics`` written with them.
        sets: {set: TweetSet}.

    Raises:
        UserError: a file is absent or damaged, or of another split.
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
    """Compare the selected combinations, describe the grid, and write ``comparison``.

    Args:
        results: the folder with all results, of which the runs' predictions are read.
        config: grid, seed, report (resamples, show_tweets).

    Raises:
        UserError: a file is absent, damaged or of another split, or all replicates diverged.
    """
    results = Results(results)
    facts, selection = read_json(split_facts), read_selection(selected)
    sets = tweet_sets(read_parquet(rows, sha256=facts["sha256"]["rows"]).to_pandas())

    def predictions_of(run):
        files = results.run(run)
        return of_split(read_predictions(files), sets, files.predictions)

    result = make_comparison(
        selection,
        {
            cell: finished_replicates(results, cell, choice, selection.replicates)
            for cell, choice in selection.choices.items()
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
