"""A folder written by ``export``: its files, their check, and what may be deleted of it.

Such a folder may come from anywhere, edited, damaged or made by hand. So it is checked against
``model_folder.schema.yaml`` and for what the files say of each other before anything is allocated
for it; no path outside the folder is read.
"""

import contextlib
import functools
import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import yaml

from tweetrnn.config import load_schema, mistakes_in, shown
from tweetrnn.errors import UserError
from tweetrnn.files import CHECKSUM, RECREATE, check_digest, open_parquet, read_json, sha256_of
from tweetrnn.grid import Combination, Run
from tweetrnn.prediction.model_files import ModelFiles
from tweetrnn.training import weights
from tweetrnn.training.cells import CELLS
from tweetrnn.wording import quoted

SETTINGS, WEIGHTS, VOCABULARY = "config.json", "weights.safetensors", "vocabulary.parquet"
CARD = "README.md"
ONNX, READING = "model.onnx", "onnx.json"  # if export was asked for them

SCHEMA_PATH = Path(__file__).resolve().parent / "model_folder.schema.yaml"
LARGEST_SETTINGS = 1_000_000  # bytes
_REMEDY = "; correct that, or write the folder again: python -m tweetrnn export RUN DIR"
_SHOWN = 3  # mistakes in a message


@functools.cache
def load_schemas():
    """Return the JSON Schemas of the settings and of the weights' description, by file name."""
    schemas = yaml.safe_load(SCHEMA_PATH.read_text(encoding="utf-8"))["properties"]
    config = load_schema()["properties"]
    for section in ("tokenize", "sequence"):
        keys = list(config[section]["properties"])
        schemas[SETTINGS]["properties"][section] = config[section] | {"required": keys}
    network = schemas[WEIGHTS]["properties"]
    network["cell"]["enum"] = list(CELLS)
    for key in ("units", "dense_units", "dropout_rate", "l2"):
        network[key] = config["model"]["properties"][key]
    return schemas


def of_folder(folder):
    """Return the ModelFiles of a folder written by ``export``.

    Raises:
        UserError: what is wrong with the folder: file, key, what was expected.
    """
    with _repaired_by_export():
        settings = read_settings(folder)
        for name in (WEIGHTS, VOCABULARY):
            check_digest(_inside(folder, name), settings["sha256"][name])
        _check_network(folder, settings)
        _check_vocabulary(folder, settings)
    name = settings["run"]
    if settings.get("weights", "best") == "imported":
        name += " with imported weights"
    return ModelFiles(settings, Path(folder, VOCABULARY), {name: Path(folder, WEIGHTS)})


@contextlib.contextmanager
def _repaired_by_export():
    """Let messages say what to do about a damaged file that no stage will write again."""
    try:
        yield
    except UserError as error:
        message = str(error)
        if RECREATE in message:
            message = message.partition(RECREATE)[0] + _REMEDY
        raise UserError(message) from None


def _inside(folder, name):
    """Return the path of a folder's file.

    Raises:
        UserError: there is no such file, or it is a link to elsewhere.
    """
    path = Path(folder, name)
    if os.path.dirname(os.path.realpath(path)) != os.path.realpath(folder):
        raise UserError(
            f"{path}: a link to a file outside the folder, which is not read; copy it into the "
            "folder"
        )
    if not path.is_file():
        raise UserError(
            f"{folder}: there is no {name} in it; expected a folder written by: "
            "python -m tweetrnn export RUN DIR"
        )
    return path


def _refuse(path, mistakes):
    """Raise UserError if there are mistakes; the message has the first of them."""
    if mistakes:
        more = "; and more" if len(mistakes) > _SHOWN else ""
        raise UserError(f"{path}: {'; '.join(mistakes[:_SHOWN])}{more}{_REMEDY}")


def _check_schema(path, value):
    """Raise UserError unless a value read from ``path`` is as the schema says."""
    try:
        mistakes = mistakes_in(value, load_schemas()[path.name], "JSON")
    except RecursionError:
        mistakes = ["nested too deeply"]
    _refuse(path, [mistake.replace("the config:", "the whole:", 1) for mistake in mistakes])


def read_settings(folder):
    """Return the settings of a folder written by ``export``, with ``sha256`` of its files.

    Raises:
        UserError: there are none, they are damaged or not what the schema says.
    """
    path = _inside(folder, SETTINGS)
    if path.stat().st_size > LARGEST_SETTINGS:
        _refuse(path, [f"expected at most {LARGEST_SETTINGS:,} bytes"])
    settings = read_json(path, by_hand=True)
    _check_schema(path, settings)
    width, padding, unknown = (settings[key] for key in ("width", "padding_id", "unknown_id"))
    mistakes = [
        f"{key}: expected a column below the width, {width}, or {width} for all zeros, "
        f"got {settings[key]}"
        for key in ("padding_id", "unknown_id")
        if settings[key] > width
    ]
    if padding == unknown < width:
        mistakes.append(f"unknown_id: expected another column than padding_id's, {padding}")
    _refuse(path, mistakes)
    return settings


