"""What averaging over seeds gains: each cell's replicates, their mean, and their ensemble."""

from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "What averaging over seeds gains"
CATEGORY = "Comparison"
SECTION, AFTER = "real", "ensembles"
NEEDS_COMPARISON = True


def names(config):
    """Return the figure's name, none where a selected combination is trained once."""
    return ["ensembles"] if config["training"]["selected_replicates"] > 1 else []


def caption(config):
    """Return the caption."""
    return (
        "The accuracy of each replicate of the selected combinations (small marks), their mean, "
        "and the accuracy of the replicates' ensemble, the mean of their probabilities (diamond). "
        "The gain is at the right, in percentage points."
    )


def alt_text(experiment):
    """Return each cell's mean accuracy and its ensemble's."""
    comparison = experiment.comparison
    cells = [
        f"{cell} {doc.share(comparison.primary.accuracies[cell].accuracy)} to {doc.share(together)}"
        for cell, together in comparison.ensembles.accuracies.items()
    ]
    return f"From the mean accuracy of single replicates to their ensemble's: {'; '.join(cells)}."


def draw(experiment):
    """Draw a row for each cell."""
    comparison, look = experiment.comparison, canvas.Look(experiment.cells)
    ensembles = comparison.ensembles.accuracies
    cells = [cell for cell in experiment.cells if cell in ensembles]
    figure, axes = canvas.subplots(1.0 + 0.45 * len(cells))
    for row, cell in enumerate(cells):
        draw_cell(axes, row, cell, comparison, look)
    canvas.rows(axes, cells)
    axes.set_xlabel(f"{comparison.part} accuracy")
    small, grey = {"marker": "o", "linestyle": "none"}, {"color": canvas.MUTED}
    axes.plot([], [], **small, **grey, markersize=3, label="a replicate")
    axes.plot([], [], **small, **grey, label="mean of replicates")
    axes.plot([], [], **small | {"marker": "d"}, color=canvas.INK, label="ensemble")
    canvas.legend(figure)
    return figure


def draw_cell(axes, row, cell, comparison, look):
    """Draw a cell's replicates, and a line from their mean to their ensemble."""
    model, together = comparison.primary.accuracies[cell], comparison.ensembles.accuracies[cell]
    several = [run.scores(comparison.part)["accuracy"] for run in model.replicates]
    dots = look.dots(cell) | {"markersize": 3, "rasterized": len(several) > canvas.CROWDED}
    axes.plot(several, [row + 0.3] * len(several), **dots)
    axes.plot([model.accuracy, together], [row, row], color=canvas.MUTED, linewidth=1.0)
    axes.plot([model.accuracy], [row], **look.dots(cell))
    whats = [f"replicate {run.replicate}" for run in model.replicates] + ["mean of replicates"]
    told = [
        {"cell": cell, "what": what, "accuracy": accuracy}
        for what, accuracy in zip(whats, [*several, model.accuracy], strict=True)
    ]
    places = [*([row + 0.3] * len(several)), row]
    canvas.values(axes, [*several, model.accuracy], places, told)
    ensemble = {"cell": cell, "what": "ensemble", "accuracy": together}
    text, diamond = doc.signed(together - model.accuracy), {"color": canvas.INK, "marker": "d"}
    canvas.estimate(axes, row, together, None, diamond, text, ensemble)
