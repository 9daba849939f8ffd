"""Weights are exported in Keras's order and imported unchanged; a run is exported as a folder."""

import csv
import io
import json
import zipfile
from dataclasses import astuple

import numpy as np
import pyarrow.parquet as pq
import pytest
import small_experiment
from example_corpus import HEADER, as_csv, rows
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt
from safetensors.torch import save_file
from tweetrnn.__main__ import main
from tweetrnn.evaluation.metrics import METRICS
from tweetrnn.files import read_json, sha256_of, write_json
from tweetrnn.grid import Combination, Run
from tweetrnn.metrics import EPOCH_METRICS
from tweetrnn.prediction.hub_header import licence
from tweetrnn.results import Results
from tweetrnn.training.cells import CELLS
from tweetrnn.training.models import build
from tweetrnn.training.outputs import metadata


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
    run = Results(folder / "results/x").run(Run(cell, combination.name, 1))
    run.folder.mkdir(parents=True)
    tensors = {name: weight.contiguous() for name, weight in model.weights().items()}
    save_file(tensors, run.best, metadata(model))
    facts = vars(run.run) | {"sha256": {"best": sha256_of(run.best)}, "best_epoch": 1}
    write_json(run.parameters, facts)
    return f"{cell}/{combination.name}", model


@pytest.mark.parametrize(
    "cell, layers",
    [(cell, n) for cell, c in CELLS.items() for n in (1, 2) if c.recurrent or n == 1],
)
def test_round_trip_is_exact(folder, cell, layers):
    run, _ = trained(folder, cell, layers)
    assert main(["export", run, "--configfile", "x.yaml", "--keras", "k.npz"]) == 0
    command = ["import-keras", "k.npz", run, "--configfile", "x.yaml", "--output", "w.safetensors"]
    assert main(command) == 0
    original = folder / "results/x/train" / run / "1/best.safetensors"
    assert (folder / "w.safetensors").read_bytes() == original.read_bytes()


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


def test_unknown_run_is_reported_with_the_nearest(folder, capsys):
    run, _ = trained(folder, "LSTM", 1)
    command = ["export", "GRU/rnn1", "--configfile", "x.yaml", "--keras", "k.npz"]
    message = refused(command, capsys)
    assert "no trained run 'GRU/rnn1' under results/x/train" in message
    assert f"the nearest of 1 is {run}/1" in message
    assert not (folder / "k.npz").exists()


def test_config_that_cannot_be_read_is_reported(folder, capsys):
    message = refused(["export", "LSTM/rnn1", "--keras", "k.npz"], capsys)
    assert "config/config.yaml: the config cannot be read" in message


def test_missing_weights_of_another_epoch_are_reported(folder, capsys):
    run, _ = trained(folder, "LSTM", 1)
    command = ["export", run, "--configfile", "x.yaml", "--weights", "last", "--keras", "k.npz"]
    assert "last.safetensors: no such file; make it with: snakemake " in refused(command, capsys)


def test_damaged_weights_are_reported(folder, capsys):
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
            "array 8 (dense_2/bias) contains <U1, expected floating-point numbers",
        ),
        *(
            (
                lambda arrays, value=value: [*arrays[:-1], np.array([0, value, 0])],
                "array 8 (dense_2/bias) contains NaN, infinity or a number too large for float32",
            )
            for value in (np.nan, np.inf, -np.inf, 1e39)
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
def test_file_without_arrays_is_refused(folder, capsys, content):
    run, _ = trained(folder, "LSTM", 1)
    (folder / "k.npz").write_bytes(content)
    command = ["import-keras", "k.npz", run, "--configfile", "x.yaml", "--output", "w.safetensors"]
    assert "k.npz: not a .npz file" in refused(command, capsys)


def npy(array):
    """Return the content of a .npy file."""
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def zip_of(names):
    """Write k.npz, a zip file with members of these names."""
    with zipfile.ZipFile("k.npz", "w") as file:
        for name in names:
            file.writestr(name, "{}")


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (
            lambda path: path.write_bytes(npy(np.zeros((2, 3)))),
            "one array of shape (2, 3), as numpy.save writes it",
        ),
        (
            lambda path: zip_of(["metadata.json", "config.json", "model.weights.h5"]),
            "a model saved by Keras (.keras)",
        ),
        (lambda path: zip_of(["word/document.xml"]), "a zip file with 'word/document.xml'"),
        (lambda path: zip_of(["arr_0.npy"]), "k.npz: not a .npz file"),
        (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99)), "HDF5, as Keras saves"),
    ],
    ids=["npy", "keras", "zip", "broken", "hdf5"],
)
def test_message_says_what_a_file_is_and_what_to_save(folder, capsys, write, message):
    run, _ = trained(folder, "LSTM", 1)
    write(folder / "k.npz")
    command = ["import-keras", "k.npz", run, "--configfile", "x.yaml", "--output", "w.safetensors"]
    error = refused(command, capsys)
    assert message in error and "write it with numpy.savez(file, *model.get_weights())" in error
    assert error.count("\n") == 1 and not (folder / "w.safetensors").exists()


