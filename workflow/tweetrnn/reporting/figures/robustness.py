"""The difference of the cells on every other split, under the published interval."""

from tweetrnn.names import SPLIT_KINDS
from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "The difference on other splits"
CATEGORY = "Comparison"
SECTION, AFTER = "robustness", "robustness"
NEEDS_COMPARISON = True
OWN_SPLIT = "this experiment's split"


def names(config):
    """Return the figure's name, none without other splits or for a single cell."""
    asked = config["robustness"]["splits"] or config["robustness"]["reselect"]
    return ["robustness"] if asked and len(config["grid"]["cell"]) > 1 else []


def caption(config):
    """Return the caption."""
    return (
        "The difference of the cells' accuracies on the experiment's own split, with its 95 % "
        "interval, and below that on every other split, a tick for each. Diamonds are means, those "
        "of random splits with the interval of the corrected resampled t-test."
    )


def alt_text(experiment):
    """Return the mean difference by kind of split."""
    kinds = [
        f"{SPLIT_KINDS[pair.kind]}, {doc.cells_of(pair)}: "
        f"{doc.signed(pair.mean)} points on average over {len(pair.splits)}"
        for pair in experiment.robustness.pairs
    ]
    return f"Differences on other splits: {doc.first_of(kinds)}."


def draw(experiment):
    """Draw a panel for each two cells: the published difference, then a row for each kind."""
    pairs = experiment.comparison.primary.pairs
    kinds = list(dict.fromkeys(pair.kind for pair in experiment.robustness.pairs))
    height = 0.5 + len(pairs) * (0.5 + 0.34 * (1 + len(kinds)))
    figure, panels = canvas.subplots(height, len(pairs), 1, sharex=True, squeeze=False)
    for axes, published in zip(panels.flat, pairs, strict=True):
        draw_pair(axes, experiment.robustness.pairs, published, kinds)
    figure.supxlabel("difference, percentage points", fontsize=9)
    return figure


def draw_pair(axes, pairs, published, kinds):
    """Draw the differences of two cells, in points."""
    axes.axvline(0, color=canvas.INK, linewidth=1.0)
    cells = doc.cells_of(published)
    own = {"cells": cells, "split": OWN_SPLIT}
    draw_mean(axes, 0, published.difference, published.interval, own)
    by_kind = {
        pair.kind: pair
        for pair in pairs
        if (pair.first, pair.second) == (published.first, published.second)
    }
    for row, kind in enumerate(kinds, 1):
        if pair := by_kind.get(kind):
            points = [100 * difference for difference in pair.differences]
            canvas.ticks(axes, points, row, 0.45, color=canvas.MUTED)
            each = [
                {"cells": cells, "split": split, "difference, points": difference}
                for split, difference in zip(pair.splits, points, strict=True)
            ]
            canvas.values(axes, points, row, each)
            mean = {"cells": cells, "split": f"{SPLIT_KINDS[kind]}, mean of {len(points)}"}
            draw_mean(axes, row, pair.mean, pair.interval, mean)
    canvas.rows(axes, [OWN_SPLIT, *(SPLIT_KINDS[kind] for kind in kinds)])
    axes.set_title(cells)


def draw_mean(axes, row, difference, interval, told):
    """Draw a mean difference and its interval, shares of 1, in points."""
    style = {"color": canvas.INK, "marker": "d"}
    ends = interval and [100 * end for end in interval]
    told |= canvas.with_interval("difference, points", 100 * difference, ends)
    canvas.estimate(axes, row, 100 * difference, ends, style, doc.signed(difference), told)
