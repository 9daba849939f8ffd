"""How far an experiment is told to be, from what its trainings leave."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from example_runs import write_run
from tweetrnn.__main__ import main
from tweetrnn.config import resolve
from tweetrnn.files import read_json, write_json
from tweetrnn.grid import Combination
from tweetrnn.guard import one_writer
from tweetrnn.metrics import HISTORY
from tweetrnn.running import status
from tweetrnn.running.status import RunStatus, lines, planned, read_log, read_run, time_to_go

CONFIG = {
    "name": "demo",
    "corpus": {"kind": "demo"},
    "grid": {"recurrent_layers": [1], "dense_layers": [2], "dropout": [True]},
}
EPOCH = (
    "2026-01-02 03:04:05,678 INFO epoch {} of 10: loss 0.9, accuracy 0.6; "
    "validation loss 0.7, accuracy {:.4f} (0.5 s)\n"
)
ERROR = "2026-01-02 03:04:09,000 ERROR error: the loss is not finite\n"


@pytest.fixture
def results(tmp_path, monkeypatch):
    """The experiment's folder; its config lies beside."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(CONFIG))
    return tmp_path / "results/demo"


@pytest.fixture
def names():
    """The cell, combination and replicate of all eight trainings."""
    return planned(resolve(CONFIG), Path("nowhere"))


def write_log(results, name, text):
    path = results / f"logs/train/{name[0]}/{name[1]}/{name[2]}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def finish(results, name, accuracies, status="finished"):
    """Write the results of one training with these validation accuracies; return its folder."""
    combination = Combination.parse(name[1])
    column = HISTORY.index("validation_accuracy") - 1
    rows = [[0.5] * column + [value] + [0.5] * (len(HISTORY) - column - 2) for value in accuracies]
    run = write_run(results, name[0], combination, name[2], rows, status)
    about = read_json(run / "parameters.json")
    write_json(run / "parameters.json", about | {"epochs": len(accuracies)})
    return run


def test_training_without_any_trace_waits(results, names):
    assert read_run(results, names[0]) == RunStatus(names[0], "waiting")


def test_training_whose_lock_is_held_by_a_process_runs(results, names):
    folder = results / "checkpoints" / names[0][0] / names[0][1] / "1"
    hold = (
        "import sys; from tweetrnn.guard import one_writer\n"
        "with one_writer(sys.argv[1], 0): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, folder],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(Path(status.__file__).parents[2])},
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "held\n"
        write_log(results, names[0], EPOCH.format(1, 0.7) + EPOCH.format(2, 0.65))
        found = read_run(results, names[0])
        process.stdin.close()
    assert found == RunStatus(names[0], "running", 2, 10, 0.7, 1.0)
    assert read_run(results, names[0]).state == "stopped"


def test_looking_at_a_lock_does_not_take_it(results):
    folder = results / "checkpoints/LSTM/x/1"
    assert not status.is_held(folder)
    folder.mkdir(parents=True)
    (folder / "lock").touch()
    assert not status.is_held(folder)
    with one_writer(folder, 0):
        pass


def test_log_that_ends_with_an_error_means_failed(results, names):
    write_log(results, names[0], EPOCH.format(1, 0.7) + ERROR)
    assert read_run(results, names[0]) == RunStatus(
        names[0], "failed", 1, 10, 0.7, 0.5, "the loss is not finite"
    )


def test_error_before_the_last_epoch_is_past(names):
    assert read_log(ERROR + EPOCH.format(3, 0.6))["error"] is None


def test_log_of_a_training_begun_afresh_forgets_what_was_before():
    text = EPOCH.format(1, 0.9) + EPOCH.format(2, 0.9) + EPOCH.format(1, 0.5)
    assert read_log(text) == {
        "epoch": 1, "epochs": 10, "best": 0.5, "seconds": 0.5, "error": None
    }  # fmt: skip


def test_results_mean_done_with_the_figures_of_the_history(results, names):
    finish(results, names[0], [0.5, 0.75, 0.625])
    assert read_run(results, names[0]) == RunStatus(names[0], "done", 3, 3, 0.75, 1.5)


def test_recorded_divergence_is_told_apart(results, names):
    finish(results, names[0], [0.5], status="diverged")
    assert read_run(results, names[0]).state == "diverged"


def test_selected_combinations_further_trainings_are_counted(results, names):
    chosen = {"LSTM": {"combination": names[0][1]}}
    write_json(results / "select/selected.json", {"cells": chosen, "replicates": [2, 3]})
    found = planned(resolve(CONFIG), results)
    assert found == [*names, ("LSTM", names[0][1], 2), ("LSTM", names[0][1], 3)]


def test_time_to_go_counts_what_is_left_at_the_cells_mean_shared_by_the_places():
    def run(cell, state, epoch=0, seconds=0.0):
        return RunStatus((cell, "c", 1), state, epoch, 10, 0.5, seconds)

    runs = [
        run("LSTM", "done", 10, 20.0),
        run("SimpleRNN", "done", 10, 10.0),
        run("LSTM", "running", 5),  # 10 s left
        run("SimpleRNN", "running"),  # 10 s
        run("LSTM", "waiting"),  # 20 s
        run("SimpleRNN", "failed"),  # 10 s
    ]
    assert time_to_go(runs) == (10 + 10 + 20 + 10) / 2
    assert time_to_go(runs[:2]) is None
    assert time_to_go([run("LSTM", "running")]) is None


def test_status_tells_totals_the_best_and_what_needs_a_look(results, names, capsys):
    finish(results, names[0], [0.5, 0.75])
    finish(results, names[5], [0.25, 0.5])
    write_log(results, names[1], EPOCH.format(4, 0.6) + ERROR)
    assert main(["status", "--configfile", "c.yaml"]) == 0
    first, *told = capsys.readouterr().out.splitlines()
    assert first == "8 trainings: 5 waiting, 2 done, 1 failed"
    assert told == [
        "nothing is running now",
        f"best SimpleRNN so far: validation accuracy 0.7500, {names[0][1]}, replicate 1",
        f"best LSTM so far: validation accuracy 0.5000, {names[5][1]}, replicate 1",
        f"  failed   {'/'.join(map(str, names[1]))}  epoch 4 of 10, validation accuracy 0.6000"
        "  the loss is not finite",
    ]


def test_watch_ends_when_all_is_done(results, names, capsys):
    for name in names:
        finish(results, name, [random.random()])
    assert main(["status", "--configfile", "c.yaml", "--watch"]) == 0
    assert capsys.readouterr().out.startswith("8 trainings: 8 done\n")


def test_watch_looks_again_until_then(results, names, capsys, monkeypatch):
    for name in names[1:]:
        finish(results, name, [0.5])
    monkeypatch.setattr(status.time, "sleep", lambda seconds: finish(results, names[0], [0.5]))
    assert main(["status", "--configfile", "c.yaml", "--watch", "0.1"]) == 0
    out = capsys.readouterr().out
    assert "7 done" in out and "8 done" in out


def test_unreadable_results_do_not_count_as_done(results, names):
    run = finish(results, names[0], [0.5])
    (run / "parameters.json").write_text("{")
    assert read_run(results, names[0]).state == "waiting"


def test_lines_of_a_finished_experiment_name_its_report(results, names):
    (results / "report").mkdir(parents=True)
    (results / "report/report.html").touch()
    runs = [RunStatus(name, "done", 1, 1, 0.5, 1.0) for name in names]
    assert list(lines(runs, results))[-1] == f"report: {results / 'report/report.html'}"
