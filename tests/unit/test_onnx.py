"""A model exported as ONNX predicts the same, by the lines of its README, without this project."""

import json
import re
import subprocess
import sys
from functools import partial

import numpy as np
import onnx
import onnxruntime
import pytest
import small_experiment
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tweetrnn.__main__ import main
from tweetrnn.data.tokenizers import tokenize_text
from tweetrnn.files import read_json, read_parquet
from tweetrnn.grid import Combination
from tweetrnn.prediction.model_folder import of_folder
from tweetrnn.prediction.onnx_model import IR_VERSION, OPSET, as_onnx
from tweetrnn.prediction.predictor import Predictor
from tweetrnn.results import Results
from tweetrnn.training import loop
from tweetrnn.training.cells import CELLS, Cell
from tweetrnn.training.models import build

NETWORKS = [(cell, n) for cell, c in CELLS.items() for n in (1, 2) if c.recurrent or n == 1]
TINY = {"training": {"epochs": 1}, "model": {"units": 4}}
WIDTH, PADDING = 30, 7


def prepared(folder, file, **sections):
    """Prepare an experiment on a file; return its Results and a function that trains a run."""
    results = Results(folder / "results/small")
    small_experiment.prepare(results, file, **sections)
    return results, partial(small_experiment.train_run, results, file, **sections)


@pytest.fixture(scope="module")
def demo(tmp_path_factory, one_thread):
    """The Results of an experiment on invented tweets, and a function that trains a run."""
    folder = tmp_path_factory.mktemp("demo")
    file = folder / "demo.csv"
    config = {"corpus": {"tweets": 300}, "seed": 1}
    small_experiment.run_stage("demo", Results(folder), config, corpus=str(file))
    return prepared(folder, file, **TINY)


def exported(results, train, cell, layers, folder):
    """Train a run and export it as ONNX; return the folder."""
    combination = f"rnn{layers}-dense2-dropout0-reg0-lr1e-2"
    train(cell, combination)
    command = ["export", "--results", str(results), f"{cell}/{combination}", str(folder)]
    assert main([*command, "--onnx"]) == 0
    return folder


def lines_of(folder):
    """Return the lines of Python in a folder's README."""
    [lines] = re.findall(r"^```python\n(.*?)^```", (folder / "README.md").read_text(), re.M | re.S)
    return lines


