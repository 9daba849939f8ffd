"""Keras's models, written out by hand: every layer has a forward and a backward pass.

Two things make them fast on small shapes, where the cost is in the number of operations:

- A one-hot vector times the first layer's kernel is a row of that kernel, so the row is looked up.
- No autograd. Each pass is a fixed list of operations into buffers that stay, with what does not
  depend on the recursion done for all time steps at once. tests/unit/test_models.py compares every
  gradient with autograd's.

Shapes: B examples, T time steps, U units, G gates (SimpleRNN 1, LSTM 4). Sequences are time-major,
(T, B, ...), so that one time step is contiguous. Weights have Keras's names, shapes and order.
"""

import math
from dataclasses import dataclass

import torch

CELLS = {}  # class by the config's word, in the order of definition


def _cell(cls):
    CELLS[cls.__name__] = cls
    return cls


def glorot_uniform(fan_in, fan_out, generator):
    """Return (fan_in, fan_out), uniform within +-sqrt(6 / (fan_in + fan_out)); Glorot 2010, eq. 16."""
    limit = math.sqrt(6 / (fan_in + fan_out))
    return torch.empty(fan_in, fan_out).uniform_(-limit, limit, generator=generator)


def orthogonal(rows, columns, generator):
    """Return (rows, columns) with orthonormal rows (or columns, if these are fewer), as Keras does.

    The Q of a normal matrix's QR factorisation, its signs chosen so that it is uniformly
    distributed: Saxe 2013; Mezzadri 2007.
    """
    shape = max(rows, columns), min(rows, columns)
    normal = torch.empty(shape, dtype=torch.float64).normal_(generator=generator)
    q, r = torch.linalg.qr(normal)
    q *= r.diagonal().sign()
    return (q.T if rows < columns else q).float()


class Dense:
    """``activation(x @ kernel + bias)`` with ReLU or, for the output, none (logits)."""

    kind = "Dense"

    def __init__(self, name, inputs, units, relu):
        self.name, self.inputs, self.units, self.relu = name, inputs, units, relu
        self.shapes = {"kernel": (inputs, units), "bias": (units,)}

    def initialise(self, generator):
        """Return fresh weights by name."""
        return {
            "kernel": glorot_uniform(self.inputs, self.units, generator),
            "bias": torch.zeros(self.units),
        }

    def forward(self, x, training):
        """(B, inputs) to (B, units)."""
        y = torch.addmm(self.bias, x, self.kernel)
        if self.relu:
            y.relu_()
        if training:
            self.x, self.y = x, y
        return y

    def backward(self, dy):
        """Take the loss's gradient by the output, keep the weights' gradients, return the input's."""
        if self.relu:
            dy = dy * (self.y > 0)
        torch.mm(self.x.T, dy, out=self.kernel_gradient)
        torch.sum(dy, 0, out=self.bias_gradient)
        return dy @ self.kernel.T


class Dropout:
    """Inverted dropout: each element is dropped with probability ``rate``, the others grow."""

    kind = "Dropout"
    shapes = {}

    def __init__(self, name, rate, generator):
        self.name, self.keep, self.generator, self.masks = name, 1 - rate, generator, {}

    def forward(self, x, training):
        """Any shape; the identity unless training."""
        if not training:
            return x
        if x.shape not in self.masks:
            self.masks[x.shape] = torch.empty_like(x)
        self.mask = self.masks[x.shape]
        # float32's uniform numbers are multiples of 2**-24, of which the share below keep is kept.
        self.mask.uniform_(generator=self.generator).lt_(self.keep).div_(self.keep)
        return x * self.mask

    def backward(self, dy):
        """Return the gradient by the input."""
        return dy * self.mask


