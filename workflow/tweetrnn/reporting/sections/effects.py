"""What each hyper-parameter does in this grid."""

from tweetrnn.grid import is_sample
from tweetrnn.reporting.document import (
    Column,
    Paragraph,
    Section,
    Table,
    p_value,
    signed,
    signed_between,
    whole,
)
from tweetrnn.reporting.figures import FACTORS, RANKINGS, level_text
from tweetrnn.reporting.sections.common import figure, not_yet


def section(e):
    """Return the Section of an Experiment."""
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
            "change": " to ".join(level_text(row["factor"], row[end]) for end in ("from", "to")),
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
