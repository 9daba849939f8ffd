"""Read the files in which Keras 3 saves a model: ``.weights.h5`` and ``.keras``.

Both have the weights as HDF5 under paths such as ``layers/lstm_1/cell/vars/0``, which do not depend
on the names that a user gave to layers; ``.keras``, a zip file, has the layers' settings, too.
"""

import io
import json
import lzma
import math
import re
import zipfile
import zlib

from tweetrnn.errors import UserError, reason
from tweetrnn.wording import quoted, shown

WEIGHTS, CONFIG = "model.weights.h5", "config.json"  # in a .keras file
# What a damaged zip file may raise; RuntimeError: it is encrypted, or compressed in an unknown way.
DAMAGED_ZIP = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(OSError, EOFError, ValueError, RuntimeError),
)
SAVED = "a model saved by Keras (.keras)"
HDF5 = b"\x89HDF\r\n\x1a\n"
ORDER = ("kernel", "recurrent_kernel", "bias")  # of a recurrent layer's weights; a dense has two
# The settings of Keras's layers that the networks here depend on.
_EACH = {"activation": "tanh", "use_bias": True, "go_backwards": False, "stateful": False}
RECURRENT = {
    "SimpleRNN": _EACH,
    "LSTM": {**_EACH, "recurrent_activation": "sigmoid"},
    "GRU": {**_EACH, "recurrent_activation": "sigmoid", "reset_after": True},
}
HOW = (
    "write it with numpy.savez(file, *model.get_weights()) or, in Keras 3, "
    "model.save_weights('NAME.weights.h5')"
)
NO_EFFECT = {"InputLayer", "Dropout"}  # on a prediction


def path_in_keras(name):
    """Return where Keras stores a weight: lstm_1/kernel is layers/lstm_1/cell/vars/0."""
    part, _, weight = name.rpartition("/")
    if part.partition("_")[0] == "dense":
        return f"layers/{part}/vars/{('kernel', 'bias').index(weight)}"
    part = re.sub(r"/(forward|backward)_\w+$", r"/\1_layer", part)
    return f"layers/{part}/cell/vars/{ORDER.index(weight)}"


def read_weights(path, stream, expected):
    """Return {name: array} of the weights in an HDF5 file of Keras.

    Args:
        path: for messages.
        stream: the file, open for reading bytes.
        expected: {name: shape} of the network's weights.

    Raises:
        UserError: it is no such file, is damaged, or has other layers than the network.
    """
    import h5py  # only for such files

    try:
        with h5py.File(stream, "r") as file:
            return _read(path, file, expected)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        kind = "HDF5, as Keras saves weights, but damaged"
        raise UserError(f"{path}: {kind} ({reason(error)}); {HOW}") from None


def _read(path, file, expected):
    found, paths = _datasets(file), {name: path_in_keras(name) for name in expected}
    if not any(place.startswith("layers/") for place in found):
        raise UserError(
            f"{path}: HDF5, but without the layers of a Sequential or functional model of Keras 3 "
            f"(it contains {quoted(list(file)) or 'nothing'}); {HOW}"
        )
    _check_layers(path, found, set(paths.values()))
    arrays = {}
    for name, place in paths.items():
        dataset, shape = found[place], tuple(expected[name])
        if dataset.shape != shape:
            raise UserError(
                f"{path}: array {place} ({name}) has the shape {dataset.shape}, expected {shape}"
            )
        if dataset.external or dataset.is_virtual:
            raise UserError(f"{path}: array {place} is in another file; {HOW}")
        arrays[name] = dataset[()]
    return arrays


def _datasets(file):
    """Return {path: dataset} of the model's arrays; links are not followed."""
    import h5py

    found = {}

    def keep(name, item):
        if isinstance(item, h5py.Dataset) and not name.startswith("optimizer/"):
            found[name] = item

    file.visititems(keep)
    return found


def _check_layers(path, found, expected):
    """Raise UserError, which names the layers, unless there is each expected array and no other."""
    missing, further = sorted(expected - set(found)), sorted(set(found) - expected)
    if missing or further:
        mistakes = [f"it lacks {quoted(missing)}"] if missing else []
        if further:
            shapes = ", ".join(f"{shown(place)} {found[place].shape}" for place in further[:20])
            mistakes.append(f"it has {shapes}, which the run's network does not have")
        raise UserError(
            f"{path}: other layers than the run's network, {_layers(expected)}: "
            f"{'; '.join(mistakes)}; choose the run whose network is the same"
        )


def _layers(places):
    """Return the layers of Keras's paths for a message."""
    return ", ".join(sorted({place.split("/")[1] for place in places}))


