"""The report's sections, in order: what each says, shows and lists.

Every section is a function of an ``Experiment`` that returns a ``Section``. A table's rows are also
what summary.json holds. To add a figure: docs/extending.md.
"""

from pathlib import PurePath
from urllib.parse import urlsplit

import yaml

from tweetrnn.evaluation.aggregate import divergence_epoch
from tweetrnn.evaluation.prediction_metrics import PREDICTION_METRICS
from tweetrnn.grid import Combination, full_size, is_sample, size
from tweetrnn.reporting import figures
from tweetrnn.reporting.document import (
    Card,
    Cards,
    Column,
    Curves,
    Figure,
    Listing,
    Paragraph,
    Playground,
    Section,
    Table,
    between,
    decimal,
    p_value,
    percent,
    share,
    signed,
    signed_between,
    visible,
    whole,
    yes,
)
from tweetrnn.reporting.figures import FACTORS, METRICS, RANKINGS
from tweetrnn.reporting.verdict import NAMES, verdict
from tweetrnn.wording import listed

EPOCH_FIGURES = {
    "validation_accuracy": "validation accuracy",
    "train_accuracy": "training accuracy",
    "validation_loss": "validation loss",
    "train_loss": "training loss",
}


def described(name):
    """Return a combination's name in words."""
    c = Combination.parse(name)
    parts = [
        f"{c.recurrent_layers} recurrent layer" + "s" * (c.recurrent_layers > 1),
        f"{c.dense_layers} hidden dense layer" + "s" * (c.dense_layers > 1),
        "dropout" if c.dropout else "no dropout",
        "L2" if c.regularization else "no L2",
        f"learning rate {name.rpartition('-lr')[2]}",
    ]
    return ", ".join(parts)


def figure(experiment, name, caption=""):
    """Return the Figure of that name with its alternative text."""
    return Figure(name, figures.alt_text(name, experiment), caption)


def headline(e):
    """1: who won, by how much, and against what."""
    kind = e.tokenized["kind"]
    blocks = [Paragraph(text, role) for text, role in verdict(e.comparison, e.baselines, kind)]
    grid = e.config["grid"]
    if is_sample(grid):
        blocks.append(
            Paragraph(
                f"This is a sample: {whole(size(grid))} of the grid's {whole(full_size(grid))} "
                f"combinations, drawn at random by the seed {e.config['seed']} and the same for "
                "each cell. A better combination may be among those that were not trained.",
                "note",
            )
        )
    unfinished = [row for row in e.runs if row["status"] != "finished"]
    if unfinished:
        each = [f"{row['cell']} {row['combination']} ({row['status']})" for row in unfinished[:8]]
        more = f" and {len(unfinished) - 8} more" if len(unfinished) > 8 else ""
        blocks.insert(
            0,
            Paragraph(
                f"{len(unfinished)} of {len(e.runs)} runs have no result: "
                f"{', '.join(each)}{more}. Nothing on this page speaks of them.",
                "warning",
            ),
        )
    if e.comparison:
        blocks += [figure(e, "primary"), selected_table(e)]
    return Section("headline", "Which cell reads sentiment better", blocks)


def selected_table(e):
    """Return the table of the selected models and the baselines on the judged part."""
    part, found = e.comparison["part"], e.comparison["primary"]["accuracies"]
    rows = []
    for name, own in found.items():
        if name in e.comparison["selected"]:
            spread = own["spread"][part]
            rows.append(
                {
                    "model": name,
                    "combination": described(own["combination"]),
                    "replicates": len(own["replicates"]),
                    "accuracy": own["accuracy"],
                    "interval": own["interval"],
                    "macro_f1": spread["macro_f1"]["mean"],
                    "binary_accuracy": spread["binary_accuracy"]["mean"],
                }
            )
        else:
            scores = own["scores"][part]
            label = NAMES[name]
            rows.append({"model": label, "interval": own["interval"], **scores})
    return Table(
        "selected",
        f"The selected models and the baselines on the {part} part",
        [
            Column("model", "model"),
            Column("combination", "combination"),
            Column("replicates", "replicates", whole),
            Column("accuracy", f"{part} accuracy", share),
            Column("interval", "95 % interval", between),
            Column("macro_f1", "macro-F1", share),
            Column("binary_accuracy", "binary accuracy", share),
        ],
        rows,
    )


