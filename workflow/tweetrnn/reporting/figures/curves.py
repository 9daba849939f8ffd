"""The curves of the best runs: loss and accuracy, training and validation, epoch by epoch."""

from tweetrnn.grid import size
from tweetrnn.metrics import EPOCH_METRICS
from tweetrnn.names import RANKINGS, metric_of
from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "Curves"
CATEGORY = "Top runs"
SECTION, AFTER = None, None  # the section of the best runs has a card for each, with its curves
NEEDS_COMPARISON = False
WIDTH = 3.3  # inches


def names(config):
    """Return a loss and an accuracy for each run that is shown in full: curves-LSTM-1-loss."""
    runs = config["training"]["replicates"] * size(config["grid"])
    return [
        name_of(cell, place, quantity)
        for cell in config["grid"]["cell"]
        for place in range(1, min(config["report"]["top"], runs) + 1)
        for quantity in ("loss", "accuracy")
    ]


def name_of(cell, place, quantity):
    """Return the name of the curves of a cell's run at this place of its ranking."""
    return f"curves-{cell}-{place}-{quantity}"


def labels(cell, place, quantity):
    """Return the columns of Snakemake's own report."""
    return {"cell": cell, "place": place, "quantity": quantity}


def caption(config):
    """Return the caption."""
    return (
        f"Loss and accuracy of the cell's best runs (by {RANKINGS[config['report']['rank_by']]}) "
        "over the epochs: training dashed, validation with marks. The dotted line marks the "
        "minimum of the validation loss, to within 1 %, after which the training loss still "
        "falls; without a line the curves do not diverge. All curves of one quantity share one "
        "scale."
    )


def run_at(experiment, cell, place):
    """Return the run at a place, counted from 1, of its cell's ranking, a dict; None without it."""
    return dict(enumerate(experiment.best_runs(cell), 1)).get(int(place))


def metric_shown(experiment, quantity):
    """Return ``loss``, or the metric that accuracy curves show: the binary one if ranked by it."""
    if quantity == "loss":
        return "loss"
    ranked_by = metric_of(experiment.rank_by)
    return "binary_accuracy" if ranked_by == "binary_accuracy" else "accuracy"


def heading(metric):
    """Return what a metric or the loss is called."""
    return EPOCH_METRICS[metric].heading if metric in EPOCH_METRICS else metric


def alt_text(experiment, cell, place, quantity):
    """Return which run it is, where its curves end and where they diverge."""
    run = run_at(experiment, cell, place)
    if not run:
        return f"No curve: {cell} has no finished run {place}."
    metric = metric_shown(experiment, quantity)
    text = f"{heading(metric).capitalize()} over the epochs, training and validation, "
    text += f"of {cell} {run['combination']}, {cell}'s number {place}"
    if metric in ("loss", "accuracy"):
        training, validation = (run[f"{name}_{metric}_at_last"] for name in ("train", "validation"))
        text += f"; at the last epoch {doc.share(training)} and {doc.share(validation)}"
    epoch = run["divergence_epoch"]
    parting = "do not diverge" if epoch is None else f"diverge at epoch {epoch}"
    return f"{text}. The curves {parting}."


def draw(experiment, cell, place, quantity):
    """Draw one run's training and validation curve of the loss or a metric."""
    run = run_at(experiment, cell, place)
    if not run:
        return canvas.note(f"{cell} has no finished run {place}", width=WIDTH)
    history = experiment.history(run)
    metric = metric_shown(experiment, quantity)
    training, validation = history[f"train_{metric}"], history[f"validation_{metric}"]
    figure, axes = canvas.subplots(2.2, width=WIDTH)
    dashed = {"color": canvas.MUTED, "linestyle": (0, (4, 2))}
    axes.plot(history["epoch"], training, label="training", **dashed)
    marked = canvas.Look(experiment.cells).marker(cell)
    if len(history) > 30:
        marked["marker"] = ""
    axes.plot(history["epoch"], validation, label="validation", **marked)
    for name, curve in (("training", training), ("validation", validation)):
        rows = [
            {"epoch": epoch, "set": name, heading(metric): value}
            for epoch, value in zip(history["epoch"].tolist(), curve.tolist(), strict=True)
        ]
        canvas.values(axes, history["epoch"], curve, rows)
    axes.set(ylim=scale(experiment, metric), xlabel="epoch", ylabel=heading(metric))
    canvas.whole_numbers(axes.xaxis, nbins=6)
    if run["divergence_epoch"] is not None:
        epoch = run["divergence_epoch"]
        label = f"validation loss stops falling: epoch {epoch}"
        axes.axvline(epoch, color=canvas.INK, linestyle=":", linewidth=1.2, label=label)
    canvas.legend(figure, 2)
    return figure


def scale(experiment, metric):
    """Return the lowest and the highest y, the same for all curves of a metric."""
    shown = [
        experiment.history(run)[[f"train_{metric}", f"validation_{metric}"]]
        for cell in experiment.cells
        for run in experiment.best_runs(cell)
    ]
    return canvas.limits([value for history in shown for value in history.to_numpy().ravel()])
