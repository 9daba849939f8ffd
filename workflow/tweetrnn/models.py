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

MINUS_ONE = torch.tensor(-1.0)  # a Python number costs a microsecond more
sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input  # dy y (1 - y)
tanh_backward = torch.ops.aten.tanh_backward.grad_input  # dy (1 - y y)

CELLS = {}  # class by the config's word, in the order of definition


def _cell(cls):
    CELLS[cls.__name__] = cls
    return cls


def glorot_uniform(fan_in, fan_out, generator):
    """Return (fan_in, fan_out), uniform below sqrt(6 / (fan_in + fan_out)): Glorot 2010, eq. 16."""
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
        """Take the gradient by the output, keep the weights' gradients, return the input's."""
        if self.relu:
            dy = dy * (self.y > 0)
        torch.mm(self.x.T, dy, out=self.kernel_gradient)
        torch.sum(dy, 0, out=self.bias_gradient)
        return dy @ self.kernel.T


class Dropout:
    """Inverted dropout: each element is dropped with probability ``rate``, the others grow."""

    kind = "Dropout"

    def __init__(self, name, rate, generator):
        self.name, self.keep, self.generator = name, 1 - rate, generator
        self.shapes, self.masks = {}, {}

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
    """What the cells share; a subclass says what happens in one time step, forward and back.

    It has ``gates`` (how many), ``tanh_gate`` (which of them, the others are sigmoids),
    ``allocate``, ``run`` and ``run_back``. The buffer ``gates``, (T, B, G U), holds in turn the
    gates' inputs, their values, their slopes and the loss's gradient by their inputs.

    The first recurrent layer looks its kernel's rows up, the others multiply. ``sequences`` says
    whether the layer hands on every time step or the last.
    """

    gates = 1
    tanh_gate = 0

    def __init__(self, name, inputs, units, first, sequences):
        self.name, self.inputs, self.units = name, inputs, units
        self.first, self.sequences, self.buffers = first, sequences, {}
        columns = self.gates * units
        self.shapes = {
            "kernel": (inputs, columns),
            "recurrent_kernel": (units, columns),
            "bias": (columns,),
        }

    @property
    def kind(self):
        """The layer's type as Keras's summary prints it."""
        return type(self).__name__

    def initialise(self, generator):
        """Return fresh weights by name."""
        columns = self.gates * self.units
        return {
            "kernel": glorot_uniform(self.inputs, columns, generator),
            "recurrent_kernel": orthogonal(self.units, columns, generator),
            "bias": torch.zeros(columns),
        }

    def _buffers(self, steps, batch):
        """Return the buffers for a shape, made when it first occurs."""
        if (steps, batch) not in self.buffers:

            def make(columns, steps=steps):
                return torch.zeros(steps, batch, columns, device=self.bias.device)

            b = self.buffers[steps, batch] = Buffers()
            b.gates, b.d_state = make(self.gates * self.units), make(self.units, 1)[0]
            b.states = make(self.units, steps + 1)  # from before the first step: zeros
            b.outputs, b.states_at, b.gates_at = b.states[1:], b.states.unbind(), b.gates.unbind()
            self.allocate(b, make)
        return self.buffers[steps, batch]

    def _double_tanh(self, gates):
        start = self.tanh_gate * self.units
        gates[..., start : start + self.units].mul_(2)

    def forward(self, x, training):
        """(T, B, inputs) to (T, B, U) or (B, U); the first layer's ``x``: see Model.forward."""
        steps, batch = x[1].shape if self.first else x.shape[:2]
        b = self._buffers(steps, batch)
        gates = b.gates.view(steps * batch, -1)
        if self.first:
            rows, places = x
            torch.index_select(rows, 0, places.view(-1), out=gates).add_(self.bias)
        else:
            torch.addmm(self.bias, x.view(steps * batch, -1), self.kernel, out=gates)
        # tanh(z) = 2 sigmoid(2z) - 1: with 2z in place of z, one fast sigmoid does all gates.
        kernel = self.recurrent_kernel.clone()
        self._double_tanh(kernel)
        self._double_tanh(b.gates)
        self.run(b, kernel)
        if training:
            self.x, self.last = x, b
        return b.outputs if self.sequences else b.outputs[-1]

    def backward(self, dy):
        """Take the gradient by the output, keep the weights' gradients, return the input's.

        The first layer returns the gradient by its looked-up rows, (T, B, G U).
        """
        b = self.last
        each = dy.unbind() if self.sequences else None
        self.run_back(b, each[-1] if each else dy, each)
        steps, batch = b.gates.shape[:2]
        d_gates = b.gates.view(steps * batch, -1)
        before = b.states[:-1].view(steps * batch, -1)
        torch.mm(before.T, d_gates, out=self.recurrent_kernel_gradient)
        torch.sum(d_gates, 0, out=self.bias_gradient)
        if self.first:
            return b.gates
        torch.mm(self.x.view(steps * batch, -1).T, d_gates, out=self.kernel_gradient)
        return torch.mm(d_gates, self.kernel.T).view(steps, batch, -1)

    def d_state_before(self, b, t, each, kernel):
        """Return the gradient by the state before step ``t``: by way of the gates, and its own."""
        if each:
            return torch.addmm(each[t - 1], b.gates_at[t], kernel, out=b.d_state)
        return torch.mm(b.gates_at[t], kernel, out=b.d_state)


