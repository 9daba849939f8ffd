"""The reference's figures beside ours."""

from tweetrnn.reporting.document import Column, Paragraph, Section, Table, share
from tweetrnn.reporting.sections.common import not_yet


def section(experiment):
    """Return the Section of an Experiment."""
    title = "Beside the reference report"
    if not experiment.comparison:
        return Section("reference", title, [not_yet()])
    reference = experiment.comparison.reference
    classes = len(experiment.split["labels"])
    rows = [
        {
            "cell": row.cell,
            "reference_tuple": row.reference_tuple,
            "published": row.published,
            "mean_accuracy": row.ours["mean_accuracy"],
            "mean_binary_accuracy": row.ours["mean_binary_accuracy"],
            "majority_accuracy": reference.majority["accuracy"],
            "majority_binary_accuracy": reference.majority["binary_accuracy"],
        }
        for row in reference.rows
    ]
    blocks = [
        Paragraph(
            "This workflow repeats a course report that compared the two cells by hand. It ranks "
            "its runs by validation accuracy, averaged over epochs, and says neither which classes "
            "it told apart nor which accuracy it measured. Its printed layer sizes fit two classes "
            "in the order of the file, where always answering “negative” scores 0.854; its "
            "accuracies fit three classes and Keras's binary accuracy on one-hot labels, where "
            "always answering “negative” scores about 0.75. Under either reading its "
            "figures, 0.857 to 0.876, show far less than they seem to. Both readings are presets "
            "of this workflow."
        ),
        Paragraph(
            f"Below, the same combinations in this experiment ({classes} classes), under each "
            "reading of the metric, with what always giving the most frequent answer scores on the "
            "same validation tweets."
        ),
        Table(
            "reference",
            "Published and repeated: mean validation accuracy over epochs",
            [
                Column("cell", "cell"),
                Column("reference_tuple", "parameters"),
                Column("published", "published", share),
                Column("mean_accuracy", "ours, accuracy", share),
                Column("majority_accuracy", "majority, accuracy", share),
                Column("mean_binary_accuracy", "ours, binary accuracy", share),
                Column("majority_binary_accuracy", "majority, binary accuracy", share),
            ],
            rows,
        ),
        Paragraph(
            "Parameters are (recurrent layers, hidden dense layers, dropout, regularisation, "
            "learning rate). The question that the published figures raise: how much of them is "
            "the majority class?",
            "note",
        ),
    ]
    return Section("reference", title, blocks)
