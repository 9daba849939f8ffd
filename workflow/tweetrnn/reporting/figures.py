"""Which figures there are, what each says in words, and the colours shared with the page."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from tweetrnn.grid import size
from tweetrnn.reporting.document import percent, share, signed, visible

# Every hue is drawn in this exact hexadecimal; the page replaces it by the CSS variable of the
# same name and so recolours the figures for a dark background. No two may be equal.
INK = "#1b1f24"
MUTED = "#59626d"
GRID = "#d9dde2"
PAPER = "#fffefd"
# Cells take these in the config's order: distinct in hue for the usual colour-vision deficiencies,
# and distinct without any colour by their markers.
CELL_COLOURS = ("#0b62a4", "#bd4f0c", "#0a7a5c", "#914a84", "#7a6a00", "#4a5fc1")
CELL_MARKERS = ("o", "s", "^", "D", "v", "P")
# Every second cell's marker is hollow.
COLOUR_VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--grid",
    PAPER: "--paper",
    **{colour: f"--cell-{n}" for n, colour in enumerate(CELL_COLOURS)},
}

# What a column of runs.parquet measures, in words for axes and headings.
RANKINGS = {
    "mean_accuracy": "mean validation accuracy",
    "best_accuracy": "best validation accuracy",
    "last_accuracy": "last validation accuracy",
    "best_macro_f1": "best validation macro-F1",
    "mean_binary_accuracy": "mean validation binary accuracy",
}
METRICS = {"accuracy": "accuracy", "binary_accuracy": "binary accuracy", "macro_f1": "macro-F1"}
FACTORS = {
    "recurrent_layers": "recurrent layers",
    "dense_layers": "hidden dense layers",
    "dropout": "dropout",
    "regularization": "L2 regularisation",
    "learning_rate": "learning rate",
}
BASELINES = {"majority": "majority class", "logistic_regression": "logistic regression"}


def metric_of(ranking):
    """Return the metric that a ranking column is made of: ``mean_accuracy`` -> ``accuracy``."""
    return ranking.split("_", 1)[1]


def curve_metric(ranking):
    """Return the metric that accuracy curves show: the binary one where runs are ranked by it."""
    return "binary_accuracy" if metric_of(ranking) == "binary_accuracy" else "accuracy"


def runs_in_full(config):
    """Return how many runs of each cell are shown in full: ``report.top``, or all if fewer."""
    runs = config["training"]["replicates"] * size(config["grid"])
    return min(config["report"]["top"], runs)


def figure_names(config):
    """Return the figures' file names without ending, in the report's order.

    ``config`` needs the sections grid, report and training; the names depend on nothing else, so
    that a workflow knows them before any run is done.
    """
    several = {
        "curves": [
            f"curves-{cell}-{place}-{quantity}"
            for cell in config["grid"]["cell"]
            for place in range(1, runs_in_full(config) + 1)
            for quantity in ("loss", "accuracy")
        ]
    }
    return [name for kind in FIGURES for name in several.get(kind, [kind])]


def level_text(factor, value):
    """Return a factor's value as figures and tables show it."""
    if factor == "learning_rate":
        mantissa, exponent = f"{value:e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    if factor in ("dropout", "regularization"):
        return "yes" if value else "no"
    return f"{value}"


def runs_of(runs, cell):
    """Return a cell's finished runs, best first; ``runs`` are dicts as aggregate lists them."""
    mine = [run for run in runs if run["cell"] == cell and run["status"] == "finished"]
    return sorted(mine, key=lambda run: run["rank"])


# ------------------------------------------------------------------------- alternative texts


def _span(interval):
    return "" if interval is None else f" ({share(interval[0])} to {share(interval[1])})"


def _signed_span(interval):
    return f" ({signed(interval[0])} to {signed(interval[1])})"


def _some(told, most=6):
    more = f"; and {len(told) - most} more" if len(told) > most else ""
    return "; ".join(told[:most]) + more


def _runs(count):
    return "1 run" if count == 1 else f"{count} runs"


def _primary(e):
    c = e.comparison
    accuracies = [
        f"{BASELINES.get(name, name)} {share(own['accuracy'])}{_span(own['interval'])}"
        for name, own in c["primary"]["accuracies"].items()
    ]
    pairs = [
        f"{pair['first']} less {pair['second']} {signed(pair['difference'])}"
        f"{_signed_span(pair['interval'])}"
        for pair in c["primary"]["pairs"]
    ]
    text = f"{c['part'].capitalize()} accuracies with {100 * c['level']:g} % intervals: "
    text += "; ".join(accuracies) + "."
    return text + (f" Differences: {_some(pairs)}." if pairs else "")


