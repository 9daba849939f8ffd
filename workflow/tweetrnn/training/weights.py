"""Read a trained run's weights."""

import contextlib
import json

from safetensors import SafetensorError, safe_open

from tweetrnn.files import damaged

KINDS = ("F16", "F32", "F64")  # of numbers; numpy knows none of the other floating-point ones


def read(path):
    """Return (facts about the model, {name: array} in Keras's order) of a weights file.

    Raises:
        UserError: the file is damaged, or was not written by this pipeline.
    """
    with _opened(path) as (facts, file):
        return facts, {name: file.get_tensor(name) for name in facts["weights"]}


def read_header(path):
    """Return (facts about the model, {name: shape}) of a weights file, without its arrays.

    Raises:
        UserError: as ``read``.
    """
    with _opened(path) as (facts, file):
        names = file.keys()
        return facts, {name: tuple(file.get_slice(name).get_shape()) for name in names}


@contextlib.contextmanager
def _opened(path):
    try:
        with safe_open(path, "numpy") as file:
            for name in file.keys():  # noqa: SIM118 (it is no dict)
                if (kind := file.get_slice(name).get_dtype()) not in KINDS:
                    raise ValueError(f"array {name} contains {kind}, expected F16, F32 or F64")
            yield json.loads((file.metadata() or {})["model"]), file
    except UnicodeEncodeError:  # of the path
        raise
    except KeyError as error:
        raise damaged(path, f"it lacks {error}") from None
    except (SafetensorError, ValueError, TypeError, RecursionError) as error:
        raise damaged(path, error) from None
