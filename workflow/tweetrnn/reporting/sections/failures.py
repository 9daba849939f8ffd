"""What the selected models get wrong."""

from tweetrnn.reporting.document import Column, Paragraph, Section, Table, share, visible, whole
from tweetrnn.reporting.sections.common import not_yet
from tweetrnn.wording import listed


def section(e):
    """Return the Section of an Experiment."""
    title = "How they fail"
    if not e.comparison:
        return Section("failures", title, [not_yet()])
    failures = e.comparison.failures
    errors = [
        f"{cell} {share(own.calibration.expected_calibration_error)}"
        for cell, own in failures.items()
    ]
    blocks = [
        Paragraph(
            f"Of the selected runs as they were selected, on the {e.comparison.part} part (no "
            "replicates)."
        ),
        Table(
            "classes",
            "Precision, recall and F1 of each class",
            [
                Column("cell", "cell"),
                Column("class", "class"),
                Column("precision", "precision", share),
                Column("recall", "recall", share),
                Column("f1", "F1", share),
                Column("support", "tweets", whole),
            ],
            [
                {"cell": cell, "class": name, **vars(scores)}
                for cell, own in failures.items()
                for name, scores in own.per_class.items()
            ],
        ),
        Paragraph(
            "Expected calibration error, the mean gap between confidence and accuracy in ten "
            f"bins: {listed(errors)}."
        ),
    ]
    if wrong := mistakes(e):
        columns = [
            Column("tweet", "tweet"),
            Column("true", "label"),
            Column("predicted", "predicted"),
            Column("confidence", "confidence", share),
            Column("cell", "cell"),
        ]
        caption = (
            "Confidently wrong: the most confident mistakes of each kind; people's handles are "
            "masked"
        )
        blocks.append(Table("wrong", caption, columns, wrong))
    return Section("failures", title, blocks)


def mistakes(e):
    """Return the rows of the tweets that the selected runs got wrong with most confidence."""
    return [
        {
            "cell": cell,
            "true": mistake.true,
            "predicted": mistake.predicted,
            "confidence": mistake.confidence,
            "tweet": visible(e.tweets[mistake.corpus_row]),
        }
        for cell, own in e.comparison.failures.items()
        for mistake in own.confidently_wrong
    ]
