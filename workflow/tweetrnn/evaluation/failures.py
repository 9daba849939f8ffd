"""How a cell's replicates fail: per-class scores, calibration, and what most of them get wrong.

Throughout, ``replicates`` is (replicates, N, classes) probabilities and ``labels`` is (N,) of class
ids.
"""

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_fscore_support

from tweetrnn.evaluation.comparison import Bin, Calibration, ClassScores, Failures, Mistake
from tweetrnn.evaluation.primary import spread
from tweetrnn.metrics import confusion

BINS = 10
KINDS = 30  # of mistakes that are shown


def per_class(replicates, labels, names):
    """Return {class name: ClassScores}, by scikit-learn; 0 where undefined."""
    scores = np.array(
        [
            precision_recall_fscore_support(
                labels, probabilities.argmax(axis=1), labels=range(len(names)), zero_division=0
            )
            for probabilities in replicates
        ]
    )  # (replicates, scores, classes)
    return {
        name: ClassScores(
            precision=spread(precision.tolist()),
            recall=spread(recall.tolist()),
            f1=spread(f1.tolist()),
            support=int(support[0]),
        )
        for name, (precision, recall, f1, support) in zip(names, scores.T, strict=True)
    }


def reliability(probabilities, labels, bins=BINS):
    """Return the Bins of one model's confidence, (N, classes) probabilities.

    The confidence is the predicted class's probability. Bins are equally wide, open below and
    closed above.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    edges = np.arange(bins + 1) / bins
    member = np.searchsorted(edges[1:-1], confidence, side="left")
    rows = []
    for number in range(bins):
        here = member == number
        low, high = edges[number : number + 2].tolist()
        row = Bin(low=low, high=high, tweets=int(here.sum()), confidence=None, accuracy=None)
        if row.tweets:
            row.confidence = float(confidence[here].mean())
            row.accuracy = float(right[here].mean())
        rows.append(row)
    return rows


def calibration_error(bins):
    """Return the expected calibration error of Bins.

    Their absolute gaps between accuracy and mean confidence, weighted by their tweets (Guo, Pleiss,
    Sun & Weinberger, "On calibration of modern neural networks", ICML 2017).
    """
    gaps = [row.tweets * abs(row.accuracy - row.confidence) for row in bins if row.tweets]
    return sum(gaps) / sum(row.tweets for row in bins)


def calibration(replicates, labels):
    """Return the Calibration."""
    of_each = [reliability(probabilities, labels) for probabilities in replicates]
    return Calibration(
        bins=reliability(
            replicates.reshape(-1, replicates.shape[2]), np.tile(labels, len(replicates))
        ),
        replicates=of_each,
        expected_calibration_error=spread([calibration_error(bins) for bins in of_each]),
        mean_confidence=spread(replicates.max(axis=2).mean(axis=1, dtype=np.float64).tolist()),
    )


def shared_mistakes(replicates, tweets, names, count):
    """Return the first ``count`` Mistakes of each of the most frequent KINDS, one of a group.

    A mistake is a tweet that more than half of the replicates give the same wrong class; its kind
    are the true and the predicted class. Kinds are in their order; of a kind come first those of
    most replicates, then of these the most confident, ties by row.

    Args:
        tweets: the TweetSet.
        names: the classes' names by id.
        count: of each kind.
    """
    predicted, confidence = replicates.argmax(axis=2), replicates.max(axis=2).astype(np.float64)
    # A class that has more than half of the votes is their median.
    guess = np.sort(predicted, axis=0)[len(replicates) // 2]
    agree = predicted == guess
    votes = agree.sum(axis=0)
    found = pd.DataFrame(
        {
            "true": tweets.labels,
            "guess": guess,
            "votes": votes,
            "sure": np.where(agree, confidence, 0).sum(axis=0) / votes,
            "row": np.arange(len(guess)),
            "group": tweets.groups,
        }
    )
    found = found[(guess != tweets.labels) & (2 * votes > len(replicates))]
    found = found.sort_values(["votes", "sure", "row"], ascending=[False, False, True])
    kind = ["true", "guess"]
    found = found.drop_duplicates([*kind, "group"])
    most = found.groupby(kind).size().nlargest(KINDS).index
    found = found[pd.MultiIndex.from_frame(found[kind]).isin(most)]
    found = found.groupby(kind).head(count).sort_values(kind, kind="stable")
    return [
        Mistake(
            true=names[row.true],
            predicted=names[row.guess],
            replicates=int(row.votes),
            confidence=float(row.sure),
            row=int(row.row),
            corpus_row=int(tweets.corpus_rows[row.row]),
        )
        for row in found.itertuples()
    ]


def failures(replicates, tweets, names, count):
    """Return the Failures of a cell.

    Args:
        tweets: the TweetSet.
        names: the classes' names by id.
        count: how many mistakes of each kind to show.
    """
    labels = tweets.labels
    return Failures(
        replicates=len(replicates),
        confusion=np.mean([confusion(p, labels) for p in replicates], axis=0).tolist(),
        per_class=per_class(replicates, labels, names),
        calibration=calibration(replicates, labels),
        mistakes=shared_mistakes(replicates, tweets, names, count),
    )
