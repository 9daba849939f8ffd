"""What the selected models get wrong."""

from tweetrnn.evaluation.failures import KINDS
from tweetrnn.reporting import document as doc
from tweetrnn.wording import listed


def blocks(experiment):
    """Return the section's blocks."""
    comparison, failures = experiment.comparison, experiment.comparison.failures
    counts = listed([f"{model.replicates} of {cell}" for cell, model in failures.items()])
    text = (
        f"Of each cell's selected combination on the {comparison.part} set, over its new "
        f"replicates ({counts}): the mean, and in brackets the lowest and the highest."
    )
    blocks = [doc.Paragraph(text), classes_table(failures), calibration_table(comparison)]
    mistakes = mistakes_table(failures, experiment.tweets)
    return [*blocks, mistakes] if mistakes.rows else blocks


def classes_table(failures):
    """Return the table of each class's scores."""
    columns = [
        *doc.columns(**{"cell": "cell", "class": "class"}),
        *doc.columns(doc.spread, precision="precision", recall="recall", f1="F1"),
        *doc.columns(doc.whole, support="tweets"),
    ]
    rows = [
        {
            "cell": cell,
            "class": name,
            **{score: getattr(scores, score).numbers() for score in ("precision", "recall", "f1")},
            "support": scores.support,
        }
        for cell, model in failures.items()
        for name, scores in model.per_class.items()
    ]
    return doc.Table("classes", "Precision, recall and F1 of each class", columns, rows)


def calibration_table(comparison):
    """Return the table of each cell's confidence and calibration error."""
    columns = [
        *doc.columns(cell="cell"),
        *doc.columns(
            doc.spread,
            confidence="mean confidence",
            accuracy="accuracy",
            error="expected calibration error",
        ),
    ]
    rows = []
    for cell, model in comparison.failures.items():
        accuracy = comparison.primary.accuracies[cell].spread[comparison.part]["accuracy"]
        rows.append(
            {
                "cell": cell,
                "confidence": model.calibration.mean_confidence.numbers(),
                "accuracy": accuracy.numbers(),
                "error": model.calibration.expected_calibration_error.numbers(),
            }
        )
    title = (
        "Confidence and accuracy; the expected calibration error is the mean gap between them in "
        "ten bins"
    )
    return doc.Table("calibration", title, columns, rows)


def mistakes_table(failures, tweets):
    """Return the table of the tweets that most replicates of a cell give the same wrong class."""
    columns = [
        *doc.columns(tweet="tweet", true="label", predicted="predicted", wrong="wrong in"),
        *doc.columns(doc.share, confidence="mean confidence"),
        *doc.columns(cell="cell"),
    ]
    rows = [
        {
            "cell": cell,
            "true": mistake.true,
            "predicted": mistake.predicted,
            "wrong": f"{mistake.replicates} of {model.replicates} "
            f"replicate{'s' if model.replicates > 1 else ''}",
            "confidence": mistake.confidence,
            "tweet": doc.visible(tweets[mistake.corpus_row]),
        }
        for cell, model in failures.items()
        for mistake in model.mistakes
    ]
    caption = (
        "Tweets that more than half of a cell's replicates give the same wrong class, of each kind "
        f"(at most {KINDS}) those of most replicates and, of these, the most confident; people's "
        "handles are masked"
    )
    return doc.Table("wrong", caption, columns, rows)
