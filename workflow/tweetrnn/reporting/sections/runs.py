"""Every run of the grid."""

from tweetrnn.evaluation.metrics import PREDICTION_METRICS
from tweetrnn.evaluation.tables import records
from tweetrnn.names import FACTORS, RANKINGS
from tweetrnn.reporting.document import (
    Column,
    Curves,
    Paragraph,
    Section,
    Table,
    decimal,
    level,
    share,
    whole,
    yes,
)
from tweetrnn.reporting.sections.common import described

QUANTITIES = {
    "validation_accuracy": "validation accuracy",
    "train_accuracy": "training accuracy",
    "validation_loss": "validation loss",
    "train_loss": "training loss",
}


def section(experiment):
    """Return the Section of an Experiment."""
    paragraph = Paragraph(
        "Figures of the validation part; those of the test part are given for selected models "
        "alone, so that nobody can choose by them."
    )
    return Section("runs", "All runs", [paragraph, runs_table(experiment), curves(experiment)])


def runs_table(experiment):
    """Return the table of all runs."""
    several, unfinished = (
        experiment.config["training"]["replicates"] > 1,
        len(experiment.finished) < len(experiment.runs),
    )
    columns = [
        Column("rank", "rank", whole),
        Column("cell", "cell"),
        *(
            Column(factor, title, yes if factor in ("dropout", "regularization") else level)
            for factor, title in FACTORS.items()
        ),
        *([Column("replicate", "replicate", whole)] if several else []),
        *(
            Column(name, title.replace("validation ", ""), share)
            for name, title in RANKINGS.items()
        ),
        *(
            Column(f"{name}_at_best", f"{metric.heading}, best epoch", share)
            for name, metric in PREDICTION_METRICS.items()
        ),
        Column("divergence_epoch", "divergence epoch", whole),
        Column("parameters", "parameters", whole),
        Column("seconds", "seconds", decimal),
        Column("max_rss_mb", "memory, MB", whole),
        *([Column("status", "status")] if unfinished else []),
    ]
    order = RANKINGS[experiment.rank_by]
    title = f"All {whole(len(experiment.runs))} runs, in the order of their {order}"
    return Table("runs", title, columns, records(experiment.runs), tools=True)


def curves(experiment):
    """Return the Curves of all finished runs."""
    runs = []
    for run in records(experiment.finished):
        history = experiment.history(run)[list(QUANTITIES)].to_dict("list")
        runs.append(
            {
                "rank": run["rank"],
                "cell": run["cell"],
                "name": described(run["combination"]),
                **{name: [round(value, 4) for value in history[name]] for name in history},
            }
        )
    return Curves(runs, QUANTITIES)
