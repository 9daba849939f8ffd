"""Draw the figures, each as SVG (for pages) and PNG (for Markdown); the same data, the same bytes.

Colours are those of ``figures``: the report's page turns each into a CSS variable. Every
distinction made by a colour is made by a marker or a line style as well.
"""

import json
import logging
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tweetrnn.figures import (
    CELL_COLOURS,
    CELL_MARKERS,
    FACTORS,
    GRID,
    INK,
    METRICS,
    MUTED,
    PAPER,
    RANKINGS,
    curve_metric,
    figure_names,
    metric_of,
)
from tweetrnn.files import read_json, replacing

log = logging.getLogger("tweetrnn")

STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "font.size": 8.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "figure.facecolor": PAPER,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 4,
    "svg.fonttype": "none",  # text stays text: small, selectable, in the page's own fonts
    "svg.hashsalt": "tweetrnn",
    "path.simplify": True,
}
DIVERGES = "training and validation part"
MOST_COMBINATIONS = 48  # a figure with one line for each combination shows the best so many


class Look:
    """The colour and the marker of each cell, in the config's order."""

    def __init__(self, cells):
        self.colour = {c: CELL_COLOURS[n % len(CELL_COLOURS)] for n, c in enumerate(cells)}
        self._marker = {c: CELL_MARKERS[n % len(CELL_MARKERS)] for n, c in enumerate(cells)}
        self._hollow = {c: n % 2 == 1 for n, c in enumerate(cells)}

    def marker(self, cell):
        """Return keyword arguments for a line or marker of this cell."""
        return {
            "color": self.colour[cell],
            "marker": self._marker[cell],
            "markerfacecolor": PAPER if self._hollow[cell] else self.colour[cell],
            "markeredgecolor": self.colour[cell],
        }


def _canvas(width, height, rows=1, columns=1, **grid):
    """Return a figure of so many inches without pyplot's global state, and its axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, **grid)


def _note(axes, text):
    """Say in an empty figure why it is empty."""
    axes.text(0.5, 0.5, text, ha="center", va="center", color=MUTED, transform=axes.transAxes)
    axes.set_axis_off()


def _limits(values, pad=0.06):
    """Return axis limits around all finite values."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = values.min(), values.max()
    room = (high - low) * pad or 0.01
    return low - room, high + room


def top_runs(runs, cell, count):
    """Return the best ``count`` runs of a cell, in the order of their ranks."""
    return runs[runs["cell"] == cell].sort_values("rank").head(count)


def epochs_of(epochs, run):
    """Return the epochs of one run, in order."""
    same = (
        (epochs["cell"] == run["cell"])
        & (epochs["combination"] == run["combination"])
        & (epochs["replicate"] == run["replicate"])
    )
    return epochs[same].sort_values("epoch")


def curve(run, history, quantity, limits, look):
    """Draw one run's training and validation curve of ``loss`` or a metric."""
    figure, axes = _canvas(3.3, 2.2)
    epoch = history["epoch"]
    axes.plot(
        epoch, history[f"train_{quantity}"], color=MUTED, linestyle=(0, (4, 2)), label="training"
    )
    style = look.marker(run["cell"]) | {"markersize": 4 if len(history) <= 30 else 0}
    axes.plot(epoch, history[f"validation_{quantity}"], label="validation", **style)
    axes.set_ylim(*limits)
    axes.set_xlabel("epoch")
    axes.set_ylabel(METRICS.get(quantity, quantity))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    divergence = run["divergence_epoch"]
    if pd.notna(divergence):
        axes.axvline(divergence, color=INK, linestyle=":", linewidth=1.2)
        axes.annotate(
            f"part at {divergence:.0f}",
            (divergence, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, -2),
            textcoords="offset points",
            va="top",
            fontsize=7.5,
        )
    figure.legend(loc="outside upper left", ncols=2, fontsize=8)
    return figure


def _curves(runs, epochs, config, look):
    """Yield (name, figure) for all curves; all of one quantity share one scale."""
    metric = curve_metric(config["report"]["rank_by"])
    names = [name for name in figure_names(config) if name.startswith("curves-")]
    chosen = {}
    for name in names:
        cell, place = name.split("-")[1:3]
        best = top_runs(runs, cell, int(place))
        if len(best) == int(place):
            run = best.iloc[-1]
            chosen[cell, place] = run, epochs_of(epochs, run)
    limits = {
        quantity: _limits(
            [
                value
                for _, history in chosen.values()
                for part in ("train", "validation")
                for value in history[f"{part}_{quantity}"]
            ]
        )
        for quantity in ("loss", metric)
    }
    for name in names:
        cell, place, quantity = name.split("-")[1:]
        quantity = metric if quantity == "accuracy" else quantity
        if (cell, place) in chosen:
            run, history = chosen[cell, place]
            yield name, curve(run, history, quantity, limits[quantity], look)
        else:
            figure, axes = _canvas(3.3, 2.2)
            _note(axes, f"there is no run {place} of {cell}")
            yield name, figure


