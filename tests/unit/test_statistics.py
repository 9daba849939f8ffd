"""Statistics: each against a computation that shares no code with it."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tweetrnn.evaluation import statistics


def coin(shape, share=0.7, seed=0):
    """Booleans, true with that share."""
    return np.random.default_rng(seed).random(shape) < share


def test_group_sums_are_those_of_a_loop():
    groups = np.array([9, 4, 9, 7, 4, 9], dtype=np.uint64)
    right = np.array([[1, 0, 1, 1, 1, 0], [0, 0, 0, 1, 1, 1]], dtype=bool)
    sums, sizes = statistics.group_sums(right, groups)
    assert sizes.tolist() == [2, 1, 3]
    assert sums.tolist() == [[1, 1, 2], [1, 1, 1]]


@pytest.mark.parametrize(("only_first", "only_second"), [(10, 2), (3, 3), (0, 5), (0, 0), (1, 7)])
def test_mcnemar_counts_coin_tosses(only_first, only_second):
    first = [True] * only_first + [False] * only_second + [True] * 4 + [False] * 2
    second = [False] * only_first + [True] * only_second + [True] * 4 + [False] * 2
    n, extreme = only_first + only_second, max(only_first, only_second)
    tail = sum(math.comb(n, k) for k in range(extreme, n + 1)) / 2**n
    found = {name: float(v[0, 0]) for name, v in statistics.mcnemar([first], [second]).items()}
    assert found.pop("p") == pytest.approx(min(1, 2 * tail))
    assert found == {
        "both_right": 4,
        "first_only": only_first,
        "second_only": only_second,
        "both_wrong": 2,
    }


def test_mcnemar_is_made_for_each_model_with_each_other():
    rng = np.random.default_rng(0)
    first, second = rng.random((2, 40)) < 0.7, rng.random((3, 40)) < 0.5
    found = statistics.mcnemar(first, second)
    assert found["p"].shape == (2, 3)
    one_pair = statistics.mcnemar(first[1:], second[2:])
    assert {name: values[1, 2] for name, values in found.items()} == {
        name: values[0, 0] for name, values in one_pair.items()
    }


def test_wilcoxon_counts_the_signs_of_all_ranks():
    differences = [0.03, -0.01, 0.05, 0.02, 0.07, 0.04]
    ranks = stats.rankdata(np.abs(differences))
    observed = abs(sum(np.sign(differences) * ranks))
    extreme = [
        abs(np.dot(signs, ranks)) >= observed for signs in itertools.product([-1, 1], repeat=6)
    ]
    assert statistics.wilcoxon(differences) == pytest.approx(np.mean(extreme))


def test_wilcoxon_of_nothing():
    assert statistics.wilcoxon([]) is None
    assert statistics.wilcoxon([0.0, 1e-17]) == 1.0
    assert statistics.wilcoxon([0.1 + 0.2 - 0.3, 0.5]) == 1.0  # one true difference


def test_holm_as_in_a_worked_example():
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.holm([0.4, None, 0.9]) == [0.8, None, 0.9]
    assert statistics.holm([0.6, 0.7]) == [1.0, 1.0]
    assert statistics.holm([]) == []


def test_describe_tells_what_the_differences_are():
    found = statistics.describe(iter([0.1, -0.2, 0.4, 0.0]))
    assert found["pairs"] == 4
    assert found["mean"] == pytest.approx(0.075)
    assert found["median"] == pytest.approx(0.05)
    assert (found["min"], found["max"]) == (-0.2, 0.4)
    assert (found["positive"], found["negative"]) == (2, 1)
    assert statistics.describe([])["mean"] is None


def test_choosing_among_equals_flatters_and_the_correction_takes_it_back():
    right = coin((40, 400), 0.7, seed=3)
    found = statistics.selection_optimism(right, np.arange(400), 400, 1)
    assert found["apparent"] == right.mean(axis=1).max() > 0.72
    assert found["corrected"] == pytest.approx(0.7, abs=0.025)
    assert found["optimism"] == pytest.approx(found["apparent"] - found["corrected"])
    assert sum(found["times_selected"]) == found["resamples"] == 400


def test_without_a_choice_there_is_no_optimism():
    found = statistics.selection_optimism(coin((1, 400)), np.arange(400), 600, 1)
    assert found["optimism"] == pytest.approx(0, abs=3e-3)
    assert found["times_selected"] == [600]


@pytest.mark.slow
def test_optimism_agrees_with_a_loop_over_groups():
    right = coin((4, 90), 0.6, seed=4)
    groups = np.random.default_rng(5).integers(0, 40, 90)
    found = statistics.selection_optimism(right, groups, 3000, 1)
    rng, names, judged = np.random.default_rng(77), np.unique(groups), []
    for _ in range(3000):
        drawn = rng.choice(names, len(names))
        tweets = np.concatenate([np.flatnonzero(groups == group) for group in drawn])
        best = right[:, tweets].mean(axis=1).argmax()
        judged.append(right[best, ~np.isin(groups, drawn)].mean())
    assert found["corrected"] == pytest.approx(np.mean(judged), abs=6e-3)
    assert found["interval"] == pytest.approx(np.quantile(judged, [0.025, 0.975]), abs=0.03)


def test_a_single_group_leaves_nothing_to_judge_on():
    found = statistics.selection_optimism(coin((2, 5)), np.zeros(5), 10, 1)
    assert found["corrected"] is None
    assert found["resamples"] == 0


def test_rank_agreement_counts_pairs_in_the_same_order():
    a, b = [0.1, 0.4, 0.3, 0.2], [1.0, 3.0, 4.0, 2.0]
    pairs = [np.sign((a[i] - a[j]) * (b[i] - b[j])) for i, j in itertools.combinations(range(4), 2)]
    found = statistics.rank_agreement(pd.DataFrame({"a": a, "b": b, "same": 5.0}))
    assert found["kendall"]["a"]["b"] == found["kendall"]["b"]["a"] == pytest.approx(np.mean(pairs))
    squared = sum((x - y) ** 2 for x, y in zip([1, 4, 3, 2], [1, 3, 4, 2], strict=True))
    assert found["spearman"]["a"]["b"] == pytest.approx(1 - 6 * squared / (4 * 15))
    assert found["kendall"]["a"]["a"] == 1.0
    assert found["kendall"]["a"]["same"] is None
