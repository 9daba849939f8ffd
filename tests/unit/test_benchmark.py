"""The benchmark: how it compares measurements with goals, and that its sides run."""

import pytest
from small_training import config_of, stage_arguments, stage_command, write_split
from tweetrnn.training.loop import Trainer


@pytest.fixture
def benchmark(root, monkeypatch):
    """Import a module of the benchmark's folder."""
    monkeypatch.syspath_prepend(root / "benchmarks")
    return __import__


@pytest.fixture
def row(benchmark):
    return benchmark("tables").Row


@pytest.mark.parametrize(
    ("bounds", "values", "met"),
    [
        ({"at_least": 5}, [1, 5, 9], True),
        ({"at_least": 5}, [4.9, 4.9, 9], False),
        ({"at_most": 5}, [1, 5, 9], True),
        ({"at_most": 5}, [1, 5.1, 9], False),
        ({}, [1, 2, 3], None),
    ],
)
def test_a_goal_is_met_by_the_median(row, bounds, values, met):
    assert row("a", "b", values, **bounds).met is met


def test_a_ratio_is_taken_within_a_round(benchmark):
    assert benchmark("tables").ratios([1, 10], [2, 20]) == [0.5, 0.5]


def test_the_summary_has_each_goal_once_where_it_is_hardest(benchmark, row):
    rows = [
        row("speed", "easy", [9], at_least=5),
        row("speed", "hard", [4], at_least=5),
        row("speed", "no goal", [1]),
        row("memory", "hard", [600], at_most=700),
        row("memory", "easy", [100], at_most=700),
    ]
    assert [shown.on for shown in benchmark("tables").summary(rows)] == ["hard", "hard"]


def test_a_missed_goal_is_shown_in_both_tables(benchmark, row):
    missed, tables = row("speed", "LSTM", [3, 4, 4.25], at_least=5), benchmark("tables")
    line = "| speed | LSTM | at least 5 × | 4.00 × | 3.00 – 4.25 | no |"
    assert tables.as_markdown([missed]).splitlines()[-1] == line
    line = "speed,LSTM,at least 5 ×,4.00,3.00,4.25,×,no"
    assert tables.as_csv([missed]).splitlines()[-1] == line


@pytest.fixture
def few_words(benchmark, monkeypatch, one_thread):
    """A corpus with so few tweets and words that a training takes milliseconds."""
    words = benchmark("words")
    monkeypatch.setattr(words, "tweets_path", lambda: None)
    for name, number in {"WIDTH": 50, "TRAINING": 64, "VALIDATION": 40, "LENGTH": 4}.items():
        monkeypatch.setattr(words, name, number)


@pytest.mark.parametrize(
    ("side", "figures"),
    [
        ("ours", {"epoch"}),
        ("ours-step", {"step", "flush"}),
        ("ours-narrow", {"step", "flush"}),
        # torch imports much more for its optimizers and modules, which takes seconds.
        pytest.param("plain-torch", {"epoch"}, marks=pytest.mark.slow),
        pytest.param("floor", {"step"}, marks=pytest.mark.slow),
    ],
)
@pytest.mark.usefixtures("few_words")
def test_a_side_answers_with_seconds(benchmark, side, figures):
    for cell in ("SimpleRNN", "LSTM"):
        for l2 in (False, True):
            answer = benchmark("peers").SIDES[side](cell, 2, l2, 1.0)()
            assert answer.keys() == figures
            assert all(seconds > 0 for seconds in answer.values())


@pytest.mark.usefixtures("one_thread")
def test_a_whole_run_measures_its_cost_outside_of_the_epochs(benchmark, tmp_path, monkeypatch):
    monkeypatch.setattr(Trainer, "run_epoch", Trainer.run_epoch)  # given back afterwards
    split, run = write_split(tmp_path / "split"), tmp_path / "run"
    command = stage_command(stage_arguments(split, run), config_of())
    status, costs = benchmark("whole_run").main(command[command.index("train") :])
    assert status == 0
    assert costs["beside"] > 0 and costs["peak"] > 10
    assert (run / "history.csv").exists()