def data(e):
    """2: what the networks learned from."""
    t, s = e.tokenized, e.split
    length = t["length"]
    facts = [
        ("rows read", whole(t["rows_read"])),
        ("tweets kept", whole(t["kept"])),
        ("rows dropped", f"{whole(sum(t['dropped'].values()))}{reasons(t['dropped'])}"),
        ("rows left out by label", f"{whole(sum(t['ignored'].values()))}{reasons(t['ignored'])}"),
        (
            "duplicates (the same tokens as an earlier tweet)",
            f"{whole(t['duplicate_rows'])} rows in {whole(t['duplicate_groups'])} groups, of which "
            f"{whole(t['conflicting_groups'])} carry conflicting labels",
        ),
        ("rows that repeat an identifier", whole(t["duplicate_ids"])),
        (
            "tokens in a tweet",
            f"median {whole(length['median'])}, 95 % within {whole(length['p95'])}, longest "
            f"{whole(length['max'])}",
        ),
        (
            f"tweets cut to the sequence length, {s['sequence_length']}",
            f"{whole(e.encoded['cut_tweets'])}",
        ),
        ("distinct words", whole(e.encoded["words"])),
        ("one-hot width", whole(s["width"])),
        (
            "vocabulary fitted on",
            "all tweets, validation and test included, as in the reference"
            if s["fit_on"] == "all"
            else "the training part",
        ),
        ("split", split_in_words(s)),
        ("input sha256", t["sha256"]),
        ("licence", t["licence"]),
    ]
    blocks = [
        Table(
            "data",
            "The corpus",
            [Column("fact", "fact"), Column("value", "value")],
            [{"fact": fact, "value": value} for fact, value in facts],
        ),
        parts_table(e),
        figure(e, "lengths"),
    ]
    seen = s["seen_in_training"]
    if any(seen.values()):
        leaks = [f"{whole(count)} {part}" for part, count in seen.items() if count]
        blocks.insert(
            0,
            Paragraph(
                f"{listed(leaks)} tweets have the same tokens as a training tweet: an ordered "
                "split does not keep duplicates together.",
                "warning",
            ),
        )
    return Section("data", "Data", blocks)


def reasons(counts):
    """Return counts by reason as ``: empty text 3, ...``, nothing without any."""
    each = ", ".join(f"{reason} {whole(count)}" for reason, count in counts.items())
    return f": {each}" if each else ""


def split_in_words(s):
    """Return how the parts were made."""
    how = {
        "stratified": "at random with equal class shares; duplicates stay together",
        "random": "at random; duplicates stay together",
        "ordered": "in the order of the file, unshuffled",
    }
    return how[s["method"]]


def parts_table(e):
    """Return the table of the parts' sizes, class shares and unknown words."""
    rows = []
    for part, own in e.split["parts"].items():
        if own["tweets"]:
            shares = {
                f"share_{n}": k / own["tweets"] for n, k in enumerate(own["classes"].values())
            }
            rows.append(
                {
                    "part": part,
                    "tweets": own["tweets"],
                    **shares,
                    "unknown_rate": own["unknown_rate"],
                    "classes": own["classes"],
                }
            )
    return Table(
        "parts",
        "The parts",
        [
            Column("part", "part"),
            Column("tweets", "tweets", whole),
            *(Column(f"share_{n}", name, percent) for n, name in enumerate(e.split["labels"])),
            Column("unknown_rate", "unknown words", percent),
        ],
        rows,
    )


def top(e):
    """3: the reference's tables, and where the curves part."""
    ranking = e.config["report"]["rank_by"]
    best = e.config["report"]["top"]
    blocks = [
        Paragraph(
            f"As in the reference report, runs are ranked by their {RANKINGS[ranking]}; the first "
            f"{best} of each cell are shown. This order favours quick learners and is not what "
            "the comparison rests on."
            if ranking.startswith("mean")
            else f"Runs are ranked by their {RANKINGS[ranking]}; the first {best} of each cell are "
            "shown."
        )
    ]
    for cell in e.config["grid"]["cell"]:
        cards = [card(e, row, place) for place, row in enumerate(best_of(e, cell), 1)]
        blocks.append(Cards(f"{cell}: the best {len(cards)}", RANKINGS[ranking], cards))
    doc = " ".join(divergence_epoch.__doc__.partition("\n\n")[2].partition("\n\n")[0].split())
    blocks.append(Paragraph(f"{doc} In the curves it is the dotted line."))
    if e.comparison:
        blocks.append(divergence_table(e))
    return Section("top", "The best runs of each cell", blocks)


