"""Which replicates have collapsed: whatever they read, they give (nearly) the same answer."""

import numpy as np

from tweetrnn.evaluation.comparison import Collapsed

SHARE = 0.99  # of the tweets that one class gets, at least


def collapsed(replicates, names):
    """Return a Collapsed for each replicate that gives one class to at least SHARE of the tweets.

    Args:
        replicates: {replicate: (N, classes) probabilities}.
        names: the classes' names by id.
    """
    answers = {number: p.argmax(axis=1) for number, p in replicates.items()}
    return collapsed_answers(answers, names)


def collapsed_answers(replicates, names):
    """Return what ``collapsed`` does; ``replicates`` are {replicate: (N,) class ids}."""
    found = []
    for number, answers in replicates.items():
        shares = np.bincount(answers) / len(answers)
        answer = int(shares.argmax())
        if shares[answer] >= SHARE:
            share = float(shares[answer])
            found.append(Collapsed(replicate=number, answer=names[answer], share=share))
    return found
