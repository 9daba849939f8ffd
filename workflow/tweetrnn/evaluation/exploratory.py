"""What is exploratory beside the primary analysis: it describes this grid and claims no more."""

from dataclasses import replace
from itertools import combinations as pairs_of

import numpy as np

from tweetrnn.evaluation import published
from tweetrnn.evaluation.primary import right
from tweetrnn.evaluation.select import mean_figures
from tweetrnn.evaluation.statistics import describe, holm, rank_agreement, selection_optimism
from tweetrnn.grid import FACTORS, combinations, full_size

RANKINGS = (  # what report.rank_by and report.select_by offer
    "mean_accuracy",
    "best_accuracy",
    "last_accuracy",
    "best_macro_f1",
    "mean_binary_accuracy",
)


def level_pairs(levels):
    """Return (low, high) pairs of a factor's levels, False before True."""
    return list(pairs_of(sorted(levels), 2))


def paired_differences(means, cell, config, factor, low, high):
    """Return {combination at the low level: figure at the high level - figure at the low}.

    Combinations that differ in this factor alone make a pair; a pair without both figures, as
    there are where runs diverged or the combinations are a sample, is left out.

    Args:
        means: {(cell, combination name): figure}.
        config: grid, and the seed of its sample.
    """
    found = {}
    for combination in combinations(config):
        if getattr(combination, factor) != low:
            continue
        ends = [(cell, combination.name), (cell, replace(combination, **{factor: high}).name)]
        if all(end in means for end in ends):
            found[combination.name] = means[ends[1]] - means[ends[0]]
    return found


def with_holm(rows):
    """Add ``p_holm`` to rows that are one family."""
    for row, adjusted in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["p_holm"] = adjusted
    return rows


def factor_effects(means, config):
    """Return (effects, interactions): two families of paired differences in this grid.

    An effect is of a factor in a cell: figures at the higher level less those at the lower. An
    interaction is the first cell's effect less the second's, combination by combination. Each tells
    its ``pairs`` and how many the full grid has, ``possible_pairs``.

    Args:
        means: {(cell, combination name): figure}.
        config: grid, and the seed of its sample.
    """
    grid = config["grid"]
    effects, interactions = [], []
    for factor in FACTORS:
        possible = full_size(grid) // len(grid[factor])
        for low, high in level_pairs(grid[factor]):
            head = {"factor": factor, "from": low, "to": high, "possible_pairs": possible}
            own = {
                cell: paired_differences(means, cell, config, factor, low, high)
                for cell in grid["cell"]
            }
            effects += [{"cell": cell, **head, **describe(own[cell].values())} for cell in own]
            interactions += [
                {
                    "first": one,
                    "second": other,
                    **head,
                    **describe(
                        own[one][name] - own[other][name] for name in own[one] if name in own[other]
                    ),
                }
                for one, other in pairs_of(own, 2)
            ]
    return with_holm(effects), with_holm(interactions)


def paired_cells(means, config):
    """Return for each two cells their differences over all combinations, and Wilcoxon's test."""
    found = []
    for one, other in pairs_of(config["grid"]["cell"], 2):
        names = [
            combination.name
            for combination in combinations(config)
            if (one, combination.name) in means and (other, combination.name) in means
        ]
        own = describe(means[one, name] - means[other, name] for name in names)
        found.append({"first": one, "second": other, "combinations": names, **own})
    return found


def optimism(runs, cells, predictions_of, labels, groups, resamples, seed):
    """Return for each cell how much selection by best validation accuracy flatters.

    Args:
        runs: dicts as aggregate lists them.
        cells: whose runs.
        predictions_of: a run's validation probabilities, as a function of the run.
        labels, groups: (N,) of the validation part.
        resamples, seed: of the bootstrap.
    """
    found = {}
    for cell in cells:
        own = [run for run in runs if run["cell"] == cell and run["status"] == "finished"]
        own.sort(key=lambda run: (run["combination"], run["replicate"]))
        if not own:
            continue
        answers = np.stack([right(predictions_of(run), labels) for run in own])
        result = selection_optimism(answers, groups, resamples, seed)
        times = sorted(
            zip(result.pop("times_selected"), own, strict=True), key=lambda pair: -pair[0]
        )
        result["runs"] = len(own)
        result["selected_most_often"] = [
            {
                "combination": run["combination"],
                "replicate": run["replicate"],
                "share": count / result["resamples"],
            }
            for count, run in times[:5]
            if count
        ]
        found[cell] = result
    return found


def ranking_agreement(runs, cells):
    """Return for each cell and for all runs how far the ranking rules agree, and their winners."""
    finished = [run for run in runs if run["status"] == "finished"]
    found = {}
    for scope in (*cells, "all"):
        own = [run for run in finished if scope in ("all", run["cell"])]
        own.sort(key=lambda run: (run["combination"], run["cell"], run["replicate"]))
        if not own:
            continue
        found[scope] = rank_agreement({rule: [run[rule] for run in own] for rule in RANKINGS})
        found[scope]["winners"] = {
            rule: {
                name: max(own, key=lambda run: run[rule])[name]
                for name in ("cell", "combination", "replicate")
            }
            for rule in RANKINGS
        }
    return found


def divergence(runs, cells):
    """Return for each cell where the curves of its finished runs part."""
    found = {}
    for cell in cells:
        own = [run for run in runs if run["cell"] == cell and run["status"] == "finished"]
        epochs = [run["divergence_epoch"] for run in own if run["divergence_epoch"] is not None]
        found[cell] = {
            "median": float(np.median(epochs)) if epochs else None,
            "min": min(epochs, default=None),
            "max": max(epochs, default=None),
            "runs": len(own),
            "runs_that_part": len(epochs),
            "published": published.DIVERGENCE.get(cell),
        }
    return found


def beside_published(runs, majority):
    """Return the reference's table rows with our figures for the same combinations.

    Args:
        runs: dicts as aggregate lists them; figures are averaged over replicates.
        majority: the majority baseline's validation scores.
    """
    ours = {rule: mean_figures(runs, rule) for rule in RANKINGS}
    return {
        "majority": majority,
        "rows": [
            {
                "cell": cell,
                "combination": combination.name,
                "reference_tuple": str(combination.reference_tuple),
                "published": figure,
                "ours": {rule: ours[rule].get((cell, combination.name)) for rule in RANKINGS},
            }
            for cell, rows in published.ACCURACIES.items()
            for combination, figure in rows
        ],
    }
