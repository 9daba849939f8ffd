"""Accuracy by the size of the training set."""

from tweetrnn.names import model_label
from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "Accuracy by training size"
CATEGORY = "Comparison"
SECTION, AFTER = "robustness", "sizes"
NEEDS_COMPARISON = True


def names(config):
    """Return the figure's name, none where the config asks for no training sizes."""
    return ["training_size"] if config["robustness"]["training_sizes"] else []


def caption(config):
    """Return the caption."""
    return (
        "Accuracy of the selected combinations and of the baselines by the size of the training "
        "set; smaller sets are part of larger ones. Lines are means, vertical lines the range over "
        "replicates."
    )


def alt_text(experiment):
    """Return each model's accuracy on the smallest and on the whole training set."""
    models = []
    for model, sizes in by_model(experiment).items():
        first, last = sizes[0], sizes[-1]
        models.append(
            f"{model_label(model)} {doc.share(first.accuracy)} with {doc.whole(first.tweets)} and "
            f"{doc.share(last.accuracy)} with {doc.whole(last.tweets)} tweets"
        )
    return f"Accuracy by training tweets: {'; '.join(models)}."


def by_model(experiment):
    """Return {model: its Sizes, smallest first}."""
    models = {}
    for size in sorted(experiment.robustness.sizes, key=lambda size: size.tweets):
        models.setdefault(size.model, []).append(size)
    return models


def draw(experiment):
    """Draw a line for each model over the number of training tweets."""
    look = canvas.Look(experiment.trained_cells)
    figure, axes = canvas.subplots(3.2)
    for model, sizes in by_model(experiment).items():
        tweets = [size.tweets for size in sizes]
        style = look.marker(model)
        if model in canvas.BASELINE_LINES:
            style |= {"linestyle": canvas.BASELINE_LINES[model]}
        axes.plot(tweets, [size.accuracy for size in sizes], label=model_label(model), **style)
        rows = [
            {
                "model": model_label(model),
                "training tweets": size.tweets,
                "accuracy": size.accuracy,
                "lowest": size.min,
                "highest": size.max,
            }
            for size in sizes
        ]
        canvas.values(axes, tweets, [size.accuracy for size in sizes], rows)
        axes.vlines(
            tweets,
            [size.min for size in sizes],
            [size.max for size in sizes],
            color=style["color"],
            linewidth=0.9,
        )
    axes.set_xscale("log")
    ticks = sorted({size.tweets for size in experiment.robustness.sizes})
    turned = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if len(ticks) > 3 else {}
    axes.set_xticks(ticks, [doc.whole(tick) for tick in ticks], **turned)
    axes.minorticks_off()
    axes.set(xlabel="training tweets", ylabel=f"{experiment.robustness.part} accuracy")
    canvas.legend(figure, 2)
    return figure