class Recurrent:
    """What SimpleRNN and LSTM share; a subclass has ``gates``, ``allocate``, ``run``, ``run_back``.

    The first recurrent layer looks its kernel's rows up, the others multiply. ``sequences`` says whether the layer hands on every time step or the last.
    """

    gates = 1

    def __init__(self, name, inputs, units, first, sequences):
        self.name, self.inputs, self.units = name, inputs, units
        self.first, self.sequences, self.buffers = first, sequences, {}
        width = self.gates * units
        self.shapes = {
            "kernel": (inputs, width),
            "recurrent_kernel": (units, width),
            "bias": (width,),
        }

    @property
    def kind(self):
        """The layer's type as Keras's summary prints it."""
        return type(self).__name__

    def initialise(self, generator):
        """Return fresh weights by name."""
        width = self.gates * self.units
        return {
            "kernel": glorot_uniform(self.inputs, width, generator),
            "recurrent_kernel": orthogonal(self.units, width, generator),
            "bias": torch.zeros(width),
        }

    def _buffers(self, steps, batch):
        """Return the buffers for a shape, made when it first occurs, with a view of each step."""
        if (steps, batch) not in self.buffers:

            def make(*shape):
                return torch.zeros(steps, batch, *shape, device=self.bias.device)

            self.buffers[steps, batch] = self.allocate(make)
        return self.buffers[steps, batch]

    def forward(self, x, training):
        """(T, B, inputs) to (T, B, U) or (B, U); the first layer takes a pair, see Model.forward."""
        steps, batch = x[1].shape if self.first else x.shape[:2]
        buffers = self._buffers(steps, batch)
        gates = buffers.gates.view(steps * batch, -1)
        if self.first:
            rows, places = x
            torch.index_select(rows, 0, places.view(-1), out=gates).add_(self.bias)
        else:
            torch.addmm(self.bias, x.view(steps * batch, -1), self.kernel, out=gates)
        self.run(buffers)
        if training:
            self.x, self.last = x, buffers
        return buffers.outputs if self.sequences else buffers.outputs[-1]

    def backward(self, dy):
        """Take the gradient by the output, keep the weights' gradients, return the input's.

        The first layer returns the gradient by its looked-up rows, (T, B, G U).
        """
        buffers = self.last
        steps, batch = buffers.gates.shape[:2]
        self.run_back(buffers, dy)
        d_gates = buffers.d_gates.view(steps * batch, -1)
        before = buffers.states[:-1].view(steps * batch, -1)
        torch.mm(before.T, d_gates, out=self.recurrent_kernel_gradient)
        torch.sum(d_gates, 0, out=self.bias_gradient)
        if self.first:
            return buffers.d_gates
        torch.mm(self.x.view(steps * batch, -1).T, d_gates, out=self.kernel_gradient)
        return torch.mm(d_gates, self.kernel.T).view(steps, batch, -1)


class _Buffers:
    """A layer's buffers for one shape: whole, and (in lists) as one view a time step."""


@_cell
class SimpleRNN(Recurrent):
    """``h = tanh(x W + h' U + b)``."""

    def allocate(self, make):
        """Return the buffers for one shape."""
        b, units = _Buffers(), self.units
        b.gates, b.d_gates, b.slope = make(units), make(units), make(units)
        b.gates_at, b.d_gates_at, b.slope_at = (
            b.gates.unbind(),
            b.d_gates.unbind(),
            b.slope.unbind(),
        )
        b.states = torch.cat([make(units)[:1], make(units)])
        b.states_at = b.states.unbind()
        b.outputs = b.states[1:]
        b.d_state = make(units)[0]
        return b

    def run(self, b):
        """Fill ``states`` from ``gates``."""
        kernel = self.recurrent_kernel
        for x, before, state in zip(b.gates_at, b.states_at, b.states_at[1:], strict=False):
            torch.addmm(x, before, kernel, out=state).tanh_()

    def run_back(self, b, dy):
        """Fill ``d_gates`` from the gradient by all outputs or by the last."""
        kernel = self.recurrent_kernel.T
        torch.mul(b.outputs, b.outputs, out=b.slope)
        torch.sub(1, b.slope, out=b.slope)
        each = dy.unbind() if self.sequences else None
        torch.mul(each[-1] if each else dy, b.slope_at[-1], out=b.d_gates_at[-1])
        for t in range(len(b.gates_at) - 2, -1, -1):
            if each:
                torch.addmm(each[t], b.d_gates_at[t + 1], kernel, out=b.d_state)
            else:
                torch.mm(b.d_gates_at[t + 1], kernel, out=b.d_state)
            torch.mul(b.d_state, b.slope_at[t], out=b.d_gates_at[t])


