"""The differences between each two cells over all combinations, sorted."""

from tweetrnn.names import RANKINGS
from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "Differences over all combinations"
CATEGORY = "Comparison"
SECTION, AFTER = "real", "paired"
NEEDS_COMPARISON = True
LONG = 24  # letters of two cells' names that leave a title no room for more


def names(config):
    """Return the figure's name, none for a single cell."""
    return ["paired"] if len(config["grid"]["cell"]) > 1 else []


def caption(config):
    """Return the caption."""
    return (
        f"The difference between the cells in {RANKINGS[config['report']['select_by']]}, for every "
        "combination that has finished in both, sorted; the dashed line is the mean. The "
        "combinations share their tweets: this describes the grid and is not a test."
    )


def alt_text(experiment):
    """Return the range and the mean of each pair's differences."""
    pairs = [
        f"{doc.cells_of(pair)} from {doc.signed_between([pair.min, pair.max])} "
        f"points, mean {doc.signed(pair.mean)}, above zero in {pair.positive} of {pair.pairs}"
        for pair in experiment.comparison.paired_cells
        if pair.pairs
    ]
    if not pairs:
        return "No combination has finished in two cells."
    by = RANKINGS[experiment.comparison.select_by]
    return f"Differences in {by}, combination by combination, sorted: {doc.first_of(pairs)}."


def draw(experiment):
    """Draw a panel for each two cells."""
    pairs = [pair for pair in experiment.comparison.paired_cells if pair.pairs]
    if not pairs:
        return canvas.note("there are no two cells to compare")
    columns = 1 if len(pairs) < 3 else 2
    lines = -(-len(pairs) // columns)
    figure, panels = canvas.subplots(0.5 + 1.9 * lines, lines, columns, sharey=True, squeeze=False)
    scale = canvas.limits([0.0, *(value for pair in pairs for value in pair.differences)], 0.12)
    for axes in panels.flat[len(pairs) :]:
        axes.set_axis_off()
    for axes, pair in zip(panels.flat, pairs, strict=False):
        draw_pair(axes, pair, canvas.Look(experiment.cells), narrow=columns > 1)
        axes.set_ylim(*scale)
    by = RANKINGS[experiment.comparison.select_by]
    figure.supxlabel(f"combinations, sorted by their difference in\n{by}", fontsize=9)
    figure.supylabel("points", fontsize=9)
    return figure


def draw_pair(axes, pair, look, narrow):
    """Draw the differences of two cells, in the colour of the cell that is ahead."""
    import numpy as np

    order = np.argsort(pair.differences, kind="stable")[::-1]
    values = np.array(pair.differences)[order]
    between = doc.cells_of(pair)
    rows = [
        {"cells": between, "combination": pair.combinations[n], "difference, points": 100 * value}
        for n, value in zip(order, values, strict=True)
    ]
    canvas.values(axes, np.arange(len(values)) + 1, None, rows)
    edges = np.arange(len(values) + 1) + 0.5
    for cell, ahead in ((pair.first, values.clip(0)), (pair.second, values.clip(None, 0))):
        axes.stairs(ahead, edges, fill=True, color=look.colour(cell))
    axes.axhline(0, color=canvas.INK, linewidth=1.0)
    axes.axhline(pair.mean, color=canvas.INK, linewidth=1.1, linestyle=(0, (4, 2)))
    cut = "\n" if narrow and len(pair.first + pair.second) > LONG else " "
    cells = f"{pair.first}{cut}{doc.MINUS} {pair.second}"
    mean = f"mean {doc.signed(pair.mean)}"
    ahead = f"ahead in {pair.positive}, behind in {pair.negative}"
    if narrow:
        axes.set_title(f"{cells}\n{mean}\n{ahead}")
    else:
        axes.set_title(f"{cells}, {mean}\n{ahead} of {pair.pairs} combinations")
    axes.set_xlim(0.5, len(values) + 0.5)
    canvas.points(axes.yaxis)
    canvas.whole_numbers(axes.xaxis, nbins=5)
    axes.grid(axis="x", visible=False)
