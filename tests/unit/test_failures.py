"""How a cell's replicates fail, against counts done by hand."""

import numpy as np
import pytest
from tweetrnn.evaluation import failures
from tweetrnn.evaluation.comparison import ClassScores, Spread
from tweetrnn.evaluation.predictions import TweetSet

NAMES = ["negative", "neutral", "positive"]
PROBABILITIES = np.array(
    [
        [0.9, 0.05, 0.05],  # negative, right
        [0.22, 0.68, 0.1],  # negative taken for neutral
        [0.1, 0.85, 0.05],  # negative taken for neutral, more sure
        [0.1, 0.85, 0.05],  # its duplicate
        [0.31, 0.38, 0.31],  # neutral, right
        [0.58, 0.32, 0.1],  # positive taken for negative
    ],
    dtype=np.float32,
)
LABELS = np.array([0, 0, 0, 0, 1, 2])
TWEETS = TweetSet(LABELS, groups=np.array([1, 2, 3, 3, 4, 5]), corpus_rows=np.arange(6) + 100)
PERFECT = np.eye(3, dtype=np.float32)[LABELS]
TWO = np.stack([PROBABILITIES, PERFECT])


def same(value):
    """Return the Spread of a single replicate."""
    return Spread(mean=pytest.approx(value), sd=None, min=value, max=value)


def test_precision_recall_and_f1_of_each_class():
    result = failures.per_class(PROBABILITIES[None], LABELS, NAMES)
    assert result["negative"] == ClassScores(
        precision=same(0.5), recall=same(0.25), f1=same(pytest.approx(1 / 3)), support=4
    )
    assert (result["neutral"].precision.mean, result["neutral"].recall.mean) == (0.25, 1.0)
    assert result["positive"] == ClassScores(
        precision=same(0.0), recall=same(0.0), f1=same(0.0), support=1
    )


def test_scores_of_classes_are_means_and_ranges_over_replicates():
    negative = failures.per_class(TWO, LABELS, NAMES)["negative"]
    assert negative.recall.numbers() == pytest.approx([0.625, 0.25, 1.0])
    assert negative.precision.numbers() == pytest.approx([0.75, 0.5, 1.0])
    assert negative.support == 4


def test_confusion_counts_are_means_over_replicates():
    assert failures.failures(TWO, TWEETS, NAMES, 0).confusion == [
        [2.5, 1.5, 0.0],
        [0.0, 1.0, 0.0],
        [0.5, 0.0, 0.5],
    ]


def test_calibration_bins_and_error():
    result = failures.calibration(PROBABILITIES[None], LABELS)
    bins = {round(row.high, 1): row for row in result.bins if row.tweets}
    tweets = {high: row.tweets for high, row in bins.items()}
    assert tweets == {0.4: 1, 0.6: 1, 0.7: 1, 0.9: 3}
    assert bins[0.9].accuracy == pytest.approx(1 / 3)
    assert bins[0.9].confidence == pytest.approx((0.9 + 0.85 + 0.85) / 3)
    by_hand = (abs(1 - 0.38) + abs(0 - 0.58) + abs(0 - 0.68) + abs(1 - 0.9 - 0.85 - 0.85)) / 6
    assert result.expected_calibration_error.mean == pytest.approx(by_hand, abs=1e-6)
    assert result.mean_confidence.mean == pytest.approx(PROBABILITIES.max(axis=1).mean())
    assert sum(row.tweets for row in result.bins) == 6


def test_calibration_error_is_the_mean_of_the_replicates_not_that_of_their_pooled_bins():
    sure = np.float32([[1, 0, 0]])  # right for one label and wrong for the other
    result = failures.calibration(np.stack([sure, sure[:, [1, 0, 2]]]), np.array([0]))
    assert result.expected_calibration_error.numbers() == [0.5, 0, 1]
    assert (result.bins[-1].tweets, result.bins[-1].accuracy) == (2, 0.5)
    assert [bins[-1].accuracy for bins in result.replicates] == [1, 0]


def test_a_certain_model_falls_in_the_last_bin():
    result = failures.calibration(np.eye(3, dtype=np.float32)[None], np.arange(3))
    assert result.bins[-1].tweets == 3
    assert result.expected_calibration_error.mean == 0


def test_mistakes_go_by_kind_and_confidence_and_no_group_comes_twice():
    result = failures.shared_mistakes(PROBABILITIES[None], TWEETS, NAMES, 5)
    assert [(wrong.true, wrong.predicted, wrong.row, wrong.corpus_row) for wrong in result] == [
        ("negative", "neutral", 2, 102),
        ("negative", "neutral", 1, 101),
        ("positive", "negative", 5, 105),
    ]
    assert result[0].confidence == pytest.approx(0.85)
    few = failures.shared_mistakes(PROBABILITIES[None], TWEETS, NAMES, 1)
    assert [wrong.row for wrong in few] == [2, 5]
    assert failures.shared_mistakes(PROBABILITIES[None], TWEETS, NAMES, 0) == []


def answers(*classes, confidence):
    """Return (N, 3) probabilities with these answers."""
    return np.where(np.arange(3) == np.array(classes)[:, None], confidence, (1 - confidence) / 2)


def test_mistakes_that_more_replicates_share_come_before_more_confident_ones():
    tweets = TweetSet(np.zeros(3, int), groups=np.arange(3), corpus_rows=np.arange(3))
    replicates = np.stack(
        [
            answers(1, 1, 0, confidence=0.5),
            answers(1, 1, 0, confidence=0.6),
            answers(1, 0, 1, confidence=0.9),
        ]
    )
    found = failures.shared_mistakes(replicates, tweets, NAMES, 5)
    assert [(wrong.row, wrong.replicates) for wrong in found] == [(0, 3), (1, 2)]
    # The mean is of the replicates that are wrong.
    assert [wrong.confidence for wrong in found] == pytest.approx([2 / 3, 0.55])


def test_a_tweet_that_half_of_the_replicates_get_wrong_or_in_different_ways_is_no_mistake():
    tweets = TweetSet(np.zeros(2, int), groups=np.arange(2), corpus_rows=np.arange(2))
    replicates = np.stack([answers(1, 1, confidence=0.9), answers(0, 2, confidence=0.9)])
    assert failures.shared_mistakes(replicates, tweets, NAMES, 5) == []


def test_mistakes_are_of_the_most_frequent_kinds_alone(monkeypatch):
    monkeypatch.setattr(failures, "KINDS", 1)
    found = failures.shared_mistakes(PROBABILITIES[None], TWEETS, NAMES, 5)
    assert {(mistake.true, mistake.predicted) for mistake in found} == {("negative", "neutral")}
