"""A config is completed with defaults, and each mistake in it is reported with its key."""

import copy
import json
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tweetrnn.__main__ import main
from tweetrnn.config import SCHEMA_PATH, files_to_predict, load_schema, read, resolve, types_of
from tweetrnn.errors import UserError
from tweetrnn.running.show_config import key_table

DEMO = {"name": "demo", "corpus": {"kind": "demo"}}
FILE = {"name": "mine", "corpus": {"kind": "path", "path": "tweets.csv"}}
URL = {"name": "mine", "corpus": {"kind": "url", "url": "https://x.org/t.csv", "sha256": "0" * 64}}


def with_change(config, dotted, value):
    config = copy.deepcopy(config)
    changed_here = config
    *sections, key = dotted.split(".")
    for section in sections:
        changed_here = changed_here.setdefault(section, {})
    changed_here[key] = value
    return config


def base_of(kinds):
    return {"path": FILE, "url": URL}.get((kinds or ["demo"])[0], DEMO)


def all_keys(schema=None, prefix="", kinds=None):
    for key, known in (schema or load_schema())["properties"].items():
        of = known.get("x-kinds", kinds)
        if "properties" in known:
            yield from all_keys(known, f"{prefix}{key}.", of)
        else:
            yield f"{prefix}{key}", known, of


@pytest.mark.parametrize(
    "name",
    ["config", "airline", "semeval", "emotion", "reference-two-class", "reference-three-class"],
)
def test_every_preset_is_valid(root, name):
    config = resolve(yaml.safe_load((root / f"config/{name}.yaml").read_text()))
    assert config["name"] == {"config": "demo"}.get(name, name)


def test_every_preset_names_its_schema_for_editors_which_accept_it(root):
    """As yaml-language-server reads it: the file alone, as plain JSON Schema."""
    schema = yaml.safe_load(SCHEMA_PATH.read_text())
    Draft202012Validator.check_schema(schema)
    presets = list((root / "config").glob("*.yaml"))
    assert len(presets) > 5
    for preset in presets:
        text = preset.read_text()
        first, mark = text.splitlines()[0], "# yaml-language-server: $schema="
        assert first.startswith(mark), preset
        assert (preset.parent / first.removeprefix(mark)).resolve() == SCHEMA_PATH
        assert not list(Draft202012Validator(schema).iter_errors(yaml.safe_load(text))), preset


@pytest.mark.parametrize(
    "cells, title",
    [
        (["SimpleRNN", "LSTM"], "SimpleRNN and LSTM compared on labelled tweets"),
        (["GRU", "SimpleRNN", "LSTM"], "GRU, SimpleRNN and LSTM compared on labelled tweets"),
        (["LSTM"], "LSTM compared on labelled tweets"),
    ],
)
def test_title_names_the_cells_unless_it_is_given(cells, title):
    config = with_change(DEMO, "grid.cell", cells)
    assert resolve(config)["report"]["title"].startswith(title)
    assert resolve(with_change(config, "report.title", "Mine"))["report"]["title"] == "Mine"


def test_defaults_give_the_grid_of_the_reference():
    grid = resolve(DEMO)["grid"]
    assert grid == {
        "cell": ["SimpleRNN", "LSTM"],
        "baseline_cells": [],
        "recurrent_layers": [1, 2],
        "dense_layers": [2, 3],
        "dropout": [True, False],
        "regularization": [True, False],
        "learning_rate": [0.001, 0.0001],
        "sample": None,
    }


def test_every_key_is_described_and_defaulted_or_required():
    required = {"name", "corpus.kind", "corpus.path", "corpus.url", "corpus.sha256"}
    for dotted, known, _ in all_keys():
        assert known["description"].endswith("."), dotted
        assert ("default" in known) != (dotted in required), dotted
        assert "type" in known or "enum" in known, dotted
        for part in (known, known.get("items", {})):  # no number is too large for a float
            if {"integer", "number"} & set(types_of(part)):
                assert "maximum" in part or "exclusiveMaximum" in part, dotted


def test_resolving_does_not_change_the_given_config():
    given_config = copy.deepcopy(FILE)
    resolve(given_config)
    assert given_config == FILE


def test_resolving_twice_is_resolving_once():
    for config in (DEMO, FILE, URL):
        assert resolve(resolve(config)) == resolve(config)


def test_table_of_keys_in_the_documentation_is_the_schema_s(root):
    assert key_table() in (root / "config/README.md").read_text()


