"""The primary analysis in full, and the checks of it."""

from tweetrnn.evaluation.metrics import METRICS
from tweetrnn.grid import is_sample
from tweetrnn.names import RANKINGS, model_label, model_name
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.sections import finalists, selection, stability
from tweetrnn.wording import counted, listed


def blocks(experiment):
    """Return the section's blocks."""
    comparison = experiment.comparison
    blocks = [
        doc.Paragraph(real_in_words(comparison), "finding"),
        *primary_analysis(comparison),
    ]
    if comparison.mcnemar:
        blocks += pairs_of_cells(comparison, is_sample(experiment.config["grid"]))
    return [
        *blocks,
        *stability.blocks(comparison),
        *selection.blocks(experiment),
        doc.Paragraph(winners_in_words(comparison), "finding"),
        doc.Paragraph(
            "Kendall's rank correlation between the orders of all runs under each ranking rule, "
            "and the run that each rule puts first.",
            "method",
        ),
        rankings_table(comparison),
    ]


def real_in_words(comparison):
    """Return how much selection flatters, and in how many combinations the best cell is ahead."""
    return " ".join([selection.flattered(comparison), *ahead(comparison)])


def ahead(comparison):
    """Return, for each two cells with common combinations, in how many the first is ahead."""
    return [
        f"{pair.first} is ahead of {pair.second} in {pair.positive} of "
        f"{counted(pair.pairs, 'combination')} and behind in {pair.negative}."
        for pair in comparison.paired_cells
        if pair.pairs
    ]


def range_in_words(pair):
    """Return between what a PairedCells' differences lie, and their mean."""
    if not pair.pairs:
        return f"No combination has finished in both {pair.first} and {pair.second}."
    return (
        f"Over {counted(pair.pairs, 'combination')}, {pair.first} scores "
        f"{doc.points(abs(pair.mean))} points {'lower' if pair.mean < 0 else 'higher'} than "
        f"{pair.second} on average ({doc.signed(pair.min)} to {doc.signed(pair.max)})."
    )


def winners_in_words(comparison):
    """Return whether all ranking rules put the same of the compared cells' runs first."""
    winners = comparison.rankings["all"].winners
    different = len({(run.cell, run.combination, run.replicate) for run in winners.values()})
    if different == 1:
        return f"All {len(winners)} ranking rules put the same run of the compared cells first."
    cells = {run.cell for run in winners.values()}
    same = f"all of them {cells.pop()} runs" if len(cells) == 1 else "of more than one cell"
    return (
        f"The {len(winners)} ranking rules put {different} different runs of the compared cells "
        f"first, {same}."
    )


def primary_analysis(comparison):
    """Return the blocks of the primary analysis of a Comparison."""
    selected = [
        f"{cell}: {doc.described(choice.combination)} ({doc.share(choice.figure)}, the best of "
        f"{choice.candidates})"
        for cell, choice in comparison.selected.items()
    ]
    replicates = len(comparison.replicates)
    text = (
        "The procedure is fixed in the code; nothing was preregistered. For each cell the "
        f"combination with the highest {selecting(comparison)} is selected, trained again "
        f"with {counted(replicates, 'other seed')}, and judged on the "
        f"{doc.whole(comparison.tweets)} tweets of the {comparison.part} set, "
        f"{doc.whole(comparison.groups)} without duplicates. The 95 % intervals cover both the "
        "choice of tweets and the choice of seeds (Student's t, in closed form). A true difference "
        "as large as the smallest detectable one would be detected about 80 % of the time."
    )
    if replicates == 1:
        text += " With one replicate each, the intervals leave out what other seeds would change."
    elif replicates < 4:
        text += (
            " With so few replicates the effect of the seed is poorly known, so the intervals are "
            "wide."
        )
    return [
        doc.Paragraph(text, "method"),
        doc.Paragraph(f"Selected were {listed(selected)}."),
        *finalists.blocks(comparison),
        differences_table(comparison),
        replicates_table(comparison),
        *spread_paragraph(comparison),
        doc.Paragraph("Everything from here on is exploratory.", "note"),
    ]


def selecting(comparison):
    """Return what combinations are selected by, in words."""
    finalists = any(choice.finalists for choice in comparison.selected.values())
    again = ", averaged over the finalists' runs with other seeds," if finalists else ""
    return RANKINGS[comparison.select_by] + again


def pairs_of_cells(comparison, sample):
    """Return the blocks of each two cells; ``sample`` is whether the grid is a sample."""
    return [
        doc.Paragraph(" ".join(map(significant, comparison.mcnemar)), "finding"),
        doc.Paragraph(
            "McNemar's exact test compares two trained models by the tweets that only one of them "
            "gets right. Models trained with other seeds may give another result, so the test is "
            "repeated for every replicate of one cell with every replicate of the other. These "
            "pairs share tweets and replicates and are not independent evidence.",
            "method",
        ),
        mcnemar_table(comparison),
        doc.Paragraph(" ".join(map(range_in_words, comparison.paired_cells)), "finding"),
        doc.Paragraph(
            f"Differences in {RANKINGS[comparison.select_by]} between the cells, combination by "
            "combination. Wilcoxon's signed-rank test describes this grid: the combinations share "
            "their tweets" + ("." if sample else " and were not drawn at random."),
            "method",
        ),
        paired_table(comparison),
    ]


