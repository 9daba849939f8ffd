"""The headline again, from stored answers, by the functions with which compare and report made it.

What differs is said in sentences: where it is, what is stated there, what the answers give.
"""

import difflib
import math
from dataclasses import astuple, dataclass

from tweetrnn.evaluation import collapse, comparison
from tweetrnn.evaluation.primary import differences
from tweetrnn.reporting.document import visible
from tweetrnn.reporting.sections.answer import tiles_of_predictions
from tweetrnn.reporting.sections.headline import accuracy_rows
from tweetrnn.reporting.verdict import conclusion, details

CLOSE = 1e-9  # numbers that differ by less are equal: another machine may add in another order


@dataclass(kw_only=True)
class Recomputed:
    """What the report's sentences are made from, named as in a Comparison."""

    part: str
    tweets: int
    groups: int
    selected: list[str]  # cells
    selected_baselines: list[str]
    replicates: list[int]
    primary: comparison.Primary


def recompute(evidence):
    """Return (Recomputed, baselines' accuracies and the majority's label) of an Evidence."""
    labels, part = evidence.labels, evidence.part
    right = {cell: evidence.cells[cell].answers == labels for cell in evidence.compared}
    right |= {name: answers[None] == labels for name, answers in evidence.baselines.items()}
    right |= {cell: of.answers == labels for cell, of in evidence.cells.items()}
    found, pairs, against = differences(right, evidence.groups, evidence.compared)
    accuracies = {
        cell: of_cell(evidence, cell, right[cell], found[cell]) for cell in evidence.cells
    }
    baselines = {}
    for name, answers in evidence.baselines.items():
        scores = {"accuracy": found[name]["accuracy"]}
        accuracies[name] = comparison.BaselineAccuracy(**found[name], scores={part: scores})
        baselines[name] = {"label": evidence.classes[answers[0]], part: scores}
    return Recomputed(
        part=part,
        tweets=len(labels),
        groups=len(set(evidence.groups.tolist())),
        selected=evidence.compared,
        selected_baselines=[cell for cell in evidence.cells if cell not in evidence.compared],
        replicates=evidence.planned,
        primary=comparison.Primary(accuracies=accuracies, pairs=pairs, against_baselines=against),
    ), baselines


def of_cell(evidence, cell, right, accuracy):
    """Return the CellAccuracy as far as sentences need it.

    Args:
        right: (R, N) booleans: which tweets each replicate gets right.
        accuracy: the accuracy and its interval, a dict.
    """
    of, scores = evidence.cells[cell], {"validation": {}}
    replicates = [
        comparison.Replicate(
            replicate=number, **scores | {evidence.part: {"accuracy": float(its.mean())}}
        )
        for number, its in zip(of.numbers, right, strict=True)
    ]
    answers = dict(zip(of.numbers, of.answers, strict=True))
    return comparison.CellAccuracy(
        **accuracy,
        combination=of.combination,
        replicates=replicates,
        diverged_replicates=len(evidence.planned) - len(of.numbers),
        collapsed_replicates=collapse.collapsed_answers(answers, evidence.classes),
        spread={},
    )


def statements(found, baselines):
    """Return the texts of the report's first section that follow from answers, as a page has them.

    Args:
        found: a Comparison or a Recomputed.
        baselines: the baselines' metrics.json, as far as ``details`` needs it.
    """
    tiles = [tile_text(*astuple(tile)) for tile in tiles_of_predictions(found)]
    others = [*tiles, *map(row_text, accuracy_rows(found))]
    return [*sentences(found, baselines), *map(visible, others)]


def sentences(found, baselines):
    """Return the answer and the paragraphs below it, as ``statements``."""
    texts = [conclusion(found), *(text for text, _ in details(found, baselines))]
    return list(map(visible, texts))


def tile_text(title, value, detail):
    """Return a Tile as one text."""
    return f"{title}: {value} ({detail})"


def row_text(row):
    """Return a row of the table of selected models as one text; of its values, as texts, three."""
    model, accuracy, interval, *_ = row
    return f"{model}: {accuracy} ({interval})"


def contradiction(expected, stated, where):
    """Return a sentence on the expected texts that are not among the stated ones, None if all are.

    It quotes the first, beside the stated text that is most like it, and says how many there are;
    ``where`` says where the stated ones are.
    """
    missing = [text for text in expected if text not in stated]
    if not missing:
        return None
    near = difflib.get_close_matches(missing[0], stated, n=1)
    says = f"says “{near[0]}”, but" if near else "does not say what"
    more = f" (and {len(missing) - 1} more texts differ)" if len(missing) > 1 else ""
    return f"{where}: it {says} the stored answers give “{missing[0]}”{more}"


def first_difference(stated, found, where):
    """Return a sentence on the numbers of two JSON values that differ, None if none do.

    It names the first, and says how many there are; ``where`` says where the stated ones are.
    """
    different = list(_different(stated, found, ""))
    if not different:
        return None
    key, one, other = different[0]
    more = f" (and {len(different) - 1} more differ)" if len(different) > 1 else ""
    return f"{where}: {key.lstrip('.')} is {one}, but the stored answers give {other}{more}"


def _different(stated, found, key):
    """Yield (dotted key, stated, found) of the values that differ."""
    if isinstance(stated, dict) and isinstance(found, dict):
        for name in dict.fromkeys([*found, *stated]):
            yield from _different(stated.get(name), found.get(name), f"{key}.{name}")
    elif isinstance(stated, list) and isinstance(found, list) and len(stated) == len(found):
        for number, both in enumerate(zip(stated, found, strict=True)):
            yield from _different(*both, f"{key}[{number}]")
    elif not _equal(stated, found):
        yield key, stated, found


def _equal(one, other):
    if type(one) is float and type(other) is float:
        return math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE)
    return type(one) is type(other) and one == other
