"""Train a run again, in another folder, and compare what comes out with what was stored."""

from dataclasses import dataclass

import numpy as np
import torch

from tweetrnn.code import code_digest
from tweetrnn.errors import UserError
from tweetrnn.evaluation.predictions import by_set
from tweetrnn.files import read_json, read_parquet
from tweetrnn.grid import Combination
from tweetrnn.results import RUN_FILES, SPLIT_ARRAYS, Results
from tweetrnn.training import loop, weights
from tweetrnn.training.fit import choose_device, fit, provenance, read_set
from tweetrnn.training.models import build

# What a training writes that is the same each time on the same kind of machine.
SAME = ("parameters", "architecture", "history", "best", "last", "predictions")
# What decides, of what provenance.json holds, whether the same bytes can be expected.
KIND = ("processor", "device", "threads", "torch", "numpy", "safetensors")
# On another kind of machine sums are rounded otherwise, and training enlarges that: with a
# processor's widest instructions turned off, a SimpleRNN gave 1.9 % of the real tweets another
# class. With more than this share of other answers it is no longer the same training.
MOST_OTHER_ANSWERS = 0.1
ROUNDING = 1e-4  # of a probability, where nothing is trained


@dataclass(frozen=True)
class Distance:
    """How far a training is from the stored one."""

    weights: float  # the largest difference of a weight
    other_weights: int  # how many differ at all
    all_weights: int
    probabilities: float  # the largest difference of a probability
    answers: int  # tweets that get another class
    tweets: int

    @property
    def too_far(self):
        """Whether it is another training, whatever the machine."""
        return self.answers > MOST_OTHER_ANSWERS * self.tweets

    def in_words(self):
        """Return it for a line of the output."""
        weights = "the weights are the same"
        if self.other_weights:
            weights = (
                f"{self.other_weights:,} of {self.all_weights:,} weights differ, by at most "
                f"{self.weights:.2g}"
            )
        return f"{weights}; {answers_in_words(self.probabilities, self.answers, self.tweets)}"


def answers_in_words(probabilities, answers, tweets):
    """Return how far answers are from the stored ones.

    Args:
        probabilities: the largest difference of a probability; None where none are stored.
        answers: how many of the ``tweets`` get another class.
    """
    differ = f"{answers:,} of {tweets:,} answers differ"
    if probabilities is None:
        return differ
    if not probabilities:
        return "the probabilities are the same"
    return f"probabilities differ by at most {probabilities:.2g}, {differ}"


def provenance_here(config):
    """Return what provenance.json of a training with this config would hold here, a dict."""
    training = config["training"]
    return provenance(
        code_digest("training.fit"), choose_device(training["device"]), training["threads"]
    )


def other_kind(recorded, here):
    """Return how the machine and versions differ, as texts; none where bytes must agree."""
    return [
        f"{key} {recorded.get(key)}, here {here[key]}"
        for key in KIND
        if recorded.get(key) != here[key]
    ]


def other_code(recorded, here):
    """Return how to say that other code has trained, for the end of a message; else nothing."""
    if recorded.get("code") == here["code"]:
        return ""
    return (
        f"; it was trained by other code ({recorded.get('code')}, here {here['code']}): verify it "
        "with the commit that the report names"
    )


def train_again(training, split, folder):
    """Train a Training again with the code of this program; return its RunResults below ``folder``.

    Args:
        training: the Training.
        split: the Results with the split's arrays and facts.
        folder: a temporary folder.

    Raises:
        UserError: an input is absent or damaged.
    """
    paths = Results(folder).run(training.run)
    fit(
        training.run,
        training.config,
        split.paths(SPLIT_ARRAYS),
        split.split_facts,
        {name: getattr(paths, name) for name in RUN_FILES},
        checkpoint=paths.checkpoint / "checkpoint.safetensors",
        on_divergence="record",
        code_digest=code_digest("training.fit"),
    )
    return paths


def without_training(training, split, stored):
    """Return the largest difference of a stored probability from what the stored weights give.

    This is the same training on any machine, so that only rounding may differ.

    Args:
        training: the Training.
        split: the Results with the split's arrays and facts.
        stored: the RunResults.

    Raises:
        UserError: a file is absent or damaged.
    """
    run, facts = training.run, read_json(split.split_facts)
    shape, settings = (facts["width"], len(facts["labels"])), training.config["model"]
    combination = Combination.parse(run.combination)
    model = build(run.cell, combination, *shape, padding_id=facts["padding_id"], **settings)
    best = weights.read(stored.best)[1]
    model.load({name: torch.from_numpy(array) for name, array in best.items()})
    predictions, largest = by_set(read_parquet(stored.predictions)), 0.0
    for name, (p, _) in predictions.items():
        examples = read_set(name, split.paths(SPLIT_ARRAYS), facts["sha256"])
        largest = max(largest, _largest(np.exp(loop.predict(model, examples)), p))
    return largest


def different_files(stored, again):
    """Return the names of the files of SAME that differ, and of those that are absent."""
    return [name for name in SAME if _content(stored, name) != _content(again, name)]


def different_settings(stored, again):
    """Return what differs that no machine changes: layers, and the settings by their keys."""
    ours, theirs = (_settings(paths) for paths in (stored, again))
    keys = [key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)]
    return keys + ["architecture"] * ("architecture" in different_files(stored, again))


def _settings(paths):
    outcome = ("status", "best_epoch", "sha256")
    return {key: of for key, of in read_json(paths.parameters).items() if key not in outcome}


def _content(paths, name):
    try:
        return getattr(paths, name).read_bytes()
    except FileNotFoundError:
        return None


def distance(stored, again):
    """Return the Distance of two runs' files; None where they cannot be compared.

    That is where a file cannot be read, or has other weights or tweets.
    """
    try:
        weights_of = [_weights(paths) for paths in (stored, again)]
        predictions = [by_set(read_parquet(paths.predictions)) for paths in (stored, again)]
        return _distance(weights_of, predictions)
    except (UserError, ValueError, KeyError, TypeError):
        return None


def _weights(paths):
    """Return {name: array} of all stored weights of a run."""
    return {
        f"{which}/{name}": array
        for which in ("best", "last")
        for name, array in weights.read(getattr(paths, which))[1].items()
    }


def _distance(weights_of, predictions):
    pairs = _pairs(*weights_of)
    answers = [(ours[0], theirs[0]) for ours, theirs in _pairs(*predictions)]
    if any(one.shape != other.shape for one, other in [*pairs, *answers]):
        raise ValueError("other shapes")
    return Distance(
        weights=max(_largest(*pair) for pair in pairs),
        other_weights=sum(int(np.count_nonzero(one != other)) for one, other in pairs),
        all_weights=sum(one.size for one, _ in pairs),
        probabilities=max((_largest(*pair) for pair in answers), default=0.0),
        answers=sum(int(np.count_nonzero(p.argmax(1) != q.argmax(1))) for p, q in answers),
        tweets=sum(len(p) for p, _ in answers),
    )


def _pairs(ours, theirs):
    """Return the values of two dicts with the same keys, in pairs."""
    if ours.keys() != theirs.keys():
        raise KeyError(*(ours.keys() ^ theirs.keys()))
    return [(ours[name], theirs[name]) for name in ours]


def _largest(one, other):
    with np.errstate(invalid="ignore"):  # infinities, of a diverged training
        return float(np.abs(one.astype(np.float64) - other).max(initial=0.0))
