"""Compare: the primary analysis, fixed beforehand, and all that is exploratory beside it.

Primary: each cell's selected combination, trained anew as replicates; the difference of their
mean test accuracies. Without a test part the same is done on validation and marked as optimistic:
the combinations were selected there. The output holds numbers only; words are the report's.
"""

import json
import logging
from dataclasses import replace
from itertools import combinations as pairs_of
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from tweetrnn import metrics
from tweetrnn.errors import UserError
from tweetrnn.evaluation import published
from tweetrnn.evaluation.failures import diagnose
from tweetrnn.evaluation.select import mean_figures
from tweetrnn.evaluation.statistics import (
    LEVEL,
    bootstrap_accuracies,
    describe,
    holm,
    interval,
    mcnemar,
    minimum_detectable_difference,
    rank_agreement,
    selection_optimism,
)
from tweetrnn.evaluation.stored_predictions import by_part
from tweetrnn.files import check_digest, damaged, read_json, read_parquet, write_json
from tweetrnn.grid import FACTORS, combinations, full_size

RANKINGS = (  # what report.rank_by and report.select_by offer
    "mean_accuracy",
    "best_accuracy",
    "last_accuracy",
    "best_macro_f1",
    "mean_binary_accuracy",
)
BASELINES = ("majority", "logistic_regression")

log = logging.getLogger("tweetrnn")


def read_predictions(path, parts, **only):
    """Return {part: (N, classes) float32 probabilities} from a predictions file.

    Args:
        path: a Parquet file with part, row, label, p0, p1, ...
        parts: {part: (N,) class ids} as the split has them.
        only: values that other columns must have, such as ``baseline="majority"``.

    Raises:
        UserError: the file is damaged or was made of another split.
    """
    table = read_parquet(path)
    for column, value in only.items():
        table = table.filter(pc.equal(table[column], value))
    found = {}
    for part, (probabilities, labels) in by_part(table, parts).items():
        if not np.array_equal(labels, parts[part]):
            raise damaged(path, f"its {part} labels are not those of the split")
        found[part] = probabilities
    return found


def finished_replicates(train_dir, cell, combination, replicates):
    """Return those of the replicates (numbers) that did not diverge.

    Raises:
        UserError: all of them diverged, or one is absent.
    """
    folder = Path(train_dir, cell, combination)
    finished = [
        replicate
        for replicate in replicates
        if read_json(folder / str(replicate) / "parameters.json")["status"] == "finished"
    ]
    if not finished:
        raise UserError(
            f"{cell} {combination}: all {len(replicates)} replicates diverged, so that there is "
            "nothing to compare; leave its learning rate out of grid.learning_rate, or choose by "
            "another report.select_by"
        )
    return finished


def right(probabilities, labels):
    """Return (N,) booleans: whether the most probable class is the label."""
    return probabilities.argmax(axis=1) == labels


def spread(values):
    """Return mean, sd (None for one value), min and max of a list."""
    return {
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "min": min(values),
        "max": max(values),
    }


def difference(samples, estimate, **parts):
    """Return a difference with its interval; ``samples`` are its resampled values.

    ``parts`` are the same with only tweets or only replicates resampled: their standard errors
    are told as well.
    """
    error = float(samples.std(ddof=1))
    low, high = interval(samples)
    found = {
        "difference": float(estimate),
        "interval": [low, high],
        "excludes_zero": bool(low > 0 or high < 0),
        "standard_error": error,
        "minimum_detectable_difference": minimum_detectable_difference(error),
    }
    for name, values in parts.items():
        found[f"standard_error_{name}"] = float(values.std(ddof=1))
    return found


