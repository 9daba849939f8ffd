"""The runs: the best of each cell as the reference shows them, all of them, and their cost."""

from tweetrnn.evaluation.metrics import PREDICTION_METRICS
from tweetrnn.evaluation.tables import records
from tweetrnn.names import FACTORS, RANKINGS, model_label
from tweetrnn.reporting import document as doc
from tweetrnn.reporting import figures
from tweetrnn.reporting.experiment import run_of
from tweetrnn.reporting.figures import curves as curves_of_best

# What evaluation.aggregate.divergence_epoch computes.
DIVERGENCE_EPOCH = (
    "The divergence epoch is the first epoch after which the validation loss never again falls "
    "more than 1 % below its value there, although the training loss still does. At least two "
    "later epochs must bear that out, so that one last bad epoch makes no divergence; where no "
    "epoch is like that, the curves do not diverge. In the curves it is the dotted line."
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
            f"{opening} are {order} This order favours quick learners and is not what the "
            "comparison rests on."
        )
    blocks = [doc.Paragraph(text)]
    for cell in experiment.cells:
        cards = [
            card(experiment, run, place) for place, run in enumerate(experiment.best_runs(cell), 1)
        ]
        caption = curves_of_best.caption(experiment.config)
        blocks.append(doc.Cards(f"{cell}: the best {len(cards)}", ranking, cards, caption))
    return [*blocks, doc.Paragraph(DIVERGENCE_EPOCH)]


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
    return [doc.Paragraph(text), runs_table(experiment), curves(experiment)]


def runs_table(experiment):
    """Return the table of all runs."""
    several = experiment.config["training"]["replicates"] > 1
    unfinished = len(experiment.finished) < len(experiment.runs)
    rankings = {name: title.replace("validation ", "") for name, title in RANKINGS.items()}
    metrics = {
        f"{name}_at_best": f"{metric.heading}, best epoch"
        for name, metric in PREDICTION_METRICS.items()
    }
    switches = ("dropout", "regularization")
    columns = [
        *doc.columns(doc.whole, rank="rank"),
        *doc.columns(model="cell"),
        *(
            doc.Column(factor, title, doc.yes if factor in switches else doc.level)
            for factor, title in FACTORS.items()
        ),
        *(doc.columns(doc.whole, replicate="replicate") if several else []),
        *doc.columns(doc.share, **rankings, **metrics),
        *doc.columns(doc.whole, divergence_epoch="divergence epoch", parameters="parameters"),
        *doc.columns(doc.decimal, seconds="seconds"),
        *doc.columns(doc.whole, max_rss_mb="memory, MB"),
        *(doc.columns(status="status") if unfinished else []),
    ]
    order = RANKINGS[experiment.rank_by]
    title = f"All {doc.whole(len(experiment.runs))} runs, in the order of their {order}"
    rows = [run | {"model": model_label(run["cell"])} for run in records(experiment.runs)]
    return doc.Table("runs", title, columns, rows, tools=True)


def curves(experiment):
    """Return the Curves of all finished runs."""
    runs = []
    for run in records(experiment.finished):
        history = experiment.history(run)[list(QUANTITIES)].to_dict("list")
        runs.append(
            {
                "rank": run["rank"],
                "cell": model_label(run["cell"]),
                "name": doc.described(run["combination"]),
                **{name: [round(value, 4) for value in history[name]] for name in history},
            }
        )
    return doc.Curves([model_label(cell) for cell in experiment.trained_cells], runs, QUANTITIES)


# ------------------------------------------------------------------------------ time and memory


def cost(experiment):
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
            asked="asked for, MB",
            further="further replicates",
        ),
        *doc.columns(doc.decimal, further_total="their minutes"),
    ]
    title = "Time and memory of the trainings, summed over attempts"
    rows = [cost_of(experiment, cell) for cell in experiment.trained_cells]
    return [doc.Table("cost", title, columns, rows)]


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
