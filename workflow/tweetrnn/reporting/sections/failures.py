"""What the selected models get wrong."""

from tweetrnn.reporting.document import Column, Paragraph, Section, Table, share, visible, whole
from tweetrnn.reporting.sections.common import figure, not_yet
from tweetrnn.wording import listed


def section(e):
    """Return the Section of an Experiment."""
    title = "How they fail"
    if not e.comparison:
        return Section("failures", title, [not_yet()])
    c = e.comparison
    rows = [
        {"cell": cell, "class": name, **scores}
        for cell, own in c["failures"].items()
        for name, scores in own["per_class"].items()
    ]
    errors = [
        f"{cell} {share(own['calibration']['expected_calibration_error'])}"
        for cell, own in c["failures"].items()
    ]
    blocks = [
        Paragraph(
            f"Of the selected runs as they were selected, on the {c['part']} part (no replicates)."
        ),
        figure(e, "failures"),
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
            rows,
        ),
        figure(e, "calibration"),
        Paragraph(
            "Expected calibration error, the mean gap between confidence and accuracy in ten "
            f"bins: {listed(errors)}."
        ),
    ]
    wrong = [
        {
            "cell": cell,
            "true": mistake["true"],
            "predicted": mistake["predicted"],
            "confidence": mistake["confidence"],
            "tweet": visible(e.tweets[mistake["corpus_row"]]),
        }
        for cell, own in c["failures"].items()
        for mistake in own["confidently_wrong"]
    ]
    if wrong:
        blocks.append(
            Table(
                "wrong",
                "Confidently wrong: the most confident mistakes of each kind; people's handles are "
                "masked",
                [
                    Column("tweet", "tweet"),
                    Column("true", "label"),
                    Column("predicted", "predicted"),
                    Column("confidence", "confidence", share),
                    Column("cell", "cell"),
                ],
                wrong,
            )
        )
    return Section("failures", title, blocks)
