"""How often the selected models are right when they are so confident."""

from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "Calibration"
CATEGORY = "Mistakes"
SECTION, AFTER = "failures", "classes"
NEEDS_COMPARISON = True


def caption(config):
    """Return the caption in Snakemake's own report."""
    return (
        "How often the selected models are right when they are so confident (the dotted line is "
        "perfect calibration), and beneath how many tweets have that confidence: bins with few "
        "tweets say little."
    )


def alt_text(experiment):
    """Return each cell's mean confidence, accuracy and calibration error."""
    cells = [
        f"{cell} has mean confidence {doc.share(model.calibration.mean_confidence)}, accuracy "
        f"{doc.share(model.scores['accuracy'])}, expected calibration error "
        f"{doc.share(model.calibration.expected_calibration_error)}"
        for cell, model in experiment.comparison.failures.items()
    ]
    return f"Accuracy by confidence, with the tweets in each bin: {'; '.join(cells)}."


def draw(experiment):
    """Draw accuracy over confidence for each cell, and below it how many tweets each bin has."""
    failures, look = experiment.comparison.failures, canvas.Look(experiment.cells)
    figure, (above, below) = canvas.subplots(4.2, 2, 1, sharex=True, height_ratios=[3, 1])
    above.plot([0, 1], [0, 1], color=canvas.MUTED, linewidth=1.0, linestyle=(0, (1, 1.5)))
    lowest = lowest_accuracy = 1.0
    for cell in [cell for cell in experiment.cells if cell in failures]:
        calibration = failures[cell].calibration
        bins = [one for one in calibration.bins if one.tweets]
        lowest = min(lowest, bins[0].low)
        lowest_accuracy = min(lowest_accuracy, *(one.accuracy for one in bins))
        above.plot(
            [one.confidence for one in bins],
            [one.accuracy for one in bins],
            label=f"{cell} (calibration error {doc.share(calibration.expected_calibration_error)})",
            **look.marker(cell) | look.line(cell),
        )
        below.stairs(
            [one.tweets for one in calibration.bins],
            [calibration.bins[0].low, *(one.high for one in calibration.bins)],
            **look.line(cell),
            linewidth=1.6,
        )
    above.set(ylim=(max(-0.03, lowest_accuracy - 0.05), 1.03), ylabel="accuracy")
    confidence = "confidence (probability of the predicted class)"
    below.set(xlim=(lowest - 0.02, 1.02), xlabel=confidence, ylim=(0, None), ylabel="tweets")
    canvas.whole_numbers(below.yaxis, nbins=3)
    canvas.legend(figure, 1)
    return figure
