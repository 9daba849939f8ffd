"""What the selected models get wrong."""

from tweetrnn.evaluation.failures import KINDS
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.sections.tweets import licence_note
from tweetrnn.wording import listed

LARGE_GAP = 0.1  # between two classes' recall


def blocks(experiment):
    """Return the section's blocks."""
    comparison, failures = experiment.comparison, experiment.comparison.failures
    counts = listed([f"{model.replicates} of {cell}" for cell, model in failures.items()])
    text = (
        f"Each cell's selected combination on the {comparison.part} set, over its new replicates "
        f"({counts}): the mean, with the lowest and the highest in brackets."
    )
    finding = " ".join([*map(classes_in_words, failures, failures.values()), confident(comparison)])
    blocks = [
        doc.Paragraph(finding, "finding"),
        doc.Paragraph(text, "method"),
        classes_table(failures),
        calibration_table(comparison),
    ]
    mistakes = mistakes_table(failures, experiment.tweets)
    return [*blocks, mistakes, licence_note(experiment.tokenized)] if mistakes.rows else blocks


def classes_in_words(cell, model):
    """Return which class's tweets a cell finds most and least often, of a Failures.

    Classes that no judged tweet has are left out.
    """
    recall = {name: row.recall.mean for name, row in model.per_class.items() if row.support}
    most, least = max(recall, key=recall.get), min(recall, key=recall.get)
    if doc.percent(recall[most]) == doc.percent(recall[least]):
        return f"{cell} finds {doc.percent(recall[most])} of the tweets of each class."
    link = "but only" if recall[most] - recall[least] > LARGE_GAP else "and"
    return (
        f"{cell} finds {doc.percent(recall[most])} of the “{most}” tweets, {link} "
        f"{doc.percent(recall[least])} of the “{least}” ones."
    )


def confident(comparison):
    """Return by how many points each cell is more, or less, confident than it is right."""
    gaps = {
        cell: model.calibration.mean_confidence.mean - comparison.primary.accuracies[cell].accuracy
        for cell, model in comparison.failures.items()
    }
    each = []
    for cell, gap in gaps.items():
        size = doc.points(abs(gap))
        how = f"{'over' if gap > 0 else 'under'}confident by {size} points"
        each.append(f"{cell} is {'as confident as it is right' if size == '0.0' else how}")
    return f"On average {listed(each)}."


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
        "Confidence and accuracy; the expected calibration error is the mean gap between them over "
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
        "Tweets to which more than half of a cell's replicates give the same wrong class; for each "
        f"pair of classes (at most {KINDS}) those with the most such replicates, then the highest "
        "confidence; people's handles are masked"
    )
    return doc.Table("wrong", caption, columns, rows)
