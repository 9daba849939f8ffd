"""Recurrent layers: a cell run through the time steps of a sequence, and back.

``Recurrent`` computes any cell from its definition, its gradients by autograd. ``by_hand`` and
``torch_kernels`` have subclasses that compute some cells faster.

Shapes: B examples, T time steps, U units, G gates. Sequences are time-major, (T, B, ...), so that
one time step is contiguous. Weights have Keras's names, shapes and order.
"""

import re

import torch

from tweetrnn.training.initializers import glorot_uniform, orthogonal
from tweetrnn.training.mean import Mean


def snake_case(name):
    """Return SimpleRNN as ``simple_rnn``, LSTM as ``lstm``: how Keras names layers."""
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower()


class Recurrent:
    """One cell, running from the first time step to the last.

    The first layer of a model looks up its kernel's rows, the others multiply. With ``sequences``
    the layer's output is that of every time step, otherwise that of the last one.

    The model sets the weights (``kernel``, ``recurrent_kernel``, ``bias``) and their gradients
    (``kernel_gradient``, ...; the first layer's kernel has none) as attributes: views of what an
    optimizer updates.
    """

    def __init__(self, cell, name, inputs, units, first, sequences):
        self.cell, self.name, self.inputs, self.units = cell, name, inputs, units
        self.first, self.sequences = first, sequences
        self.kind, self.outputs, self.parts = cell.kind, units, [self]
        columns = cell.gates * units
        self.shapes = {
            "kernel": (inputs, columns),
            "recurrent_kernel": (units, columns),
            "bias": (2, columns) if cell.recurrent_bias else (columns,),
        }

    def output_shape(self, before, steps):
        """Return the output's shape as Keras's summary prints it."""
        return f"(None, {steps}, {self.outputs})" if self.sequences else f"(None, {self.outputs})"

    def initialise(self, generator):
        """Return initial weights by name."""
        columns = self.cell.gates * self.units
        bias = torch.zeros(self.shapes["bias"])
        if self.cell.initial_bias:
            values = torch.tensor(self.cell.initial_bias, dtype=bias.dtype)
            self.input_bias(bias).copy_(values.repeat_interleave(self.units))
        return {
            "kernel": glorot_uniform(self.inputs, columns, generator),
            "recurrent_kernel": orthogonal(self.units, columns, generator),
            "bias": bias,
        }

    def input_bias(self, bias):
        """Return the part (G U,) of ``bias``, or of its gradient, that belongs to the inputs."""
        return bias[0] if self.cell.recurrent_bias else bias

    def recurrent_weights(self, suffix=""):
        """Return a step's weights (its last arguments); with ``_gradient``, their gradients."""
        kernel, bias = (getattr(self, name + suffix) for name in ("recurrent_kernel", "bias"))
        return (kernel, bias[1]) if self.cell.recurrent_bias else (kernel,)

    def forward(self, x, training):
        """(T, B, inputs) to (T, B, U) or (B, U); for the first layer's ``x`` see Model.forward."""
        steps, batch = x[1].shape if self.first else x.shape[:2]
        gates = self.buffer(steps, batch)
        flat, bias = gates.view(steps * batch, -1), self.input_bias(self.bias)
        if self.first:
            rows, places = x
            torch.index_select(rows, 0, places.view(-1), out=flat).add_(bias)
        else:
            torch.addmm(bias, x.view(steps * batch, -1), self.kernel, out=flat)
        states = self.run(gates, training)
        if training:
            self.x = x
        return states if self.sequences else states[-1]

    def backward(self, dy):
        """Take the gradient of the output, set those of the weights, return that of the input.

        The first layer returns the gradient of its looked-up rows, (T, B, G U).
        """
        d_gates = self.run_back(dy)
        steps, batch = d_gates.shape[:2]
        flat = d_gates.reshape(steps * batch, -1)
        torch.sum(flat, 0, out=self.input_bias(self.bias_gradient))
        if self.first:
            return d_gates
        torch.mm(self.x.view(steps * batch, -1).T, flat, out=self.kernel_gradient)
        return torch.mm(flat, self.kernel.T).view(steps, batch, -1)

    def buffer(self, steps, batch):
        """Return a tensor (T, B, G U) for the inputs' share of each time step."""
        return self.bias.new_empty(steps, batch, self.cell.gates * self.units)

    def run(self, gates, training):
        """Return the outputs (T, B, U) of all time steps, given the inputs' share (T, B, G U)."""
        if not training:
            with torch.no_grad():
                return self.unroll(gates, *self.variables())
        with torch.inference_mode(False):  # in which a training step runs, without autograd
            self.leaves = [gates.clone().requires_grad_(), *self.variables()]
            self.states = self.unroll(*self.leaves)
        return self.states.detach()

    def run_back(self, dy):
        """Take the output's gradient, set the recurrent weights' and return the inputs' share's."""
        with torch.inference_mode(False):
            states = self.states if self.sequences else self.states[-1]
            gradients = torch.autograd.grad(states, self.leaves, dy, materialize_grads=True)
        self.set_gradients(gradients[1:])
        return gradients[0]

    def variables(self):
        """Return copies of the recurrent weights that record gradients."""
        return [weight.clone().requires_grad_() for weight in self.recurrent_weights()]

    def set_gradients(self, gradients):
        """Take the gradients of ``variables``."""
        for kept, gradient in zip(self.recurrent_weights("_gradient"), gradients, strict=True):
            kept.copy_(gradient)

    def unroll(self, gates, *weights):
        """Return the outputs (T, B, U) by the cell's definition."""
        state = [gates.new_zeros(gates.shape[1], self.units)] * self.cell.states
        outputs = []
        for x in gates.unbind():
            state = self.cell.step(x, *state, *weights)
            state = state if isinstance(state, tuple) else (state,)
            outputs.append(state[0])
        return torch.stack(outputs)


