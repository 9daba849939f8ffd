"""The differences between the cells on slices: tweets that have one property in common."""

from tweetrnn.evaluation.cell_order import best_first
from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "Where the cells differ"
CATEGORY = "Comparison"
SECTION, AFTER = "slices", "slice_differences"
NEEDS_COMPARISON = True
LONG = 30  # letters of a row's name; more are cut
LONG_PAIR = 18  # letters of two cells' names that leave a title no room for more
NONE = "no slice has enough tweets to compare the cells on it"


def names(config):
    """Return the figure's name, none for a single cell."""
    return ["slices"] if len(config["grid"]["cell"]) > 1 else []


def caption(config):
    """Return the caption."""
    return (
        "The difference in accuracy between the cells, on tweets that have one property in common. "
        "The lines are 95 % intervals, not corrected for their number; slices with too few "
        "tweets are left out. The dashed line is the difference on all tweets. This is exploratory."
    )


def panels(comparison):
    """Return {(best cell, other cell): its SliceDifferences that have an interval}."""
    best, found = best_first(comparison)[0], {}
    for row in comparison.slice_differences:
        if row.first == best and row.interval:
            found.setdefault((best, row.second), []).append(row)
    return found


def label(row):
    """Return what a row is called: ``tokens: 11 to 20``."""
    text = doc.visible(f"{row.name}: {row.value}")
    return text if len(text) <= LONG else f"{text[: LONG - 1]}\u2026"


def in_points(row):
    """Return a row's difference as ``2.1 points (1.0 to 3.2)``."""
    return f"{doc.points(row.difference)} points ({doc.points_between(row.interval)})"


def alt_text(experiment):
    """Return the smallest and the largest difference."""
    texts = []
    for (best, other), rows in panels(experiment.comparison).items():
        low, *_, high = sorted([*rows, *rows], key=lambda row: row.difference)
        texts.append(
            f"{best} {doc.MINUS} {other} from {in_points(low)} where {label(low)} to "
            f"{in_points(high)} where {label(high)}"
        )
    if not texts:
        return f"{NONE.capitalize()}."
    return f"Differences in accuracy on slices, with 95 % intervals: {doc.first_of(texts, 2)}."


def draw(experiment):
    """Draw a panel for each other cell, and in it a row for each slice."""
    found, accuracies = panels(experiment.comparison), experiment.comparison.primary.accuracies
    if not found:
        return canvas.note(NONE)
    height = sum(0.45 + 0.21 * len(rows) for rows in found.values())
    figure, axes = canvas.subplots(0.5 + height, len(found), 1, sharex=True, squeeze=False)
    for panel, ((best, other), rows) in zip(axes.flat, found.items(), strict=True):
        draw_rows(panel, rows)
        overall = accuracies[best].accuracy - accuracies[other].accuracy
        dashes = {"linewidth": 1.1, "linestyle": (0, (4, 2))}
        panel.axvline(100 * overall, color=canvas.MUTED, **dashes)
        gap = "\n" if len(best + other) > LONG_PAIR else "; "
        panel.set_title(f"{best} {doc.MINUS} {other}{gap}all tweets {doc.points(overall)}")
    ends = [100 * end for rows in found.values() for row in rows for end in row.interval]
    panel.set_xlim(*canvas.limits([0.0, *ends]))
    figure.supxlabel("difference in accuracy, percentage points", fontsize=9)
    return figure


def draw_rows(axes, rows):
    """Draw each slice's difference on its interval, with lines between the properties."""
    axes.axvline(0, color=canvas.INK, linewidth=1.0)
    style = {"color": canvas.INK, "marker": "d"}
    for place, row in enumerate(rows):
        interval = [100 * end for end in row.interval]
        text = doc.points(row.difference)
        told = {"slice": f"{row.name}: {row.value}", "tweets": row.tweets}
        told |= {"cells": doc.cells_of(row)}
        told |= canvas.with_interval("difference, points", 100 * row.difference, interval)
        canvas.estimate(axes, place, 100 * row.difference, interval, style, text, told)
        if place and row.name != rows[place - 1].name:
            axes.axhline(place - 0.5, color=canvas.GRID, linewidth=0.8)
    canvas.rows(axes, [label(row) for row in rows])
    axes.grid(axis="y", visible=False)
