"""The layer of a cell without time steps: the mean of the words' vectors.

Shapes as in ``recurrent``.
"""

import torch

from tweetrnn.training.initializers import glorot_uniform


class Mean:
    """A model's first layer, and its only one before the dense layers.

    Its kernel has a vector for each one-hot column; ``bias`` is added to their mean. The model sets
    the weights and their gradients, as of a ``Recurrent`` layer.
    """

    def __init__(self, cell, name, inputs, units):
        self.cell, self.name, self.inputs, self.units = cell, name, inputs, units
        self.kind, self.outputs, self.parts = cell.kind, units, [self]
        self.shapes = {"kernel": (inputs, units), "bias": (units,)}

    def output_shape(self, before, steps):
        """Return the output's shape as Keras's summary prints it."""
        return f"(None, {self.units})"

    def initialise(self, generator):
        """Return initial weights by name."""
        kernel = glorot_uniform(self.inputs, self.units, generator)
        return {"kernel": kernel, "bias": torch.zeros(self.units)}

    def forward(self, x, training):
        """Return (B, U); for ``x`` see Model.forward. The last of its rows, zeros, is no word."""
        rows, places = x
        known = (places != len(rows) - 1).unsqueeze(2).to(rows.dtype)
        if training:
            self.known = known
        return self.cell.mean(rows[places], known) + self.bias

    def backward(self, dy):
        """Set the bias's gradient, return that of the looked-up rows, (T, B, U)."""
        torch.sum(dy, 0, out=self.bias_gradient)
        return self.known / self.known.sum(0).clamp(min=1) * dy
