"""Figures of the comparison, drawn from what compare wrote (comparison.json)."""

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from tweetrnn.reporting.canvas import (
    BASELINE_LINES,
    CROWDED,
    SMALL,
    canvas,
    legend,
    limits,
    note,
    spread_out,
    ticks,
)
from tweetrnn.reporting.document import MINUS, share, signed, visible
from tweetrnn.reporting.figures import BASELINES, GRID, INK, MUTED, RANKINGS, effect_name

MOST_ROWS = 60  # of hyper-parameters' effects, the largest
LONG = 24  # letters of two cells' names that leave a title no room for more


def _rows(axes, labels):
    """Give the axes one row for each label, from the top down."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def _estimate(axes, row, value, interval, style, text):
    """Draw an estimate on its interval (or None), and its number at the right."""
    if interval is not None:
        axes.plot(interval, [row, row], color=style["color"], solid_capstyle="butt")
    axes.plot([value], [row], **style | {"linestyle": "none", "markersize": 6})
    axes.text(1.02, row, text, transform=axes.get_yaxis_transform(), va="center", fontsize=SMALL)


def _zero(axes):
    axes.axvline(0, color=INK, linewidth=1.0)


def primary(comparison, look):
    """Draw the selected cells' accuracies beside the baselines', and beneath it the differences."""
    found, part = comparison["primary"], comparison["part"]
    groups = {
        "difference between cells": [
            (f"{p['first']} {MINUS} {p['second']}", None, p) for p in found["pairs"]
        ]
    }
    for baseline, words in BASELINES.items():
        rows = [r for r in found["against_baselines"] if r["baseline"] == baseline]
        groups[f"difference from {words}"] = [(r["cell"], r["cell"], r) for r in rows]
    groups = {title: rows for title, rows in groups.items() if rows}
    accuracies = found["accuracies"]
    heights = [len(accuracies) * 1.3, *(len(rows) for rows in groups.values())]
    figure, panels = canvas(
        0.3 + 0.5 * len(heights) + 0.21 * sum(heights), len(heights), 1, height_ratios=heights
    )
    top, *below = panels
    for row, (name, own) in enumerate(accuracies.items()):
        style = look.marker(name)
        several = [replicate[part]["accuracy"] for replicate in own.get("replicates", ())]
        if len(several) > 1:
            dots = look.dots(name) | {"markersize": 3}
            top.plot(
                several, [row + 0.36] * len(several), rasterized=len(several) > CROWDED, **dots
            )
        if name in BASELINES:
            top.axvline(own["accuracy"], color=MUTED, linewidth=0.9, linestyle=BASELINE_LINES[name])
        _estimate(top, row, own["accuracy"], own["interval"], style, share(own["accuracy"]))
    _rows(
        top, [BASELINES.get(name, name).replace("logistic ", "logistic\n") for name in accuracies]
    )
    longest = max(len(p["first"] + p["second"]) for p in found["pairs"]) if found["pairs"] else 0
    optimistic = ", where selected\n" if comparison["optimistic"] else " "
    if longest > LONG:
        optimistic = optimistic.rstrip() + "\n"
    small = "(small: each replicate)" if len(comparison["replicates"]) > 1 else ""
    top.set_title(f"accuracy on {part}{optimistic}{small}".rstrip())
    ends = [0.0]
    for axes, (title, rows) in zip(below, groups.items(), strict=True):
        _zero(axes)
        for row, (_, cell, own) in enumerate(rows):
            style = look.marker(cell) if cell else {"color": INK, "marker": "d"}
            _estimate(
                axes, row, own["difference"], own["interval"], style, signed(own["difference"])
            )
            ends += [own["difference"], *own["interval"]]
        _rows(axes, [label for label, _, _ in rows])
        axes.set_title(title)
    for axes in below:
        axes.set_xlim(*limits(ends))
        last = axes is below[-1]
        axes.tick_params(axis="x", labelbottom=last, length=3.5 if last else 0)
    return figure


def effects(comparison, cells, look):
    """Draw for each hyper-parameter and cell the differences between else equal combinations."""
    rows = [row for row in comparison["factor_effects"] if row["pairs"]]
    if not rows:
        return note("no two finished combinations differ in one hyper-parameter alone")
    largest = {}
    for row in rows:
        largest[effect_name(row)] = max(largest.get(effect_name(row), 0), abs(row["mean"]))
    keep = sorted(largest, key=lambda name: -largest[name])[: max(1, MOST_ROWS // len(cells))]
    names = [name for name in largest if name in keep]
    step = 1 / (len(cells) + 0.6)
    crowded = sum(row["pairs"] for row in rows if effect_name(row) in keep) > CROWDED
    figure, axes = canvas(0.9 + len(names) * max(0.36, 0.2 * (len(cells) + 0.6)))
    means = []
    for number, cell in enumerate(cells):
        values, places = [], []
        for row in rows:
            if row["cell"] == cell and effect_name(row) in keep:
                place = names.index(effect_name(row)) + (number - (len(cells) - 1) / 2) * step
                values += sorted(row["differences"])
                places += (place + spread_out(row["pairs"], step * 0.55)).tolist()
                means.append((row["mean"], place))
        dots = look.dots(cell) | {"markersize": 3, "markeredgewidth": 0.8}
        axes.plot(values, places, rasterized=crowded, **dots)
        axes.plot([], [], label=cell, **look.dots(cell))
    ticks(axes, *zip(*means, strict=True), step * 0.9, color=INK, linewidth=2.2)
    axes.plot([], [], color=INK, linestyle="none", marker="|", markersize=9, label="mean")
    _zero(axes)
    _rows(axes, [_two_lines(name) for name in names])
    for edge in range(len(names) - 1):
        axes.axhline(edge + 0.5, color=GRID, linewidth=0.8)
    axes.grid(axis="y", visible=False)
    chosen = f"\n(the {len(names)} largest of {len(largest)})" if len(largest) > len(names) else ""
    axes.set_xlabel(f"difference in {RANKINGS[comparison['select_by']]}{chosen}")
    legend(figure, 4)
    return figure


def _two_lines(name):
    """Break ``learning rate 1e-4 → 1e-3`` before its levels."""
    factor, *levels = name.rsplit(" ", 3)
    return f"{factor}\n{' '.join(levels)}"


def paired(comparison, look):
    """Draw for each two cells their differences over all combinations, sorted."""
    rows = [row for row in comparison["paired_cells"] if row["pairs"]]
    if not rows:
        return note("there are no two cells to compare")
    columns = 1 if len(rows) < 3 else 2
    lines = -(-len(rows) // columns)
    figure, panels = canvas(0.5 + 1.7 * lines, lines, columns, sharey=True, squeeze=False)
    scale = limits([0.0, *(value for row in rows for value in row["differences"])], 0.12)
    for axes in panels.flat[len(rows) :]:
        axes.set_axis_off()
    for axes, row in zip(panels.flat, rows, strict=False):
        values = np.sort(row["differences"])[::-1]
        edges = np.arange(len(values) + 1) + 0.5
        for cell, part in ((row["first"], values.clip(0)), (row["second"], values.clip(None, 0))):
            axes.stairs(part, edges, fill=True, color=look.colour(cell))
        axes.axhline(0, color=INK, linewidth=1.0)
        axes.axhline(row["mean"], color=INK, linewidth=1.1, linestyle=(0, (4, 2)))
        gap = "\n" if columns > 1 else ", "
        cut = "\n" if columns > 1 and len(row["first"] + row["second"]) > LONG else " "
        title = f"{row['first']}{cut}{MINUS} {row['second']}{gap}mean {signed(row['mean'])}"
        axes.set_title(title)
        told = "{} ahead in {}" + (f" of {row['pairs']}" if columns == 1 else "")
        text = {"transform": axes.transAxes, "fontsize": SMALL}
        axes.text(
            0.98, 0.95, told.format(row["first"], row["positive"]), ha="right", va="top", **text
        )
        axes.text(0.02, 0.05, told.format(row["second"], row["negative"]), va="bottom", **text)
        axes.set_ylim(*scale)
        axes.set_xlim(0.5, len(values) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        axes.grid(axis="x", visible=False)
    by = RANKINGS[comparison["select_by"]]
    figure.supxlabel(f"combinations, sorted by their difference in\n{by}", fontsize=9)
    return figure


def optimism(comparison, cells, look):
    """Draw each cell's best validation accuracy and what resampling its selection leaves of it."""
    found = comparison["selection_optimism"]
    cells = [cell for cell in cells if cell in found]
    figure, axes = canvas(0.9 + 0.42 * len(cells))
    for row, cell in enumerate(cells):
        own = found[cell]
        text = "" if own["optimism"] is None else signed(-own["optimism"])
        axes.plot([own["apparent"]], [row - 0.2], **look.dots(cell) | {"marker": "x"})
        if own["corrected"] is not None:
            _estimate(axes, row, own["corrected"], own["interval"], look.marker(cell), text)
        if comparison["part"] == "test":
            tested = comparison["primary"]["accuracies"][cell]["accuracy"]
            ticks(axes, [tested], row + 0.2, 0.3, color=INK)
    _rows(axes, cells)
    axes.set_xlabel("accuracy (at the right: corrected less chosen)")
    axes.plot(
        [], [], color=MUTED, linestyle="none", marker="x", label="on validation, where chosen"
    )
    axes.plot([], [], color=MUTED, marker="o", label="corrected")
    if comparison["part"] == "test":
        axes.plot([], [], color=INK, linestyle="none", marker="|", markersize=8, label="on test")
    legend(figure, 3)
    return figure


