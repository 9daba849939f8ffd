"""Select: the best on validation, whatever the other figures say."""

import json

import pytest
from example_runs import config_of, write_grid
from tweetrnn.__main__ import main
from tweetrnn.errors import UserError
from tweetrnn.evaluation import aggregate, select
from tweetrnn.files import read_json, write_parquet


def run_of(cell, combination, figure, replicate=1, status="finished"):
    """A row of the runs table, as far as select reads it."""
    return {
        "cell": cell,
        "combination": combination,
        "replicate": replicate,
        "status": status,
        "best_accuracy": figure,
    }


def test_each_cell_gets_its_best_and_ties_go_by_name():
    runs = [
        run_of("LSTM", "b", 0.7),
        run_of("LSTM", "a", 0.7),
        run_of("LSTM", "c", 0.6),
        run_of("GRU", "c", 0.9),
        run_of("GRU", "a", None, status="diverged"),
    ]
    chosen = select.select(runs, "best_accuracy", ["GRU", "LSTM"])
    assert list(chosen) == ["GRU", "LSTM"]
    assert chosen["LSTM"] == {"combination": "a", "figure": 0.7, "replicate": 1, "candidates": 3}
    assert chosen["GRU"] == {"combination": "c", "figure": 0.9, "replicate": 1, "candidates": 1}


def test_replicates_are_averaged_and_the_best_of_them_is_the_selected_run():
    runs = [
        run_of("LSTM", "lucky", 0.9, 1),
        run_of("LSTM", "lucky", 0.5, 2),
        run_of("LSTM", "steady", 0.8, 1),
        run_of("LSTM", "steady", 0.82, 2),
    ]
    chosen = select.select(runs, "best_accuracy", ["LSTM"])["LSTM"]
    assert (chosen["combination"], chosen["replicate"]) == ("steady", 2)
    assert chosen["figure"] == pytest.approx(0.81)


def test_a_cell_without_a_finished_run_is_left_out_and_none_at_all_refused():
    runs = [run_of("LSTM", "a", 0.7), run_of("GRU", "a", None, status="missing")]
    assert list(select.select(runs, "best_accuracy", ["GRU", "LSTM"])) == ["LSTM"]
    with pytest.raises(UserError, match="no run of the grid has finished"):
        select.select(runs[1:], "best_accuracy", ["GRU", "LSTM"])


@pytest.mark.slow
@pytest.mark.parametrize("select_by", ["best_accuracy", "mean_accuracy", "best_macro_f1"])
def test_the_command_names_new_replicates(tmp_path, select_by):
    config = config_of(replicates=2, rank_by=select_by)
    write_grid(tmp_path, config)
    runs, _ = aggregate.gather(tmp_path / "train", tmp_path / "benchmarks", config)
    write_parquet(tmp_path / "runs.parquet", aggregate.table(runs, aggregate.RUNS))
    config["report"]["select_by"] = select_by
    config["training"]["selected_replicates"] = 3
    arguments = ["select", "--runs", str(tmp_path / "runs.parquet"), "--config", json.dumps(config)]
    assert main([*arguments, "--selected", str(tmp_path / "selected.json")]) == 0
    selected = read_json(tmp_path / "selected.json")
    assert selected["select_by"] == select_by
    assert selected["replicates"] == [3, 4, 5]
    for cell, choice in selected["cells"].items():
        figures = {}
        for run in runs:
            if run["cell"] == cell:
                figures.setdefault(run["combination"], []).append(run[select_by])
        best = max(figures, key=lambda name: sum(figures[name]))
        assert choice["combination"] == best
        assert choice["figure"] == pytest.approx(sum(figures[best]) / 2)
        assert choice["candidates"] == 32