def best_of(e, cell):
    """Return the runs of a cell that are shown in full, best first."""
    own = [row for row in e.runs if row["cell"] == cell and row["status"] == "finished"]
    return sorted(own, key=lambda row: row["rank"])[: e.config["report"]["top"]]


def card(e, row, place):
    """Return the Card of one run."""
    name = (row["cell"], row["combination"], row["replicate"])
    ranking = e.config["report"]["rank_by"]
    stem = f"curves-{row['cell']}-{place}"
    return Card(
        place=place,
        parameters=f"{row['reference_tuple']}: {described(row['combination'])}",
        value=share(row[ranking]),
        architecture=Table(
            f"architecture-{row['cell']}-{place}",
            f"Architecture of {row['cell']} {place}",
            [
                Column("layer", "layer (type)"),
                Column("output_shape", "output shape"),
                Column("parameters", "parameters", whole),
            ],
            e.architectures[name],
        ),
        loss=figure(e, f"{stem}-loss"),
        accuracy=figure(e, f"{stem}-accuracy"),
    )


def divergence_table(e):
    """Return where the curves part, beside what the reference claims."""
    rows = []
    for cell, own in e.comparison["divergence"].items():
        shown = [
            "none" if run["divergence_epoch"] is None else str(run["divergence_epoch"])
            for run in best_of(e, cell)
        ]
        claimed = own["published"]
        rows.append(
            {
                "cell": cell,
                "top": ", ".join(shown),
                "median": own["median"],
                "part": own["runs_that_part"],
                "runs": own["runs"],
                "published": None if claimed is None else f"about {claimed}",
            }
        )
    return Table(
        "divergence",
        "The divergence epoch",
        [
            Column("cell", "cell"),
            Column("top", "of the runs above"),
            Column("median", "median of those that part", decimal),
            Column("part", "runs that part", whole),
            Column("runs", "of finished runs", whole),
            Column("published", "the reference says"),
        ],
        rows,
    )


def runs(e):
    """4: every run of the grid."""
    some = len(e.config["grid"]["cell"]) > 1
    blocks = [
        Paragraph(
            "Figures of the validation part; those of the test part are told of selected models "
            "alone, so that nobody can choose by them."
        ),
        figure(e, "ranking"),
        *([figure(e, "cells")] if some else []),
        runs_table(e),
        curves(e),
    ]
    return Section("runs", "All runs", blocks)


def runs_table(e):
    """Return the table of all runs."""
    order = RANKINGS[e.config["report"]["rank_by"]]
    return Table(
        "runs",
        f"All {whole(len(e.runs))} runs, in the order of their {order}",
        [
            Column("rank", "rank", whole),
            Column("cell", "cell"),
            *(
                Column(factor, title, yes if factor in ("dropout", "regularization") else number)
                for factor, title in FACTORS.items()
            ),
            *([Column("replicate", "replicate", whole)] * (e.config["training"]["replicates"] > 1)),
            Column("mean_accuracy", "mean accuracy", share),
            Column("best_accuracy", "best accuracy", share),
            Column("last_accuracy", "last accuracy", share),
            Column("best_macro_f1", "best macro-F1", share),
            Column("mean_binary_accuracy", "mean binary accuracy", share),
            *(
                Column(f"{name}_at_best", f"{title}, best epoch", share)
                for name, (title, _) in PREDICTION_METRICS.items()
            ),
            Column("divergence_epoch", "divergence epoch", whole),
            Column("parameters", "parameters", whole),
            Column("seconds", "seconds", decimal),
            Column("max_rss_mb", "memory, MB", whole),
            *([Column("status", "status")] * any(run["status"] != "finished" for run in e.runs)),
        ],
        e.runs,
        tools=True,
    )


def number(value):
    """Return a factor's value, 0.001 as ``1e-3``."""
    if isinstance(value, float):
        return figures.level_text("learning_rate", value)
    return str(value)