def baseline_values(baselines, ranking):
    """Return {name: value} of the baselines on the validation part, in a ranking's metric."""
    metric = metric_of(ranking)
    return {
        name: baselines[key]["validation"][metric]
        for name, key in (("majority class", "majority"), ("logistic regression",) * 2)
        for key in (key.replace(" ", "_"),)
    }


def _draw_baselines(axes, values, vertical=False):
    """Draw each baseline as a line over the whole axes, with its name."""
    styles = {"majority class": (0, (1, 1.5)), "logistic regression": (0, (6, 2))}
    for name, value in values.items():
        draw = axes.axvline if vertical else axes.axhline
        draw(value, color=INK, linewidth=1.1, linestyle=styles[name], label=f"{name} {value:.3f}")


def lengths(offsets):
    """Draw how many tweets have how many tokens; ``offsets`` is (tweets + 1,)."""
    counts = np.diff(offsets)
    figure, axes = _canvas(6.6, 2.2)
    if not len(counts):
        _note(axes, "there are no tweets")
        return figure
    longest = int(np.ceil(np.quantile(counts, 0.999)))
    step = max(1, int(np.ceil((longest + 1) / 80)))
    edges = np.arange(0, longest + step + 1, step) - 0.5
    shown = np.minimum(counts, longest)
    axes.hist(shown, bins=edges, color=CELL_COLOURS[0], edgecolor=PAPER, linewidth=0.6)
    for quantile, style in ((0.5, "-"), (0.95, (0, (4, 2)))):
        value = np.quantile(counts, quantile)
        name = "median" if quantile == 0.5 else f"{quantile:.0%} within"
        axes.axvline(value, color=INK, linewidth=1.2, linestyle=style, label=f"{name} {value:g}")
    axes.set_xlabel(
        "tokens in a tweet" + (f" ({longest} or more together)" * (counts.max() > longest))
    )
    axes.set_ylabel("tweets")
    axes.grid(axis="x", visible=False)
    figure.legend(loc="outside upper left", ncols=2)
    return figure


def level_text(factor, value):
    """Return a factor's value as figures and tables show it."""
    if factor == "learning_rate":
        mantissa, exponent = f"{value:e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    if factor in ("dropout", "regularization"):
        return "yes" if value else "no"
    return f"{value}"


def ranking(runs, baselines, config, look):
    """Draw every run in the order of its rank, and beneath it the choices that it is made of."""
    by = config["report"]["rank_by"]
    runs = runs.sort_values("rank")
    factors = [factor for factor in FACTORS if runs[factor].nunique() > 1]
    rows = [
        (factor, level) for factor in factors for level in sorted(runs[factor].unique(), key=float)
    ]
    cells = [cell for cell in look.colour if cell in set(runs["cell"])]
    height = 0.17 * (len(rows) + len(cells)) + 0.2
    figure, (above, below) = _canvas(
        7.4, 3.0 + height, 2, 1, sharex=True, height_ratios=[3.0, height]
    )
    crowded = len(runs) > 300  # an SVG of very many markers is slow; a picture in it is not
    position = np.arange(1, len(runs) + 1)
    size = float(np.clip(260 / max(len(runs), 1), 1.2, 4.5))
    for cell in cells:
        mine = (runs["cell"] == cell).to_numpy()
        style = look.marker(cell) | {"linestyle": "none", "markersize": size}
        above.plot(position[mine], runs[by][mine], label=cell, rasterized=crowded, **style)
        below.plot(
            position[mine], np.full(mine.sum(), cells.index(cell)), rasterized=crowded, **style
        )
    _draw_baselines(above, baseline_values(baselines, by))
    above.set_ylabel(RANKINGS[by])
    figure.legend(loc="outside upper left", ncols=4)
    for row, (factor, level) in enumerate(rows, start=len(cells)):
        here = (runs[factor] == level).to_numpy()
        below.plot(
            position[here],
            np.full(here.sum(), row),
            linestyle="none",
            marker="|",
            color=INK,
            markersize=5,
            rasterized=crowded,
        )
    names = [*cells, *(f"{FACTORS[f]}: {level_text(f, level)}" for f, level in rows)]
    below.set_yticks(range(len(names)), names, fontsize=7.5)
    below.set_ylim(len(names) - 0.4, -0.6)
    below.set_xlabel("runs, best first")
    below.grid(axis="y", visible=False)
    group = len(cells)
    below.axhline(group - 0.5, color=GRID, linewidth=0.8)
    for factor in factors:
        group += runs[factor].nunique()
        below.axhline(group - 0.5, color=GRID, linewidth=0.8)
    return figure


