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
import torch
from tweetrnn.grid import Combination
from tweetrnn.training import fast_cpu, loop, torch_kernels
from tweetrnn.training.cells import CELLS
from tweetrnn.training.models import build

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
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


class Keras:
    """A parity file: its sizes and, by variant, its arrays."""

    def __init__(self, path):
        with np.load(path, allow_pickle=False) as file:
            self.arrays = dict(file)
        sizes = self.arrays["meta"].tolist()
        self.width, _, _, self.batch, self.epochs, self.classes, self.units = sizes
        self.learning_rate, self.l2 = self.arrays["lr_l2"].tolist()
        self.examples = loop.Examples(self.arrays["ids"], self.arrays["labels"])
        self.variants = [
            name.removesuffix("/losses") for name in self.arrays if name.endswith("/losses")
        ]

    def of(self, variant, name):
        return self.arrays[f"{variant}/{name}"]

    def weights(self, variant):
        """Return the weights before training, in Keras's order."""
        start = f"{variant}/before/"
        names = [name for name in self.arrays if name.startswith(start)]
        return [
            self.arrays[name]
            for name in sorted(names, key=lambda name: int(name.removeprefix(start).split("/")[0]))
        ]

    def model(self, variant, device="cpu", accelerators=None):
        """Return our model with Keras's weights."""
        cell, recurrent, dense, l2 = variant.split("/")
        weights = self.weights(variant)
        hidden = weights[-2 * (int(dense) + 1) : -2]
        combination = Combination(int(recurrent), int(dense), False, l2 == "1", self.learning_rate)
        model = build(
            cell,
            combination,
            self.width,
            self.classes,
            units=self.units,
            dense_units=[bias.size for bias in hidden[1::2]],
            l2=self.l2,
            device=device,
            accelerators=accelerators,
        )
        ours = model.weights()
        assert [tuple(weight.shape) for weight in ours.values()] == [w.shape for w in weights]
        model.load(zip(ours, map(torch.from_numpy, weights), strict=True))
        return model


# The ways to compute a recurrent layer. On CUDA the passes for a CPU are of no use.
PATHS = {
    "definition": {},
    "fast_cpu": fast_cpu.LAYERS,
    "torch_kernels": torch_kernels.LAYERS,
}
CASES = [
    pytest.param(
        (keras, variant, adam, device, path), id=f"{variant}-{adam}-{device}-{path}", marks=marks
    )
    for keras in map(Keras, FILES)
    for device, marks in (("cpu", ()), ("cuda", pytest.mark.gpu))
    for variant in keras.variants
    # With L2 every row of the table has a gradient, so there is no row-wise mode.
    for adam in (("dense",) if variant.endswith("/1") else ("dense", "rowwise"))
    for path in PATHS
    if (device, path) != ("cuda", "fast_cpu")
]


@dataclass
class Trained:
    """What our training computes of a variant."""

    keras: Keras
    variant: str
    bounds: Bounds
    parameters: int
    before: np.ndarray
    losses: list
    after: np.ndarray
    evaluation: dict


@pytest.fixture(scope="module", params=CASES)
def trained(request, one_thread):
    keras, variant, adam, device, path = request.param
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device: run it on a machine that has one")
    model = keras.model(variant, device, PATHS[path])
    examples = keras.examples
    trainer = loop.Trainer(model, examples, examples, keras.learning_rate, keras.batch, adam)
    before = np.exp(loop.predict(model, examples))
    losses = [
        float(trainer.train_on(batch))
        for _ in range(keras.epochs)
        for batch in loop.batches(
            examples, np.arange(len(examples)), keras.batch, model.width, device
        )
    ]
    with torch.inference_mode():
        trainer.table.flush(trainer.step)
    after = np.exp(loop.predict(model, examples))
    evaluation = loop.evaluate(model, examples)
    bounds = OUR_BOUNDS if FILES == OUR_FILES and device == "cpu" else OTHER_BOUNDS
    return Trained(
        keras, variant, bounds, model.count_parameters(), before, losses, after, evaluation
    )


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


def test_as_many_parameters(trained):
    assert trained.parameters == trained.keras.of(trained.variant, "n_params")


def test_the_same_probabilities_before_training(trained):
    expected = trained.keras.of(trained.variant, "probs_before")
    np.testing.assert_allclose(trained.before, expected, rtol=0, atol=trained.bounds.before)


def test_the_same_loss_of_each_batch(trained):
    expected = trained.keras.of(trained.variant, "losses")
    np.testing.assert_allclose(trained.losses, expected, rtol=0, atol=trained.bounds.losses)


def test_the_same_probabilities_after_training(trained):
    expected = trained.keras.of(trained.variant, "probs_after")
    np.testing.assert_allclose(trained.after, expected, rtol=0, atol=trained.bounds.after)


def test_the_same_loss_in_evaluation(trained):
    loss = trained.keras.of(trained.variant, "eval")[0]
    assert trained.evaluation["loss"] == pytest.approx(loss, rel=0, abs=trained.bounds.losses)


FLOAT32 = 1e-6  # Keras's accuracies are float32


def test_the_same_categorical_accuracy(trained):
    """Exactly, except for examples whose two most probable classes are nearly tied."""
    expected = trained.keras.of(trained.variant, "probs_after")
    second, first = np.sort(expected, axis=1)[:, -2:].T
    sure = first - second > 2 * trained.bounds.after
    assert np.array_equal(trained.after.argmax(1)[sure], expected.argmax(1)[sure])
    accuracy = trained.keras.of(trained.variant, "eval")[1]
    assert abs(trained.evaluation["accuracy"] - accuracy) <= (~sure).mean() + FLOAT32


def test_the_same_binary_accuracy(trained):
    """Exactly, except for entries within the bound of the threshold."""
    expected = trained.keras.of(trained.variant, "probs_after")
    sure = np.abs(expected - 0.5) > trained.bounds.after
    assert np.array_equal((trained.after > 0.5)[sure], (expected > 0.5)[sure])
    accuracy = trained.keras.of(trained.variant, "eval")[2]
    assert abs(trained.evaluation["binary_accuracy"] - accuracy) <= (~sure).mean() + FLOAT32


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
