"""What replicates have in common and what their seeds change, on invented answers."""

import numpy as np
import pytest
from tweetrnn.evaluation import ensembles
from tweetrnn.evaluation.collapse import collapsed
from tweetrnn.evaluation.mcnemar import mcnemar
from tweetrnn.evaluation.predictions import TweetSet

NAMES = ["anger", "joy"]


def answers(classes, confidence=0.9):
    """Return (N, 2) probabilities with these answers."""
    return np.where(np.arange(2) == np.array(classes)[:, None], confidence, 1 - confidence)


# ------------------------------------------------------------------------------------ collapse


def test_replicate_that_answers_one_class_only_has_collapsed():
    found = collapsed({2: answers([0, 0, 0]), 3: answers([0, 1, 0])}, NAMES)
    assert [(one.replicate, one.answer, one.share) for one in found] == [(2, "anger", 1.0)]


@pytest.mark.parametrize(("others", "expected"), [(1, [7]), (2, [])])
def test_replicate_has_collapsed_from_99_of_100_equal_answers_on(others, expected):
    found = collapsed({7: answers([1] * (100 - others) + [0] * others)}, NAMES)
    assert [one.replicate for one in found] == expected


# ------------------------------------------------------------------------------------- McNemar


def test_mcnemar_is_summed_up_over_all_pairs_of_replicates():
    labels = np.zeros(10, int)
    good, bad, half = answers([0] * 10), answers([1] * 10), answers([0] * 5 + [1] * 5)
    cells = {"SimpleRNN": np.stack([half, bad]), "LSTM": np.stack([good, good])}
    [test] = mcnemar(cells, labels)
    assert (test.first, test.second, test.pairs) == ("SimpleRNN", "LSTM", 4)
    # Five of five tosses have p = 1 / 16, ten of ten 1 / 512.
    assert (test.first_ahead, test.second_ahead) == (0.0, 0.5)
    assert test.p == pytest.approx([1 / 512, (1 / 16 + 1 / 512) / 2, 1 / 16])
    counts = (test.both_right, test.first_only, test.second_only, test.both_wrong)
    assert counts == (2.5, 0.0, 7.5, 0.0)


# ----------------------------------------------------------------------------------- ensembles


def tweets(labels):
    """Return a TweetSet, each tweet a group of its own."""
    rows = np.arange(len(labels))
    return TweetSet(np.array(labels), groups=rows, corpus_rows=rows)


def test_ensemble_outvotes_the_errors_that_its_replicates_do_not_share():
    unstable = [answers(wrong) for wrong in ([1, 0, 0], [0, 1, 0], [0, 0, 1])]
    stable = [answers([0, 0, 0])] * 3
    cells = {"SimpleRNN": np.stack(unstable), "LSTM": np.stack(stable)}
    found = ensembles.ensembles(cells, tweets([0, 0, 0]))
    assert found.accuracies == {"SimpleRNN": 1.0, "LSTM": 1.0}
    [pair] = found.pairs
    assert (pair.first, pair.second, pair.difference) == ("SimpleRNN", "LSTM", 0.0)
    assert pair.single_difference == pair.instability == pytest.approx(-1 / 3)


def test_errors_that_all_replicates_share_are_no_instability():
    cells = {"SimpleRNN": np.stack([answers([1, 0])] * 2), "LSTM": np.stack([answers([0, 0])] * 2)}
    [pair] = ensembles.ensembles(cells, tweets([0, 0])).pairs
    assert (pair.difference, pair.instability) == (-0.5, 0.0)


def test_ensemble_is_of_probabilities_not_of_votes():
    sure, unsure = answers([0], 0.95), answers([1], 0.6)
    found = ensembles.ensembles({"LSTM": np.stack([sure, unsure, unsure])}, tweets([0]))
    assert found.accuracies == {"LSTM": 1.0}
    assert found.pairs == []
