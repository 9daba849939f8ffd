"""What the selected models get wrong."""

from tweetrnn.reporting.document import Column, Paragraph, Section, Table, share, visible, whole
from tweetrnn.reporting.sections.common import not_yet
from tweetrnn.wording import listed


def section(experiment):
    """Return the Section of an Experiment."""
    title = "How they fail"
    if not experiment.comparison:
        return Section("failures", title, [not_yet()])
    failures = experiment.comparison.failures
    errors = [
        f"{cell} {share(model.calibration.expected_calibration_error)}"
        for cell, model in failures.items()
    ]
    blocks = [
        Paragraph(
            "Of the selected runs as they were selected, on the "
            f"{experiment.comparison.part} part (no replicates)."
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
                for cell, model in failures.items()
                for name, scores in model.per_class.items()
            ],
        ),
        Paragraph(
            "Expected calibration error, the mean gap between confidence and accuracy in ten "
            f"bins: {listed(errors)}."
        ),
    ]
    if wrong := mistakes(experiment):
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


def mistakes(experiment):
    """Return the rows of the tweets that the selected runs got wrong with most confidence."""
    return [
        {
            "cell": cell,
            "true": mistake.true,
            "predicted": mistake.predicted,
            "confidence": mistake.confidence,
            "tweet": visible(experiment.tweets[mistake.corpus_row]),
        }
        for cell, model in experiment.comparison.failures.items()
        for mistake in model.confidently_wrong
    ]
