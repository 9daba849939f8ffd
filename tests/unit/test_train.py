"""A run: stopped anywhere it goes on to the same bytes; what it refuses; what it leaves."""

import csv
import json
import logging
import math

import numpy as np
import pyarrow.parquet as pq
import pytest
from safetensors import safe_open
from small_training import arguments, bytes_of, parsed, path_of, write_split
from tweetrnn import fit as fit_module
from tweetrnn.__main__ import main
from tweetrnn.fit import Clock, fit
from tweetrnn.guard import Stopped

# Each cell, each of the table's optimizers, and layers that pass sequences on.
RUNS = {
    "SimpleRNN": "rnn2-dense1-dropout1-reg1-lr1e-2",
    "LSTM": "rnn1-dense2-dropout1-reg0-lr1e-2",
}
CHECKPOINT = "checkpoint/checkpoint.safetensors"


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


def train(split, folder, poll=lambda: None, **run):
    """Train as far as ``poll`` lets it; return whether the run is done."""
    try:
        fit(parsed(arguments(split, folder, **run)), poll)
    except Stopped:
        return False
    return True


def polls_of(split, folder, **run):
    """Train a run undisturbed; return (what it must leave, how often it could have stopped)."""
    poll = Stop(math.inf)
    calls = []
    train(split, folder, lambda: calls.append(poll()), **run)
    return bytes_of(folder), len(calls)


@pytest.mark.parametrize("cell", RUNS)
def test_stopped_at_any_one_place_a_training_goes_on_to_the_same_bytes(split, tmp_path, cell):
    run = {"cell": cell, "combination": RUNS[cell]}
    expected, places = polls_of(split, tmp_path / "whole", **run)
    assert places > 2 * 4  # at least at every step of both epochs
    for place in range(places):
        folder = tmp_path / str(place)
        assert not train(split, folder, Stop(place), **run)
        assert (folder / CHECKPOINT).exists()
        assert train(split, folder, **run)
        assert bytes_of(folder) == expected, f"stopped at place {place} of {places}"


def test_stopped_again_and_again_a_training_goes_on_to_the_same_bytes(split, tmp_path):
    run = {"cell": "LSTM", "combination": RUNS["LSTM"]}
    expected, _ = polls_of(split, tmp_path / "whole", **run)
    # An attempt stops at the second place at the latest, at every third it does nothing at all.
    attempts = 1
    while not train(split, tmp_path / "run", Stop(attempts % 3), **run):
        attempts += 1
        assert attempts < 100
    assert bytes_of(tmp_path / "run") == expected
