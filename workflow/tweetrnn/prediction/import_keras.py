"""Take weights from Keras: a .npz file with the arrays of a model's ``get_weights()``, in order.

The model is that of a run, which says its layers' names and shapes.
"""

import json
import logging

import numpy as np
from safetensors.numpy import save

from tweetrnn.errors import UserError
from tweetrnn.files import replacing
from tweetrnn.training import weights

log = logging.getLogger("tweetrnn")


def add_arguments(parser):
    """Add this command's options."""
    parser.add_argument("file", metavar="FILE", help="numpy.savez(FILE, *model.get_weights())")
    weights.add_run_arguments(parser)
    parser.add_argument("--output", required=True, metavar="FILE", help="to write (.safetensors)")


def named(arrays, like, path):
    """Return arrays by the names of ``like`` (weights by name), as float32.

    Raises:
        UserError: there are more or fewer, or one has another shape or holds no numbers.
    """
    if len(arrays) != len(like):
        raise UserError(
            f"{path}: {len(arrays)} arrays, but the run's model has {len(like)}: {', '.join(like)}"
        )
    for number, (array, (name, own)) in enumerate(zip(arrays, like.items(), strict=True)):
        if array.shape != own.shape:
            raise UserError(
                f"{path}: array {number} ({name}) has the shape {array.shape}, expected {own.shape}"
            )
        if array.dtype.kind != "f":
            raise UserError(
                f"{path}: array {number} ({name}) holds {array.dtype}, expected floating-point "
                "numbers"
            )
    return {
        name: np.ascontiguousarray(array, dtype=np.float32)
        for name, array in zip(like, arrays, strict=True)
    }


def main(options):
    """Write the weights in the run's own format."""
    facts, like = weights.read(weights.find(options))
    arrays = named(weights.read_npz(options.file), like, options.file)
    with replacing(options.output) as beside:
        beside.write_bytes(save(arrays, {"model": json.dumps(facts)}))
    log.info("%s: %d arrays to %s", options.file, len(arrays), options.output)
