"""A small split, and the command that trains one run on it."""

import argparse
import json

import numpy as np
from tweetrnn.files import read_json, sha256_of, write_json
from tweetrnn.sets import SETS
from tweetrnn.training import outputs, train

# What a training leaves that must not depend on how often it was disturbed.
SAME_BYTES = ("history", "best", "last", "predictions", "architecture", "parameters")
SUFFIX = {
    "history": "csv",
    "best": "safetensors",
    "last": "safetensors",
    "predictions": "parquet",
    "architecture": "json",
    "parameters": "json",
    "timing": "json",
    "provenance": "json",
}


def write_split(folder, length=5, width=9, classes=3, **sizes):
    """Write arrays of random words and labels as split does; ``sizes`` are the parts'."""
    rng = np.random.default_rng(1)
    folder.mkdir(parents=True)
    for part, size in ({"train": 26, "validation": 7, "test": 5} | sizes).items():
        ids = rng.integers(0, width + 1, (size, length), dtype=np.int32)
        np.save(folder / f"{part}_sequences.npy", ids)
        np.save(folder / f"{part}_labels.npy", rng.integers(0, classes, size, dtype=np.int32))
    facts = {"width": width, "labels": ["negative", "neutral", "positive"][:classes]}
    write_json(folder / "facts.json", facts)
    return certified(folder)


def certified(split):
    """Have a split's facts tell the sha256 of its arrays as they are now."""
    facts = read_json(split / "facts.json")
    facts["sha256"] = {path.stem: sha256_of(path) for path in split.glob("*.npy")}
    write_json(split / "facts.json", facts)
    return split


def path_of(folder, output):
    """Return where the run in ``folder`` has one of train's outputs."""
    return folder / f"{output}.{SUFFIX[output]}"


def arguments(
    split,
    folder,
    cell="LSTM",
    combination="rnn1-dense1-dropout1-reg0-lr1e-2",
    options=(),
    units=4,
    **training,
):
    """Return train's command line for a run of ``split`` into ``folder``."""
    settings = {"epochs": 2, "batch_size": 8, "adam": "rowwise", "device": "cpu", "threads": 1}
    model = {"units": units, "dense_units": [6, 4], "dropout_rate": 0.3, "l2": 1e-3}
    config = {"model": model, "seed": 1, "training": settings | training}
    return [
        *("--cell", cell, "--combination", combination, "--facts", str(split / "facts.json")),
        *(
            text
            for part in SETS
            for kind in ("sequences", "labels")
            for text in (f"--{part}-{kind}", str(split / f"{part}_{kind}.npy"))
        ),
        *(text for name in outputs.OUTPUTS for text in (f"--{name}", str(path_of(folder, name)))),
        *("--checkpoint-dir", str(folder / "checkpoint"), "--config", json.dumps(config)),
        *options,
    ]


def parsed(command):
    """Return train's options from ``arguments``."""
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    return parser.parse_args(command)


def bytes_of(folder):
    """Return {output: bytes} of what must be the same after any disturbance."""
    return {name: path_of(folder, name).read_bytes() for name in SAME_BYTES}
