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


def test_resampling_tweets_alone_gives_the_textbook_standard_error():
    right = coin((1, 900))
    samples = statistics.bootstrap_accuracies([right], np.arange(900), 4000, 1, replicates=False)
    share = right.mean()
    assert samples.shape == (4000, 1)
    assert samples.mean() == pytest.approx(share, abs=2e-3)
    assert samples.std() == pytest.approx(math.sqrt(share * (1 - share) / 900), rel=0.05)


def test_resampling_replicates_alone_gives_the_textbook_standard_error():
    right = coin((6, 300), share=np.linspace(0.5, 0.8, 6)[:, None])
    samples = statistics.bootstrap_accuracies([right], np.arange(300), 4000, 1, tweets=False)
    assert samples.std() == pytest.approx(right.mean(axis=1).std() / math.sqrt(6), rel=0.05)


def test_copies_of_tweets_in_one_group_add_no_certainty():
    right = coin((3, 200))
    once = statistics.bootstrap_accuracies([right], np.arange(200), 500, 1)
    thrice = statistics.bootstrap_accuracies(
        [np.repeat(right, 3, axis=1)], np.repeat(np.arange(200), 3), 500, 1
    )
    assert thrice == pytest.approx(once, abs=1e-12)


def test_columns_meet_the_same_tweets_so_that_equal_models_never_differ():
    right = coin((1, 200))
    samples = statistics.bootstrap_accuracies([right, right], np.arange(200), 300, 1)
    assert (samples[:, 0] == samples[:, 1]).all()
    assert samples[:, 0].std() > 0.01


def test_the_bootstrap_agrees_with_one_written_as_a_loop():
    first, second = coin((3, 120), 0.8, seed=1), coin((2, 120), 0.7, seed=2)
    groups = np.random.default_rng(3).integers(0, 60, 120)
    samples = statistics.bootstrap_accuracies([first, second], groups, 4000, 1)
    found = samples[:, 0] - samples[:, 1]

    rng = np.random.default_rng(99)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    looped = []
    for _ in range(4000):
        tweets = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        means = [
            right[rng.integers(0, len(right), len(right))][:, tweets].mean()
            for right in (first, second)
        ]
        looped.append(means[0] - means[1])
    assert found.mean() == pytest.approx(np.mean(looped), abs=4e-3)
    assert found.std() == pytest.approx(np.std(looped), rel=0.06)
    assert statistics.interval(found) == pytest.approx(
        np.quantile(looped, [0.025, 0.975]), abs=0.01
    )


def test_the_same_seed_gives_the_same_draws_and_chunks_do_not_matter(monkeypatch):
    arguments = ([coin((2, 101)), coin((3, 101), seed=5)], np.arange(101), 50, 7)
    samples = statistics.bootstrap_accuracies(*arguments)
    assert np.array_equal(samples, statistics.bootstrap_accuracies(*arguments))
    other = statistics.bootstrap_accuracies(*arguments[:3], 8)
    assert not np.array_equal(samples, other)
    monkeypatch.setattr(statistics, "CHUNK", 101 * 50)
    assert np.array_equal(samples, statistics.bootstrap_accuracies(*arguments))


def test_ninety_five_per_cent_intervals_hold_the_truth_about_that_often():
    rng = np.random.default_rng(11)
    held = 0
    for trial in range(150):
        difficulty = rng.normal(1, 1.5, 250)  # tweets that are easy for both, or hard for both
        skill = {"a": rng.normal(0.6, 0.3, 5), "b": rng.normal(0.0, 0.3, 5)}
        rights = [
            rng.random((5, 250)) < 1 / (1 + np.exp(-(own[:, None] + difficulty)))
            for own in skill.values()
        ]
        samples = statistics.bootstrap_accuracies(rights, np.arange(250), 200, trial)
        low, high = statistics.interval(samples[:, 0] - samples[:, 1])
        # The truth: expectation over tweets' difficulties and replicates' skills.
        d = np.random.default_rng(0).normal(1, 1.5, 20000)
        s = np.random.default_rng(1).normal(0, 0.3, 20000)
        truth = np.mean(1 / (1 + np.exp(-(d + s + 0.6))) - 1 / (1 + np.exp(-(d + s))))
        held += low <= truth <= high
    assert 0.9 <= held / 150 <= 1


def test_the_detectable_difference_has_the_promised_power():
    smallest = statistics.minimum_detectable_difference(0.01)
    z = stats.norm(loc=smallest / 0.01)
    assert z.sf(1.959964) + z.cdf(-1.959964) == pytest.approx(0.8, abs=1e-4)


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
