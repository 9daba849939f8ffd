"""Every run of the grid."""

from tweetrnn.evaluation.prediction_metrics import PREDICTION_METRICS
from tweetrnn.reporting.document import (
    Column,
    Curves,
    Paragraph,
    Section,
    Table,
    decimal,
    share,
    whole,
    yes,
)
from tweetrnn.reporting.figures import FACTORS, RANKINGS, level_text
from tweetrnn.reporting.sections.common import described, figure

EPOCH_FIGURES = {
    "validation_accuracy": "validation accuracy",
    "train_accuracy": "training accuracy",
    "validation_loss": "validation loss",
    "train_loss": "training loss",
}


def section(e):
    """Return the Section of an Experiment."""
    some = len(e.config["grid"]["cell"]) > 1
    blocks = [
        Paragraph(
            "Figures of the validation part; those of the test part are told of selected models "
            "alone, so that nobody can choose by them."
        ),
        figure(e, "ranking"),
        *([figure(e, "cells")] if some else []),
        runs_table(e),
        curves(e),
    ]
    return Section("runs", "All runs", blocks)


def runs_table(e):
    """Return the table of all runs."""
    order = RANKINGS[e.config["report"]["rank_by"]]
    return Table(
        "runs",
        f"All {whole(len(e.runs))} runs, in the order of their {order}",
        [
            Column("rank", "rank", whole),
            Column("cell", "cell"),
            *(
                Column(factor, title, yes if factor in ("dropout", "regularization") else number)
                for factor, title in FACTORS.items()
            ),
            *([Column("replicate", "replicate", whole)] * (e.config["training"]["replicates"] > 1)),
            Column("mean_accuracy", "mean accuracy", share),
            Column("best_accuracy", "best accuracy", share),
            Column("last_accuracy", "last accuracy", share),
            Column("best_macro_f1", "best macro-F1", share),
            Column("mean_binary_accuracy", "mean binary accuracy", share),
            *(
                Column(f"{name}_at_best", f"{title}, best epoch", share)
                for name, (title, _) in PREDICTION_METRICS.items()
            ),
            Column("divergence_epoch", "divergence epoch", whole),
            Column("parameters", "parameters", whole),
            Column("seconds", "seconds", decimal),
            Column("max_rss_mb", "memory, MB", whole),
            *([Column("status", "status")] * any(run["status"] != "finished" for run in e.runs)),
        ],
        e.runs,
        tools=True,
    )


def number(value):
    """Return a factor's value, 0.001 as ``1e-3``."""
    if isinstance(value, float):
        return level_text("learning_rate", value)
    return str(value)


def curves(e):
    """Return the Curves of all finished runs."""
    own = {}
    for row in e.epochs:
        own.setdefault((row["cell"], row["combination"], row["replicate"]), []).append(row)
    found = []
    for row in e.runs:
        history = own.get((row["cell"], row["combination"], row["replicate"]), [])
        if row["status"] == "finished":
            found.append(
                {
                    "rank": row["rank"],
                    "cell": row["cell"],
                    "name": described(row["combination"]),
                    **{
                        quantity: [round(epoch[quantity], 4) for epoch in history]
                        for quantity in EPOCH_FIGURES
                    },
                }
            )
    return Curves(found, EPOCH_FIGURES)
