"""Divergence epochs by learning rate, and the cells paired by combination."""

import pandas as pd
import pytest
from example_runs import config_of
from tweetrnn.evaluation.divergence import divergence, paired_divergence
from tweetrnn.evaluation.tables import RUNS
from tweetrnn.grid import Combination

TWO_RATES = {
    "recurrent_layers": [1, 2],
    "dense_layers": [2],
    "dropout": [True, False],
    "regularization": [False],
    "learning_rate": [1e-3, 1e-4],
}
# The epochs of a cell: of the combinations with the rate 1e-3 and with 1e-4, None where the curves
# do not part, "diverged" without a result.
EPOCHS = {
    "SimpleRNN": {1e-3: [1, 2, 2, 1], 1e-4: [5, None, 6, "diverged"]},
    "LSTM": {1e-3: [3, 2, 1, 4], 1e-4: [7, 8, None, 9]},
}


def runs_of(epochs, replicate=1):
    """Return the columns that matter here of a table of runs."""
    corners = [(layers, dropout) for layers in (1, 2) for dropout in (True, False)]
    rows = [
        {
            "cell": cell,
            "combination": Combination(layers, 2, dropout, False, rate).name,
            "replicate": replicate,
            "learning_rate": rate,
            "status": "diverged" if epoch == "diverged" else "finished",
            "divergence_epoch": None if epoch == "diverged" else epoch,
        }
        for cell, by_rate in epochs.items()
        for rate, values in by_rate.items()
        for (layers, dropout), epoch in zip(corners, values, strict=True)
    ]
    table = pd.DataFrame(rows)
    return table.astype({name: RUNS[name] for name in table})


@pytest.fixture
def config():
    return config_of(cell=["SimpleRNN", "LSTM"], **TWO_RATES)


def pairs(runs, config):
    """Return {learning rate, None for all: the PairedDivergence}."""
    return {pair.learning_rate: pair for pair in paired_divergence(runs, config)}


def test_learning_rates_are_not_pooled(config):
    found = {
        (row.cell, row.learning_rate): row for row in divergence(runs_of(EPOCHS), config["grid"])
    }
    assert list(found) == [
        ("SimpleRNN", 1e-4),
        ("SimpleRNN", 1e-3),
        ("LSTM", 1e-4),
        ("LSTM", 1e-3),
    ]
    slow = found["SimpleRNN", 1e-4]
    assert (slow.median, slow.min, slow.max) == (5.5, 5, 6)
    assert (slow.runs, slow.runs_that_part) == (3, 2)
    assert found["LSTM", 1e-3].median == 2.5


def test_cells_are_paired_by_combination(config):
    fast = pairs(runs_of(EPOCHS), config)[1e-3]
    assert (fast.first, fast.second) == ("SimpleRNN", "LSTM")
    assert fast.differences == [-2, 0, 1, -3]
    assert (fast.pairs, fast.positive, fast.negative, fast.median) == (4, 1, 2, -1.0)


def test_combinations_of_which_a_cell_does_not_part_are_counted_and_have_no_difference(config):
    slow = pairs(runs_of(EPOCHS), config)[1e-4]
    assert slow.differences == [-2]
    assert (slow.only_first_parts, slow.only_second_parts, slow.neither_parts) == (1, 1, 0)


def test_all_rates_together_are_paired_too(config):
    assert pairs(runs_of(EPOCHS), config)[None].differences == [-2, -2, 0, 1, -3]


def test_replicates_of_a_combination_are_averaged(config):
    other = {cell: {1e-3: [5, None, 2, 1], 1e-4: [1] * 4} for cell in EPOCHS}
    runs = pd.concat([runs_of(EPOCHS), runs_of(other, 2)], ignore_index=True)
    fast = pairs(runs, config)[1e-3]
    assert fast.differences == [3 - 4, 2 - 2, 2 - 1.5, 1 - 2.5]


def test_nothing_parts(config):
    never = {cell: {rate: [None] * 4 for rate in (1e-3, 1e-4)} for cell in EPOCHS}
    assert {row.median for row in divergence(runs_of(never), config["grid"])} == {None}
    found = pairs(runs_of(never), config)[None]
    assert (found.pairs, found.median, found.p, found.neither_parts) == (0, None, None, 8)
