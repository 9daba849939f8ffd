"""LSTM and GRU by torch's own recurrent kernels, which on CUDA are cuDNN's.

On a GPU, starting hundreds of tiny operations takes longer than computing them; here a whole
sequence is one call. The kernels also multiply the inputs, but these have already been looked up or
multiplied, so the input kernel is the identity.

Not SimpleRNN: cuDNN's tanh network is 60 times less accurate than float32 allows (an H200, cuDNN
9.19), so that trainings would no longer be Keras's.
"""

import os

import torch

from tweetrnn.training import cells
from tweetrnn.training.recurrent import Recurrent


def make_exact():
    """Let CUDA compute in full float32, and the same bytes each time."""
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when CUDA starts


class TorchKernel(Recurrent):
    """What the kernels share; a subclass names torch's class and the order of its gates.

    ``order`` says which of Keras's gates each of torch's is; it is the same both ways.
    """

    order = None  # as Keras's

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.module = None  # made when the weights' device is known

    def _make_module(self):
        columns = self.cell.gates * self.units
        with torch.inference_mode(False), torch.no_grad():
            module = self.torch_class(columns, self.units, bias=self.cell.recurrent_bias)
            for weight in module.parameters():
                weight.zero_()
            module.weight_ih_l0.copy_(self._reorder(torch.eye(columns)))
            return module.to(self.bias.device)

    def _reorder(self, weight):
        """Return ``weight`` (G U, ...) with its gates in torch's order, or again in Keras's."""
        if self.order is None:
            return weight
        gates = weight.chunk(self.cell.gates)
        return torch.cat([gates[number] for number in self.order])

    def variables(self):
        """Return the recurrent weights as the module's, to which they are copied."""
        if self.module is None:
            self.module = self._make_module()
        variables = [self.module.weight_hh_l0]
        if self.cell.recurrent_bias:
            variables.append(self.module.bias_hh_l0)
        with torch.no_grad():
            for variable, weight in zip(variables, self.recurrent_weights(), strict=True):
                variable.copy_(self._reorder(weight.t()))
        return variables

    def set_gradients(self, gradients):
        """Take the gradients of ``variables``."""
        super().set_gradients([self._reorder(gradient).t() for gradient in gradients])

    def unroll(self, gates, *variables):
        """Return the outputs (T, B, U); the module has the ``variables`` already."""
        return self.module(gates)[0]


class LSTM(TorchKernel):
    """torch's LSTM, whose gates have Keras's order."""

    torch_class = torch.nn.LSTM


class GRU(TorchKernel):
    """torch's GRU, which has the reset gate before the update gate."""

    torch_class = torch.nn.GRU
    order = (1, 0, 2)


LAYERS = {cells.LSTM: LSTM, cells.GRU: GRU}
