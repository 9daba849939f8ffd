"""How much selecting on validation flatters: the best accuracy, that corrected, and retrained."""

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
        "those that were not drawn (with its 95 % interval). Resampling tweets leaves out the luck "
        "of the seed: the small marks are the selected combination, retrained with other seeds and "
        "measured on the same validation tweets, with their mean. Where there is a test set, their "
        "mean accuracy there."
    )


def alt_text(experiment):
    """Return each cell's accuracies: apparent, corrected and retrained."""
    cells = []
    for cell, optimism in experiment.comparison.selection_optimism.items():
        interval = f" ({doc.between(optimism.interval)})" if optimism.interval else ""
        corrected = f"{doc.share(optimism.corrected)}{interval}"
        retrained = doc.share(retrained_on_validation(experiment.comparison, cell).mean)
        cells.append(f"{cell} {doc.share(optimism.apparent)}, {corrected}, {retrained}")
    return (
        "Validation accuracy of the best run, what is left of it on tweets that took no part in "
        "its selection, and the mean of the selected combination retrained with other seeds: "
        f"{doc.first_of(cells)}."
    )


def retrained_on_validation(comparison, cell):
    """Return the Spread of the new replicates' accuracy on the validation set."""
    return comparison.primary.accuracies[cell].spread["validation"]["accuracy"]


def draw(experiment):
    """Draw a row for each cell: apparent, corrected, retrained, and tested if there is a test."""
    comparison, look = experiment.comparison, canvas.Look(experiment.cells)
    tested = comparison.part == "test"
    cells = [cell for cell in experiment.cells if cell in comparison.selection_optimism]
    figure, axes = canvas.subplots(1.1 + 0.6 * len(cells))
    for row, cell in enumerate(cells):
        optimism = comparison.selection_optimism[cell]
        axes.plot([optimism.apparent], [row - 0.25], **look.dots(cell) | {"marker": "x"})
        if optimism.corrected is not None:
            style, text = look.marker(cell), doc.signed(optimism.optimism)
            canvas.estimate(axes, row, optimism.corrected, optimism.interval, style, text)
        replicates = comparison.primary.accuracies[cell].replicates
        again = [replicate.validation["accuracy"] for replicate in replicates]
        small = {"markersize": 3, "rasterized": len(again) > canvas.CROWDED}
        axes.plot(again, [row + 0.25] * len(again), **look.dots(cell) | small)
        mean = retrained_on_validation(comparison, cell).mean
        canvas.ticks(axes, [mean], row + 0.25, 0.25, color=look.colour(cell))
        if tested:
            accuracy = comparison.primary.accuracies[cell].accuracy
            canvas.ticks(axes, [accuracy], row, 0.8, color=canvas.INK, linestyle=":")
    canvas.rows(axes, cells)
    axes.set_xlabel(f"accuracy (at the right: chosen {doc.MINUS} corrected, points)")
    chosen = {"marker": "x", "label": "on validation, where chosen"}
    axes.plot([], [], color=canvas.MUTED, linestyle="none", **chosen)
    axes.plot([], [], color=canvas.MUTED, marker="o", label="corrected")
    again = {"marker": "o", "markersize": 3, "label": "retrained, on validation"}
    axes.plot([], [], color=canvas.MUTED, linestyle="none", **again)
    if tested:
        axes.plot([], [], color=canvas.INK, linestyle=":", label="retrained, on test (mean)")
    canvas.legend(figure, 2)
    return figure
