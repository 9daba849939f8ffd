"""The interval of the primary analysis: by hand, against scipy, and how often it is right."""

import importlib.util
import math

import numpy as np
import pytest
from scipy import stats
from tweetrnn.evaluation import interval

ONES = np.ones(60)


def coin(replicates, groups=60, share=0.7, seed=0):
    """Right answers of replicates to one tweet in each group, at random."""
    return (np.random.default_rng(seed).random((replicates, groups)) < share) * 1.0


def same(found, expected):
    """Whether two differences are equal up to rounding."""
    one, other = ({**fields, "interval": None} for fields in (found, expected))
    return one == pytest.approx(other) and found["interval"] == pytest.approx(expected["interval"])


def test_variances_are_those_computed_by_hand():
    first = np.array([[1, 1, 1, 0], [1, 0, 0, 0]])
    second = np.array([[0, 1, 0, 0]])
    found = interval.estimate([first, second], np.ones(4))
    # Means by tweet 1, 1/2, 1/2, 0 and 0, 1, 0, 0; they differ by 1, -1/2, 1/2, 0.
    assert found.value == 0.5 - 0.25
    assert found.tweets == pytest.approx((0.75**2 + 0.75**2 + 0.25**2 + 0.25**2) / 3 / 4)
    # The replicates are right in 3/4 and 1/4.
    assert found.replicates == pytest.approx(2 * 0.25**2 / 1 / 2)
    # What neither tweet nor replicate explains is 1/4 everywhere: 8 squares, 1 x 3 degrees.
    assert found.interaction == pytest.approx(8 * 0.25**2 / 3 / 8)
    assert (found.tweets_df, found.replicates_df) == (3, 1)


def test_standard_error_counts_the_interaction_once():
    found = interval.Estimate(0.1, 4.0, 3.0, 2.0, 10, 4.0)
    assert found.margin() == pytest.approx(math.sqrt(4 + (3 - 2)))


@pytest.mark.parametrize("variances", [(4.0, 1.0, 2.0), (1.0, 4.0, 4.0)])
def test_the_margin_is_never_less_than_that_of_tweets_or_replicates_alone(variances):
    found = interval.Estimate(0.1, *variances, 10, 4.0)
    tweets = stats.t.ppf(0.975, 10) * math.sqrt(found.tweets)
    replicates = stats.t.ppf(0.975, 4) * math.sqrt(found.replicates)
    assert found.quantile(0.975) >= max(tweets, replicates)


def test_one_replicate_each_gives_the_paired_t_test():
    first, second = coin(1), coin(1, share=0.6, seed=1)
    found = interval.difference(first, second, ONES)
    expected = stats.ttest_rel(first[0], second[0])
    assert found["difference"] == pytest.approx(np.mean(first - second))
    assert found["interval"] == pytest.approx(list(expected.confidence_interval(0.95)))
    assert found["excludes_zero"] == (expected.pvalue < 0.05)
    assert found["standard_error_replicates"] is found["degrees_of_freedom"] is None


def test_where_all_tweets_are_alike_replicates_give_welch_s_test():
    # Each replicate is right on the same share of every group: tweets add nothing.
    sizes = np.full(60, 10.0)
    first, second = (np.outer(right, np.ones(60)) for right in ([7, 8, 6, 9], [5, 6, 5.5]))
    found = interval.difference(first, second, sizes)
    welch = stats.ttest_ind(first[:, 0] / 10, second[:, 0] / 10, equal_var=False)
    assert found["interval"] == pytest.approx(list(welch.confidence_interval(0.95)))
    assert found["degrees_of_freedom"] == pytest.approx(welch.df)


def test_accuracy_of_one_replicate_has_the_textbook_standard_error():
    right = coin(1, groups=900)
    found = interval.accuracy(right, np.ones(900))
    share = right.mean()
    margin = stats.t.ppf(0.975, 899) * math.sqrt(share * (1 - share) / 899)
    assert found["interval"] == pytest.approx([share - margin, share + margin])


def test_a_group_of_copies_counts_as_one_tweet():
    first, second = coin(3), coin(3, seed=1)
    once = interval.difference(first, second, ONES)
    assert same(interval.difference(4 * first, 4 * second, 4 * ONES), once)


def test_groups_of_unequal_sizes_give_the_variance_of_a_ratio():
    rng = np.random.default_rng(3)
    sizes = rng.integers(1, 4, 80).astype(float)
    right = rng.binomial(sizes.astype(int), 0.7)[None]
    found = interval.estimate([right], sizes)
    left_out = [
        np.delete(right[0], i).sum() / np.delete(sizes, i).sum() for i in range(80)
    ]  # the jackknife
    jackknife = 79 / 80 * np.sum((left_out - np.mean(left_out)) ** 2)
    assert found.tweets == pytest.approx(jackknife, rel=0.02)


