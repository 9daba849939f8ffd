"""Check that a model's weights from a file are those of a network."""

import numpy as np

from tweetrnn.errors import UserError


def as_float32(path, arrays, shapes, called=None):
    """Return arrays as float32, in the order of ``shapes``.

    Args:
        path: of their file, for messages.
        arrays: {name: array}, with all names of ``shapes``.
        shapes: {name: shape} of the network's weights.
        called: {name: what a message calls the array}; its name unless given.

    Raises:
        UserError: one has another shape or type, or values that are not finite in float32.
    """
    converted = {}
    for name, shape in shapes.items():
        array, what = arrays[name], f"{path}: array {called[name] if called else name}"
        if array.shape != tuple(shape):
            raise UserError(f"{what} has the shape {array.shape}, expected {tuple(shape)}")
        if array.dtype.kind != "f":
            raise UserError(f"{what} contains {array.dtype}, expected floating-point numbers")
        with np.errstate(over="ignore"):
            converted[name] = np.ascontiguousarray(array, dtype=np.float32)
        if not np.isfinite(converted[name]).all():
            raise UserError(
                f"{what} contains NaN, infinity or a number too large for float32; a model with "
                "such weights cannot predict"
            )
    return converted
