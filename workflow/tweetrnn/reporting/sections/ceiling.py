"""How close the accuracies are to what the labels allow."""

from tweetrnn.evaluation.slices import CONFIDENCE
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.sections.slices import accuracy_table
from tweetrnn.reporting.verdict import INTERVAL, interval_in_points
from tweetrnn.wording import listed

UNTYPICAL = (
    "Tweets that appear twice were not drawn at random: short and common phrases repeat most, and "
    "the same row may be there twice because something about it was unusual. Other tweets may be "
    "easier or harder to label."
)
WHY = (
    "A model that always gave a tweet's most likely label would be right at least as often as two "
    "labels agree."
)
UNKNOWN = "No tweet was labelled twice, so it is unknown how far the labels can be trusted."


def blocks(experiment):
    """Return the section's blocks."""
    comparison = experiment.comparison
    ceiling = comparison.ceiling
    texts = [
        *agreement("Two labels of the same tweet (rows with one identifier)", ceiling.same_id),
        *agreement("Labels of different tweets with the same tokens", ceiling.same_tokens),
    ]
    blocks = [doc.Paragraph(UNKNOWN, "finding")]
    if texts:
        blocks = [
            doc.Paragraph(f"{bound(ceiling)} {right(comparison)}", "finding"),
            doc.Paragraph(" ".join([*texts, WHY, UNTYPICAL]), "method"),
        ]
    confidence = [row for row in comparison.slices if row.name == CONFIDENCE]
    if confidence:
        title = (
            "Accuracy by the annotators' confidence in the label; ± is half of the 95 % interval"
        )
        blocks.append(accuracy_table("confidence", title, comparison, confidence))
    return blocks


def agreement(opening, found):
    """Yield how often labels agreed, if there was a pair."""
    if found.pairs:
        yield (
            f"{opening} agreed in {doc.percent(found.share)} of {doc.whole(found.pairs)} pairs "
            f"({INTERVAL} {interval_in_points(found.interval)}\u00a0%)."
        )


def right(comparison):
    """Return how often the selected models are right."""
    accuracies = comparison.primary.accuracies
    each = [f"{doc.percent(accuracies[cell].accuracy)} ({cell})" for cell in comparison.selected]
    return f"On the {comparison.part} set the selected models reach {listed(each)}."


def bound(ceiling):
    """Return between what the best possible accuracy lies."""
    found = ceiling.same_id if ceiling.same_id.pairs else ceiling.same_tokens
    return (
        f"Two labels of a tweet agree in {doc.percent(found.share)} of {doc.whole(found.pairs)} "
        "pairs; if these were typical, the best possible accuracy would be between "
        f"{listed([doc.points(end) for end in found.best_accuracy])}\u00a0%."
    )
