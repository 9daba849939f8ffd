"""What each hyperparameter does in this grid."""

from tweetrnn.grid import is_sample
from tweetrnn.names import FACTORS, RANKINGS
from tweetrnn.reporting import document as doc


def blocks(experiment):
    """Return the section's blocks."""
    comparison = experiment.comparison
    sample = (
        "The combinations are a random sample of the grid, in which many lack their partner: the "
        "number of pairs is given, and of how many in the full grid. All"
        if is_sample(experiment.config["grid"])
        else "The combinations are not a random sample, and all"
    )
    text = (
        f"For each factor the differences in {RANKINGS[comparison.select_by]}, in points, between "
        "combinations that are equal but for it: the level named second minus the level named "
        f"first. {sample} are trained and measured on the same tweets. So the p values (Wilcoxon's "
        "signed-rank test) describe this grid and claim nothing beyond it; Holm's correction is "
        "over all rows of a table. All of this is exploratory."
    )
    title = "The effect of each factor in each cell, in points"
    blocks = [doc.Paragraph(text), effects_table("effects", title, comparison.factor_effects)]
    if comparison.interactions:
        title = (
            "The interaction of cell and factor, in points: the first cell's effect "
            f"{doc.MINUS} the second's"
        )
        blocks.append(effects_table("interactions", title, comparison.interactions))
    return blocks


def effects_table(name, caption, effects):
    """Return the table of one family of paired differences, Effects or Interactions."""
    compares_cells = name == "interactions"
    rows = [
        {
            **vars(effect),
            "who": f"{effect.first} {doc.MINUS} {effect.second}" if compares_cells else effect.cell,
            "what": FACTORS[effect.factor],
            "change": f"{doc.level(effect.low)} to {doc.level(effect.high)}",
            "range": [effect.min, effect.max] if effect.pairs else None,
        }
        for effect in effects
    ]
    missing = any(effect.pairs < effect.possible_pairs for effect in effects)
    columns = [
        *doc.columns(who="cells" if compares_cells else "cell", what="factor", change="from, to"),
        *doc.columns(doc.whole, pairs="pairs", **({"possible_pairs": "of"} if missing else {})),
        *doc.columns(doc.signed, mean="mean difference", median="median"),
        *doc.columns(doc.signed_between, range="range"),
        *doc.columns(doc.p_value, p="p", p_holm="p, Holm"),
    ]
    return doc.Table(name, caption, columns, rows)
