"""What the trainings cost: seconds and memory."""

from tweetrnn.names import model_label
from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "Time and memory"
CATEGORY = "Cost"
SECTION, AFTER = "cost", None
NEEDS_COMPARISON = False


def caption(config):
    """Return the caption in Snakemake's own report."""
    return "Seconds and peak memory of every training, and the memory that it asked for."


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
    """Draw each training's seconds, and its peak memory beside what it asked for."""
    import numpy as np

    runs, cells = experiment.runs.dropna(subset="seconds"), experiment.trained_cells
    look = canvas.Look(cells)
    if runs.empty:
        return canvas.note("no training has left its time")
    figure, panels = canvas.subplots(1.4 + 0.4 * len(cells), 2, 1)
    costs = [experiment.cost(cell) for cell in cells]
    for axes, column, most in zip(
        panels, ("seconds", "max_rss_mb"), (0, experiment.memory_mb), strict=True
    ):
        for row, cell in enumerate(cells):
            values = np.sort(runs[column][runs["cell"] == cell].dropna())
            if not len(values):
                continue
            most = max(most, values[-1])
            dots = look.dots(cell) | {"markersize": 3.5, "markeredgewidth": 0.8}
            places = row + canvas.spread_out(len(values), 0.5)
            axes.plot(values, places, rasterized=2 * len(runs) > canvas.CROWDED, **dots)
        canvas.rows(axes, [model_label(cell) for cell in cells])
        axes.set_xlim(0, 1.05 * most or 1)
    medians = [(cost["median"], row) for row, cost in enumerate(costs) if cost["runs"]]
    canvas.ticks(panels[0], *zip(*medians, strict=True), 0.8, color=canvas.INK)
    panels[0].set_xlabel("seconds of a training (line: the median)")
    panels[1].set_xlabel("peak memory in MB")
    line = {"color": canvas.INK, "linewidth": 1.2, "linestyle": (0, (6, 2))}
    panels[1].axvline(experiment.memory_mb, label=f"asked for, {experiment.memory_mb:,} MB", **line)
    canvas.legend(figure)
    return figure
