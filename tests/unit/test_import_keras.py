"""Files that a real Keras saved become weights, which predict what Keras predicted."""

import json
import shlex
import shutil
import struct
import zipfile
from dataclasses import astuple
from pathlib import Path

import h5py
import numpy as np
import pytest
import small_experiment
from example_corpus import as_csv, rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from test_damaged_files import changes, damaged
from tweetrnn.__main__ import main
from tweetrnn.errors import UserError
from tweetrnn.files import read_json, read_parquet
from tweetrnn.grid import Run
from tweetrnn.prediction import import_keras, keras_files
from tweetrnn.results import Results
from tweetrnn.training import weights

SAVED = Path(__file__).resolve().parents[1] / "fixtures/keras_saved"
# The networks of keras_saved.py; the vocabulary is as wide as its input.
SECTIONS = {
    "training": {"epochs": 1},
    "model": {"units": 4, "dense_units": [6, 5, 4]},
    "sequence": {"length": 6},
    "vocabulary": {"max_words": 11},
    "tokenize": {"tokens": "whitespace"},
}
RUNS = {
    cell: Run(cell, f"rnn{layers}-dense2-dropout0-reg0-lr1e-2", 1)
    for cell, layers in {"SimpleRNN": 1, "LSTM": 2, "GRU": 1, "BidirectionalLSTM": 2}.items()
}


@pytest.fixture(scope="module")
def results(tmp_path_factory, one_thread):
    """The Results of an experiment with a trained run for each network of keras_saved.py."""
    folder = tmp_path_factory.mktemp("experiment")
    corpus, results = folder / "tweets.csv", Results(folder / "results/small")
    corpus.write_text(as_csv(rows(60)))
    small_experiment.prepare(results, corpus, **SECTIONS)
    for run in RUNS.values():
        small_experiment.train_run(results, corpus, *astuple(run), **SECTIONS)
    return results


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def imported(results, file, cell="SimpleRNN", output="w.safetensors"):
    """Return the status of import-keras for a cell's run."""
    options = ["--results", str(results), "--output", output]
    return main(["import-keras", str(file), str(RUNS[cell]), *options])


def texts_of(results, ids):
    """Return texts that have these one-hot columns."""
    words = {row["id"]: row["word"] for row in read_parquet(results.vocabulary).to_pylist()}
    assert read_json(results.split_facts)["width"] == 12
    return [" ".join(words[id_] for id_ in row if id_) for row in ids.tolist()]


