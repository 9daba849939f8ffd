"""How much selecting on validation flatters: each cell's best accuracy, and that corrected."""

from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

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
        interval = f" ({doc.between(optimism.interval)})" if optimism.interval else ""
        corrected = f"{doc.share(optimism.corrected)}{interval}"
        cells.append(f"{cell} {doc.share(optimism.apparent)} against {corrected}")
    return (
        "Validation accuracy of the best run, and what is left of it on tweets that took no part "
        f"in its selection: {'; '.join(cells)}."
    )


def draw(experiment):
    """Draw a row for each cell: apparent, corrected and (where there is a test set) tested."""
    comparison, look = experiment.comparison, canvas.Look(experiment.cells)
    tested = comparison.part == "test"
    cells = [cell for cell in experiment.cells if cell in comparison.selection_optimism]
    figure, axes = canvas.subplots(0.9 + 0.42 * len(cells))
    for row, cell in enumerate(cells):
        optimism = comparison.selection_optimism[cell]
        axes.plot([optimism.apparent], [row - 0.2], **look.dots(cell) | {"marker": "x"})
        if optimism.corrected is not None:
            style, text = look.marker(cell), doc.signed(-optimism.optimism)
            canvas.estimate(axes, row, optimism.corrected, optimism.interval, style, text)
        if tested:
            accuracy = comparison.primary.accuracies[cell].accuracy
            canvas.ticks(axes, [accuracy], row + 0.2, 0.3, color=canvas.INK)
    canvas.rows(axes, cells)
    axes.set_xlabel(f"accuracy (at the right: corrected {doc.MINUS} chosen)")
    chosen = {"marker": "x", "label": "on validation, where chosen"}
    axes.plot([], [], color=canvas.MUTED, linestyle="none", **chosen)
    axes.plot([], [], color=canvas.MUTED, marker="o", label="corrected")
    if tested:
        axes.plot(
            [], [], color=canvas.INK, linestyle="none", marker="|", markersize=8, label="on test"
        )
    canvas.legend(figure, 3)
    return figure
