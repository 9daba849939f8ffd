"""Terms: one definition of each, and which words of a text mention them."""

import re
from pathlib import Path

import pytest
from example_report import example_report
from tweetrnn.reporting.sections import sections_of
from tweetrnn.reporting.terms import DEFINITIONS, Terms, glossary

ROOT = Path(__file__).resolve().parents[2]


def mentioned(text, section="one", terms=None):
    """Return the terms that a text mentions, as {the text's words: term}."""
    pieces = list((terms or Terms()).pieces(text, section))
    assert "".join(piece for piece, _ in pieces) == text
    return {piece: term for piece, term in pieces if term}


def test_glossary_is_printed_from_the_definitions():
    """Else: python -m tweetrnn.reporting.terms > docs/glossary.md"""
    assert (ROOT / "docs/glossary.md").read_text(encoding="utf-8") == glossary()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all runs of this grid", {"runs": "run", "grid": "grid"}),
        ("a seed ensemble", {"seed ensemble": "seed ensemble"}),
        ("the validation set", {"validation set": "training, validation, test set"}),
        ("its 95\u00a0% interval", {"95\u00a0% interval": "confidence interval"}),
        ("10.6 points", {"points": "percentage point, point"}),
        ("accuracies", {"accuracies": "accuracy"}),
        ("trained, rerun, a cell-wise seed/1, @run, results/run, early-epoch", {}),
        ("and run snakemake --cores all", {}),
        ("its class and label", {}),
    ],
)
def test_mentions_are_whole_words_and_the_longest_term_counts(text, expected):
    assert mentioned(text) == expected


def test_only_a_section_s_first_mention_is_marked():
    terms = Terms()
    assert mentioned("an epoch and an epoch", "one", terms) == {"epoch": "epoch"}
    assert [term for _, term in terms.pieces("epochs", "one")] == [None]
    assert mentioned("epochs", "two", terms) == {"epochs": "epoch"}


def test_definitions_are_those_of_the_mentioned_terms_by_the_alphabet():
    terms = Terms()
    mentioned("runs of a cell", terms=terms)
    assert list(terms.definitions()) == ["cell", "run"]
    assert "`" in DEFINITIONS["run"] and "`" not in terms.definitions()["run"]


def test_report_mentions_most_of_the_terms():
    terms = Terms()
    for section in sections_of(example_report()):
        for block in section.blocks:
            if block.kind == "paragraph":
                mentioned(block.text, section.name, terms)
    assert len(terms.definitions()) > 15


def test_every_term_is_defined_in_one_line():
    assert [text for text in DEFINITIONS.values() if re.search(r"[\n|]", text)] == []