def predicted(capsys, texts, *options):
    """Return the probabilities (N, classes) of a command."""
    capsys.readouterr()
    assert main(["predict", "--to", "jsonl", *map(str, options), *texts]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    keys = [key for key in answers[0] if key.startswith("probability_")]
    return np.array([[answer[key] for key in keys] for answer in answers])


@pytest.mark.parametrize("ending", ["weights.h5", "keras"])
@pytest.mark.parametrize("cell", list(RUNS))
def test_imported_weights_predict_what_keras_predicted(results, here, capsys, cell, ending):
    with np.load(SAVED / "predictions.npz") as file:
        ids, expected = file["ids"], file[cell]
    assert imported(results, SAVED / f"{cell}.{ending}", cell) == 0
    texts = texts_of(results, ids)
    run = ["--results", results, "--run", RUNS[cell]]
    ours = predicted(capsys, texts, *run, "--weights", "w.safetensors")
    assert np.abs(ours - expected).max() < 1e-6
    assert np.abs(predicted(capsys, texts, *run) - expected).max() > 0.01  # the run's own weights


def test_imported_weights_are_exported_as_a_folder_that_says_so(results, here, capsys):
    with np.load(SAVED / "predictions.npz") as file:
        ids, expected = file["ids"], file["GRU"]
    assert imported(results, SAVED / "GRU.keras", "GRU") == 0
    command = ["export", "--results", str(results), str(RUNS["GRU"]), "m"]
    assert main([*command, "--weights", "w.safetensors"]) == 0
    texts = texts_of(results, ids)
    assert np.abs(predicted(capsys, texts, "--model", "m") - expected).max() < 1e-6
    card = Path("m/README.md").read_text()
    assert "imported from Keras, not trained by this project" in card
    assert "accuracy" not in card and "Performance" not in card
    assert main(["predict", "--model", "m", "a"]) == 0
    assert f"Model: {RUNS['GRU']} with imported weights" in capsys.readouterr().err


def test_imported_weights_go_back_to_keras(results, here):
    imported(results, SAVED / "LSTM.weights.h5", "LSTM")
    options = ["--results", str(results), "--weights", "w.safetensors", "--keras", "k.npz"]
    assert main(["export", str(RUNS["LSTM"]), *options]) == 0
    with np.load("k.npz") as file, h5py.File(SAVED / "LSTM.weights.h5") as saved:
        assert np.array_equal(file["arr_3"], saved["layers/lstm_1/cell/vars/0"])
    assert imported(results, "k.npz", "LSTM", "again.safetensors") == 0
    assert Path("again.safetensors").read_bytes() == Path("w.safetensors").read_bytes()


# -------------------------------------------------------------------------------------- refused


def refused(capsys, status):
    """Return the message, in one line, of a command that failed."""
    assert status == 1
    message = capsys.readouterr().err
    assert message.startswith("error: ") and message.count("\n") == 1
    return message


@pytest.mark.parametrize("ending", ["weights.h5", "keras"])
@pytest.mark.parametrize(
    ("file", "cell"), [("LSTM", "GRU"), ("BidirectionalLSTM", "LSTM"), ("GRU", "BidirectionalLSTM")]
)
def test_file_of_another_model_is_refused_with_its_layers(
    results, here, capsys, file, cell, ending
):
    message = refused(capsys, imported(results, SAVED / f"{file}.{ending}", cell))
    kinds = {"LSTM": "lstm", "GRU": "gru", "BidirectionalLSTM": "bidirectional"}
    assert kinds[file] in message.lower() and kinds[cell] in message.lower()
    assert "choose the run whose network is the same" in message
    assert not (here / "w.safetensors").exists()


def changed_h5(change, name="SimpleRNN"):
    """Return k.weights.h5, a file of Keras after a change."""
    shutil.copyfile(SAVED / f"{name}.weights.h5", "k.weights.h5")
    with h5py.File("k.weights.h5", "a") as file:
        change(file)
    return "k.weights.h5"


def put(place, array):
    """Return a change that puts an array in a place."""

    def change(file):
        if place in file:
            del file[place]
        file[place] = array

    return change


def link_to_elsewhere(file):
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.ExternalLink("other.h5", "/x")


def store_elsewhere(file):
    del file["layers/dense/vars/0"]
    Path("raw").write_bytes(bytes(96))
    file.create_dataset("layers/dense/vars/0", (4, 6), "f4", external="raw")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            put("layers/simple_rnn/cell/vars/0", np.zeros((13, 4), "f4")),
            "array layers/simple_rnn/cell/vars/0 (simple_rnn/kernel) has the shape (13, 4), "
            "expected (12, 4)",
        ),
        (
            put("layers/embedding/vars/0", np.zeros((99, 12), "f4")),
            "it has 'layers/embedding/vars/0' (99, 12), which the run's network does not have",
        ),
        (lambda file: file.pop("layers/dense_2/vars/1"), "it lacks 'layers/dense_2/vars/1'"),
        (lambda file: file.pop("layers"), "without the layers of a Sequential or functional model"),
        (
            put("layers/dense/vars/1", np.full(6, np.nan, "f4")),
            "dense/bias) contains NaN, infinity",
        ),
        (put("layers/dense/vars/1", np.full(6, 1e39)), "too large for float32"),
        (put("layers/dense/vars/1", np.zeros(6, "i4")), "contains int32, expected floating-point"),
        (link_to_elsewhere, "it lacks 'layers/dense/vars/0'"),
        (store_elsewhere, "array layers/dense/vars/0 is in another file"),
    ],
    ids=["shape", "further", "lacks", "empty", "nan", "large", "integers", "link", "external"],
)
def test_weights_that_do_not_fit_the_run_are_refused(results, here, capsys, change, message):
    assert message in refused(capsys, imported(results, changed_h5(change)))
    assert not (here / "w.safetensors").exists()


def test_older_hdf5_of_keras_is_refused_with_what_to_save(results, here, capsys):
    with h5py.File("old.h5", "w") as file:
        file["model_weights/dense/dense/kernel:0"] = np.zeros((2, 2))
    message = refused(capsys, imported(results, "old.h5"))
    assert "'model_weights'" in message and "model.save_weights('NAME.weights.h5')" in message