# -------------------------------------------------------------------------------- as a folder

TINY = {
    "training": {"epochs": 1},
    "model": {"units": 4},
    "corpus": {"labels": ["so|so", "<b>bad</b>"], "licence": "[none](x) | *at all*"},
}
RUN = Run("LSTM", "rnn1-dense2-dropout0-reg0-lr1e-2", 1)
SECRET = "sesame"  # in every tweet, but rare enough for no vocabulary


@pytest.fixture(scope="module")
def results(tmp_path_factory, one_thread):
    """The Results of an experiment with one trained run, of which nothing is selected."""
    folder = tmp_path_factory.mktemp("experiment")
    file, results = folder / "tweets.csv", Results(folder / "results/small")
    labels = TINY["corpus"]["labels"]
    table = [(n, f"{text} {SECRET}{n}", labels[int(n) % 2]) for n, text, _ in rows(60)]
    file.write_text(as_csv(table, HEADER))
    settings = TINY | {"vocabulary": {"min_count": 2}}
    small_experiment.prepare(results, file, **settings)
    small_experiment.train_run(results, file, *astuple(RUN), **settings)
    return results


def export(results, *options):
    """Run the command; return its exit status."""
    return main(["export", "--results", str(results), str(RUN), *map(str, options)])


def predicted(capsys, *options):
    """Return what a command predicts."""
    capsys.readouterr()
    assert main(["predict", "tweet number 7", "--to", "jsonl", *map(str, options)]) == 0
    return capsys.readouterr().out


def test_folder_predicts_what_the_experiment_predicts(results, tmp_path, capsys, monkeypatch):
    assert export(results, tmp_path / "model") == 0
    expected = predicted(capsys, "--results", results, "--run", RUN)
    monkeypatch.chdir(tmp_path)  # where there is nothing else
    assert predicted(capsys, "--model", "model") == expected
    files = {path.name for path in (tmp_path / "model").iterdir()}
    assert files == {"README.md", "config.json", "vocabulary.parquet", "weights.safetensors"}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_folder_holds_no_tweet_and_nothing_of_the_machine(results, tmp_path):
    import getpass
    import platform

    export(results, tmp_path / "model")
    content = b"".join(path.read_bytes() for path in (tmp_path / "model").iterdir())
    words = b"".join(
        json.dumps(row).encode()
        for row in pq.read_table(tmp_path / "model/vocabulary.parquet").to_pylist()
    )
    assert b"tweet" in words and SECRET.encode() not in words + content
    for secret in (platform.node(), str(results), str(tmp_path)):
        assert secret.encode() not in content
    assert f"/{getpass.getuser()}/".encode() not in content


def test_card_of_a_run_that_was_not_selected_has_only_validation_metrics(results, tmp_path):
    export(results, tmp_path / "model")
    card = (tmp_path / "model/README.md").read_text()
    assert "**Validation metrics only**" in card
    assert "95\u00a0%" not in card and "interval of" not in card
    head, _, row = card[card.index("| what | accuracy") :].splitlines()[:3]
    what, *headings = head.strip("| ").split(" | ")
    assert headings == [metric.heading for metric in METRICS.values()]
    this_run, *shares = row.strip("| ").split(" | ")
    with results.run(RUN).history.open(newline="") as stream:
        [epoch] = csv.DictReader(stream)
    shown = dict(zip(METRICS, shares, strict=True))
    assert (what, this_run) == ("what", "this run")
    assert {name: shown[name] for name in EPOCH_METRICS} == {
        name: f"{float(epoch[f'validation_{name}']):.3f}" for name in EPOCH_METRICS
    }
    assert "classes on the validation set" in card


