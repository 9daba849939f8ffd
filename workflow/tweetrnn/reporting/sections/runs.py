"""The runs: the best of each cell as the reference shows them, all of them, and their cost."""

from tweetrnn.evaluation.cell_order import best_first
from tweetrnn.evaluation.metrics import PREDICTION_METRICS
from tweetrnn.evaluation.tables import records
from tweetrnn.names import FACTORS, RANKINGS, higher_is_better, model_label
from tweetrnn.reporting import document as doc
from tweetrnn.reporting import figures
from tweetrnn.reporting.experiment import run_of
from tweetrnn.reporting.figures import curves as curves_of_best
from tweetrnn.wording import listed

TEN = 10  # best runs, whose cells are counted

# What evaluation.aggregate.divergence_epoch computes.
DIVERGENCE_EPOCH = (
    "The divergence epoch, dotted in the curves, is the first epoch after which the validation "
    "loss never again falls more than 1 % below its value there, while the training loss still "
    "does. At least two later epochs must confirm it, so a single bad last epoch does not count. "
    "If there is no such epoch, the curves do not diverge."
)
QUANTITIES = {
    "validation_accuracy": "validation accuracy",
    "train_accuracy": "training accuracy",
    "validation_loss": "validation loss",
    "train_loss": "training loss",
}


# ------------------------------------------------------------------------ the best of each cell


def best(experiment):
    """Return the blocks of each cell's best runs."""
    ranking, most = RANKINGS[experiment.rank_by], experiment.config["report"]["top"]
    order = f"ranked by their {ranking}; the first {most} of each cell are shown."
    text = f"Runs are {order}"
    if experiment.rank_by.startswith("mean"):
        opening = "As in the reference report, runs" if shows_reference(experiment) else "Runs"
        text = (
            f"{opening} are {order} This order favours quick learners; the comparison does not "
            "use it."
        )
    finding = best_in_words(experiment)
    blocks = [doc.Paragraph(finding, "finding"), doc.Paragraph(text, "method")]
    for cell in experiment.cells:
        cards = [
            card(experiment, run, place) for place, run in enumerate(experiment.best_runs(cell), 1)
        ]
        caption = curves_of_best.caption(experiment.config)
        blocks.append(doc.Cards(f"{cell}: the best {len(cards)}", ranking, cards, caption))
    return [*blocks, doc.Paragraph(DIVERGENCE_EPOCH, "method")]


def best_in_words(experiment):
    """Return each cell's best figure, the best cell first, and the combination that has it."""
    by = experiment.rank_by
    found = {cell: runs[0] for cell in experiment.cells if (runs := experiment.best_runs(cell))}
    if not found:
        return "No run has finished."
    order = sorted(found, key=lambda cell: -found[cell][by])
    each = [
        f"{cell} {doc.share(found[cell][by])} ({doc.described(found[cell]['combination'])})"
        for cell in order
    ]
    return f"Highest {RANKINGS[by]} of a single run: {'; '.join(each)}."


def shows_reference(experiment):
    """Return whether the reference report's figures are shown beside ours."""
    return experiment.config["report"]["reference"]


def card(experiment, run, place):
    """Return the Card of one run, a dict; ``place`` is its rank in its cell."""
    architecture = doc.Table(
        f"architecture-{run['cell']}-{place}",
        f"Architecture of {run['cell']} {place}",
        [
            *doc.columns(layer="layer (type)", output_shape="output shape"),
            *doc.columns(doc.whole, parameters="parameters"),
        ],
        experiment.architecture(run_of(run)),
    )
    return doc.Card(
        place,
        f"{run['reference_tuple']}: {doc.described(run['combination'])}",
        doc.share(run[experiment.rank_by]),
        architecture,
        *(
            figures.block(curves_of_best.name_of(run["cell"], place, quantity), experiment)
            for quantity in ("loss", "accuracy")
        ),
    )


# -------------------------------------------------------------------------------------- all runs


def all_runs(experiment):
    """Return the blocks of all runs."""
    text = (
        "These are validation scores. Test scores are reported only for selected models, so that "
        "they cannot influence the selection."
    )
    return [
        doc.Paragraph(scores_in_words(experiment), "finding"),
        doc.Paragraph(text, "method"),
        explorer(experiment),
        runs_table(experiment),
    ]


def scores_in_words(experiment):
    """Return the range of all runs, whose the best are, and how many beat the baselines."""
    by, runs = experiment.rank_by, experiment.finished
    if runs.empty:
        return "No run has finished."
    if len(runs) == 1:
        return f"One run has finished; its {RANKINGS[by]} is {doc.share(runs[by].iloc[0])}."
    text = f"{len(runs)} runs range from {doc.between([runs[by].min(), runs[by].max()])} in "
    text += RANKINGS[by]
    if runs["cell"].nunique() > 1:
        best = runs["cell"].head(TEN)
        cells = [
            f"{count} {'is' if count == 1 else 'are'} {model_label(cell)}"
            for cell, count in best.value_counts().items()
        ]
        text += f"; of the best {len(best)}, {listed(cells)}"
    above = [
        f"{model_label(name)} {(runs[by] > value).sum()}"
        for name, value in experiment.baseline_values(by).items()
    ]
    return text + (f". Runs above each baseline: {', '.join(above)}." if above else ".")


def settings(experiment):
    """Return the columns of what a run is made of."""
    switches = ("dropout", "regularization")
    titles = FACTORS | {"dense_layers": "dense layers", "regularization": "L2"}  # short ones
    several = experiment.config["training"]["replicates"] > 1
    return [
        *(
            doc.Column(factor, title, doc.yes if factor in switches else doc.level)
            for factor, title in titles.items()
        ),
        *(doc.columns(doc.whole, replicate="replicate") if several else []),
    ]


