"""Models and training compute what a real Keras computed, by each way to compute them.

``KERAS_PARITY=other.npz pytest tests/unit -k parity`` compares with another file of the same form:
``meta`` is V (one-hot width), T, N, batch, epochs, classes, units; ``lr_l2`` the learning rate and
the L2 strength; arrays are named ``CELL/r/d/g/...`` after a variant (r recurrent and d hidden dense
layers, g = 1 with L2). The tests take all sizes and variants from the file.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from devices import device_or_skip
from keras_file import FIXTURES, Keras, Trained
from tweetrnn.grid import Combination
from tweetrnn.training import by_hand, torch_kernels
from tweetrnn.training.cells import CELLS
from tweetrnn.training.models import build

OUR_FILES = [FIXTURES / "keras_parity.npz", FIXTURES / "keras_more_cells.npz"]
FILES = [Path(os.environ["KERAS_PARITY"])] if "KERAS_PARITY" in os.environ else OUR_FILES


@dataclass
class Bounds:
    """How far a number may be from Keras's: probabilities before training, losses, and after."""

    before: float
    losses: float
    after: float


# In our files the largest differences on a CPU are 2.7e-7, 2.4e-7 and 5.4e-7. Rounding errors grow
# with the learning rate and the steps, so other files, and CUDA, have wider bounds.
OUR_BOUNDS, OTHER_BOUNDS = Bounds(1e-6, 2e-6, 5e-6), Bounds(1e-5, 1e-4, 1e-3)


# The ways to compute a recurrent layer. The quick suite has the one that trains on a CPU.
PATHS = {
    "definition": {},
    "by_hand": by_hand.LAYERS,
    "torch_kernels": torch_kernels.LAYERS,
}
CASES = [
    pytest.param(
        (keras, variant, adam, device, path), id=f"{variant}-{adam}-{device}-{path}", marks=marks
    )
    for keras in map(Keras, FILES)
    for variant in keras.variants
    # With L2 every row of the table has a gradient, so there is no row-wise mode.
    for adam in (("dense",) if variant.endswith("/1") else ("dense", "rowwise"))
    for path in PATHS
    if (path, variant.partition("/")[0]) != ("torch_kernels", "SimpleRNN")  # it has none
    for device, marks in (
        ("cpu", () if path == "by_hand" else pytest.mark.slow),
        ("cuda", pytest.mark.gpu),
    )
]


@dataclass
class Compared:
    """A variant, what our training computes of it, and how near to Keras it must be."""

    keras: Keras
    variant: str
    bounds: Bounds
    ours: Trained

    def of_keras(self, name):
        return self.keras.of(self.variant, name)


@pytest.fixture(scope="module", params=CASES)
def compared(request, one_thread):
    keras, variant, adam, device, path = request.param
    device_or_skip(device)
    bounds = OUR_BOUNDS if FILES == OUR_FILES and device == "cpu" else OTHER_BOUNDS
    return Compared(keras, variant, bounds, keras.train(variant, adam, device, PATHS[path]))


def test_the_file_has_variants_to_compare():
    assert all(Keras(path).variants for path in FILES)


def test_our_files_have_keras_s_cells_and_the_reference_s_variants():
    expected = {
        f"{cell}/{recurrent}/{dense}/{l2}"
        for cell in ("SimpleRNN", "LSTM")
        for recurrent in (1, 2)
        for dense in (2, 3)
        for l2 in (0, 1)
    }
    reference, more = map(Keras, OUR_FILES)
    assert set(reference.variants) == expected
    cells = {variant.split("/")[0] for variant in [*reference.variants, *more.variants]}
    assert cells == {"SimpleRNN", "LSTM", "GRU", "BidirectionalLSTM"} <= set(CELLS)


def test_as_many_parameters(compared):
    assert compared.ours.parameters == compared.of_keras("n_params")


def test_the_same_probabilities_before_training(compared):
    expected = compared.of_keras("probs_before")
    np.testing.assert_allclose(compared.ours.before, expected, rtol=0, atol=compared.bounds.before)


def test_the_same_loss_of_each_batch(compared):
    expected = compared.of_keras("losses")
    np.testing.assert_allclose(compared.ours.losses, expected, rtol=0, atol=compared.bounds.losses)


def test_the_same_probabilities_after_training(compared):
    expected = compared.of_keras("probs_after")
    np.testing.assert_allclose(compared.ours.after, expected, rtol=0, atol=compared.bounds.after)


def test_the_same_loss_in_evaluation(compared):
    loss = compared.of_keras("eval")[0]
    assert compared.ours.evaluation["loss"] == pytest.approx(
        loss, rel=0, abs=compared.bounds.losses
    )


FLOAT32 = 1e-6  # Keras's accuracies are float32


def test_the_same_categorical_accuracy(compared):
    """Exactly, except for examples whose two most probable classes are nearly tied."""
    expected = compared.of_keras("probs_after")
    second, first = np.sort(expected, axis=1)[:, -2:].T
    sure = first - second > 2 * compared.bounds.after
    assert np.array_equal(compared.ours.after.argmax(1)[sure], expected.argmax(1)[sure])
    accuracy = compared.of_keras("eval")[1]
    assert abs(compared.ours.evaluation["accuracy"] - accuracy) <= (~sure).mean() + FLOAT32


def test_the_same_binary_accuracy(compared):
    """Exactly, except for entries within the bound of the threshold."""
    expected = compared.of_keras("probs_after")
    sure = np.abs(expected - 0.5) > compared.bounds.after
    assert np.array_equal((compared.ours.after > 0.5)[sure], (expected > 0.5)[sure])
    accuracy = compared.of_keras("eval")[2]
    assert abs(compared.ours.evaluation["binary_accuracy"] - accuracy) <= (~sure).mean() + FLOAT32


@pytest.mark.parametrize(
    "keras, variant",
    [
        pytest.param(keras, variant, id=variant)
        for keras in map(Keras, OUR_FILES)
        for variant in keras.variants
    ],
)
def test_initial_weights_have_keras_s_distribution(keras, variant):
    cell, recurrent, dense, l2 = variant.split("/")
    combination = Combination(int(recurrent), int(dense), False, l2 == "1", keras.learning_rate)
    model = build(cell, combination, keras.width, keras.classes, seed=5, units=keras.units)
    pairs = zip(model.weights().items(), keras.weights(variant), strict=True)
    for (name, ours), theirs in pairs:
        ours = ours.numpy()
        assert ours.shape == theirs.shape
        if name.endswith("/bias"):
            assert np.array_equal(ours, theirs)
        elif name.endswith("/recurrent_kernel"):
            for kernel in (ours, theirs):
                np.testing.assert_allclose(kernel @ kernel.T, np.eye(len(kernel)), atol=1e-5)
        else:
            limit = (6 / sum(ours.shape)) ** 0.5
            for kernel in (ours, theirs):
                assert 0.8 * limit < np.abs(kernel).max() <= limit
                assert kernel.std() == pytest.approx(limit / 3**0.5, rel=0.2)
