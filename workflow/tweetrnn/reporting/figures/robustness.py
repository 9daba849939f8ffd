"""The difference of the cells on every other split, under the published interval."""

from tweetrnn.names import SPLIT_KINDS
from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "The difference on other splits"
CATEGORY = "Comparison"
SECTION, AFTER = "robustness", "robustness"
NEEDS_COMPARISON = True


def names(config):
    """Return the figure's name, none without other splits or for a single cell."""
    asked = config["robustness"]["splits"] or config["robustness"]["reselect"]
    return ["robustness"] if asked and len(config["grid"]["cell"]) > 1 else []


def caption(config):
    """Return the caption in Snakemake's own report."""
    return (
        "The difference of the cells' accuracies on the experiment's own split, with its 95 % "
        "interval, and beneath on every other split. Diamonds are means over random splits, with "
        "the interval of the corrected resampled t-test."
    )


def oriented(experiment, pair):
    """Return (better, other, sign): the cell that is ahead in the headline comes first."""
    accuracies = experiment.comparison.primary.accuracies
    if accuracies[pair.first].accuracy >= accuracies[pair.second].accuracy:
        return pair.first, pair.second, 1
    return pair.second, pair.first, -1


def alt_text(experiment):
    """Return the mean difference by kind of split."""
    kinds = []
    for pair in experiment.robustness.pairs:
        better, other, sign = oriented(experiment, pair)
        mean = doc.signed_points(sign * pair.mean)
        kinds.append(
            f"{SPLIT_KINDS[pair.kind]}, {better} {doc.MINUS} {other}: {mean} points on average "
            f"over {len(pair.splits)}"
        )
    return f"Differences on other splits: {doc.first_of(kinds)}."


def draw(experiment):
    """Draw a panel for each two cells: the published difference, then a row for each kind."""
    pairs = experiment.comparison.primary.pairs
    kinds = list(dict.fromkeys(pair.kind for pair in experiment.robustness.pairs))
    height = 0.5 + len(pairs) * (0.5 + 0.34 * (1 + len(kinds)))
    figure, panels = canvas.subplots(height, len(pairs), 1, sharex=True, squeeze=False)
    for axes, published in zip(panels.flat, pairs, strict=True):
        draw_pair(axes, experiment, published, kinds)
    figure.supxlabel("difference, percentage points", fontsize=9)
    return figure


def draw_pair(axes, experiment, published, kinds):
    """Draw the differences of two cells, in points."""
    better, other, sign = oriented(experiment, published)
    by_kind = {
        pair.kind: pair
        for pair in experiment.robustness.pairs
        if (pair.first, pair.second) == (published.first, published.second)
    }
    axes.axvline(0, color=canvas.INK, linewidth=1.0)
    mean = {"color": canvas.INK, "marker": "d"}
    interval = in_points(published.interval, sign)
    text = doc.signed_points(sign * published.difference)
    canvas.estimate(axes, 0, 100 * sign * published.difference, interval, mean, text)
    for row, kind in enumerate(kinds, 1):
        if pair := by_kind.get(kind):
            canvas.ticks(
                axes, [100 * sign * d for d in pair.differences], row, 0.45, color=canvas.MUTED
            )
            text = doc.signed_points(sign * pair.mean)
            interval = in_points(pair.interval, sign)
            canvas.estimate(axes, row, 100 * sign * pair.mean, interval, mean, text)
    canvas.rows(axes, ["this experiment's split", *(SPLIT_KINDS[kind] for kind in kinds)])
    axes.set_title(f"{better} {doc.MINUS} {other}")


def in_points(interval, sign):
    """Return an interval of shares in percentage points, None for none."""
    return None if interval is None else sorted(100 * sign * end for end in interval)
