"""The reference's figures beside ours."""

from tweetrnn.reporting import document as doc
from tweetrnn.wording import listed

ABOUT = (
    "This workflow repeats a course report that compared the two cells by hand. It ranks its runs "
    "by validation accuracy, averaged over epochs, and says neither which classes it told apart "
    "nor which accuracy it measured. Its printed layer sizes are those of two classes in the order "
    "of the file, where always answering “negative” scores 0.854. The other reading is three "
    "classes and Keras's binary accuracy on one-hot labels, where always answering “negative” "
    "scores about 0.75. Its figures, 0.857 to 0.876, have to be read beside these. Both readings "
    "are presets of this workflow; docs/real-tweets.md has what they give on the real tweets."
)
# The epoch, "about", after which it says that training and validation curves diverge.
PUBLISHED_DIVERGENCE = {"SimpleRNN": 2, "LSTM": 4}
PARAMETERS = (
    "Parameters are (recurrent layers, hidden dense layers, dropout, regularisation, learning "
    "rate). The question that the published figures raise: how much of them is the majority class?"
)


def blocks(experiment):
    """Return the section's blocks."""
    reference = experiment.comparison.reference
    majority = {
        f"majority_{name}": reference.majority[name] for name in ("accuracy", "binary_accuracy")
    }
    rows = [
        {
            "cell": row.cell,
            "reference_tuple": row.reference_tuple,
            "published": row.published,
            "mean_accuracy": row.ours["mean_accuracy"],
            "mean_binary_accuracy": row.ours["mean_binary_accuracy"],
            **majority,
        }
        for row in reference.rows
    ]
    columns = [
        *doc.columns(cell="cell", reference_tuple="parameters"),
        *doc.columns(
            doc.share,
            published="published",
            mean_accuracy="ours, accuracy",
            majority_accuracy="majority, accuracy",
            mean_binary_accuracy="ours, binary accuracy",
            majority_binary_accuracy="majority, binary accuracy",
        ),
    ]
    caption = "Published and repeated: mean validation accuracy over epochs"
    text = (
        "Below, the same combinations in this experiment "
        f"({len(experiment.split['labels'])} classes), under each reading of the metric, with what "
        "always giving the most frequent answer scores on the same validation tweets."
    )
    return [
        doc.Paragraph(ABOUT),
        doc.Paragraph(text),
        doc.Table("reference", caption, columns, rows),
        doc.Paragraph(PARAMETERS, "note"),
        *divergence_blocks(experiment.comparison),
    ]


def divergence_blocks(comparison):
    """Return the blocks of the divergence epochs: by cell and learning rate, and paired."""
    said = [f"about {epoch} ({cell})" for cell, epoch in PUBLISHED_DIVERGENCE.items()]
    text = (
        f"The reference says that its curves part after {listed(said)} epochs. Here are the "
        "divergence epochs of this grid, by learning rate; all combinations that the reference "
        "shows have the rate 1e-3."
    )
    blocks = [doc.Paragraph(text), divergence_table(comparison)]
    if comparison.paired_divergence:
        blocks.append(paired_divergence_table(comparison))
        overall = [p for p in comparison.paired_divergence if p.learning_rate is None]
        blocks += [doc.Paragraph(paired_in_words(pair)) for pair in overall]
    return blocks


def divergence_table(comparison):
    """Return the table of divergence epochs by cell and learning rate, beside the reference's."""
    rows = [
        {
            **vars(divergence),
            "range": [divergence.min, divergence.max] if divergence.runs_that_part else None,
            "published": PUBLISHED_DIVERGENCE.get(divergence.cell),
        }
        for divergence in comparison.divergence
    ]
    columns = [
        *doc.columns(cell="cell"),
        *doc.columns(doc.level, learning_rate="learning rate"),
        *doc.columns(doc.decimal, median="median of those that part"),
        *doc.columns(doc.whole_between, range="range"),
        *doc.columns(doc.whole, runs_that_part="runs that part", runs="of finished runs"),
        *doc.columns(doc.whole, published="the reference says, about"),
    ]
    return doc.Table("divergence", "Divergence epochs", columns, rows)


def paired_divergence_table(comparison):
    """Return the table of the cells' divergence epochs, paired by combination."""
    rows = [
        {
            **vars(pair),
            "rate": "all" if pair.learning_rate is None else doc.level(pair.learning_rate),
            "equal": pair.pairs - pair.positive - pair.negative,
        }
        for pair in comparison.paired_divergence
    ]
    columns = [
        *doc.columns(first="first", second="second", rate="learning rate"),
        *doc.columns(
            doc.whole,
            pairs="combinations in which both part",
            positive="first later",
            negative="first earlier",
            equal="same epoch",
        ),
        *doc.columns(doc.decimal, median=f"median, first {doc.MINUS} second"),
        *doc.columns(doc.p_value, p="p, Wilcoxon"),
        *doc.columns(
            doc.whole,
            only_first_parts="only the first parts",
            only_second_parts="only the second parts",
            neither_parts="neither parts",
        ),
    ]
    return doc.Table(
        "paired_divergence", "Divergence epochs of the same combination", columns, rows
    )


def paired_in_words(pair):
    """Return which of two cells' curves part later, of a PairedDivergence over all rates."""
    if not pair.pairs:
        return f"In no combination do the curves of both {pair.first} and {pair.second} part."
    equal = pair.pairs - pair.positive - pair.negative
    return (
        f"Of the {pair.pairs} combinations in which both cells' curves part, those of {pair.first} "
        f"part later than those of {pair.second} in {pair.positive}, earlier in {pair.negative} "
        f"and at the same epoch in {equal}; the median difference is {doc.decimal(pair.median)} "
        f"epochs (Wilcoxon's signed-rank test, as a description: p {doc.p_in_words(pair.p)})."
    )
