"""The expected best of n combinations, against counting all draws."""

import itertools

import numpy as np
import pandas as pd
import pytest
from tweetrnn.evaluation.tuning_budget import expected_best, tuning_budget


def test_it_is_the_mean_maximum_over_all_draws_with_replacement():
    values = [0.6, 0.9, 0.6, 0.7]
    mean, sd = expected_best(values)
    for n in range(1, 5):
        largest = [max(draw) for draw in itertools.product(values, repeat=n)]
        assert mean[n - 1] == pytest.approx(np.mean(largest))
        assert sd[n - 1] == pytest.approx(np.std(largest))


def test_two_values_by_hand():
    mean, sd = expected_best([0.0, 1.0])
    assert mean.tolist() == [0.5, 0.75]
    assert sd == pytest.approx([0.5, np.sqrt(3) / 4])


def test_equal_values_are_expected_whatever_is_tried():
    mean, sd = expected_best([0.7] * 3)
    assert mean == pytest.approx([0.7] * 3)
    assert sd == pytest.approx([0] * 3, abs=1e-9)


def test_two_thousand_combinations_are_no_problem():
    mean, _ = expected_best(np.linspace(0, 1, 2000))
    assert (np.diff(mean) > 0).all() and 0.999 < mean[-1] < 1


def test_each_cell_has_as_many_numbers_as_it_has_combinations():
    means = pd.Series({("A", "x"): 0.5, ("A", "y"): 0.7, ("B", "x"): 0.6})
    means.index.names = ["cell", "combination"]
    budgets = tuning_budget(means, ["A", "B"])
    assert budgets["A"].expected_best == pytest.approx([0.6, 0.65])
    assert (budgets["B"].expected_best, budgets["B"].sd) == ([0.6], [0.0])
