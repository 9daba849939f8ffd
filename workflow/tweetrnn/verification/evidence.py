"""What a report's page carries so that its headline can be computed again: answers, no texts.

These are, for every tweet of the judged set and in the set's order, its label, the number of its
group of duplicates, what each baseline answers, and the probabilities of each new replicate of the
selected combinations. Where these would take more than ROOM, the networks' answers take their
place. docs/verify.md describes the format.
"""

import base64
import json
import math
from dataclasses import asdict, dataclass

import numpy as np

from tweetrnn.errors import UserError
from tweetrnn.evaluation.cell_order import ordered
from tweetrnn.evaluation.compare import finished_replicates, read_baselines
from tweetrnn.evaluation.predictions import of_split, read_predictions, tweet_sets
from tweetrnn.files import CHECKSUM, json_text, read_json, read_parquet
from tweetrnn.grid import Run
from tweetrnn.names import BASELINES
from tweetrnn.sets import SETS

FORMAT = 1
ROOM = 450_000  # characters of all probabilities
SCALE = 65_535  # probabilities are whole numbers of this part of 1
KINDS = ("u1", "u2", "u4")  # of packed whole numbers: bytes of each, the lowest first


@dataclass(kw_only=True)
class Replicates:  # the R new replicates of a cell's selected combination that did not diverge
    combination: str
    numbers: list[int]
    answers: np.ndarray  # (R, N) class ids
    probabilities: np.ndarray | None  # (R, N, classes) whole numbers of 1 / SCALE
    provenance: list[dict]  # what each was trained with


@dataclass(kw_only=True)
class Evidence:
    """What the headline is computed from; N tweets."""

    part: str  # the judged set
    classes: list[str]  # their names by id
    planned: list[int]  # the numbers of the new replicates
    compared: list[str]  # the cells that are compared; the others are baselines
    labels: np.ndarray  # (N,) class ids
    groups: np.ndarray  # (N,)
    cells: dict[str, Replicates]  # the compared ones first
    baselines: dict[str, np.ndarray]  # (N,) class ids

    def runs(self):
        """Return {Run: (its cell, its place among the cell's replicates)}."""
        return {
            Run(cell, of.combination, number): (cell, place)
            for cell, of in self.cells.items()
            for place, number in enumerate(of.numbers)
        }


# ---------------------------------------------------------------------------------- from results


@dataclass(kw_only=True)
class Stored:  # predictions, as the stages wrote them
    sets: dict  # {set: TweetSet}
    cells: dict  # {cell: {Run: {set: (N, classes) probabilities}}}, baseline cells last
    baselines: dict  # {baseline: {set: (N, classes) probabilities}}


def stored(results, comparison):
    """Return the Stored predictions that the primary analysis of a Comparison rests on.

    Raises:
        UserError: a file is absent, damaged or of another split.
    """
    digest = read_json(results.split_facts)["sha256"]["rows"]
    sets = tweet_sets(read_parquet(results.rows, sha256=digest).to_pandas())
    choices, cells = comparison.selected | comparison.selected_baselines, {}
    for cell, choice in choices.items():
        runs = finished_replicates(results, cell, choice, comparison.replicates)
        files = {run: results.run(run) for run in runs}
        cells[cell] = {
            run: of_split(read_predictions(of_run), sets, of_run.predictions)
            for run, of_run in files.items()
        }
    files = results.baseline_predictions, results.baseline_metrics
    return Stored(sets=sets, cells=cells, baselines=read_baselines(*files, sets))


def evidence_of(found, results, comparison, classes):
    """Return the Evidence of Stored predictions.

    Args:
        found: the Stored predictions.
        results: the Results with their provenance.
        comparison: the Comparison that they are for.
        classes: the classes' names by id.
    """
    part, cells = comparison.part, {}
    for cell, runs in found.cells.items():
        probabilities = np.stack([by_set[part] for by_set in runs.values()])
        cells[cell] = Replicates(
            combination=next(iter(runs)).combination,
            numbers=[run.replicate for run in runs],
            answers=probabilities.argmax(axis=-1),
            probabilities=rounded(probabilities),
            provenance=[read_json(results.run(run).provenance) for run in runs],
        )
    return Evidence(
        part=part,
        classes=classes,
        planned=comparison.replicates,
        compared=list(comparison.selected),
        labels=found.sets[part].labels,
        groups=np.unique(found.sets[part].groups, return_inverse=True)[1],
        cells=cells,
        baselines={name: by_set[part].argmax(axis=-1) for name, by_set in found.baselines.items()},
    )


def rounded(probabilities):
    """Return (..., classes) probabilities as whole numbers of 1 / SCALE, uint16.

    The first of the largest numbers is that of the most probable class.
    """
    whole = np.rint(probabilities.astype(np.float64) * SCALE).astype(np.uint16)
    answers = probabilities.argmax(axis=-1)
    # Of two that round to the same number, at most half of SCALE, the more probable gets 1 more.
    tied = (whole.argmax(axis=-1) != answers)[..., None]
    return whole + (tied & (np.arange(whole.shape[-1]) == answers[..., None])).astype(np.uint16)


# --------------------------------------------------------------------------------- into the page


def numbers_of(primary):
    """Return what the headline's numbers are, a dict for JSON; ``primary`` is a Primary.

    They are exact, so that one other answer shows; the page's sentences round them.
    """
    accuracies = primary.accuracies.items()
    return {
        "accuracies": {n: {"accuracy": m.accuracy, "interval": m.interval} for n, m in accuracies},
        "pairs": [asdict(pair) for pair in primary.pairs],
        "against_baselines": [asdict(row) for row in primary.against_baselines],
    }