def differences_table(comparison):
    """Return all differences of the primary analysis."""
    rows = [vars(pair) for pair in comparison.primary.pairs] + [
        {"first": pair.cell, "second": model_name(pair.baseline), **vars(pair)}
        for pair in comparison.primary.against_baselines
    ]
    rows = [row | {"claim": row["no_claim"] or doc.yes(row["excludes_zero"])} for row in rows]
    columns = [
        *doc.columns(first="first", second="second"),
        *doc.columns(doc.signed, difference="difference"),
        *doc.columns(doc.signed_between, interval="95 % interval"),
        *doc.columns(claim="excludes zero"),
        *doc.columns(
            doc.points,
            minimum_detectable_difference="smallest detectable",
            standard_error_tweets="standard error, tweets",
            standard_error_replicates="standard error, replicates",
        ),
    ]
    title = f"Differences in accuracy, in points: the first {doc.MINUS} the second"
    return doc.Table("differences", title, columns, rows)


def replicates_table(comparison):
    """Return every replicate's scores."""
    rows = [
        {
            "cell": model_label(cell),
            "replicate": replicate.replicate,
            **replicate.scores(comparison.part),
            "validation_accuracy": replicate.validation["accuracy"],
        }
        for cell in comparison.selected | comparison.selected_baselines
        for replicate in comparison.primary.accuracies[cell].replicates
    ]
    headings = {name: f"{comparison.part} {metric.heading}" for name, metric in METRICS.items()}
    if comparison.part == "test":
        headings["validation_accuracy"] = "validation accuracy"
    columns = [
        *doc.columns(cell="cell"),
        *doc.columns(doc.whole, replicate="replicate"),
        *doc.columns(doc.share, **headings),
    ]
    return doc.Table("replicates", "The selected combinations, trained again", columns, rows)


def spread_paragraph(comparison):
    """Yield how far apart the replicates are, where there are several."""
    spreads = {
        cell: comparison.primary.accuracies[cell].spread[comparison.part]["accuracy"]
        for cell in comparison.selected
    }
    each = [
        f"{doc.points(spread.sd)} points for {cell} ({doc.between([spread.min, spread.max])})"
        for cell, spread in spreads.items()
        if spread.sd is not None
    ]
    if each:
        yield doc.Paragraph(
            f"From one seed to another the {comparison.part} accuracy varies with a standard "
            f"deviation of {listed(each)}.",
            "finding",
        )


def mcnemar_table(comparison):
    """Return McNemar's test of each two cells, over the pairs of their replicates."""
    columns = [
        *doc.columns(first="first", second="second"),
        *doc.columns(doc.whole, pairs="pairs"),
        *doc.columns(
            doc.percent, first_ahead="first ahead, p < 0.05", second_ahead="second ahead, p < 0.05"
        ),
        *doc.columns(doc.p_values, p="median p (range)"),
        *doc.columns(
            doc.decimal,
            both_right="both right",
            first_only="only the first",
            second_only="only the second",
            both_wrong="neither",
        ),
    ]
    title = (
        f"McNemar's exact test over pairs of replicates, and the {comparison.part} tweets that "
        "they get right (means over pairs)"
    )
    return doc.Table("mcnemar", title, columns, [vars(test) for test in comparison.mcnemar])


def significant(test):
    """Return in how many of a McNemar's pairs the test finds a difference."""
    first, second = (
        doc.whole(share * test.pairs) for share in (test.first_ahead, test.second_ahead)
    )
    pairs = f"{doc.whole(test.pairs)} pair{'s' if test.pairs > 1 else ''}"
    return (
        f"McNemar's test finds {test.first} better in {first} and {test.second} better in {second} "
        f"of {pairs} of replicates (p < 0.05)."
    )


def paired_table(comparison):
    """Return the cells' paired differences over all combinations."""
    columns = [
        *doc.columns(first="first", second="second"),
        *doc.columns(
            doc.whole, pairs="combinations", positive="first ahead", negative="second ahead"
        ),
        *doc.columns(doc.signed, mean="mean difference", median="median"),
        *doc.columns(doc.p_value, p="p, Wilcoxon"),
    ]
    by, order = RANKINGS[comparison.select_by], f"first {doc.MINUS} second"
    title = f"Differences in {by} over all combinations, in points: {order}"
    return doc.Table("paired", title, columns, [vars(pair) for pair in comparison.paired_cells])


def rankings_table(comparison):
    """Return how far the rules agree over all runs."""
    agreement = comparison.rankings["all"]
    rows = [
        {
            "rule": RANKINGS[rule],
            **agreement.kendall[rule],
            "winner": f"{winner.cell}: {doc.described(winner.combination)}",
        }
        for rule, winner in agreement.winners.items()
    ]
    headings = {rule: title.replace("validation ", "") for rule, title in RANKINGS.items()}
    columns = [
        *doc.columns(rule="ranked by"),
        *doc.columns(doc.share, **headings),
        *doc.columns(winner="first"),
    ]
    title = "Kendall's rank correlation (tau-b) between rankings"
    return doc.Table("rankings", title, columns, rows)
