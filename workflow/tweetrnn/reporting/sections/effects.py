"""What each hyper-parameter does in this grid."""

from tweetrnn.grid import is_sample
from tweetrnn.names import FACTORS, RANKINGS
from tweetrnn.reporting.document import (
    MINUS,
    Column,
    Paragraph,
    Section,
    Table,
    level,
    p_value,
    signed,
    signed_between,
    whole,
)
from tweetrnn.reporting.sections.common import not_yet


def section(experiment):
    """Return the Section of an Experiment."""
    title = "What each hyper-parameter does in this grid"
    if not experiment.comparison:
        return Section("effects", title, [not_yet()])
    comparison = experiment.comparison
    blocks = [
        Paragraph(
            f"For each factor the differences in {RANKINGS[comparison.select_by]} between "
            "combinations that are equal but for it: the level named second minus the level named "
            "first. "
            + (
                "The combinations are a random sample of the grid, in which many lack their "
                "partner: the number of pairs is given, and of how many in the full grid. All"
                if is_sample(experiment.config["grid"])
                else "The combinations are not a random sample, and all"
            )
            + " are trained and measured on the same tweets. So the p values (Wilcoxon's "
            "signed-rank test) describe this grid and claim nothing beyond it; Holm's correction "
            "is over all rows of a table. All of this is exploratory."
        ),
        effects_table(
            "effects", "The effect of each factor in each cell", comparison.factor_effects
        ),
    ]
    if comparison.interactions:
        caption = (
            f"The interaction of cell and factor: the first cell's effect {MINUS} the second's"
        )
        blocks.append(effects_table("interactions", caption, comparison.interactions))
    return Section("effects", title, blocks)


def effects_table(name, caption, effects):
    """Return the table of one family of paired differences, Effects or Interactions."""
    of_two = name == "interactions"
    rows = [
        {
            **vars(effect),
            "who": f"{effect.first} {MINUS} {effect.second}" if of_two else effect.cell,
            "what": FACTORS[effect.factor],
            "change": f"{level(effect.low)} to {level(effect.high)}",
            "range": [effect.min, effect.max] if effect.pairs else None,
        }
        for effect in effects
    ]
    missing = any(effect.pairs < effect.possible_pairs for effect in effects)
    columns = [
        Column("who", "cells" if of_two else "cell"),
        Column("what", "factor"),
        Column("change", "from, to"),
        Column("pairs", "pairs", whole),
        *([Column("possible_pairs", "of", whole)] if missing else []),
        Column("mean", "mean difference", signed),
        Column("median", "median", signed),
        Column("range", "range", signed_between),
        Column("p", "p", p_value),
        Column("p_holm", "p, Holm", p_value),
    ]
    return Table(name, caption, columns, rows)
