"""What other splits and other training sets show."""

from tweetrnn.names import SPLIT_KINDS, model_label
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.figures.robustness import oriented
from tweetrnn.wording import listed


def blocks(experiment):
    """Return the section's blocks; none where the config asks for no other splits."""
    robustness = experiment.robustness
    if robustness is None:
        return []
    found = []
    if robustness.pairs:
        found += [
            doc.Paragraph(ahead(experiment), "finding"),
            doc.Paragraph(method(robustness)),
            pairs_table(experiment),
            doc.Paragraph(
                "How far the accuracies themselves move: the mean over these splits minus the "
                "accuracy on the experiment's own split."
            ),
            levels_table(robustness),
            splits_table(experiment),
        ]
    if robustness.sizes:
        found += [doc.Paragraph(crossing(experiment), "finding"), sizes_table(robustness)]
    return found


def ahead(experiment):
    """Return on how many of the other splits the headline's better cell is ahead."""
    counts = {}
    for pair in experiment.robustness.pairs:
        better, other, sign = oriented(experiment, pair)
        found = counts.setdefault((better, other), [0, 0])
        found[0] += sum(sign * value > 0 for value in pair.differences)
        found[1] += len(pair.differences)
    return " ".join(
        f"{better} was ahead of {other} on {count} of {total} other splits of the same tweets."
        for (better, other), (count, total) in counts.items()
    )


def method(robustness):
    """Return how the other splits were made and what they can show."""
    text = (
        "The selected combinations were trained again on other splits. Random splits share most of "
        "their training tweets, so their interval is that of the corrected resampled t-test "
        "(Nadeau and Bengio, 2003). The probability is the share of splits on which the first cell "
        "is ahead (Bouthillier and others, 2021), with its exact interval. "
    )
    if any(pair.kind != "reselect" for pair in robustness.pairs):
        text += (
            "The combinations were selected on tweets that are in some of these test sets; "
            "repeating the whole experiment (robustness.reselect) avoids that. "
        )
    return text + f"Accuracies are those on each split's {robustness.part} set."


def pairs_table(experiment):
    """Return the differences by kind of split."""
    rows = []
    for pair in experiment.robustness.pairs:
        better, other, sign = oriented(experiment, pair)
        low, high = pair.probability_interval
        wins = pair.first_ahead
        if sign < 0:
            low, high = 1 - high, 1 - low
            wins = len(pair.splits) - pair.first_ahead - pair.equal
        rows.append(
            {
                "kind": SPLIT_KINDS[pair.kind],
                "cells": f"{better} {doc.MINUS} {other}",
                "splits": len(pair.splits),
                "difference": sign * pair.mean,
                "interval": sorted(sign * end for end in pair.interval) if pair.interval else None,
                "ahead": wins,
                "probability": pair.probability if sign > 0 else 1 - pair.probability,
                "probability_interval": [low, high],
            }
        )
    columns = [
        *doc.columns(kind="splits", cells="cells"),
        *doc.columns(doc.whole, splits="number"),
        *doc.columns(doc.signed_points, difference="difference, points"),
        *doc.columns(doc.points_between, interval="95 % interval"),
        *doc.columns(doc.whole, ahead="first ahead"),
        *doc.columns(doc.share, probability="probability"),
        *doc.columns(doc.between, probability_interval="95 % interval"),
    ]
    return doc.Table("robustness", "The difference of the cells on other splits", columns, rows)


def levels_table(robustness):
    """Return how far accuracies move, by kind of split and model."""
    models = list(dict.fromkeys(level.model for level in robustness.levels))
    rows = {}
    for level in robustness.levels:
        row = rows.setdefault(level.kind, {"kind": SPLIT_KINDS[level.kind], "splits": level.splits})
        row[level.model] = level.change
    columns = [
        *doc.columns(kind="splits"),
        *doc.columns(doc.whole, splits="number"),
        *doc.columns(doc.signed_points, **{model: model_label(model) for model in models}),
    ]
    return doc.Table("levels", "Change of accuracy, points", columns, list(rows.values()))


def splits_table(experiment):
    """Return every single split's differences."""
    rows = []
    for pair in experiment.robustness.pairs:
        better, other, sign = oriented(experiment, pair)
        rows += [
            {"split": name, "cells": f"{better} {doc.MINUS} {other}", "difference": sign * value}
            for name, value in zip(pair.splits, pair.differences, strict=True)
        ]
    columns = [
        *doc.columns(split="split", cells="cells"),
        *doc.columns(doc.signed_points, difference="difference, points"),
    ]
    return doc.Table("other_splits", "Every other split", columns, rows)


def crossing(experiment):
    """Return which cell is ahead with how much training data."""
    sizes, sentences = experiment.robustness.sizes, []
    accuracy = {(size.tweets, size.model): size.accuracy for size in sizes}
    for pair in experiment.comparison.primary.pairs:
        better, other, _ = oriented(experiment, pair)
        tweets = sorted({t for t, model in accuracy if model == better and (t, other) in accuracy})
        behind = [t for t in tweets if accuracy[t, better] <= accuracy[t, other]]
        if not behind:
            where = f"at every size of the training set, from {doc.whole(tweets[0])} tweets"
            sentences.append(f"{better} is ahead of {other} {where}.")
        else:
            where = listed([doc.whole(size) for size in behind])
            sentences.append(
                f"The curves of {better} and {other} cross: with {where} training tweets {better} "
                "is not ahead."
            )
    return " ".join(sentences)


def sizes_table(robustness):
    """Return accuracies by the size of the training set."""
    rows = {}
    for size in robustness.sizes:
        row = rows.setdefault(size.share, {"share": size.share, "tweets": size.tweets})
        row[size.model] = size.accuracy
        row[f"{size.model} range"] = [size.min, size.max] if size.replicates > 1 else None
    models = list(dict.fromkeys(size.model for size in robustness.sizes))
    columns = [
        *doc.columns(doc.percent, share="training set"),
        *doc.columns(doc.whole, tweets="tweets"),
    ]
    for model in models:
        columns += doc.columns(doc.share, **{model: model_label(model)})
        if any(row.get(f"{model} range") for row in rows.values()):
            columns += doc.columns(doc.between, **{f"{model} range": "range"})
    title = f"Accuracy on the {robustness.part} set by the size of the training set"
    return doc.Table("sizes", title, columns, list(rows.values()))
