"""Train a run again, in another folder, and compare what comes out with what was stored."""

from dataclasses import dataclass

import numpy as np

from tweetrnn.code import code_digest
from tweetrnn.errors import UserError
from tweetrnn.evaluation.predictions import by_set
from tweetrnn.files import read_json, read_parquet
from tweetrnn.results import RUN_FILES, SPLIT_ARRAYS, Results
from tweetrnn.training import weights
from tweetrnn.training.fit import choose_device, fit, provenance

# What a training writes that is the same each time on the same kind of machine.
SAME = ("parameters", "architecture", "history", "best", "last", "predictions")
# What decides, of what provenance.json holds, whether the same bytes can be expected.
KIND = ("processor", "device", "threads", "torch", "numpy", "safetensors")
# On another kind of machine sums are rounded otherwise, and training enlarges that.
MOST_OTHER_ANSWERS = 0.1  # of all: with more, it is no longer the same training


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
        return (
            f"{self.other_weights:,} of {self.all_weights:,} weights differ, by at most "
            f"{self.weights:.2g}, probabilities by at most {self.probabilities:.2g}; "
            f"{self.answers:,} of {self.tweets:,} answers differ"
        )


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
        other_weights=sum(np.count_nonzero(one != other) for one, other in pairs),
        all_weights=sum(one.size for one, _ in pairs),
        probabilities=max((_largest(*pair) for pair in answers), default=0.0),
        answers=sum(np.count_nonzero(p.argmax(1) != q.argmax(1)) for p, q in answers),
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
