"""Write a trained run's weights for Keras, in the order of a model's ``get_weights()``.

In Python: ``model.set_weights([f[name] for name in f.files])`` with ``f = numpy.load(FILE)``.
"""

import logging

import numpy as np

from tweetrnn import weights
from tweetrnn.files import replacing

log = logging.getLogger("tweetrnn")


def add_arguments(parser):
    """Add this command's options."""
    weights.add_run_arguments(parser)
    parser.add_argument("--keras", required=True, metavar="FILE", help="to write (.npz)")


def main(options):
    """Write the arrays."""
    facts, arrays = weights.read(weights.find(options))
    with replacing(options.keras) as beside, beside.open("wb") as stream:
        np.savez(stream, *arrays.values())
    log.info(
        "%s %s: %d arrays to %s", facts["cell"], facts["combination"], len(arrays), options.keras
    )
