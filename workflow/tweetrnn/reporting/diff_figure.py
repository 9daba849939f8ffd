"""The figure of ``diff``: all experiments' accuracies, and the differences between their cells."""

from tweetrnn.evaluation.cell_order import turned
from tweetrnn.names import model_label
from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "The experiments compared"
CAPTION = (
    "Accuracy of each experiment's selected models and baselines on its own test set, and the "
    "differences between its cells, with 95 % intervals. Experiments with other test sets are not "
    "paired: only the table of shared tweets compares them on the same ones."
)


def better_first(headline):
    """Return an experiment's CellDifferences, each the better cell's accuracy minus the other's."""
    return [turned(pair) if pair.difference < 0 else pair for pair in headline.pairs]


def alt_text(headlines):
    """Return all accuracies of the experiments, ``headlines`` by name."""
    texts = []
    for name, headline in headlines.items():
        accuracies = [
            f"{model_label(key)} {doc.share(model.accuracy)}"
            for key, model in headline.models.items()
        ]
        texts.append(f"{name}: {', '.join(accuracies)}")
    return f"Accuracies by experiment. {doc.first_of(texts)}."


def draw(headlines):
    """Draw a row for each model with a mark for each experiment, and a row for each difference."""
    look = canvas.Look(headlines)
    models = list(dict.fromkeys(key for of in headlines.values() for key in of.models))
    pairs = [(name, pair) for name, of in headlines.items() for pair in better_first(of)]
    row = max(0.34, 0.17 * len(headlines) + 0.1)
    heights = [row * len(models), *([0.21 * len(pairs)] if pairs else [])]
    height = 0.9 + 0.17 * len(headlines) + 0.5 * bool(pairs) + sum(heights)
    figure, axes = canvas.subplots(height, len(heights), 1, squeeze=False, height_ratios=heights)
    draw_accuracies(axes[0, 0], headlines, models, look)
    if pairs:
        draw_differences(axes[1, 0], pairs, look)
    canvas.legend(figure, columns=1)
    return figure


def draw_accuracies(axes, headlines, models, look):
    """Draw each model's accuracies below one another, joined by a line."""
    step = 0.7 / len(headlines)
    for row, key in enumerate(models):
        marks = []
        for number, (name, headline) in enumerate(headlines.items()):
            if model := headline.models.get(key):
                place = row + (number - (len(headlines) - 1) / 2) * step
                marks.append((name, model.accuracy, place))
                if model.interval:
                    line = {"color": look.colour(name), "solid_capstyle": "butt"}
                    axes.plot(model.interval, [place, place], **line)
        _, values, places = zip(*marks, strict=True)
        axes.plot(values, places, color=canvas.MUTED, linewidth=0.8)
        for name, value, place in marks:
            axes.plot([value], [place], **look.dots(name))
            described = {"experiment": name, "model": model_label(key), "accuracy": value}
            canvas.values(axes, [value], [place], [described])
    for name in headlines:
        axes.plot([], [], label=name, **look.dots(name))
    canvas.rows(axes, [model_label(key) for key in models])
    axes.set_title("accuracy on the experiment's test set")


def draw_differences(axes, pairs, look):
    """Draw the differences between cells, [(experiment, CellDifference)]."""
    axes.axvline(0, color=canvas.INK, linewidth=1.0)
    for row, (name, pair) in enumerate(pairs):
        text = doc.signed(pair.difference)
        between = (pair.difference, pair.interval)
        told = {"experiment": name}
        told |= canvas.with_interval("difference, points", *between, unit=100)
        canvas.estimate(axes, row, *between, look.marker(name), text, told)
    canvas.rows(axes, [doc.cells_of(pair) for _, pair in pairs])
    canvas.points(axes.xaxis)
    axes.set_title("difference between cells")
    axes.set_xlabel("points")
