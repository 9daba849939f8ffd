"""The report's first sentences, made from the numbers of the comparison."""

from tweetrnn.evaluation import interval
from tweetrnn.evaluation.cell_order import best_first
from tweetrnn.names import model_label
from tweetrnn.reporting.document import percent, points, points_between
from tweetrnn.wording import counted, listed

DEMO = (
    "These tweets are invented. The numbers on this page show that the pipeline works; they say "
    "nothing about real tweets."
)
OPTIMISTIC = (
    "This experiment has no test set. The scores are measured on the same validation tweets on "
    "which the combinations were selected, so they are optimistic."
)
INTERVAL = "95\u00a0% interval"
LOGISTIC_REGRESSION = "logistic_regression"


def interval_in_points(interval, sign=1):
    """Return an interval, or with the sign -1 its negative, as ``1.0 to 5.0``."""
    return points_between(sorted(sign * end for end in interval))


def best_against_others(comparison):
    """Yield (best cell, other cell, sign, pair): the cell most often right and each other one.

    ``sign`` turns the pair's difference into that of the best cell - the other.
    """
    best = best_first(comparison)[0]
    for pair in comparison.primary.pairs:
        if pair.first == best:
            yield best, pair.second, 1, pair
        elif pair.second == best:
            yield best, pair.first, -1, pair


def has_intervals(comparison):
    """Return whether any difference has an interval."""
    found = [*comparison.primary.pairs, *comparison.primary.against_baselines]
    return any(difference.interval for difference in found)


def too_few(comparison):
    """Return the beginning of the sentence that says that there are too few tweets."""
    tweets = counted(comparison.groups, f"{comparison.part} tweet")
    once = "" if comparison.groups == comparison.tweets else " (each duplicate counted once)"
    return f"With {tweets}{once} no interval can be given"


def without_interval(comparison, row, first, second):
    """Return the sentence that says why there is no interval for two models, named in it."""
    part, none = comparison.part, "no interval can be given for their difference."
    text = {
        interval.TOO_FEW_TWEETS: f"{too_few(comparison)} for the difference between {first} and "
        f"{second}.",
        interval.ALWAYS_AGREE: f"{first} and {second} are right on the same {part} tweets: {none}",
        interval.TOO_FEW_DISAGREEMENTS: f"{first} and {second} differ on fewer than "
        f"{interval.MIN_VARYING} {part} tweets: {none}",
        interval.SAME_EVERYWHERE: f"{first} and {second} differ on all {part} tweets: {none}",
    }[row.no_claim]
    return capitalised(text)


def sentence(comparison, first, second, row, sign=1):
    """Return which of two models, named in the sentence, was right more often, and how surely.

    ``sign`` turns the row's difference into first - second, which is not negative.
    """
    if row.no_claim:
        return without_interval(comparison, row, first, second)
    difference = points(sign * row.difference)
    shown = f"({INTERVAL} {interval_in_points(row.interval, sign)})"
    if row.excludes_zero:
        return (
            f"On this {comparison.part} set {first} was right {difference} points more often than "
            f"{second} {shown}."
        )
    if difference == points(0):
        return capitalised(f"{first} and {second} were right equally often {shown}.")
    return capitalised(
        f"{first} scored {difference} points higher than {second}, but the data are also "
        f"consistent with no difference {shown}."
    )


def capitalised(text):
    """Return a text with its first letter as a capital, the others as they are."""
    return text[0].upper() + text[1:]


def runner_up_first(comparison):
    """Return what ``best_against_others`` yields, the best of the other cells first."""
    order = best_first(comparison)
    return sorted(best_against_others(comparison), key=lambda found: order.index(found[1]))


def between_cells(comparison):
    """Return a sentence on the best cell and each other one; the runner-up comes first."""
    return [
        sentence(comparison, f"the selected {best}", f"the selected {other}", pair, sign)
        for best, other, sign, pair in runner_up_first(comparison)
    ]


def conclusion(comparison):
    """Return the answer in one sentence: which cell is ahead, by how much, and of what.

    It is about the best cell and the runner-up; a single cell is compared with logistic regression.
    """
    sentences = between_cells(comparison)
    if sentences:
        return sentences[0].removesuffix(".") + beyond_baseline(comparison) + "."
    (row,) = against(comparison, LOGISTIC_REGRESSION)
    names = [f"the selected {row.cell}", model_label(LOGISTIC_REGRESSION)]
    first, second = names if row.difference >= 0 else reversed(names)
    return sentence(comparison, first, second, row, 1 if row.difference >= 0 else -1)


