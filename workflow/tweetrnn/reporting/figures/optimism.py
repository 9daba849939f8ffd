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


def alt_text(experiment):
    """Return each cell's accuracies, apparent and corrected."""
    cells = []
    for cell, optimism in experiment.comparison.selection_optimism.items():
        interval = f" ({between(optimism.interval)})" if optimism.interval else ""
        corrected = f"{share(optimism.corrected)}{interval}"
        cells.append(f"{cell} {share(optimism.apparent)} against {corrected}")
    return (
        "Validation accuracy of the best run, and what is left of it on tweets that took no part "
        f"in its selection: {'; '.join(cells)}."
    )


def draw(experiment):
    """Draw a row for each cell: apparent, corrected and (where there is a test set) tested."""
    comparison, look = experiment.comparison, Look(experiment.cells)
    tested = comparison.part == "test"
    cells = [cell for cell in experiment.cells if cell in comparison.selection_optimism]
    figure, axes = canvas(0.9 + 0.42 * len(cells))
    for row, cell in enumerate(cells):
        optimism = comparison.selection_optimism[cell]
        axes.plot([optimism.apparent], [row - 0.2], **look.dots(cell) | {"marker": "x"})
        if optimism.corrected is not None:
            style, text = look.marker(cell), signed(-optimism.optimism)
            estimate(axes, row, optimism.corrected, optimism.interval, style, text)
        if tested:
            accuracy = comparison.primary.accuracies[cell].accuracy
            ticks(axes, [accuracy], row + 0.2, 0.3, color=INK)
    rows(axes, cells)
    axes.set_xlabel(f"accuracy (at the right: corrected {MINUS} chosen)")
    chosen = {"marker": "x", "label": "on validation, where chosen"}
    axes.plot([], [], color=MUTED, linestyle="none", **chosen)
    axes.plot([], [], color=MUTED, marker="o", label="corrected")
    if tested:
        axes.plot([], [], color=INK, linestyle="none", marker="|", markersize=8, label="on test")
    legend(figure, 3)
    return figure