def to_page(evidence, comparison, config, corpus_sha256):
    """Return what the page carries, a dict for JSON.

    Args:
        evidence: the Evidence.
        comparison: the Comparison that the page states.
        config: resolved, without what is private.
        corpus_sha256: of the corpus's file.
    """
    in_order = ordered(comparison, evidence.compared)
    replicates = [of.probabilities for of in evidence.cells.values()]
    whole = _size(replicates) <= ROOM
    value = {
        "format": FORMAT,
        "part": evidence.part,
        "classes": evidence.classes,
        "planned": evidence.planned,
        "compared": evidence.compared,
        "numbers": numbers_of(in_order.primary),
        "corpus": corpus_sha256,
        "config": config,
    }
    if not whole and _size([of.answers for of in evidence.cells.values()]) > ROOM:
        return _signed(value)  # too many tweets even for answers
    value["labels"] = packed(evidence.labels)
    value["groups"] = packed(evidence.groups)
    value["baselines"] = {name: packed(answers) for name, answers in evidence.baselines.items()}
    value["cells"] = {
        cell: {
            "combination": of.combination,
            "replicates": of.numbers,
            "provenance": of.provenance,
            **({"probabilities": packed(of.probabilities)} if whole else {}),
            **({} if whole else {"answers": packed(of.answers)}),
        }
        for cell, of in evidence.cells.items()
    }
    return _signed(value)


def _signed(value):
    return json.loads(json_text(value))  # with its checksum


def _size(arrays):
    """Return how many characters packed arrays take."""
    return sum(array.size * int(_kind(array)[1]) for array in arrays) * 4 // 3


def _kind(array):
    most = int(array.max(initial=0))
    return next(kind for kind in KINDS if most <= np.iinfo(kind).max)


def packed(array):
    """Return an array of whole numbers as a dict for JSON: its kind, shape and bytes (base64).

    Its numbers are little-endian, in C order.
    """
    kind = _kind(array)
    data = array.astype(f"<{kind}").tobytes()
    return {"kind": kind, "shape": list(array.shape), "data": base64.b64encode(data).decode()}


def unpacked(value, *shape):
    """Return the array, int64, of ``packed``'s dict; None in ``shape`` is any number.

    Raises:
        ValueError: it is not of this kind or shape.
    """
    kind, actual = value["kind"], value["shape"]
    if kind not in KINDS or len(actual) != len(shape):
        raise ValueError(f"an array of kind {kind!r} and shape {actual}")
    if any(want not in (None, got) for want, got in zip(shape, actual, strict=True)):
        raise ValueError(f"an array of shape {actual}")
    data = base64.b64decode(value["data"], validate=True)
    if len(data) != math.prod(actual) * int(kind[1]):
        raise ValueError(f"an array with {len(data)} bytes for the shape {actual}")
    return np.frombuffer(data, f"<{kind}").reshape(actual).astype(np.int64)


# --------------------------------------------------------------------------------- from the page


def from_page(value, path):
    """Return the Evidence of what ``to_page`` returned, read from the page ``path``.

    Raises:
        UserError: it is of another version or damaged, or the page had no room for it.
    """
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise UserError(
            f"{path}: its evidence is of another version of this program (expected format "
            f"{FORMAT}); verify it with the version that made it, which its provenance names"
        )
    if "labels" not in value and "cells" not in value:
        raise UserError(
            f"{path}: the test set is too large for a page, so it carries no probabilities; "
            "verify its results folder: python -m tweetrnn verify results/NAME"
        )
    try:
        if _signed({key: of for key, of in value.items() if key != CHECKSUM}) != value:
            raise ValueError("its content does not match its checksum")
        return _read(value)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: its evidence is damaged ({type(error).__name__}: {error}); get the page again"
        ) from None


def _read(value):
    if not isinstance(value["corpus"], str) or not isinstance(value["numbers"], dict):
        raise ValueError("no numbers, or no corpus")
    labels = unpacked(value["labels"], None)
    tweets, classes = len(labels), [str(name) for name in value["classes"]]
    cells = {}
    for cell, of in value["cells"].items():
        numbers = [int(number) for number in of["replicates"]]
        probabilities = None
        if "probabilities" in of:
            shape = len(numbers), tweets, len(classes)
            probabilities = unpacked(of["probabilities"], *shape)
            answers = probabilities.argmax(axis=-1)
        else:
            answers = unpacked(of["answers"], len(numbers), tweets)
        if not numbers or len(set(numbers)) < len(numbers) or len(of["provenance"]) != len(numbers):
            raise ValueError(f"replicates {numbers} of {cell}")
        cells[cell] = Replicates(
            combination=str(of["combination"]),
            numbers=numbers,
            answers=answers,
            probabilities=probabilities,
            provenance=[dict(facts) for facts in of["provenance"]],
        )
    evidence = Evidence(
        part=str(value["part"]),
        classes=classes,
        planned=[int(number) for number in value["planned"]],
        compared=[str(cell) for cell in value["compared"]],
        labels=labels,
        groups=unpacked(value["groups"], tweets),
        cells=cells,
        baselines={name: unpacked(of, tweets) for name, of in value["baselines"].items()},
    )
    ids = [labels, *evidence.baselines.values(), *(of.answers for of in cells.values())]
    if not tweets or any(array.max() >= len(classes) for array in ids):
        raise ValueError("no tweets, or classes without a name")
    if evidence.part not in SETS[1:] or BASELINES.keys() - evidence.baselines.keys():
        raise ValueError(f"part {evidence.part}, baselines {list(evidence.baselines)}")
    if not evidence.compared or set(evidence.compared) - set(cells):
        raise ValueError(f"cells {list(cells)}, of which {evidence.compared} are compared")
    return evidence
