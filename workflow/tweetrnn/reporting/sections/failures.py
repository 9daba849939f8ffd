"""What the selected models get wrong."""

from tweetrnn.reporting import document as doc
from tweetrnn.wording import listed


def blocks(experiment):
    """Return the section's blocks."""
    failures = experiment.comparison.failures
    errors = [
        f"{cell} {doc.share(model.calibration.expected_calibration_error)}"
        for cell, model in failures.items()
    ]
    blocks = [
        doc.Paragraph(
            "Of the selected runs as they were selected, on the "
            f"{experiment.comparison.part} part (no replicates)."
        ),
        classes_table(failures),
        doc.Paragraph(
            "Expected calibration error, the mean gap between confidence and accuracy in ten "
            f"bins: {listed(errors)}."
        ),
    ]
    mistakes = mistakes_table(failures, experiment.tweets)
    return [*blocks, mistakes] if mistakes.rows else blocks


def classes_table(failures):
    """Return the table of each class's scores."""
    columns = [
        *doc.columns(**{"cell": "cell", "class": "class"}),
        *doc.columns(doc.share, precision="precision", recall="recall", f1="F1"),
        *doc.columns(doc.whole, support="tweets"),
    ]
    rows = [
        {"cell": cell, "class": name, **vars(scores)}
        for cell, model in failures.items()
        for name, scores in model.per_class.items()
    ]
    return doc.Table("classes", "Precision, recall and F1 of each class", columns, rows)


def mistakes_table(failures, tweets):
    """Return the table of the tweets that the selected runs got wrong with most confidence."""
    columns = [
        *doc.columns(tweet="tweet", true="label", predicted="predicted"),
        *doc.columns(doc.share, confidence="confidence"),
        *doc.columns(cell="cell"),
    ]
    rows = [
        {
            "cell": cell,
            "true": mistake.true,
            "predicted": mistake.predicted,
            "confidence": mistake.confidence,
            "tweet": doc.visible(tweets[mistake.corpus_row]),
        }
        for cell, model in failures.items()
        for mistake in model.confidently_wrong
    ]
    caption = (
        "Confidently wrong: the most confident mistakes of each kind; people's handles are masked"
    )
    return doc.Table("wrong", caption, columns, rows)
