"""The primary analysis in full, and what else bears on it."""

from tweetrnn.evaluation.comparison import to_json
from tweetrnn.evaluation.metrics import METRICS
from tweetrnn.grid import is_sample
from tweetrnn.names import BASELINES, RANKINGS
from tweetrnn.reporting.document import (
    MINUS,
    Column,
    Paragraph,
    Section,
    Table,
    between,
    p_value,
    percent,
    share,
    signed,
    signed_between,
    whole,
    yes,
)
from tweetrnn.reporting.sections.common import described, not_yet
from tweetrnn.wording import listed


def section(experiment):
    """Return the Section of an Experiment."""
    title = "Is it real?"
    if not experiment.comparison:
        return Section("real", title, [not_yet()])
    comparison, blocks = experiment.comparison, primary_analysis(experiment.comparison)
    if comparison.mcnemar:
        blocks += pairs_of_cells(comparison, is_sample(experiment.config["grid"]))
    blocks += [
        Paragraph(
            "Whoever picks the best of many runs on validation picks luck as well. In bootstrap "
            "resamples of the validation tweets the best run is selected on the drawn tweets and "
            "judged on those not drawn (Tsamardinos and others, 2018); the apparent accuracy minus "
            "that is the optimism of the selection."
        ),
        optimism_table(comparison),
        Paragraph(
            "Would another ranking have told another story? Kendall's rank correlation between the "
            "orders of all runs under each rule, and the run that each rule puts first."
        ),
        rankings_table(comparison),
    ]
    return Section("real", title, blocks)


def primary_analysis(comparison):
    """Return the blocks of the primary analysis of a Comparison."""
    selected = [
        f"{cell}: {described(choice.combination)} ({share(choice.figure)}, the best of "
        f"{choice.candidates})"
        for cell, choice in comparison.selected.items()
    ]
    replicates = len(comparison.replicates)
    text = (
        "The primary analysis was fixed beforehand. For each cell the combination with the "
        f"highest {RANKINGS[comparison.select_by]} is selected, trained again with {replicates} "
        f"other seed{'' if replicates == 1 else 's'}, and judged on the "
        f"{whole(comparison.tweets)} tweets of the {comparison.part} part. Intervals are 95 % "
        f"percentile intervals of {whole(comparison.resamples)} bootstrap resamples of groups of "
        f"duplicate tweets ({whole(comparison.groups)}) and, independently, of replicates. The "
        "smallest detectable difference is what such a comparison finds four times in five."
    )
    if replicates < 5:
        text += " With so few replicates the bootstrap understates what the seeds contribute."
    return [
        Paragraph(text),
        Paragraph(f"Selected were {listed(selected)}."),
        differences_table(comparison),
        replicates_table(comparison),
        *spread_paragraph(comparison),
        Paragraph("Everything from here on is exploratory.", "note"),
    ]


def pairs_of_cells(comparison, sample):
    """Return the blocks of each two cells; ``sample`` is whether the grid is a sample."""
    return [
        Paragraph(
            "McNemar's exact test asks whether two trained models get equally many tweets "
            "right. It takes these trained models as given: another seed may answer otherwise."
        ),
        mcnemar_table(comparison),
        Paragraph(
            "Over all combinations, the cells side by side. Wilcoxon's signed-rank test "
            "describes the differences of this grid: its combinations share their tweets"
            + ("." if sample else " and were not drawn at random.")
        ),
        paired_table(comparison),
    ]


def differences_table(comparison):
    """Return all differences of the primary analysis."""
    rows = [vars(pair) for pair in comparison.primary.pairs] + [
        {"first": pair.cell, "second": BASELINES[pair.baseline].model, **vars(pair)}
        for pair in comparison.primary.against_baselines
    ]
    columns = [
        Column("first", "first"),
        Column("second", "second"),
        Column("difference", "difference", signed),
        Column("interval", "95 % interval", signed_between),
        Column("excludes_zero", "more than chance", yes),
        Column("minimum_detectable_difference", "smallest detectable", share),
        Column("standard_error_tweets", "standard error, tweets", share),
        Column("standard_error_replicates", "standard error, replicates", share),
    ]
    return Table(
        "differences", f"Differences in accuracy: the first {MINUS} the second", columns, rows
    )


