"""A file of what Keras computed (tests/fixtures/*.npz), and our models with its initial weights."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tweetrnn.grid import Combination
from tweetrnn.training import loop
from tweetrnn.training.models import build

FIXTURES = Path(__file__).resolve().parent / "fixtures"


@dataclass
class Trained:
    """What our training computes of a variant.

    Probabilities (N, classes) before and after training, the loss of each batch, and loss and
    metrics by name after training.
    """

    parameters: int
    before: np.ndarray
    losses: list
    after: np.ndarray
    evaluation: dict


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

    def train(self, variant, adam, device="cpu", accelerators=None):
        """Return what our model becomes when trained as Keras trained its own."""
        model, examples = self.model(variant, device, accelerators), self.examples
        trainer = loop.Trainer(model, examples, examples, self.learning_rate, self.batch, adam)
        before = np.exp(loop.predict(model, examples))
        order = np.arange(len(examples))
        losses = [
            float(trainer.train_on(batch))
            for _ in range(self.epochs)
            for batch in loop.batches(examples, order, self.batch, model.width, device)
        ]
        with torch.inference_mode():
            trainer.table.flush(trainer.step)
        after = np.exp(loop.predict(model, examples))
        evaluation = loop.evaluate(model, examples)
        return Trained(model.count_parameters(), before, losses, after, evaluation)
