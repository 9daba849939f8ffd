"""Convert weights from Keras: a .npz file with the arrays of a model's ``get_weights()``, in order.

The model is that of a run, which determines the names and shapes of its layers' weights.
"""

import json
import logging
from zipfile import BadZipFile

import numpy as np
from safetensors.numpy import save

from tweetrnn.errors import UserError
from tweetrnn.files import replacing
from tweetrnn.prediction.model_files import weights_of
from tweetrnn.prediction.run_options import add_run_arguments, find_run
from tweetrnn.training import weights

log = logging.getLogger("tweetrnn")


def add_arguments(parser):
    """Add this command's options."""
    parser.add_argument("file", metavar="FILE", help="numpy.savez(FILE, *model.get_weights())")
    add_run_arguments(parser)
    parser.add_argument("--output", required=True, metavar="FILE", help="to write (.safetensors)")


def read_npz(path):
    """Return the arrays of a .npz file in its order.

    Raises:
        UserError: there is no such file, or it is not a .npz file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return [file[name] for name in file.files]
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (OSError, EOFError, ValueError, AttributeError, BadZipFile) as error:
        raise UserError(
            f"{path}: not a .npz file of arrays ({error}); write it with "
            "numpy.savez(file, *model.get_weights())"
        ) from None


def by_name(arrays, expected, path):
    """Return the arrays by the names of the ``expected`` weights, as float32.

    Raises:
        UserError: there are more or fewer, or one has another shape or type than is expected.
    """
    converted = {}
    if len(arrays) != len(expected):
        raise UserError(
            f"{path}: {len(arrays)} arrays, but the run's model has {len(expected)}: "
            f"{', '.join(expected)}"
        )
    for number, (name, array) in enumerate(zip(expected, arrays, strict=True)):
        if array.shape != expected[name].shape:
            raise UserError(
                f"{path}: array {number} ({name}) has the shape {array.shape}, "
                f"expected {expected[name].shape}"
            )
        if array.dtype.kind != "f":
            raise UserError(
                f"{path}: array {number} ({name}) contains {array.dtype}, expected floating-point "
                "numbers"
            )
        converted[name] = np.ascontiguousarray(array, dtype=np.float32)
    return converted


def main(options):
    """Convert the file that the options name to the format of the run's weights."""
    results, run = find_run(options)
    facts, expected = weights.read(weights_of(results.run(run), options.weights))
    arrays = by_name(read_npz(options.file), expected, options.file)
    with replacing(options.output) as temporary:
        temporary.write_bytes(save(arrays, {"model": json.dumps(facts)}))
    log.info("%s: wrote %d arrays to %s", options.file, len(arrays), options.output)
