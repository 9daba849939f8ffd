"""The recurrent layers that ``grid.cell`` offers, one class each, and how fresh weights are drawn.

Every layer has a forward and a backward pass, written out by hand: a fixed list of operations into
buffers that stay, with what does not depend on the recursion done for all time steps at once.
tests/unit/test_models.py compares every gradient with autograd's, tests/unit/test_keras_parity.py
every figure with Keras's.

Shapes: B examples, T time steps, U units, G gates (SimpleRNN 1, GRU 3, LSTM 4). Sequences are
time-major, (T, B, ...), so that one time step is contiguous. Weights have Keras's names, shapes and
order.
"""

import math

import torch

MINUS_ONE = torch.tensor(-1.0)  # a Python number costs a microsecond more
sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input  # dy y (1 - y)
tanh_backward = torch.ops.aten.tanh_backward.grad_input  # dy (1 - y y)

CELLS = {}  # class by the config's word, in the order of definition


def cell(cls):
    """Enter a class among the CELLS; Keras's summary calls it by its own name unless it says."""
    CELLS[cls.__name__] = cls
    cls.kind = vars(cls).get("kind", cls.__name__)
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


class Recurrent:
    """What the cells share; a subclass says what happens in one time step, forward and back.

    It has ``gates`` (how many), ``tanh_gate`` (which of them is a tanh, the others are sigmoids;
    None where ``run`` sees to that itself), ``allocate``, ``run`` and ``run_back``. The buffer
    ``gates``, (T, B, G U), holds in turn the gates' inputs, their values, their slopes and the
    loss's gradient by their inputs; ``by_recurrent`` the gradient by what the recurrent kernel
    gives, which is the same unless a cell says otherwise.

    The Model that it is in gives it its weights (``kernel``, ...) and their gradients
    (``kernel_gradient``, ...) as attributes, views of what an optimizer steps over.

    The first recurrent layer looks its kernel's rows up, the others multiply. ``sequences`` says
    whether the layer hands on every time step or the last.
    """

    gates = 1
    tanh_gate = 0

    def __init__(self, name, inputs, units, first, sequences):
        self.name, self.inputs, self.units = name, inputs, units
        self.first, self.sequences, self.buffers = first, sequences, {}
        self.outputs, self.parts = units, [self]
        columns = self.gates * units
        self.shapes = {
            "kernel": (inputs, columns),
            "recurrent_kernel": (units, columns),
            "bias": (columns,),
        }

    def output_shape(self, before):
        """Return the output's shape as Keras's summary prints it; ``{T}`` stands for T."""
        return f"(None, {{T}}, {self.outputs})" if self.sequences else f"(None, {self.outputs})"

    def input_bias(self, bias):
        """Return the part (columns,) of ``bias``, or of its gradient, that the inputs meet."""
        return bias

    def initialise(self, generator):
        """Return fresh weights by name."""
        columns = self.gates * self.units
        return {
            "kernel": glorot_uniform(self.inputs, columns, generator),
            "recurrent_kernel": orthogonal(self.units, columns, generator),
            "bias": torch.zeros(self.shapes["bias"]),
        }

    def allocate(self, b, make):
        """Add the cell's own buffers to ``b``; ``make(columns)`` returns one, (T, B, columns)."""

    def _buffers(self, steps, batch):
        """Return the buffers for a shape, made when it first occurs."""
        if (steps, batch) not in self.buffers:

            def make(columns, steps=steps):
                return torch.zeros(steps, batch, columns, device=self.bias.device)

            b = self.buffers[steps, batch] = Buffers()
            b.gates, b.d_state = make(self.gates * self.units), make(self.units, 1)[0]
            b.states = make(self.units, steps + 1)  # from before the first step: zeros
            b.outputs, b.states_at, b.gates_at = b.states[1:], b.states.unbind(), b.gates.unbind()
            b.by_recurrent = b.gates
            self.allocate(b, make)
        return self.buffers[steps, batch]

    def _double_tanh(self, gates):
        if self.tanh_gate is None:
            return
        start = self.tanh_gate * self.units
        gates[..., start : start + self.units].mul_(2)

    def forward(self, x, training):
        """(T, B, inputs) to (T, B, U) or (B, U); the first layer's ``x``: see Model.forward."""
        steps, batch = x[1].shape if self.first else x.shape[:2]
        b = self._buffers(steps, batch)
        gates, bias = b.gates.view(steps * batch, -1), self.input_bias(self.bias)
        if self.first:
            rows, places = x
            torch.index_select(rows, 0, places.view(-1), out=gates).add_(bias)
        else:
            torch.addmm(bias, x.view(steps * batch, -1), self.kernel, out=gates)
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
        by_recurrent = b.by_recurrent.view(steps * batch, -1)
        before = b.states[:-1].view(steps * batch, -1)
        torch.mm(before.T, by_recurrent, out=self.recurrent_kernel_gradient)
        torch.sum(d_gates, 0, out=self.input_bias(self.bias_gradient))
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


@cell
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


@cell
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


