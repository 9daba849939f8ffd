"""Which of two cells comes first, which decides the sign of every difference between them.

``comparison.json`` has the cells in the config's order. In the report the cell that is ahead in the
headline comes first everywhere, also where it is behind.
"""

from dataclasses import fields, replace

NEGATED = ("difference", "mean", "median", "single_difference", "instability")
EXCHANGED = (
    ("first", "second"),
    ("first_only", "second_only"),
    ("first_ahead", "second_ahead"),
    ("positive", "negative"),
    ("only_first_parts", "only_second_parts"),
)
LISTS = ("mcnemar", "interactions", "paired_cells", "paired_divergence", "slice_differences")


def best_first(comparison):
    """Return the selected cells, the most accurate first; equals in the config's order."""
    accuracies = comparison.primary.accuracies
    return sorted(comparison.selected, key=lambda cell: -accuracies[cell].accuracy)


def ordered(comparison, cells):
    """Return a Comparison in which of two cells the first is the one that ``cells`` has first.

    Cells that it lacks, of which no run has finished, come last.
    """
    lists = {name: in_order(getattr(comparison, name), cells) for name in LISTS}
    for name in ("primary", "ensembles"):
        part = getattr(comparison, name)
        lists[name] = replace(part, pairs=in_order(part.pairs, cells))
    return replace(comparison, **lists)


def in_order(pairs, cells):
    """Return comparisons of two cells, each with the cell first that ``cells`` has first."""
    place = {cell: number for number, cell in enumerate(cells)}
    return [
        turned(pair)
        if place.get(pair.second, len(cells)) < place.get(pair.first, len(cells))
        else pair
        for pair in pairs
    ]


def oriented(comparison):
    """Return a Comparison in the report's order: the better cell's figure - the other's."""
    return ordered(comparison, best_first(comparison))


def turned(pair):
    """Return a comparison of two cells with the cells exchanged: differences change their sign."""
    values = {field.name: getattr(pair, field.name) for field in fields(pair)}
    changed = {name: _minus(values[name]) for name in NEGATED if name in values}
    for one, other in EXCHANGED:
        if one in values:
            changed |= {one: values[other], other: values[one]}
    if "differences" in values:
        differences = [_minus(value) for value in values["differences"]]
        changed |= {"differences": differences}
    if "min" in values:
        changed |= {"min": _minus(values["max"]), "max": _minus(values["min"])}
    if values.get("probability_interval"):
        changed["probability"] = 1 - values["probability"]
        changed["probability_interval"] = [1 - p for p in reversed(values["probability_interval"])]
    if values.get("interval"):
        changed["interval"] = [_minus(end) for end in reversed(values["interval"])]
    return replace(pair, **changed)


def _minus(value):
    return value if value is None else -value