def largest(expected):
    """Return how many bytes a file with weights of these shapes, {name: shape}, has at most."""
    # 8 for each weight, its two moments and its gradient; 16 MB for everything else
    return 2**24 + 32 * sum(map(math.prod, expected.values()))


def read_model(path, expected, network):
    """Return {name: array} of the weights in a .keras file, whose layers must be the network's.

    Args:
        path: of the file.
        expected: {name: shape} of the network's weights.
        network: the network's layers, as ``layers_of_network`` returns them.

    Raises:
        UserError: it is damaged, or has other layers or settings than the network.
    """
    try:
        with zipfile.ZipFile(path) as file:
            for name in (WEIGHTS, CONFIG):
                if file.getinfo(name).file_size > largest(expected):
                    raise UserError(
                        f"{path}: {SAVED}, but its {name} is larger than that of a model like the "
                        "run's can be; choose the run whose network is the same"
                    )
            config, content = file.read(CONFIG), file.read(WEIGHTS)
    except KeyError as error:
        raise UserError(f"{path}: {SAVED}, but incomplete ({error.args[0]}); {HOW}") from None
    except DAMAGED_ZIP as error:
        raise UserError(f"{path}: {SAVED}, but damaged ({reason(error)}); {HOW}") from None
    compare(path, layers_of_file(path, config), network)
    return read_weights(path, io.BytesIO(content), expected)


def layers_of_file(path, config):
    """Return the layers that affect a prediction, as dicts of settings; ``config`` is JSON.

    Raises:
        UserError: it is not that of a Sequential or functional model with one output.
    """
    try:
        model = json.loads(config)
        if model["class_name"] not in ("Sequential", "Functional"):
            raise ValueError(f"a model of the class {shown(str(model['class_name']))}")
        # of one output [NAME, 0, 0], of several a list of such lists, or a dict
        output, *_ = model["config"].get("output_layers", ["the last layer"])
        if not isinstance(output, str):
            raise ValueError("a model with several outputs, or with names for them")
        layers = model["config"]["layers"]
        return [_settings(layer) for layer in layers if layer["class_name"] not in NO_EFFECT]
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        wrong = "its values are of other types"
        if isinstance(error, KeyError | ValueError):
            wrong = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise UserError(
            f"{path}: {SAVED}, but its {CONFIG} is not that of a Sequential or functional model "
            f"with one output ({wrong}); {HOW}"
        ) from None


def _settings(layer):
    """Return a layer's settings with its class, those of wrapped layers side by side with them."""
    config = layer["config"]
    settings = {"name": config["name"], "class": layer["class_name"], **config}
    if layer["class_name"] == "Bidirectional":
        for way in ("layer", "backward_layer"):
            wrapped = config[way]
            settings |= {f"{way}.class": wrapped["class_name"]}
            settings |= {f"{way}.{key}": value for key, value in wrapped["config"].items()}
    return settings


def layers_of_network(cell, combination, dense_units, units, classes):
    """Return a network's layers as Keras's settings, a dict each; ``cell`` is a Cell's class."""
    recurrent = []
    for number in range(combination.recurrent_layers):
        part = cell.both_directions or cell
        settings = RECURRENT.get(part.kind, {}) | {"units": units}
        settings["return_sequences"] = number < combination.recurrent_layers - 1
        if cell.both_directions:
            back = {**settings, "class": part.kind, "go_backwards": True}
            ways = {"layer": {**settings, "class": part.kind}, "backward_layer": back}
            settings = {f"{way}.{key}": ways[way][key] for way in ways for key in ways[way]}
            settings["merge_mode"] = "concat"
        recurrent.append({"class": cell.kind, **settings})
    hidden = [("relu", count) for count in dense_units]
    dense = [
        {"class": "Dense", "units": count, "activation": activation, "use_bias": True}
        for activation, count in [*hidden, ("softmax", classes)]
    ]
    return recurrent + dense


def compare(path, layers, network):
    """Raise UserError where the layers of a file first differ from a network's."""
    kinds, expected = ([layer["class"] for layer in side] for side in (layers, network))
    if kinds != expected:
        raise UserError(
            f"{path}: its layers are {quoted(kinds) or 'none'} (without dropout), but the run's "
            f"network has {quoted(expected)}; choose the run whose network is the same"
        )
    for number, (layer, settings) in enumerate(zip(layers, network, strict=True), 1):
        for key, value in settings.items():
            if layer.get(key) != value:
                raise UserError(
                    f"{path}: layer {number} ({shown(str(layer['name']))}) has the {key} "
                    f"{repr(layer.get(key))[:80]}, expected {value!r} as in the run's network"
                )
