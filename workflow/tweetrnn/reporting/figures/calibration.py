"""How often the selected models are right when they are so confident."""

from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "Calibration"
CATEGORY = "Mistakes"
SECTION, AFTER = "failures", "calibration"
NEEDS_COMPARISON = True
FEW = 20  # tweets of a bin, the mean over replicates, below which its accuracy says little


def caption(config):
    """Return the caption."""
    return (
        "How often the selected models are right, by how confident they are; the dotted line is "
        "perfect calibration. The marks are the answers of all replicates together, the light "
        f"lines those of each replicate. Grey marks without a line are bins with fewer than {FEW} "
        "tweets per replicate on average, which say little. Below, how many tweets have that "
        "confidence, the mean over replicates."
    )


def alt_text(experiment):
    """Return each cell's mean confidence, accuracy and calibration error."""
    comparison = experiment.comparison
    cells = [
        f"{cell} has mean confidence {doc.share(model.calibration.mean_confidence.mean)}, accuracy "
        f"{doc.share(comparison.primary.accuracies[cell].accuracy)}, expected calibration error "
        f"{doc.spread(model.calibration.expected_calibration_error.numbers())}"
        for cell, model in comparison.failures.items()
    ]
    return f"Accuracy by confidence, with the tweets in each bin: {'; '.join(cells)}."


def draw(experiment):
    """Draw accuracy over confidence for each cell, and below it how many tweets each bin has."""
    failures, look = experiment.comparison.failures, canvas.Look(experiment.cells)
    figure, (above, below) = canvas.subplots(4.2, 2, 1, sharex=True, height_ratios=[3, 1])
    above.plot([0, 1], [0, 1], color=canvas.MUTED, linewidth=1.0, linestyle=(0, (1, 1.5)))
    lowest = lowest_accuracy = 1.0
    for cell in [cell for cell in experiment.cells if cell in failures]:
        calibration, replicates = failures[cell].calibration, failures[cell].replicates
        bins = [one for one in calibration.bins if one.tweets]
        lowest = min(lowest, bins[0].low)
        lines = [of_many(its) for its in calibration.replicates] if replicates > 1 else []
        drawn = [*bins, *(one for line in lines for one in line)]
        lowest_accuracy = min(lowest_accuracy, *(one.accuracy for one in drawn))
        draw_replicates(above, lines, look.colour(cell))
        draw_bins(above, bins, replicates, cell, calibration, look)
        below.stairs(
            [one.tweets / replicates for one in calibration.bins],
            [calibration.bins[0].low, *(one.high for one in calibration.bins)],
            **look.line(cell),
            linewidth=1.6,
        )
    few = {"color": canvas.MUTED, "marker": "o", "markerfacecolor": canvas.PAPER}
    few |= {"linestyle": "none", "markersize": 3, "label": f"bin with fewer than {FEW} tweets"}
    above.plot([], [], **few)
    above.set(ylim=(max(-0.03, lowest_accuracy - 0.05), 1.03), ylabel="accuracy")
    confidence = "confidence (probability of the predicted class)"
    below.set(xlim=(lowest - 0.02, 1.02), xlabel=confidence, ylim=(0, None), ylabel="tweets")
    canvas.whole_numbers(below.yaxis, nbins=3)
    canvas.legend(figure, 1)
    return figure


def draw_bins(axes, bins, replicates, cell, calibration, look):
    """Draw a cell's Bins: those with many tweets on a line, those with few as small marks."""
    error = doc.spread(calibration.expected_calibration_error.numbers())
    line = look.line(cell) | {"label": f"{cell}: calibration error {error}"}
    grey = {"color": canvas.MUTED, "markeredgecolor": canvas.MUTED}
    dots = grey | {"linestyle": "none", "markersize": 3, "markerfacecolor": canvas.PAPER}
    few = [one for one in bins if one.tweets < FEW * replicates]
    for some, style in ((of_many(bins, replicates), line), (few, dots)):
        x, y = [one.confidence for one in some], [one.accuracy for one in some]
        axes.plot(x, y, **look.marker(cell) | style)
        canvas.values(axes, x, y, [described(one, replicates, cell) for one in some])


def described(one, replicates, cell):
    """Return the values of a Bin's mark."""
    return {
        "cell": cell,
        "confidence": one.confidence,
        "accuracy": one.accuracy,
        "tweets per replicate": one.tweets / replicates,
    }


def of_many(bins, replicates=1):
    """Return the Bins that have, in that many replicates together, enough tweets."""
    return [one for one in bins if one.tweets >= FEW * replicates]


def draw_replicates(axes, lines, colour):
    """Draw the Bins of each replicate as a light line, all lines as one path."""
    end = float("nan")  # which interrupts the path
    x = [value for line in lines for value in (*(one.confidence for one in line), end)]
    y = [value for line in lines for value in (*(one.accuracy for one in line), end)]
    style = {"color": colour, "alpha": 0.35, "linewidth": 0.8}
    axes.plot(x, y, **style, rasterized=len(x) > canvas.CROWDED)