def changed_keras(change, name="SimpleRNN"):
    """Return k.keras, a model of Keras after a change of its settings."""
    with zipfile.ZipFile(SAVED / f"{name}.keras") as old, zipfile.ZipFile("k.keras", "w") as new:
        for member in old.namelist():
            content = old.read(member)
            if member == "config.json":
                config = json.loads(content)
                change(config["config"])
                content = json.dumps(config)
            new.writestr(member, content)
    return "k.keras"


@pytest.mark.parametrize(
    ("cell", "change", "message"),
    [
        (
            "LSTM",
            lambda model: model["layers"][1]["config"].update(activation="relu"),
            "layer 1 ('reader_2') has the activation 'relu', expected 'tanh'",
        ),
        (
            "GRU",
            lambda model: model["layers"][1]["config"].update(reset_after=False),
            "layer 1 ('gru') has the reset_after False, expected True",
        ),
        (
            "BidirectionalLSTM",
            lambda model: model["layers"][1]["config"].update(merge_mode="sum"),
            "layer 1 ('bidirectional') has the merge_mode 'sum', expected 'concat'",
        ),
        (
            "SimpleRNN",
            lambda model: model["layers"][-1]["config"].update(activation="linear"),
            "layer 4 ('dense_2') has the activation 'linear', expected 'softmax'",
        ),
        (
            "SimpleRNN",
            lambda model: model["layers"].insert(
                1, {"class_name": "Masking", "config": {"name": "m"}}
            ),
            "its layers are 'Masking', 'SimpleRNN', 'Dense', 'Dense', 'Dense' (without dropout)",
        ),
        (
            "SimpleRNN",
            lambda model: model["layers"].reverse(),
            "'Dense', 'Dense', 'Dense', 'SimpleRNN' (without",
        ),
        ("SimpleRNN", lambda model: model.update(layers=3), "its config.json is not that of a"),
        (
            "LSTM",
            lambda model: model.update(output_layers=[["answer", 0, 0], ["of_5", 0, 0]]),
            "a model with several outputs",
        ),
    ],
)
def test_settings_of_layers_that_the_run_does_not_have_are_refused(
    results, here, capsys, cell, change, message
):
    assert message in refused(capsys, imported(results, changed_keras(change, cell), cell))


@pytest.mark.parametrize("ending", ["weights.h5", "keras"])
@pytest.mark.parametrize("share", [0.001, 0.3, 0.9, 0.999])
def test_cut_file_is_refused(results, here, capsys, ending, share):
    content = (SAVED / f"GRU.{ending}").read_bytes()
    Path("cut").write_bytes(content[: int(len(content) * share)])
    refused(capsys, imported(results, "cut", "GRU"))


def test_zip_file_that_grows_beyond_any_such_model_is_not_unpacked(results, here, capsys):
    with zipfile.ZipFile("k.keras", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", "{}")
        file.writestr("model.weights.h5", bytes(20_000_000))
    assert "its model.weights.h5 is larger than" in refused(capsys, imported(results, "k.keras"))


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ("{}", "(it has no 'class_name')"),
        ("[1]", "(its values are of other types)"),
        ('{"class_name": "Tuner"}', "(a model of the class 'Tuner')"),
        ("{", "(Expecting property name"),
    ],
)
def test_handmade_model_is_refused_with_what_to_save(results, here, capsys, config, reason):
    with zipfile.ZipFile("m.keras", "w") as file:
        file.writestr("metadata.json", "{}")
        file.writestr("config.json", config)
        file.writestr("model.weights.h5", keras_files.HDF5 + b"0" * 100)
    message = refused(capsys, imported(results, "m.keras"))
    assert f"not that of a Sequential or functional model with one output {reason}" in message
    assert message.rstrip().endswith("model.save_weights('NAME.weights.h5')")


def test_one_array_is_refused_with_what_to_save(results, here, capsys):
    np.save("one.npy", np.zeros((574, 128), "f4"))
    message = refused(capsys, imported(results, "one.npy"))
    assert "one array of shape (574, 128), as numpy.save writes it" in message
    assert "numpy.savez(file, *model.get_weights())" in message


