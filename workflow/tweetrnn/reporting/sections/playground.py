"""The selected models, to be tried."""

from tweetrnn.reporting import document as doc
from tweetrnn.wording import listed

EXAMPLES = [
    "Thanks for the quick reply, but it still does not work :(",
    "Best service I have had in years, thank you so much!",
    "Three hours late and nobody tells us why... never again",
    "Is this open on Sunday?",
    "Not bad at all, I was really surprised :)",
]


def blocks(experiment):
    """Return the section's blocks, none in a partial report or where no playground is wanted."""
    playground = experiment.playground
    if not playground:
        return []
    notes = [doc.Paragraph(note, "note") for note in playground.notes]
    if not playground.data:
        return notes
    text = (
        "Type a tweet into report.html to see what the selected runs make of it after each word, "
        "what each word contributed, and what the networks remember. The page computes that by "
        "itself, with JavaScript and without a network."
    )
    measured = " ".join(
        [
            *words_in_words(playground.cut, experiment.split),
            agreement_in_words(playground.agreement),
        ]
    )
    return [doc.Paragraph(text), doc.Playground(playground.data, EXAMPLES, measured), *notes]


def words_in_words(cut, split):
    """Yield sentences on which words the page knows; ``split`` are the split's facts."""
    of = "training tokens" if split["fit_on"] == "train" else "tokens"
    covered = f"cover {doc.percent(cut.coverage)} of the {of}"
    if cut.rare:
        often = f"fewer than {doc.whole(cut.min_count)} times" if cut.min_count > 2 else "only once"
        handles = ", and so are handles of people" if cut.handles else ""
        yield f"Words that occur {often} are unknown here{handles}; the others {covered}."
    elif cut.handles:
        yield f"Handles of people are unknown here; the other words {covered}."


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
        "A word is unknown where the models' vocabulary lacks it. The weights of all but the most "
        "frequent words are rounded to 8 bits, one scale for each "
        f"word and gate. With all this, {listed(each)}."
    )
