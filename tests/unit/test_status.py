"""The progress that is shown of an experiment, from the files of its trainings."""

import csv
import os
import random
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from tweetrnn.__main__ import main
from tweetrnn.config import resolve
from tweetrnn.evaluation.comparison import Choice
from tweetrnn.evaluation.select import Selection
from tweetrnn.files import write_json
from tweetrnn.grid import Run
from tweetrnn.metrics import HISTORY
from tweetrnn.results import Results
from tweetrnn.running import status, trainings
from tweetrnn.running.status import lines
from tweetrnn.running.trainings import RunStatus, planned, read_log, read_run, seconds_left
from tweetrnn.supervision.guard import one_writer

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
    """The experiment's Results; its config is in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(CONFIG))
    return Results("results/demo")


@pytest.fixture
def runs():
    """The Runs of all eight trainings."""
    return [run for _, run in planned(resolve(CONFIG), Results("nowhere"))]


def write_log(results, run, text):
    path = results.run(run).log
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def finish(results, run, accuracies, status="finished"):
    """Write the results of one training with these validation accuracies."""
    paths = results.run(run)
    paths.folder.mkdir(parents=True)
    with paths.history.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, HISTORY, restval=0.5)
        writer.writeheader()
        for epoch, accuracy in enumerate(accuracies, 1):
            writer.writerow({"epoch": epoch, "validation_accuracy": accuracy})
    facts = vars(run) | {"status": status, "epochs": len(accuracies)}
    write_json(paths.parameters, facts)
    write_json(paths.timing, {"epochs": [0.5] * len(accuracies), "total": 0.5 * len(accuracies)})


def test_training_without_any_file_waits(results, runs):
    assert read_run(results, runs[0]) == RunStatus(runs[0], "", "waiting")


def test_training_whose_lock_a_process_holds_is_running(results, runs):
    folder = results.run(runs[0]).checkpoint
    hold = (
        "import sys; from tweetrnn.supervision.guard import one_writer\n"
        "with one_writer(sys.argv[1], 0): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, folder],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(Path(status.__file__).parents[2])},
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "held\n"
        write_log(results, runs[0], EPOCH.format(1, 0.7) + EPOCH.format(2, 0.65))
        result = read_run(results, runs[0])
        process.stdin.close()
    assert result == RunStatus(runs[0], "", "running", 2, 10, 0.7, 1.0)
    assert read_run(results, runs[0]).state == "stopped"


def test_checking_a_lock_does_not_take_it(results):
    folder = results.checkpoints / "LSTM/x/1"
    assert not trainings.is_locked(folder)
    folder.mkdir(parents=True)
    (folder / "lock").touch()
    assert not trainings.is_locked(folder)
    with one_writer(folder, 0):
        pass


def test_log_that_ends_with_an_error_means_failed(results, runs):
    write_log(results, runs[0], EPOCH.format(1, 0.7) + ERROR)
    assert read_run(results, runs[0]) == RunStatus(
        runs[0], "", "failed", 1, 10, 0.7, 0.5, "the loss is not finite"
    )


def test_error_before_the_last_epoch_does_not_count():
    assert read_log(ERROR + EPOCH.format(3, 0.6))["error"] is None


def test_log_of_a_training_begun_again_ignores_what_was_before():
    text = EPOCH.format(1, 0.9) + EPOCH.format(2, 0.9) + EPOCH.format(1, 0.5)
    assert read_log(text) == {
        "epoch": 1, "epochs": 10, "best": 0.5, "seconds": 0.5, "error": None
    }  # fmt: skip


def test_results_mean_done_with_the_metrics_of_the_history(results, runs):
    finish(results, runs[0], [0.5, 0.75, 0.625])
    assert read_run(results, runs[0]) == RunStatus(runs[0], "", "done", 3, 3, 0.75, 1.5)


def test_recorded_divergence_is_a_state_of_its_own(results, runs):
    finish(results, runs[0], [0.5], status="diverged")
    assert read_run(results, runs[0]).state == "diverged"


def test_selected_combinations_further_trainings_are_counted(results, runs):
    combination = runs[0].combination
    choice = Choice(combination=combination, figure=0.5, replicate=1, candidates=1)
    selection = Selection("best_accuracy", [2, 3], {"LSTM": choice}, {"GRU": choice}, "")
    write_json(results.selected, asdict(selection))
    further = [Run(cell, combination, number) for cell in ("LSTM", "GRU") for number in (2, 3)]
    assert [run for _, run in planned(resolve(CONFIG), results)] == [*runs, *further]


def test_seconds_left_are_those_of_a_cell_s_mean_training_shared_by_the_running_ones():
    def training(cell, state, epoch=0, seconds=0.0):
        return RunStatus(Run(cell, "c", 1), "", state, epoch, 10, 0.5, seconds)

    statuses = [
        training("LSTM", "done", 10, 20.0),
        training("SimpleRNN", "done", 10, 10.0),
        training("LSTM", "running", 5),  # 10 s left
        training("SimpleRNN", "running"),  # 10 s
        training("LSTM", "waiting"),  # 20 s
        training("SimpleRNN", "failed"),  # 10 s
    ]
    assert seconds_left(statuses) == (10 + 10 + 20 + 10) / 2
    assert seconds_left(statuses[:2]) is None
    assert seconds_left([training("LSTM", "running")]) is None


def test_status_shows_totals_the_best_runs_and_what_needs_attention(results, runs, capsys):
    finish(results, runs[0], [0.5, 0.75])
    finish(results, runs[5], [0.25, 0.5])
    write_log(results, runs[1], EPOCH.format(4, 0.6) + ERROR)
    assert main(["status", "--configfile", "c.yaml"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "8 trainings: 5 waiting, 2 done, 1 failed",
        "nothing is running now",
        f"best SimpleRNN so far: validation accuracy 0.7500, {runs[0].combination}, replicate 1",
        f"best LSTM so far: validation accuracy 0.5000, {runs[5].combination}, replicate 1",
        f"  failed   {runs[1]}  epoch 4 of 10, validation accuracy 0.6000  the loss is not finite",
    ]


def test_watch_ends_when_all_is_done(results, runs, capsys):
    for run in runs:
        finish(results, run, [random.random()])
    assert main(["status", "--configfile", "c.yaml", "--watch"]) == 0
    assert capsys.readouterr().out.startswith("8 trainings: 8 done\n")


def test_watch_looks_again_until_then(results, runs, capsys, monkeypatch):
    for run in runs[1:]:
        finish(results, run, [0.5])
    monkeypatch.setattr(status.time, "sleep", lambda seconds: finish(results, runs[0], [0.5]))
    assert main(["status", "--configfile", "c.yaml", "--watch", "0.1"]) == 0
    out = capsys.readouterr().out
    assert "7 done" in out and "8 done" in out


def test_unreadable_results_do_not_count_as_done(results, runs):
    finish(results, runs[0], [0.5])
    results.run(runs[0]).parameters.write_text("{")
    assert read_run(results, runs[0]).state == "waiting"


def test_lines_of_a_finished_experiment_name_its_report(results, runs):
    results.html.parent.mkdir(parents=True)
    results.html.touch()
    statuses = [RunStatus(run, "", "done", 1, 1, 0.5, 1.0) for run in runs]
    assert list(lines(statuses, results))[-1] == f"report: {results.html}"
