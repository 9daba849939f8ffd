"""The report's first sentences, made from the numbers of the comparison."""

from tweetrnn.names import model_label
from tweetrnn.reporting.document import percent, points, whole
from tweetrnn.wording import listed

DEMO = (
    "These tweets are invented. The figures on this page show that the pipeline works; they say "
    "nothing about real tweets."
)
OPTIMISTIC = (
    "This experiment holds out no test part. The combinations were selected on the very validation "
    "tweets that these figures are measured on, so the figures are optimistic."
)
INTERVAL = "95\u00a0% interval"


def interval_in_points(interval, sign=1):
    """Return an interval, or with the sign -1 its negative, as ``1.0 to 5.0``."""
    low, high = sorted(sign * end for end in interval)
    return f"{points(low)} to {points(high)}"


def best_against_others(comparison):
    """Yield (best cell, other cell, sign, pair): the cell most often right and each other one.

    ``sign`` turns the pair's difference into that of the best cell - the other.
    """
    accuracies = comparison.primary.accuracies
    best = max(comparison.selected, key=lambda cell: accuracies[cell].accuracy)
    for pair in comparison.primary.pairs:
        if pair.first == best:
            yield best, pair.second, 1, pair
        elif pair.second == best:
            yield best, pair.first, -1, pair


def conclusion(comparison):
    """Return which cell is ahead, by how much and whether that is more than chance."""
    sentences = []
    for best, other, sign, pair in best_against_others(comparison):
        size = points(sign * pair.difference)
        interval = f"{INTERVAL} {interval_in_points(pair.interval, sign)}"
        sentences.append(
            f"{best} reads sentiment better than {other}, by {size} percentage points ({interval})."
            if pair.excludes_zero
            else f"No difference between {best} and {other} was shown: {size} percentage points, "
            f"{interval}."
        )
    if not sentences:
        (cell,) = comparison.selected
        return f"Only {cell} was trained; there is nothing to compare it with but the baselines."
    return " ".join(sentences)


def accuracies(comparison):
    """Return each selected model's accuracy, and what difference could have been detected."""
    part, planned = comparison.part, len(comparison.replicates)
    models = {cell: comparison.primary.accuracies[cell] for cell in comparison.selected}
    each = [f"{cell} {percent(model.accuracy)}" for cell, model in models.items()]
    mean = f"mean of {planned} replicates" if planned > 1 else "one replicate"
    sentences = [
        f"Of {whole(comparison.tweets)} {part} tweets the selected models read the sentiment "
        f"right in: {listed(each)} ({mean} each)."
    ]
    diverged = [
        f"{model.diverged_replicates} of {cell}"
        for cell, model in models.items()
        if model.diverged_replicates
    ]
    if diverged:
        sentences.append(
            f"Of the {planned} replicates {listed(diverged)} diverged and are left out of this."
        )
    sentences += [
        "A comparison of this size finds a true difference of "
        f"{points(pair.minimum_detectable_difference)} points between {best} and {other} four "
        "times in five."
        for best, other, _, pair in best_against_others(comparison)
        if not pair.excludes_zero
    ]
    return " ".join(sentences)


def against_baseline(comparison, name, opening, accuracy):
    """Return the sentence that compares every selected model with one baseline."""
    above, below, neither = [], [], []
    for row in comparison.primary.against_baselines:
        if row.baseline != name:
            continue
        interval = interval_in_points(row.interval)
        if not row.excludes_zero:
            neither.append(f"{row.cell} ({points(row.difference)} points, {interval})")
        else:
            side = above if row.difference > 0 else below
            side.append(f"{row.cell} by {points(abs(row.difference))} points ({interval})")
    clauses = []
    if above:
        clauses.append(f"above it {'lie' if len(above) > 1 else 'lies'} {listed(above)}")
    if below:
        clauses.append(f"below it {'fall' if len(below) > 1 else 'falls'} {listed(below)}")
    if neither:
        clauses.append(f"no difference from it was shown for {listed(neither)}")
    return f"{opening} is right in {percent(accuracy)}: {'; '.join(clauses)}."


def against_baselines(comparison, baselines):
    """Return a sentence for each baseline; ``baselines`` is their metrics.json."""
    openings = {
        "majority": f"Always answering “{baselines['majority']['label']}”",
        "logistic_regression": "A logistic regression on words and pairs of words",
        "nb_svm": "NB-SVM on the same words and pairs",
        **{cell: f"The {model_label(cell)}" for cell in comparison.selected_baselines},
    }
    accuracy = {name: scores[comparison.part]["accuracy"] for name, scores in baselines.items()}
    for cell in comparison.selected_baselines:
        accuracy[cell] = comparison.primary.accuracies[cell].accuracy
    return " ".join(
        against_baseline(comparison, name, opening, accuracy[name])
        for name, opening in openings.items()
    )


def verdict(comparison, baselines, kind):
    """Return [(text, role)], the report's first paragraphs.

    Args:
        comparison: the Comparison, or None where there is none yet.
        baselines: the baselines' metrics.json; used with a comparison only.
        kind: the corpus's kind; a result on a demo corpus means nothing, and the first says so.
    """
    paragraphs = [(DEMO, "warning")] if kind == "demo" else []
    if comparison is None:
        text = "There is no comparison yet: trainings that it needs are not done."
        return [*paragraphs, (text, "verdict")]
    paragraphs += [
        (conclusion(comparison), "verdict"),
        (accuracies(comparison), ""),
        (against_baselines(comparison, baselines), ""),
    ]
    pairs = len(comparison.primary.pairs)
    if pairs > 1:
        text = (
            f"These are {len(comparison.selected)} cells and {pairs} differences, and each "
            "interval is made as if it were the only one: where no cell is better than another, "
            "about one difference in twenty still looks like more than chance."
        )
        paragraphs.append((text, "note"))
    if comparison.optimistic:
        paragraphs.append((OPTIMISTIC, "warning"))
    return paragraphs
