"""The reference's tables: the best runs of each cell, and where their curves part."""

from tweetrnn.names import RANKINGS
from tweetrnn.reporting import figures
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
from tweetrnn.reporting.experiment import run_of
from tweetrnn.reporting.figures.curves import name_of
from tweetrnn.reporting.sections.common import described

# What evaluation.aggregate.divergence_epoch computes.
DIVERGENCE_EPOCH = (
    "The divergence epoch is the first epoch after which the validation loss never again falls "
    "more than 1 % below its value there, although the training loss still does. At least two "
    "later epochs must bear that out, so that one last bad epoch makes no divergence; where no "
    "epoch is like that, the curves do not part. In the curves it is the dotted line."
)


def section(experiment):
    """Return the Section of an Experiment."""
    ranking = experiment.rank_by
    best = experiment.config["report"]["top"]
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
    for cell in experiment.cells:
        cards = [
            card(experiment, run, place) for place, run in enumerate(experiment.best_runs(cell), 1)
        ]
        blocks.append(Cards(f"{cell}: the best {len(cards)}", RANKINGS[ranking], cards))
    blocks.append(Paragraph(DIVERGENCE_EPOCH))
    if experiment.comparison:
        blocks.append(divergence_table(experiment))
    return Section("top", "The best runs of each cell", blocks)


def card(experiment, run, place):
    """Return the Card of one run, a dict; ``place`` is its rank in its cell."""
    architecture = Table(
        f"architecture-{run['cell']}-{place}",
        f"Architecture of {run['cell']} {place}",
        [
            Column("layer", "layer (type)"),
            Column("output_shape", "output shape"),
            Column("parameters", "parameters", whole),
        ],
        experiment.architecture(run_of(run)),
    )
    loss, accuracy = (
        figures.block(name_of(run["cell"], place, quantity), experiment)
        for quantity in ("loss", "accuracy")
    )
    return Card(
        place=place,
        parameters=f"{run['reference_tuple']}: {described(run['combination'])}",
        value=share(run[experiment.rank_by]),
        architecture=architecture,
        loss=loss,
        accuracy=accuracy,
    )


def divergence_table(experiment):
    """Return where the curves part, beside what the reference claims."""
    rows = []
    for cell, divergence in experiment.comparison.divergence.items():
        top = [run["divergence_epoch"] or "none" for run in experiment.best_runs(cell)]
        published = divergence.published
        rows.append(
            {
                "cell": cell,
                "top": ", ".join(map(str, top)),
                "median": divergence.median,
                "part": divergence.runs_that_part,
                "runs": divergence.runs,
                "published": None if published is None else f"about {published}",
            }
        )
    columns = [
        Column("cell", "cell"),
        Column("top", "of the runs above"),
        Column("median", "median of those that part", decimal),
        Column("part", "runs that part", whole),
        Column("runs", "of finished runs", whole),
        Column("published", "the reference says"),
    ]
    return Table("divergence", "The divergence epoch", columns, rows)
