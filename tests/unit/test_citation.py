"""The report ends with how to cite the software, and with a methods paragraph ready to paste."""

import copy
import re

import pytest
import yaml
from example_report import CLASSES, example_report
from tweetrnn import __version__
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.render import environment
from tweetrnn.reporting.sections import citation, sections_of
from tweetrnn.reporting.sections.citation import methods_in_words

pytestmark = pytest.mark.slow  # writes whole reports

EXPERIMENTS = {
    "two cells": {},
    "one cell": {"cells": ["LSTM"]},
    "a baseline cell": {"baseline_cells": ["MeanOfWords"]},
    "a sample": {"sample": 5},
    "no test part": {"part": "validation"},
    "one replicate": {"selected_replicates": 1},
    "other splits": {"on_other_splits": True},
    "partial": {"compared": False, "statuses": ["missing", "diverged"]},
}


@pytest.fixture(scope="module")
def example():
    return changed(example_report(), training={"finalist_replicates": 3})


def changed(experiment, **sections):
    """Return an experiment with some of its config's sections' keys changed."""
    other = copy.copy(experiment)
    other.config = {
        name: section | sections[name] if name in sections else section
        for name, section in experiment.config.items()
    }
    return other


def test_citation_is_that_of_the_repository(root):
    cff = yaml.safe_load((root / "CITATION.cff").read_text())
    assert (cff["title"], cff["license"]) == (citation.TITLE, citation.LICENCE)
    assert [author["name"] for author in cff["authors"]] == citation.AUTHORS
    assert str(cff["date-released"]) == citation.RELEASED
    assert cff["version"] == __version__


def test_citation_names_authors_year_title_and_version():
    for part in (*citation.AUTHORS, "(2026)", citation.TITLE, f"Version {__version__}"):
        assert part in citation.citation()


@pytest.mark.parametrize("options", EXPERIMENTS.values(), ids=EXPERIMENTS)
def test_report_ends_with_texts_to_paste_that_lack_nothing(options):
    section = sections_of(example_report(**options))[-1]
    assert section.name == "cite"
    quotations = [block for block in section.blocks if block.kind == "quotation"]
    assert [quotation.title for quotation in quotations] == ["The software", "Methods"]
    for text in (quotation.text for quotation in quotations):
        assert not re.search(r"\bNone\b|\bnan\b|\{|\}|  | ,|\.\.|\b1 \w+s\b|\(\)", text), text
        assert text.endswith(".")
    roles = [block.role for block in section.blocks if block.kind == "paragraph"]
    assert ("warning" in roles) == (not options.get("compared", True))


CHANGES = [
    ({"training": {"epochs": 7}}, "took 7 epochs"),
    ({"training": {"epochs": 1}}, "took 1 epoch of"),
    ({"training": {"batch_size": 64}}, "batches of 64 tweets"),
    ({"training": {"batch_size": 1}}, "batches of 1 tweet;"),
    ({"training": {"replicates": 2}}, "each 2 times with other seeds"),
    ({"training": {"selected_replicates": 4}}, "again with 4 new seeds"),
    ({"training": {"selected_replicates": 1}}, "tweets as a sample, not seeds"),
    ({"training": {"finalists": 3, "finalist_replicates": 1}}, "first 3 combinations by"),
    ({"training": {"finalists": 1}}, "was selected by best validation accuracy"),
    ({"training": {"finalist_replicates": 0}}, "was selected by best validation accuracy"),
    ({"report": {"select_by": "best_macro_f1"}}, "by best validation macro-F1"),
    ({"grid": {"recurrent_layers": [1]}}, "1 recurrent layer of 32 units"),
    ({"grid": {"recurrent_layers": [1, 2, 3]}}, "1, 2 or 3 recurrent layers"),
    ({"grid": {"dense_layers": [1]}}, "1 hidden dense layer of 32 units"),
    ({"grid": {"dropout": [False]}}, ", without dropout, "),
    ({"grid": {"regularization": [True]}}, ", with an L2 penalty (factor 0.001) and"),
    ({"grid": {"learning_rate": [0.01]}}, "the learning rate 1e-2 were trained"),
    ({"grid": {"sample": 5}}, "drawn from 32"),
    ({"grid": {"sample": 1}}, "With one combination of each cell, there was none to select."),
    ({"grid": {"cell": ["GRU"]}}, "For GRU, 32 combinations"),
    ({"grid": {"baseline_cells": ["MeanOfWords"]}}, "The mean of word vectors was trained"),
    ({"grid": {"baseline_cells": ["MeanOfWords", "GRU"]}}, "vectors and GRU were trained"),
    ({"model": {"units": 1}}, "of 1 unit,"),
    ({"model": {"dense_units": [5, 4, 3]}}, "hidden dense layers of 5, 4 and 3 units"),
    ({"sequence": {"length": 12}}, "sequences of 12 tokens"),
    ({"sequence": {"padding": "right"}}, "padded on the right and cut on the left"),
    ({"tokenize": {"fold_case": False}}, "tweet-aware tokens; the networks"),
    ({"vocabulary": {"fit_on": "all"}}, "vocabulary is that of all tweets"),
    ({"robustness": {"training_sizes": [0.5]}}, "repeated on 1 smaller training set."),
    (
        {"robustness": {"reselect": 2, "training_sizes": [0.5]}},
        "on 2 other splits and on 1 smaller",
    ),
]


@pytest.mark.parametrize(("changes", "words"), CHANGES, ids=[words for _, words in CHANGES])
def test_methods_follow_the_config(example, changes, words):
    before, after = (methods_in_words(e) for e in (example, changed(example, **changes)))
    assert words in after and before != after


def test_methods_have_the_counts_of_the_sets_and_the_labels(example):
    text = methods_in_words(example)
    assert "The corpus has 12,000 labelled tweets" in text
    assert "split into 120 for training, 120 for validation and 120 for testing" in text
    assert (
        "classes “<b>bad</b>”, “so|so” and “`good`”" in text and example.tokenized["sha256"] in text
    )


def test_methods_without_a_test_set_say_so():
    text = methods_in_words(example_report(part="validation"))
    assert "120 for testing" not in text and "on the validation set" in text
    assert "There was no test set, so the accuracies are optimistic." in text


def test_methods_name_every_version_that_trainings_ran_with(example):
    other = copy.copy(example)
    first, second, *_ = example.provenances
    other.provenances = {first: {"torch": "2.10"}, second: {"torch": "2.11", "numpy": "2.3"}}
    other.versions = {"python": "3.12.1", "snakemake": "not in this environment"}
    text = methods_in_words(other)
    assert text.endswith(
        f"version {__version__} of this workflow, with Python 3.12.1, PyTorch 2.10 and 2.11 and "
        "NumPy 2.3."
    )


def test_pasted_texts_are_plain_in_html_and_markdown(example):
    html = environment().get_template("blocks/quotation.html.j2")
    text = methods_in_words(example)
    shown = html.render(block=doc.Quotation("Methods", text))
    assert CLASSES[0] not in shown and "&lt;b&gt;bad&lt;/b&gt;" in shown
    assert "<a" not in shown
