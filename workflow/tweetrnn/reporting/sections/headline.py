"""How the selected models compare with one another and with the baselines."""

from tweetrnn.evaluation.metrics import METRICS
from tweetrnn.grid import full_size, is_sample, size
from tweetrnn.names import BASELINES, model_label, model_name
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.sections.answer import answer
from tweetrnn.reporting.verdict import details

CONFOUNDERS = (
    "The selected models can differ in more than the cell: in hyperparameters, size and training "
    "time. Each replicate is tested with the weights of its epoch with the best validation "
    "accuracy; the table lists these epochs."
)


def blocks(experiment):
    """Return the section's blocks."""
    comparison, grid = experiment.comparison, experiment.config["grid"]
    blocks = [answer(experiment)]
    if comparison:
        blocks += [doc.Paragraph(*found) for found in details(comparison, experiment.baselines)]
    if is_sample(grid):
        text = (
            f"This is a sample: {doc.whole(size(grid))} of the grid's {doc.whole(full_size(grid))} "
            f"combinations, drawn at random by the seed {experiment.config['seed']} and the same "
            "for each cell. A better combination may be among those that were not trained."
        )
        blocks.append(doc.Paragraph(text, "note"))
    unfinished = experiment.runs[experiment.runs["status"] != "finished"]
    if len(unfinished):
        each = unfinished["cell"] + " " + unfinished["combination"]
        each = (each + " (" + unfinished["status"] + ")").head(8)
        more = f" and {len(unfinished) - 8} more" if len(unfinished) > 8 else ""
        text = (
            f"{len(unfinished)} of {len(experiment.runs)} runs have no result: {', '.join(each)}"
            f"{more}. They are left out everywhere else on this page."
        )
        blocks.insert(1, doc.Paragraph(text, "warning"))
    if not comparison:
        return blocks
    return [
        *blocks,
        doc.Paragraph(doc.ROUNDING, "note"),
        selected_table(comparison, experiment.new_seconds),
        doc.Paragraph(CONFOUNDERS, "note"),
        *edge_notes(experiment.baselines),
    ]


def edge_notes(baselines):
    """Yield a sentence of each baseline whose C is the first or last one tried."""
    for name, metrics in baselines.items():
        if metrics.get("at_edge"):
            end = "smallest" if metrics["C"] == metrics["grid"][0] else "largest"
            yield doc.Paragraph(
                f"{model_label(name)} does best on the validation set with C = "
                f"{metrics['C']:g}, the {end} value tried, so a value beyond it may be better.",
                "note",
            )


def selected_table(comparison, seconds):
    """Return the table of the selected models and the baselines on the judged set.

    ``seconds`` is {Run: seconds of its training}, of the new replicates.
    """
    part, rows = comparison.part, []
    for name, model in comparison.primary.accuracies.items():
        row = dict(model.values(part))
        if name not in BASELINES:
            row |= {
                "combination": doc.described(model.combination),
                "replicates": len(model.replicates),
                **confounders(comparison, name, seconds),
            }
        row |= {"model": model_name(name), "accuracy": model.accuracy, "interval": model.interval}
        rows.append(row)
    others = {name: metric.heading for name, metric in METRICS.items() if name != "accuracy"}
    columns = [
        *doc.columns(model="model"),
        *doc.columns(doc.share, accuracy=f"{part} accuracy"),
        *doc.columns(doc.between, interval="95 % interval"),
        *doc.columns(combination="combination"),
        *doc.columns(doc.whole, replicates="replicates"),
        *doc.columns(doc.share, **others),
        *doc.columns(doc.whole, parameters="parameters"),
        *doc.columns(doc.decimal, seconds="seconds per training"),
        *doc.columns(epochs="epochs tested"),
    ]
    title = f"The selected models and the baselines on the {part} set"
    return doc.Table("selected", title, columns, rows)


def accuracy_rows(comparison):
    """Return the first columns of ``selected_table`` as it shows them, a list for each model."""
    return [
        [model_name(name), doc.share(model.accuracy), doc.between(model.interval)]
        for name, model in comparison.primary.accuracies.items()
    ]


def confounders(comparison, cell, seconds):
    """Return in what a selected model differs from others besides its cell, a dict."""
    finished = {replicate.replicate for replicate in comparison.primary.accuracies[cell].replicates}
    times = [
        time for run, time in seconds.items() if run.cell == cell and run.replicate in finished
    ]
    trained = comparison.trained[cell]
    return {
        "parameters": trained.parameters,
        "seconds": sum(times) / len(times),
        "epochs": ", ".join(map(str, trained.best_epochs)),
    }
