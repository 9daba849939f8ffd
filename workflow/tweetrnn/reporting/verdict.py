"""What the report says first: sentences made from the numbers of the comparison."""

from tweetrnn.reporting.document import percent, points, whole
from tweetrnn.wording import listed

DEMO = (
    "These tweets are invented. The figures on this page show that the pipeline works; they say "
    "nothing about real tweets."
)
NAMES = {"majority": "majority baseline", "logistic_regression": "logistic regression"}
INTERVAL = "95\u00a0% interval"


def _interval(row, sign=1):
    low, high = sorted(sign * end for end in row["interval"])
    return f"{points(low)} to {points(high)}"


def best_against_others(comparison):
    """Yield (best cell, other cell, sign, pair): the cell most often right and each other one.

    ``sign`` turns the pair's difference into the best cell's less the other's.
    """
    found = comparison["primary"]["accuracies"]
    best = max(comparison["selected"], key=lambda cell: found[cell]["accuracy"])
    for pair in comparison["primary"]["pairs"]:
        if best in (pair["first"], pair["second"]):
            first = pair["first"] == best
            yield best, pair["second" if first else "first"], 1 if first else -1, pair


def conclusion(comparison):
    """Return which cell is ahead, by how much and whether that is more than chance."""
    sentences = []
    for best, other, sign, pair in best_against_others(comparison):
        size, interval = points(sign * pair["difference"]), _interval(pair, sign)
        if pair["excludes_zero"]:
            sentences.append(
                f"{best} reads sentiment better than {other}, by {size} percentage points "
                f"({INTERVAL} {interval})."
            )
        else:
            sentences.append(
                f"No difference between {best} and {other} was shown: {size} percentage points, "
                f"{INTERVAL} {interval}."
            )
    if not sentences:
        (cell,) = comparison["selected"]
        return f"Only {cell} was trained; there is nothing to compare it with but the baselines."
    return " ".join(sentences)


def accuracies(comparison):
    """Return the sentences that give each selected model's accuracy and what could be found."""
    found = comparison["primary"]["accuracies"]
    part, planned = comparison["part"], len(comparison["replicates"])
    each = [f"{cell} {percent(found[cell]['accuracy'])}" for cell in comparison["selected"]]
    mean = f"mean of {planned} replicates" if planned > 1 else "one replicate"
    lost = {
        cell: found[cell]["diverged_replicates"]
        for cell in comparison["selected"]
        if found[cell]["diverged_replicates"]
    }
    sentences = [
        f"Of {whole(comparison['tweets'])} {part} tweets the selected models read the sentiment "
        f"right in: {listed(each)} ({mean} each)."
    ]
    if lost:
        told = listed([f"{count} of {cell}" for cell, count in lost.items()])
        sentences.append(f"Of the {planned} replicates {told} diverged and are left out of this.")
    sentences += [
        "A comparison of this size finds a true difference of "
        f"{points(pair['minimum_detectable_difference'])} points between {best} and {other} four "
        "times in five."
        for best, other, _, pair in best_against_others(comparison)
        if not pair["excludes_zero"]
    ]
    return " ".join(sentences)


def against_baseline(comparison, name, opening, accuracy):
    """Return the sentence that sets every selected model beside one baseline."""
    above, below, neither = [], [], []
    for row in comparison["primary"]["against_baselines"]:
        if row["baseline"] != name:
            continue
        told = f"{row['cell']} by {points(abs(row['difference']))} points ({_interval(row)})"
        if not row["excludes_zero"]:
            neither.append(f"{row['cell']} ({points(row['difference'])} points, {_interval(row)})")
        else:
            (above if row["difference"] > 0 else below).append(told)
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
    }
    part = comparison["part"]
    return " ".join(
        against_baseline(comparison, name, opening, baselines[name][part]["accuracy"])
        for name, opening in openings.items()
    )


def verdict(comparison, baselines, kind):
    """Return [(text, role)], the report's first paragraphs.

    Args:
        comparison: compare's output, or None where it is not there yet.
        baselines: the baselines' metrics.json; used with a comparison only.
        kind: the corpus's kind; what is found on a demo corpus is said to mean nothing.
    """
    found = [(DEMO, "warning")] if kind == "demo" else []
    if comparison is None:
        return [
            *found,
            ("There is no comparison yet: trainings that it needs are not done.", "verdict"),
        ]
    found += [
        (conclusion(comparison), "verdict"),
        (accuracies(comparison), ""),
        (against_baselines(comparison, baselines), ""),
    ]
    pairs = len(comparison["primary"]["pairs"])
    if pairs > 1:
        found.append(
            (
                f"These are {len(comparison['selected'])} cells and {pairs} differences, and each "
                "interval is made as if it were the only one: where no cell is better than "
                "another, about one difference in twenty still looks like more than chance.",
                "note",
            )
        )
    if comparison["optimistic"]:
        found.append(
            (
                "This experiment holds out no test part. The combinations were selected on the "
                "very validation tweets that these figures are measured on, so the figures are "
                "optimistic.",
                "warning",
            )
        )
    return found
