"""What the reference report published: its top three of each cell, and its claims.

The figures are its average validation accuracies; whether they are categorical accuracies of two
classes or binary accuracies of three it does not say, so they stand beside both.
"""

from tweetrnn.grid import Combination

# (combination, published average validation accuracy), best first.
ACCURACIES = {
    "SimpleRNN": [
        (Combination(2, 2, False, True, 1e-3), 0.876),
        (Combination(2, 3, False, False, 1e-3), 0.862),
        (Combination(1, 2, True, True, 1e-3), 0.857),
    ],
    "LSTM": [
        (Combination(2, 2, False, False, 1e-3), 0.876),
        (Combination(2, 2, False, True, 1e-3), 0.869),
        (Combination(1, 2, False, True, 1e-3), 0.868),
    ],
}

# The epoch, "about", after which training and validation curves part.
DIVERGENCE = {"SimpleRNN": 2, "LSTM": 4}
