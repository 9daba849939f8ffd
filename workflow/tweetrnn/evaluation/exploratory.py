"""The exploratory analyses: they describe this grid and claim nothing beyond it."""

from dataclasses import replace
from itertools import combinations as pairs_of

import numpy as np

from tweetrnn.evaluation.comparison import (
    Agreement,
    Divergence,
    Effect,
    Frequency,
    Interaction,
    Optimism,
    PairedCells,
    Reference,
    ReferenceRow,
)
from tweetrnn.evaluation.predictions import right
from tweetrnn.evaluation.select import best, mean_figures
from tweetrnn.evaluation.statistics import describe, holm, rank_agreement, selection_optimism
from tweetrnn.evaluation.tables import finished, names
from tweetrnn.grid import FACTORS, Combination, combinations, full_size
from tweetrnn.names import RANKINGS, higher_is_better

# What the reference report published: its top three of each cell, best first, with their average
# validation accuracies. It does not say whether these are categorical accuracies of two classes or
# binary accuracies of three, so ours are given for both.
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
# The epoch after which, it says, training and validation curves diverge ("about").
PUBLISHED_DIVERGENCE = {"SimpleRNN": 2, "LSTM": 4}


def level_pairs(levels):
    """Return (low, high) pairs of a factor's levels, False before True."""
    return list(pairs_of(sorted(levels), 2))


def paired_differences(means, cell, config, factor, low, high):
    """Return {combination at the low level: figure at the high level - figure at the low}.

    Combinations that differ only in this factor make a pair. Pairs of which a figure is missing
    (a run diverged, or the grid is a sample) are left out.

    Args:
        means: {(cell, combination name): figure}.
        config: grid, and the seed of its sample.
    """
    differences = {}
    for combination in combinations(config):
        if getattr(combination, factor) != low:
            continue
        ends = [(cell, combination.name), (cell, replace(combination, **{factor: high}).name)]
        if all(end in means for end in ends):
            differences[combination.name] = means[ends[1]] - means[ends[0]]
    return differences


def with_holm(kind, rows):
    """Return dicts as dataclasses of this kind, with ``p_holm`` over them as one family."""
    adjusted = holm([row["p"] for row in rows])
    return [kind(**row, p_holm=p) for row, p in zip(rows, adjusted, strict=True)]


def factor_effects(means, config):
    """Return (Effects, Interactions): two families of paired differences in this grid.

    Args:
        means: {(cell, combination name): figure}.
        config: grid, and the seed of its sample.
    """
    grid = config["grid"]
    effects, interactions = [], []
    for factor in FACTORS:
        possible = full_size(grid) // len(grid[factor])
        for low, high in level_pairs(grid[factor]):
            head = {"factor": factor, "low": low, "high": high, "possible_pairs": possible}
            by_cell = {
                cell: paired_differences(means, cell, config, factor, low, high)
                for cell in grid["cell"]
            }
            effects += [
                {"cell": cell, **head, **describe(differences.values())}
                for cell, differences in by_cell.items()
            ]
            for first, second in pairs_of(by_cell, 2):
                one, other = by_cell[first], by_cell[second]
                both = [one[name] - other[name] for name in one if name in other]
                interactions.append({"first": first, "second": second, **head, **describe(both)})
    return with_holm(Effect, effects), with_holm(Interaction, interactions)


def paired_cells(means, config):
    """Return PairedCells of each two cells, over the combinations for which both have a figure."""
    rows = []
    for one, other in pairs_of(config["grid"]["cell"], 2):
        both = [
            combination.name
            for combination in combinations(config)
            if (one, combination.name) in means and (other, combination.name) in means
        ]
        differences = describe(means[one, name] - means[other, name] for name in both)
        rows.append(PairedCells(first=one, second=other, combinations=both, **differences))
    return rows


def optimism(runs, cells, predictions_of, tweets, resamples, seed):
    """Return {cell: Optimism} of the selection by best validation accuracy.

    Args:
        runs: the table of runs.
        cells: whose runs; one without a finished run is left out.
        predictions_of: a function of a Run that returns its validation probabilities.
        tweets: the validation set, a TweetSet.
        resamples, seed: of the bootstrap.
    """
    results = {}
    for cell in cells:
        table = finished(runs[runs["cell"] == cell]).sort_values(["combination", "replicate"])
        if table.empty:
            continue
        candidates = names(table)
        answers = np.stack([right(predictions_of(run), tweets.labels) for run in candidates])
        result = selection_optimism(answers, tweets.groups, resamples, seed)
        times = sorted(
            zip(result.pop("times_selected"), candidates, strict=True), key=lambda pair: -pair[0]
        )
        results[cell] = Optimism(
            **result,
            runs=len(candidates),
            selected_most_often=[
                Frequency(
                    combination=run.combination,
                    replicate=run.replicate,
                    share=count / result["resamples"],
                )
                for count, run in times[:5]
                if count
            ],
        )
    return results


def ranking_agreement(runs, cells):
    """Return {cell: Agreement of the RANKINGS of its runs}, and that of "all" runs."""
    ordered = finished(runs).sort_values(["combination", "cell", "replicate"])
    scopes = {cell: ordered[ordered["cell"] == cell] for cell in cells} | {"all": ordered}
    return {
        scope: Agreement(
            **rank_agreement(
                {
                    ranking: (table[ranking] * (1 if higher_is_better(ranking) else -1)).tolist()
                    for ranking in RANKINGS
                }
            ),
            winners={
                ranking: names(table.loc[[best(table[ranking], ranking)]])[0]
                for ranking in RANKINGS
            },
        )
        for scope, table in scopes.items()
        if len(table)
    }


def divergence(runs, cells):
    """Return {cell: Divergence} of its finished runs."""
    results = {}
    for cell in cells:
        table = finished(runs[runs["cell"] == cell])
        epochs = table["divergence_epoch"].dropna().tolist()
        results[cell] = Divergence(
            median=float(np.median(epochs)) if epochs else None,
            min=min(epochs, default=None),
            max=max(epochs, default=None),
            runs=len(table),
            runs_that_part=len(epochs),
            published=PUBLISHED_DIVERGENCE.get(cell),
        )
    return results


def compare_with_published(runs, majority):
    """Return the Reference: the published rows with our figures for the same combinations.

    Args:
        runs: the table of runs; figures are averaged over replicates.
        majority: the majority baseline's validation scores.
    """
    ours = {ranking: mean_figures(runs, ranking).to_dict() for ranking in RANKINGS}
    return Reference(
        majority=majority,
        rows=[
            ReferenceRow(
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