class Buffers:
    """A layer's buffers for one shape: whole, and (``..._at``) as one view a time step."""


@_cell
class SimpleRNN(Recurrent):
    """``h = tanh(x W + h' U + b)``."""

    def allocate(self, b, make):
        """Add what the cell needs: a 1 on the device, as CUDA's addcmul takes none from the CPU."""
        b.one = torch.ones((), device=b.gates.device)

    def run(self, b, kernel):
        """Fill ``states``."""
        for x, before, state in zip(b.gates_at, b.states_at, b.states_at[1:], strict=False):
            torch.addmm(x, before, kernel, out=state).sigmoid_()
            torch.add(MINUS_ONE, state, alpha=2, out=state)

    def run_back(self, b, d_state, each):
        """Leave the gradient in ``gates``; ``d_state`` is the last output's, ``each`` all's."""
        kernel = self.recurrent_kernel.T
        torch.addcmul(b.one, b.outputs, b.outputs, value=-1, out=b.gates)
        for t in range(len(b.gates_at) - 1, -1, -1):
            b.gates_at[t].mul_(d_state)
            d_state = self.d_state_before(b, t, each, kernel) if t else None


@_cell
class LSTM(Recurrent):
    """Keras's LSTM: ``c = f c' + i g``, ``h = o tanh(c)``; gates i, f, g, o in this order.

    i, f and o are sigmoids, g (Keras calls it c) is a tanh; there is one bias.
    """

    gates = 4
    tanh_gate = 2

    def initialise(self, generator):
        """As every recurrent layer, but the forget gate's bias is 1 (Jozefowicz 2015)."""
        weights = super().initialise(generator)
        weights["bias"][self.units : 2 * self.units] = 1
        return weights

    def allocate(self, b, make):
        """Add the cell's own buffers."""
        steps, batch, columns = b.gates.shape
        units = columns // 4
        b.cells, b.tanh = make(units, steps + 1), make(units)
        b.slope, b.d_cell, b.forget = make(units), make(units, 1)[0], make(units)
        b.i, b.f, b.g, b.o = b.gates.view(steps, batch, 4, units).unbind(2)
        b.ifg_at = b.gates.view(steps, batch, 4, units)[:, :, :3].unbind()
        for name in ("cells", "tanh", "slope", "forget", "i", "f", "g", "o"):
            setattr(b, f"{name}_at", getattr(b, name).unbind())
        b.steps = list(
            zip(
                b.gates_at, b.i_at, b.f_at, b.g_at, b.o_at, b.states_at, b.states_at[1:],
                b.cells_at, b.cells_at[1:], b.tanh_at, strict=False,
            )
        )  # fmt: skip

    def run(self, b, kernel):
        """Fill ``states``, ``cells`` and ``tanh``; turn ``gates`` into the gates' values."""
        for gates, i, f, g, o, before, state, cell_before, cell, tanh in b.steps:
            gates.addmm_(before, kernel).sigmoid_()
            torch.add(MINUS_ONE, g, alpha=2, out=g)
            torch.mul(f, cell_before, out=cell).addcmul_(i, g, value=2)  # 2c, again for the tanh
            torch.add(MINUS_ONE, torch.sigmoid(cell, out=tanh), alpha=2, out=tanh)
            torch.mul(o, tanh, out=state)
        b.cells.mul_(0.5)

    def run_back(self, b, d_state, each):
        """Leave the gradient in ``gates``; ``d_state`` is the last output's, ``each`` all's."""
        kernel = self.recurrent_kernel.T
        # What does not depend on the recursion, for all time steps at once: the slope of the cell
        # by each gate's input (i, f, g), and of the output by o's input and by the cell.
        b.forget.copy_(b.f)
        tanh_backward(b.o, b.tanh, grad_input=b.slope)
        sigmoid_backward(b.tanh, b.o, grad_input=b.o)
        sigmoid_backward(b.cells[:-1], b.f, grad_input=b.f)
        slope_g = tanh_backward(b.i, b.g, grad_input=b.tanh)  # its values are used up
        sigmoid_backward(b.g, b.i, grad_input=b.i)
        b.g.copy_(slope_g)
        b.d_cell.zero_()
        d_cell = b.d_cell.unsqueeze(1)
        for t in range(len(b.gates_at) - 1, -1, -1):
            b.d_cell.addcmul_(d_state, b.slope_at[t])
            b.ifg_at[t].mul_(d_cell)
            b.o_at[t].mul_(d_state)
            b.d_cell.mul_(b.forget_at[t])
            d_state = self.d_state_before(b, t, each, kernel) if t else None


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
        """Return the weights by name (``lstm/kernel``, ...), in Keras's order; no copies."""
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

        ``places`` (T, B), contiguous, says which of ``rows`` (any, G U) each time step looks up:
        ids and the whole table, or places in a batch's own rows.
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
        """Add the penalties' gradient to ``flat_gradient``; return all penalties, the table's too.

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
