"""Convert weights from Keras to the format of a run's, for predict and export.

The file is one that Keras 3 saved, with model.save_weights("NAME.weights.h5") or
model.save("NAME.keras"), or has the arrays of get_weights() in order, written with
numpy.savez("NAME.npz", *model.get_weights()). The model must be that of the run: its layers and
shapes are compared, and in a .keras file the layers' settings, too. The result is for
predict --run RUN --weights FILE and export RUN DIR --weights FILE.
"""

import json
import logging
import zipfile
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from tweetrnn.errors import UserError, reason
from tweetrnn.files import replacing
from tweetrnn.grid import Combination
from tweetrnn.prediction import keras_files
from tweetrnn.prediction.fitting import as_float32
from tweetrnn.prediction.model_files import weights_of
from tweetrnn.prediction.run_options import add_run_arguments, find_run
from tweetrnn.training import weights
from tweetrnn.training.cells import CELLS
from tweetrnn.wording import shown

log = logging.getLogger("tweetrnn")


def add_arguments(parser):
    """Add this command's options."""
    parser.epilog = (__doc__ or "").partition("\n\n")[2]  # python -OO has none
    parser.add_argument("file", metavar="FILE", help="weights of Keras (.weights.h5, .keras, .npz)")
    add_run_arguments(parser)
    parser.add_argument("--output", required=True, metavar="FILE", help="to write (.safetensors)")


def read_npz(path, largest):
    """Return the arrays of a .npz file in its order.

    Raises:
        UserError: it is not a .npz file, or its arrays have more bytes than ``largest``.
    """
    wrong, arrays = None, []
    try:
        file = np.load(path, mmap_mode="r", allow_pickle=False)
        if isinstance(file, np.ndarray):
            wrong = f"one array of shape {file.shape}, as numpy.save writes it"
        else:
            with file:
                wrong = _not_arrays(file.zip.infolist(), largest)
                arrays = [] if wrong else [file[name] for name in file.files]
                if not all(isinstance(array, np.ndarray) for array in arrays):
                    wrong = "what it holds is damaged"
    except Exception as error:  # numpy's are of a dozen kinds, down to MemoryError and SyntaxError
        wrong = reason(error)
    if wrong:
        raise UserError(f"{path}: not a .npz file of arrays ({wrong}); {keras_files.HOW}")
    return arrays


def _not_arrays(members, largest):
    """Return what a zip file with these members is; None if all are arrays of that size at most."""
    others = [member.filename for member in members if not member.filename.endswith(".npy")]
    if not others and sum(member.file_size for member in members) > largest:
        return "larger than that of a model like the run's can be"
    return f"a zip file with {shown(others[0])}" if others else None


def in_order(path, arrays, expected):
    """Return ({name: array}, what messages call them) of arrays in the order of get_weights().

    Raises:
        UserError: there are more or fewer than ``expected``, {name: shape}.
    """
    if len(arrays) != len(expected):
        raise UserError(
            f"{path}: {len(arrays)} arrays, but the run's model has {len(expected)}: "
            f"{', '.join(expected)}"
        )
    called = {name: f"{number} ({name})" for number, name in enumerate(expected)}
    return dict(zip(expected, arrays, strict=True)), called


def read(path, facts, expected):
    """Return {name: array} of the weights in a file of Keras, as float32.

    Args:
        path: of a .weights.h5, .keras or .npz file; its content says which.
        facts: about the run's model; ``expected``, {name: shape}, are its weights.

    Raises:
        UserError: there is no such file, it cannot be read, or it is that of another model.
    """
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file")
    called = {name: f"{keras_files.path_in_keras(name)} ({name})" for name in expected}
    with open(path, "rb") as stream:
        if stream.read(len(keras_files.HDF5)) == keras_files.HDF5:
            arrays = keras_files.read_weights(path, stream, expected)
        elif _is_keras(path):
            combination, keys = Combination.parse(facts["combination"]), ("units", "classes")
            sizes = {key: facts[key] for key in (*keys, "dense_units")}
            network = keras_files.layers_of_network(CELLS[facts["cell"]], combination, **sizes)
            arrays = keras_files.read_model(path, expected, network)
        else:
            arrays, called = in_order(path, read_npz(path, keras_files.largest(expected)), expected)
    return as_float32(path, arrays, expected, called)


def _is_keras(path):
    try:
        with zipfile.ZipFile(path) as file:
            return keras_files.WEIGHTS in file.namelist()
    except keras_files.DAMAGED_ZIP:
        return False


def main(options):
    """Convert the file that the options name to the format of the run's weights."""
    results, run = find_run(options)
    facts, shapes = weights.read_header(weights_of(results.run(run), options.weights))
    expected = {name: shapes[name] for name in facts["weights"]}
    arrays = read(options.file, facts, expected)
    with replacing(options.output) as temporary:
        temporary.write_bytes(save(arrays, {"model": json.dumps(facts)}))
    log.info("%s: wrote %d arrays to %s", options.file, len(arrays), options.output)
