"""A run: stopped anywhere it ends in the same bytes; what it refuses; what it writes."""

import csv
import json
import logging
import math
import shutil
import subprocess

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from safetensors import safe_open
from small_training import (
    COMBINATION,
    bytes_of,
    checkpoint_of,
    config_of,
    fit_run,
    outputs_of,
    record_digests,
    stage_arguments,
    write_split,
)
from tweetrnn.__main__ import main
from tweetrnn.errors import Stopped, UserError
from tweetrnn.evaluation import aggregate, tables
from tweetrnn.grid import Run
from tweetrnn.metrics import HISTORY
from tweetrnn.results import RUN_FILES, Results
from tweetrnn.sets import SETS
from tweetrnn.training import fit as fit_module
from tweetrnn.training.fit import Clock
from tweetrnn.training.loop import Trainer

# Each cell, each of the table's optimizers, and layers that pass sequences on.
RUNS = {
    "SimpleRNN": "rnn2-dense1-dropout1-reg1-lr1e-2",
    "LSTM": "rnn1-dense2-dropout1-reg0-lr1e-2",
    "BidirectionalLSTM": "rnn2-dense1-dropout1-reg0-lr1e-2",
}


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    """A small split: 4 batches an epoch."""
    return write_split(tmp_path_factory.mktemp("split") / "split")


@pytest.fixture
def log(caplog, monkeypatch):
    """What the package logs."""
    monkeypatch.setattr(logging.getLogger("tweetrnn"), "propagate", True)
    caplog.set_level(logging.INFO, "tweetrnn")
    return caplog


class Stop:
    """A poll that lets ``left`` calls pass and stops the training at the next."""

    def __init__(self, left):
        self.left = left

    def __call__(self):
        self.left -= 1
        if self.left < 0:
            raise Stopped("the test")


def is_done(split, folder, poll=lambda: None, **run):
    """Train as far as ``poll`` lets it; return whether the run is done."""
    try:
        fit_run(split, folder, poll=poll, **run)
    except Stopped:
        return False
    return True


def polls_of(split, folder, **run):
    """Train a run uninterrupted; return (what it must write, how often it could have stopped)."""
    poll = Stop(math.inf)
    calls = []
    is_done(split, folder, lambda: calls.append(poll()), **run)
    return bytes_of(folder), len(calls)


@pytest.mark.slow
@pytest.mark.parametrize("cell", RUNS)
def test_training_stopped_at_any_one_place_ends_in_the_same_bytes(split, tmp_path, cell):
    run = {"cell": cell, "combination": RUNS[cell]}
    expected, places = polls_of(split, tmp_path / "whole", **run)
    assert places > 2 * 4  # at least at every step of both epochs
    for place in range(places):
        folder = tmp_path / str(place)
        assert not is_done(split, folder, Stop(place), **run)
        assert checkpoint_of(folder).exists()
        assert is_done(split, folder, **run)
        assert bytes_of(folder) == expected, f"stopped at place {place} of {places}"


def test_training_stopped_again_and_again_ends_in_the_same_bytes(split, tmp_path):
    run = {"cell": "LSTM", "combination": RUNS["LSTM"]}
    expected, _ = polls_of(split, tmp_path / "whole", **run)
    # An attempt stops at the second place at the latest; every third one does nothing at all.
    attempts = 1
    while not is_done(split, tmp_path / "run", Stop(attempts % 3), **run):
        attempts += 1
        assert attempts < 100
    assert bytes_of(tmp_path / "run") == expected


def test_attempt_after_a_stop_logs_where_it_continues(split, tmp_path, log):
    assert not is_done(split, tmp_path / "run", Stop(9))
    assert "checkpoint after 1 epochs and 3 steps" in log.messages
    log.clear()
    assert is_done(split, tmp_path / "run")
    path = checkpoint_of(tmp_path / "run")
    assert f"resumed from {path}: 1 of 2 epochs done, 3 of 4 steps of the next" in log.messages


def run_stage(split, folder, **run):
    """Run the stage train as a rule does; return its exit status."""
    config, run = config_of(epochs=run.pop("epochs", 2)), stage_arguments(split, folder, **run)
    return main(["train", json.dumps(run), "--config", json.dumps(config)])


