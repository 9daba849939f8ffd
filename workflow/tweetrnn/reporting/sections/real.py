"""The primary analysis in full, and what else bears on it."""

from tweetrnn.grid import is_sample
from tweetrnn.reporting.document import (
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
from tweetrnn.reporting.figures import METRICS, RANKINGS
from tweetrnn.reporting.sections.common import described, figure, not_yet
from tweetrnn.reporting.verdict import NAMES
from tweetrnn.wording import listed


def section(e):
    """Return the Section of an Experiment."""
    title = "Is it real?"
    if not e.comparison:
        return Section("real", title, [not_yet()])
    c = e.comparison
    selected = [
        f"{cell}: {described(choice['combination'])} ({share(choice['figure'])}, the best of "
        f"{choice['candidates']})"
        for cell, choice in c["selected"].items()
    ]
    one = len(c["replicates"]) == 1
    blocks = [
        Paragraph(
            "The primary analysis was fixed beforehand. For each cell the combination with the "
            f"highest {RANKINGS[c['select_by']]} is selected, trained again with "
            f"{len(c['replicates'])} other seed{'' if one else 's'}, and judged on the "
            f"{whole(c['tweets'])} tweets of the {c['part']} part. Intervals are 95 % percentile "
            f"intervals of {whole(c['resamples'])} bootstrap resamples of groups of duplicate "
            f"tweets ({whole(c['groups'])}) and, independently, of replicates. The smallest "
            "detectable difference is what such a comparison finds four times in five."
            + (
                " With so few replicates the bootstrap understates what the seeds contribute."
                if len(c["replicates"]) < 5
                else ""
            )
        ),
        Paragraph(f"Selected were {listed(selected)}."),
        differences_table(e),
        replicates_table(e),
        *spread_paragraph(e),
        Paragraph(
            "Everything from here on is exploratory.",
            "note",
        ),
    ]
    if c["mcnemar"]:
        blocks += [
            Paragraph(
                "McNemar's exact test asks whether two trained models get equally many tweets "
                "right. It takes these trained models as given: another seed may answer otherwise."
            ),
            mcnemar_table(c),
            Paragraph(
                "Over all combinations, the cells side by side. Wilcoxon's signed-rank test "
                "describes the differences of this grid: its combinations share their tweets"
                + ("." if is_sample(e.config["grid"]) else " and were not drawn at random.")
            ),
            paired_table(c),
            figure(e, "paired"),
        ]
    blocks += [
        Paragraph(
            "Whoever picks the best of many runs on validation picks luck as well. In bootstrap "
            "resamples of the validation tweets the best run is selected on the drawn tweets and "
            "judged on those not drawn (Tsamardinos and others, 2018); the apparent accuracy less "
            "that is the optimism of the selection."
        ),
        optimism_table(c),
        figure(e, "optimism"),
        Paragraph(
            "Would another ranking have told another story? Kendall's rank correlation between the "
            "orders of all runs under each rule, and the run that each rule puts first."
        ),
        rankings_table(c),
    ]
    return Section("real", title, blocks)


def differences_table(e):
    """Return all differences of the primary analysis."""
    primary = e.comparison["primary"]
    rows = [{"first": row["first"], "second": row["second"], **row} for row in primary["pairs"]] + [
        {
            "first": row["cell"],
            "second": NAMES[row["baseline"]],
            **row,
        }
        for row in primary["against_baselines"]
    ]
    return Table(
        "differences",
        "Differences in accuracy: the first less the second",
        [
            Column("first", "first"),
            Column("second", "second"),
            Column("difference", "difference", signed),
            Column("interval", "95 % interval", signed_between),
            Column("excludes_zero", "more than chance", yes),
            Column("minimum_detectable_difference", "smallest detectable", share),
            Column("standard_error_tweets", "standard error, tweets", share),
            Column("standard_error_replicates", "standard error, replicates", share),
        ],
        rows,
    )


def replicates_table(e):
    """Return every replicate's scores."""
    c = e.comparison
    rows = [
        {
            "cell": cell,
            "replicate": scores["replicate"],
            **scores[c["part"]],
            "validation_accuracy": scores["validation"]["accuracy"],
        }
        for cell in c["selected"]
        for scores in c["primary"]["accuracies"][cell]["replicates"]
    ]
    columns = [
        Column("cell", "cell"),
        Column("replicate", "replicate", whole),
        *(Column(name, f"{c['part']} {title}", share) for name, title in METRICS.items()),
    ]
    if c["part"] == "test":
        columns.append(Column("validation_accuracy", "validation accuracy", share))
    return Table("replicates", "The selected combinations, trained again", columns, rows)


def spread_paragraph(e):
    """Return how far apart the replicates lie, where there are several."""
    c = e.comparison
    each = []
    for cell in c["selected"]:
        own = c["primary"]["accuracies"][cell]["spread"][c["part"]]["accuracy"]
        if own["sd"] is not None:
            each.append(f"{cell} {share(own['sd'])} ({share(own['min'])} to {share(own['max'])})")
    if each:
        yield Paragraph(
            f"Spread over replicates, as the standard deviation of their {c['part']} accuracies: "
            f"{listed(each)}."
        )


def mcnemar_table(c):
    """Return McNemar's test of each two selected models."""
    return Table(
        "mcnemar",
        f"Tweets of the {c['part']} part that the two selected models get right",
        [
            Column("first", "first"),
            Column("second", "second"),
            Column("both_right", "both", whole),
            Column("first_only", "only the first", whole),
            Column("second_only", "only the second", whole),
            Column("both_wrong", "neither", whole),
            Column("p", "p", p_value),
        ],
        c["mcnemar"],
    )


def paired_table(c):
    """Return the cells' paired differences over all combinations."""
    return Table(
        "paired",
        f"Differences in {RANKINGS[c['select_by']]} over all combinations, first less second",
        [
            Column("first", "first"),
            Column("second", "second"),
            Column("pairs", "combinations", whole),
            Column("positive", "first ahead", whole),
            Column("negative", "second ahead", whole),
            Column("mean", "mean difference", signed),
            Column("median", "median", signed),
            Column("p", "p, Wilcoxon", p_value),
        ],
        c["paired_cells"],
    )


def optimism_table(c):
    """Return how much the selection flatters each cell."""
    rows = [
        {
            "cell": cell,
            **own,
            "most": described(own["selected_most_often"][0]["combination"]),
            "times": own["selected_most_often"][0]["share"],
        }
        for cell, own in c["selection_optimism"].items()
    ]
    return Table(
        "optimism",
        "The best run's validation accuracy, as it appears and corrected for its selection",
        [
            Column("cell", "cell"),
            Column("runs", "runs to choose from", whole),
            Column("apparent", "apparent", share),
            Column("corrected", "corrected", share),
            Column("interval", "95 % interval", between),
            Column("optimism", "optimism", signed),
            Column("most", "selected most often"),
            Column("times", "in", percent),
        ],
        rows,
    )


def rankings_table(c):
    """Return how far the rules agree over all runs."""
    own = c["rankings"].get("all")
    rows = []
    for rule in own["winners"] if own else ():
        winner = own["winners"][rule]
        rows.append(
            {
                "rule": RANKINGS[rule],
                **own["kendall"][rule],
                "winner": f"{winner['cell']}: {described(winner['combination'])}",
            }
        )
    return Table(
        "rankings",
        "Kendall's rank correlation (tau-b) between rankings",
        [
            Column("rule", "ranked by"),
            *(
                Column(rule, title.replace("validation ", ""), share)
                for rule, title in RANKINGS.items()
            ),
            Column("winner", "first"),
        ],
        rows,
    )
