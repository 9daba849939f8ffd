"""What the seeds contribute: replicates that collapsed, and what averaging over seeds changes."""

from tweetrnn.evaluation.collapse import SHARE
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.verdict import INTERVAL, interval_in_points
from tweetrnn.wording import listed


def blocks(comparison):
    """Return the blocks of a Comparison; ensembles only where a cell has several replicates."""
    what = (
        f"A replicate has collapsed if it gives at least {100 * SHARE:g}\u00a0% of the "
        f"{comparison.part} tweets the same class."
    )
    blocks = [doc.Paragraph(collapsed(comparison), "finding"), doc.Paragraph(what, "method")]
    if len(comparison.replicates) == 1:
        return blocks
    text = (
        "A seed ensemble averages the probabilities of a cell's replicates. That removes most of "
        "the effect of the seed, so the part of a difference that disappears is due to training "
        "stability. Collapsed replicates are averaged like the others: if most have collapsed, so "
        "may the ensemble."
    )
    gaps = [gap(pair) for pair in comparison.ensembles.pairs] or gains(comparison)
    return [
        *blocks,
        doc.Paragraph(" ".join(gaps), "finding"),
        doc.Paragraph(text, "method"),
        ensembles_table(comparison),
    ]


def collapsed(comparison):
    """Return how many replicates of each cell give (nearly) all tweets one class."""
    models = {cell: comparison.primary.accuracies[cell] for cell in comparison.selected}
    if not any(model.collapsed_replicates for model in models.values()):
        return "No replicate has collapsed to a single class."
    each = [
        f"{len(model.collapsed_replicates)} of {len(model.replicates)} {cell} replicates"
        for cell, model in models.items()
    ]
    return f"Collapsed to a single class: {listed(each)}."


def gains(comparison):
    """Return what averaging over seeds changes in each cell's accuracy."""
    models = comparison.primary.accuracies
    return [
        f"Averaging over seeds changes the accuracy of {cell} by "
        f"{doc.signed(accuracy - models[cell].accuracy)} points."
        for cell, accuracy in comparison.ensembles.accuracies.items()
    ]


def ensembles_table(comparison):
    """Return the accuracy of each cell's ensemble beside that of its single replicates."""
    rows = []
    for cell, accuracy in comparison.ensembles.accuracies.items():
        model = comparison.primary.accuracies[cell]
        rows.append(
            {
                "cell": cell,
                "replicates": len(model.replicates),
                "single": model.accuracy,
                "ensemble": accuracy,
                "gain": accuracy - model.accuracy,
            }
        )
    columns = [
        *doc.columns(cell="cell"),
        *doc.columns(doc.whole, replicates="replicates"),
        *doc.columns(doc.share, single="one replicate, mean", ensemble="ensemble"),
        *doc.columns(doc.points, gain="gain, points"),
    ]
    title = f"Seed ensembles: accuracy on the {comparison.part} set"
    return doc.Table("ensembles", title, columns, rows)


def gap(pair):
    """Return the sentence on two cells' ensembles."""
    interval = ""
    if pair.interval is not None:
        interval = f" ({INTERVAL} {interval_in_points(pair.interval)})"
    single, ensembles = doc.signed(pair.single_difference), doc.signed(pair.difference)
    return (
        f"Averaging over seeds changes {doc.cells_of(pair)} from {single} to "
        f"{ensembles} points{interval}."
    )
