"""Compare: the primary analysis, fixed beforehand, and all that is exploratory beside it.

The output holds numbers only; words are the report's. Without a test part the models are judged on
validation, which is marked as optimistic: the combinations were selected there.
"""

import logging
from dataclasses import dataclass
from itertools import combinations as pairs_of
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from tweetrnn import metrics
from tweetrnn.evaluation import exploratory
from tweetrnn.evaluation.failures import diagnose
from tweetrnn.evaluation.primary import finished_replicates, primary, right, with_scores
from tweetrnn.evaluation.select import mean_figures
from tweetrnn.evaluation.statistics import LEVEL, mcnemar
from tweetrnn.evaluation.stored_predictions import by_part
from tweetrnn.files import check_digest, damaged, read_json, read_parquet, write_json
from tweetrnn.results import Results

BASELINES = ("majority", "logistic_regression")

log = logging.getLogger("tweetrnn")


@dataclass
class Part:
    """The N tweets of a part, in its order: class ids, groups of duplicates, rows of the corpus."""

    labels: np.ndarray
    groups: np.ndarray
    corpus_rows: np.ndarray


def parts_of(rows):
    """Return {part: Part} of those of validation and test that the split's ``rows`` have."""
    part_of = rows["part"].to_numpy(zero_copy_only=False)
    columns = [rows[name].to_numpy() for name in ("label", "group", "row")]
    return {
        part: Part(*(column[part_of == part] for column in columns))
        for part in ("validation", "test")
        if (part_of == part).any()
    }


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


def compared(selected, runs, train_dir, baselines, rows, names, config):
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
    parts = parts_of(rows)
    labels = {part: own.labels for part, own in parts.items()}
    part = "test" if "test" in parts else "validation"
    judged = parts[part]

    def predictions(cell, combination, replicate, wanted=tuple(parts)):
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
            cell: np.stack([right(found[part], judged.labels) for found in own.values()])
            for cell, own in anew.items()
        },
        {name: right(found[part], judged.labels) for name, found in base.items()},
        judged.groups,
        report["resamples"],
        seed,
    )
    main_analysis = with_scores(
        main_analysis, anew, base, labels, choice, len(selected["replicates"])
    )
    means = mean_figures(runs, selected["select_by"])
    effects, interactions = exploratory.factor_effects(means, config)
    failures = {
        cell: {
            "combination": choice[cell],
            "replicate": selected["cells"][cell]["replicate"],
            "scores": metrics.scores(found[part], judged.labels),
            **diagnose(found[part], judged.labels, judged.groups, names, report["show_tweets"]),
        }
        for cell, found in chosen.items()
    }
    for own in failures.values():
        for mistake in own["confidently_wrong"]:
            mistake["corpus_row"] = int(judged.corpus_rows[mistake["row"]])
    return {
        "part": part,
        "optimistic": part == "validation",
        "tweets": len(judged.labels),
        "groups": len(np.unique(judged.groups)),
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
                **mcnemar(*(right(chosen[cell][part], judged.labels) for cell in (one, other))),
            }
            for one, other in pairs_of(cells, 2)
        ],
        "factor_effects": effects,
        "interactions": interactions,
        "paired_cells": exploratory.paired_cells(means, config),
        "selection_optimism": exploratory.optimism(
            runs,
            cells,
            lambda run: predictions(
                run["cell"], run["combination"], run["replicate"], ("validation",)
            )["validation"],
            labels["validation"],
            parts["validation"].groups,
            report["resamples"],
            seed,
        ),
        "rankings": exploratory.ranking_agreement(runs, config["grid"]["cell"]),
        "failures": failures,
        "divergence": exploratory.divergence(runs, config["grid"]["cell"]),
        "reference": exploratory.beside_published(
            runs, metrics.scores(base["majority"]["validation"], labels["validation"])
        ),
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
    """
    facts = read_json(split_facts)
    check_digest(rows, facts["sha256"]["rows"])
    check_digest(runs, read_json(aggregate_facts)["sha256"]["runs"])
    found = compared(
        read_json(selected),
        read_parquet(runs).to_pylist(),
        Results(results).trainings,
        baseline_predictions,
        read_parquet(rows),
        facts["labels"],
        config,
    )
    write_json(comparison, found)
    for pair in found["primary"]["pairs"]:
        log.info(
            "%s - %s: %.4f, 95 %% interval %.4f to %.4f",
            pair["first"],
            pair["second"],
            pair["difference"],
            *pair["interval"],
        )
