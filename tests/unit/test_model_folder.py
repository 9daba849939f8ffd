"""A folder from elsewhere predicts what it should or is refused with one message."""

import contextlib
import io
import json
import os
import shutil
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file
from tweetrnn.__main__ import main
from tweetrnn.files import sha256_of, write_json
from tweetrnn.grid import Combination
from tweetrnn.prediction import export
from tweetrnn.prediction.model_folder import check_replaceable, of_folder
from tweetrnn.training.models import build
from tweetrnn.training.outputs import metadata

WIDTH, WORDS = 8, ["late", "again", "thanks", "you", "the", "crew", "éa"]
COMBINATION = Combination(1, 2, False, False, 1e-3)
RUN = f"LSTM/{COMBINATION.name}/1"
SETTINGS = {
    "run": RUN,
    "tokenize": {"tokens": "tweet", "fold_case": True, "unescape_entities": True},
    "sequence": {"length": 5, "padding": "left", "truncation": "left"},
    "padding_id": 0,
    "unknown_id": WIDTH,
    "width": WIDTH,
    "labels": ["bad", "good"],
    "text_column": "text",
}
TEXTS = ["thanks late crew", "who are you again, late again, late crew"]
FILES = ("config.json", "weights.safetensors", "vocabulary.parquet", "README.md")


@pytest.fixture(scope="module")
def exported(tmp_path_factory, one_thread):
    """A folder as export writes it."""
    folder = tmp_path_factory.mktemp("exported")
    model = build("LSTM", COMBINATION, WIDTH, 2, units=4, dense_units=[3, 2])
    arrays = {name: weight.numpy().copy() for name, weight in model.weights().items()}
    save_file(arrays, folder / "best", metadata(model))
    ids = pa.array(range(1, WIDTH), pa.int32())
    pq.write_table(pa.table({"word": WORDS, "id": ids}), folder / "words")
    (folder / "model").mkdir()
    export.write_folder(folder / "model", SETTINGS, folder / "words", folder / "best", "A card.\n")
    return folder / "model"


@pytest.fixture
def folder(exported, tmp_path):
    """A copy of ``exported``."""
    return shutil.copytree(exported, tmp_path / "model")


def change_settings(folder, change):
    """Change a folder's settings as by hand: without their checksum."""
    path = folder / "config.json"
    value = json.loads(path.read_text())
    del value["checksum"]
    change(value)
    path.write_text(json.dumps(value))


def record(folder):
    """Let the settings have the digests of the files as they are now."""
    names = ("weights.safetensors", "vocabulary.parquet")
    digests = {name: sha256_of(folder / name) for name in names}
    change_settings(folder, lambda value: value["sha256"].update(digests))