def against(comparison, baseline):
    """Return the differences between the selected models and a baseline, the best cell first."""
    order = best_first(comparison)
    rows = [row for row in comparison.primary.against_baselines if row.baseline == baseline]
    return sorted(rows, key=lambda row: order.index(row.cell))


def beyond_baseline(comparison):
    """Return ``; neither beats logistic regression`` if none of several cells does, else nothing.

    One that scores higher, but may do so by chance, is not shown to beat it.
    """
    rows = against(comparison, LOGISTIC_REGRESSION)
    if any(row.excludes_zero and row.difference > 0 for row in rows):
        return ""
    beats = "beats" if all(row.difference <= 0 for row in rows) else "is shown to beat"
    subject = "neither" if len(rows) == 2 else "no cell"
    return f"; {subject} {beats} {model_label(LOGISTIC_REGRESSION)}"


def accuracies(comparison):
    """Return each selected model's accuracy, and what difference could have been detected."""
    part, planned = comparison.part, len(comparison.replicates)
    models = {cell: comparison.primary.accuracies[cell] for cell in comparison.selected}
    each = [f"{cell} {percent(model.accuracy)}" for cell, model in models.items()]
    mean = f"mean of {planned} replicates" if planned > 1 else "one replicate"
    sentences = [
        f"Accuracy of the selected models on {counted(comparison.tweets, f'{part} tweet')}: "
        f"{listed(each)} ({mean} each)."
    ]
    diverged = [
        f"{model.diverged_replicates} of {cell}"
        for cell, model in models.items()
        if model.diverged_replicates
    ]
    if diverged:
        sentences.append(
            f"Of the {planned} replicates {listed(diverged)} diverged and are left out."
        )
    once = [cell for cell, model in models.items() if planned - model.diverged_replicates == 1]
    if once and has_intervals(comparison):
        sentences.append(
            f"The intervals do not include what another seed would change for {listed(once)}."
        )
    return " ".join([*sentences, *detectable(comparison)])


def detectable(comparison):
    """Yield, for each difference that was not shown, which one would have been."""
    for best, other, _, pair in best_against_others(comparison):
        if pair.interval and not pair.excludes_zero:
            yield (
                f"With {counted(comparison.tweets, f'{comparison.part} tweet')}, a true "
                f"difference of {points(pair.minimum_detectable_difference)} points between "
                f"{best} and {other} would be detected about 80\u00a0% of the time."
            )


def clause(verb, rows, sign=1):
    """Return ``A beats this baseline by 3.0 points (1.0 to 5.0) and B by 2.0 points (...)``."""
    sizes = [
        f"by {points(sign * row.difference)} points ({interval_in_points(row.interval, sign)})"
        for row in rows
    ]
    first, *others = [
        f"{row.cell}{'' if number else verb} {size}"
        for number, (row, size) in enumerate(zip(rows, sizes, strict=True))
    ]
    return listed([first, *others])


def against_baseline(comparison, name, opening, accuracy):
    """Return the sentences that compare every selected model with one baseline."""
    rows = [row for row in comparison.primary.against_baselines if row.baseline == name]
    claims = [row for row in rows if row.excludes_zero]
    better = [row for row in claims if row.difference > 0]
    worse = [row for row in claims if row.difference < 0]
    neither = [
        f"{row.cell} ({points(row.difference)} points, {interval_in_points(row.interval)})"
        for row in rows
        if row.interval and not row.excludes_zero
    ]
    clauses = [clause(" beats this baseline", better)] if better else []
    clauses += [clause(" falls short of it", worse, -1)] if worse else []
    if neither:
        clauses.append(f"the data are consistent with no difference for {listed(neither)}")
    sentences = [": ".join([f"{opening} is right in {percent(accuracy)}", *clauses[:1]])]
    sentences = ["; ".join([*sentences, *clauses[1:]]) + "."]
    sentences += [
        without_interval(comparison, row, f"the selected {row.cell}", "this baseline")
        for row in rows
        if row.no_claim and row.no_claim != interval.TOO_FEW_TWEETS
    ]
    return " ".join(sentences)


