"""What the trainings cost: seconds and memory."""

from tweetrnn.evaluation.tables import records
from tweetrnn.names import model_label
from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "Time and memory"
CATEGORY = "Cost"
SECTION, AFTER = "cost", None
NEEDS_COMPARISON = False


def caption(config):
    """Return the caption."""
    layers = ", by the number of recurrent layers" if varied(config["grid"]) else ""
    return (
        f"Seconds and peak memory of every training{layers}, with the median seconds as a line, "
        "and the memory that each requested."
    )


def varied(grid):
    """Return whether trainings differ in what their cost depends on most: recurrent layers."""
    return len(grid["recurrent_layers"]) > 1


def alt_text(experiment):
    """Return each cell's median seconds and most memory."""
    cells = []
    for cell in experiment.trained_cells:
        cost = experiment.cost(cell)
        if cost["runs"]:
            cells.append(
                f"{model_label(cell)} {doc.runs_in_words(cost['runs'])}, "
                f"median {doc.decimal(cost['median'])} s"
                + (f", at most {doc.whole(cost['memory'])} MB" if cost["memory"] else "")
            )
    return (
        f"Time and peak memory of each training: {'; '.join(cells) or 'none is known'}. "
        f"Asked for: {experiment.memory_mb:,} MB."
    )


def draw(experiment):
    """Draw each training's seconds, and its peak memory beside what it requested."""
    import numpy as np

    runs, cells = experiment.runs.dropna(subset="seconds"), experiment.trained_cells
    look = canvas.Look(cells)
    if runs.empty:
        return canvas.note("no training has left its time")
    groups = [(cell, layers) for cell in cells for layers in layers_of(runs, cell)]
    figure, panels = canvas.subplots(1.4 + 0.4 * len(groups), 2, 1, sharey=True)
    several = {cell for cell in cells if len(layers_of(runs, cell)) > 1}
    names = [row_name(cell, layers, cell in several) for cell, layers in groups]
    columns = {"seconds": "seconds", "max_rss_mb": "peak memory, MB"}
    crowded = 2 * len(runs) > canvas.CROWDED
    for axes, column, most in zip(panels, columns, (0, experiment.memory_mb), strict=True):
        for row, (cell, layers) in enumerate(groups):
            group = runs[(runs["cell"] == cell) & (runs["recurrent_layers"] == layers)]
            group = group.dropna(subset=column).sort_values(column, kind="stable")
            dots = look.dots(cell) | {"markersize": 3.5, "markeredgewidth": 0.8}
            places = row + canvas.spread_out(len(group), 0.5)
            axes.plot(group[column], places, rasterized=crowded, **dots)
            each = [canvas.settings(run) | {columns[column]: run[column]} for run in records(group)]
            canvas.values(axes, group[column], places, each)
        canvas.rows(axes, names)
        axes.set_xlim(0, 1.05 * max(most, runs[column].max()) or 1)
    medians = runs.groupby(["cell", "recurrent_layers"])["seconds"].median()
    middle = [medians[group] for group in groups]
    canvas.ticks(panels[0], middle, np.arange(len(groups)), 0.8, color=canvas.INK)
    panels[0].set_xlabel("seconds of a training (line: the median)")
    panels[1].set_xlabel("peak memory in MB")
    line = {"color": canvas.INK, "linewidth": 1.2, "linestyle": (0, (6, 2))}
    panels[1].axvline(experiment.memory_mb, label=f"requested, {experiment.memory_mb:,} MB", **line)
    canvas.legend(figure)
    return figure


def layers_of(runs, cell):
    """Return the numbers of recurrent layers of a cell's runs."""
    return sorted(runs["recurrent_layers"][runs["cell"] == cell].unique().tolist())


def row_name(cell, layers, several):
    """Return a row's name: ``LSTM``, or ``LSTM, 2 layers`` if the cell has several such rows."""
    name = model_label(cell)
    return f"{name}, {layers} layer{'s' * (layers > 1)}" if several else name
