"""The reference report's figures beside those of the same combinations here."""

from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.figures.published import draw_panels

TITLE = "The reference report's figures and ours"
CATEGORY = "Comparison"
SECTION, AFTER = "reference", None
NEEDS_COMPARISON = True
READINGS = {  # of the published metric, which the reference does not name
    "accuracy": "mean validation accuracy",
    "binary_accuracy": "mean validation binary accuracy",
}


def names(config):
    """Return the figure's name, none where the reference is not shown."""
    return ["reference"] if config["report"]["reference"] else []


def caption(config):
    """Return the caption."""
    return (
        "What the reference report printed (hollow diamonds) and what the same combinations score "
        "here, under each reading of its metric. The dotted line is what always giving the most "
        "frequent answer scores on the same validation tweets."
    )


def alt_text(experiment):
    """Return the range of the published figures, and the majority's under each reading."""
    reference = experiment.comparison.reference
    published = [row.published for row in reference.rows]
    majority = [
        f"{doc.share(reference.majority[metric])} by {reading}"
        for metric, reading in READINGS.items()
    ]
    return (
        f"The reference report's figures, {doc.share(min(published))} to "
        f"{doc.share(max(published))}, beside those of the same combinations here. Always giving "
        f"the most frequent answer scores {' and '.join(majority)}."
    )


def draw(experiment):
    """Draw a panel for each reading of the metric."""
    reference = experiment.comparison.reference
    panels = [
        (
            reading,
            {
                f"{row.cell} {row.reference_tuple}": (
                    row.cell,
                    row.ours[f"mean_{metric}"],
                    [row.published],
                )
                for row in reference.rows
            },
            reference.majority[metric],
        )
        for metric, reading in READINGS.items()
    ]
    return draw_panels(panels, canvas.Look(experiment.trained_cells))
