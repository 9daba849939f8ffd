"""What turns tweets into probabilities: weights, a vocabulary, and how training read its tweets.

It comes from an experiment's results or from a folder that ``export`` made; both give the same
settings, a dict: ``tokenize`` (the config's section), ``sequence`` (length, padding, truncation),
``padding_id``, ``unknown_id`` and ``width`` (the split's), ``labels``, ``text_column``.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tweetrnn.data.corpus import encodable
from tweetrnn.data.encode import fixed_length
from tweetrnn.data.tokenizers import tokenize_text
from tweetrnn.errors import UserError
from tweetrnn.files import check_digest, damaged, read_json, read_parquet
from tweetrnn.grid import Combination
from tweetrnn.training import weights

# What an exported folder holds beside its README.md.
SETTINGS, WEIGHTS, VOCABULARY = "config.json", "weights.safetensors", "vocabulary.parquet"


def unfinished(results):
    """Return the UserError for results that lack what a prediction needs."""
    return UserError(
        f"{results}: no finished experiment there; run the workflow first (make run), name another "
        "one (--configfile), a run that is trained (--run) or a folder made by export (--model)"
    )


def settings_of_results(results):
    """Return (settings, the vocabulary's path) of an experiment's results.

    Raises:
        UserError: the experiment has no split yet, or its files are not of one run of its stages.
    """
    path, divided = results.token_facts, results.split_facts
    if not path.is_file() or not divided.is_file():
        raise unfinished(results)
    tokenized, split = read_json(path), read_json(divided)
    if "tokenize" not in tokenized or tokenized["tweets_sha256"] != split["sha256"]["tweets"]:
        raise UserError(f"{path}: not of the same run as the split; run the workflow again")
    vocabulary = results.vocabulary
    check_digest(vocabulary, split["sha256"]["vocabulary"])
    return {
        "tokenize": tokenized["tokenize"],
        "sequence": {
            "length": split["sequence_length"],
            "padding": split["padding"],
            "truncation": split["truncation"],
        },
        **{key: split[key] for key in ("padding_id", "unknown_id", "width", "labels")},
        "text_column": tokenized["text_column"],
    }, vocabulary


def settings_of_folder(folder):
    """Return (settings, the vocabulary's path, the weights' path) of an exported folder.

    Raises:
        UserError: it is none, or a file in it was damaged.
    """
    path = Path(folder, SETTINGS)
    if not path.is_file():
        raise UserError(
            f"{folder}: holds no {SETTINGS}; expected a folder made by: "
            "python -m tweetrnn export RUN DIR"
        )
    settings = read_json(path)
    if not isinstance(settings, dict) or "sha256" not in settings:
        raise damaged(path, "it is not what export writes")
    for name, digest in settings["sha256"].items():
        check_digest(Path(folder, name), digest)
    return settings, Path(folder, VOCABULARY), Path(folder, WEIGHTS)


class Encoder:
    """Turns texts into sequences of one-hot columns, with the functions that the stages use.

    Args:
        settings: as above.
        vocabulary: the Parquet file that split wrote.
    """

    def __init__(self, settings, vocabulary):
        table = read_parquet(vocabulary, ["word", "id"])
        self.settings = settings
        # Encode's ids with the vocabulary as the dictionary; one more stands for unknown words.
        self._number = {word: n for n, word in enumerate(table["word"].to_pylist(), 1)}
        self._unknown = len(table) + 1
        self._columns = np.concatenate(
            [[settings["padding_id"]], table["id"].to_numpy(), [settings["unknown_id"]]]
        ).astype(np.int32)

    def encode(self, texts):
        """Return (sequences (N, T) int32, tokens (N,), unknown tokens (N,)) of N texts."""
        tokens = [tokenize_text(encodable(text), self.settings["tokenize"]) for text in texts]
        lengths = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
        number, unknown = self._number.get, self._unknown
        words = np.fromiter(
            (number(word, unknown) for found in tokens for word in found),
            dtype=np.int64,
            count=lengths.sum(),
        )
        text_of_word = np.repeat(np.arange(len(tokens)), lengths)
        unknowns = np.bincount(text_of_word[words == unknown], minlength=len(tokens))
        sequence = self.settings["sequence"]
        rows = fixed_length(
            words, lengths, sequence["length"], sequence["padding"], sequence["truncation"]
        )
        return self._columns[rows], lengths, unknowns


def load_model(path, settings):
    """Return the Model whose weights lie at ``path``.

    Raises:
        UserError: the weights are damaged, or belong to another vocabulary or other classes.
    """
    import torch  # costs seconds, which a mistake in the input need not wait for

    from tweetrnn.training.models import build

    facts, arrays = weights.read(path)
    if (facts["width"], facts["classes"]) != (settings["width"], len(settings["labels"])):
        raise UserError(
            f"{path}: made for {facts['width']} one-hot columns and {facts['classes']} classes, "
            f"but the vocabulary has {settings['width']} and there are {len(settings['labels'])} "
            "classes; run the workflow again"
        )
    shared = {key: facts[key] for key in ("units", "dense_units", "dropout_rate", "l2")}
    combination = Combination.parse(facts["combination"])
    model = build(facts["cell"], combination, facts["width"], facts["classes"], **shared)
    model.load({name: torch.from_numpy(array) for name, array in arrays.items()})
    return model


@dataclass
class Prediction:
    """What is said of N texts.

    ``probabilities`` (N, classes), the mean over the models; ``classes`` (N,), the ids of the
    answers; ``votes`` (N,), how many models gave them; ``tokens`` and ``unknowns`` (N,), how many
    words there are, and how many of them the vocabulary lacks. What is said of a text without
    tokens means nothing: training dropped those.
    """

    probabilities: np.ndarray
    classes: np.ndarray
    votes: np.ndarray
    tokens: np.ndarray
    unknowns: np.ndarray


def majority(probabilities):
    """Return (classes (N,), votes (N,)) of models' probabilities (models, N, classes).

    Most votes win; among equals the highest mean probability, then the first class.
    """
    mean, size = probabilities.mean(axis=0), probabilities.shape[2]
    votes = (probabilities.argmax(axis=2)[..., None] == np.arange(size)).sum(axis=0)
    most = votes.max(axis=1)
    classes = np.where(votes == most[:, None], mean, -1).argmax(axis=1)
    return classes, most


class Predictor:
    """An encoder and the models that vote.

    Args:
        settings, vocabulary: as of ``Encoder``.
        paths: of the weights of one model or of several.
    """

    def __init__(self, settings, vocabulary, paths):
        import torch

        from tweetrnn.training import loop

        torch.set_num_threads(1)  # as in training: a step is too small to share
        self.encoder = Encoder(settings, vocabulary)
        self._models = [load_model(path, settings) for path in paths]
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
