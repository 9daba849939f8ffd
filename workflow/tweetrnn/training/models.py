"""Keras's models, fast on small shapes, where starting an operation costs more than computing it.

A one-hot vector times the first layer's kernel is a row of that kernel, so the row is looked up.
Layers have a ``backward`` written by hand, which starts fewer operations than autograd; only a
recurrent layer may use autograd inside, for a cell that has nothing faster.

A layer has ``name``, ``kind`` (Keras's), ``forward``, ``backward``, ``output_shape`` and ``parts``:
its parts with weights, each with ``name``, ``shapes`` and ``initialise``. ``Model`` sets a part's
weights and their gradients as attributes of the part. Shapes as in ``recurrent``.
"""

import math

import torch

from tweetrnn.training import by_hand, torch_kernels
from tweetrnn.training.cells import CELLS
from tweetrnn.training.initializers import glorot_uniform
from tweetrnn.training.recurrent import layer_of, snake_case

# By device: the layer class of each cell that has a faster one than ``Recurrent``.
ACCELERATORS = {"cpu": by_hand.LAYERS, "cuda": {**by_hand.LAYERS, **torch_kernels.LAYERS}}


class Dense:
    """``activation(x @ kernel + bias)`` with ReLU or, for the output, none (logits)."""

    kind = "Dense"

    def __init__(self, name, inputs, units, relu):
        self.name, self.inputs, self.units, self.relu = name, inputs, units, relu
        self.shapes = {"kernel": (inputs, units), "bias": (units,)}
        self.parts = [self]

    def initialise(self, generator):
        """Return initial weights by name."""
        kernel = glorot_uniform(self.inputs, self.units, generator)
        return {"kernel": kernel, "bias": torch.zeros(self.units)}

    def output_shape(self, before, steps):
        """Return the output's shape as Keras's summary prints it."""
        return f"(None, {self.units})"

    def forward(self, x, training):
        """(B, inputs) to (B, units)."""
        y = torch.addmm(self.bias, x, self.kernel)
        if self.relu:
            y.relu_()
        if training:
            self.x, self.y = x, y
        return y

    def backward(self, dy):
        """Take the gradient of the output, set those of the weights, return that of the input."""
        if self.relu:
            dy = dy * (self.y > 0)
        torch.mm(self.x.T, dy, out=self.kernel_gradient)
        torch.sum(dy, 0, out=self.bias_gradient)
        return dy @ self.kernel.T


class Dropout:
    """Inverted dropout: elements are dropped with probability ``rate``, the others scaled up."""

    kind = "Dropout"

    def __init__(self, name, rate, generator):
        self.name, self.keep, self.generator = name, 1 - rate, generator
        self.parts, self.masks = [], {}

    def output_shape(self, before, steps):
        """Return the output's shape, which is that of the layer before."""
        return before

    def forward(self, x, training):
        """Any shape; the identity unless training."""
        if not training:
            return x
        if x.shape not in self.masks:
            self.masks[x.shape] = torch.empty_like(x)
        self.mask = self.masks[x.shape]
        # Uniform float32 numbers are multiples of 2**-24; those below keep are kept.
        self.mask.uniform_(generator=self.generator).lt_(self.keep).div_(self.keep)
        return x * self.mask

    def backward(self, dy):
        """Return the gradient of the input."""
        return dy * self.mask


def layers_of(
    cell, combination, width, classes, units, dense_units, dropout_rate=0.0, generator=None,
    accelerators=None,
):  # fmt: skip
    """Yield a Model's layers, still without weights.

    ``dense_units`` are those of the hidden layers; ``dropout_rate`` is 0 without dropout, whose
    masks ``generator`` draws.
    """
    counts = {}

    def named(kind):  # Keras: lstm, lstm_1, ...
        number = counts[kind] = counts.get(kind, -1) + 1
        return f"{kind}_{number}" if number else kind

    def dropout():
        if dropout_rate:
            yield Dropout(named("dropout"), dropout_rate, generator)

    cell, inputs = CELLS[cell], width
    last = combination.recurrent_layers - 1
    for number in range(last + 1):
        name, place = named(snake_case(cell.kind)), (number == 0, number < last)
        layer = layer_of(cell, accelerators or {}, name, inputs, units, *place)
        yield layer
        yield from dropout()
        inputs = layer.outputs
    for outputs in dense_units:
        yield Dense(named("dense"), inputs, outputs, relu=True)
        yield from dropout()
        inputs = outputs
    yield Dense(named("dense"), inputs, classes, relu=False)


def shapes_of(layers):
    """Return {name: shape} of the weights of layers, in Keras's order."""
    parts = [part for layer in layers for part in layer.parts]
    return {f"{part.name}/{name}": part.shapes[name] for part in parts for name in part.shapes}