def primary(rights, baseline_rights, groups, resamples, seed):
    """Return accuracies, pairwise differences and differences from the baselines, with intervals.

    Args:
        rights: {cell: (replicates, N) booleans}.
        baseline_rights: {baseline: (N,) booleans}.
        groups: (N,) group of duplicates of each tweet.
        resamples, seed: of the bootstrap.
    """
    everyone = {**rights, **{name: own[None] for name, own in baseline_rights.items()}}
    column = {name: number for number, name in enumerate(everyone)}
    arrays = list(everyone.values())
    accuracy = {name: float(own.mean()) for name, own in everyone.items()}
    draws = {
        "both": bootstrap_accuracies(arrays, groups, resamples, seed),
        "tweets": bootstrap_accuracies(arrays, groups, resamples, seed, replicates=False),
        "replicates": bootstrap_accuracies(arrays, groups, resamples, seed, tweets=False),
    }

    def compared(one, other):
        samples = {kind: own[:, column[one]] - own[:, column[other]] for kind, own in draws.items()}
        return difference(
            samples["both"],
            accuracy[one] - accuracy[other],
            tweets=samples["tweets"],
            replicates=samples["replicates"],
        )

    return {
        "accuracies": {
            name: {"accuracy": accuracy[name], "interval": interval(draws["both"][:, own])}
            for name, own in column.items()
        },
        "pairs": [
            {"first": one, "second": other, **compared(one, other)}
            for one, other in pairs_of(rights, 2)
        ],
        "against_baselines": [
            {"cell": cell, "baseline": baseline, **compared(cell, baseline)}
            for cell in rights
            for baseline in baseline_rights
        ],
    }


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


def compare(selected, runs, train_dir, baselines, rows, names, config):
    """Return everything that comparison.json holds.

    Args:
        selected: what select chose.
        runs: dicts as aggregate lists them, of the whole grid.
        train_dir: the folder with CELL/COMBINATION/REPLICATE/predictions.parquet.
        baselines: the baselines' predictions file.
        rows: the split's rows (pyarrow Table: part, label, group, row).
        names: the classes' names by id.
        config: grid, seed, report (resamples, show_tweets).

    Raises:
        UserError: a file is absent, damaged or of another split.
    """
    report, seed = config["report"], config["seed"]
    part_of = rows["part"].to_numpy(zero_copy_only=False)
    judged = {part: part_of == part for part in ("validation", "test") if (part_of == part).any()}
    labels = {part: rows["label"].to_numpy()[mine] for part, mine in judged.items()}
    groups = {part: rows["group"].to_numpy()[mine] for part, mine in judged.items()}
    corpus_rows = {part: rows["row"].to_numpy()[mine] for part, mine in judged.items()}
    part = "test" if "test" in judged else "validation"

    def predictions(cell, combination, replicate, wanted=tuple(judged)):
        path = Path(train_dir, cell, combination, str(replicate), "predictions.parquet")
        return read_predictions(path, {name: labels[name] for name in wanted})

    cells = [cell for cell in config["grid"]["cell"] if cell in selected["cells"]]
    choice = {cell: selected["cells"][cell]["combination"] for cell in cells}
    finished = {
        cell: finished_replicates(train_dir, cell, choice[cell], selected["replicates"])
        for cell in cells
    }
    anew = {
        cell: {number: predictions(cell, choice[cell], number) for number in finished[cell]}
        for cell in cells
    }
    chosen = {
        cell: predictions(cell, choice[cell], selected["cells"][cell]["replicate"])
        for cell in cells
    }
    base = {name: read_predictions(baselines, labels, baseline=name) for name in BASELINES}

    main_analysis = primary(
        {
            cell: np.stack([right(found[part], labels[part]) for found in own.values()])
            for cell, own in anew.items()
        },
        {name: right(found[part], labels[part]) for name, found in base.items()},
        groups[part],
        report["resamples"],
        seed,
    )
    for cell, own in anew.items():
        scores = [
            {
                "replicate": replicate,
                **{name: metrics.scores(found[name], labels[name]) for name in judged},
            }
            for replicate, found in own.items()
        ]
        main_analysis["accuracies"][cell] |= {
            "combination": choice[cell],
            "replicates": scores,
            "diverged_replicates": len(selected["replicates"]) - len(scores),
            "spread": {
                name: {
                    metric: spread([row[name][metric] for row in scores])
                    for metric in ("accuracy", "binary_accuracy", "macro_f1")
                }
                for name in judged
            },
        }
    for name, found in base.items():
        main_analysis["accuracies"][name]["scores"] = {
            judged_part: metrics.scores(found[judged_part], labels[judged_part])
            for judged_part in judged
        }

    means = mean_figures(runs, selected["select_by"])
    effects, interactions = factor_effects(means, config)
    failures = {
        cell: {
            "combination": choice[cell],
            "replicate": selected["cells"][cell]["replicate"],
            "scores": metrics.scores(found[part], labels[part]),
            **diagnose(found[part], labels[part], groups[part], names, report["show_tweets"]),
        }
        for cell, found in chosen.items()
    }
    for own in failures.values():
        for mistake in own["confidently_wrong"]:
            mistake["corpus_row"] = int(corpus_rows[part][mistake["row"]])
    return {
        "part": part,
        "optimistic": part == "validation",
        "tweets": len(labels[part]),
        "groups": len(np.unique(groups[part])),
        "select_by": selected["select_by"],
        "selected": {cell: selected["cells"][cell] for cell in cells},
        "replicates": selected["replicates"],
        "resamples": report["resamples"],
        "level": LEVEL,
        "power": 0.8,
        "primary": main_analysis,
        "mcnemar": [
            {
                "first": one,
                "second": other,
                **mcnemar(*(right(chosen[cell][part], labels[part]) for cell in (one, other))),
            }
            for one, other in pairs_of(cells, 2)
        ],
        "factor_effects": effects,
        "interactions": interactions,
        "paired_cells": paired_cells(means, config),
        "selection_optimism": optimism(
            runs,
            cells,
            lambda run: predictions(
                run["cell"], run["combination"], run["replicate"], ("validation",)
            )["validation"],
            labels["validation"],
            groups["validation"],
            report["resamples"],
            seed,
        ),
        "rankings": ranking_agreement(runs, config["grid"]["cell"]),
        "failures": failures,
        "divergence": divergence(runs, config["grid"]["cell"]),
        "reference": beside_published(
            runs, metrics.scores(base["majority"]["validation"], labels["validation"])
        ),
    }


