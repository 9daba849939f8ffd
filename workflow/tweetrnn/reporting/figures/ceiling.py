"""The best accuracy that the labels allow, and the models' accuracies beside it."""

import textwrap

from tweetrnn.names import model_label
from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "What the labels allow"
CATEGORY = "Data"
SECTION, AFTER = "ceiling", None
NEEDS_COMPARISON = True
NONE = "no tweet was labelled twice"
NARROW = 18  # letters of a line of a row's name


def caption(config):
    """Return the caption."""
    return (
        "How often two labels of the same tweet agree, with the 95 % interval; the band is where "
        "the best possible accuracy would be if these tweets were typical. Below, the models' "
        "accuracies with their 95 % intervals."
    )


def agreements(ceiling):
    """Return {row's name: LabelAgreement} of those with pairs; the first gives the band."""
    found = {"labels of one tweet": ceiling.same_id, "labels of equal tokens": ceiling.same_tokens}
    return {name: one for name, one in found.items() if one.pairs}


def alt_text(experiment):
    """Return between what the best possible accuracy lies, and the best model's."""
    found = agreements(experiment.comparison.ceiling)
    if not found:
        return f"The best possible accuracy is unknown: {NONE}."
    low, high = map(doc.share, next(iter(found.values())).best_accuracy)
    accuracies = experiment.comparison.primary.accuracies
    best = max(accuracies, key=lambda name: accuracies[name].accuracy)
    return (
        f"The best possible accuracy is between {low} and {high} if tweets that were labelled "
        f"twice are typical; the best model, {model_label(best)}, has "
        f"{doc.share(accuracies[best].accuracy)}."
    )


def draw(experiment):
    """Draw the agreements, the band, and the models' accuracies."""
    comparison, look = experiment.comparison, canvas.Look(experiment.trained_cells)
    found, models = agreements(comparison.ceiling), comparison.primary.accuracies
    if not found:
        return canvas.note(NONE)
    rows = [*found, *map(model_label, models)]
    figure, axes = canvas.subplots(0.85 + 0.27 * len(rows))
    band = next(iter(found.values())).best_accuracy
    axes.axvspan(*band, color=canvas.MUTED, alpha=0.25, linewidth=0, label="best possible accuracy")
    ink = {"color": canvas.INK, "marker": "d"}
    for row, (name, one) in enumerate(found.items()):
        told = {"what": f"{name} that agree, of {one.pairs} pairs"}
        told |= canvas.with_interval("share", one.share, one.interval)
        canvas.estimate(axes, row, one.share, one.interval, ink, doc.share(one.share), told)
    for row, (name, model) in enumerate(models.items(), len(found)):
        told = {"what": f"{model_label(name)}: {comparison.part} accuracy"}
        told |= canvas.with_interval("share", model.accuracy, model.interval)
        style, text = look.marker(name), doc.share(model.accuracy)
        canvas.estimate(axes, row, model.accuracy, model.interval, style, text, told)
    canvas.rows(axes, [textwrap.fill(name, NARROW) for name in rows])
    axes.axhline(len(found) - 0.5, color=canvas.GRID, linewidth=0.8)
    axes.set_xlabel(f"share of pairs that agree; {comparison.part} accuracy")
    canvas.legend(figure)
    return figure