def test_schema_s_path_is_printed_for_editors(capsys):
    assert main(["config", "--schema"]) == 0
    assert capsys.readouterr().out == f"{SCHEMA_PATH}\n"


def test_table_of_keys_is_rewritten_in_its_place(root, tmp_path):
    path, page = tmp_path / "README.md", (root / "config/README.md").read_text()
    first_row = key_table().splitlines()[2]
    old_rows = ["| `old` | text | required | Gone. |"] * 2
    path.write_text(page.replace(first_row, "\n".join(old_rows)))
    assert path.read_text() != page
    assert main(["config", "--write-table", str(path)]) == 0
    assert path.read_text() == page


@pytest.mark.parametrize(
    "content, message", [(None, "cannot be read (No such file"), ("# Page", "no table that begins")]
)
def test_file_without_a_table_of_keys_is_refused(tmp_path, capsys, content, message):
    path = tmp_path / "README.md"
    if content:
        path.write_text(content)
    assert main(["config", "--write-table", str(path)]) == 1
    assert f"error: {path}: {message}" in capsys.readouterr().err
    assert not content or path.read_text() == content


def test_exponents_without_a_dot_are_numbers():
    config = with_change(DEMO, "grid.learning_rate", yaml.safe_load("[1e-3, 2.5e-4]"))
    assert resolve(config)["grid"]["learning_rate"] == [0.001, 0.00025]


def test_numbers_may_be_text_as_snakemake_s_command_line_gives_them():
    given_config = {
        **DEMO,
        "training": {"epochs": "3"},
        "grid": {"dense_layers": ["2"], "dropout": ["False"], "learning_rate": ["0.01", "1e-3"]},
        "vocabulary": {"max_words": "null"},
    }
    config = resolve(given_config)
    assert config["training"]["epochs"] == 3
    assert config["grid"]["dense_layers"] == [2]
    assert config["grid"]["dropout"] == [False]
    assert config["grid"]["learning_rate"] == [0.01, 0.001]
    assert config["vocabulary"]["max_words"] is None


@pytest.mark.parametrize(
    "split",
    [
        {"method": "grouped"},
        {"method": "temporal"},
        {"method": "held_out", "slice": "airline", "value": "FlyQuillon"},
    ],
)
def test_a_demo_corpus_has_the_columns_that_methods_of_splitting_need(split):
    assert resolve({**DEMO, "split": split})["split"]["method"] == split["method"]


