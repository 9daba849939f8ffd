"""How much selecting on validation flatters: each cell's best accuracy, and that corrected."""

from tweetrnn.reporting.canvas import INK, MUTED, Look, canvas, estimate, legend, rows, ticks
from tweetrnn.reporting.document import MINUS, between, share, signed

TITLE = "What selection flatters"
CATEGORY = "Comparison"
SECTION, AFTER = "real", "optimism"
NEEDS_COMPARISON = True


def caption(config):
    """Return the caption in Snakemake's own report."""
    return (
        "How much the selection itself flatters: the validation accuracy of each cell's best run, "
        "and what is left of it when the selection is repeated on resampled tweets and judged on "
        "those that were not drawn (with its 95 % interval). Where there is a test set, the "
        "accuracy of the replicates there."
    )


def alt_text(e):
    """Return each cell's accuracies, apparent and corrected."""
    cells = [
        f"{cell} {share(own.apparent)} against {share(own.corrected)}"
        + (f" ({between(own.interval)})" if own.interval else "")
        for cell, own in e.comparison.selection_optimism.items()
    ]
    return (
        "Validation accuracy of the best run, and what is left of it on tweets that took no part "
        f"in its selection: {'; '.join(cells)}."
    )


def draw(e):
    """Draw a row for each cell: apparent, corrected and (where there is a test set) tested."""
    c, look = e.comparison, Look(e.cells)
    tested = c.part == "test"
    cells = [cell for cell in e.cells if cell in c.selection_optimism]
    figure, axes = canvas(0.9 + 0.42 * len(cells))
    for row, cell in enumerate(cells):
        own = c.selection_optimism[cell]
        axes.plot([own.apparent], [row - 0.2], **look.dots(cell) | {"marker": "x"})
        if own.corrected is not None:
            text = signed(-own.optimism)
            estimate(axes, row, own.corrected, own.interval, look.marker(cell), text)
        if tested:
            ticks(axes, [c.primary.accuracies[cell].accuracy], row + 0.2, 0.3, color=INK)
    rows(axes, cells)
    axes.set_xlabel(f"accuracy (at the right: corrected {MINUS} chosen)")
    axes.plot(
        [], [], color=MUTED, linestyle="none", marker="x", label="on validation, where chosen"
    )
    axes.plot([], [], color=MUTED, marker="o", label="corrected")
    if tested:
        axes.plot([], [], color=INK, linestyle="none", marker="|", markersize=8, label="on test")
    legend(figure, 3)
    return figure
