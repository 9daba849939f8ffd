"""An invented playground: random models on a vocabulary that tries to be more than words."""

import numpy as np
import pyarrow as pa
from tweetrnn.grid import Combination
from tweetrnn.reporting import playground
from tweetrnn.training.models import build

HOSTILE_WORDS = ["</script><script>document.title='owned'</script>", "<!--", "\u2028", "__proto__"]
HOSTILE_WORDS += ["constructor", "<b>bold</b>", "&amp;", "\u202eturned", "'\"\\", "👩‍👩‍👧"]
COMBINATION = "rnn2-dense2-dropout1-reg0-lr1e-3"
SHOWN = "@shown"  # the handle that is no secret
TOKENIZE = {"tokens": "tweet", "fold_case": True, "unescape_entities": True}


def example_arrays(cell, width, classes=3, seed=1, combination=COMBINATION, **settings):
    """Return a fresh model's weights by name, as float32 arrays."""
    model = build(cell, Combination.parse(combination), width, classes, seed=seed, **settings)
    return {name: weight.numpy().copy() for name, weight in model.weights().items()}


def example_playground(
    cells=("SimpleRNN", "LSTM"),
    words=HOSTILE_WORDS,
    labels=("<b>bad</b>", "so|so", "`good`"),
    tokenize=TOKENIZE,
    counts=None,
    tokens=None,
    unknown="zeros",
):
    """Return the Playground of random models that agree with themselves; padding is a column.

    Args:
        counts: how often the words occur, in descending order.
        tokens: how many there are in the training set, known and unknown.
        unknown: whether unknown words are a "column" after padding's.
    """
    special = 2 if unknown == "column" else 1
    width, counts = len(words) + special, counts or [1] * len(words)
    models = []
    ids = np.random.default_rng(1).integers(0, width + 1, (40, 6))
    for cell in cells:
        known = cell if cell in playground.STEPS else "LSTM"
        arrays = example_arrays(known, width, len(labels))
        stored = playground.probabilities(known, playground.layers_of(arrays), ids)
        models.append((cell, COMBINATION, arrays, stored))
    vocabulary = pa.table(
        {
            "word": words,
            "count": counts,
            "id": pa.array(range(special, width), pa.int32()),
        }
    )
    split = {
        "labels": list(labels),
        "width": width,
        "padding_id": 0,
        "unknown_id": 1 if unknown == "column" else width,
        "sequence_length": 6,
        "padding": "left",
        "truncation": "left",
        "fit_on": "train",
        "parts": {"train": {"tokens": tokens or sum(counts)}},
    }
    config = {
        "grid": {"cell": list(cells)},
        "tokenize": tokenize,
        "report": {"show_handles": [SHOWN]},
    }
    return playground.make(config, split, vocabulary, models, ids)
