"""Published results of the config beside ours."""

from tweetrnn.evaluation.metrics import METRICS
from tweetrnn.names import BASELINES
from tweetrnn.reporting import document as doc


def blocks(experiment):
    """Return the section's blocks."""
    published, comparison = experiment.config["report"]["published"], experiment.comparison
    text = (
        f"Our values are measured on the {doc.whole(comparison.tweets)} tweets of the "
        f"{comparison.part} set; those of the cells are means over the new replicates of the "
        "selected combinations. Published values are as printed in their sources, without an "
        "interval, and may be measured on other tweets; the notes say what is known."
    )
    interval = {"interval": "95 % interval"}  # of the accuracies
    metrics = [name for name in METRICS if name in {row["metric"] for row in published}]
    columns = [
        *doc.columns(model="model"),
        *doc.columns(doc.share, **{name: METRICS[name].heading for name in metrics}),
        *(doc.columns(doc.between, **interval) if "accuracy" in metrics else []),
        *doc.columns(source="source", note="note"),
    ]
    own = list(ours(comparison, metrics))
    rows = [*own, *(published_row(row) for row in published)]
    findings = [best_in_words(metric, own, published) for metric in metrics]
    return [
        doc.Paragraph(" ".join(findings), "finding"),
        doc.Paragraph(text, "method"),
        doc.Table("published", "Published results and ours", columns, rows),
    ]


def best_in_words(metric, own, published):
    """Return the best of our models and the best published one in a metric."""
    best_of = max if METRICS[metric].higher_is_better else min
    best = best_of(own, key=lambda row: row[metric])
    printed = best_of(
        (row for row in published if row["metric"] == metric), key=lambda row: row["value"]
    )
    return (
        f"The best {METRICS[metric].heading} here is {doc.share(best[metric])} "
        f"({best['model']}), the best published one {doc.share(printed['value'])} "
        f"({printed['model']}, {printed['source']})."
    )


def ours(comparison, metrics):
    """Yield a row for each selected model and baseline, with its values of the metrics."""
    for name, model in comparison.primary.accuracies.items():
        label = BASELINES[name].model if name in BASELINES else name
        values = model.values(comparison.part)
        row = {"model": label, "source": "this experiment", "interval": model.interval}
        yield row | {metric: values[metric] for metric in metrics}


def published_row(row):
    """Return the row of one entry of ``report.published``."""
    return {
        "model": row["model"],
        row["metric"]: row["value"],
        "source": row["source"],
        "note": row["note"] or None,
    }