def test_the_order_of_tweets_and_of_replicates_does_not_matter():
    first, second = coin(3), coin(4, seed=1)
    tweets = np.random.default_rng(2).permutation(60)
    found = interval.difference(first, second, ONES)
    other = interval.difference(first[::-1][:, tweets], second[[2, 0, 3, 1]][:, tweets], ONES)
    assert same(other, found)


def test_exchanging_the_models_changes_the_sign_only():
    one, other = coin(3), coin(4, seed=1)
    found, turned = (interval.difference(*pair, ONES) for pair in ((one, other), (other, one)))
    assert turned["interval"] == pytest.approx([-end for end in reversed(found["interval"])])
    assert turned["standard_error"] == pytest.approx(found["standard_error"])


def test_the_detectable_difference_uses_t_where_degrees_of_freedom_are_few():
    many = interval.difference(coin(1, 5000), coin(1, 5000, seed=1), np.ones(5000))
    ratio = many["minimum_detectable_difference"] / many["standard_error"]
    assert ratio == pytest.approx(2.80, abs=0.01)
    few = interval.Estimate(0.0, 0.0, 1.0, 0.0, 99, 4.0)
    t = stats.t(4)
    assert few.quantile(0.975) + few.quantile(0.8) == pytest.approx(t.ppf(0.975) + t.ppf(0.8))


def differing(count, groups=60):
    """Two models that differ on the first ``count`` tweets, where only the first is right."""
    first = np.zeros((1, groups))
    first[:, : groups // 2] = 1
    second = first.copy()
    second[:, :count] = 0
    return first, second, np.ones(groups)


@pytest.mark.parametrize(
    "models, reason",
    [
        (differing(10, groups=interval.MIN_GROUPS - 1), interval.TOO_FEW_TWEETS),
        (differing(1, groups=1), interval.TOO_FEW_TWEETS),
        (differing(0), interval.ALWAYS_AGREE),
        (differing(5), interval.TOO_FEW_DISAGREEMENTS),
        ((np.ones((2, 60)), np.zeros((1, 60)), ONES), interval.SAME_EVERYWHERE),
    ],
)
def test_no_claim_is_made_where_the_tweets_cannot_support_one(models, reason):
    found = interval.difference(*models)
    assert found["no_claim"] == reason
    assert found["interval"] is found["minimum_detectable_difference"] is None
    assert found["excludes_zero"] is False


def test_a_claim_is_made_where_there_are_just_enough_tweets_and_disagreements():
    found = interval.difference(*differing(interval.MIN_VARYING, groups=interval.MIN_GROUPS))
    assert found["no_claim"] is None
    assert found["interval"][0] > 0


def test_replicates_that_agree_on_average_do_not_disagree():
    first = np.tile([[1.0], [0.0], [1.0]], 60)
    second = np.tile([[1.0], [1.0], [0.0]], 60)
    assert interval.difference(first, second, ONES)["no_claim"] == interval.ALWAYS_AGREE


def test_an_accuracy_of_one_has_no_interval():
    assert interval.accuracy(np.ones((3, 60)), ONES) == {"accuracy": 1.0, "interval": None}


def test_ends_stay_where_accuracies_and_differences_can_be():
    first, second = np.ones((2, 60)), np.zeros((2, 60))
    first[1] = second[1] = coin(1)[0]
    low, high = interval.difference(first, second, ONES)["interval"]
    assert (low, high) == (-1, 1)
    assert interval.accuracy(first, ONES)["interval"] == [0, 1]


@pytest.fixture(scope="module")
def coverage(root):
    """The benchmark's module, which has the name of a package."""
    spec = importlib.util.spec_from_file_location("_coverage", root / "benchmarks" / "coverage.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name, replicates, tweets",
    [
        ("balanced", (5, 5), 150),
        ("seeds dominate", (3, 3), 150),
        ("one replicate each", (1, 1), 400),
    ],
)
def test_intervals_hold_the_true_difference_as_often_as_they_say(
    coverage, name, replicates, tweets
):
    rng, simulations = np.random.default_rng(0), 2000
    noise = 3 * math.sqrt(0.95 * 0.05 / simulations)
    for setting in coverage.settings():
        if (setting.name, setting.replicates) == (name, replicates):
            found = coverage.measure(setting, tweets, ["combined"], simulations, rng)["combined"]
            assert 0.95 - noise <= found.held <= 0.97 + noise
            assert setting.difference or found.excluded <= 0.05 + noise
