"""Published results beside ours: a row for each model, a panel for each metric."""

import textwrap

from tweetrnn.evaluation.metrics import METRICS
from tweetrnn.names import model_label
from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "Published results and ours"
CATEGORY = "Comparison"
SECTION, AFTER = "published", None
NEEDS_COMPARISON = True
NARROW = 22  # letters of a line of a row's name
PUBLISHED = {
    "color": canvas.INK,
    "marker": "D",
    "markerfacecolor": canvas.PAPER,
    "linestyle": "none",
    "markersize": 5,
}
MAJORITY = {
    "color": canvas.INK,
    "linewidth": 1.1,
    "linestyle": canvas.BASELINE_LINES["majority"],
}


def names(config):
    """Return the figure's name, none without published results."""
    return ["published"] if config["report"]["published"] else []


def caption(config):
    """Return the caption."""
    return (
        "Published results (hollow diamonds) and ours, which are means over replicates; a line "
        "joins those of models with the same name. The dotted line is what always giving the most "
        "frequent answer scores. The published ones may be of other tweets."
    )


def ours(comparison, metric):
    """Return {model: our value of a metric} of cells and baselines."""
    accuracies = comparison.primary.accuracies
    return {name: model.values(comparison.part)[metric] for name, model in accuracies.items()}


def alt_text(experiment):
    """Return the published values of each metric, and ours of the cells."""
    texts = []
    for metric, rows in by_metric(experiment.config["report"]["published"]).items():
        mine = ours(experiment.comparison, metric)
        values = [f"our {cell} {doc.share(mine[cell])}" for cell in experiment.comparison.selected]
        values += [f"{doc.visible(row['model'])} {doc.share(row['value'])}" for row in rows]
        texts.append(f"{METRICS[metric].heading}: {doc.first_of(values)}")
    return f"Published results beside ours. {'. '.join(texts)}."


def by_metric(published):
    """Return {metric: the entries of ``report.published`` that have it}."""
    metrics = dict.fromkeys(row["metric"] for row in published)
    return {metric: [r for r in published if r["metric"] == metric] for metric in metrics}


def draw(experiment):
    """Draw a panel for each metric that somebody published."""
    comparison = experiment.comparison
    panels = [
        (metric, rows_of(comparison, metric, published), ours(comparison, metric)["majority"])
        for metric, published in by_metric(experiment.config["report"]["published"]).items()
    ]
    return draw_panels(
        [(METRICS[metric].heading, rows, majority) for metric, rows, majority in panels],
        canvas.Look(experiment.trained_cells),
    )


def rows_of(comparison, metric, published):
    """Return {row's name: (our model or None, our value or None, published values)}."""
    mine = ours(comparison, metric)
    rows = {model_label(name): (name, mine[name], []) for name in mine if name != "majority"}
    for entry in published:
        rows.setdefault(entry["model"], (None, None, []))[2].append(entry["value"])
    return rows


def draw_panels(panels, look):
    """Draw a panel of dumbbells for each (metric in words, rows, majority's value)."""
    heights = [0.6 + 0.27 * len(rows) for _, rows, _ in panels]
    figure, grid = canvas.subplots(
        0.3 + sum(heights), len(panels), 1, squeeze=False, height_ratios=heights
    )
    for axes, (metric, rows, majority) in zip(grid.flat, panels, strict=True):
        for place, (name, row) in enumerate(rows.items()):
            draw_row(axes, place, doc.visible(name), row, metric, look)
        canvas.rows(axes, [textwrap.fill(doc.visible(name), NARROW) for name in rows])
        axes.axvline(majority, **MAJORITY)
        told = {"what": "majority class", metric: majority}
        canvas.values(axes, [majority], [(len(rows) - 1) / 2], [told])
        axes.set_xlabel(metric)
    mine = {"linestyle": "none", "marker": "o", "color": canvas.MUTED, "label": "ours"}
    for line in (mine, PUBLISHED | {"label": "published"}, MAJORITY | {"label": "majority class"}):
        grid.flat[0].plot([], [], **line)
    canvas.legend(figure)
    return figure


def draw_row(axes, place, name, row, metric, look):
    """Draw a model's dumbbell: our value, if there is one, and the published ones."""
    model, mine, published = row
    known = [*published, *([] if mine is None else [mine])]
    axes.plot([min(known), max(known)], [place] * 2, color=canvas.MUTED, linewidth=1.0)
    if mine is not None:
        axes.plot([mine], [place], **look.dots(model))
        canvas.values(axes, [mine], [place], [{"what": f"{name}, ours", metric: mine}])
    axes.plot(published, [place] * len(published), **PUBLISHED)
    told = [{"what": f"{name}, published", metric: value} for value in published]
    canvas.values(axes, published, place, told)
