"""The primary analysis in full, and the checks of it."""

from tweetrnn.evaluation.comparison import to_json
from tweetrnn.evaluation.metrics import METRICS
from tweetrnn.grid import is_sample
from tweetrnn.names import RANKINGS, model_label, model_name
from tweetrnn.reporting import document as doc
from tweetrnn.wording import listed


def blocks(experiment):
    """Return the section's blocks."""
    comparison, blocks = experiment.comparison, primary_analysis(experiment.comparison)
    if comparison.mcnemar:
        blocks += pairs_of_cells(comparison, is_sample(experiment.config["grid"]))
    return [
        *blocks,
        doc.Paragraph(
            "Whoever picks the best of many runs on validation picks luck as well. In bootstrap "
            "resamples of the validation tweets the best run is selected on the drawn tweets and "
            "judged on those not drawn (Tsamardinos and others, 2018); the apparent accuracy minus "
            "that is the optimism of the selection."
        ),
        optimism_table(comparison),
        doc.Paragraph(
            "Would another ranking have told another story? Kendall's rank correlation between the "
            "orders of all runs under each rule, and the run that each rule puts first."
        ),
        rankings_table(comparison),
    ]


def primary_analysis(comparison):
    """Return the blocks of the primary analysis of a Comparison."""
    selected = [
        f"{cell}: {doc.described(choice.combination)} ({doc.share(choice.figure)}, the best of "
        f"{choice.candidates})"
        for cell, choice in comparison.selected.items()
    ]
    replicates = len(comparison.replicates)
    text = (
        "The primary analysis was fixed beforehand. For each cell the combination with the "
        f"highest {RANKINGS[comparison.select_by]} is selected, trained again with {replicates} "
        f"other seed{'' if replicates == 1 else 's'}, and judged on the "
        f"{doc.whole(comparison.tweets)} tweets of the {comparison.part} part. Intervals are 95 % "
        f"percentile intervals of {doc.whole(comparison.resamples)} bootstrap resamples of groups "
        f"of duplicate tweets ({doc.whole(comparison.groups)}) and, independently, of replicates. "
        "The smallest detectable difference is what such a comparison finds four times in five."
    )
    if replicates < 5:
        text += " With so few replicates the bootstrap understates what the seeds contribute."
    return [
        doc.Paragraph(text),
        doc.Paragraph(f"Selected were {listed(selected)}."),
        differences_table(comparison),
        replicates_table(comparison),
        *spread_paragraph(comparison),
        doc.Paragraph("Everything from here on is exploratory.", "note"),
    ]


def pairs_of_cells(comparison, sample):
    """Return the blocks of each two cells; ``sample`` is whether the grid is a sample."""
    return [
        doc.Paragraph(
            "McNemar's exact test asks whether two trained models get equally many tweets "
            "right. It takes these trained models as given: another seed may answer otherwise."
        ),
        mcnemar_table(comparison),
        doc.Paragraph(
            "Over all combinations, the cells side by side. Wilcoxon's signed-rank test "
            "describes the differences of this grid: its combinations share their tweets"
            + ("." if sample else " and were not drawn at random.")
        ),
        paired_table(comparison),
    ]


def differences_table(comparison):
    """Return all differences of the primary analysis."""
    rows = [vars(pair) for pair in comparison.primary.pairs] + [
        {"first": pair.cell, "second": model_name(pair.baseline), **vars(pair)}
        for pair in comparison.primary.against_baselines
    ]
    columns = [
        *doc.columns(first="first", second="second"),
        *doc.columns(doc.signed, difference="difference"),
        *doc.columns(doc.signed_between, interval="95 % interval"),
        *doc.columns(doc.yes, excludes_zero="more than chance"),
        *doc.columns(
            doc.share,
            minimum_detectable_difference="smallest detectable",
            standard_error_tweets="standard error, tweets",
            standard_error_replicates="standard error, replicates",
        ),
    ]
    title = f"Differences in accuracy: the first {doc.MINUS} the second"
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
        f"{cell} {doc.share(spread.sd)} ({doc.share(spread.min)} to {doc.share(spread.max)})"
        for cell, spread in spreads.items()
        if spread.sd is not None
    ]
    if each:
        yield doc.Paragraph(
            f"Spread over replicates, as the standard deviation of their {comparison.part} "
            f"accuracies: {listed(each)}."
        )


def mcnemar_table(comparison):
    """Return McNemar's test of each two selected models."""
    columns = [
        *doc.columns(first="first", second="second"),
        *doc.columns(
            doc.whole,
            both_right="both",
            first_only="only the first",
            second_only="only the second",
            both_wrong="neither",
        ),
        *doc.columns(doc.p_value, p="p"),
    ]
    title = f"Tweets of the {comparison.part} part that the two selected models get right"
    return doc.Table("mcnemar", title, columns, [vars(test) for test in comparison.mcnemar])


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
    order = f"first {doc.MINUS} second"
    title = f"Differences in {RANKINGS[comparison.select_by]} over all combinations, {order}"
    return doc.Table("paired", title, columns, [vars(pair) for pair in comparison.paired_cells])


def optimism_table(comparison):
    """Return how much the selection flatters each cell."""
    rows = []
    for cell, optimism in comparison.selection_optimism.items():
        often = optimism.selected_most_often[0]
        most = {"most": doc.described(often.combination), "times": often.share}
        rows.append({"cell": cell, **to_json(optimism), **most})
    columns = [
        *doc.columns(cell="cell"),
        *doc.columns(doc.whole, runs="runs to choose from"),
        *doc.columns(doc.share, apparent="apparent", corrected="corrected"),
        *doc.columns(doc.between, interval="95 % interval"),
        *doc.columns(doc.signed, optimism="optimism"),
        *doc.columns(most="selected most often"),
        *doc.columns(doc.percent, times="in"),
    ]
    title = "The best run's validation accuracy, as it appears and corrected for its selection"
    return doc.Table("optimism", title, columns, rows)


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
