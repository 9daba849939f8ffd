"""What the seeds contribute: replicates that collapsed, and what averaging over seeds changes."""

from tweetrnn.evaluation.collapse import SHARE
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.verdict import INTERVAL, interval_in_points
from tweetrnn.wording import listed


def blocks(comparison):
    """Return the blocks of a Comparison; ensembles only where a cell has several replicates."""
    blocks = [doc.Paragraph(collapsed(comparison))]
    if len(comparison.replicates) == 1:
        return blocks
    text = (
        "A seed ensemble is the mean of the probabilities of a cell's replicates. Averaging "
        "removes most of what single trainings owe to their seeds, so the part of a difference "
        "that it removes is one of training stability. Collapsed replicates are averaged like all "
        "others: where most have collapsed, the ensemble may have collapsed, too."
    )
    gaps = [gap(pair) for pair in comparison.ensembles.pairs]
    blocks += [doc.Paragraph(text), ensembles_table(comparison)]
    return [*blocks, doc.Paragraph(" ".join(gaps))] if gaps else blocks


def collapsed(comparison):
    """Return how many replicates of each cell give (nearly) all tweets one class."""
    models = {cell: comparison.primary.accuracies[cell] for cell in comparison.selected}
    each = [
        f"{len(model.collapsed_replicates)} of {len(model.replicates)} of {cell}"
        for cell, model in models.items()
    ]
    return (
        f"A replicate has collapsed if at least {100 * SHARE:g}\u00a0% of the {comparison.part} "
        f"tweets get the same class from it: {listed(each)}."
    )


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
    change = f"removes {doc.points(pair.instability)} of these points"
    if pair.instability < 0:
        change = f"adds {doc.points(-pair.instability)} points"
    return (
        f"{pair.first} {doc.MINUS} {pair.second}: single replicates differ by "
        f"{doc.points(pair.single_difference)} points on average, the ensembles by "
        f"{doc.points(pair.difference)}{interval}; averaging over seeds {change}."
    )
