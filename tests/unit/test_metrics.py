"""The metrics agree with scikit-learn and with Keras's definitions."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
)
from tweetrnn import grid, metrics, names
from tweetrnn.evaluation.metrics import METRICS, balanced_accuracy


def _example(seed, examples, classes):
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.ones(classes), examples).astype(np.float32)
    return probabilities, generator.integers(0, classes, examples).astype(np.int32)


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(2, 6))
def test_agree_with_scikit_learn(seed, examples, classes):
    probabilities, labels = _example(seed, examples, classes)
    predicted, names = probabilities.argmax(1), range(classes)
    expected = f1_score(labels, predicted, labels=names, average="macro", zero_division=0)
    assert metrics.accuracy(probabilities, labels) == accuracy_score(labels, predicted)
    assert metrics.macro_f1(probabilities, labels) == pytest.approx(expected, abs=1e-15)
    assert np.array_equal(
        metrics.confusion(probabilities, labels), confusion_matrix(labels, predicted, labels=names)
    )
    flat = (probabilities > 0.5).ravel()
    one_hot = np.eye(classes)[labels].ravel().astype(bool)
    assert metrics.binary_accuracy(probabilities, labels) == accuracy_score(one_hot, flat)


def test_binary_accuracy_counts_each_entry_and_needs_more_than_a_half():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]])
    # Nothing of the first row exceeds 0.5: two zeros of three are right. The second is all right.
    assert metrics.binary_accuracy(probabilities, np.array([0, 1])) == pytest.approx(5 / 6)


def test_always_negative_scores_as_the_class_share():
    labels = np.array([0] * 63 + [1] * 21 + [2] * 16)
    always = np.tile([1.0, 0.0, 0.0], (100, 1))
    scores = metrics.scores(always, labels)
    assert scores["accuracy"] == pytest.approx(0.63)
    assert scores["binary_accuracy"] == pytest.approx((63 * 3 + 37) / 300)
    assert scores["macro_f1"] == pytest.approx((2 * 63 / 163) / 3)


def test_balanced_accuracy_agrees_with_scikit_learn():
    for seed in range(20):
        probabilities, labels = _example(seed, 50, 4)
        assert balanced_accuracy(probabilities, labels) == pytest.approx(
            balanced_accuracy_score(labels, probabilities.argmax(1)), abs=1e-15
        )


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_says_rightly_whether_higher_is_better(name):
    labels = np.array([0, 1, 2])
    right, wrong = (
        metrics.scores(np.eye(3)[p], labels, METRICS)[name] for p in (labels, [1, 2, 0])
    )
    assert (right > wrong) == METRICS[name].higher_is_better
    assert right != wrong


def test_a_tie_goes_to_the_first_class():
    assert metrics.accuracy(np.array([[0.4, 0.4, 0.2]]), np.array([0])) == 1.0


@pytest.mark.parametrize("shape", [((0, 3), (0,)), ((4, 3), (3,)), ((4,), (4,))])
def test_refuse_shapes_without_meaning(shape):
    with pytest.raises(ValueError):
        metrics.accuracy(np.zeros(shape[0]), np.zeros(shape[1], dtype=int))


def test_rankings_are_of_metrics_that_training_reports():
    assert {names.metric_of(ranking) for ranking in names.RANKINGS} <= metrics.EPOCH_METRICS.keys()


def test_each_factor_of_the_grid_has_a_label():
    assert tuple(names.FACTORS) == grid.FACTORS


def test_names_and_results_of_stages_are_imported_without_pandas():
    modules = "names, metrics, evaluation.comparison, evaluation.select, evaluation.tables"
    imports = "; ".join(f"import tweetrnn.{name}" for name in modules.split(", "))
    code = f"import sys; {imports}; sys.exit('pandas' in sys.modules or 'scipy' in sys.modules)"
    path = {"PYTHONPATH": str(Path(names.__file__).parents[1])}
    assert subprocess.run([sys.executable, "-c", code], env=os.environ | path).returncode == 0