def test_key_set_to_null_counts_as_absent():
    config = with_change(with_change(FILE, "corpus.url", None), "corpus.sha256", None)
    assert "url" not in resolve(config)["corpus"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "name: missing"),
        ({"name": "x"}, "corpus: missing"),
        ({"name": "x", "corpus": {}}, "corpus.kind: missing"),
        (with_change(DEMO, "name", "a/b"), "name: expected text of the form"),
        (with_change(DEMO, "name", "../up"), "name: expected text of the form"),
        (with_change(DEMO, "trainig", {}), "trainig: unknown key; did you mean training?"),
        (
            with_change(DEMO, "training.epoch", 3),
            "training.epoch: unknown key; did you mean epochs?",
        ),
        (with_change(DEMO, "corpus.kind", "dmo"), "did you mean demo?"),
        (with_change(DEMO, "corpus.path", "x"), "corpus.path: belongs to kind path"),
        (with_change(DEMO, "corpus.sha256", "0" * 64), "corpus.sha256: belongs to kind url"),
        (with_change(FILE, "corpus.tweets", 100), "corpus.tweets: belongs to kind demo"),
        (with_change(FILE, "corpus.url", "http://x.org/"), "corpus.url: belongs to kind url"),
        (with_change(URL, "corpus.sha256", None), "corpus.sha256: missing"),
        (with_change(URL, "corpus.sha256", "xyz"), "corpus.sha256: expected text of the form"),
        (with_change(URL, "corpus.url", "ftp://x"), "corpus.url: expected text of the form"),
        (with_change(FILE, "corpus.path", None), "corpus.path: missing"),
        (with_change(FILE, "corpus.labels", ["a"]), "corpus.labels: expected at least 2 entries"),
        (with_change(FILE, "corpus.labels", ["a", "a"]), "corpus.labels: expected no value twice"),
        (with_change(FILE, "corpus.ignore_labels", ["neutral"]), "is in corpus.labels as well"),
        (with_change(DEMO, "training.epochs", "ten"), "training.epochs: expected a whole number"),
        (with_change(DEMO, "training.epochs", "2.5"), "training.epochs: expected a whole number"),
        (with_change(DEMO, "training.epochs", 0), "training.epochs: expected at least 1"),
        (with_change(DEMO, "training.epochs", 2.5), "training.epochs: expected a whole number"),
        (with_change(DEMO, "training.epochs", True), "training.epochs: expected a whole number"),
        (with_change(DEMO, "sequence.length", 0), "sequence.length: expected at least 1"),
        (with_change(DEMO, "grid.cell", ["LSMT"]), "did you mean LSTM?"),
        (with_change(DEMO, "grid.cell", []), "grid.cell: expected at least 1 entries"),
        (with_change(DEMO, "grid.cell", "LSTM"), "grid.cell: expected a list"),
        (with_change(DEMO, "grid.learning_rate", [0.1, 0.1]), "expected no value twice"),
        (with_change(DEMO, "grid.learning_rate", ["1e-3", 0.001]), "expected no value twice"),
        (with_change(DEMO, "grid.learning_rate", [0]), "expected more than 0"),
        (with_change(DEMO, "grid.dropout", ["yes"]), "grid.dropout[0]: expected true or false"),
        (with_change(DEMO, "grid.dense_layers", [4]), "there are only 3 widths"),
        (with_change(DEMO, "model.dropout_rate", 1), "model.dropout_rate: expected less than 1"),
        (
            with_change(DEMO, "split.fractions.train", 0.8),
            "split.fractions: must sum to 1, got 1.08",
        ),
        (with_change(DEMO, "split.fractions.train", 1.5), "split.fractions.train: expected less"),
        (with_change(DEMO, "split.method", "stratifed"), "did you mean stratified?"),
        (with_change(FILE, "split.method", "grouped"), "grouped needs corpus.columns.user"),
        (with_change(FILE, "split.method", "temporal"), "temporal needs corpus.columns.time"),
        (with_change(FILE, "split.method", "given"), "given needs corpus.columns.set"),
        (with_change(DEMO, "split.method", "given"), "given needs corpus.columns.set"),
        (with_change(DEMO, "split.method", "held_out"), "needs split.slice and split.value"),
        (
            with_change(DEMO, "split", {"method": "held_out", "slice": "airport", "value": "A"}),
            "split.slice: 'airport' is not one of corpus.columns.slices: airline",
        ),
        (with_change(DEMO, "split.train_share", 0), "split.train_share: expected more than 0"),
        (with_change(DEMO, "split.train_share", 1.1), "split.train_share: expected at most 1"),
        (with_change(DEMO, "report", []), "report: expected a mapping of keys"),
        ([], "the config must be a mapping of keys"),
        (with_change(DEMO, "corpus", "demo"), "corpus: expected a mapping of keys"),
    ],
)
def test_mistake_is_reported_with_its_key(config, message):
    with pytest.raises(UserError) as caught:
        resolve(config)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "dotted, known, kinds", list(all_keys()), ids=lambda v: v if isinstance(v, str) else ""
)
def test_wrong_type_of_any_key_is_refused_with_the_key(dotted, known, kinds):
    base = base_of(kinds)
    with pytest.raises(UserError, match=dotted.replace(".", r"\.")):
        resolve(with_change(base, dotted, {"a": "mapping"}))


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**300)
    | st.floats()
    | st.text()
    | st.binary()
    | st.dates()
)
KEYS_OF_CONFIGS = st.sampled_from(
    sorted({part for key, *_ in all_keys() for part in key.split(".")})
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS_OF_CONFIGS | st.text() | SCALARS, inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_any_config_is_accepted_or_refused_with_a_message(config):
    try:
        resolve(config)
    except UserError as error:
        assert str(error)


@given(st.sampled_from(list(all_keys())), VALUES)
def test_any_value_of_a_key_is_accepted_as_it_is_or_refused_with_a_message(key, value):
    dotted, _, kinds = key
    try:
        config = resolve(with_change(base_of(kinds), dotted, value))
    except UserError as error:
        assert str(error)
    else:
        assert resolve(json.loads(json.dumps(config))) == config  # as a stage gets it


@given(st.text(st.characters(exclude_categories=["Cs"])) | VALUES.map(str))
def test_any_text_as_a_config_file_is_read_or_refused_with_a_message(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "c.yaml")
        path.write_text(text, encoding="utf-8")
        try:
            resolve(read(path))
        except UserError as error:
            assert str(error)


LABELS = [
    "4",
    "-1",
    "no",
    "yes",
    "010",
    "1:30",
    "1_000",
    "1e3",
    "2020-01-01",
    "0x1F",
    "true",
    "+1.50",
]


def test_label_is_its_text_as_the_file_writes_it(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(
        "name: 7\ncorpus: {kind: path, path: t.csv, licence: 1.0, "
        f"labels: [{', '.join(LABELS)}]}}\n"
        "training: {epochs: 0x10}\nreport: {title: null}\npredict: {files: {2015: a.csv}}\n"
    )
    config = resolve(read(path))
    assert config["corpus"]["labels"] == LABELS and config["corpus"]["licence"] == "1.0"
    assert config["name"] == "7" and config["predict"]["files"] == {"2015": "a.csv"}
    assert config["training"]["epochs"] == 16
    assert config["report"]["title"].endswith("on labelled tweets")


@pytest.mark.parametrize(
    ("dotted", "value", "message"),
    [
        (
            "corpus.labels",
            [4, "a"],
            "labels[0]: expected text, got 4, as YAML read it; write it in",
        ),
        ("corpus.labels", ["a", False], "labels[1]: expected text, got false, as YAML read it"),
        ("predict.files", {2015: "a.csv"}, "predict.files: a name must be text, got 2015, as YAML"),
        ("predict.files", {None: "a.csv"}, "predict.files: a name must be text, got null, as YAML"),
        ("predict.files", {"n" * 101: "a.csv"}, "is not a valid name (letters, digits and _.-, at"),
        ("name", "n" * 101, "name: expected at most 100 characters"),
        ("model.l2", 10**400, "model.l2: expected at most 1000000, got 1000"),
        ("training.epochs", 10**400, "training.epochs: expected at most 100000, got 1000"),
        ("training.epochs", "1" * 5000, "training.epochs: expected a whole number, got '1111"),
        ("report.title", "é" * 100_000, "the config is too long for a command line: 60"),
        ("corpus.path", "a\0b", "corpus.path: expected text of the form"),
    ],
)
def test_odd_value_is_reported_with_its_key(dotted, value, message):
    with pytest.raises(UserError) as caught:
        resolve(with_change(FILE, dotted, value))
    assert message in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric": "f2"}, "published[0].metric: 'f2' is not one of accuracy, "),
        ({"value": 66.0}, "published[0].value: expected at most 1, got 66"),
        ({"source": None}, "published[0].source: missing; Where it was published"),
        ({"year": 2020}, "published[0].year: unknown key"),
    ],
)
def test_wrong_published_result_is_reported_with_its_key(changes, message):
    row = {"model": "SVM", "metric": "macro_f1", "value": 0.6, "source": "A paper"} | changes
    with pytest.raises(UserError) as caught:
        resolve(with_change(FILE, "report.published", [row]))
    assert message in str(caught.value)


