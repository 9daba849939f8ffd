"""The reference's figures beside ours."""

from tweetrnn.reporting import document as doc
from tweetrnn.wording import listed

ABOUT = (
    "This workflow repeats a course report that compared the two cells by hand. It ranks its runs "
    "by validation accuracy, averaged over epochs, and says neither which classes it told apart "
    "nor which accuracy it measured. Its printed layer sizes are those of two classes in the order "
    "of the file, where always answering “negative” scores 0.854. The other reading is three "
    "classes and Keras's binary accuracy on one-hot labels, where always answering “negative” "
    "scores about 0.75. Compare its figures, 0.857 to 0.876, with these. Both readings are presets "
    "of this workflow; docs/real-tweets.md has their results on the real tweets."
)
PARAMETERS = (
    "Parameters are (recurrent layers, hidden dense layers, dropout, regularisation, learning "
    "rate)."
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
        "The table has the same combinations in this experiment "
        f"({len(experiment.split['labels'])} classes) under each reading of the metric, and what "
        "always giving the most frequent answer scores on the same validation tweets."
    )
    return [
        doc.Paragraph(repeated(reference), "finding"),
        doc.Paragraph(ABOUT),
        doc.Paragraph(text, "method"),
        doc.Table("reference", caption, columns, rows),
        doc.Paragraph(PARAMETERS, "note"),
    ]


def repeated(reference):
    """Return the published figures beside ours and the majority's, under each reading."""
    texts = []
    for metric, title in (("accuracy", "accuracy"), ("binary_accuracy", "binary accuracy")):
        ours = [row.ours[f"mean_{metric}"] for row in reference.rows]
        ours = [value for value in ours if value is not None]
        if ours:
            texts.append(
                f"{title} {doc.between([min(ours), max(ours)])} (majority class "
                f"{doc.share(reference.majority[metric])})"
            )
    published = doc.between([f(row.published for row in reference.rows) for f in (min, max)])
    here = f"here they reach {listed(texts)}" if texts else "none of them has finished here"
    return f"The reference report gives its combinations {published}; {here}."