def files_in(folder):
    """Return the paths of all files below a folder, relative to it, as text."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_done_run_leaves_its_outputs_and_its_checkpoint(split, tmp_path):
    folder = tmp_path / "run"
    checkpoint = f"checkpoints/LSTM/{COMBINATION}/1/checkpoint.safetensors"
    assert run_stage(split, folder) == 0
    assert files_in(folder) == {*RUN_FILES.values(), checkpoint}


def test_done_run_whose_outputs_were_deleted_is_done_again_without_training(split, tmp_path, log):
    # As Snakemake deletes them when a job is ended a second after its training.
    assert is_done(split, tmp_path / "run")
    expected = bytes_of(tmp_path / "run")
    for path in outputs_of(tmp_path / "run").values():
        path.unlink()
    log.clear()
    assert is_done(split, tmp_path / "run")
    assert not any(message.startswith("epoch ") for message in log.messages)
    assert bytes_of(tmp_path / "run") == expected


@pytest.mark.parametrize(
    "change",
    [
        {"code_digest": "other"},
        {"units": 3},
        {"epochs": 3},
        {"batch_size": 7},
        {"replicate": 2},
        {"cell": "SimpleRNN"},
        {"combination": "rnn1-dense1-dropout1-reg0-lr2e-2"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_checkpoint_of_other_parameters_or_code_is_not_resumed(split, tmp_path, log, change):
    assert not is_done(split, tmp_path / "run", Stop(9))
    assert is_done(split, tmp_path / "run", **change)
    assert "ignored, made from other data, parameters, code or versions" in log.text
    assert "resumed" not in log.text
    assert is_done(split, tmp_path / "fresh", **change)
    assert bytes_of(tmp_path / "run") == bytes_of(tmp_path / "fresh")


@pytest.mark.parametrize("name", ["train_labels", "validation_sequences", "test_sequences"])
def test_checkpoint_of_other_data_is_not_resumed(tmp_path, log, name):
    split = write_split(tmp_path / "split")
    assert not is_done(split, tmp_path / "run", Stop(9))
    array = np.load(split / f"{name}.npy")
    array.flat[0] = (array.flat[0] + 1) % 3
    np.save(split / f"{name}.npy", array)
    assert is_done(record_digests(split), tmp_path / "run")
    assert "ignored, made from other data" in log.text


def test_checkpoint_of_the_same_data_in_another_place_is_resumed(split, tmp_path, log):
    assert not is_done(split, tmp_path / "run", Stop(9))
    shutil.copytree(split, tmp_path / "moved")
    assert is_done(tmp_path / "moved", tmp_path / "run")
    assert "resumed from" in log.text


def test_damaged_checkpoint_costs_the_work_done_and_no_more(split, tmp_path, log):
    assert is_done(split, tmp_path / "whole")
    assert not is_done(split, tmp_path / "run", Stop(9))
    path = checkpoint_of(tmp_path / "run")
    path.write_bytes(path.read_bytes()[:-1])
    assert is_done(split, tmp_path / "run")
    assert "ignored, damaged" in log.text
    assert bytes_of(tmp_path / "run") == bytes_of(tmp_path / "whole")


def test_supervisor_s_end_ends_the_training_with_the_status_for_trying_again(
    split, tmp_path, monkeypatch, capsys
):
    with subprocess.Popen(["true"]) as gone:
        pass
    monkeypatch.setenv("TWEETRNN_SUPERVISOR", str(gone.pid))
    assert run_stage(split, tmp_path / "run") == 75
    assert "the same command continues from here" in capsys.readouterr().err
    monkeypatch.setenv("TWEETRNN_SUPERVISOR", "1")
    assert run_stage(split, tmp_path / "run") == 0


def test_seconds_are_summed_over_attempts(monkeypatch):
    now = iter([0, 2, 5, 100, 103, 110])
    monkeypatch.setattr(fit_module.time, "monotonic", lambda: next(now))
    first = Clock()
    assert first.end_epoch() == 2
    stopped = first.state()  # three seconds into the second epoch
    second = Clock()  # 95 seconds later, which count for nothing
    second.restore(stopped)
    assert second.end_epoch() == 3 + 3
    assert second.state() == {"epochs": [2, 6], "epoch": 7, "total": 5 + 10}


def test_timing_has_each_epoch_once_after_a_stop(split, tmp_path):
    assert not is_done(split, tmp_path / "run", Stop(9))
    assert is_done(split, tmp_path / "run")
    timing = json.loads(outputs_of(tmp_path / "run")["timing"].read_text())
    assert len(timing["epochs"]) == 2
    assert 0 < sum(timing["epochs"]) <= timing["total"]


# What a run writes


def columns_of(folder):
    """Return the history as {name: [numbers]}."""
    with outputs_of(folder)["history"].open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def test_best_weights_are_those_of_the_first_best_epoch_and_make_the_predictions(split, tmp_path):
    folder = tmp_path / "run"
    assert is_done(split, folder, epochs=6)
    accuracy = columns_of(folder)["validation_accuracy"]
    best = accuracy.index(max(accuracy)) + 1
    assert json.loads(outputs_of(folder)["parameters"].read_text())["best_epoch"] == best
    # The same training, ended at that epoch: its last weights are the longer one's best.
    assert is_done(split, tmp_path / "short", epochs=best)
    assert read_weights(folder, "best") == read_weights(tmp_path / "short", "last")
    table = pq.read_table(outputs_of(folder)["predictions"]).to_pandas()
    assert table["part"].tolist() == ["validation"] * 7 + ["test"] * 5
    assert table["row"].tolist() == [*range(7), *range(5)]
    p = table[["p0", "p1", "p2"]].to_numpy()
    assert np.allclose(p.sum(axis=1), 1, atol=1e-6)
    for part, rows in table.groupby("part"):
        labels = np.load(split / f"{part}_labels.npy")
        assert rows["label"].tolist() == labels.tolist()
    validation = (table["part"] == "validation").to_numpy()
    right = p[validation].argmax(axis=1) == table["label"].to_numpy()[validation]
    assert right.mean() == pytest.approx(max(accuracy))


def read_weights(folder, kind):
    """Return {name: nested list} of a run's weights."""
    with safe_open(outputs_of(folder)[kind], "numpy") as file:
        return {name: file.get_tensor(name).tolist() for name in file.keys()}  # noqa: SIM118


