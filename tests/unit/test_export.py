"""Weights go to Keras's order and come back unchanged."""

import json

import numpy as np
import pytest
from safetensors.torch import save_file
from tweetrnn.__main__ import main
from tweetrnn.cells import CELLS
from tweetrnn.files import sha256_of, write_json
from tweetrnn.fit import metadata
from tweetrnn.grid import Combination
from tweetrnn.models import build


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with the trained runs of an experiment named x."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yaml").write_text("name: x\ncorpus: {kind: demo}\n")
    return tmp_path


def trained(folder, cell, layers):
    """Write a run's weights; return (RUN, the model)."""
    combination = Combination(layers, 2, True, False, 1e-3)
    model = build(cell, combination, 7, 3, seed=layers, units=4)
    run = folder / "results/x/train" / cell / combination.name / "1"
    run.mkdir(parents=True)
    tensors = {name: weight.contiguous() for name, weight in model.weights().items()}
    save_file(tensors, run / "best.safetensors", metadata(model))
    digest = sha256_of(run / "best.safetensors")
    write_json(run / "parameters.json", {"sha256": {"best": digest}})
    return f"{cell}/{combination.name}", model


@pytest.mark.parametrize("cell", list(CELLS))
@pytest.mark.parametrize("layers", [1, 2])
def test_round_trip_is_exact(folder, cell, layers):
    run, _ = trained(folder, cell, layers)
    assert main(["export", run, "--configfile", "x.yaml", "--keras", "k.npz"]) == 0
    command = ["import-keras", "k.npz", run, "--configfile", "x.yaml", "--output", "w.safetensors"]
    assert main(command) == 0
    own = folder / "results/x/train" / run / "1/best.safetensors"
    assert (folder / "w.safetensors").read_bytes() == own.read_bytes()


def test_arrays_have_keras_s_order_and_shapes(folder):
    run, model = trained(folder, "LSTM", 2)
    main(["export", run, "--configfile", "x.yaml", "--keras", "k.npz"])
    with np.load("k.npz", allow_pickle=False) as file:
        arrays = [file[name] for name in file.files]
    recurrent = [(7, 16), (4, 16), (16,), (4, 16), (4, 16), (16,)]
    dense = [(4, 32), (32,), (32, 16), (16,), (16, 3), (3,)]
    assert [array.shape for array in arrays] == recurrent + dense
    assert np.array_equal(arrays[2][4:8], np.ones(4))  # Keras's forget gate is the second
    for array, weight in zip(arrays, model.weights().values(), strict=True):
        assert np.array_equal(array, weight.numpy())


@pytest.mark.parametrize(
    "cell, recurrent",
    [
        ("GRU", [(7, 12), (4, 12), (2, 12), (4, 12), (4, 12), (2, 12)]),
        (
            "BidirectionalLSTM",
            [*[(7, 16), (4, 16), (16,)] * 2, *[(8, 16), (4, 16), (16,)] * 2],
        ),
    ],
)
def test_arrays_of_other_cells_have_keras_s_order_and_shapes(folder, cell, recurrent):
    run, _ = trained(folder, cell, 2)
    main(["export", run, "--configfile", "x.yaml", "--keras", "k.npz"])
    with np.load("k.npz", allow_pickle=False) as file:
        assert [file[name].shape for name in file.files][:-6] == recurrent


def test_run_may_be_named_by_its_folder_or_with_its_replicate(folder):
    run, _ = trained(folder, "LSTM", 1)
    for name, options in (
        (f"results/x/train/{run}/1", []),
        (f"{run}/1", ["--configfile", "x.yaml"]),
        (run, ["--results", "results/x"]),
    ):
        assert main(["export", name, *options, "--keras", "k.npz"]) == 0


def refused(command, capsys):
    """Return the message of a command that must fail and write nothing."""
    assert main(command) == 1
    return capsys.readouterr().err


def test_unknown_run_is_told_with_one_that_is_there(folder, capsys):
    run, _ = trained(folder, "LSTM", 1)
    command = ["export", "GRU/rnn1", "--configfile", "x.yaml", "--keras", "k.npz"]
    message = refused(command, capsys)
    assert "no run 'GRU/rnn1' under results/x/train" in message and f"{run}/1" in message
    assert not (folder / "k.npz").exists()


def test_config_that_cannot_be_read_is_told(folder, capsys):
    message = refused(["export", "LSTM/rnn1", "--keras", "k.npz"], capsys)
    assert "config/config.yaml: cannot tell the experiment's name" in message
    assert "name a config with --configfile" in message


def test_weights_of_another_epoch_that_are_absent_are_told(folder, capsys):
    run, _ = trained(folder, "LSTM", 1)
    command = ["export", run, "--configfile", "x.yaml", "--weights", "last", "--keras", "k.npz"]
    assert "last.safetensors: no such file; the run is not trained yet" in refused(command, capsys)


def test_damaged_weights_are_told(folder, capsys):
    run, _ = trained(folder, "LSTM", 1)
    path = folder / "results/x/train" / run / "1/best.safetensors"
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(content)
    command = ["export", run, "--configfile", "x.yaml", "--keras", "k.npz"]
    assert "best.safetensors: damaged" in refused(command, capsys)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda arrays: arrays[:-1], "8 arrays, but the run's model has 9: lstm/kernel"),
        (
            lambda arrays: [arrays[0].T, *arrays[1:]],
            "array 0 (lstm/kernel) has the shape (16, 7), expected (7, 16)",
        ),
        (
            lambda arrays: [*arrays[:-1], np.array(["a", "b", "c"])],
            "array 8 (dense_2/bias) holds <U1, expected floating-point numbers",
        ),
    ],
)
def test_arrays_that_do_not_fit_the_run_are_refused(folder, capsys, change, message):
    run, model = trained(folder, "LSTM", 1)
    arrays = [weight.numpy() for weight in model.weights().values()]
    np.savez("k.npz", *change(arrays))
    command = ["import-keras", "k.npz", run, "--configfile", "x.yaml", "--output", "w.safetensors"]
    assert message in refused(command, capsys)
    assert not (folder / "w.safetensors").exists()


@pytest.mark.parametrize("content", [b"", b"no arrays", json.dumps([1]).encode()])
def test_file_that_holds_no_arrays_is_refused(folder, capsys, content):
    run, _ = trained(folder, "LSTM", 1)
    (folder / "k.npz").write_bytes(content)
    command = ["import-keras", "k.npz", run, "--configfile", "x.yaml", "--output", "w.safetensors"]
    assert "k.npz: not a .npz file" in refused(command, capsys)