@cell
class GRU(Recurrent):
    """Keras's GRU (``reset_after=True``): ``h = z h' + (1 - z) g``; gates z, r, g in this order.

    z and r are sigmoids; ``g = tanh(x W + b + r (h' U + b'))``, whose two biases are rows of one,
    (2, 3 U), as are those of z and r, which are added up.
    """

    gates = 3
    tanh_gate = None

    def __init__(self, name, inputs, units, first, sequences):
        super().__init__(name, inputs, units, first, sequences)
        self.shapes["bias"] = (2, 3 * units)

    def input_bias(self, bias):
        """Return the first row."""
        return bias[0]

    def allocate(self, b, make):
        """Add the cell's own buffers: what the recurrent kernel gives, and the gradients."""
        steps, batch, columns = b.gates.shape
        units = columns // 3
        b.by_recurrent, b.d_states, b.update = make(columns), make(units), make(units)
        b.z, b.r, b.g = b.gates.view(steps, batch, 3, units).unbind(2)
        b.by_z, b.by_r, b.by_g = b.by_recurrent.view(steps, batch, 3, units).unbind(2)
        b.zr_at = b.gates[..., : 2 * units].unbind()
        b.by_zr_at = b.by_recurrent[..., : 2 * units].unbind()
        b.by_all_at = b.by_recurrent.view(steps, batch, 3, units).unbind()
        for name in ("by_recurrent", "d_states", "update", "z", "r", "g", "by_g"):
            setattr(b, f"{name}_at", getattr(b, name).unbind())

    def run(self, b, kernel):
        """Fill ``states`` and ``by_recurrent``; turn ``gates`` into the gates' values."""
        for before, state, recurrent, zr, by_zr, z, r, g, by_g in zip(
            b.states_at, b.states_at[1:], b.by_recurrent_at, b.zr_at, b.by_zr_at,
            b.z_at, b.r_at, b.g_at, b.by_g_at, strict=False,
        ):  # fmt: skip
            torch.addmm(self.bias[1], before, kernel, out=recurrent)
            zr.add_(by_zr).sigmoid_()
            g.addcmul_(r, by_g).tanh_()
            torch.lerp(g, before, z, out=state)

    def run_back(self, b, d_state, each):
        """Leave the gradients in ``gates`` and ``by_recurrent``; the rest as in ``SimpleRNN``."""
        kernel = self.recurrent_kernel.T
        # The slopes of the state by z's input, r's, g's, and g's recurrent part: for all steps.
        b.update.copy_(b.z)
        slope_z = sigmoid_backward(b.states[:-1] - b.g, b.z, grad_input=torch.empty_like(b.z))
        slope_g = tanh_backward(1 - b.z, b.g, grad_input=torch.empty_like(b.g))
        sigmoid_backward(slope_g * b.by_g, b.r, grad_input=b.by_r)
        torch.mul(slope_g, b.r, out=b.by_g)
        b.by_z.copy_(slope_z)
        b.d_states_at[-1].copy_(d_state)
        for t in range(len(b.gates_at) - 1, -1, -1):
            d_state = b.d_states_at[t]
            b.by_all_at[t].mul_(d_state.unsqueeze(1))
            if t:
                before = torch.mul(d_state, b.update_at[t], out=b.d_states_at[t - 1])
                before.addmm_(b.by_recurrent_at[t], kernel)
                if each:
                    before.add_(each[t - 1])
        b.z.copy_(b.by_z)
        b.r.copy_(b.by_r)
        torch.mul(slope_g, b.d_states, out=b.g)

    def backward(self, dy):
        """As every recurrent layer, and the gradient by the second row of the bias."""
        dx = super().backward(dy)
        torch.sum(self.last.by_recurrent, (0, 1), out=self.bias_gradient[1])
        return dx


@cell
class BidirectionalLSTM:
    """Keras's ``Bidirectional(LSTM(units))``: two LSTMs, one of which reads from the end.

    Outputs stand side by side, (..., 2 U), the forward ones first; where every time step is handed
    on, the backward ones are turned round again, else each LSTM hands on what it found last. Where
    the layer is the first, so do the two kernels in the looked-up rows.
    """

    kind = "Bidirectional"

    def __init__(self, name, inputs, units, first, sequences):
        self.name, self.first, self.sequences = name, first, sequences
        self.outputs = 2 * units
        self.parts = [
            LSTM(f"{name}/{direction}_lstm", inputs, units, first, sequences)
            for direction in ("forward", "backward")
        ]

    output_shape = Recurrent.output_shape

    def forward(self, x, training):
        """(T, B, inputs) to (T, B, 2 U) or (B, 2 U); the first layer's ``x``: see Model.forward."""
        one, other = self.parts
        if self.first:
            (rows, other_rows), places = x[0].chunk(2, 1), x[1]
            x, turned = (rows, places), (other_rows, places.flip(0))
        else:
            turned = x.flip(0)
        y, other_y = one.forward(x, training), other.forward(turned, training)
        return torch.cat([y, other_y.flip(0) if self.sequences else other_y], -1)

    def backward(self, dy):
        """As ``Recurrent.backward``; the looked-up rows' gradient is (T, B, 8 U)."""
        one, other = self.parts
        dy, other_dy = dy.chunk(2, -1)
        dx = one.backward(dy)
        other_dx = other.backward(other_dy.flip(0) if self.sequences else other_dy).flip(0)
        return torch.cat([dx, other_dx], -1) if self.first else dx + other_dx
