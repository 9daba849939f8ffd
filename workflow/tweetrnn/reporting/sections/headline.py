"""Who won, by how much, and against what."""

from tweetrnn.evaluation.metrics import METRICS
from tweetrnn.grid import full_size, is_sample, size
from tweetrnn.names import BASELINES
from tweetrnn.reporting.document import Column, Paragraph, Section, Table, between, share, whole
from tweetrnn.reporting.sections.common import described
from tweetrnn.reporting.verdict import verdict


def section(experiment):
    """Return the Section of an Experiment."""
    kind = experiment.tokenized["kind"]
    sentences = verdict(experiment.comparison, experiment.baselines, kind)
    blocks = [Paragraph(text, role) for text, role in sentences]
    grid = experiment.config["grid"]
    if is_sample(grid):
        text = (
            f"This is a sample: {whole(size(grid))} of the grid's {whole(full_size(grid))} "
            f"combinations, drawn at random by the seed {experiment.config['seed']} and the same "
            "for each cell. A better combination may be among those that were not trained."
        )
        blocks.append(Paragraph(text, "note"))
    unfinished = experiment.runs[experiment.runs["status"] != "finished"]
    if len(unfinished):
        each = unfinished["cell"] + " " + unfinished["combination"]
        each = (each + " (" + unfinished["status"] + ")").head(8)
        more = f" and {len(unfinished) - 8} more" if len(unfinished) > 8 else ""
        text = (
            f"{len(unfinished)} of {len(experiment.runs)} runs have no result: {', '.join(each)}"
            f"{more}. Nothing on this page speaks of them."
        )
        blocks.insert(0, Paragraph(text, "warning"))
    if experiment.comparison:
        blocks.append(selected_table(experiment.comparison))
    return Section("headline", "Which cell reads sentiment better", blocks)


def selected_table(comparison):
    """Return the table of the selected models and the baselines on the judged set."""
    part, rows = comparison.part, []
    for name, model in comparison.primary.accuracies.items():
        if name in BASELINES:
            row = model.scores[part] | {"model": BASELINES[name].model}
        else:
            row = {metric: spread.mean for metric, spread in model.spread[part].items()} | {
                "model": name,
                "combination": described(model.combination),
                "replicates": len(model.replicates),
            }
        rows.append(row | {"accuracy": model.accuracy, "interval": model.interval})
    others = {name: metric for name, metric in METRICS.items() if name != "accuracy"}
    columns = [
        Column("model", "model"),
        Column("combination", "combination"),
        Column("replicates", "replicates", whole),
        Column("accuracy", f"{part} accuracy", share),
        Column("interval", "95 % interval", between),
        *(Column(name, metric.heading, share) for name, metric in others.items()),
    ]
    title = f"The selected models and the baselines on the {part} part"
    return Table("selected", title, columns, rows)
