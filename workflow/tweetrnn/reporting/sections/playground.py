"""The selected models, to be tried."""

from tweetrnn.reporting import document as doc
from tweetrnn.wording import listed

EXAMPLE = "Thanks for the quick reply, but it still does not work :("


def blocks(experiment):
    """Return the section's blocks, none in a partial report or where no playground is wanted."""
    playground = experiment.playground
    if not playground:
        return []
    notes = [doc.Paragraph(note, "note") for note in playground.notes]
    if not playground.data:
        return notes
    text = (
        "Type a tweet into report.html to see what the selected runs make of it after each word; "
        "the page computes that by itself, with JavaScript and without a network."
    )
    agreement = agreement_in_words(playground.agreement)
    return [doc.Paragraph(text), doc.Playground(playground.data, EXAMPLE, agreement), *notes]


def agreement_in_words(rows):
    """Return how the page's arithmetic agrees with the models as trained."""
    each = [
        f"{row['cell']} gives {doc.whole(row['equal_labels'])} of {doc.whole(row['tweets'])} "
        f"validation tweets ({100 * row['equal_labels'] / row['tweets']:.2f}\u00a0%) the label "
        "that it gave when it was trained (largest difference of a probability: "
        f"{row['largest_difference']:.4f})"
        for row in rows
    ]
    return (
        "In the page the weights of all but the most frequent words are rounded to 8 bits, one "
        f"scale for each word and gate. So {listed(each)}. A word is unknown where the models' "
        "vocabulary lacks it."
    )
