"""What other splits and other training sets show."""

from tweetrnn.names import SPLIT_KINDS, model_label
from tweetrnn.other_splits import other_splits
from tweetrnn.reporting import document as doc
from tweetrnn.wording import listed


def blocks(experiment):
    """Return the section's blocks; none where the config asks for no other splits."""
    robustness = experiment.robustness
    if robustness is None:
        return []
    found = []
    if robustness.pairs:
        found += [
            doc.Paragraph(ahead(robustness), "finding"),
            doc.Paragraph(method(robustness)),
            pairs_table(robustness),
            doc.Paragraph(
                "How far the accuracies themselves move: the mean over these splits minus the "
                "accuracy on the experiment's own split."
            ),
            levels_table(robustness),
            splits_table(experiment, robustness),
        ]
    if robustness.sizes:
        found += [doc.Paragraph(crossing(experiment), "finding"), sizes_table(robustness)]
    return found


def ahead(robustness):
    """Return on how many of the other splits the headline's better cell is ahead."""
    counts = {}
    for pair in robustness.pairs:
        ahead, splits = counts.get((pair.first, pair.second), (0, 0))
        counts[pair.first, pair.second] = ahead + pair.first_ahead, splits + len(pair.splits)
    return " ".join(
        f"{first} was ahead of {second} on {count} of {splits} other splits of the same tweets."
        for (first, second), (count, splits) in counts.items()
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


def cells_of(pair):
    """Return the heading of a difference: ``LSTM − SimpleRNN``."""
    return f"{pair.first} {doc.MINUS} {pair.second}"


def pairs_table(robustness):
    """Return the differences by kind of split."""
    rows = [
        vars(pair)
        | {"kind": SPLIT_KINDS[pair.kind], "cells": cells_of(pair), "count": len(pair.splits)}
        for pair in robustness.pairs
    ]
    columns = [
        *doc.columns(kind="splits", cells="cells"),
        *doc.columns(doc.whole, count="number"),
        *doc.columns(doc.signed, mean="mean difference"),
        *doc.columns(doc.signed_between, interval="95 % interval"),
        *doc.columns(doc.whole, first_ahead="first ahead", equal="equal"),
        *doc.columns(doc.share, probability="probability"),
        *doc.columns(doc.between, probability_interval="95 % interval"),
    ]
    title = "Differences in accuracy on other splits, in points"
    return doc.Table("robustness", title, columns, rows)


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
        *doc.columns(doc.signed, **{model: model_label(model) for model in models}),
    ]
    return doc.Table("levels", "Changes of accuracy, in points", columns, list(rows.values()))


def splits_table(experiment, robustness):
    """Return every single split's differences."""
    splits = other_splits(experiment.config)
    rows = [
        {"split": splits[name].label, "cells": cells_of(pair), "difference": difference}
        for pair in robustness.pairs
        for name, difference in zip(pair.splits, pair.differences, strict=True)
    ]
    columns = [
        *doc.columns(split="split", cells="cells"),
        *doc.columns(doc.signed, difference="difference"),
    ]
    return doc.Table("other_splits", "Every other split, in points", columns, rows)


def crossing(experiment):
    """Return which cell is ahead with how much training data."""
    sizes, sentences = experiment.robustness.sizes, []
    accuracy = {(size.tweets, size.model): size.accuracy for size in sizes}
    tweets = sorted({size.tweets for size in sizes})
    for pair in experiment.comparison.primary.pairs:
        both = [t for t in tweets if (t, pair.first) in accuracy and (t, pair.second) in accuracy]
        behind = [t for t in both if accuracy[t, pair.first] <= accuracy[t, pair.second]]
        sentences.append(
            f"The curves of {pair.first} and {pair.second} cross: with "
            f"{listed([doc.whole(t) for t in behind])} training tweets {pair.first} is not ahead."
            if behind
            else f"{pair.first} is ahead of {pair.second} at every size of the training set, from "
            f"{doc.whole(tweets[0])} tweets on."
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
