"""Of two cells the better one comes first in the report, and every sign follows from that."""

from dataclasses import fields

import numpy as np
import pytest
from example_experiment import FEW_COMBINATIONS, example_experiment
from tweetrnn.evaluation import interval, statistics
from tweetrnn.evaluation.cell_order import best_first, ordered, oriented, turned
from tweetrnn.evaluation.comparison import (
    CellDifference,
    Interaction,
    PairedCells,
    PairedDivergence,
    to_json,
)
from tweetrnn.evaluation.mcnemar import mcnemar

CELLS = ["SimpleRNN", "LSTM", "GRU"]
DIFFERENCES = [0.03, -0.01, 0.05, 0.0]


@pytest.fixture(scope="module")
def comparison():
    return example_experiment(CELLS, **FEW_COMBINATIONS).comparison


def both(kind, function, **further):
    """Return what a function of (first, second) says of (A, B), and of (B, A)."""
    return [
        kind(first=one, second=other, **function(one, other), **further)
        for one, other in (("A", "B"), ("B", "A"))
    ]


def described(first, second):
    sign = 1 if first < second else -1
    return statistics.describe([sign * value for value in DIFFERENCES])


def mcnemar_both_ways():
    labels = np.zeros(12, dtype=int)
    wrong = {"A": [0, 1, 2], "B": [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]}
    probabilities = {}
    for name, rows in wrong.items():
        probabilities[name] = np.tile([0.9, 0.1], (1, 12, 1))
        probabilities[name][0, rows] = [0.1, 0.9]
    exchanged = {name: probabilities[name] for name in "BA"}
    return [mcnemar(probabilities, labels)[0], mcnemar(exchanged, labels)[0]]


FACTOR = {"factor": "dropout", "low": False, "high": True, "possible_pairs": 4, "p_holm": 0.5}
LATER = {"learning_rate": None, "neither_parts": 1}


@pytest.mark.parametrize(
    "pair, other",
    [
        both(PairedCells, described, combinations=["w", "x", "y", "z"]),
        both(Interaction, described, **FACTOR),
        [
            PairedDivergence(**vars(pair) | {"only_first_parts": a, "only_second_parts": b})
            for pair, a, b in zip(
                both(PairedDivergence, described, only_first_parts=0, only_second_parts=0, **LATER),
                (3, 5),
                (5, 3),
                strict=True,
            )
        ],
        mcnemar_both_ways(),
    ],
    ids=lambda pair: type(pair).__name__,
)
def test_cells_exchanged_give_what_the_statistics_of_exchanged_cells_give(pair, other):
    assert turned(pair) == other


def test_exchanged_cells_have_the_opposite_interval():
    rng = np.random.default_rng(0)
    sums = {name: rng.random((2, 60)) < share for name, share in (("A", 0.6), ("B", 0.8))}
    pair, other = both(
        CellDifference, lambda one, two: interval.difference(sums[one], sums[two], np.ones(60))
    )
    found = turned(pair)
    for field in fields(CellDifference):
        value = getattr(other, field.name)
        if isinstance(value, float | list):
            value = pytest.approx(value)
        assert getattr(found, field.name) == value, field.name


def test_the_cell_that_is_ahead_in_the_headline_comes_first_everywhere(comparison):
    place = {cell: number for number, cell in enumerate(best_first(comparison))}
    accuracies = [comparison.primary.accuracies[cell].accuracy for cell in place]
    assert accuracies == sorted(accuracies, reverse=True)
    assert all(pair.difference >= 0 for pair in comparison.primary.pairs)
    for name in ("mcnemar", "interactions", "paired_cells", "paired_divergence"):
        assert all(place[p.first] < place[p.second] for p in getattr(comparison, name)), name


def test_order_of_the_config_comes_back(comparison):
    in_config = ordered(comparison, CELLS)
    first = {(pair.first, pair.second) for pair in in_config.primary.pairs}
    assert first == {("SimpleRNN", "LSTM"), ("SimpleRNN", "GRU"), ("LSTM", "GRU")}
    assert to_json(oriented(in_config)) == to_json(comparison)


def test_cells_without_a_finished_run_come_last(comparison):
    found = ordered(comparison, ["LSTM"])
    assert all(pair.second != "LSTM" for pair in found.paired_cells)
