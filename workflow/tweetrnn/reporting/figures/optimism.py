"""How much selecting on validation flatters: the best accuracy, that corrected, and retrained."""

from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "What selection flatters"
CATEGORY = "Comparison"
SECTION, AFTER = "real", "optimism"
NEEDS_COMPARISON = True


def caption(config):
    """Return the caption."""
    return (
        "The validation accuracy of each cell's best run (cross), and what is left of it when the "
        "selection is repeated on resampled tweets and judged on those that were not drawn (with "
        "its 95 % interval). Resampling tweets leaves out luck with the seed, so the small marks "
        "show the selected combination, trained again with other seeds and measured on the same "
        "validation tweets, with their mean. If there is a test set, the dotted line is their mean "
        "accuracy there."
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
        "Validation accuracy of the best run, what is left of it on tweets that were not used to "
        "select it, and the mean of the selected combination trained again with other seeds: "
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
        draw_cell(axes, row, cell, comparison, look)
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


def draw_cell(axes, row, cell, comparison, look):
    """Draw a cell's row: apparent above, corrected in the middle, retrained beneath."""
    optimism, model = comparison.selection_optimism[cell], comparison.primary.accuracies[cell]

    def described(what, value, interval=None):
        return {"cell": cell, "what": what} | canvas.with_interval("accuracy", value, interval)

    axes.plot([optimism.apparent], [row - 0.25], **look.dots(cell) | {"marker": "x"})
    chosen = [described("on validation, where chosen", optimism.apparent)]
    canvas.values(axes, [optimism.apparent], [row - 0.25], chosen)
    if optimism.corrected is not None:
        style, text, interval = look.marker(cell), doc.signed(optimism.optimism), optimism.interval
        corrected = described("corrected", optimism.corrected, interval)
        canvas.estimate(axes, row, optimism.corrected, interval, style, text, corrected)
    again = [replicate.validation["accuracy"] for replicate in model.replicates]
    small = {"markersize": 3, "rasterized": len(again) > canvas.CROWDED}
    axes.plot(again, [row + 0.25] * len(again), **look.dots(cell) | small)
    retrained = [described("retrained, on validation", accuracy) for accuracy in again]
    canvas.values(axes, again, row + 0.25, retrained)
    mean = retrained_on_validation(comparison, cell).mean
    canvas.ticks(axes, [mean], row + 0.25, 0.25, color=look.colour(cell))
    if comparison.part == "test":
        canvas.ticks(axes, [model.accuracy], row, 0.8, color=canvas.INK, linestyle=":")
        tested = [described("retrained, on test (mean)", model.accuracy)]
        canvas.values(axes, [model.accuracy], row, tested)
