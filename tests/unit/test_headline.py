"""The table that headline prints of the best runs."""

from tweetrnn.metrics import EPOCH_METRICS
from tweetrnn.reporting.headline import FIGURES, top_table


def run(cell, rank, status="finished"):
    return {
        "cell": cell,
        "rank_in_cell": rank,
        "status": status,
        "reference_tuple": f"({rank})",
        "divergence_epoch": None if rank == 1 else rank,
        **{f"{kind}_{metric}": rank / 10 for kind, metric in FIGURES},
    }


def test_table_has_the_top_three_of_each_cell_and_the_baselines():
    runs = [run("LSTM", rank) for rank in (4, 2, 1, 3)] + [run("GRU", 1)]
    runs += [run("GRU", 2, "diverged")]
    scores = {"majority": 0.63, "logistic_regression": 0.78, "nb_svm": 0.79}
    baselines = {
        name: {"validation": dict.fromkeys(EPOCH_METRICS, value)} for name, value in scores.items()
    }
    baselines["sha256"] = {"predictions": "0"}
    summary = {"tables": {"runs": runs}, "baselines": baselines}
    head, _, *rows = top_table(summary).splitlines()
    headings = [f"{kind} {EPOCH_METRICS[metric].heading}" for kind, metric in FIGURES]
    assert head == f"| run | {' | '.join(headings)} | divergence epoch |"

    def row(name, figure, epoch, mean=None):
        figures = [figure if mean is None or kind != "mean" else mean for kind, _ in FIGURES]
        return f"| {name} | {' | '.join(figures)} | {epoch} |"

    assert rows == [
        row("LSTM (1)", "0.100", "none"),
        row("LSTM (2)", "0.200", "2"),
        row("LSTM (3)", "0.300", "3"),
        row("GRU (1)", "0.100", "none"),
        row("majority class", "0.630", "", mean=""),  # it has no epochs
        row("logistic regression", "0.780", "", mean=""),
        row("NB-SVM", "0.790", "", mean=""),
    ]
