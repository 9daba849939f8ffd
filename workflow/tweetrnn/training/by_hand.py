"""SimpleRNN, LSTM and GRU with forward and backward passes written by hand, for small shapes.

Each is a fixed list of operations on preallocated buffers, without autograd; whatever does not
depend on the previous step is done for all time steps at once. On such small shapes that is several
times as fast as autograd. tests/unit/test_models.py compares every gradient with the definition's.
"""

import torch

from tweetrnn.training import cells
from tweetrnn.training.recurrent import Recurrent

MINUS_ONE = torch.tensor(-1.0)  # a Python number costs a microsecond more
sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input  # dy y (1 - y)
tanh_backward = torch.ops.aten.tanh_backward.grad_input  # dy (1 - y y)


class Buffers:
    """A layer's buffers for one shape: whole, and (``..._at``) as one view per time step."""


class ByHand(Recurrent):
    """What these layers have in common; a subclass defines:

    - ``allocate(b, make)`` adds its own buffers to ``b``; ``make(columns)`` makes (T, B, columns).
    - ``steps_forward(b, kernel)`` fills ``states`` and turns ``gates`` into the gates' values.
    - ``steps_back(b, d_state, each)`` leaves the gradients in ``gates`` and ``by_recurrent``;
      ``d_state`` is the last output's gradient, ``each`` that of every output, or None.

    The buffer ``gates``, (T, B, G U), holds in turn the gates' inputs, their values, their slopes
    and the gradient of their inputs. ``by_recurrent`` holds the gradient of the recurrent kernel's
    product, which is the same tensor unless a cell says otherwise.

    tanh(z) = 2 sigmoid(2z) - 1: with 2z in place of z for the gate ``tanh_gate``, one fast sigmoid
    computes all gates. None leaves the tanh to ``steps_forward``.
    """

    tanh_gate = 0

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.buffers = {}  # by (T, B), made when a shape first occurs

    def _buffers(self, steps, batch):
        if (steps, batch) not in self.buffers:

            def make(columns, steps=steps):
                return torch.zeros(steps, batch, columns, device=self.bias.device)

            b = self.buffers[steps, batch] = Buffers()
            b.gates = b.by_recurrent = make(self.cell.gates * self.units)
            b.d_state = make(self.units, 1)[0]
            b.states = make(self.units, steps + 1)  # from before the first step: zeros
            b.outputs, b.states_at, b.gates_at = b.states[1:], b.states.unbind(), b.gates.unbind()
            self.allocate(b, make)
        return self.buffers[steps, batch]

    def buffer(self, steps, batch):
        """Return the buffer for the inputs' share."""
        return self._buffers(steps, batch).gates

    def _double_tanh(self, gates):
        if self.tanh_gate is not None:
            start = self.tanh_gate * self.units
            gates[..., start : start + self.units].mul_(2)

    def run(self, gates, training):
        """Return the outputs (T, B, U), given the inputs' share, in what ``buffer`` returned."""
        b = self._buffers(*gates.shape[:2])
        kernel = self.recurrent_kernel.clone()
        self._double_tanh(kernel)
        self._double_tanh(gates)
        self.steps_forward(b, kernel)
        if training:
            self.last = b
        return b.outputs

    def run_back(self, dy):
        """Take the output's gradient, set the recurrent weights', return the inputs' share's."""
        b = self.last
        each = dy.unbind() if self.sequences else None
        self.steps_back(b, each[-1] if each else dy, each)
        steps, batch = b.gates.shape[:2]
        by_recurrent = b.by_recurrent.view(steps * batch, -1)
        before = b.states[:-1].view(steps * batch, -1)
        torch.mm(before.T, by_recurrent, out=self.recurrent_kernel_gradient)
        return b.gates

    def d_state_before(self, b, t, each, kernel):
        """Return the gradient of the state before step ``t``: by the gates, plus its output's."""
        if each:
            return torch.addmm(each[t - 1], b.gates_at[t], kernel, out=b.d_state)
        return torch.mm(b.gates_at[t], kernel, out=b.d_state)


class SimpleRNN(ByHand):
    """``h = tanh(x W + h' U + b)``."""

    def allocate(self, b, make):
        b.one = torch.ones((), device=b.gates.device)  # CUDA's addcmul takes none from the CPU

    def steps_forward(self, b, kernel):
        for x, before, state in zip(b.gates_at, b.states_at, b.states_at[1:], strict=False):
            torch.addmm(x, before, kernel, out=state).sigmoid_()
            torch.add(MINUS_ONE, state, alpha=2, out=state)

    def steps_back(self, b, d_state, each):
        kernel = self.recurrent_kernel.T
        torch.addcmul(b.one, b.outputs, b.outputs, value=-1, out=b.gates)
        for t in range(len(b.gates_at) - 1, -1, -1):
            b.gates_at[t].mul_(d_state)
            d_state = self.d_state_before(b, t, each, kernel) if t else None


class LSTM(ByHand):
    """``c = f c' + i g``, ``h = o tanh(c)``; i, f and o are sigmoids, g is a tanh."""

    tanh_gate = 2

    def allocate(self, b, make):
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

    def steps_forward(self, b, kernel):
        for gates, i, f, g, o, before, state, cell_before, cell, tanh in b.steps:
            gates.addmm_(before, kernel).sigmoid_()
            torch.add(MINUS_ONE, g, alpha=2, out=g)
            torch.mul(f, cell_before, out=cell).addcmul_(i, g, value=2)  # 2c, again for the tanh
            torch.add(MINUS_ONE, torch.sigmoid(cell, out=tanh), alpha=2, out=tanh)
            torch.mul(o, tanh, out=state)
        b.cells.mul_(0.5)

    def steps_back(self, b, d_state, each):
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


class GRU(ByHand):
    """``h = z h' + (1 - z) g``, ``g = tanh(x W + b + r (h' U + b'))``; z and r are sigmoids."""

    tanh_gate = None

    def allocate(self, b, make):
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

    def steps_forward(self, b, kernel):
        for before, state, recurrent, zr, by_zr, z, r, g, by_g in zip(
            b.states_at, b.states_at[1:], b.by_recurrent_at, b.zr_at, b.by_zr_at,
            b.z_at, b.r_at, b.g_at, b.by_g_at, strict=False,
        ):  # fmt: skip
            torch.addmm(self.bias[1], before, kernel, out=recurrent)
            zr.add_(by_zr).sigmoid_()
            g.addcmul_(r, by_g).tanh_()
            torch.lerp(g, before, z, out=state)

    def steps_back(self, b, d_state, each):
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
        torch.sum(b.by_recurrent, (0, 1), out=self.bias_gradient[1])


LAYERS = {cells.SimpleRNN: SimpleRNN, cells.LSTM: LSTM, cells.GRU: GRU}
