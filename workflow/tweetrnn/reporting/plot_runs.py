"""Figures of the corpus and of all runs, drawn from the tables of the stages before."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from tweetrnn.grid import Combination
from tweetrnn.reporting.canvas import (
    BASELINE_LINES,
    CROWDED,
    SMALL,
    WIDTH,
    canvas,
    legend,
    limits,
    note,
    spread_out,
    ticks,
)
from tweetrnn.reporting.figures import (
    BASELINES,
    CELL_COLOURS,
    FACTORS,
    GRID,
    INK,
    METRICS,
    MUTED,
    RANKINGS,
    baseline_values,
    combination_figures,
    curve_metric,
    figure_names,
    level_text,
    runs_of,
)

MOST_COMBINATIONS = 48  # a figure with one line for each combination shows the best so many
MOST_LEVELS = 8  # of a factor, each with a line of its own; neighbours of more share one
CURVE_WIDTH = 3.3


def draw_baselines(axes, values, vertical=False):
    """Draw each baseline as a line over the whole axes, with its name and value."""
    for name, value in values.items():
        draw = axes.axvline if vertical else axes.axhline
        line = {"color": INK, "linewidth": 1.1, "linestyle": BASELINE_LINES[name]}
        draw(value, label=f"{BASELINES[name]} {value:.3f}", **line)


def lengths(offsets):
    """Draw how many tweets have how many tokens; ``offsets`` is (tweets + 1,)."""
    counts = np.diff(offsets)
    if not len(counts):
        return note("there are no tweets")
    figure, axes = canvas(2.3)
    longest = int(np.ceil(np.quantile(counts, 0.999)))
    step = max(1, int(np.ceil((longest + 1) / 80)))
    edges = np.arange(0, longest + step + 1, step) - 0.5
    found, _ = np.histogram(np.minimum(counts, longest), bins=edges)
    axes.stairs(found, edges, fill=True, color=CELL_COLOURS[0])
    for quantile, dashes in ((0.5, "-"), (0.95, (0, (4, 2)))):
        value = np.quantile(counts, quantile, method="inverted_cdf")
        name = "median" if quantile == 0.5 else "95 % have at most"
        axes.axvline(value, color=INK, linewidth=1.2, linestyle=dashes, label=f"{name} {value:g}")
    beyond = f" ({longest} or more together)" if counts.max() > longest else ""
    axes.set_xlabel(f"tokens in a tweet{beyond}")
    axes.set_ylabel("tweets")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    axes.grid(axis="x", visible=False)
    legend(figure)
    return figure


def curve(run, history, quantity, scale, look):
    """Draw one run's training and validation curve of ``loss`` or a metric.

    Args:
        run: a dict as aggregate lists them.
        history: its epochs, dicts in order.
        scale: lowest and highest y.
    """
    figure, axes = canvas(2.2, width=CURVE_WIDTH)
    epoch = [row["epoch"] for row in history]
    dashed = {"color": MUTED, "linestyle": (0, (4, 2))}
    axes.plot(epoch, [row[f"train_{quantity}"] for row in history], label="training", **dashed)
    drawn = look.marker(run["cell"]) | ({"marker": ""} if len(history) > 30 else {})
    axes.plot(
        epoch, [row[f"validation_{quantity}"] for row in history], label="validation", **drawn
    )
    axes.set_ylim(*scale)
    axes.set_xlabel("epoch")
    axes.set_ylabel(METRICS.get(quantity, quantity))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    divergence = run["divergence_epoch"]
    if divergence is not None:
        axes.axvline(divergence, color=INK, linestyle=":", linewidth=1.2)
        late = divergence > (epoch[0] + epoch[-1]) / 2
        axes.annotate(
            f"part at {divergence}",
            (divergence, 1),
            xycoords=("data", "axes fraction"),
            xytext=(-3 if late else 3, -2),
            textcoords="offset points",
            ha="right" if late else "left",
            va="top",
            fontsize=SMALL,
        )
    legend(figure, 2)
    return figure


def curves(runs, epochs, config, look):
    """Yield (name, figure) for all curves; all of one quantity share one scale."""
    metric = curve_metric(config["report"]["rank_by"])
    histories = {}
    for row in epochs:
        histories.setdefault((row["cell"], row["combination"], row["replicate"]), []).append(row)
    names = [name for name in figure_names(config) if name.startswith("curves-")]
    ranked = {cell: runs_of(runs, cell) for cell in config["grid"]["cell"]}
    chosen = {}
    for name in names:
        cell, place = name.split("-")[1:3]
        if len(ranked[cell]) >= int(place):
            run = ranked[cell][int(place) - 1]
            chosen[cell, place] = run, histories[cell, run["combination"], run["replicate"]]
    scales = {
        quantity: limits(
            [
                row[f"{part}_{quantity}"]
                for _, history in chosen.values()
                for row in history
                for part in ("train", "validation")
            ]
        )
        for quantity in ("loss", metric)
    }
    for name in names:
        cell, place, quantity = name.split("-")[1:]
        quantity = metric if quantity == "accuracy" else quantity
        if (cell, place) in chosen:
            yield name, curve(*chosen[cell, place], quantity, scales[quantity], look)
        else:
            yield name, note(f"{cell} has no finished run {place}", width=CURVE_WIDTH)


def level_rows(runs):
    """Return (label, factor, levels) for every factor in which the runs differ.

    Of yes and no, only yes has a row; the levels of a factor that has many share rows.
    """
    short = {
        "recurrent_layers": "{} recurrent",
        "dense_layers": "{} dense",
        "learning_rate": "rate {}",
    }
    rows = []
    for factor in FACTORS:
        levels = sorted({run[factor] for run in runs})
        if len(levels) < 2:
            continue
        if factor in ("dropout", "regularization"):
            rows.append(({"dropout": "dropout", "regularization": "L2"}[factor], factor, [True]))
            continue
        for some in np.array_split(np.array(levels), min(len(levels), MOST_LEVELS)):
            ends = dict.fromkeys(level_text(factor, end) for end in (some.min(), some.max()))
            rows.append((short[factor].format(" to ".join(ends)), factor, some.tolist()))
    return rows


def ranking(runs, baselines, config, look):
    """Draw every run in the order of its rank, and beneath it the choices that it is made of."""
    by = config["report"]["rank_by"]
    done = sorted((r for r in runs if r["status"] == "finished"), key=lambda run: run["rank"])
    if not done:
        return note("no run has finished")
    rows = level_rows(done)
    present = {run["cell"] for run in done}
    cells = [cell for cell in config["grid"]["cell"] if cell in present]
    names = [*cells, *(label for label, _, _ in rows)]
    height = 0.17 * len(names) + 0.2
    figure, (above, below) = canvas(
        2.6 + height, 2, 1, sharex=True, height_ratios=[2.2, height + 0.1]
    )
    drawn = {"rasterized": len(done) > CROWDED}
    size = float(np.clip(260 / len(done), 1.5, 4.5))
    tick = {"linewidth": float(np.clip(150 / len(done), 0.3, 1.6)), **drawn}
    for row, cell in enumerate(cells):
        places = [place for place, run in enumerate(done, 1) if run["cell"] == cell]
        figures = [done[place - 1][by] for place in places]
        above.plot(places, figures, label=cell, **look.dots(cell) | {"markersize": size}, **drawn)
        ticks(below, places, row, 0.62, color=look.colour(cell), **tick)
    for row, (_, factor, levels) in enumerate(rows, len(cells)):
        places = [place for place, run in enumerate(done, 1) if run[factor] in levels]
        ticks(below, places, row, 0.62, color=INK, **tick)
    draw_baselines(above, baseline_values(baselines, by))
    above.set_ylabel(RANKINGS[by])
    above.tick_params(axis="x", length=0)
    edges = [len(cells) - 0.5]
    for factor in dict.fromkeys(factor for _, factor, _ in rows):
        edges.append(edges[-1] + sum(factor == other for _, other, _ in rows))
    below.hlines(edges[:-1], 0.5, len(done) + 0.5, color=GRID, linewidth=0.8)
    below.set_yticks(range(len(names)), names)
    below.set_ylim(len(names) - 0.4, -0.6)
    below.set_xlim(0.5 - 0.015 * len(done), len(done) * 1.015 + 0.5)
    below.tick_params(axis="y", length=0)
    below.grid(axis="y", visible=False)
    below.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    left_out = len(runs) - len(done)
    below.set_xlabel("runs, best first" + (f" ({left_out} without result)" if left_out else ""))
    legend(figure, 2, markerscale=4.5 / size)
    return figure


def cells_side_by_side(runs, baselines, config, look):
    """Draw one line for each combination with every cell's figure on it (replicates averaged)."""
    by = config["report"]["rank_by"]
    figures = combination_figures(runs, by)
    if not figures:
        return note("no run has finished")
    names = list(figures)[:MOST_COMBINATIONS]
    points = [Combination.parse(name) for name in names]
    factors = [f for f in FACTORS if len({getattr(point, f) for point in points}) > 1]
    texts = {factor: [_level(getattr(point, factor)) for point in points] for factor in factors}
    widths = [max(0.36, 0.1 + 0.07 * max(map(len, texts[factor]))) for factor in factors]
    table = 0.08 + sum(widths)  # inches
    figure, (left, axes) = canvas(
        0.95 + 0.17 * max(len(names), 3),
        1,
        2,
        sharey=True,
        width_ratios=[table, WIDTH - 0.2 - table],
    )
    for row, name in enumerate(names):
        values = figures[name].values()
        axes.plot([min(values), max(values)], [row, row], color=MUTED, linewidth=1.0)
    for cell in config["grid"]["cell"]:
        places = [
            (figures[name][cell], row) for row, name in enumerate(names) if cell in figures[name]
        ]
        if places:
            axes.plot(*zip(*places, strict=True), label=cell, **look.dots(cell))
    draw_baselines(axes, baseline_values(baselines, by), vertical=True)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, labelleft=False)
    axes.set_yticks(range(len(names)))
    chosen = f"\n(the best {len(names)} of {len(figures)})"
    axes.set_xlabel(RANKINGS[by] + (chosen if len(figures) > len(names) else ""))
    _columns(left, texts, widths)
    legend(figure, 2)
    return figure