def _lengths(e):
    length = e.tokenized["length"]
    return (
        f"Histogram of tokens in a tweet: the median is {length['median']}, 95 % of the tweets "
        f"have at most {length['p95']}, the longest has {length['max']}."
    )


def _curves(e, cell, place, quantity):
    metric = curve_metric(e.config["report"]["rank_by"]) if quantity == "accuracy" else "loss"
    mine = runs_of(e.runs, cell)
    if len(mine) < int(place):
        return f"No curve: {cell} has no finished run {place}."
    run = mine[int(place) - 1]
    text = f"{METRICS.get(metric, metric).capitalize()} over the epochs, training and validation, "
    text += f"of {cell} {run['combination']}, {cell}'s number {place}"
    if metric in ("loss", "accuracy"):
        training, validation = (run[f"{part}_{metric}_at_last"] for part in ("train", "validation"))
        text += f"; at the last epoch {share(training)} and {share(validation)}"
    epoch = run["divergence_epoch"]
    parting = "do not part" if epoch is None else f"part at epoch {epoch}"
    return f"{text}. The curves {parting}."


def _ranking(e):
    by = e.config["report"]["rank_by"]
    done = sorted((r for r in e.runs if r["status"] == "finished"), key=lambda run: run["rank"])
    if not done:
        return "No run has finished."
    text = (
        f"{_runs(len(done))} by {RANKINGS[by]}, best first: from {share(done[0][by])} "
        f"({done[0]['cell']} {done[0]['combination']}) down to {share(done[-1][by])}"
    )
    for name, value in baseline_values(e.baselines, by).items():
        above = sum(run[by] > value for run in done)
        text += f"; {above} above the {BASELINES[name]}'s {share(value)}"
    return f"{text}. Beneath, the cell and the hyper-parameters of each."


def combination_figures(runs, by):
    """Return {combination: {cell: figure}}, replicates averaged, the best mean over cells first."""
    found = {}
    for run in runs:
        if run["status"] == "finished":
            found.setdefault(run["combination"], {}).setdefault(run["cell"], []).append(run[by])
    means = {
        name: {cell: sum(values) / len(values) for cell, values in own.items()}
        for name, own in found.items()
    }
    return dict(
        sorted(means.items(), key=lambda item: (-sum(item[1].values()) / len(item[1]), item[0]))
    )


def _cells(e):
    by = e.config["report"]["rank_by"]
    figures = combination_figures(e.runs, by)
    wins = dict.fromkeys(e.config["grid"]["cell"], 0)
    for own in figures.values():
        best = max(own.values())
        winners = [cell for cell, value in own.items() if value == best]
        if len(own) > 1 and len(winners) == 1:
            wins[winners[0]] += 1
    text = f"One line for each combination with the {RANKINGS[by]} of every cell."
    if len(wins) < 2:
        return text
    told = ", ".join(f"{cell} in {count}" for cell, count in wins.items())
    return f"{text} Of {len(figures)} the highest is {told}."


def effect_name(row):
    """Return what an effect compares: ``learning rate 1e-4 → 1e-3``."""
    levels = " → ".join(level_text(row["factor"], row[end]) for end in ("from", "to"))
    return f"{FACTORS[row['factor']]} {levels}"


def _effects(e):
    rows = [row for row in e.comparison["factor_effects"] if row["pairs"]]
    if not rows:
        return "No two finished combinations differ in one hyper-parameter alone."
    told = []
    for cell in e.config["grid"]["cell"]:
        mine = [row for row in rows if row["cell"] == cell]
        if mine:
            most = max(mine, key=lambda row: abs(row["mean"]))
            told.append(f"{effect_name(most)} ({cell}, mean {signed(most['mean'])})")
    return (
        f"Differences in {RANKINGS[e.comparison['select_by']]} between combinations that differ in "
        f"one hyper-parameter alone. The largest: {'; '.join(told)}."
    )


def _paired(e):
    rows = [row for row in e.comparison["paired_cells"] if row["pairs"]]
    if not rows:
        return "There are no two cells with a finished combination in common."
    told = [
        f"{row['first']} less {row['second']} from {signed(row['min'])} to {signed(row['max'])}, "
        f"mean {signed(row['mean'])}, above zero in {row['positive']} of {row['pairs']}"
        for row in rows
    ]
    by = RANKINGS[e.comparison["select_by"]]
    return f"Differences in {by}, combination by combination, sorted: {_some(told)}."