def short_name(run):
    """Return a combination as a figure's label: ``2 rnn · 2 dense · dropout · L2 · 1e-3``."""
    parts = [f"{run['recurrent_layers']} rnn", f"{run['dense_layers']} dense"]
    parts += ["dropout"] * bool(run["dropout"]) + ["L2"] * bool(run["regularization"])
    return " · ".join([*parts, level_text("learning_rate", run["learning_rate"])])


def cells_side_by_side(runs, baselines, config, look):
    """Draw one line for each combination with every cell's figure on it (replicates averaged)."""
    by = config["report"]["rank_by"]
    table = runs.pivot_table(index="combination", columns="cell", values=by, aggfunc="mean")
    order = table.mean(axis=1).sort_values(ascending=False, kind="stable").index
    left_out = len(order) - MOST_COMBINATIONS
    order = order[:MOST_COMBINATIONS]
    names = runs.drop_duplicates("combination").set_index("combination")
    figure, axes = _canvas(7.4, 1.0 + 0.19 * max(len(order), 3))
    for row, combination in enumerate(order):
        values = table.loc[combination].dropna()
        axes.plot([values.min(), values.max()], [row, row], color=MUTED, linewidth=1.2)
    for cell in look.colour:
        if cell in table:
            values = table.loc[order, cell]
            style = look.marker(cell) | {"linestyle": "none", "markersize": 5}
            axes.plot(values, range(len(order)), label=cell, **style)
    _draw_baselines(axes, baseline_values(baselines, by), vertical=True)
    axes.set_yticks(range(len(order)), [short_name(names.loc[c]) for c in order], fontsize=7.5)
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.set_xlabel(
        RANKINGS[by] + (f" (the best {len(order)} combinations)" if left_out > 0 else "")
    )
    figure.legend(loc="outside upper left", ncols=4)
    return figure


def draw(runs, epochs, baselines, offsets, config):
    """Yield (name, matplotlib figure) for every name of ``figures.figure_names``.

    ``runs`` and ``epochs`` are aggregate's tables, ``offsets`` encode's array.
    """
    look = Look(config["grid"]["cell"])
    yield "lengths", lengths(offsets)
    yield from _curves(runs, epochs, config, look)
    yield "ranking", ranking(runs, baselines, config, look)
    yield "cells", cells_side_by_side(runs, baselines, config, look)


def save(figure, name, folder):
    """Write ``name.svg`` and ``name.png`` without dates, versions or program names."""
    with replacing(folder / f"{name}.svg") as beside:
        figure.savefig(beside, format="svg", metadata={"Date": None, "Creator": None})
    with replacing(folder / f"{name}.png") as beside:
        figure.savefig(beside, format="png", dpi=160, metadata={"Software": None})


def add_arguments(parser):
    """Add this stage's options."""
    parser.add_argument("--runs", required=True, metavar="PARQUET", help="aggregate's runs")
    parser.add_argument("--epochs", required=True, metavar="PARQUET", help="aggregate's epochs")
    parser.add_argument("--baselines", required=True, metavar="JSON", help="the baselines' metrics")
    parser.add_argument("--offsets", required=True, metavar="NPY", help="encode's offsets")
    parser.add_argument("--output-dir", required=True, metavar="DIR", type=Path)
    parser.add_argument("--config", required=True, metavar="JSON", type=json.loads)


def main(options):
    """Draw all figures into the output folder."""
    offsets = np.load(options.offsets, allow_pickle=False)
    data = pd.read_parquet(options.runs), pd.read_parquet(options.epochs)
    baselines = read_json(options.baselines)
    with matplotlib.rc_context(STYLE):
        for name, figure in draw(*data, baselines, offsets, options.config):
            save(figure, name, options.output_dir)
            log.info("drew %s", name)
