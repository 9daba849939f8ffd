"""What is exploratory beside the primary analysis: it describes this grid and claims no more."""

from dataclasses import replace
from itertools import combinations as pairs_of

import numpy as np
import pandas as pd

from tweetrnn.evaluation import comparison as c
from tweetrnn.evaluation import statistics
from tweetrnn.evaluation.predictions import right
from tweetrnn.evaluation.select import best
from tweetrnn.evaluation.tables import finished, mean_figures, names
from tweetrnn.grid import FACTORS, Combination, combinations, full_size
from tweetrnn.names import RANKINGS, higher_is_better

# What the reference report published: its top three of each cell, best first, with their average
# validation accuracies. Whether these are categorical accuracies of two classes or binary
# accuracies of three it does not say, so ours are given for both.
PUBLISHED = {
    "SimpleRNN": [
        (Combination(2, 2, False, True, 1e-3), 0.876),
        (Combination(2, 3, False, False, 1e-3), 0.862),
        (Combination(1, 2, True, True, 1e-3), 0.857),
    ],
    "LSTM": [
        (Combination(2, 2, False, False, 1e-3), 0.876),
        (Combination(2, 2, False, True, 1e-3), 0.869),
        (Combination(1, 2, False, True, 1e-3), 0.868),
    ],
}


def figure_table(means, config):
    """Return a DataFrame of figures: a row for each of the grid's combinations, a column by cell.

    A figure is NaN where all runs diverged.

    Args:
        means: the figures by (cell, combination name), a Series.
        config: grid, and the seed of its sample.
    """
    rows = [combination.name for combination in combinations(config)]
    return means.unstack(0).reindex(index=rows, columns=config["grid"]["cell"])


def paired_differences(figures, factor, low, high):
    """Return the table of figures at a factor's high level - those at its low level.

    Combinations that differ in this factor alone make a pair, which is named after the one at the
    low level. Its difference is NaN without both figures, as where runs diverged or the
    combinations are a sample.
    """
    at_low = {name: Combination.parse(name) for name in figures.index}
    at_high = {
        name: replace(combination, **{factor: high}).name
        for name, combination in at_low.items()
        if getattr(combination, factor) == low
    }
    return (
        figures.reindex(list(at_high.values())).set_axis(list(at_high)) - figures.loc[list(at_high)]
    )


def with_holm(rows):
    """Return rows that are one family, dicts, with ``p_holm``."""
    adjusted = statistics.holm([row["p"] for row in rows])
    return [row | {"p_holm": p} for row, p in zip(rows, adjusted, strict=True)]


def factor_effects(figures, config):
    """Return (Effects, Interactions): two families of paired differences in this grid.

    Args:
        figures: a figure_table.
        config: grid.
    """
    grid = config["grid"]
    effects, interactions = [], []
    for factor in FACTORS:
        possible = full_size(grid) // len(grid[factor])
        for low, high in pairs_of(sorted(grid[factor]), 2):
            head = {"factor": factor, "low": low, "high": high, "possible_pairs": possible}
            differences = paired_differences(figures, factor, low, high)
            for cell in differences:
                numbers = statistics.describe(differences[cell].dropna())
                effects.append({"cell": cell, **head, **numbers})
            for first, second in pairs_of(differences, 2):
                both = (differences[first] - differences[second]).dropna()
                numbers = statistics.describe(both)
                interactions.append({"first": first, "second": second, **head, **numbers})
    return (
        [c.Effect(**row) for row in with_holm(effects)],
        [c.Interaction(**row) for row in with_holm(interactions)],
    )


def paired_cells(figures):
    """Return PairedCells of each two cells, over all combinations that both have a figure of."""
    rows = []
    for first, second in pairs_of(figures, 2):
        both = (figures[first] - figures[second]).dropna()
        numbers = statistics.describe(both)
        rows.append(
            c.PairedCells(first=first, second=second, combinations=list(both.index), **numbers)
        )
    return rows


def optimism(runs, predictions_of, tweets, resamples, seed):
    """Return the Optimism of selecting a cell's best run by its best validation accuracy.

    Args:
        runs: the table of the cell's finished runs.
        predictions_of: a function of a Run that returns {set: (N, classes) probabilities}.
        tweets: the validation set, a TweetSet.
        resamples, seed: of the bootstrap.
    """
    candidates = names(runs.sort_values(["combination", "replicate"]))
    answers = [right(predictions_of(run)["validation"], tweets.labels) for run in candidates]
    result = statistics.selection_optimism(np.stack(answers), tweets.groups, resamples, seed)
    times = pd.Series(result.pop("times_selected"), candidates)
    most = times[times > 0].sort_values(ascending=False, kind="stable").head(5)
    return c.Optimism(
        **result,
        runs=len(candidates),
        selected_most_often=[
            c.Frequency(combination=run.combination, replicate=run.replicate, share=share)
            for run, share in (most / result["resamples"]).items()
        ],
    )


def ranking_agreement(runs, cells):
    """Return the Agreement of the RANKINGS for each cell and for "all" runs."""
    ordered = finished(runs).sort_values(["combination", "cell", "replicate"])
    scopes = {cell: ordered[ordered["cell"] == cell] for cell in cells} | {"all": ordered}
    signs = [1 if higher_is_better(ranking) else -1 for ranking in RANKINGS]
    return {
        scope: c.Agreement(
            **statistics.rank_agreement(table[list(RANKINGS)] * signs),
            winners={
                ranking: names(table.loc[[best(table[ranking], ranking)]])[0]
                for ranking in RANKINGS
            },
        )
        for scope, table in scopes.items()
        if len(table)
    }


def compare_with_published(runs, majority):
    """Return the Reference: published figures, and ours of the same combinations.

    ``runs`` is the table of runs, ``majority`` the majority baseline's validation scores.
    """
    ours = {ranking: mean_figures(runs, ranking).to_dict() for ranking in RANKINGS}
    return c.Reference(
        majority=majority,
        rows=[
            c.ReferenceRow(
                cell=cell,
                combination=combination.name,
                reference_tuple=str(combination.reference_tuple),
                published=figure,
                ours={
                    ranking: means.get((cell, combination.name)) for ranking, means in ours.items()
                },
            )
            for cell, rows in PUBLISHED.items()
            for combination, figure in rows
        ],
    )
