"""The selected cells' accuracies and the baselines', with intervals, and their differences."""

import textwrap

from tweetrnn.names import BASELINES, model_label
from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "The selected models"
CATEGORY = "Comparison"
SECTION, AFTER = "headline", None
NEEDS_COMPARISON = True
LONG = 24  # letters of two cells' names that leave a title no room for more
NARROW = 14  # letters of a line of a model's name


def caption(config):
    """Return the caption."""
    text = (
        "Accuracy of each cell's selected combination, the mean of its replicates, beside the "
        "baselines; below, the differences between cells and from each baseline. The lines are "
        "95 % intervals over groups of duplicate tweets and over replicates (none where there are "
        "too few tweets or disagreements), the small marks single replicates. An interval that "
        "contains zero is consistent with no difference."
    )
    if not config["split"]["fractions"]["test"]:
        text += (
            " There is no test set: the accuracies are those on the validation set, on which "
            "the combinations were selected, so they are optimistic."
        )
    return text


def in_brackets(write, estimate):
    """Return an estimate's interval behind a space, in brackets; "" without one."""
    return f" ({write(estimate.interval)})" if estimate.interval else ""


def alt_text(experiment):
    """Return all accuracies and the first differences between cells, with their intervals."""
    comparison = experiment.comparison
    accuracies = "; ".join(
        f"{model_label(name)} {doc.share(model.accuracy)}{in_brackets(doc.between, model)}"
        for name, model in comparison.primary.accuracies.items()
    )
    text = f"{comparison.part.capitalize()} accuracies with {100 * comparison.level:g} % intervals"
    pairs = [
        f"{doc.cells_of(pair)} {doc.signed(pair.difference)}{in_brackets(doc.signed_between, pair)}"
        for pair in comparison.primary.pairs
    ]
    differences = f" Differences in points: {doc.first_of(pairs)}." if pairs else ""
    return f"{text}: {accuracies}.{differences}"


def draw(experiment):
    """Draw the accuracies at the top, and below them the differences, a panel for each kind."""
    primary, look = experiment.comparison.primary, canvas.Look(experiment.trained_cells)
    panels = differences(primary)
    heights = [len(primary.accuracies) * 1.3, *map(len, panels.values())]
    figure, (top, *below) = canvas.subplots(
        0.3 + 0.5 * len(heights) + 0.21 * sum(heights), len(heights), 1, height_ratios=heights
    )
    draw_accuracies(top, experiment.comparison, look)
    ends = [0.0]
    for axes, (title, panel) in zip(below, panels.items(), strict=True):
        axes.axvline(0, color=canvas.INK, linewidth=1.0)
        for row, (name, cell, pair) in enumerate(panel):
            style = look.marker(cell) if cell else {"color": canvas.INK, "marker": "d"}
            text, between = doc.signed(pair.difference), (pair.difference, pair.interval)
            told = {"what": f"{name}: {title}" if cell else f"{name}: difference"}
            told |= canvas.with_interval("difference, points", *between, unit=100)
            canvas.estimate(axes, row, *between, style, text, told)
            ends += [pair.difference, *(pair.interval or [])]
        canvas.rows(axes, [name for name, _, _ in panel])
        axes.set_title(title)
    for axes in below:
        axes.set_xlim(*canvas.limits(ends))
        canvas.points(axes.xaxis)
        last = axes is below[-1]
        axes.tick_params(axis="x", labelbottom=last, length=3.5 if last else 0)
    below[-1].set_xlabel("points")
    return figure


def differences(primary):
    """Return {title: [(row's name, its cell or None, Difference)]}, without empty ones."""
    panels = {
        "difference between cells": [(doc.cells_of(pair), None, pair) for pair in primary.pairs]
    }
    for pair in primary.against_baselines:
        title = f"difference from {model_label(pair.baseline)}"
        panels.setdefault(title, []).append((pair.cell, pair.cell, pair))
    return {title: panel for title, panel in panels.items() if panel}


def draw_accuracies(axes, comparison, look):
    """Draw each accuracy on its interval, and a cell's replicates as small marks beneath it."""
    accuracies = comparison.primary.accuracies
    for row, (name, model) in enumerate(accuracies.items()):
        if name in BASELINES:
            line = {"linewidth": 0.9, "linestyle": canvas.BASELINE_LINES[name]}
            axes.axvline(model.accuracy, color=canvas.MUTED, **line)
        elif len(model.replicates) > 1:
            draw_replicates(axes, row + 0.36, name, model.replicates, comparison.part, look)
        style, text = look.marker(name), doc.share(model.accuracy)
        told = {"what": f"{model_label(name)}: {comparison.part} accuracy"}
        told |= canvas.with_interval("accuracy", model.accuracy, model.interval)
        canvas.estimate(axes, row, model.accuracy, model.interval, style, text, told)
    canvas.rows(axes, [textwrap.fill(model_label(name), NARROW) for name in accuracies])
    axes.set_title(title(comparison))


def draw_replicates(axes, row, name, replicates, part, look):
    """Draw the accuracy of each of a model's replicates as a small mark."""
    several = [run.scores(part)["accuracy"] for run in replicates]
    dots = look.dots(name) | {"markersize": 3, "rasterized": len(several) > canvas.CROWDED}
    axes.plot(several, [row] * len(several), **dots)
    what = f"{model_label(name)}: {part} accuracy of a replicate"
    told = [
        {"what": what, "replicate": run.replicate, "accuracy": accuracy}
        for run, accuracy in zip(replicates, several, strict=True)
    ]
    canvas.values(axes, several, row, told)


def title(comparison):
    """Return what the accuracies are of, in as many lines as long names of cells leave."""
    gap = ", where selected\n" if comparison.optimistic else " "
    pairs = comparison.primary.pairs
    if max((len(pair.first + pair.second) for pair in pairs), default=0) > LONG:
        gap = ",\nwhere selected\n" if comparison.optimistic else "\n"
    small = "(small: each replicate)" if len(comparison.replicates) > 1 else ""
    return f"accuracy on {comparison.part}{gap}{small}".rstrip()
