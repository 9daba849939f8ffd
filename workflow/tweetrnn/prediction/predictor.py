"""Predict the class of texts with one model or several that vote."""

from dataclasses import dataclass

import numpy as np

from tweetrnn.data.encode import fixed_length
from tweetrnn.data.tokenizers import tokenize_text
from tweetrnn.data.values import encodable
from tweetrnn.errors import UserError
from tweetrnn.files import damaged, read_parquet
from tweetrnn.grid import Combination
from tweetrnn.prediction.fitting import as_float32
from tweetrnn.training import weights


class Encoder:
    """Turns texts into sequences of one-hot columns, with the functions that the stages use.

    ``settings`` and ``vocabulary`` are those of ModelFiles.
    """

    def __init__(self, settings, vocabulary):
        table = read_parquet(vocabulary, ["word", "id"])
        self.settings = settings
        # Word ids as encode assigns them, from 1 on; the last one stands for unknown words.
        self._ids = {word: n for n, word in enumerate(table["word"].to_pylist(), 1)}
        self._unknown = len(table) + 1
        self._columns = np.concatenate(
            [[settings["padding_id"]], table["id"].to_numpy(), [settings["unknown_id"]]]
        ).astype(np.int32)

    def encode(self, texts):
        """Return (sequences (N, T) int32, tokens (N,), unknown tokens (N,)) of N texts."""
        tokens = [tokenize_text(encodable(text), self.settings["tokenize"]) for text in texts]
        lengths = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
        id_of, unknown = self._ids.get, self._unknown
        words = np.fromiter(
            (id_of(word, unknown) for text_tokens in tokens for word in text_tokens),
            dtype=np.int64,
            count=lengths.sum(),
        )
        text_of_word = np.repeat(np.arange(len(tokens)), lengths)
        unknowns = np.bincount(text_of_word[words == unknown], minlength=len(tokens))
        rows = fixed_length(words, lengths, **self.settings["sequence"])
        return self._columns[rows], lengths, unknowns


def load_model(path, settings):
    """Return the Model with the weights in the file ``path``.

    Raises:
        UserError: the file is damaged, belongs to another vocabulary or other classes, or has
            other weights than the network that it describes.
    """
    import torch  # takes seconds, which a mistake in the input need not wait for

    from tweetrnn.training.models import build, layers_of, shapes_of

    facts, arrays = weights.read(path)
    if (facts["width"], facts["classes"]) != (settings["width"], len(settings["labels"])):
        raise damaged(
            path,
            f"made for {facts['width']} one-hot columns and {facts['classes']} classes, but the "
            f"vocabulary has {settings['width']} and there are {len(settings['labels'])} classes",
        )
    network = facts["cell"], Combination.parse(facts["combination"]), facts["width"]
    sizes = {key: facts[key] for key in ("classes", "units", "dense_units")}
    shapes = shapes_of(layers_of(*network, **sizes))
    if list(arrays) != list(shapes):  # before a network of these sizes is allocated
        raise UserError(
            f"{path}: its weights are {', '.join(arrays)}, but its network has "
            f"{', '.join(shapes)}; train or export the run again"
        )
    arrays = as_float32(path, arrays, shapes)
    others = {key: facts[key] for key in ("dropout_rate", "l2")}
    model = build(*network, **sizes, **others, padding_id=settings["padding_id"])
    model.load({name: torch.from_numpy(array) for name, array in arrays.items()})
    return model


@dataclass
class Prediction:
    """What models predict for N texts.

    ``probabilities`` (N, classes) are the mean over the models, ``classes`` (N,) the predicted
    ones, ``votes`` (N,) the number of models that predict them; ``tokens`` and ``unknowns`` (N,)
    are the numbers of words and of words that are not in the vocabulary. For a text without
    tokens the prediction means nothing: the training set contains no such tweets.
    """

    probabilities: np.ndarray
    classes: np.ndarray
    votes: np.ndarray
    tokens: np.ndarray
    unknowns: np.ndarray


def majority(probabilities):
    """Return (classes (N,), votes (N,)) of models' probabilities (models, N, classes).

    The class with most votes wins; a tie goes to the highest mean probability, then to the first.
    """
    mean, size = probabilities.mean(axis=0), probabilities.shape[2]
    votes = (probabilities.argmax(axis=2)[..., None] == np.arange(size)).sum(axis=0)
    most = votes.max(axis=1)
    classes = np.where(votes == most[:, None], mean, -1).argmax(axis=1)
    return classes, most


class Predictor:
    """Loads ModelFiles: an encoder, and the models that vote."""

    def __init__(self, files):
        import torch

        from tweetrnn.training import loop

        torch.set_num_threads(1)  # as in training: a step is too small to share
        self.encoder = Encoder(files.settings, files.vocabulary)
        self._models = [load_model(path, files.settings) for path in files.weights.values()]
        self._loop = loop

    def predict(self, texts):
        """Return the Prediction of a list of texts."""
        ids, tokens, unknowns = self.encoder.encode(texts)
        examples = self._loop.Examples(ids, np.zeros(len(ids), dtype=np.int32))
        probabilities = np.stack(
            [np.exp(self._loop.predict(model, examples)) for model in self._models]
        )
        classes, votes = majority(probabilities.astype(np.float64))
        return Prediction(probabilities.mean(axis=0), classes, votes, tokens, unknowns)
