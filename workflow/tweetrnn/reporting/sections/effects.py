"""What each hyperparameter does in this grid."""

from tweetrnn.grid import is_sample
from tweetrnn.names import FACTORS, RANKINGS
from tweetrnn.reporting import document as doc
from tweetrnn.wording import listed


def blocks(experiment):
    """Return the section's blocks."""
    comparison = experiment.comparison
    sample = (
        "The combinations are a random sample of the grid, so for many pairs only one run exists; "
        "the table gives the pairs found and those of the full grid. All"
        if is_sample(experiment.config["grid"])
        else "The combinations are not a random sample, and all"
    )
    method = (
        f"Differences in {RANKINGS[comparison.select_by]}, in points, over pairs of runs that "
        f"differ only in this factor; positive means the second level is better. {sample} share "
        "their tweets, so the p values (Wilcoxon's signed-rank test) describe this grid and "
        "nothing beyond it. An effect is called clear if p is below 0.05 after Holm's correction, "
        "which is over all rows of a table. All of this is exploratory."
    )
    title = "The effect of each factor in each cell, in points"
    blocks = [
        doc.Paragraph(effects_in_words(comparison), "finding"),
        doc.Paragraph(method, "method"),
        effects_table("effects", title, comparison.factor_effects),
    ]
    if comparison.interactions:
        title = (
            "The interaction of cell and factor, in points: the first cell's effect "
            f"{doc.MINUS} the second's"
        )
        blocks.append(effects_table("interactions", title, comparison.interactions))
    return blocks


def effects_in_words(comparison):
    """Return which effects are clear, or else which is the largest; and on which the cells differ.

    Each is a mean difference between two levels of a factor in one cell.
    """
    by = RANKINGS[comparison.select_by]
    effects = [effect for effect in comparison.factor_effects if effect.pairs]
    if not effects:
        return "No two finished combinations differ in one hyperparameter alone."
    largest_first = sorted(effects, key=lambda effect: -abs(effect.mean))
    clear = [effect for effect in largest_first if is_clear(effect, comparison.level)]
    if clear:
        effect = "effect" if len(clear) == 1 else "effects"
        text = f"Clear {effect} on {by}: {doc.first_of(list(map(change, clear)))}."
    else:
        text = (
            f"No hyperparameter has a clear effect on {by}; the largest is "
            f"{change(largest_first[0])}."
        )
    several = len({(effect.first, effect.second) for effect in comparison.interactions}) > 1
    different = [
        FACTORS[effect.factor] + (f" ({effect.first} and {effect.second})" if several else "")
        for effect in comparison.interactions
        if is_clear(effect, comparison.level)
    ]
    if different:
        text += f" The cells clearly differ in the effect of {listed(different)}."
    elif comparison.interactions:
        text += " No effect clearly differs between cells."
    return text


def is_clear(effect, level):
    """Return whether an effect, or another difference, is clear after Holm's correction."""
    return effect.p_holm is not None and effect.p_holm < 1 - level


def change(effect):
    """Return ``learning rate 1e-4 to 1e-3 in LSTM (+11.4 points)``."""
    levels = f"{doc.level(effect.low)} to {doc.level(effect.high)}"
    return f"{FACTORS[effect.factor]} {levels} in {effect.cell} ({doc.signed(effect.mean)} points)"


def effects_table(name, caption, effects):
    """Return the table of one family of paired differences, Effects or Interactions."""
    compares_cells = name == "interactions"
    rows = [
        {
            **vars(effect),
            "who": doc.cells_of(effect) if compares_cells else effect.cell,
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