def predict(folder):
    """Return (status, standard output, standard error) of a prediction."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", newline=""), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(["predict", "--model", str(folder), "--to", "jsonl", *TEXTS])
    out.seek(0)
    return status, out.read(), err.getvalue()


def refused(folder, *parts):
    """Assert that a folder is refused with one message that contains these parts."""
    status, out, err = predict(folder)
    message = "\n".join(line for line in err.splitlines() if not line.startswith("Model: "))
    assert status == 1 and not out and message.count("\n") == 0 and message.startswith("error: ")
    for part in parts:
        assert part in message


# ----------------------------------------------------------------------------------- settings


def update(**values):
    return lambda settings: settings.update(values)


def update_in(section, **values):
    return lambda settings: settings[section].update(values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (update_in("sequence", padding="up"), "sequence.padding: 'up' is not one of left, right"),
        (update_in("sequence", length=10**9), "sequence.length: expected at most 1000"),
        (update_in("sequence", length=True), "sequence.length: expected a whole number, got true"),
        (update_in("tokenize", tokens="bpe"), "tokenize.tokens: 'bpe' is not one of"),
        (lambda settings: settings.pop("tokenize"), "tokenize: missing"),
        (lambda settings: settings["sequence"].pop("padding"), "sequence.padding: missing"),
        (update(extra=1), "extra: unknown key"),
        (update(width=10**12), "width: expected at most 2147483646"),
        (update(width=2147483646), "width: expected 2147483646, as config.json says, got 8"),
        (update(width=7, unknown_id=7), "width: expected 7, as config.json says, got 8"),
        (update(unknown_id=9), "unknown_id: expected a column below the width, 8, or 8 for all"),
        (update(unknown_id=0), "unknown_id: expected another column than padding_id's"),
        (update(unknown_id=3), "expected 6 words for the width 8, got 7"),
        (update(padding_id=1), "column id: expected each column below the width"),
        (update(labels=["a", "a"]), "labels: expected no value twice"),
        (update(labels=["a", "b", "c"]), "classes: expected 3, the labels of config.json, got 2"),
        (update(labels="ab"), "labels: expected a list"),
        (update(run="LSTM"), "run: expected text of the form"),
        (update(run=RUN.replace("LSTM", "GRU")), "cell: expected 'GRU', as config.json says"),
        (update(run=RUN.replace("rnn1", "rnn2")), "combination: expected 'rnn2-"),
        (update(text_column=None), "text_column: expected text, got null"),
        (update(sha256=[]), "sha256: expected a mapping of keys"),
        (update_in("sha256", **{"/etc/passwd": "0" * 64}), "sha256./etc/passwd: unknown key"),
        (update_in("sha256", **{"../x": "0" * 64}), "sha256.../x: unknown key"),
        (update_in("sha256", **{"vocabulary.parquet": "0"}), "sha256.vocabulary.parquet: expected"),
    ],
)
def test_wrong_setting_is_refused_with_its_key(folder, change, message):
    change_settings(folder, change)
    refused(folder, message, "python -m tweetrnn export RUN DIR")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1]", "expected a mapping of keys"),
        ("null", "expected a mapping of keys"),
        ("{", "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": NaN, "checksum": "0"}', "not JSON"),
        ('{"a": "\\ud800", "checksum": "0"}', "not JSON"),
        ('{"labels": ' + "[" * 900 + "]" * 900 + "}", "run: missing"),
        ("{}", "run: missing; The trained run: CELL/COMBINATION/REPLICATE.; tokenize: missing"),
        ('{"width": 1' + "0" * 5000 + "}", "not JSON"),
        (" " * 1_000_001, "expected at most 1,000,000 bytes"),
    ],
)
def test_settings_that_are_no_settings_are_refused(folder, content, message):
    (folder / "config.json").write_text(content)
    refused(folder, "config.json: ", message)


def test_settings_that_were_edited_are_refused_by_their_checksum(folder):
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text(text.replace('"left"', '"right"'))
    refused(folder, "config.json: damaged", "its content does not match its checksum")


# --------------------------------------------------------------------------------- the weights


def write_weights(folder, change):
    """Write the weights after a change of (their description, the arrays)."""
    path = folder / "weights.safetensors"
    content = path.read_bytes()
    [size] = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8 : 8 + size]), content[8 + size :]
    facts = json.loads(header.pop("__metadata__")["model"])
    arrays = {}
    for name, entry in header.items():
        start, stop = entry["data_offsets"]
        arrays[name] = np.frombuffer(data[start:stop], "<f4").reshape(entry["shape"]).copy()
    arrays = {name: arrays[name] for name in facts["weights"]}
    facts = change(facts, arrays) or facts
    save_file(arrays, path, {"model": json.dumps(facts)})
    record(folder)


def reshaped(facts, arrays):
    arrays["dense/kernel"] = arrays["dense/kernel"].T.copy()


def not_finite(facts, arrays):
    arrays["lstm/bias"][2] = np.nan


def integers(facts, arrays):
    arrays["lstm/bias"] = arrays["lstm/bias"].astype("i4")


def without_one(facts, arrays):
    del arrays["dense_2/bias"]
    facts["weights"].remove("dense_2/bias")


def fact(**values):
    return lambda facts, arrays: {**facts, **values}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (fact(weights=[]), "weights: expected the names of the arrays in the file, "),
        (fact(weights=["lstm/kernel"]), "weights: expected the names of the arrays in the file, "),
        (fact(weights=[["lstm"]]), "weights[0]: expected text"),
        (fact(units=10**9), "units: expected at most 4096"),
        (fact(units=5), "array lstm/kernel has the shape (8, 16), expected (8, 20)"),
        (
            fact(dense_units=[65536, 65536]),
            "array dense/kernel has the shape (4, 3), expected (4, 65",
        ),
        (fact(dense_units=[3]), "dense_units: expected 2 numbers, as its combination says, got 1"),
        (fact(cell="Transformer"), "cell: 'Transformer' is not one of"),
        (fact(combination="x"), "combination: expected text of the form"),
        (fact(combination=COMBINATION.name.replace("dense2", "dense9")), "combination: expected"),
        (fact(width=9), "width: expected 8"),
        (fact(classes=3), "classes: expected 2, the labels of config.json, got 3"),
        (fact(dropout_rate=1), "dropout_rate: expected less than 1"),
        (fact(l2="x"), "l2: expected a number"),
        (lambda facts, arrays: [1], "expected a mapping of keys, got [1]"),
        (reshaped, "array dense/kernel has the shape (3, 4), expected (4, 3)"),
        (not_finite, "array lstm/bias contains NaN, infinity"),
        (integers, "array lstm/bias contains I32, expected F16, F32 or F64"),
        (without_one, "its weights are lstm/kernel, "),
    ],
)
def test_wrong_description_of_the_weights_is_refused(folder, change, message):
    write_weights(folder, change)
    refused(folder, "weights.safetensors", message)


@pytest.mark.parametrize("kind", ["BF16", "F8_E4M3", "F8_E5M2", "BOOL", "U8", "X1"])
def test_numbers_that_numpy_does_not_know_are_refused(folder, kind):
    path = folder / "weights.safetensors"
    content, size = path.read_bytes(), 2 if kind == "BF16" else 1
    [length] = struct.unpack("<Q", content[:8])
    header, end = json.loads(content[8 : 8 + length]), 0
    for entry in (entry for name, entry in header.items() if name != "__metadata__"):
        start, end = end, end + size * int(np.prod(entry["shape"]))
        entry.update(dtype=kind, data_offsets=[start, end])
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(end))
    record(folder)
    refused(folder, "weights.safetensors: damaged", kind, "write the folder again")


def test_network_is_not_allocated_before_its_weights_are_compared(folder, monkeypatch):
    write_weights(folder, fact(dense_units=[65536, 65536]))
    monkeypatch.setattr("tweetrnn.training.models.build", None)  # allocates 17 GB
    refused(folder, "array dense/kernel has the shape")


def test_weights_of_another_precision_predict_the_same(folder, exported):
    write_weights(
        folder, lambda facts, arrays: arrays.update({k: v.astype("f8") for k, v in arrays.items()})
    )
    assert predict(folder)[:2] == predict(exported)[:2]


# ------------------------------------------------------------------------------ the vocabulary


def words(**columns):
    """Return a vocabulary with other columns."""
    return pa.table({"word": WORDS, "id": pa.array(range(1, WIDTH)), **columns})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (words(word=["late", *WORDS[:-1]]), "expected each word once, 'late' is there twice"),
        (words(word=[None, *WORDS[1:]]), "expected a word in each row, one is empty"),
        (words(word=["", *WORDS[1:]]), "expected a word in each row, one is empty"),
        (words(word=["a" * 20_000_000, *WORDS[1:]]), "expected at most 16,785,216 bytes, unpacked"),
        (words(word=list(range(7))), "column word: expected one, of texts"),
        (
            words(word=pa.array([b"\xff", *[w.encode() for w in WORDS[1:]]]).view(pa.string())),
            "expected texts in UTF-8",
        ),
        (words(id=pa.array([1, 2, 3, 4, 5, 6, 8])), "column id: expected each column below"),
        (words(id=pa.array([1, 2, 3, 4, 5, 6, 6])), "column id: expected each column below"),
        (words(id=pa.array([0, 2, 3, 4, 5, 6, 7])), "column id: expected each column below"),
        (words(id=pa.array([-1, 2, 3, 4, 5, 6, 7])), "column id: expected each column below"),
        (words(id=pa.array([None, 2, 3, 4, 5, 6, 7])), "column id: expected each column below"),
        (words(id=pa.array([1.0] * 7)), "column id: expected one, of whole numbers"),
        (words().slice(1), "expected 7 words for the width 8, got 6"),
        (words().drop(["id"]), "column id: expected one, of whole numbers"),
        (words().append_column("id", pa.array(range(7))), "column id: expected one, of whole"),
    ],
)
def test_wrong_vocabulary_is_refused(folder, table, message):
    pq.write_table(table, folder / "vocabulary.parquet")
    record(folder)
    refused(folder, "vocabulary.parquet: ", message)


# ----------------------------------------------------------------------------------- the files


@pytest.mark.parametrize("name", FILES[:3])
def test_link_out_of_the_folder_is_not_read(folder, tmp_path, name):
    (folder / name).rename(tmp_path / name)
    (folder / name).symlink_to(tmp_path / name)
    refused(folder, f"{name}: a link to a file outside the folder, which is not read")


def test_folder_may_itself_be_a_link(folder, tmp_path, exported):
    (tmp_path / "link").symlink_to(folder)
    assert predict(tmp_path / "link")[:2] == predict(exported)[:2]


@pytest.mark.parametrize("name", FILES[:3])
@pytest.mark.parametrize("kind", ["absent", "folder", "pipe", "loop"])
def test_file_that_is_none_is_refused(folder, name, kind):
    path = folder / name
    path.unlink()
    {
        "absent": lambda: None,
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "loop": lambda: path.symlink_to(name),
    }[kind]()
    refused(folder, f"there is no {name} in it")


def test_edited_card_does_not_matter(folder, exported):
    (folder / "README.md").write_text("My own words.")
    assert predict(folder)[:2] == predict(exported)[:2]


# ------------------------------------------------------------------------------------ anything

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(0, 10)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["left", "right", "up", "tweet", "whitespace", "../x", RUN, "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
paths = [(key,) for key in [*SETTINGS, "sha256"]]
paths += [(key, k) for key in ("tokenize", "sequence") for k in SETTINGS[key]]
paths += [("sha256", name) for name in FILES[1:]]
MEANINGLESS = {"run", "text_column"}  # for the probabilities


def check_refused_or_right(folder, same, original):
    """Assert that a folder is refused with one message or predicts probabilities of its labels.

    ``same``: it must predict what the ``original`` does, if anything.
    """
    status, out, _ = predict(folder)
    if status:
        refused(folder)
        return
    answers = [json.loads(line) for line in out.splitlines()]
    labels = json.loads((folder / "config.json").read_text())["labels"]
    for answer in answers:
        shares = [answer[f"probability_{label}"] for label in labels]
        assert sum(shares) == pytest.approx(1, abs=1e-5)
        assert answer["predicted"] == labels[int(np.argmax(shares))]
    if same:
        keys = [key for key in original[0] if key != "text"]  # the name of the text's column
        assert [[a[k] for k in keys] for a in answers] == [[a[k] for k in keys] for a in original]


@pytest.fixture(scope="module")
def original(exported):
    return [json.loads(line) for line in predict(exported)[1].splitlines()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_the_settings_is_refused_or_right(exported, original, tmp_path, data):
    folder = shutil.copytree(exported, tmp_path / "any", dirs_exist_ok=True)
    *parents, key = path = data.draw(st.sampled_from(paths))
    removed, value = data.draw(st.booleans()), data.draw(values)

    def change(settings):
        for parent in parents:
            settings = settings[parent]
        settings.pop(key)
        if not removed:
            settings[key] = value

    change_settings(folder, change)
    if data.draw(st.booleans()):  # as export would record it
        changed = json.loads((folder / "config.json").read_text())
        with contextlib.suppress(ValueError):  # what json.dumps writes and JSON does not have
            write_json(folder / "config.json", changed)
    check_refused_or_right(folder, path[0] in MEANINGLESS, original)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_the_weights_description_is_refused_or_right(
    exported, original, tmp_path, data
):
    folder = shutil.copytree(exported, tmp_path / "any", dirs_exist_ok=True)
    keys = ["cell", "combination", "width", "classes", "units", "dense_units", "weights", "l2"]
    key, value = data.draw(st.sampled_from([*keys, "dropout_rate", "more"])), data.draw(values)
    write_weights(folder, fact(**{key: value}))
    check_refused_or_right(folder, True, original)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_to_the_files_is_refused_or_right(exported, original, tmp_path, data):
    folder = shutil.copytree(exported, tmp_path / "any", dirs_exist_ok=True)
    name, other = (data.draw(st.sampled_from(FILES[:3])) for _ in range(2))
    content = bytearray((folder / name).read_bytes())
    match data.draw(st.sampled_from(["cut", "swap", "flip", "insert"])):
        case "cut":
            content = content[: data.draw(st.integers(0, len(content)))]
        case "swap":
            content = (folder / other).read_bytes()
        case "flip":
            place, bit = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 7))
            content[place] ^= 1 << bit
        case "insert":
            place = data.draw(st.integers(0, len(content)))
            content[place:place] = data.draw(st.binary(min_size=1, max_size=9))
    (folder / name).write_bytes(content)
    recorded = name != "config.json" and data.draw(st.booleans())
    if recorded:  # the digest does not tell
        record(folder)
    check_refused_or_right(folder, not recorded, original)


# --------------------------------------------------------------------------- what may be deleted


def test_folder_of_export_alone_may_be_replaced(folder):
    check_replaceable(folder)


def test_files_that_export_did_not_write_are_named(folder):
    (folder / "thesis.txt").write_text("mine")
    (folder / "notes").mkdir()
    (folder / "README.md").write_text("My own words.")
    with pytest.raises(Exception, match="did not write") as error:
        check_replaceable(folder)
    assert "'README.md (changed since)', 'notes', 'thesis.txt'" in str(error.value)


@pytest.mark.parametrize("content", ["{}", '{"model_type": "bert"}', None])
def test_folder_with_another_config_is_not_replaced(tmp_path, content):
    (tmp_path / "mine.txt").write_text("mine")
    if content:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(Exception, match=r"export did not write this folder.*mine\.txt"):
        check_replaceable(tmp_path)


def test_settings_written_by_hand_do_not_let_a_folder_be_replaced(folder):
    change_settings(folder, lambda settings: None)
    of_folder(folder)
    with pytest.raises(Exception, match="it lacks checksum, so it was written by hand"):
        check_replaceable(folder)


def test_link_to_a_folder_is_not_replaced(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(Exception, match="not replaced, since it is no folder"):
        check_replaceable(Path(tmp_path / "link"))
