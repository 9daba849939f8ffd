"""Slices: which tweets they hold, and differences with known intervals."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats
from tweetrnn.evaluation import slices
from tweetrnn.evaluation.statistics import holm


def column(**columns):
    """Return a table of tweets, of one token each where no tokens are given."""
    count = len(next(iter(columns.values())))
    return pa.table({"tokens": [["word"]] * count} | columns)


def values_of(name, table):
    """Return each tweet's value of a property."""
    return dict(slices.properties(table))[name].tolist()


def coin(replicates, tweets, share=0.7, seed=0):
    return np.random.default_rng(seed).random((replicates, tweets)) < share


@pytest.mark.parametrize(
    ("tokens", "value"),
    [(1, "1 to 10"), (10, "1 to 10"), (11, "11 to 20"), (30, "21 to 30"), (31, "more than 30")],
)
def test_lengths_are_in_bins_of_tokens(tokens, value):
    assert values_of("tokens", column(tokens=[["word"] * tokens])) == [value]


@pytest.mark.parametrize("token", ["not", "Never", "don't", "DON\u2019T", "cannot", "dont", "n't"])
def test_negations_are_found(token):
    assert slices.is_negation(token)


@pytest.mark.parametrize("token", ["nothin", "knot", "note", "now", "@nobody", "want"])
def test_other_words_are_no_negations(token):
    assert not slices.is_negation(token)


def test_a_tweet_is_negated_by_any_of_its_tokens():
    tokens = [["good", "not", "bad"], ["good"], ["no"], ["knot", "good"]]
    assert values_of("English negation", column(tokens=tokens)) == ["yes", "no", "yes", "no"]


def test_a_part_of_a_table_has_its_own_tokens():
    table = column(tokens=[["not"], ["good"], ["no"], ["good"]])
    assert values_of("English negation", table.slice(1, 2)) == ["no", "yes"]


def test_confidence_is_in_three_bins_and_may_be_missing():
    found = values_of(slices.CONFIDENCE, column(confidence=[1.0, 0.99, 0.65, 0.649, None]))
    assert found[:4] == ["1", "0.65 to < 1", "0.65 to < 1", "< 0.65"]
    assert pd.isna(found[4])


def test_configured_values_come_by_their_frequency():
    found = slices.by_value(pa.array(["b", "a", None, "c", "c"]))
    assert list(found.categories) == ["c", "a", "b"]
    assert found.isna().tolist() == [False, False, True, False, False]


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"slice_airline": pa.nulls(40, pa.string())},
        {"confidence": pa.nulls(40, pa.float64())},
        {"slice_airline": ["the same"] * 40},
    ],
)
def test_a_property_without_two_values_is_left_out(columns):
    found = slices.properties(column(tokens=[["word"]] * 40, **columns))
    assert list(slices.members(found)) == []


def test_accuracy_of_tweets_without_duplicates_has_the_textbook_interval():
    right = coin(1, 400)
    value, interval, _ = slices.estimate([right], np.arange(400))
    expected = stats.ttest_1samp(right[0].astype(float), 0).confidence_interval()
    assert value == right.mean()
    assert interval == pytest.approx([*expected])


def test_difference_without_duplicates_is_the_paired_t_test():
    one, other = coin(1, 300), coin(1, 300, 0.6, seed=1)
    value, interval, p = slices.estimate([one, other], np.arange(300))
    test = stats.ttest_rel(one[0].astype(float), other[0].astype(float))
    assert value == pytest.approx(one.mean() - other.mean())
    assert interval == pytest.approx([*test.confidence_interval()])
    assert p == pytest.approx(test.pvalue)


def test_duplicates_count_as_one_tweet():
    right = coin(1, 50)
    _, (low, high), _ = slices.estimate([right], np.arange(50))
    _, interval, _ = slices.estimate([np.tile(right, 4)], np.tile(np.arange(50), 4))
    assert interval == pytest.approx([low, high])


def test_replicates_that_differ_widen_the_interval():
    rights = coin(3, 2000, np.array([[0.6], [0.7], [0.8]]))
    means = rights.mean(axis=1)
    _, (low, high), _ = slices.estimate([rights], np.arange(2000))
    of_seeds, of_tweets = means.var(ddof=1) / 3, rights.mean(axis=0).var(ddof=1) / 2000
    freedom = (of_seeds + of_tweets) ** 2 / (of_seeds**2 / 2 + of_tweets**2 / 1999)
    half = stats.t.ppf(0.975, freedom) * np.sqrt(of_seeds + of_tweets)
    assert (low, high) == pytest.approx((means.mean() - half, means.mean() + half))


def test_too_few_groups_have_no_interval():
    right = coin(1, 100)
    value, *rest = slices.estimate([right], np.arange(100) % 29)
    assert value == right.mean() and rest == [None, None]
    assert None not in slices.estimate([right], np.arange(100) % 30)


def test_models_that_never_differ_have_no_interval():
    right = coin(1, 100)
    assert slices.estimate([right, right], np.arange(100)) == (0.0, None, None)


def test_intervals_hold_the_true_difference_in_19_of_20_experiments():
    rng, held = np.random.default_rng(5), 0
    for _ in range(400):
        tweets = rng.random(150)
        one, other = (rng.random((3, 150)) < (tweets + share) / 2 for share in (0.9, 0.7))
        _, (low, high), _ = slices.estimate([one, other], np.arange(150))
        held += low <= 0.1 <= high
    assert 0.94 <= held / 400 <= 1


AIRLINE = pd.Categorical(["a", "b", "b", "b"] * 50)


def test_each_value_has_its_tweets_and_every_model_s_accuracy_on_them():
    models = {"LSTM": coin(2, 200, 0.8), "majority": coin(1, 200, 0.5, seed=1)}
    found = slices.slices(models, np.arange(200) // 2, [("airline", AIRLINE)])
    assert [(row.value, row.tweets, row.groups) for row in found] == [
        ("a", 50, 50),
        ("b", 150, 100),
    ]
    assert found[1].accuracies.keys() == models.keys()
    expected = models["LSTM"][:, AIRLINE == "b"].mean()
    assert found[1].accuracies["LSTM"].accuracy == pytest.approx(expected)


def test_each_value_has_the_difference_of_each_two_cells():
    cells = {"SimpleRNN": coin(2, 200, 0.6), "LSTM": coin(2, 200, 0.8, seed=1)}
    rows = slices.slice_differences(cells, np.arange(200), [("airline", AIRLINE)])
    assert [(row.value, row.first, row.second) for row in rows] == [
        ("a", "SimpleRNN", "LSTM"),
        ("b", "SimpleRNN", "LSTM"),
    ]
    mine = AIRLINE == "b"
    expected = cells["SimpleRNN"][:, mine].mean() - cells["LSTM"][:, mine].mean()
    assert rows[1].difference == pytest.approx(expected)


def test_holm_s_correction_is_over_all_differences():
    cells = {name: coin(1, 300, seed=seed) for seed, name in enumerate("abc")}
    kinds = [("x", pd.Categorical(["u", "v"] * 150)), ("y", pd.Categorical([1, 2, 3] * 100))]
    rows = slices.slice_differences(cells, np.arange(300), kinds)
    assert len(rows) == 15
    assert [row.p_holm for row in rows] == holm([row.p for row in rows])
