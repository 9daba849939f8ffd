"""When validation loss stops improving: divergence epochs by cell and learning rate."""

from tweetrnn.reporting import document as doc
from tweetrnn.wording import listed

# The epoch, "about", after which it says that training and validation curves diverge.
PUBLISHED_DIVERGENCE = {"SimpleRNN": 2, "LSTM": 4}


def blocks(experiment):
    """Return the section's blocks."""
    comparison = experiment.comparison
    overall = [pair for pair in comparison.paired_divergence if pair.learning_rate is None]
    finding = " ".join([diverged(comparison), *map(paired_in_words, overall)])
    blocks = [doc.Paragraph(finding, "finding")]
    if tests := [tested(pair) for pair in overall if pair.pairs]:
        blocks.append(doc.Paragraph(" ".join(tests), "method"))
    blocks.append(divergence_table(comparison, experiment.config["report"]["reference"]))
    if overall:
        blocks.append(paired_divergence_table(comparison))
    return blocks


def divergence_table(comparison, beside_reference):
    """Return the table of divergence epochs by cell and learning rate.

    ``beside_reference`` is whether to show the reference report's.
    """
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
        *doc.columns(doc.decimal, median="median of those that diverge"),
        *doc.columns(doc.whole_between, range="range"),
        *doc.columns(doc.whole, runs_that_part="runs that diverge", runs="finished runs"),
        *(doc.columns(doc.whole, published="reference, about") if beside_reference else []),
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
            pairs="combinations in which both diverge",
            positive="first later",
            negative="first earlier",
            equal="same epoch",
        ),
        *doc.columns(doc.decimal, median=f"median, first {doc.MINUS} second"),
        *doc.columns(doc.p_value, p="p, Wilcoxon"),
        *doc.columns(
            doc.whole,
            only_first_parts="only the first diverges",
            only_second_parts="only the second diverges",
            neither_parts="neither diverges",
        ),
    ]
    return doc.Table(
        "paired_divergence", "Divergence epochs of the same combination", columns, rows
    )


def paired_in_words(pair):
    """Return which of two cells' curves diverge later, of a PairedDivergence over all rates."""
    if not pair.pairs:
        return f"In no combination do the curves of both {pair.first} and {pair.second} diverge."
    equal = pair.pairs - pair.positive - pair.negative
    when = "at the same epoch as"
    if pair.median:
        epochs = f"{abs(pair.median):g} epoch{'' if abs(pair.median) == 1 else 's'}"
        when = f"{epochs} {'later' if pair.median > 0 else 'earlier'} than"
    return (
        f"Where both diverge, those of {pair.first} do so {when} those of {pair.second} (median "
        f"over {pair.pairs} combinations: later in {pair.positive}, earlier in {pair.negative}, at "
        f"the same epoch in {equal})."
    )


def diverged(comparison):
    """Return in how many of each cell's runs the curves diverge."""
    counts = {}
    for divergence in comparison.divergence:
        found = counts.setdefault(divergence.cell, [0, 0])
        found[0] += divergence.runs_that_part
        found[1] += divergence.runs
    each = [f"{part} of {runs} {cell} runs" for cell, (part, runs) in counts.items()]
    return f"The curves diverge in {listed(each)}."


def tested(pair):
    """Return what a test says of a PairedDivergence."""
    return (
        f"{pair.first} and {pair.second}: Wilcoxon's signed-rank test of the differences, as a "
        f"description of this grid, p {doc.p_in_words(pair.p)}."
    )
