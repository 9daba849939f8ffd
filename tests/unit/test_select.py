"""Select: the best on validation, whatever the other figures say."""

from dataclasses import asdict, replace

import pandas as pd
import pytest
from example_experiment import example_experiment
from example_runs import config_of, write_grid
from tweetrnn import metrics
from tweetrnn.errors import UserError
from tweetrnn.evaluation.aggregate import aggregate
from tweetrnn.evaluation.comparison import Choice
from tweetrnn.evaluation.select import (
    Selection,
    choose,
    further_runs,
    make_selection,
    read_selection,
    select,
)
from tweetrnn.evaluation.shortlist import Shortlist, best_combinations, shortlist
from tweetrnn.evaluation.tables import digest_of, mean_figures, read_runs
from tweetrnn.files import read_json, write_json
from tweetrnn.grid import Run
from tweetrnn.results import Results


def runs_of(*rows):
    """Return a table of runs, as far as select reads it, of (cell, combination, figure, ...)."""
    columns = ["cell", "combination", "best_accuracy", "replicate", "status"]
    defaults = (1, "finished")
    rows = [(*row, *defaults[len(row) - 3 :]) for row in rows]
    return pd.DataFrame(rows, columns=columns).astype({"best_accuracy": "float64"})


def test_each_cell_gets_its_best_and_ties_go_by_name():
    runs = runs_of(
        ("LSTM", "b", 0.7),
        ("LSTM", "a", 0.7),
        ("LSTM", "c", 0.6),
        ("GRU", "c", 0.9),
        ("GRU", "a", None, 1, "diverged"),
    )
    chosen = choose(runs, "best_accuracy", ["GRU", "LSTM"])
    assert list(chosen) == ["GRU", "LSTM"]
    assert chosen["LSTM"] == Choice(combination="a", figure=0.7, replicate=1, candidates=3)
    assert chosen["GRU"] == Choice(combination="c", figure=0.9, replicate=1, candidates=1)


def test_replicates_are_averaged_and_the_best_of_them_is_the_selected_run():
    runs = runs_of(
        ("LSTM", "lucky", 0.9, 1),
        ("LSTM", "lucky", 0.5, 2),
        ("LSTM", "steady", 0.82, 2),
        ("LSTM", "steady", 0.8, 1),
    )
    chosen = choose(runs, "best_accuracy", ["LSTM"])["LSTM"]
    assert (chosen.combination, chosen.replicate) == ("steady", 2)
    assert chosen.figure == pytest.approx(0.81)


def test_of_equal_replicates_the_first_is_the_selected_run():
    runs = runs_of(*(("LSTM", "a", 0.7, replicate) for replicate in (3, 2, 1)))
    assert choose(runs, "best_accuracy", ["LSTM"])["LSTM"].replicate == 1


def test_the_lowest_is_the_best_where_lower_values_of_the_metric_are_better(monkeypatch):
    metric = replace(metrics.EPOCH_METRICS["accuracy"], higher_is_better=False)
    monkeypatch.setitem(metrics.EPOCH_METRICS, "accuracy", metric)
    runs = runs_of(("LSTM", "a", 0.7, 1), ("LSTM", "b", 0.3, 2), ("LSTM", "b", 0.5, 1))
    chosen = choose(runs, "best_accuracy", ["LSTM"])["LSTM"]
    assert chosen == Choice(combination="b", figure=0.4, replicate=2, candidates=2)


def selection_of(runs, **grid):
    """Return the Selection of runs, by best_accuracy."""
    config = config_of(**grid)
    config["report"]["select_by"] = "best_accuracy"
    config["training"]["selected_replicates"] = 3
    return make_selection(runs, config)


def test_a_cell_without_a_finished_run_is_left_out_and_none_at_all_refused():
    runs = runs_of(("LSTM", "a", 0.7), ("GRU", "a", None, 1, "missing"))
    assert list(selection_of(runs, cell=["GRU", "LSTM"]).cells) == ["LSTM"]
    with pytest.raises(UserError, match="no run of the cells to compare has finished"):
        selection_of(runs, cell=["GRU"], baseline_cells=["LSTM"])


def test_baseline_cells_are_selected_beside_those_that_are_compared():
    runs = runs_of(("LSTM", "a", 0.7), ("MeanOfWords", "a", 0.6), ("MeanOfWords", "b", 0.8))
    selection = selection_of(runs, cell=["LSTM"], baseline_cells=["MeanOfWords"])
    assert list(selection.cells) == ["LSTM"]
    assert list(selection.baseline_cells) == ["MeanOfWords"]
    assert selection.selected_run("MeanOfWords") == Run("MeanOfWords", "b", 1)
    assert list(selection.choices) == ["LSTM", "MeanOfWords"]


