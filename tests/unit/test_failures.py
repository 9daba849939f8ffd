"""How a model fails, against counts done by hand."""

import numpy as np
import pytest
from tweetrnn.evaluation import failures
from tweetrnn.evaluation.comparison import ClassScores
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


def test_precision_recall_and_f1_of_each_class():
    result = failures.per_class(PROBABILITIES, LABELS, NAMES)
    assert result["negative"] == ClassScores(
        precision=0.5, recall=0.25, f1=pytest.approx(1 / 3), support=4
    )
    assert (result["neutral"].precision, result["neutral"].recall) == (0.25, 1.0)
    assert result["positive"] == ClassScores(precision=0.0, recall=0.0, f1=0.0, support=1)


def test_calibration_bins_and_error():
    result = failures.calibration(PROBABILITIES, LABELS)
    bins = {round(row.high, 1): row for row in result.bins if row.tweets}
    tweets = {high: row.tweets for high, row in bins.items()}
    assert tweets == {0.4: 1, 0.6: 1, 0.7: 1, 0.9: 3}
    assert bins[0.9].accuracy == pytest.approx(1 / 3)
    assert bins[0.9].confidence == pytest.approx((0.9 + 0.85 + 0.85) / 3)
    by_hand = (abs(1 - 0.38) + abs(0 - 0.58) + abs(0 - 0.68) + abs(1 - 0.9 - 0.85 - 0.85)) / 6
    assert result.expected_calibration_error == pytest.approx(by_hand, abs=1e-6)
    assert result.mean_confidence == pytest.approx(PROBABILITIES.max(axis=1).mean())
    assert sum(row.tweets for row in result.bins) == 6


def test_a_certain_model_falls_in_the_last_bin():
    result = failures.calibration(np.eye(3, dtype=np.float32), np.arange(3))
    assert result.bins[-1].tweets == 3
    assert result.expected_calibration_error == 0


def test_mistakes_go_by_kind_and_confidence_and_no_group_comes_twice():
    result = failures.confidently_wrong(PROBABILITIES, TWEETS, NAMES, 5)
    assert [(wrong.true, wrong.predicted, wrong.row, wrong.corpus_row) for wrong in result] == [
        ("negative", "neutral", 2, 102),
        ("negative", "neutral", 1, 101),
        ("positive", "negative", 5, 105),
    ]
    assert result[0].confidence == pytest.approx(0.85)
    few = failures.confidently_wrong(PROBABILITIES, TWEETS, NAMES, 1)
    assert [wrong.row for wrong in few] == [2, 5]
    assert failures.confidently_wrong(PROBABILITIES, TWEETS, NAMES, 0) == []