def _check_network(folder, settings):
    """Raise UserError unless the weights are described as the schema says, and fit the settings."""
    path = _inside(folder, WEIGHTS)
    facts, shapes = weights.read_header(path)
    _check_schema(path, facts)
    run, combination = Run.parse(settings["run"]), Combination.parse(facts["combination"])
    if sorted(facts["weights"]) != sorted(shapes) or not shapes:
        names = quoted(list(shapes)) or "none"
        _refuse(path, [f"weights: expected the names of the arrays in the file, {names}"])
    rows = (*shapes[facts["weights"][0]], 0)[0]
    expected = [
        ("cell", run.cell, f"as {SETTINGS} says (run)"),
        ("combination", run.combination, f"as {SETTINGS} says (run)"),
        ("width", settings["width"], f"as {SETTINGS} says"),
        ("width", rows, "the rows of its first kernel"),
        ("classes", len(settings["labels"]), f"the labels of {SETTINGS}"),
    ]
    mistakes = [
        f"{key}: expected {shown(value)}, {why}, got {shown(facts[key])}"
        for key, value, why in expected
        if facts[key] != value
    ]
    if len(facts["dense_units"]) != combination.dense_layers:
        mistakes.append(
            f"dense_units: expected {combination.dense_layers} numbers, as its combination says, "
            f"got {len(facts['dense_units'])}"
        )
    _refuse(path, mistakes)


def _check_vocabulary(folder, settings):
    """Raise UserError unless each column but padding's and unknown words' has exactly one word."""
    path, width = _inside(folder, VOCABULARY), settings["width"]
    special = {settings["padding_id"], settings["unknown_id"]} - {width}
    with open_parquet(path) as file:
        schema, rows = file.schema_arrow, file.metadata.num_rows
        is_right = {
            "word": lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind),
            "id": pa.types.is_integer,
        }
        mistakes = [
            f"column {name}: expected one, of {'texts' if name == 'word' else 'whole numbers'}"
            for name, right in is_right.items()
            if schema.names.count(name) != 1 or not right(schema.field(name).type)
        ]
        if rows != width - len(special):
            mistakes.append(
                f"expected {width - len(special)} words for the width {width}, got {rows}"
            )
        groups = [file.metadata.row_group(n) for n in range(file.metadata.num_row_groups)]
        largest = 2**24 + 1_000 * width
        if sum(group.total_byte_size for group in groups) > largest:
            mistakes.append(f"expected at most {largest:,} bytes, unpacked, for the width {width}")
        _refuse(path, mistakes)
        table = file.read(columns=["word", "id"])
    ids = table["id"].to_pylist()
    if None in ids or not np.array_equal(np.sort(ids), sorted(set(range(width)) - special)):
        mistakes.append(
            f"column id: expected each column below the width, {width}, once, but for those of "
            "padding and unknown words"
        )
    _refuse(path, [*mistakes, *_wrong_words(table["word"])])


def _wrong_words(column):
    """Return a line if words of a pyarrow column are missing, not Unicode or there twice."""
    try:
        words = column.to_pylist()
    except UnicodeDecodeError:
        return ["column word: expected texts in UTF-8"]
    if None in words or "" in words:
        return ["column word: expected a word in each row, one is empty"]
    if len(set(words)) < len(words):
        twice = [word for word, count in Counter(words).items() if count > 1]
        return [f"column word: expected each word once, {quoted(twice)} is there twice"]
    return []


def check_replaceable(folder):
    """Raise UserError unless a folder contains only what ``export`` wrote, as it wrote it.

    The message names what else is in it.
    """
    path, others = Path(folder), []
    if path.is_symlink() or not path.is_dir():
        raise UserError(f"{folder}: not replaced, since it is no folder; name another one")
    found = sorted(entry.name for entry in path.iterdir())
    try:
        settings = read_settings(path)
        if CHECKSUM not in json.loads((path / SETTINGS).read_text(encoding="utf-8")):
            raise UserError(f"{path / SETTINGS}: it lacks {CHECKSUM}, so it was written by hand")
    except UserError as error:
        raise UserError(
            f"{folder}: not replaced, since export did not write this folder, which contains "
            f"{quoted(found) or 'nothing'}; name another folder ({error})"
        ) from None
    for name in set(found) - {SETTINGS}:
        file, digest = path / name, settings["sha256"].get(name)
        if file.is_symlink() or not file.is_file() or digest is None:
            others.append(name)
        elif sha256_of(file) != digest:
            others.append(f"{name} (changed since)")
    if others:
        raise UserError(
            f"{folder}: not replaced, since export did not write {quoted(sorted(others))} in it; "
            "move that elsewhere, or name another folder"
        )