@_cell
class LSTM(Recurrent):
    """Keras's LSTM, gates in the order i, f, c, o, one bias.

    ``c = f c' + i tanh(.)``, ``h = o tanh(c)``, with sigmoid i, f and o.
    """

    gates = 4

    def initialise(self, generator):
        """As every recurrent layer, with the forget gate's bias 1 (Jozefowicz 2015)."""
        weights = super().initialise(generator)
        weights["bias"][self.units : 2 * self.units] = 1
        return weights

    def allocate(self, make):
        """Return the buffers for one shape."""
        b, units = _Buffers(), self.units
        b.gates, b.d_gates = make(4 * units), make(4 * units)
        b.states, b.cells = (torch.cat([make(units)[:1], make(units)]) for _ in range(2))
        b.outputs, b.tanh = b.states[1:], make(units)
        # The part of each gate's gradient that does not depend on the recursion: i, f, c by the
        # cell's gradient, o by the output's; and the cell's own slope by the output.
        b.slope, b.slope_o, b.slope_cell = make(3, units), make(units), make(units)
        split = [*b.gates.shape[:2], 4, units]
        b.i, b.f, b.g, b.o = b.gates.view(split).unbind(2)
        d_gates = b.d_gates.view(split)
        b.gates_at, b.sigmoid_at = b.gates.unbind(), b.gates[:, :, : 2 * units].unbind()
        b.i_at, b.f_at, b.g_at, b.o_at = (gate.unbind() for gate in (b.i, b.f, b.g, b.o))
        b.states_at, b.cells_at, b.tanh_at = b.states.unbind(), b.cells.unbind(), b.tanh.unbind()
        b.d_gates_at, b.d_ifg_at, b.d_o_at = (
            d.unbind() for d in (b.d_gates, d_gates[:, :, :3], d_gates[:, :, 3])
        )
        b.slope_at, b.slope_o_at = b.slope.unbind(), b.slope_o.unbind()
        b.slope_cell_at = b.slope_cell.unbind()
        b.d_state, b.d_cell = make(units)[0], make(units)[0]
        b.d_cell_wide = b.d_cell.unsqueeze(1)
        return b

    def run(self, b):
        """Fill ``states``, ``cells`` and ``tanh``; turn ``gates`` into their activations."""
        kernel = self.recurrent_kernel
        for t in range(len(b.gates_at)):
            cell, state = b.cells_at[t + 1], b.states_at[t + 1]
            b.gates_at[t].addmm_(b.states_at[t], kernel)
            b.sigmoid_at[t].sigmoid_()  # i and f
            b.g_at[t].tanh_()
            b.o_at[t].sigmoid_()
            torch.mul(b.f_at[t], b.cells_at[t], out=cell)
            cell.addcmul_(b.i_at[t], b.g_at[t])
            torch.tanh(cell, out=b.tanh_at[t])
            torch.mul(b.o_at[t], b.tanh_at[t], out=state)

    def run_back(self, b, dy):
        """Fill ``d_gates`` from the gradient by all outputs or by the last."""
        kernel = self.recurrent_kernel.T
        slope_i, slope_f, slope_g = b.slope.unbind(2)
        torch.mul(b.g * b.i, 1 - b.i, out=slope_i)
        torch.mul(b.cells[:-1] * b.f, 1 - b.f, out=slope_f)
        torch.mul(b.i, 1 - b.g * b.g, out=slope_g)
        torch.mul(b.tanh * b.o, 1 - b.o, out=b.slope_o)
        torch.mul(b.o, 1 - b.tanh * b.tanh, out=b.slope_cell)
        each = dy.unbind() if self.sequences else None
        d_state = each[-1] if each else dy
        b.d_cell.zero_()
        for t in range(len(b.gates_at) - 1, -1, -1):
            b.d_cell.addcmul_(d_state, b.slope_cell_at[t])
            torch.mul(b.slope_at[t], b.d_cell_wide, out=b.d_ifg_at[t])
            torch.mul(b.slope_o_at[t], d_state, out=b.d_o_at[t])
            b.d_cell.mul_(b.f_at[t])
            if t and each:
                torch.addmm(each[t - 1], b.d_gates_at[t], kernel, out=b.d_state)
            elif t:
                torch.mm(b.d_gates_at[t], kernel, out=b.d_state)
            d_state = b.d_state


@dataclass
class Row:
    """One line of a Keras summary."""

    layer: str
    output_shape: str
    parameters: int


