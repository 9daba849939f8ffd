"""What other splits and other training sets show."""

from tweetrnn.names import SPLIT_KINDS, model_label
from tweetrnn.other_splits import RESELECT, other_splits
from tweetrnn.reporting import document as doc
from tweetrnn.wording import listed


def blocks(experiment):
    """Return the section's blocks; none where the config asks for no other splits."""
    robustness = experiment.robustness
    if robustness is None:
        return []
    found = []
    if robustness.pairs:
        found = [
            doc.Paragraph(ahead(robustness), "finding"),
            doc.Paragraph(method(robustness), "method"),
            pairs_table(robustness),
            splits_table(experiment, robustness),
        ]
    if robustness.levels:
        text = (
            "Mean accuracy over the other splits minus the accuracy on the experiment's own split."
        )
        found += [
            doc.Paragraph(moved(robustness), "finding"),
            doc.Paragraph(text, "method"),
            levels_table(robustness),
        ]
    if robustness.sizes:
        found += [doc.Paragraph(text, "finding") for text in size_findings(experiment)]
        found.append(sizes_table(robustness))
    return found


def ahead(robustness):
    """Return on how many of the other splits the headline's better cell is ahead."""
    counts = {}
    for pair in robustness.pairs:
        found = counts.setdefault((pair.first, pair.second), [0, 0, 0])
        for place, count in enumerate((pair.first_ahead, pair.equal, len(pair.splits))):
            found[place] += count
    return " ".join(
        f"{first} was ahead of {second} on {ahead} of {splits} other splits of the same tweets"
        + (f", and equal on {equal}." if equal else ".")
        for (first, second), (ahead, equal, splits) in counts.items()
    )


def moved(robustness):
    """Return how far the accuracies move on other splits: the largest change."""
    most = max(robustness.levels, key=lambda level: abs(level.change))
    if doc.points(most.change) == doc.points(0):
        return "On other splits the accuracies are the same."
    return (
        f"Accuracies change most on {SPLIT_KINDS[most.kind]}: {model_label(most.model)} by "
        f"{doc.signed(most.change)} points."
    )


def size_findings(experiment):
    """Return which cell is ahead with how much training data; of one cell, what more data gives."""
    return crossings(experiment) or [gained(experiment.robustness.sizes, experiment.cells)]


def gained(sizes, cells):
    """Return the accuracy of a single cell with the least and with the most training data."""
    of_cell = sorted((s for s in sizes if s.model in cells), key=lambda size: size.tweets)
    first, last = of_cell[0], of_cell[-1]
    return (
        f"{first.model} scores {doc.percent(first.accuracy)} with {doc.whole(first.tweets)} "
        f"training tweets and {doc.percent(last.accuracy)} with {doc.whole(last.tweets)}."
    )


def method(robustness):
    """Return how the other splits were made and what they can show."""
    kinds = {level.kind for level in robustness.levels}
    texts = []
    if kinds - {RESELECT}:
        texts.append(
            "The selected combinations were trained again on other splits. Some tweets on which "
            "they were selected are in these test sets; repeating the whole experiment "
            "(robustness.reselect) avoids that."
        )
    if RESELECT in kinds:
        texts.append("The whole experiment was repeated on other splits, selection included.")
    texts.append(
        "Random splits share most of their training tweets, so the interval of their mean "
        "difference is that of the corrected resampled t-test (Nadeau and Bengio, 2003). The share "
        "of splits on which the first cell is ahead estimates the probability that it outperforms "
        "the second (Bouthillier and others, 2021); its interval is exact. Accuracies are those on "
        f"each split's {robustness.part} set."
    )
    return " ".join(texts)


def pairs_table(robustness):
    """Return the differences by kind of split."""
    rows = [
        vars(pair)
        | {"kind": SPLIT_KINDS[pair.kind], "cells": doc.cells_of(pair), "count": len(pair.splits)}
        for pair in robustness.pairs
    ]
    columns = [
        *doc.columns(kind="splits", cells="cells"),
        *doc.columns(doc.whole, count="number"),
        *doc.columns(doc.signed, mean="mean difference"),
        *doc.columns(doc.signed_between, interval="95 % interval"),
        *doc.columns(doc.whole, first_ahead="first ahead", equal="equal"),
        *doc.columns(doc.share, probability="share ahead"),
        *doc.columns(doc.between, probability_interval="its 95 % interval"),
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
        {"split": splits[name].label, "cells": doc.cells_of(pair), "difference": difference}
        for pair in robustness.pairs
        for name, difference in zip(pair.splits, pair.differences, strict=True)
    ]
    columns = [
        *doc.columns(split="split", cells="cells"),
        *doc.columns(doc.signed, difference="difference"),
    ]
    return doc.Table("other_splits", "Each of the other splits, in points", columns, rows)


def crossings(experiment):
    """Return, for each two cells, which one is ahead with how much training data."""
    accuracy = {(size.tweets, size.model): size.accuracy for size in experiment.robustness.sizes}
    return [
        crossing(pair.first, pair.second, accuracy) for pair in experiment.comparison.primary.pairs
    ]


def crossing(first, second, accuracy):
    """Return which of two cells is ahead; ``accuracy`` is {(training tweets, cell): value}."""
    sizes = sorted({t for t, model in accuracy if model == first and (t, second) in accuracy})
    ahead, behind = (
        [doc.whole(t) for t in sizes if sign * (accuracy[t, first] - accuracy[t, second]) > 0]
        for sign in (1, -1)
    )
    if ahead and behind:
        return (
            f"It depends on the size of the training set: {first} is ahead of {second} with "
            f"{listed(ahead)} training tweets and behind with {listed(behind)}."
        )
    if not ahead and not behind:
        return f"{first} and {second} are equal at every size of the training set."
    better, other, where = (first, second, ahead) if ahead else (second, first, behind)
    if len(where) == len(sizes):
        return (
            f"{better} is ahead of {other} at every size of the training set, from {where[0]} "
            "tweets on."
        )
    return f"{better} is ahead of {other} with {listed(where)} training tweets, else equal."


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