def test_replicates_are_different_trainings(split, tmp_path):
    for number in (1, 2):
        assert is_done(split, tmp_path / str(number), replicate=number)
    assert columns_of(tmp_path / "1") != columns_of(tmp_path / "2")


# Divergence


@pytest.fixture
def diverging(monkeypatch):
    """Make every training diverge in its third epoch."""
    step = Trainer.train_on

    def broken(self, *batch):
        if self.epoch == 2:
            self.model.flat.fill_(math.nan)
        return step(self, *batch)

    monkeypatch.setattr(Trainer, "train_on", broken)


RECORD = {"on_divergence": "record"}
ABSURD = {"combination": "rnn1-dense2-dropout0-reg0-lr1e30"}


def strictly(text):
    """Return the JSON value of a text without NaN and infinities, which JSON does not have."""
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def test_diverged_run_fails_with_one_message_that_says_what_to_do(split, tmp_path, capsys):
    assert run_stage(split, tmp_path / "run", **ABSURD) == 1
    message = capsys.readouterr().err
    assert message == (
        "error: LSTM rnn1-dense2-dropout0-reg0-lr1e30, replicate 1: the loss is not a finite "
        "number in epoch 1; choose a smaller grid.learning_rate, or set training.on_divergence: "
        "record to let the other runs continue and list this one as diverged\n"
    )
    assert files_in(tmp_path / "run") == set()  # no output, no checkpoint


def test_run_that_diverges_later_fails_and_leaves_no_checkpoint(split, tmp_path, capsys, diverging):
    assert run_stage(split, tmp_path / "run", epochs=4) == 1
    assert "not a finite number in epoch 3" in capsys.readouterr().err
    assert files_in(tmp_path / "run") == set()


def test_run_recorded_as_diverged_in_its_first_epoch_has_no_metrics(split, tmp_path, log):
    folder = tmp_path / "run"
    assert is_done(split, folder, **RECORD, **ABSURD)
    assert "the loss is not a finite number in epoch 1; the run is recorded as diverged" in log.text
    parameters, timing, *_ = (
        strictly(outputs_of(folder)[name].read_text())
        for name in ("parameters", "timing", "architecture", "provenance")
    )
    assert parameters["status"] == "diverged"
    assert parameters["best_epoch"] is None
    assert timing["epochs"] == []
    assert outputs_of(folder)["history"].read_text().splitlines() == [",".join(HISTORY)]
    assert pq.read_table(outputs_of(folder)["predictions"]).num_rows == 0
    for kind in ("best", "last"):  # the initial ones: a Model to look at, and finite
        for weight in read_weights(folder, kind).values():
            assert np.isfinite(weight).all()


def test_run_recorded_as_diverged_later_keeps_the_epochs_before(split, tmp_path, diverging):
    folder = tmp_path / "run"
    assert is_done(split, folder, epochs=5, **RECORD)
    parameters = strictly(outputs_of(folder)["parameters"].read_text())
    assert parameters["status"] == "diverged"
    assert parameters["best_epoch"] in (1, 2)
    assert parameters["epochs"] == 5
    assert columns_of(folder)["epoch"] == [1, 2]
    assert np.isfinite(list(columns_of(folder).values())).all()
    p = pq.read_table(outputs_of(folder)["predictions"], columns=["p0", "p1", "p2"]).to_pandas()
    assert len(p) == 7 + 5 and np.isfinite(p.to_numpy()).all()
    for kind in ("best", "last"):
        for weight in read_weights(folder, kind).values():
            assert np.isfinite(weight).all()


