"""What the labels allow: agreement of labels that were given twice."""

import numpy as np
import pyarrow as pa
import pytest
from tweetrnn.evaluation.ceiling import agreement, best_accuracy, ceiling


def corpus(*rows):
    """Return a table of tweets, given as (id, group, label)."""
    ids, groups, labels = zip(*rows, strict=True)
    return pa.table({"id": ids, "label": labels, "group": pa.array(groups, pa.uint64())})


def test_pairs_and_agreements_are_counted():
    found = agreement(["a", "b", "a", "b", "c"], ["good", "good", "bad", "good", "bad"], 2)
    assert (found.pairs, found.agreed, found.share) == (2, 1, 0.5)


def test_only_the_first_two_rows_of_a_key_are_a_pair():
    found = agreement(["a"] * 4, ["good", "bad", "good", "good"], 2)
    assert (found.pairs, found.agreed) == (1, 0)


def test_interval_is_wilson_s():
    labels = ["x"] * 20 + ["x"] * 16 + ["y"] * 4
    low, high = agreement([*range(20)] * 2, labels, 3).interval
    z, n, share = 1.959964, 20, 0.8
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    assert (low, high) == pytest.approx((centre - half, centre + half), abs=1e-6)


def test_without_a_pair_there_is_no_share():
    found = agreement(["a", "b"], ["good", "bad"], 2)
    assert (found.pairs, found.share, found.interval, found.best_accuracy) == (0, None, None, None)


def test_rows_of_one_identifier_are_no_different_tweets_with_the_same_tokens():
    found = ceiling(corpus(("1", 7, "good"), ("1", 7, "bad"), ("2", 7, "good"), ("3", 8, "bad")), 2)
    assert (found.same_id.pairs, found.same_id.agreed) == (1, 0)
    assert (found.same_tokens.pairs, found.same_tokens.agreed) == (1, 1)


def test_rows_without_an_identifier_are_different_tweets():
    found = ceiling(corpus(("", 7, "good"), ("", 7, "good"), ("", 8, "bad")), 2)
    assert found.same_id.pairs == 0
    assert found.same_tokens.pairs == 1


@pytest.mark.parametrize("probabilities", [[0.7, 0.2, 0.1], [1, 0, 0], [0.8, 0.1, 0.1]])
def test_best_accuracy_is_no_more_than_the_bound(probabilities):
    agree = sum(p**2 for p in probabilities)
    assert agree - 1e-12 <= max(probabilities) <= best_accuracy(agree, 3) + 1e-12


def test_bound_is_reached_where_all_other_classes_are_equally_likely():
    assert best_accuracy(0.8**2 + 2 * 0.1**2, 3) == pytest.approx(0.8)


def test_labels_at_random_allow_what_guessing_reaches():
    assert best_accuracy(1 / 3, 3) == pytest.approx(1 / 3)
    assert best_accuracy(0.1, 3) == pytest.approx(1 / 3)
