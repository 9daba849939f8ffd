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
BOUND = (
    "A model that always gave a tweet's most likely label would be right at least as often as two "
    "labels agree"
)


def blocks(experiment):
    """Return the section's blocks."""
    comparison = experiment.comparison
    ceiling = comparison.ceiling
    texts = [
        *agreement("Two labels of the same tweet (rows with one identifier)", ceiling.same_id),
        *agreement("Labels of different tweets with the same tokens", ceiling.same_tokens),
    ]
    if texts:
        texts += [right(comparison), bound(ceiling), UNTYPICAL]
    else:
        texts = ["No tweet was labelled twice, so how far its labels can be trusted is unknown."]
    blocks = [doc.Paragraph(" ".join(texts))]
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
    each = [f"{cell} in {doc.percent(accuracies[cell].accuracy)}" for cell in comparison.selected]
    return f"The selected models are right on the {comparison.part} set: {listed(each)}."


def bound(ceiling):
    """Return between what the best possible accuracy lies."""
    found = ceiling.same_id if ceiling.same_id.pairs else ceiling.same_tokens
    return (
        f"{BOUND}: if these pairs were typical, the best possible accuracy would be between "
        f"{listed([doc.points(end) for end in found.best_accuracy])}\u00a0%."
    )
