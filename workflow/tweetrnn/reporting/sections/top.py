"""The reference's tables: the best runs of each cell, and where their curves part."""

from tweetrnn.grid import Run
from tweetrnn.reporting.document import (
    Card,
    Cards,
    Column,
    Paragraph,
    Section,
    Table,
    decimal,
    share,
    whole,
)
from tweetrnn.reporting.figures import RANKINGS
from tweetrnn.reporting.sections.common import described, figure

# What evaluation.aggregate.divergence_epoch computes.
DIVERGENCE_EPOCH = (
    "The divergence epoch is the first epoch after which the validation loss never again falls "
    "more than 1 % below its value there, although the training loss still does. At least two "
    "later epochs must bear that out, so that one last bad epoch makes no divergence; where no "
    "epoch is like that, the curves do not part. In the curves it is the dotted line."
)


def section(e):
    """Return the Section of an Experiment."""
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
    blocks.append(Paragraph(DIVERGENCE_EPOCH))
    if e.comparison:
        blocks.append(divergence_table(e))
    return Section("top", "The best runs of each cell", blocks)


def best_of(e, cell):
    """Return the runs of a cell that are shown in full, best first."""
    own = [row for row in e.runs if row["cell"] == cell and row["status"] == "finished"]
    return sorted(own, key=lambda row: row["rank"])[: e.config["report"]["top"]]


def card(e, row, place):
    """Return the Card of one run."""
    name = Run(row["cell"], row["combination"], row["replicate"])
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
