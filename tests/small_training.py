"""A small split, and the training of one run on it."""

import json
import sys

import numpy as np
from tweetrnn.files import read_json, sha256_of, write_json
from tweetrnn.grid import Run
from tweetrnn.results import RUN_FILES, SPLIT_ARRAYS
from tweetrnn.training.fit import fit

# What a training writes that must not depend on how often it was interrupted.
SAME_BYTES = ("history", "best", "last", "predictions", "architecture", "parameters")
COMBINATION = "rnn1-dense1-dropout1-reg0-lr1e-2"


def write_split(folder, length=5, width=9, classes=3, **sizes):
    """Write arrays of random words and labels as split does; ``sizes`` are those of the sets."""
    rng = np.random.default_rng(1)
    folder.mkdir(parents=True)
    for name, size in ({"train": 26, "validation": 7, "test": 5} | sizes).items():
        ids = rng.integers(0, width + 1, (size, length), dtype=np.int32)
        np.save(folder / f"{name}_sequences.npy", ids)
        np.save(folder / f"{name}_labels.npy", rng.integers(0, classes, size, dtype=np.int32))
    facts = {
        "width": width,
        "padding_id": 0,
        "labels": ["negative", "neutral", "positive"][:classes],
    }
    write_json(folder / "facts.json", facts)
    return record_digests(folder)


def record_digests(split):
    """Record the sha256 of the arrays, as they are now, in the split's facts; return the split."""
    facts = read_json(split / "facts.json")
    facts["sha256"] = {path.stem: sha256_of(path) for path in split.glob("*.npy")}
    write_json(split / "facts.json", facts)
    return split


def config_of(units=4, **training):
    """Return the config's sections that a training reads."""
    settings = {"epochs": 2, "batch_size": 8, "adam": "rowwise", "device": "cpu", "threads": 1}
    model = {"units": units, "dense_units": [6, 4], "dropout_rate": 0.3, "l2": 1e-3}
    return {"model": model, "seed": 1, "training": settings | training}


def arrays_of(split):
    """Return {name: path} of a split's arrays."""
    return {name: split / f"{name}.npy" for name in SPLIT_ARRAYS}


def outputs_of(folder):
    """Return {name: path} of the files that the run in ``folder`` writes."""
    return {name: folder / file for name, file in RUN_FILES.items()}


def fit_run(
    split,
    folder,
    cell="LSTM",
    combination=COMBINATION,
    replicate=1,
    code_digest="",
    on_divergence="fail",
    poll=lambda: None,
    **config,
):
    """Train a run on a split into ``folder``; ``config`` is that of ``config_of``."""
    fit(
        Run(cell, combination, replicate),
        config_of(**config),
        arrays_of(split),
        split / "facts.json",
        outputs_of(folder),
        checkpoint=checkpoint_of(folder),
        code_digest=code_digest,
        on_divergence=on_divergence,
        poll=poll,
    )


def checkpoint_of(folder):
    """Return where ``fit_run`` and replicate 1 of ``stage_arguments`` have their checkpoint."""
    return folder / "checkpoint/checkpoint.safetensors"


def stage_arguments(split, folder, cell="LSTM", combination=COMBINATION, replicate=1, **more):
    """Return the arguments of the stage train, but for its config, as text."""
    files = {
        **arrays_of(split),
        **outputs_of(folder),
        "split_facts": split / "facts.json",
        "checkpoints": folder / "checkpoints",
    }
    run = {"cell": cell, "combination": combination, "replicate": str(replicate)}
    return run | {name: str(path) for name, path in files.items()} | more


def stage_command(arguments, config, log=None):
    """Return the command line with which a rule runs the stage train."""
    command = [sys.executable, "-m", "tweetrnn", "train", json.dumps(arguments)]
    return [*command, "--config", json.dumps(config), *(["--log", str(log)] if log else [])]


def bytes_of(folder):
    """Return {name: bytes} of what must be the same after any interruption."""
    return {
        name: path.read_bytes() for name, path in outputs_of(folder).items() if name in SAME_BYTES
    }
