"""The table that headline prints of the best runs."""

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
    majority = {"accuracy": 0.63, "binary_accuracy": 0.75, "macro_f1": 0.25}
    summary = {"tables": {"runs": runs}, "baselines": {"majority": {"validation": majority}}}
    head, _, *rows = top_table(summary).splitlines()
    assert head == (
        "| run | mean accuracy | mean binary accuracy | mean macro-F1 | best accuracy "
        "| best binary accuracy | best macro-F1 | divergence epoch |"
    )
    assert rows == [
        "| LSTM (1) | 0.100 | 0.100 | 0.100 | 0.100 | 0.100 | 0.100 | none |",
        "| LSTM (2) | 0.200 | 0.200 | 0.200 | 0.200 | 0.200 | 0.200 | 2 |",
        "| LSTM (3) | 0.300 | 0.300 | 0.300 | 0.300 | 0.300 | 0.300 | 3 |",
        "| GRU (1) | 0.100 | 0.100 | 0.100 | 0.100 | 0.100 | 0.100 | none |",
        "| majority | 0.630 | 0.750 | 0.250 | 0.630 | 0.750 | 0.250 |  |",
    ]
