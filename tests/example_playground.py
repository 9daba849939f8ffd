"""An invented playground: random models on a vocabulary that tries to be more than words."""

import numpy as np
import pyarrow as pa
from tweetrnn.grid import Combination
from tweetrnn.reporting import playground
from tweetrnn.training.models import build

HOSTILE_WORDS = ["</script><script>document.title='owned'</script>", "<!--", "\u2028", "__proto__"]
HOSTILE_WORDS += ["constructor", "<b>bold</b>", "&amp;", "\u202eturned", "'\"\\", "👩‍👩‍👧"]
COMBINATION = "rnn2-dense2-dropout1-reg0-lr1e-3"
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
):
    """Return the Playground of random models that agree with themselves; padding is a column."""
    width = len(words) + 1
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
            "count": counts or [1] * len(words),
            "id": pa.array(range(1, width), pa.int32()),
        }
    )
    split = {
        "labels": list(labels),
        "width": width,
        "padding_id": 0,
        "unknown_id": width,
        "sequence_length": 6,
        "padding": "left",
        "truncation": "left",
    }
    return playground.make({"tokenize": tokenize}, split, vocabulary, models, ids)