def test_diverged_run_s_weights_and_predictions_are_those_of_an_undiverged_one(
    split, tmp_path, diverging
):
    assert is_done(split, tmp_path / "diverged", epochs=5, **RECORD)
    assert is_done(split, tmp_path / "short", epochs=2)
    diverged, short = bytes_of(tmp_path / "diverged"), bytes_of(tmp_path / "short")
    for name in ("history", "best", "last", "predictions"):
        assert diverged[name] == short[name]


@pytest.mark.parametrize(
    "combination, finished", [(ABSURD["combination"], 0), ("rnn1-dense2-dropout0-reg0-lr1e-3", 2)]
)
def test_diverged_run_is_collected_as_diverged_and_without_metrics(
    split, tmp_path, diverging, combination, finished
):
    run = Run("LSTM", combination, 1)
    paths = Results(tmp_path).run(run)
    assert is_done(split, paths.folder, combination=combination, epochs=4, **RECORD)
    paths.benchmark.parent.mkdir(parents=True)
    paths.benchmark.write_text("s\th:m:s\tmax_rss\n1.5\t0:00:01\t321.25\n")
    row, history = aggregate.read_run(paths)
    assert row["status"] == "diverged"
    assert not set(tables.FIGURES) & set(row)
    assert len(history) == finished


def test_training_stopped_after_a_divergence_ends_in_the_same_bytes(split, tmp_path, diverging):
    run = {"epochs": 5, **RECORD}
    expected, places = polls_of(split, tmp_path / "whole", **run)
    assert not is_done(split, tmp_path / "run", Stop(places - 1), **run)  # while it predicts
    assert is_done(split, tmp_path / "run", **run)
    assert bytes_of(tmp_path / "run") == expected


# What is refused


def refused(split, tmp_path, **run):
    """Return the message of a run that must not be trained."""
    with pytest.raises(UserError) as caught:
        is_done(split, tmp_path / "run", **run)
    return str(caught.value)


@pytest.mark.parametrize(
    "name", [f"{part}_{kind}" for part in SETS for kind in ("sequences", "labels")]
)
def test_array_that_is_not_what_the_split_wrote_is_refused(tmp_path, name):
    split = write_split(tmp_path / "split")
    path = split / f"{name}.npy"
    array = np.load(path)
    array.flat[0] ^= 1
    np.save(path, array)
    message = refused(split, tmp_path)
    assert message.startswith(f"{path}: damaged (its sha256 is ")
    assert "delete the file and run: snakemake " in message


@pytest.mark.parametrize("name", ["train", "validation"])
def test_set_without_tweets_is_refused(tmp_path, name):
    split = write_split(tmp_path / "split", **{name: 0})
    message = refused(split, tmp_path)
    assert message.startswith(f"{split / name}_labels.npy: no tweets")
    assert "split.fractions" in message


def test_test_set_without_tweets_is_no_error(tmp_path):
    split = write_split(tmp_path / "split", test=0)
    assert is_done(split, tmp_path / "run")
    table = pq.read_table(outputs_of(tmp_path / "run")["predictions"])
    assert table["part"].to_pylist() == ["validation"] * 7


def test_missing_array_is_refused(tmp_path):
    split = write_split(tmp_path / "split")
    (split / "test_labels.npy").unlink()
    assert refused(split, tmp_path).startswith(f"{split}/test_labels.npy: no such file")


def test_truncated_array_is_refused(tmp_path):
    split = write_split(tmp_path / "split")
    path = split / "train_sequences.npy"
    path.write_bytes(path.read_bytes()[:-1])
    assert refused(split, tmp_path).startswith(f"{path}: damaged")


def test_unknown_cell_is_refused_with_the_known_ones(split, tmp_path):
    message = refused(split, tmp_path, cell="Perceptron")
    assert message.startswith("unknown cell 'Perceptron'; expected one of SimpleRNN, LSTM")


def test_text_that_is_not_a_combination_s_name_is_refused(split, tmp_path):
    assert "'rnn2' is not a combination" in refused(split, tmp_path, combination="rnn2")


def test_cuda_without_a_cuda_device_is_refused(split, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "set it to auto or cpu" in refused(split, tmp_path, device="cuda")
