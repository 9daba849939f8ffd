"""The answer at the top of the report: a sentence to quote, the numbers behind it, its scope."""

from tweetrnn.evaluation.cell_order import best_first
from tweetrnn.names import model_label
from tweetrnn.other_splits import SIZE, other_splits
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.verdict import (
    INTERVAL,
    LOGISTIC_REGRESSION,
    against,
    conclusion,
    interval_in_points,
    runner_up_first,
    warnings,
)
from tweetrnn.wording import counted, listed


def answer(experiment):
    """Return the Answer; without a comparison it says that there is none, and has no numbers."""
    comparison = experiment.comparison
    sentence, tiles = "There is no comparison yet: trainings that it needs are not done.", []
    if comparison:
        sentence, tiles = conclusion(comparison), tiles_of(experiment)
    limits = warnings(comparison, experiment.tokenized["kind"])
    return doc.Answer(limits, sentence, tiles, scope(experiment))


def tiles_of(experiment):
    """Return the Tiles: difference between the cells, from logistic regression, and cost.

    Of several cells they show the best and the runner-up, as the sentence does.
    """
    cells = best_first(experiment.comparison)[:2]
    return tiles_of_predictions(experiment.comparison) + cost_tiles(experiment, *cells)


def tiles_of_predictions(comparison):
    """Return the Tiles that follow from the predictions: all but the cost."""
    best = best_first(comparison)[0]
    tiles = [accuracy_tile(comparison, best)]
    for _, other, sign, pair in runner_up_first(comparison)[:1]:
        tiles = [difference_tile(best, other, pair, sign)]
    row = against(comparison, LOGISTIC_REGRESSION)[0]
    return [*tiles, difference_tile(best, model_label(LOGISTIC_REGRESSION), row)]


def difference_tile(first, second, row, sign=1):
    """Return the Tile of a difference; ``sign`` turns the row's into first - second."""
    value = f"{doc.signed(sign * row.difference)} points"
    detail = f"no interval: {row.no_claim}"
    if row.interval:
        detail = f"{INTERVAL} {interval_in_points(row.interval, sign)}"
    return doc.Tile(f"Accuracy, {first} {doc.MINUS} {second}", value, detail)


def accuracy_tile(comparison, cell):
    """Return the Tile of a single cell's accuracy."""
    model = comparison.primary.accuracies[cell]
    detail = "no interval: too few tweets"
    if model.interval:
        detail = f"{INTERVAL} {interval_in_points(model.interval)}\u00a0%"
    return doc.Tile(f"{cell}, {comparison.part} accuracy", doc.percent(model.accuracy), detail)


def cost_tiles(experiment, best, other=None):
    """Return the Tile of the training times in a list, which is empty where there are none."""
    if other is None:
        cost = experiment.cost(best)
        if not cost["runs"]:
            return []
        detail = f"median of {doc.runs_in_words(cost['runs'])}"
        title = f"Training time of {best}"
        return [doc.Tile(title, f"{doc.decimal(cost['median'])} seconds", detail)]
    seconds = experiment.paired_seconds(best, other)
    if seconds.empty:
        return []
    means = seconds.mean()
    detail = doc.average_seconds(seconds, best, other)
    title = f"Training time, {best} relative to {other}"
    return [doc.Tile(title, f"{doc.ratio(means[best] / means[other])} times", detail)]


def scope(experiment):
    """Return what the answer rests on: runs, epochs, tweets and splits."""
    runs, done = len(experiment.runs), len(experiment.finished)
    count = doc.runs_in_words(runs) if done == runs else f"{done} of {doc.runs_in_words(runs)}"
    finalists, new = experiment.finalist_runs, len(experiment.new_runs)
    again = f", {finalists} more to choose among the best" if finalists else ""
    again += f", {new} more with other seeds" if new else ""
    epochs = experiment.config["training"]["epochs"]
    return (
        f"{count} of the grid{again}, {counted(epochs, 'epoch')} each; "
        f"{tweets_in_words(experiment.split['parts'])}; {splits_in_words(experiment.config)}."
    )


def tweets_in_words(sets):
    """Return the sizes of the sets that are not empty; ``sets`` are the split's facts."""
    names = {"train": "training", "validation": "validation", "test": "test"}
    sizes = [
        f"{doc.whole(sets[name]['tweets'])} {title}"
        for name, title in names.items()
        if sets[name]["tweets"]
    ]
    return f"{listed(sizes)} tweets"


def splits_in_words(config):
    """Return how many splits of the tweets there are; smaller training sets are not counted."""
    others = sum(split.kind != SIZE for split in other_splits(config).values())
    if not others:
        return "one split"
    return f"one split, checked on {counted(others, 'other')}"