def against_baselines(comparison, baselines):
    """Return the sentences on each baseline, a list; ``baselines`` is their metrics.json."""
    openings = {
        "majority": f"Always answering “{baselines['majority']['label']}”",
        LOGISTIC_REGRESSION: "A logistic regression on words and pairs of words",
        "nb_svm": "NB-SVM on the same words and pairs",
        **{cell: f"The {model_label(cell)}" for cell in comparison.selected_baselines},
    }
    accuracy = {name: scores[comparison.part]["accuracy"] for name, scores in baselines.items()}
    for cell in comparison.selected_baselines:
        accuracy[cell] = comparison.primary.accuracies[cell].accuracy
    sentences = [
        against_baseline(comparison, name, opening, accuracy[name])
        for name, opening in openings.items()
    ]
    if any(row.no_claim == interval.TOO_FEW_TWEETS for row in comparison.primary.against_baselines):
        sentences.append(f"{too_few(comparison)} for the differences from the baselines, either.")
    return sentences


def collapse(comparison):
    """Return the sentences on replicates that give (nearly) all tweets one class; "" if none do."""
    sentences = []
    for cell in comparison.selected:
        model = comparison.primary.accuracies[cell]
        collapsed, trained = len(model.collapsed_replicates), len(model.replicates)
        if collapsed:
            answers = sorted({f"“{replicate.answer}”" for replicate in model.collapsed_replicates})
            count = f"{collapsed} of the {trained} {cell} replicates"
            if collapsed == trained:
                count = f"Every {cell} replicate ({collapsed} of {trained})"
            one = collapsed in (1, trained)
            sentences.append(
                f"{count} answer{'s' if one else ''} (nearly) nothing but "
                f"{' or nothing but '.join(answers)}{what_collapse_means(comparison, cell)}."
            )
    return " ".join(sentences)


def what_collapse_means(comparison, cell):
    """Return the end of the sentence on a cell's collapsed replicates.

    Most of a difference is one of training stability where more than half of it is gone without
    them; with several other cells the largest difference counts.
    """
    model = comparison.primary.accuracies[cell]
    collapsed = {replicate.replicate for replicate in model.collapsed_replicates}
    others = [
        replicate.scores(comparison.part)["accuracy"]
        for replicate in model.replicates
        if replicate.replicate not in collapsed
    ]
    if not others:
        return "; it has not learned to tell the classes apart"
    accuracy = sum(others) / len(others)
    rest = f"the {'other is' if len(others) == 1 else 'others are'} right in {percent(accuracy)}"
    pairs = comparison.primary.pairs
    gaps = [abs(pair.difference) for pair in pairs if cell in (pair.first, pair.second)]
    if not gaps:
        return f"; {rest}"
    subject = "the difference is" if len(gaps) == 1 else "its differences from other cells are"
    share = "mostly" if 2 * (accuracy - model.accuracy) > max(gaps) else "partly"
    return f", so {subject} {share} a matter of training stability ({rest})"


def warnings(comparison, kind):
    """Return what limits the answer: the texts that stand above it.

    Args:
        comparison: the Comparison, or None where there is none yet.
        kind: the corpus's kind; a result on a demo corpus means nothing.
    """
    optimistic = comparison and comparison.optimistic
    return [DEMO] * (kind == "demo") + [OPTIMISTIC] * bool(optimistic)


def details(comparison, baselines):
    """Return [(text, role)], the paragraphs that follow the answer.

    ``baselines`` is the baselines' metrics.json.
    """
    paragraphs = [
        (accuracies(comparison), ""),
        *((text, "") for text in against_baselines(comparison, baselines)),
    ]
    others, pairs = between_cells(comparison)[1:], len(comparison.primary.pairs)
    if not pairs:
        (cell,) = comparison.selected
        only = f"Only {cell} was trained, so it is compared with the baselines alone."
        paragraphs.insert(0, (only, ""))
    if others:
        paragraphs.insert(0, (" ".join(others), ""))
    if pairs > 1:
        text = (
            f"There are {len(comparison.selected)} cells and {pairs} differences, and the "
            "intervals are not corrected for their number: even if all cells were equally good, "
            "about one difference in twenty would look like more than chance."
        )
        paragraphs.append((text, "note"))
    return paragraphs + ([(text, "warning")] if (text := collapse(comparison)) else [])