def test_finalists_are_judged_by_their_runs_with_other_seeds_alone():
    runs = runs_of(("LSTM", "lucky", 0.9), ("LSTM", "steady", 0.8), ("LSTM", "third", 0.7))
    again = {"LSTM": {"lucky": [0.5, 0.6], "steady": [0.75, 0.79]}}
    chosen = choose(runs, "best_accuracy", ["LSTM"], again)["LSTM"]
    assert (chosen.combination, chosen.replicate, chosen.candidates) == ("steady", 1, 3)
    assert chosen.figure == pytest.approx(0.77)
    assert [(f.combination, f.grid_figure, f.figures) for f in chosen.finalists] == [
        ("lucky", 0.9, [0.5, 0.6]),
        ("steady", 0.8, [0.75, 0.79]),
    ]


def test_finalist_whose_runs_all_diverged_is_not_selected():
    runs = runs_of(("LSTM", "a", 0.9), ("LSTM", "b", 0.8))
    again = {"LSTM": {"a": [], "b": [0.4]}}
    assert choose(runs, "best_accuracy", ["LSTM"], again)["LSTM"].combination == "b"


def test_shortlist_has_each_cells_best_combinations_ties_by_name():
    runs = runs_of(
        ("LSTM", "c", 0.7),
        ("LSTM", "b", 0.7),
        ("LSTM", "a", 0.6),
        ("LSTM", "d", 0.8),
        ("GRU", "a", 0.5),
    )
    best = best_combinations(runs, "best_accuracy", ["GRU", "LSTM", "QRNN"], 3)
    assert best == {"GRU": [], "LSTM": ["d", "b", "c"], "QRNN": []}


def test_shortlisted_runs_have_numbers_that_no_other_replicate_has():
    listed = Shortlist([2001, 2002], {"LSTM": ["a", "b"], "GRU": []})
    assert listed.all_runs() == [Run("LSTM", name, k) for name in "ab" for k in (2001, 2002)]


def test_figures_are_means_over_finished_replicates():
    runs = runs_of(("LSTM", "b", 0.9, 1), ("LSTM", "b", 0.5, 2), ("LSTM", "b", None, 3, "diverged"))
    assert mean_figures(runs, "best_accuracy").to_dict() == {("LSTM", "b"): 0.7}


def test_further_runs_repeat_each_choice():
    choice = Choice(combination="a", figure=0.5, replicate=1, candidates=1)
    assert further_runs({"GRU": choice}, [2, 3]) == [Run("GRU", "a", 2), Run("GRU", "a", 3)]


@pytest.mark.slow
@pytest.mark.parametrize("select_by", ["best_accuracy", "mean_accuracy", "best_macro_f1"])
def test_the_stage_names_new_replicates(tmp_path, select_by):
    config = config_of(replicates=2, rank_by=select_by)
    config["report"]["select_by"] = select_by
    config["training"]["selected_replicates"] = 3
    write_grid(tmp_path, config)
    results = Results(tmp_path)
    files = ("runs", "runs_csv", "epochs", "epochs_csv", "aggregate_facts")
    aggregate(results, **results.paths(files), config=config)
    files = ("runs", "aggregate_facts", "finalists")
    shortlist(**results.paths(files), config=config)
    select(results, **results.paths((*files, "selected")), config=config)
    selected = read_json(results.selected)
    assert selected["select_by"] == select_by
    assert selected["replicates"] == [3, 4, 5]
    runs = read_runs(results.runs, results.aggregate_facts)
    for cell, choice in selected["cells"].items():
        mine = runs[runs["cell"] == cell].groupby("combination")[select_by]
        assert choice["combination"] == mine.sum().idxmax()
        assert choice["figure"] == pytest.approx(mine.sum().max() / 2)
        assert choice["candidates"] == 32
    selection = read_selection(results.selected)
    assert selection.cells["LSTM"] == Choice(**selected["cells"]["LSTM"])
    assert (selection.select_by, selection.replicates) == (select_by, [3, 4, 5])


def test_selection_from_other_runs_is_refused(tmp_path):
    runs = example_experiment().runs
    selected = tmp_path / "selected.json"
    write_json(selected, asdict(Selection("best_accuracy", [2], {}, {}, digest_of(runs))))
    assert read_selection(selected, runs).replicates == [2]
    slower = runs.assign(seconds=runs["seconds"] + 1, max_rss_mb=0)
    assert read_selection(selected, slower).replicates == [2]
    other = runs.assign(best_accuracy=runs["best_accuracy"] + 1e-9)
    with pytest.raises(UserError, match="selected from other runs"):
        read_selection(selected, other)