def by_its_lines(folder, texts):
    """Run the README's lines in the folder, without this project; return the probabilities."""
    script = f"""{lines_of(folder)}
import sys
assert not any(name.startswith(("tweetrnn", "torch", "pyarrow")) for name in sys.modules)
print(json.dumps(probabilities(json.load(sys.stdin)).tolist()))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", script],
        cwd=folder,
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    example, answers = done.stdout.splitlines()
    assert re.fullmatch(r"\{('\w+': [^,]+(, )?)+\}", example)
    return np.array(json.loads(answers))


def validation_tweets(results):
    """Return the texts of the validation set."""
    rows = read_parquet(results.rows).to_pandas()
    texts = read_parquet(results.tweets, ["text"])["text"]
    return [texts[row].as_py() for row in rows.loc[rows["part"] == "validation", "row"]]


@pytest.mark.slow
@pytest.mark.parametrize("cell, layers", NETWORKS)
def test_lines_of_the_readme_predict_the_validation_tweets_as_we_do(demo, tmp_path, cell, layers):
    results, train = demo
    folder = exported(results, train, cell, layers, tmp_path / "model")
    texts = validation_tweets(results)
    expected = Predictor(of_folder(folder)).predict(texts).probabilities
    assert len(texts) > 50
    assert np.abs(by_its_lines(folder, texts) - expected).max() < 1e-5


@pytest.mark.slow
def test_lines_of_the_readme_predict_real_tweets_as_we_do(tweets_csv, tmp_path, one_thread):
    results, train = prepared(tmp_path, tweets_csv, training={"epochs": 1})
    folder = exported(results, train, "LSTM", 1, tmp_path / "model")
    texts = validation_tweets(results)
    expected = Predictor(of_folder(folder)).predict(texts).probabilities
    assert len(texts) > 2000
    assert np.abs(by_its_lines(folder, texts) - expected).max() < 1e-5


PIECES = [
    *("Sooooo", "11111", "é", "e\u0301", "\u0308" * 40, "WWW.A.aero", "www.b", "://", "x.com"),
    *("&amp;", "&#8217;", "\u2019s", "\ufe0f", "👩\u200d🚀", "🇩🇪", "²²²²²", "K", ":-)", "\n"),
]
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.lists(
        st.sampled_from(PIECES),
        max_size=8,
    ).map("".join),
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "tokens, side, fold_case",
    [
        ("tweet", "left", True),
        ("tweet", "right", False),
        ("whitespace", "left", False),
        ("whitespace", "right", True),
    ],
)
def test_lines_of_the_readme_read_any_text_as_training_does(
    demo, tmp_path, tokens, side, fold_case, monkeypatch
):
    tokenize = {"tokens": tokens, "fold_case": fold_case, "unescape_entities": fold_case}
    sequence = {"length": 4, "padding": side, "truncation": side}
    file = demo[0].folder.parents[1] / "demo.csv"
    results, train = prepared(tmp_path, file, tokenize=tokenize, sequence=sequence, **TINY)
    folder = exported(results, train, "MeanOfWords", 1, tmp_path / "model")
    monkeypatch.chdir(folder)
    lines, own = {}, Predictor(of_folder(folder))
    exec(lines_of(folder), lines)  # noqa: S102 (they are what is tested)

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(TEXTS)
    def check(text):
        assert lines["tokens"](text) == tokenize_text(text, tokenize)
        ours = own.predict([text]).probabilities
        assert np.abs(lines["probabilities"]([text]) - ours).max() < 1e-5

    check()


def network(cell, layers):
    """Return a Model with large weights, and columns to predict, padding and all zeros included."""
    combination = Combination(layers, 2, True, False, 1e-3)
    model = build(cell, combination, WIDTH, 3, seed=layers, units=5, padding_id=PADDING)
    random = np.random.default_rng(layers)
    for weight in model.weights().values():
        weight += weight.new_tensor(random.normal(0, 0.3, weight.shape))
    columns = random.integers(0, WIDTH + 1, (40, 9))
    columns[:3] = [[WIDTH] * 9, [PADDING] * 9, [PADDING] * 8 + [1]]
    return model, columns


@pytest.mark.parametrize("cell, layers", [*NETWORKS, ("LSTM", 3), ("BidirectionalLSTM", 3)])
def test_network_in_onnx_gives_the_same_probabilities_and_the_same_bytes_again(cell, layers):
    model, columns = network(cell, layers)
    content = as_onnx("model.onnx", model)
    [answers] = onnxruntime.InferenceSession(content).run(None, {"words": columns})
    examples = loop.Examples(columns.astype(np.int32), np.zeros(len(columns), dtype=np.int32))
    assert np.abs(answers - np.exp(loop.predict(model, examples))).max() < 1e-5
    assert np.ptp(answers[:, 0]) > 0.01
    assert as_onnx("model.onnx", network(cell, layers)[0]) == content


def test_cell_without_an_operator_is_refused(demo, tmp_path, capsys, monkeypatch):
    results, train = demo

    class Odd(Cell):
        step = CELLS["SimpleRNN"].step

    monkeypatch.setitem(CELLS, "SimpleRNN", CELLS.pop("Odd"))
    combination = "rnn1-dense2-dropout0-reg0-lr1e-1"
    train("SimpleRNN", combination)
    command = ["export", "--results", str(results), f"SimpleRNN/{combination}"]
    assert main([*command, str(tmp_path / "model"), "--onnx"]) == 1
    assert "--onnx: Odd has no operator in ONNX" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def folder(demo, tmp_path_factory):
    """A folder with ONNX."""
    return exported(*demo, "LSTM", 1, tmp_path_factory.mktemp("onnx") / "model")


def again(demo, folder, *options):
    """Export the same run to ``folder``; return the status."""
    run = read_json(folder / "config.json")["run"]
    return main(["export", "--results", str(demo[0]), run, str(folder), *options])


def test_folder_states_its_opset_and_has_the_same_bytes_again(demo, folder, root):
    model = onnx.load(folder / "model.onnx")
    assert ([opset.version for opset in model.opset_import], model.ir_version) == (
        [OPSET],
        IR_VERSION,
    )
    for page in (folder / "README.md", root / "docs/predict.md"):
        assert f"(opset {OPSET}, IR version {IR_VERSION}" in page.read_text()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert again(demo, folder, "--onnx", "--force") == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert before.keys() == {
        *("README.md", "config.json", "vocabulary.parquet", "weights.safetensors"),
        *("model.onnx", "onnx.json"),
    }


def test_predict_reads_a_folder_with_onnx(folder, capsys):
    assert main(["predict", "--model", str(folder), "a tweet"]) == 0


def test_force_deletes_no_onnx_file_that_export_did_not_write(demo, folder, capsys):
    written = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(b"another")
    try:
        assert again(demo, folder, "--onnx", "--force") == 1
        assert "did not write 'model.onnx (changed since)' in it" in capsys.readouterr().err
        assert (folder / "model.onnx").read_bytes() == b"another"
    finally:
        (folder / "model.onnx").write_bytes(written)


@pytest.mark.parametrize(
    "options, message",
    [
        (["--onnx", "--keras", "k.npz"], "--onnx: name the folder to write, DIR"),
        (["model", "--onnx"], "--onnx: the Python package onnx is not installed; install it with"),
    ],
)
def test_what_onnx_needs_is_said(demo, folder, tmp_path, capsys, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "onnx", None)
    run = read_json(folder / "config.json")["run"]
    assert main(["export", "--results", str(demo[0]), run, *options]) == 1
    assert message in capsys.readouterr().err and list(tmp_path.iterdir()) == []
