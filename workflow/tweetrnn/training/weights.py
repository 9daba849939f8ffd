"""Read a trained run's weights."""

import json

from safetensors import SafetensorError, safe_open

from tweetrnn.files import damaged


def read(path):
    """Return (facts about the model, {name: array} in Keras's order) of a weights file.

    Raises:
        UserError: the file is damaged, or was not written by this pipeline.
    """
    try:
        with safe_open(path, "numpy") as file:
            facts = json.loads((file.metadata() or {})["model"])
            return facts, {name: file.get_tensor(name) for name in facts["weights"]}
    except (SafetensorError, KeyError, ValueError) as error:
        raise damaged(path, error) from None