class Model:
    """Recurrent layers, hidden dense layers and a softmax, on one-hot words of ``width`` columns.

    The first layer's kernel is ``table``, (width + 1, G U): one row per word, and a row of zeros
    that stands for the all-zero vector (id ``width``), is never trained and is no parameter. (A
    layer of several parts has their kernels side by side in it.) All other weights are views of
    ``flat``, their gradients of ``flat_gradient``, so that an optimizer takes one step for all of
    them.

    ``left_out`` is the word that is to be read as all-zero: for a cell without time steps that of
    padding, ``padding_id``, otherwise None.
    """

    def __init__(
        self, cell, combination, width, classes,
        units=32, dense_units=(32, 16, 8), dropout_rate=0.2, l2=1e-3,
        generator=None, device="cpu", accelerators=None, padding_id=None,
    ):  # fmt: skip
        self.cell, self.combination = cell, combination
        self.width, self.classes, self.units = width, classes, units
        self.left_out = None if CELLS[cell].recurrent else padding_id
        self.dense_units = tuple(dense_units[: combination.dense_layers])
        self.dropout_rate = dropout_rate if combination.dropout else 0.0
        self.l2 = l2 if combination.regularization else 0.0
        self.device = torch.device(device)
        if self.device.type == "cuda":
            torch_kernels.make_exact()
        self.generator = torch.Generator(self.device)  # dropout's; the trainer seeds it
        if accelerators is None:
            accelerators = ACCELERATORS.get(self.device.type, {})
        sizes = width, classes, units, self.dense_units
        others = self.dropout_rate, self.generator, accelerators
        self.layers = list(layers_of(cell, combination, *sizes, *others))
        self.parts = [part for layer in self.layers for part in layer.parts]
        self._lay_out()
        for part in self.parts:
            self.load({f"{part.name}/{k}": w for k, w in part.initialise(generator).items()})

    def _lay_out(self):
        """Allocate the weights and their gradients, and give each part its views of them."""
        first = self.layers[0].parts
        columns = [part.shapes["kernel"][1] for part in first]
        self.table = torch.zeros(self.width + 1, sum(columns), device=self.device)
        for part, kernel in zip(first, self.table[: self.width].split(columns, 1), strict=True):
            part.kernel = kernel
        shapes = {
            (part, name): shape
            for part in self.parts
            for name, shape in part.shapes.items()
            if name != "kernel" or part not in first
        }
        size = sum(math.prod(shape) for shape in shapes.values())
        self.flat = torch.zeros(size, device=self.device)
        self.flat_gradient = torch.zeros_like(self.flat)
        decay = torch.zeros_like(self.flat)
        start = 0
        for (part, name), shape in shapes.items():
            piece = slice(start, start := start + math.prod(shape))
            setattr(part, name, self.flat[piece].view(shape))
            setattr(part, f"{name}_gradient", self.flat_gradient[piece].view(shape))
            if name == "kernel" and part is not self.layers[-1]:
                decay[piece] = 2 * self.l2
        self._decay = decay if self.l2 else None

    def weights(self):
        """Return the weights by name (``lstm/kernel``, ...), in Keras's order; no copies."""
        names = [(part, name) for part in self.parts for name in part.shapes]
        return {f"{part.name}/{name}": getattr(part, name) for part, name in names}

    def load(self, weights):
        """Copy weights, given by name (a dict or pairs), into the model."""
        into = self.weights()
        for name, value in dict(weights).items():
            into[name].copy_(value)

    def summary(self, steps):
        """Return the rows of Keras's ``summary()`` for sequences of ``steps`` words, as dicts."""
        rows, shape = [], None
        for layer in self.layers:
            shape = layer.output_shape(shape, steps)
            count = sum(math.prod(s) for part in layer.parts for s in part.shapes.values())
            name = f"{layer.name} ({layer.kind})"
            rows.append({"layer": name, "output_shape": shape, "parameters": count})
        return rows

    def count_parameters(self):
        """Return the number of trained parameters."""
        return sum(weight.numel() for weight in self.weights().values())

    def forward(self, rows, places, training=False):
        """Return logits (B, classes).

        ``places`` (T, B), contiguous, says which of ``rows`` (any, G U) each time step looks up:
        ids and the whole table, or places in a batch's rows.
        """
        x = rows, places
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, d_logits):
        """Fill ``flat_gradient``; return the gradient of the looked-up rows, (T B, G U)."""
        gradient = d_logits
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        return gradient.view(-1, gradient.shape[-1])

    def add_penalty(self):
        """Add the penalties' gradient to ``flat_gradient``; return all penalties, the table's too.

        The table's gradient, 2 l2 table, is left to its optimizer, which passes over it anyway.
        """
        if self._decay is None:
            return 0.0
        slope = self.flat * self._decay
        self.flat_gradient += slope
        return self._penalty(slope)

    def penalty(self):
        """Return the sum of all L2 penalties, as a tensor (0.0 without)."""
        return 0.0 if self._decay is None else self._penalty(self.flat * self._decay)

    def _penalty(self, slope):
        table = self.table.view(-1)
        return torch.dot(slope, self.flat) / 2 + torch.dot(table, table) * self.l2


def build(cell, combination, width, classes, seed=0, **settings):
    """Return a Model with initial weights from ``seed``; ``settings`` as Model's."""
    generator = torch.Generator().manual_seed(seed)
    return Model(cell, combination, width, classes, generator=generator, **settings)