def _level(value):
    """Return a level as a narrow column shows it: yes and no as a dot and a dash."""
    if isinstance(value, bool):
        return "\u25cf" if value else "\u2013"
    return level_text("learning_rate", value) if isinstance(value, float) else f"{value}"


def _columns(axes, texts, widths):
    """Draw a small table: {factor: text of each row} in columns so many inches wide."""
    heads = {
        "recurrent_layers": "recur-\nrent",
        "dense_layers": "dense",
        "dropout": "drop-\nout",
        "regularization": "L2",
        "learning_rate": "rate",
    }
    for number, (factor, column) in enumerate(texts.items()):
        middle = sum(widths[:number]) + widths[number] / 2
        axes.text(middle, -0.9, heads[factor], ha="center", va="bottom", fontsize=SMALL)
        for row, text in enumerate(column):
            axes.text(middle, row, text, ha="center", va="center", fontsize=SMALL)
    axes.set_xlim(0, sum(widths) or 1)
    axes.set_axis_off()


def cost(runs, memory_mb, config, look):
    """Draw each training's seconds and its peak memory beside what it asked for (None: unknown)."""
    cells = config["grid"]["cell"]
    done = [run for run in runs if run["seconds"] is not None]
    if not done:
        return note("no training has left its time")
    figure, panels = canvas(1.4 + 0.4 * len(cells), 2, 1)
    crowded = 2 * len(done) > CROWDED
    for axes, key, asked in zip(panels, ("seconds", "max_rss_mb"), (None, memory_mb), strict=True):
        most = asked or 0
        for row, cell in enumerate(cells):
            values = sorted(r[key] for r in done if r["cell"] == cell and r[key] is not None)
            if not values:
                continue
            most = max(most, values[-1])
            dots = look.dots(cell) | {"markersize": 3.5, "markeredgewidth": 0.8}
            places = row + spread_out(len(values), 0.5)
            axes.plot(values, places, rasterized=crowded, **dots)
            ticks(axes, [np.median(values)], row, 0.8, color=INK)
        axes.set_yticks(range(len(cells)), cells)
        axes.set_ylim(len(cells) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, 1.05 * most or 1)
    panels[0].set_xlabel("seconds of a training (line: the median)")
    panels[1].set_xlabel("peak memory in MB")
    if memory_mb:
        line = {"color": INK, "linewidth": 1.2, "linestyle": (0, (6, 2))}
        panels[1].axvline(memory_mb, label=f"asked for, {memory_mb:,} MB", **line)
        legend(figure)
    return figure