def curves(e):
    """Return the Curves of all finished runs."""
    own = {}
    for row in e.epochs:
        own.setdefault((row["cell"], row["combination"], row["replicate"]), []).append(row)
    found = []
    for row in e.runs:
        history = own.get((row["cell"], row["combination"], row["replicate"]), [])
        if row["status"] == "finished":
            found.append(
                {
                    "rank": row["rank"],
                    "cell": row["cell"],
                    "name": described(row["combination"]),
                    **{
                        quantity: [round(epoch[quantity], 4) for epoch in history]
                        for quantity in EPOCH_FIGURES
                    },
                }
            )
    return Curves(found, EPOCH_FIGURES)


def effects(e):
    """5: what each hyper-parameter does in this grid."""
    title = "What each hyper-parameter does in this grid"
    if not e.comparison:
        return Section("effects", title, [not_yet()])
    c = e.comparison
    select_by = RANKINGS[c["select_by"]]
    blocks = [
        Paragraph(
            f"For each factor the differences in {select_by} between combinations that are equal "
            "but for it: at the level named second less at the level named first. "
            + (
                "The combinations are a random sample of the grid, in which many lack their "
                "partner: the number of pairs is told, and of how many in the full grid. All"
                if is_sample(e.config["grid"])
                else "The combinations are not a random sample, and all"
            )
            + " are trained and measured on the same tweets. So the p values (Wilcoxon's "
            "signed-rank test) describe this grid and claim nothing beyond it; Holm's correction "
            "is over all rows of a table. All of this is exploratory."
        ),
        figure(e, "effects"),
        effects_table("effects", "The effect of each factor in each cell", c["factor_effects"]),
    ]
    if c["interactions"]:
        blocks.append(
            effects_table(
                "interactions",
                "The interaction of cell and factor: the first cell's effect less the second's",
                c["interactions"],
            )
        )
    return Section("effects", title, blocks)


def effects_table(name, caption, rows):
    """Return the table of one family of paired differences."""
    shown = [
        {
            **row,
            "who": row.get("cell") or f"{row['first']} less {row['second']}",
            "what": FACTORS[row["factor"]],
            "change": f"{level(row['factor'], row['from'])} to {level(row['factor'], row['to'])}",
            "range": None if row["mean"] is None else [row["min"], row["max"]],
        }
        for row in rows
    ]
    missing = any(row["pairs"] < row["possible_pairs"] for row in rows)
    return Table(
        name,
        caption,
        [
            Column("who", "cells" if rows and "first" in rows[0] else "cell"),
            Column("what", "factor"),
            Column("change", "from, to"),
            Column("pairs", "pairs", whole),
            *([Column("possible_pairs", "of", whole)] if missing else []),
            Column("mean", "mean difference", signed),
            Column("median", "median", signed),
            Column("range", "range", signed_between),
            Column("p", "p", p_value),
            Column("p_holm", "p, Holm", p_value),
        ],
        shown,
    )


def level(factor, value):
    """Return a factor's level as figures show it."""
    return figures.level_text(factor, value)


def not_yet():
    """Return what stands in a section that needs the comparison."""
    return Paragraph("Told when all trainings that it needs are done.", "note")


def real(e):
    """6: the primary analysis in full, and what else bears on it."""
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


def failures(e):
    """7: what the selected models get wrong."""
    title = "How they fail"
    if not e.comparison:
        return Section("failures", title, [not_yet()])
    c = e.comparison
    rows = [
        {"cell": cell, "class": name, **scores}
        for cell, own in c["failures"].items()
        for name, scores in own["per_class"].items()
    ]
    errors = [
        f"{cell} {share(own['calibration']['expected_calibration_error'])}"
        for cell, own in c["failures"].items()
    ]
    blocks = [
        Paragraph(
            f"Of the selected runs as they were selected, on the {c['part']} part (no replicates)."
        ),
        figure(e, "failures"),
        Table(
            "classes",
            "Precision, recall and F1 of each class",
            [
                Column("cell", "cell"),
                Column("class", "class"),
                Column("precision", "precision", share),
                Column("recall", "recall", share),
                Column("f1", "F1", share),
                Column("support", "tweets", whole),
            ],
            rows,
        ),
        figure(e, "calibration"),
        Paragraph(
            "Expected calibration error, the mean gap between confidence and accuracy in ten "
            f"bins: {listed(errors)}."
        ),
    ]
    wrong = [
        {
            "cell": cell,
            "true": mistake["true"],
            "predicted": mistake["predicted"],
            "confidence": mistake["confidence"],
            "tweet": visible(e.tweets[mistake["corpus_row"]]),
        }
        for cell, own in c["failures"].items()
        for mistake in own["confidently_wrong"]
    ]
    if wrong:
        blocks.append(
            Table(
                "wrong",
                "Confidently wrong: the most confident mistakes of each kind; people's handles are "
                "masked",
                [
                    Column("tweet", "tweet"),
                    Column("true", "label"),
                    Column("predicted", "predicted"),
                    Column("confidence", "confidence", share),
                    Column("cell", "cell"),
                ],
                wrong,
            )
        )
    return Section("failures", title, blocks)