def failures(comparison, cells, look):
    """Draw a confusion matrix for each cell: a square's area is the share of its row."""
    found = comparison["failures"]
    cells = [cell for cell in cells if cell in found]
    names = [visible(name) for name in next(iter(found.values()))["per_class"]]
    names = [name if len(name) <= 14 else f"{name[:13]}\u2026" for name in names]
    classes = len(names)
    columns = 1 if classes > 4 or len(cells) == 1 else 2
    lines = -(-len(cells) // columns)
    side = 2.0 if columns == 2 else 0.45 * classes + 0.5
    figure, panels = canvas(0.35 + (side + 0.25) * lines, lines, columns, squeeze=False)
    for axes in panels.flat[len(cells) :]:
        axes.set_axis_off()
    for axes, cell in zip(panels.flat, cells, strict=False):
        _matrix(axes, np.array(found[cell]["confusion"]), look.colour(cell), classes <= 4)
        crowded = max(map(len, names)) * 0.07 > (side - 0.4) / classes  # about inches
        turned = {"rotation": 30, "ha": "right"} if crowded else {}
        axes.set_xticks(range(classes), names, **turned)
        axes.set_yticks(range(classes), names if axes in panels[:, 0] else [""] * classes)
        axes.set_title(cell)
    figure.supxlabel("predicted", fontsize=9)
    figure.supylabel("true", fontsize=9)
    return figure


def _matrix(axes, counts, colour, percentages):
    """Draw the squares, counts and (where there is room) percentages of one confusion matrix."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for (true, guess), count in np.ndenumerate(counts):
        edge = 0.94 * np.sqrt(shares[true, guess])
        corner = (guess - edge / 2, true - edge / 2)
        axes.add_patch(Rectangle(corner, edge, edge, facecolor=colour, alpha=0.3, linewidth=0))
        text = f"{count:,}"
        if percentages and count:
            text += f"\n{100 * shares[true, guess]:.0f} %"
        axes.text(guess, true, text, ha="center", va="center", fontsize=SMALL)
    between = np.arange(len(counts) + 1) - 0.5
    axes.set_xticks(between, minor=True)
    axes.set_yticks(between, minor=True)
    axes.set_xlim(between[0], between[-1])
    axes.set_ylim(between[-1], between[0])
    axes.set_aspect("equal")
    axes.grid(visible=False)
    axes.grid(visible=True, which="minor")
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)


def calibration(comparison, cells, look):
    """Draw accuracy over confidence for each cell, and how many tweets each bin has."""
    found = comparison["failures"]
    cells = [cell for cell in cells if cell in found]
    figure, (above, below) = canvas(4.2, 2, 1, sharex=True, height_ratios=[3, 1])
    lowest = lowest_accuracy = 1.0
    above.plot([0, 1], [0, 1], color=MUTED, linewidth=1.0, linestyle=(0, (1, 1.5)))
    for cell in cells:
        told = found[cell]["calibration"]
        bins = [row for row in told["bins"] if row["tweets"]]
        lowest = min(lowest, bins[0]["low"])
        lowest_accuracy = min(lowest_accuracy, *(row["accuracy"] for row in bins))
        error = share(told["expected_calibration_error"])
        style = look.marker(cell) | look.line(cell)
        above.plot(
            [row["confidence"] for row in bins],
            [row["accuracy"] for row in bins],
            label=f"{cell} (calibration error {error})",
            **style,
        )
        below.stairs(
            [row["tweets"] for row in told["bins"]],
            [told["bins"][0]["low"], *(row["high"] for row in told["bins"])],
            **look.line(cell),
            linewidth=1.6,
        )
    above.set_ylim(max(-0.03, lowest_accuracy - 0.05), 1.03)
    above.set_ylabel("accuracy")
    below.set_xlim(lowest - 0.02, 1.02)
    below.set_xlabel("confidence (probability of the predicted class)")
    below.set_ylabel("tweets")
    below.set_ylim(bottom=0)
    below.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=3))
    legend(figure, 1)
    return figure
