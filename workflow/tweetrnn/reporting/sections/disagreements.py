"""The tweets on which the two most accurate cells disagree."""

from tweetrnn.reporting import document as doc
from tweetrnn.reporting.sections.tweets import licence_note
from tweetrnn.wording import listed

NEITHER = "neither"
FEW = 10  # rows in the Markdown where no text is shown


def blocks(experiment):
    """Return the section's blocks, none where a single cell is compared."""
    comparison = experiment.comparison
    found = comparison.disagreements
    if not found:
        return []
    finding = doc.Paragraph(sentence(found, comparison.tweets, comparison.part), "finding")
    if not found.tweets:
        return [finding]
    shown = any(row.shown for row in found.listed)
    return [
        finding,
        doc.Paragraph(method_in_words(comparison), "method"),
        *([licence_note(experiment.tokenized)] if shown else []),
        doc.Filters("disagreements", choices(found, comparison.slices)),
        tweets_table(found, comparison.part, experiment.split, experiment.tweets),
    ]


def sentence(found, tweets, part):
    """Return how often the cells disagree, and who is right then."""
    first, second = found.cells
    if not found.tweets:
        return f"{first} and {second} agree on all {doc.whole(tweets)} {part} tweets."
    return (
        f"{first} and {second} disagree on {doc.whole(found.tweets)} of {doc.whole(tweets)} {part} "
        f"tweets: {first} alone is right on {doc.whole(found.right[first])}, {second} alone on "
        f"{doc.whole(found.right[second])}, neither on {doc.whole(found.neither)}."
    )


def method_in_words(comparison):
    """Return what an answer and a probability are, and what is left out."""
    found = comparison.disagreements
    counts = listed([f"{comparison.failures[cell].replicates} of {cell}" for cell in found.cells])
    text = (
        f"A cell's answer is that of most of its new replicates ({counts}), and its probability is "
        "the mean over them. The number of a tweet is its row among the stored predictions for the "
        f"{comparison.part} set."
    )
    if len(found.listed) < found.tweets:
        listed_ = doc.whole(len(found.listed))
        text += f" Listed are the {listed_} tweets on which the cells are most confident."
    if any(row.shown for row in found.listed):
        text += (
            " Texts are shown for the few tweets of each kind on which the cells are most "
            "confident (report.show_tweets); people's handles are masked."
        )
    return (
        f"{text} report.md has the first rows; report.html and tables/disagreements.csv have all."
    )


def who_is_right(row):
    """Return the cell whose answer is the label, or that there is none."""
    return next((cell for cell, answer in row.answers.items() if answer == row.label), NEITHER)


def tweets_table(found, part, split, texts):
    """Return the table of the tweets.

    Args:
        found: the Disagreements.
        part: the set that the tweets are of.
        split: the split's facts, which name the corpus's own slices.
        texts: the texts of those that are shown, by corpus row.
    """
    rows = [
        {
            "row": row.row,
            "label": row.label,
            "right": who_is_right(row),
            **{f"answer_{k}": row.answers[cell] for k, cell in enumerate(found.cells)},
            **{f"probability_{k}": row.probabilities[cell] for k, cell in enumerate(found.cells)},
            **{f"slice_{name}": row.slices[name] for name in row.slices},
            "text": doc.visible(texts[row.corpus_row]) if row.shown else None,
        }
        for row in found.listed
    ]
    columns = [*doc.columns(str, row="tweet"), *doc.columns(label="label", right="right")]
    for k, cell in enumerate(found.cells):
        columns += doc.columns(**{f"answer_{k}": cell})
        columns += doc.columns(doc.share, **{f"probability_{k}": "p"})
    columns += doc.columns(**{f"slice_{name}": name for name in split["parts"][part]["slices"]})
    columns += doc.columns(text="text")
    caption = f"The {part} tweets on which {' and '.join(found.cells)} disagree; p is probability"
    brief = [row for row in rows if row["text"]] or rows[:FEW]
    return doc.Table("disagreements", caption, columns, rows, brief=brief)


def choices(found, slices):
    """Return what the rows can be filtered by: [(title, values, each row's value)].

    ``slices`` are the comparison's, whose values are in their order.
    """
    rows = found.listed
    labels = [row.label for row in rows]
    each = [("right", [*found.cells, NEITHER], [who_is_right(row) for row in rows])]
    each += [("label", sorted(set(labels)), labels)]
    for name in rows[0].slices:
        values = [row.slices[name] for row in rows]
        order = [row.value for row in slices if row.name == name and row.value]
        order += sorted(set(values) - {None, *order})
        each.append((name, order, values))
    return [
        (title, [value for value in order if value in values], values)
        for title, order, values in each
        if len(set(values)) > 1
    ]