def playground(e):
    """The selected models, to be tried; nothing in a partial report, or where none is wanted."""
    found, blocks = e.playground, []
    if found and found.data:
        blocks = [
            Paragraph(
                "Type a tweet into report.html to see what the selected runs make of it after each "
                "word; the page computes that by itself, with JavaScript and without a network."
            ),
            Playground(found.data, EXAMPLE, agreement_in_words(found.agreement)),
        ]
    if found:
        blocks += [Paragraph(note, "note") for note in found.notes]
    return Section("try", "Try it", blocks)


EXAMPLE = "Thanks for the upgrade, but my bag is still in another city :("


def agreement_in_words(rows):
    """Return how the page's arithmetic agrees with the models as trained."""
    each = [
        f"{row['cell']} gives {whole(row['equal_labels'])} of {whole(row['tweets'])} validation "
        f"tweets ({100 * row['equal_labels'] / row['tweets']:.2f}\u00a0%) the label that it gave "
        f"when it was trained (largest difference of a probability: "
        f"{row['largest_difference']:.4f})"
        for row in rows
    ]
    return (
        "In the page the weights of all but the most frequent words are rounded to 8 bits, one "
        f"scale for each word and gate. So {listed(each)}. A word is unknown where the models' "
        "vocabulary lacks it."
    )


def reference(e):
    """8: the reference's figures beside ours."""
    title = "Beside the reference report"
    if not e.comparison:
        return Section("reference", title, [not_yet()])
    own = e.comparison["reference"]
    classes = len(e.split["labels"])
    majority = own["majority"]
    rows = [
        {
            "cell": row["cell"],
            "reference_tuple": row["reference_tuple"],
            "published": row["published"],
            "mean_accuracy": row["ours"]["mean_accuracy"],
            "mean_binary_accuracy": row["ours"]["mean_binary_accuracy"],
            "majority_accuracy": majority["accuracy"],
            "majority_binary_accuracy": majority["binary_accuracy"],
        }
        for row in own["rows"]
    ]
    blocks = [
        Paragraph(
            "This workflow repeats a course report that compared the two cells by hand. It ranks "
            "its runs by validation accuracy, averaged over epochs, and says neither which classes "
            "it told apart nor which accuracy it measured. Its printed layer sizes fit two classes "
            "in the order of the file, where always answering “negative” scores 0.854; its "
            "accuracies fit three classes and Keras's binary accuracy on one-hot labels, where "
            "always answering “negative” scores about 0.75. Under either reading its "
            "figures, 0.857 to 0.876, show far less than they seem to. Both readings are presets "
            "of this workflow."
        ),
        Paragraph(
            f"Below, the same combinations in this experiment ({classes} classes), under each "
            "reading of the metric, with what always giving the most frequent answer scores on the "
            "same validation tweets."
        ),
        Table(
            "reference",
            "Published and repeated: mean validation accuracy over epochs",
            [
                Column("cell", "cell"),
                Column("reference_tuple", "parameters"),
                Column("published", "published", share),
                Column("mean_accuracy", "ours, accuracy", share),
                Column("majority_accuracy", "majority, accuracy", share),
                Column("mean_binary_accuracy", "ours, binary accuracy", share),
                Column("majority_binary_accuracy", "majority, binary accuracy", share),
            ],
            rows,
        ),
        Paragraph(
            "Parameters are (recurrent layers, hidden dense layers, dropout, regularisation, "
            "learning rate). The question that the published figures raise: how much of them is "
            "the majority class?",
            "note",
        ),
    ]
    return Section("reference", title, blocks)


