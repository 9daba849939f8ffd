"""Where the cells differ: on which tweets each is right more often."""

from tweetrnn.evaluation.slices import FEWEST_GROUPS
from tweetrnn.names import model_label
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.figures.slices import NONE, in_points
from tweetrnn.reporting.sections.effects import is_clear


def blocks(experiment):
    """Return the section's blocks."""
    comparison = experiment.comparison
    if not comparison.slices:
        return [doc.Paragraph("No property divides these tweets.", "note")]
    rows = comparison.slice_differences
    text = (
        f"A slice is the tweets of the {comparison.part} set that share one property; "
        "accuracies are means over replicates. Intervals are 95 % t intervals over groups of "
        "duplicate tweets and over replicates, not corrected for their number; with fewer "
        f"than {FEWEST_GROUPS} groups there is none. English negations are words such as not, "
        "never and don't. All of this is exploratory."
    )
    title = "Accuracy on each slice; ± is half of the 95 % interval"
    accuracies = accuracy_table("slices", title, comparison, comparison.slices)
    finding = sentence(rows, comparison.level) if rows else hardest(comparison)
    blocks = [doc.Paragraph(finding, "finding"), doc.Paragraph(text, "method"), accuracies]
    return [*blocks, difference_table(rows)] if rows else blocks


def hardest(comparison):
    """Return on which slices with enough tweets a single cell is right most and least often."""
    (cell,) = comparison.selected
    found = [row for row in comparison.slices if row.accuracies[cell].interval]
    if not found:
        return "No slice has enough tweets for an interval."
    low, *_, high = sorted([*found, *found], key=lambda row: row.accuracies[cell].accuracy)
    worst, best = (
        f"{doc.visible(f'{row.name}: {row.value}')} ({doc.percent(row.accuracies[cell].accuracy)})"
        for row in (low, high)
    )
    return f"{cell} is right least often where {worst}, and most often where {best}."


def sentence(rows, level):
    """Return on which slices the cells differ; ``rows`` are SliceDifferences."""
    tested = [row for row in rows if row.p_holm is not None]
    if not tested:
        return f"{NONE.capitalize()}."
    clear = [row for row in tested if is_clear(row, level)]
    count = f"{len(tested)} differences on slices"
    if not clear:
        largest = max(tested, key=lambda row: abs(row.difference))
        return (
            f"None of {count} is more than chance after Holm's correction; the largest is "
            f"that on {where(largest)}. That does not show that the cells are equally good there."
        )
    verb = "is" if len(clear) == 1 else "are"
    largest = sorted(clear, key=lambda row: -abs(row.difference))
    return (
        f"{len(clear)} of {count} {verb} more than chance after Holm's correction: "
        f"{doc.first_of([where(row) for row in largest])}."
    )


def where(row):
    """Return ``tokens: 11 to 20, LSTM − SimpleRNN 2.1 points (1.0 to 3.2)``."""
    slice_ = doc.visible(f"{row.name}: {row.value}")
    return f"{slice_}, {doc.cells_of(row)} {in_points(row)}"


def with_margin(value):
    """Return (accuracy, half its interval) as ``0.793 ± 0.021``, or without what is None."""
    accuracy, margin = value
    return doc.share(accuracy) + ("" if margin is None else f" ± {doc.share(margin)}")


def margin(interval):
    """Return half of an interval, None for None."""
    return interval and (interval[1] - interval[0]) / 2


def accuracy_table(name, title, comparison, slices):
    """Return the table of the cells' and the baselines' accuracies on these Slices."""
    models = comparison.primary.accuracies
    rows = [
        {
            **{key: getattr(row, key) for key in ("name", "value", "tweets", "groups")},
            **{model: [e.accuracy, margin(e.interval)] for model, e in row.accuracies.items()},
        }
        for row in slices
    ]
    labels = {name: model_label(name) for name in models}
    columns = [
        *doc.columns(name="property", value="value"),
        *doc.columns(doc.whole, tweets="tweets", groups="without duplicates"),
        *doc.columns(with_margin, **labels),
    ]
    return doc.Table(name, title, columns, rows)


def difference_table(rows):
    """Return the differences between the cells on each slice."""
    rows = [vars(row) | {"who": doc.cells_of(row)} for row in rows]
    columns = [
        *doc.columns(name="property", value="value"),
        *doc.columns(doc.whole, tweets="tweets"),
        *doc.columns(who="cells"),
        *doc.columns(doc.signed, difference="difference"),
        *doc.columns(doc.signed_between, interval="95 % interval"),
        *doc.columns(doc.p_value, p="p", p_holm="p, Holm"),
    ]
    title = (
        "Differences between the cells on each slice, in percentage points; Holm's correction is "
        "over all rows"
    )
    return doc.Table("slice_differences", title, columns, rows)