def score_titles():
    """Return {column: title} of all scores of the table of runs."""
    at_best = {
        f"{name}_at_best": f"validation {metric.heading}, best epoch"
        for name, metric in PREDICTION_METRICS.items()
    }
    return RANKINGS | at_best


def score_columns(experiment):
    """Return their columns: those by which runs are ranked and selected, and the best values."""
    report = experiment.config["report"]
    shown = {report["rank_by"], report["select_by"], "best_accuracy", "best_macro_f1"}
    return [
        doc.Column(
            name,
            title.replace("validation ", ""),
            doc.share,
            group="validation scores",
            first="descending",
            extra=name not in shown,
        )
        for name, title in score_titles().items()
    ]


def runs_table(experiment):
    """Return the table of all runs."""
    unfinished = len(experiment.finished) < len(experiment.runs)
    training = [
        *doc.columns(doc.whole, divergence_epoch="divergence epoch", parameters="parameters"),
        *doc.columns(doc.decimal, seconds="seconds"),
        *doc.columns(doc.whole, max_rss_mb="memory, MB"),
        *(doc.columns(status="status") if unfinished else []),
    ]
    columns = [
        *doc.columns(doc.whole, rank="rank"),
        *doc.columns(model_label, cell="cell"),
        *doc.grouped("settings", settings(experiment)),
        *score_columns(experiment),
        *doc.grouped("training", training, ["divergence_epoch", "parameters", "max_rss_mb"]),
    ]
    order = RANKINGS[experiment.rank_by]
    title = f"All {doc.whole(len(experiment.runs))} runs, in the order of their {order}"
    return doc.Table("runs", title, columns, records(experiment.runs), tools=True)


def explorer(experiment):
    """Return the Explorer of the table of runs; at first each cell's best run is selected."""
    score = experiment.config["report"]["select_by"]
    best = experiment.finished.sort_values(
        score, ascending=not higher_is_better(score), kind="stable"
    )
    factors = [column.key for column in settings(experiment)]
    return doc.Explorer(
        "runs",
        [model_label(cell) for cell in experiment.trained_cells],
        ["cell", *factors, "status"],
        score_titles(),
        {"seconds": "training time, seconds", "parameters": "parameters"},
        {name: labelled(experiment.baseline_values(name)) for name in score_titles()},
        score,
        sorted(best.drop_duplicates("cell")["rank"].tolist()),
        curves(experiment),
        QUANTITIES,
    )


def labelled(values):
    """Return {baseline's label: rounded value} of {baseline: value}."""
    return {model_label(name): round(value, 4) for name, value in values.items()}


def curves(experiment):
    """Return {quantity: every run's values over the epochs, None without a result}."""
    runs = records(experiment.runs)
    histories = [experiment.history(run) if run["status"] == "finished" else None for run in runs]
    return {
        name: [
            history if history is None else history[name].round(4).tolist() for history in histories
        ]
        for name in QUANTITIES
    }


# ------------------------------------------------------------------------------ time and memory


def cost(experiment):
    """Return what the trainings cost, in words and as a table."""
    finding = doc.Paragraph(cost_in_words(experiment), "finding")
    method = doc.Paragraph(
        "Times are wall-clock times: what else the machine was doing meanwhile is in them.",
        "method",
    )
    return [finding, method, cost_table(experiment)]


def cost_in_words(experiment):
    """Return how long trainings take, the cells compared on equal combinations, and the memory."""
    first, *others = experiment.cells
    if experiment.comparison:
        first, *others = best_first(experiment.comparison)
    sentences = [text for other in others if (text := times_in_words(experiment, first, other))]
    if not others and experiment.cost(first)["runs"]:
        median = doc.decimal(experiment.cost(first)["median"])
        sentences = [f"A training of {first} takes {median} seconds (median)."]
    memory = [experiment.cost(cell)["memory"] for cell in experiment.trained_cells]
    if used := [megabytes for megabytes in memory if megabytes is not None]:
        sentences.append(
            f"No training used more than {doc.whole(max(used))} MB of memory; each requested "
            f"{doc.whole(experiment.memory_mb)} MB."
        )
    return " ".join(sentences) or "No training has been timed."


def times_in_words(experiment, first, other):
    """Return the sentence that compares two cells' training times; None without common runs."""
    seconds = experiment.paired_seconds(first, other)
    if seconds.empty:
        return None
    means = seconds.mean()
    slow, fast = (first, other) if means[first] >= means[other] else (other, first)
    return (
        f"A training of {slow} takes {doc.ratio(means[slow] / means[fast])} times as long as one "
        f"of {fast} ({doc.average_seconds(seconds, slow, fast)})."
    )


def cost_table(experiment):
    """Return the table of what the trainings cost."""
    columns = [
        *doc.columns(cell="cell"),
        *doc.columns(doc.whole, runs="runs"),
        *doc.columns(
            doc.decimal, total="minutes in all", median="median seconds", slowest="most seconds"
        ),
        *doc.columns(
            doc.whole,
            memory="most memory, MB",
            asked="requested, MB",
            further="further replicates",
        ),
        *doc.columns(doc.decimal, further_total="their minutes"),
    ]
    title = "Time and memory of the trainings, summed over attempts"
    rows = [cost_of(experiment, cell) for cell in experiment.trained_cells]
    return doc.Table("cost", title, columns, rows)


def cost_of(experiment, cell):
    """Return a cell's row of the table."""
    further = [seconds for run, seconds in experiment.new_seconds.items() if run.cell == cell]
    return {
        "cell": model_label(cell),
        **experiment.cost(cell),
        "asked": experiment.memory_mb,
        "further": len(further),
        "further_total": sum(further) / 60,
    }