def cost(e):
    """9: time and memory."""
    rows = []
    for cell in e.config["grid"]["cell"]:
        done = [row for row in e.runs if row["cell"] == cell and row["seconds"] is not None]
        seconds = sorted(row["seconds"] for row in done)
        memory = [row["max_rss_mb"] for row in done if row["max_rss_mb"] is not None]
        further = [run["seconds"] for run in e.replicates if run["cell"] == cell]
        rows.append(
            {
                "cell": cell,
                "runs": len(done),
                "total": sum(seconds) / 60,
                "median": seconds[len(seconds) // 2] if seconds else None,
                "slowest": seconds[-1] if seconds else None,
                "memory": max(memory, default=None),
                "asked": e.memory_mb,
                "further": len(further),
                "further_total": sum(further) / 60,
            }
        )
    return Section(
        "cost",
        "Cost",
        [
            figure(e, "cost"),
            Table(
                "cost",
                "Time and memory of the trainings, summed over attempts",
                [
                    Column("cell", "cell"),
                    Column("runs", "runs", whole),
                    Column("total", "minutes in all", decimal),
                    Column("median", "median seconds", decimal),
                    Column("slowest", "most seconds", decimal),
                    Column("memory", "most memory, MB", whole),
                    Column("asked", "asked for, MB", whole),
                    Column("further", "further replicates", whole),
                    Column("further_total", "their minutes", decimal),
                ],
                rows,
            ),
        ],
    )


def shareable(value):
    """Return a config, or a value of one, without what is nobody else's business.

    Of an absolute path only the file's name stays, of a URL neither user, password nor query.
    """
    if isinstance(value, dict):
        return {key: shareable(own) for key, own in value.items()}
    if isinstance(value, list):
        return [shareable(own) for own in value]
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        url = urlsplit(value)
        return url._replace(netloc=url.netloc.rpartition("@")[2], query="", fragment="").geturl()
    if isinstance(value, str) and value.startswith(("/", "~")):
        return f"…/{PurePath(value).name}"
    return value


def provenance(e):
    """10: how this came about, and how to have it again."""
    kinds = {}
    for (cell, _, _), own in e.provenances.items():
        key = tuple(sorted((k, str(v)) for k, v in own.items()))
        kinds.setdefault(key, []).append(cell)
    rows = [{**dict(key), "trainings": len(cells)} for key, cells in kinds.items()]
    columns = [Column("trainings", "trainings", whole)] + [
        Column(key, key) for key in (dict(next(iter(kinds))) if kinds else {})
    ]
    name = e.config["name"]
    blocks = []
    if len(rows) > 1:
        blocks.append(
            Paragraph(
                "The trainings ran under different versions, code or processors; their last digits "
                "may differ for that reason alone.",
                "warning",
            )
        )
    blocks += [
        Table("trainings", "What the trainings ran on", columns, rows),
        Table(
            "rendering",
            "What this page was made with",
            [Column("what", "what"), Column("version", "version")],
            [
                {"what": "this workflow, commit", "version": e.commit},
                *({"what": what, "version": version} for what, version in e.versions.items()),
            ],
        ),
        Paragraph(
            f"To have it again: check the commit out, put the config below into a file, make sure "
            f"that the input has the sha256 {e.tokenized['sha256']}, and run snakemake --cores all "
            f"--configfile FILE. The results come to lie in results/{name}. (Folders of absolute "
            "paths, and passwords and queries of URLs, are left out of it.)"
        ),
        Listing(
            yaml.safe_dump(shareable(e.config), sort_keys=False, allow_unicode=True),
            "The config in full",
        ),
        Figure(
            "rulegraph",
            "The workflow's rules as a graph: the corpus is tokenized, encoded and split; runs are "
            "trained, aggregated and selected, compared with the baselines, plotted and rendered.",
            "The workflow's rules",
        ),
    ]
    return Section("provenance", "Provenance", blocks)


SECTIONS = (
    *(headline, data, top, runs, effects),
    *(real, failures, playground, reference, cost, provenance),
)


def document(experiment):
    """Return the report's Sections, in order; one that has nothing to say is left out."""
    found = [section(experiment) for section in SECTIONS]
    return [section for section in found if section.blocks]