def test_note_of_a_published_result_may_be_left_out():
    row = {"model": "SVM", "metric": "balanced_accuracy", "value": 0.6, "source": "A paper"}
    config = resolve(with_change(FILE, "report.published", [row]))
    assert config["report"]["published"] == [row | {"note": ""}]


def test_number_with_thousands_of_digits_is_reported():
    with pytest.raises(UserError, match="contains a number with too many digits"):
        resolve(with_change(DEMO, "training.epochs", 1 << 20000))


def test_url_that_cannot_be_split_is_reported():
    with pytest.raises(UserError, match=r"corpus\.url: expected a URL, got 'https://\[x'"):
        resolve(with_change(URL, "corpus.url", "https://[x"))


def test_config_that_is_nested_deeply_or_contains_itself_is_refused(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("name: " + "[" * 5000 + "]" * 5000)
    with pytest.raises(UserError, match=r"c\.yaml: nested too deeply"):
        read(path)
    loop = with_change(DEMO, "grid.cell", [])
    loop["grid"]["cell"].append(loop["grid"]["cell"])
    with pytest.raises(UserError, match="contains itself"):
        resolve(loop)


def test_files_to_predict_may_be_compressed_and_are_named_after_their_table():
    config = resolve({**DEMO, "predict": {"files": ["data/monday.csv.gz", "tuesday.jsonl"]}})
    assert files_to_predict(config["predict"]["files"]) == {
        "monday": "data/monday.csv.gz",
        "tuesday": "tuesday.jsonl",
    }
