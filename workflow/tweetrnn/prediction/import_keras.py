"""Convert weights from Keras: a .npz file with the arrays of a model's ``get_weights()``, in order.

The model is that of a run, which determines the names and shapes of its layers' weights.
"""

import json
import logging
import zlib
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
    wrong, arrays = None, []
    try:
        file = np.load(path, allow_pickle=False)
        if isinstance(file, np.ndarray):
            wrong = f"one array of shape {file.shape}, as numpy.save writes it"
        else:
            with file:
                wrong = _not_arrays(file.zip.namelist())
                arrays = [] if wrong else [file[name] for name in file.files]
                if not all(isinstance(array, np.ndarray) for array in arrays):
                    wrong = "what it holds is damaged"
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (OSError, EOFError, ValueError, KeyError, RuntimeError, BadZipFile, zlib.error) as error:
        wrong = "HDF5, as Keras saves weights (.h5)" if _is_hdf5(path) else str(error)
    if wrong:
        raise UserError(
            f"{path}: not a .npz file of arrays ({wrong}); write it with "
            "numpy.savez(file, *model.get_weights())"
        )
    return arrays


def _not_arrays(names):
    """Return what a zip file with members of these names is; None if all are arrays."""
    if "model.weights.h5" in names:
        return "a model saved by Keras (.keras)"
    others = [name for name in names if not name.endswith(".npy")]
    return f"a zip file with {others[0]!r}" if others else None


def _is_hdf5(path):
    try:
        with open(path, "rb") as stream:
            return stream.read(8) == b"\x89HDF\r\n\x1a\n"
    except OSError:
        return False


def by_name(arrays, expected, path):
    """Return the arrays by the names of the ``expected`` weights, as float32.

    Raises:
        UserError: there are more or fewer, or one has another shape or type than is expected,
            or values that are not finite in float32.
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
        with np.errstate(over="ignore"):
            converted[name] = np.ascontiguousarray(array, dtype=np.float32)
        if not np.isfinite(converted[name]).all():
            raise UserError(
                f"{path}: array {number} ({name}) contains NaN, infinity or a number too large for "
                "float32; a model with such weights cannot predict"
            )
    return converted


def main(options):
    """Convert the file that the options name to the format of the run's weights."""
    results, run = find_run(options)
    facts, expected = weights.read(weights_of(results.run(run), options.weights))
    arrays = by_name(read_npz(options.file), expected, options.file)
    with replacing(options.output) as temporary:
        temporary.write_bytes(save(arrays, {"model": json.dumps(facts)}))
    log.info("%s: wrote %d arrays to %s", options.file, len(arrays), options.output)