def test_hubs_read_facts_and_scores_from_the_header(results, tmp_path):
    export(results, tmp_path / "model")
    data = ModelCard.load(tmp_path / "model/README.md").data
    assert (data.pipeline_tag, data.library_name) == ("text-classification", "tweetrnn")
    assert (data.license, data.license_name) == ("other", TINY["corpus"]["licence"])
    assert data.language is None  # of a corpus of somebody's it is not known
    assert {"tweets", "lstm"} <= set(data.tags)
    assert data.model_name == f"LSTM {RUN.combination}"
    found = {result.metric_name: result for result in data.eval_results}
    with results.run(RUN).history.open(newline="") as stream:
        [epoch] = csv.DictReader(stream)
    assert found.keys() == {metric.heading for metric in METRICS.values()}
    for name in EPOCH_METRICS:
        value = found[METRICS[name].heading].metric_value
        assert value == pytest.approx(float(epoch[f"validation_{name}"]), abs=1e-6)
    assert data.metrics == [result.metric_type for result in data.eval_results]
    macro = found[METRICS["macro_f1"].heading]
    assert (macro.metric_type, macro.metric_args) == ("f1", {"average": "macro"})
    for result in found.values():
        assert (result.dataset_name, result.dataset_type) == ("tweets.csv", "csv")
        assert (result.dataset_split, result.task_type) == ("validation", "text-classification")
        assert result.dataset_revision == read_json(results.token_facts)["sha256"]


@pytest.mark.parametrize(
    "text, keys",
    [
        ("CC BY-NC-SA 4.0 (CrowdFlower)", {"license": "cc-by-nc-sa-4.0"}),
        ("CC0 1.0", {"license": "cc0-1.0"}),
        ("cc-by-4.0", {"license": "other", "license_name": "cc-by-4.0"}),
        ("Twitter's terms", {"license": "other", "license_name": "Twitter's terms"}),
    ],
)
def test_licence_gets_a_hub_s_identifier_if_it_is_a_creative_commons_one(text, keys):
    assert licence(text) == keys


def test_card_shows_hostile_names_as_text(results, tmp_path):
    export(results, tmp_path / "model")
    text = ModelCard.load(tmp_path / "model/README.md").text  # without the header
    page = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [token for token in page if token.type == "inline"]
    shown = ["".join(child.content for child in token.children) for token in inline]
    assert TINY["corpus"]["labels"][0] in shown and TINY["corpus"]["labels"][1] in shown
    assert any(TINY["corpus"]["licence"] in text for text in shown)
    kinds = {child.type for token in inline for child in token.children}
    assert not kinds & {"html_inline", "link_open", "image"}


def test_folder_that_exists_is_not_touched(results, tmp_path, capsys):
    (tmp_path / "model").mkdir()
    (tmp_path / "model/mine.txt").write_text("mine")
    assert export(results, tmp_path / "model") == 1
    assert (
        "model: exists; name another folder, or replace it with --force" in capsys.readouterr().err
    )
    assert export(results, tmp_path / "model", "--force") == 1
    assert "model: not replaced, since export did not write this folder" in capsys.readouterr().err
    assert (tmp_path / "model/mine.txt").read_text() == "mine"


def test_force_replaces_an_earlier_export(results, tmp_path):
    assert export(results, tmp_path / "model") == 0
    earlier = (tmp_path / "model").stat().st_ino
    assert export(results, tmp_path / "model", "--force") == 0
    assert (tmp_path / "model").stat().st_ino != earlier
    assert "\n# LSTM" in (tmp_path / "model/README.md").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_force_does_not_delete_what_export_did_not_write(results, tmp_path, capsys):
    assert export(results, tmp_path / "model") == 0
    (tmp_path / "model/thesis.txt").write_text("mine")
    (tmp_path / "model/README.md").write_text("my words")
    assert export(results, tmp_path / "model", "--force") == 1
    message = capsys.readouterr().err
    assert "did not write 'README.md (changed since)', 'thesis.txt' in it" in message
    assert (tmp_path / "model/thesis.txt").read_text() == "mine"
    assert (tmp_path / "model/README.md").read_text() == "my words"


def test_export_that_fails_leaves_nothing(results, tmp_path, capsys):
    predictions = results.run(RUN).predictions
    before = predictions.read_bytes()
    predictions.write_bytes(before[:-9])
    try:
        assert export(results, tmp_path / "model") == 1
        assert "predictions.parquet: damaged" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []
    finally:
        predictions.write_bytes(before)


def test_file_of_a_folder_that_was_changed_since_is_reported(results, tmp_path, capsys):
    export(results, tmp_path / "model")
    path = tmp_path / "model/vocabulary.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    assert main(["predict", "--model", str(tmp_path / "model"), "a"]) == 1
    assert "vocabulary.parquet: damaged" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options, message",
    [
        ([], "name a folder to write, DIR, or a file for Keras with --keras"),
        (["model", "--weights", "last"], "--weights last: only for --keras"),
    ],
)
def test_what_to_write_has_to_be_named(results, tmp_path, capsys, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    assert export(results, *options) == 1
    assert message in capsys.readouterr().err


def test_run_without_its_experiment_is_reported(folder, capsys):
    run, _ = trained(folder, "LSTM", 1)
    message = refused(["export", run, "out", "--configfile", "x.yaml"], capsys)
    assert "results/x: no finished experiment there" in message and not (folder / "out").exists()
