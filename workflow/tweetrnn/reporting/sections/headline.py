"""Who won, by how much, and against what."""

from tweetrnn.evaluation.metrics import METRICS
from tweetrnn.grid import full_size, is_sample, size
from tweetrnn.names import BASELINES
from tweetrnn.reporting.document import Column, Paragraph, Section, Table, between, share, whole
from tweetrnn.reporting.sections.common import described
from tweetrnn.reporting.verdict import verdict


def section(e):
    """Return the Section of an Experiment."""
    kind = e.tokenized["kind"]
    blocks = [Paragraph(text, role) for text, role in verdict(e.comparison, e.baselines, kind)]
    grid = e.config["grid"]
    if is_sample(grid):
        blocks.append(
            Paragraph(
                f"This is a sample: {whole(size(grid))} of the grid's {whole(full_size(grid))} "
                f"combinations, drawn at random by the seed {e.config['seed']} and the same for "
                "each cell. A better combination may be among those that were not trained.",
                "note",
            )
        )
    unfinished = e.runs[e.runs["status"] != "finished"]
    if len(unfinished):
        each = (unfinished["cell"] + " " + unfinished["combination"]).head(8)
        each += " (" + unfinished["status"] + ")"
        more = f" and {len(unfinished) - 8} more" if len(unfinished) > 8 else ""
        text = (
            f"{len(unfinished)} of {len(e.runs)} runs have no result: {', '.join(each)}{more}. "
            "Nothing on this page speaks of them."
        )
        blocks.insert(0, Paragraph(text, "warning"))
    if e.comparison:
        blocks.append(selected_table(e.comparison))
    return Section("headline", "Which cell reads sentiment better", blocks)


def selected_table(comparison):
    """Return the table of the selected models and the baselines on the judged set."""
    part, rows = comparison.part, []
    for name, own in comparison.primary.accuracies.items():
        row = {"accuracy": own.accuracy, "interval": own.interval}
        if name in BASELINES:
            rows.append({**own.scores[part], "model": BASELINES[name].model, **row})
            continue
        means = {metric: spread.mean for metric, spread in own.spread[part].items()}
        combination, replicates = described(own.combination), len(own.replicates)
        model = {"model": name, "combination": combination, "replicates": replicates}
        rows.append({**means, **model, **row})
    columns = [
        Column("model", "model"),
        Column("combination", "combination"),
        Column("replicates", "replicates", whole),
        Column("accuracy", f"{part} accuracy", share),
        Column("interval", "95 % interval", between),
        *(
            Column(name, metric.heading, share)
            for name, metric in METRICS.items()
            if name != "accuracy"
        ),
    ]
    title = f"The selected models and the baselines on the {part} part"
    return Table("selected", title, columns, rows)
