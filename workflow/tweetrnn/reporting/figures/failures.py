"""What the selected models take for what: their confusion matrices."""

from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "Confusion matrices"
CATEGORY = "Mistakes"
SECTION, AFTER = "failures", None
NEEDS_COMPARISON = True


def caption(config):
    """Return the caption in Snakemake's own report."""
    return (
        "What each cell's selected models took for what: rows are the true classes, columns the "
        "predicted ones. Numbers are means over the cell's replicates, a square's area is the "
        "share of its row."
    )


def alt_text(experiment):
    """Return each cell's recall of each class, with its range over the replicates."""
    cells = []
    for cell, model in experiment.comparison.failures.items():
        recalls = [
            f"{doc.visible(name)} {doc.spread(scores.recall.numbers())}"
            for name, scores in model.per_class.items()
        ]
        cells.append(f"{cell}: {', '.join(recalls)}")
    return f"Mean confusion matrices. Share of each class that is found: {'; '.join(cells)}."


def draw(experiment):
    """Draw a cell's mean confusion matrix each: a square's area is the share of its row."""
    failures = experiment.comparison.failures
    cells = [cell for cell in experiment.cells if cell in failures]
    names = [doc.visible(name) for name in failures[cells[0]].per_class]
    names = [name if len(name) <= 14 else f"{name[:13]}\u2026" for name in names]
    classes = len(names)
    columns = 1 if classes > 4 or len(cells) == 1 else 2
    lines = -(-len(cells) // columns)
    side = 2.0 if columns == 2 else 0.45 * classes + 0.5
    figure, panels = canvas.subplots(0.35 + (side + 0.25) * lines, lines, columns, squeeze=False)
    for axes in panels.flat[len(cells) :]:
        axes.set_axis_off()
    crowded = max(map(len, names)) * 0.07 > (side - 0.4) / classes  # about inches
    turned = {"rotation": 30, "ha": "right"} if crowded else {}
    for axes, cell in zip(panels.flat, cells, strict=False):
        colour = canvas.Look(experiment.cells).colour(cell)
        draw_matrix(axes, failures[cell].confusion, colour, percentages=classes <= 4)
        axes.set_xticks(range(classes), names, **turned)
        axes.set_yticks(range(classes), names if axes in panels[:, 0] else [""] * classes)
        axes.set_title(cell)
    figure.supxlabel("predicted", fontsize=9)
    figure.supylabel("true", fontsize=9)
    return figure


def draw_matrix(axes, confusion, colour, percentages):
    """Draw the squares, counts and, if wanted, percentages of a confusion matrix."""
    import numpy as np
    from matplotlib.patches import Rectangle

    counts = np.array(confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for (true, predicted), count in np.ndenumerate(counts):
        edge = 0.94 * np.sqrt(shares[true, predicted])
        corner = (predicted - edge / 2, true - edge / 2)
        axes.add_patch(Rectangle(corner, edge, edge, facecolor=colour, alpha=0.3, linewidth=0))
        text = f"{count:.1f}" if 0 < count < 10 else f"{count:,.0f}"
        if percentages and count:
            text += f"\n{100 * shares[true, predicted]:.0f} %"
        axes.text(predicted, true, text, ha="center", va="center", fontsize=canvas.SMALL)
    between = np.arange(len(counts) + 1) - 0.5
    axes.set_xticks(between, minor=True)
    axes.set_yticks(between, minor=True)
    axes.set(xlim=between[[0, -1]], ylim=between[[-1, 0]], aspect="equal")
    axes.grid(visible=False)
    axes.grid(visible=True, which="minor")
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