def add_arguments(parser):
    """Add this stage's options."""
    parser.add_argument("--selected", required=True, metavar="FILE", help="what select chose")
    parser.add_argument("--runs", required=True, metavar="FILE", help="all runs (Parquet)")
    parser.add_argument(
        "--train-dir",
        required=True,
        metavar="DIR",
        help="the trainings' folder, CELL/COMBINATION/REPLICATE/ in it",
    )
    parser.add_argument(
        "--baselines", required=True, metavar="FILE", help="the baselines' predictions"
    )
    parser.add_argument("--rows", required=True, metavar="FILE", help="which tweet is where")
    parser.add_argument("--facts", required=True, metavar="FILE", help="the split's facts")
    parser.add_argument(
        "--comparison", required=True, metavar="FILE", help="to write: all figures (JSON)"
    )
    parser.add_argument(
        "--config",
        required=True,
        type=json.loads,
        help='{"grid": ..., "seed": ..., "report": {"resamples": ..., "show_tweets": ...}}',
    )


def main(options):
    """Run the stage."""
    facts = read_json(options.facts)
    check_digest(options.rows, facts["sha256"]["rows"])
    comparison = compare(
        read_json(options.selected),
        read_parquet(options.runs).to_pylist(),
        options.train_dir,
        options.baselines,
        read_parquet(options.rows),
        facts["labels"],
        options.config,
    )
    write_json(options.comparison, comparison)
    for pair in comparison["primary"]["pairs"]:
        log.info(
            "%s less %s: %.4f, 95 %% from %.4f to %.4f",
            pair["first"],
            pair["second"],
            pair["difference"],
            *pair["interval"],
        )