def replicates_table(comparison):
    """Return every replicate's scores."""
    rows = [
        {
            "cell": cell,
            "replicate": replicate.replicate,
            **replicate.scores(comparison.part),
            "validation_accuracy": replicate.validation["accuracy"],
        }
        for cell in comparison.selected
        for replicate in comparison.primary.accuracies[cell].replicates
    ]
    columns = [
        Column("cell", "cell"),
        Column("replicate", "replicate", whole),
        *(
            Column(name, f"{comparison.part} {metric.heading}", share)
            for name, metric in METRICS.items()
        ),
    ]
    if comparison.part == "test":
        columns.append(Column("validation_accuracy", "validation accuracy", share))
    return Table("replicates", "The selected combinations, trained again", columns, rows)


def spread_paragraph(comparison):
    """Yield how far apart the replicates are, where there are several."""
    spreads = {
        cell: comparison.primary.accuracies[cell].spread[comparison.part]["accuracy"]
        for cell in comparison.selected
    }
    each = [
        f"{cell} {share(spread.sd)} ({share(spread.min)} to {share(spread.max)})"
        for cell, spread in spreads.items()
        if spread.sd is not None
    ]
    if each:
        yield Paragraph(
            f"Spread over replicates, as the standard deviation of their {comparison.part} "
            f"accuracies: {listed(each)}."
        )


def mcnemar_table(comparison):
    """Return McNemar's test of each two selected models."""
    columns = [
        Column("first", "first"),
        Column("second", "second"),
        Column("both_right", "both", whole),
        Column("first_only", "only the first", whole),
        Column("second_only", "only the second", whole),
        Column("both_wrong", "neither", whole),
        Column("p", "p", p_value),
    ]
    title = f"Tweets of the {comparison.part} part that the two selected models get right"
    return Table("mcnemar", title, columns, [vars(test) for test in comparison.mcnemar])


def paired_table(comparison):
    """Return the cells' paired differences over all combinations."""
    columns = [
        Column("first", "first"),
        Column("second", "second"),
        Column("pairs", "combinations", whole),
        Column("positive", "first ahead", whole),
        Column("negative", "second ahead", whole),
        Column("mean", "mean difference", signed),
        Column("median", "median", signed),
        Column("p", "p, Wilcoxon", p_value),
    ]
    by = RANKINGS[comparison.select_by]
    title = f"Differences in {by} over all combinations, first {MINUS} second"
    return Table("paired", title, columns, [vars(pair) for pair in comparison.paired_cells])


def optimism_table(comparison):
    """Return how much the selection flatters each cell."""
    rows = []
    for cell, optimism in comparison.selection_optimism.items():
        often = optimism.selected_most_often[0]
        most = {"most": described(often.combination), "times": often.share}
        rows.append({"cell": cell, **to_json(optimism), **most})
    columns = [
        Column("cell", "cell"),
        Column("runs", "runs to choose from", whole),
        Column("apparent", "apparent", share),
        Column("corrected", "corrected", share),
        Column("interval", "95 % interval", between),
        Column("optimism", "optimism", signed),
        Column("most", "selected most often"),
        Column("times", "in", percent),
    ]
    title = "The best run's validation accuracy, as it appears and corrected for its selection"
    return Table("optimism", title, columns, rows)


def rankings_table(comparison):
    """Return how far the rules agree over all runs."""
    agreement = comparison.rankings["all"]
    rows = [
        {
            "rule": RANKINGS[rule],
            **agreement.kendall[rule],
            "winner": f"{winner.cell}: {described(winner.combination)}",
        }
        for rule, winner in agreement.winners.items()
    ]
    columns = [
        Column("rule", "ranked by"),
        *(
            Column(rule, title.replace("validation ", ""), share)
            for rule, title in RANKINGS.items()
        ),
        Column("winner", "first"),
    ]
    title = "Kendall's rank correlation (tau-b) between rankings"
    return Table("rankings", title, columns, rows)