def _optimism(e):
    told = [
        f"{cell} {share(own['apparent'])} against {share(own['corrected'])}{_span(own['interval'])}"
        for cell, own in e.comparison["selection_optimism"].items()
    ]
    return (
        "Validation accuracy of the best run, and what is left of it on tweets that took no part "
        f"in its selection: {'; '.join(told)}."
    )


def _failures(e):
    told = [
        f"{cell}: "
        + ", ".join(f"{visible(name)} {percent(own['recall'])}" for name, own in classes.items())
        for cell, classes in ((c, f["per_class"]) for c, f in e.comparison["failures"].items())
    ]
    return f"Confusion matrices. Share of each class that is found: {'; '.join(told)}."


def _calibration(e):
    told = [
        f"{cell} has mean confidence {share(own['calibration']['mean_confidence'])}, accuracy "
        f"{share(own['scores']['accuracy'])}, expected calibration error "
        f"{share(own['calibration']['expected_calibration_error'])}"
        for cell, own in e.comparison["failures"].items()
    ]
    return f"Accuracy by confidence, with the tweets in each bin: {'; '.join(told)}."


def _cost(e):
    told = []
    for cell in e.config["grid"]["cell"]:
        mine = [run for run in e.runs if run["cell"] == cell]
        seconds = [run["seconds"] for run in mine if run["seconds"] is not None]
        memory = [run["max_rss_mb"] for run in mine if run["max_rss_mb"] is not None]
        if seconds:
            told.append(
                f"{cell} {_runs(len(seconds))}, median {median(seconds):,.1f} s"
                + (f", at most {max(memory):,.0f} MB" if memory else "")
            )
    asked = f" Asked for: {e.memory_mb:,} MB." if e.memory_mb else ""
    return f"Time and peak memory of each training: {'; '.join(told) or 'none is known'}.{asked}"


@dataclass(frozen=True)
class Kind:
    """A figure, or those whose names begin alike.

    Snakemake's own report lists it as ``title`` under ``category``, its caption being in
    workflow/captions. ``alt_text`` is a function of an experiment, and of each part of the figure's
    name after its first dash. ``compared`` says whether it needs the comparison.
    """

    category: str
    title: str
    alt_text: Callable
    compared: bool = False


FIGURES = {  # in the report's order
    "primary": Kind("Comparison", "The selected models", _primary, compared=True),
    "lengths": Kind("Data", "Tweet lengths", _lengths),
    "curves": Kind("Top runs", "Curves", _curves),
    "ranking": Kind("All runs", "All runs, ranked", _ranking),
    "cells": Kind("All runs", "The cells side by side", _cells),
    "effects": Kind("All runs", "What each hyper-parameter does", _effects, compared=True),
    "paired": Kind("Comparison", "Differences over all combinations", _paired, compared=True),
    "optimism": Kind("Comparison", "What selection flatters", _optimism, compared=True),
    "failures": Kind("Mistakes", "Confusion matrices", _failures, compared=True),
    "calibration": Kind("Mistakes", "Calibration", _calibration, compared=True),
    "cost": Kind("Cost", "Time and memory", _cost),
}
FROM_COMPARISON = tuple(name for name, kind in FIGURES.items() if kind.compared)
NOT_COMPARED = "The selected combinations' trainings are not all done, so there is no comparison."


def caption_of(name):
    """Return where Snakemake's own report puts a figure: its caption file, category and labels."""
    kind, *rest = name.split("-")
    labels = {"figure": FIGURES[kind].title}
    if kind == "curves":
        cell, place, quantity = rest
        labels = {"cell": cell, "place": place, "quantity": quantity}
    return {"caption": f"{kind}.rst", "category": FIGURES[kind].category, "labels": labels}


def alt_text(name, experiment):
    """Return a figure's alternative text: one or two sentences with the numbers that it shows.

    Args:
        name: one of ``figure_names``.
        experiment: an ``experiment.Experiment``, or whatever has its config, runs (dicts as
            aggregate lists them), baselines, comparison (both may be None), tokenized (for
            lengths) and memory_mb (for cost; may be None).
    """
    kind, *rest = name.split("-")
    if FIGURES[kind].compared and experiment.comparison is None:
        return NOT_COMPARED
    return FIGURES[kind].alt_text(experiment, *rest)


def baseline_values(baselines, ranking):
    """Return {baseline: its figure on the validation part} in a ranking's metric.

    ``baselines`` are the stage's metrics, or None: then there are none.
    """
    metric = metric_of(ranking)
    return {name: baselines[name]["validation"][metric] for name in BASELINES if baselines}