class Bidirectional:
    """Two recurrent layers side by side; the second reads the sequence from its end.

    Outputs are concatenated, (..., 2 U), the forward ones first. If every time step is passed on,
    the backward ones are put back in the order of time; otherwise each layer passes on its last
    output. In a model's first layer each looked-up row contains both kernels' rows.
    """

    def __init__(self, cell, layer, name, inputs, units, first, sequences):
        self.name, self.first, self.sequences = name, first, sequences
        self.kind, self.outputs = cell.kind, 2 * units
        part = cell.both_directions
        self.parts = [
            layer(part, f"{name}/{way}_{snake_case(part.kind)}", inputs, units, first, sequences)
            for way in ("forward", "backward")
        ]

    output_shape = Recurrent.output_shape

    def forward(self, x, training):
        """(T, B, inputs) to (T, B, 2 U) or (B, 2 U); as ``Recurrent.forward``."""
        forwards, backwards = self.parts
        if self.first:
            (rows, backwards_rows), places = x[0].chunk(2, 1), x[1]
            x, reversed_x = (rows, places), (backwards_rows, places.flip(0))
        else:
            reversed_x = x.flip(0)
        y, backwards_y = forwards.forward(x, training), backwards.forward(reversed_x, training)
        return torch.cat([y, backwards_y.flip(0) if self.sequences else backwards_y], -1)

    def backward(self, dy):
        """As ``Recurrent.backward``; the gradient of the looked-up rows is (T, B, 2 G U)."""
        forwards, backwards = self.parts
        dy, reversed_dy = dy.chunk(2, -1)
        if self.sequences:
            reversed_dy = reversed_dy.flip(0)
        dx, backwards_dx = forwards.backward(dy), backwards.backward(reversed_dy).flip(0)
        return torch.cat([dx, backwards_dx], -1) if self.first else dx + backwards_dx


def layer_of(cell, accelerators, name, inputs, units, first, sequences):
    """Return a layer of a cell: from ``accelerators`` (layer class by cell) or by definition.

    Raises:
        ValueError: the cell has no time steps, but would be one of several layers.
    """
    if not cell.recurrent:
        if sequences or not first:
            raise ValueError(f"{cell.__name__} cannot be one of several recurrent layers")
        return Mean(cell, name, inputs, units)
    if cell.both_directions:
        layer = accelerators.get(cell.both_directions, Recurrent)
        return Bidirectional(cell, layer, name, inputs, units, first, sequences)
    return accelerators.get(cell, Recurrent)(cell, name, inputs, units, first, sequences)