class Model:
    """Recurrent layers, hidden dense layers and a softmax, on one-hot words of ``width`` columns.

    The first layer's kernel is ``table``, (width + 1, G U): one row a word, and a row of zeros that
    stands for the all-zero vector (id ``width``), is never trained and is no parameter. All other
    weights are views of ``flat``, their gradients of ``flat_gradient``; both exist so that an
    optimizer steps once, not once a weight.
    """

    def __init__(
        self,
        cell,
        combination,
        width,
        classes,
        units=32,
        dense_units=(32, 16, 8),
        dropout_rate=0.2,
        l2=1e-3,
        generator=None,
        device="cpu",
    ):
        self.cell, self.combination = cell, combination
        self.width, self.classes, self.units = width, classes, units
        self.dense_units = tuple(dense_units[: combination.dense_layers])
        self.dropout_rate = dropout_rate if combination.dropout else 0.0
        self.l2 = l2 if combination.regularization else 0.0
        self.device = torch.device(device)
        self.generator = torch.Generator(self.device)  # dropout's; the trainer seeds it
        self.layers = list(self._make_layers())
        self.first = self.layers[0]
        self._lay_out()
        self.load(self._initial_weights(generator))

    def _make_layers(self):
        counts = {}

        def named(kind):  # Keras: lstm, lstm_1, ...
            number = counts[kind] = counts.get(kind, -1) + 1
            return f"{kind}_{number}" if number else kind

        def dropout():
            if self.dropout_rate:
                yield Dropout(named("dropout"), self.dropout_rate, self.generator)

        recurrent, kind = CELLS[self.cell], _snake_case(self.cell)
        last = self.combination.recurrent_layers - 1
        for number in range(last + 1):
            inputs = self.units if number else self.width
            yield recurrent(named(kind), inputs, self.units, number == 0, number < last)
            yield from dropout()
        inputs = self.units
        for units in self.dense_units:
            yield Dense(named("dense"), inputs, units, relu=True)
            yield from dropout()
            inputs = units
        yield Dense(named("dense"), inputs, self.classes, relu=False)

    def _lay_out(self):
        """Make the buffers and give each layer its views of them."""
        first = self.first
        self.table = torch.zeros(self.width + 1, first.gates * self.units, device=self.device)
        shapes = {
            (layer, name): shape
            for layer in self.layers
            for name, shape in layer.shapes.items()
            if (layer, name) != (first, "kernel")
        }
        size = sum(math.prod(shape) for shape in shapes.values())
        self.flat = torch.zeros(size, device=self.device)
        self.flat_gradient = torch.zeros_like(self.flat)
        decay = torch.zeros_like(self.flat)
        start = 0
        for (layer, name), shape in shapes.items():
            piece = slice(start, start := start + math.prod(shape))
            setattr(layer, name, self.flat[piece].view(shape))
            setattr(layer, f"{name}_gradient", self.flat_gradient[piece].view(shape))
            if name == "kernel" and layer is not self.layers[-1]:
                decay[piece] = 2 * self.l2
        first.kernel = self.table[: self.width]
        self._decay = decay if self.l2 else None

    def _initial_weights(self, generator):
        for layer in self.layers:
            if layer.shapes:
                for name, value in layer.initialise(generator).items():
                    yield f"{layer.name}/{name}", value

    def weights(self):
        """Return the weights by name (``lstm/kernel``, ...), in Keras's order; views, not copies."""
        return {
            f"{layer.name}/{name}": getattr(layer, name)
            for layer in self.layers
            for name in layer.shapes
        }

    def load(self, weights):
        """Copy weights, given by name (a dict or pairs), into the model."""
        own = self.weights()
        for name, value in dict(weights).items():
            own[name].copy_(value)

    def summary(self):
        """Return the rows of Keras's ``summary()``; T is not known here and stands as ``{T}``."""
        rows, shape = [], None
        for layer in self.layers:
            if isinstance(layer, Recurrent):
                shape = (
                    f"(None, {{T}}, {layer.units})" if layer.sequences else f"(None, {layer.units})"
                )
            elif isinstance(layer, Dense):
                shape = f"(None, {layer.units})"
            count = sum(math.prod(s) for s in layer.shapes.values())
            rows.append(Row(f"{layer.name} ({layer.kind})", shape, count))
        return rows

    def count_parameters(self):
        """Return how many numbers are trained."""
        return sum(row.parameters for row in self.summary())

    def forward(self, rows, places, training=False):
        """Return logits (B, classes).

        ``places`` (T, B), contiguous, says which of ``rows`` (any, G U) each time step looks up: ids
        and the whole table, or places in a batch's own rows.
        """
        x = rows, places
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, d_logits):
        """Fill ``flat_gradient``; return the gradient by the looked-up rows, (T B, G U)."""
        gradient = d_logits
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        return gradient.view(-1, gradient.shape[-1])

    def add_penalty(self):
        """Add the L2 penalties' gradient to ``flat_gradient``; return all penalties, the table's too.

        The table's own gradient, 2 l2 table, is left to its optimizer, which passes over it anyway.
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


def _snake_case(name):
    """SimpleRNN as ``simple_rnn``, LSTM as ``lstm``: Keras's names of layers."""
    text = ""
    for i, letter in enumerate(name):
        if letter.isupper() and i and name[i - 1].islower():
            text += "_"
        text += letter.lower()
    return text


def build(cell, combination, width, classes, seed=0, **settings):
    """Return a Model with fresh weights from ``seed``; ``settings`` as Model's."""
    generator = torch.Generator().manual_seed(seed)
    return Model(cell, combination, width, classes, generator=generator, **settings)
