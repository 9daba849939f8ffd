"""A model as ONNX, the format that many runtimes and languages read.

The graph has the input ``words``, int64 (batch, length): one-hot columns, where the width means
all zeros. Its output is ``probabilities``, float32 (batch, classes).

As in ``training.models``, the first layer's kernel is looked up by word. Its rows are already the
inputs' share of a time step, so the recurrent operator gets an identity matrix for its kernel.
Operators: onnx.ai/onnx/operators, RNN, LSTM and GRU.
"""

import numpy as np

from tweetrnn import __version__
from tweetrnn.errors import UserError
from tweetrnn.training.cells import GRU, LSTM, MeanOfWords, SimpleRNN

# Not the newest, so that older runtimes read the file: onnxruntime from 1.12 (2022) on.
OPSET, IR_VERSION = 17, 8
LARGEST = 2**31 - 1  # bytes of a file, which is one message of Protocol Buffers
# Of a cell: ONNX's operator, our number of each of its gates, further attributes.
OPERATORS = {
    SimpleRNN: ("RNN", (0,), {}),
    LSTM: ("LSTM", (0, 3, 1, 2), {}),
    GRU: ("GRU", (0, 1, 2), {"linear_before_reset": 1}),
}


def require_onnx():
    """Raise UserError unless the package that writes the file is installed."""
    try:
        import onnx  # noqa: F401 (an extra)
    except ImportError:
        raise UserError(
            "--onnx: the Python package onnx is not installed; install it with: "
            "python -m pip install onnx"
        ) from None


class Graph:
    """Nodes and weights of a graph, as they are added."""

    def __init__(self):
        self.nodes, self.weights = [], []

    def add(self, operator, *inputs, outputs=1, **attributes):
        """Add a node; return the name of its last output, of which there are ``outputs``.

        An input is a name, an array, or "" for an optional one that is left out.
        """
        from onnx import helper

        names = [self.constant(x) if isinstance(x, np.ndarray) else x for x in inputs]
        number = len(self.nodes)
        results = [""] * (outputs - 1) + [f"{operator.lower()}_{number}"]
        self.nodes.append(helper.make_node(operator, names, results, **attributes))
        return results[-1]

    def constant(self, array):
        """Add an array; return its name."""
        from onnx import numpy_helper

        name = f"weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name


def as_onnx(path, model):
    """Return a Model as the bytes of an ONNX file; the same model always gives the same ones.

    Args:
        path: of the file to be written, for messages.
        model: a Model on the CPU.

    Raises:
        UserError: its cell has no operator in ONNX, or the file would be larger than it can be.
    """
    from onnx import TensorProto, checker, helper

    graph = Graph()
    x = graph.add("Transpose", "words", perm=[1, 0])
    for layer in model.layers:
        if layer is model.layers[0] and model.left_out is not None:
            x = _mean(graph, x, layer, model)
        elif hasattr(layer, "sequences"):
            x = _recurrent(graph, x, layer, model.table)
        elif layer.parts:
            x = graph.add("Gemm", x, layer.kernel.numpy(), layer.bias.numpy())
            x = graph.add("Relu", x) if layer.relu else x
    graph.nodes.append(helper.make_node("Softmax", [x], ["probabilities"], axis=1))
    size = sum(len(weight.raw_data) for weight in graph.weights)
    if size > LARGEST - 2**20:
        raise UserError(
            f"{path}: the model has {size / 1e9:.1f} GB of weights, and an ONNX file at most 2; "
            "export it without --onnx, or train with a smaller vocabulary.max_words"
        )
    inputs = helper.make_tensor_value_info("words", TensorProto.INT64, ["batch", "length"])
    outputs = helper.make_tensor_value_info(
        "probabilities", TensorProto.FLOAT, ["batch", model.classes]
    )
    whole = helper.make_model(
        helper.make_graph(graph.nodes, model.cell, [inputs], [outputs], graph.weights),
        producer_name="tweetrnn",
        producer_version=__version__,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    checker.check_model(whole, full_check=True)
    return whole.SerializeToString(deterministic=True)


def _mean(graph, words, layer, model):
    """Add the mean of words (T, B); return the name of its output (B, U)."""
    if layer.cell is not MeanOfWords:
        raise _unknown(layer.cell)
    width = np.array(model.width)
    is_padding = graph.add("Equal", words, np.array(model.left_out))
    words = graph.add("Where", is_padding, width, words)
    is_known = graph.add("Not", graph.add("Equal", words, width))
    known = graph.add("Cast", is_known, to=1)  # float32
    first = np.array([0])
    vectors = graph.add("Gather", model.table.numpy(), words)
    total = graph.add("ReduceSum", vectors, first, keepdims=0)
    count = graph.add("ReduceSum", known, first, keepdims=0)
    count = graph.add("Max", count, np.array(1, dtype=np.float32))
    mean = graph.add("Div", total, graph.add("Unsqueeze", count, np.array([1])))
    return graph.add("Add", mean, layer.bias.numpy())


def _recurrent(graph, x, layer, table):
    """Add a recurrent layer; return the name of its output.

    Args:
        x: the name of its input (T, B, inputs); for the first layer, of the words (T, B).
        table: the first layer's rows, (width + 1, G U), or those of both directions side by side.
    """
    cell = layer.parts[0].cell
    if cell not in OPERATORS:
        raise _unknown(layer.parts[0].cell)
    operator, gates, attributes = OPERATORS[cell]

    def in_order(weight):
        """Return (..., G U) with the gates in ONNX's order."""
        blocks = np.split(weight.numpy(), len(gates), axis=-1)
        return np.concatenate([blocks[gate] for gate in gates], axis=-1)

    parts, columns = layer.parts, len(gates) * layer.parts[0].units
    if layer.first:
        rows = [in_order(part) for part in table.split(columns, 1)]
        x = graph.add("Gather", np.concatenate(rows, axis=1), x)
        identity = np.eye(columns * len(parts), dtype=np.float32)
        kernels = np.split(identity, len(parts))
    else:
        kernels = [in_order(part.kernel).T for part in parts]
    biases = []
    for part in parts:
        own = in_order(part.input_bias(part.bias))
        of_state = in_order(part.bias[1]) if part.cell.recurrent_bias else np.zeros_like(own)
        biases.append(np.concatenate([own, of_state]))
    recurrent = [in_order(part.recurrent_kernel).T for part in parts]
    y = graph.add(
        operator,
        x,
        *(np.stack(weights) for weights in (kernels, recurrent, biases)),
        outputs=1 if layer.sequences else 2,
        hidden_size=parts[0].units,
        direction="bidirectional" if len(parts) == 2 else "forward",
        **attributes,
    )
    # From (T, directions, B, U) or, of the last time step, (directions, B, U).
    y = graph.add("Transpose", y, perm=[0, 2, 1, 3] if layer.sequences else [1, 0, 2])
    return graph.add("Reshape", y, np.array([0] * (1 + layer.sequences) + [layer.outputs]))


def _unknown(cell):
    return UserError(
        f"--onnx: {cell.__name__} has no operator in ONNX that prediction/onnx_model.py knows; "
        "export the run without --onnx"
    )
