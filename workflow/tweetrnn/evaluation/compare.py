"""Compare: the primary analysis, and all that is exploratory beside it.

The output has numbers only; words are the report's. Without a test set the models are judged on
validation, which is marked as optimistic: the combinations were selected there.
"""

import logging

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tweetrnn.data.details import SLICE
from tweetrnn.errors import UserError
from tweetrnn.evaluation import exploratory, statistics
from tweetrnn.evaluation.ceiling import ceiling
from tweetrnn.evaluation.comparison import Comparison, Trained, to_json
from tweetrnn.evaluation.disagreements import disagreements
from tweetrnn.evaluation.divergence import divergence, paired_divergence
from tweetrnn.evaluation.ensembles import ensembles
from tweetrnn.evaluation.failures import failures
from tweetrnn.evaluation.mcnemar import mcnemar
from tweetrnn.evaluation.metrics import scores
from tweetrnn.evaluation.predictions import (
    by_set,
    of_split,
    read_predictions,
    rights,
    tweet_sets,
)
from tweetrnn.evaluation.primary import primary
from tweetrnn.evaluation.select import further_runs, read_selection
from tweetrnn.evaluation.slices import properties, slice_differences, slices
from tweetrnn.evaluation.tables import finished, mean_figures, read_runs
from tweetrnn.evaluation.tuning_budget import tuning_budget
from tweetrnn.files import open_parquet, read_json, read_parquet, write_json
from tweetrnn.names import BASELINES
from tweetrnn.results import Results
from tweetrnn.run_files import read_parameters

log = logging.getLogger("tweetrnn")


def make_comparison(
    selection,
    replicates,
    runs,
    parameters_of,
    predictions_of,
    baselines,
    sets,
    corpus,
    classes,
    config,
):
    """Return the Comparison.

    Args:
        selection: the Selection.
        replicates: {cell: the Runs of its new replicates that did not diverge}, in order; of all
            cells, those that are baselines last.
        runs: the table of runs.
        parameters_of: a function of a Run that returns its parameters.json.
        predictions_of: a function of a Run that returns {set: (N, classes) probabilities}.
        baselines: {baseline: {set: (N, classes) probabilities}}.
        sets: {set: TweetSet}.
        corpus: the pyarrow Table of all tweets, as ``read_corpus`` returns it.
        classes: the classes' names by id.
        config: grid, seed, report (resamples, show_tweets).
    """
    judged = "test" if "test" in sets else "validation"
    tweets, validation = sets[judged], sets["validation"]
    cells, report = config["grid"]["cell"], config["report"]
    resampling = report["resamples"], config["seed"]
    choices = {cell: selection.cells[cell] for cell in replicates if cell in selection.cells}
    runs = runs[runs["cell"].isin(cells)]
    new = {
        cell: {run.replicate: predictions_of(run) for run in its_runs}
        for cell, its_runs in replicates.items()
    }
    judged_new = {  # (replicates, N, classes)
        cell: np.stack([by_set[judged] for by_set in new[cell].values()]) for cell in choices
    }
    models = new | {name: {1: p} for name, p in baselines.items()}
    right = rights(models, judged, tweets.labels)
    found = properties(corpus.take(pa.array(tweets.corpus_rows)))
    means = mean_figures(runs, selection.select_by)
    figures = exploratory.figure_table(means, config)
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
        primary=primary(selection, new, baselines, sets, judged, classes),
        trained={cell: trained(its, parameters_of) for cell, its in replicates.items()},
        mcnemar=mcnemar(judged_new, tweets.labels),
        ensembles=ensembles(judged_new, tweets),
        factor_effects=effects,
        interactions=interactions,
        paired_cells=exploratory.paired_cells(figures),
        selection_optimism={
            cell: exploratory.optimism(
                finished(runs[runs["cell"] == cell]), predictions_of, validation, *resampling
            )
            for cell in choices
        },
        tuning_budget=tuning_budget(means, choices),
        rankings=exploratory.ranking_agreement(runs, cells),
        failures={
            cell: failures(probabilities, tweets, classes, report["show_tweets"])
            for cell, probabilities in judged_new.items()
        },
        slices=slices(right, tweets.groups, found),
        slice_differences=slice_differences(
            {cell: right[cell] for cell in choices}, tweets.groups, found
        ),
        disagreements=disagreements(judged_new, tweets, classes, found, report["show_tweets"]),
        ceiling=ceiling(corpus, len(classes)),
        divergence=divergence(runs, config["grid"]),
        paired_divergence=paired_divergence(runs, config),
        reference=exploratory.compare_with_published(
            runs, scores(baselines["majority"]["validation"], validation.labels)
        ),
    )


def trained(runs, parameters_of):
    """Return the Trained of a cell's new replicates, which are Runs."""
    parameters = [parameters_of(run) for run in runs]
    return Trained(
        parameters=parameters[0]["parameters"],
        best_epochs=[each["best_epoch"] for each in parameters],
    )


def finished_replicates(results, cell, choice, replicates):
    """Return the Runs of a cell's new replicates, by number, that did not diverge.

    Raises:
        UserError: all of them diverged, or one is absent.
    """
    trained = [
        run
        for run in further_runs({cell: choice}, replicates)
        if read_parameters(results.run(run))["status"] == "finished"
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


def read_corpus(path, sha256):
    """Return the tweets' id, label, tokens and group and, where there are any, other properties.

    Raises:
        UserError: the file is absent, or damaged: ``sha256`` is what it was when written.
    """
    with open_parquet(path, sha256) as file:
        wanted = ("id", "label", "tokens", "group", "confidence")
        names = file.schema_arrow.names
        return file.read([name for name in names if name in wanted or name.startswith(SLICE)])


def compare(
    results,
    selected,
    runs,
    aggregate_facts,
    baseline_metrics,
    baseline_predictions,
    tweets,
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
    facts, runs = read_json(split_facts), read_runs(runs, aggregate_facts)
    selection = read_selection(selected, runs)
    sets = tweet_sets(read_parquet(rows, sha256=facts["sha256"]["rows"]).to_pandas())

    def parameters_of(run):
        return read_parameters(results.run(run))

    def predictions_of(run):
        files = results.run(run)
        return of_split(read_predictions(files), sets, files.predictions)

    result = make_comparison(
        selection,
        {
            cell: finished_replicates(results, cell, choice, selection.replicates)
            for cell, choice in selection.choices.items()
        },
        runs,
        parameters_of,
        predictions_of,
        read_baselines(baseline_predictions, baseline_metrics, sets),
        sets,
        read_corpus(tweets, facts["sha256"]["tweets"]),
        facts["labels"],
        config,
    )
    write_json(comparison, to_json(result))
    for pair in result.primary.pairs:
        interval = f"no interval: {pair.no_claim}"
        if pair.interval:
            interval = "95 % interval {:.4f} to {:.4f}".format(*pair.interval)
        log.info("%s - %s: %.4f, %s", pair.first, pair.second, pair.difference, interval)