def npy(shape, kind="<f4", data=b""):
    """Return a .npy file that says it has a shape and a kind of numbers, whatever its data."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


@pytest.mark.parametrize(
    "content",
    [
        *[npy((10**12,)), npy((10**18,)), npy((2**32, 2**32)), npy((-12, -4), data=bytes(192))],
        *[npy("(True, 4)"), npy("'x'"), npy("-" * 9_000 + "1"), npy("(" * 9_000), npy((1,) * 99)],
        *[npy((12, 4), "|O", bytes(384)), npy((12, 4), "<U999999999"), npy((12, 4), "<x9")],
        *[b"", b"\x93NUMPY", b"\x93NUMPY\x09\x00", b"not an array"],
        npy((5_000_000,), data=bytes(20_000_000)),
    ],
    ids=range(17),
)
@pytest.mark.parametrize("name", ["k.npz", "k.npy"])
def test_array_that_no_network_has_is_not_allocated(results, here, capsys, content, name):
    Path(name).write_bytes(content)
    if name == "k.npz":
        with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("arr_0.npy", content)
    message = refused(capsys, imported(results, name))
    assert "not a .npz file of arrays (" in message and "numpy.savez(" in message


@pytest.fixture(scope="module")
def networks(results, tmp_path_factory):
    """A folder with files of Keras for each run's network, and {cell: (its facts, its shapes)}."""
    folder, found = tmp_path_factory.mktemp("networks"), {}
    for cell, run in RUNS.items():
        facts, shapes = weights.read_header(results.run(run).best)
        found[cell] = facts, {name: shapes[name] for name in facts["weights"]}
        arrays = [np.full(shape, 0.25, "f4") for shape in found[cell][1].values()]
        np.savez_compressed(folder / f"{cell}.npz", *arrays)
        for ending in ("weights.h5", "keras"):
            shutil.copyfile(SAVED / f"{cell}.{ending}", folder / f"{cell}.{ending}")
    return folder, found


@pytest.mark.parametrize("ending", ["weights.h5", "keras", "npz"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cell=st.sampled_from(list(RUNS)), changes=changes)
def test_damaged_file_is_refused_or_read(networks, ending, cell, changes):
    folder, (facts, shapes) = networks[0], networks[1][cell]
    original, changed = folder / f"{cell}.{ending}", folder / "changed"
    changed.write_bytes(damaged(original.read_bytes(), changes))
    try:
        arrays = import_keras.read(changed, facts, shapes)
    except UserError as error:
        assert str(changed) in str(error)
        return
    assert {name: array.shape for name, array in arrays.items()} == shapes
    assert all(np.isfinite(array).all() for array in arrays.values())
    if ending != "weights.h5":  # a zip file has checksums
        expected = import_keras.read(original, facts, shapes)
        assert all((array == expected[name]).all() for name, array in arrays.items())


def test_missing_file_is_reported(results, here, capsys):
    assert "k.keras: no such file" in refused(capsys, imported(results, "k.keras"))


def test_weights_of_another_run_are_refused(results, here, capsys):
    imported(results, SAVED / "GRU.weights.h5", "GRU")
    capsys.readouterr()
    options = ["--results", str(results), "--weights", "w.safetensors"]
    status = main(["predict", *options, "--run", str(RUNS["LSTM"]), "a"])
    assert f"not made for the network of {RUNS['LSTM']}" in refused(capsys, status)
    status = main(["predict", *options, "a"])
    assert "--weights: name the run whose network they are for" in refused(capsys, status)
    status = main(["predict", *options[:2], "--weights", "bst", "--run", str(RUNS["LSTM"]), "a"])
    assert "--weights bst: no such file; expected best, last or" in refused(capsys, status)


def test_advice_makes_weights_for_the_run(results, here, capsys):
    imported(results, SAVED / "GRU.weights.h5", "GRU")
    capsys.readouterr()
    command = ["predict", "--results", str(results), "--weights", "w.safetensors", "--run"]
    message = refused(capsys, main([*command, str(RUNS["LSTM"]), "a"]))
    advice = message.partition("make it with: python -m tweetrnn ")[2]
    file = str(SAVED / "LSTM.weights.h5")
    assert main([file if word == "FILE" else word for word in shlex.split(advice)]) == 0
    assert main([*command, str(RUNS["LSTM"]), "a"]) == 0


def test_imported_weights_that_are_not_finite_are_refused(results, here, capsys):
    best = results.run(RUNS["GRU"]).best
    with safe_open(best, "numpy") as file:
        metadata = file.metadata()
    arrays = load_file(best)
    arrays["dense/bias"][0] = np.inf
    save_file(arrays, "w.safetensors", metadata)
    options = ["--results", str(results), "--run", str(RUNS["GRU"]), "--weights", "w.safetensors"]
    assert main(["predict", *options, "a"]) == 1
    assert "array dense/bias contains NaN, infinity" in capsys.readouterr().err
