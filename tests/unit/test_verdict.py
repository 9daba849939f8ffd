"""The headline follows from the numbers."""

import copy
from types import MappingProxyType, SimpleNamespace

import pytest
from tweetrnn.evaluation.comparison import (
    BaselineDifference,
    CellAccuracy,
    CellDifference,
    Primary,
)
from tweetrnn.reporting.document import points
from tweetrnn.reporting.verdict import DEMO, verdict

BASELINES = {
    "majority": {"label": "negative", "test": {"accuracy": 0.6}, "validation": {"accuracy": 0.61}},
    "logistic_regression": {"test": {"accuracy": 0.8}, "validation": {"accuracy": 0.81}},
    "nb_svm": {"test": {"accuracy": 0.79}, "validation": {"accuracy": 0.8}},
}


def row(difference, low, high):
    """Return the fields of a difference."""
    return {
        "difference": difference,
        "interval": [low, high],
        "excludes_zero": low > 0 or high < 0,
        "standard_error": 0.01,
        "minimum_detectable_difference": 0.025,
        "standard_error_tweets": 0.01,
        "standard_error_replicates": 0.01,
    }


def comparison_of(
    accuracies, pairs, baselines=None, part="test", replicates=(2, 3), diverged=MappingProxyType({})
):
    """Return what the verdict reads of a Comparison; ``pairs`` and ``baselines`` map to rows."""
    baselines = baselines or {
        (cell, name): row(value - BASELINES[name][part]["accuracy"], 0.01, 0.2)
        for cell, value in accuracies.items()
        for name in BASELINES
    }
    return SimpleNamespace(
        part=part,
        optimistic=part == "validation",
        tweets=1234,
        replicates=list(replicates),
        selected=dict.fromkeys(accuracies),
        selected_baselines={},
        primary=Primary(
            accuracies={
                cell: CellAccuracy(
                    accuracy=value,
                    interval=[value, value],
                    combination="",
                    replicates=[],
                    diverged_replicates=diverged.get(cell, 0),
                    spread={},
                )
                for cell, value in accuracies.items()
            },
            pairs=[CellDifference(first=a, second=b, **values) for (a, b), values in pairs.items()],
            against_baselines=[
                BaselineDifference(cell=cell, baseline=name, **values)
                for (cell, name), values in baselines.items()
            ],
        ),
    )


TWO = {"SimpleRNN": 0.77, "LSTM": 0.8}
AHEAD = {("SimpleRNN", "LSTM"): row(-0.03, -0.05, -0.01)}
OPEN = {("SimpleRNN", "LSTM"): row(-0.03, -0.07, 0.012)}


def said(comparison, kind="path", role=None):
    """Return the headline as one text, or the part of it that has a role."""
    paragraphs = verdict(comparison, BASELINES, kind)
    return " ".join(text for text, its_role in paragraphs if role in (None, its_role))


def test_difference_beyond_chance_names_the_better_cell_with_its_interval():
    assert said(comparison_of(TWO, AHEAD), role="verdict") == (
        "LSTM reads sentiment better than SimpleRNN, by 3.0 percentage points "
        "(95\u00a0% interval 1.0 to 5.0)."
    )


def test_interval_that_holds_zero_shows_no_difference_and_says_what_could_be_found():
    text = said(comparison_of(TWO, OPEN))
    assert "No difference between LSTM and SimpleRNN was shown: 3.0 percentage points" in text
    assert "interval \u22121.2 to 7.0" in text
    assert "true difference of 2.5 points between LSTM and SimpleRNN four times in five" in text
    assert "better" not in text


def test_accuracies_come_with_their_tweets_and_replicates():
    text = said(comparison_of(TWO, AHEAD))
    assert "Of 1,234 test tweets" in text
    assert "SimpleRNN 77.0\u00a0% and LSTM 80.0\u00a0% (mean of 2 replicates each)" in text


def test_single_replicate_is_said():
    assert "(one replicate each)" in said(comparison_of(TWO, AHEAD, replicates=[2]))


def test_replicates_that_diverged_are_counted():
    comparison = comparison_of(TWO, AHEAD, replicates=[2, 3, 4, 5, 6], diverged={"LSTM": 2})
    assert "Of the 5 replicates 2 of LSTM diverged and are left out of this." in said(comparison)
    assert "diverged" not in said(comparison_of(TWO, AHEAD))


@pytest.mark.parametrize(
    "difference, expected",
    [
        (row(-0.04, -0.06, -0.02), "below it falls LSTM by 4.0 points (\u22126.0 to \u22122.0)"),
        (row(0.04, 0.02, 0.06), "above it lies LSTM by 4.0 points (2.0 to 6.0)"),
        (
            row(0.004, -0.02, 0.03),
            "no difference from it was shown for LSTM (0.4 points, \u22122.0 to 3.0)",
        ),
    ],
)
def test_each_baseline_is_compared_with_the_models(difference, expected):
    one = {"LSTM": 0.8}
    baselines = {("LSTM", name): difference for name in BASELINES}
    text = said(comparison_of(one, {}, baselines))
    assert f"Always answering “negative” is right in 60.0\u00a0%: {expected}." in text
    assert (
        f"A logistic regression on words and pairs of words is right in 80.0\u00a0%: {expected}."
        in text
    )


def test_a_baseline_cell_is_called_by_its_name_in_words():
    baselines = {("LSTM", "MeanOfWords"): row(0.02, 0.01, 0.03)}
    comparison = comparison_of({"LSTM": 0.8, "MeanOfWords": 0.78}, {}, baselines)
    comparison.selected = {"LSTM": None}
    comparison.selected_baselines = {"MeanOfWords": None}
    assert (
        "The mean of word vectors is right in 78.0\u00a0%: above it lies LSTM by 2.0 points "
        "(1.0 to 3.0)."
    ) in said(comparison)


def test_models_on_different_sides_of_a_baseline_have_a_clause_each():
    baselines = {
        **{("SimpleRNN", name): row(-0.04, -0.06, -0.02) for name in BASELINES},
        **{("LSTM", name): row(0.001, -0.01, 0.02) for name in BASELINES},
    }
    text = said(comparison_of(TWO, AHEAD, baselines))
    assert "below it falls SimpleRNN by 4.0 points" in text
    assert "; no difference from it was shown for LSTM (0.1 points" in text


def test_without_a_test_part_the_figures_are_called_optimistic():
    comparison = comparison_of(TWO, AHEAD, part="validation")
    assert "optimistic" in said(comparison, role="warning")
    assert "is right in 61.0\u00a0%" in said(comparison)
    assert "optimistic" not in said(comparison_of(TWO, AHEAD))


def test_demo_corpus_is_said_first():
    first, role = verdict(comparison_of(TWO, AHEAD), BASELINES, "demo")[0]
    assert (first, role) == (DEMO, "warning")


def test_single_cell_has_nothing_to_be_compared_with():
    assert "Only LSTM was trained" in said(comparison_of({"LSTM": 0.8}, {}))


def test_best_of_three_cells_is_compared_with_each_other_one():
    cells = {"SimpleRNN": 0.77, "LSTM": 0.8, "GRU": 0.79}
    pairs = {
        ("SimpleRNN", "LSTM"): row(-0.03, -0.05, -0.01),
        ("SimpleRNN", "GRU"): row(-0.02, -0.04, 0.01),
        ("LSTM", "GRU"): row(0.01, -0.01, 0.03),
    }
    text = said(comparison_of(cells, pairs), role="verdict")
    assert "LSTM reads sentiment better than SimpleRNN, by 3.0" in text
    assert "No difference between LSTM and GRU was shown: 1.0" in text
    assert "SimpleRNN and GRU" not in text


def test_more_than_one_difference_is_called_uncorrected():
    three = {**TWO, "GRU": 0.79}
    pairs = {
        ("SimpleRNN", "LSTM"): row(-0.03, -0.05, -0.01),
        ("SimpleRNN", "GRU"): row(-0.02, -0.04, 0.01),
        ("LSTM", "GRU"): row(0.01, -0.02, 0.03),
    }
    assert "3 cells and 3 differences" in said(comparison_of(three, pairs), role="note")
    assert said(comparison_of(TWO, AHEAD), role="note") == ""


def test_missing_comparison_is_said():
    assert "There is no comparison yet" in said(None)


def test_sentences_change_with_the_numbers():
    comparison = comparison_of(TWO, AHEAD)
    other = copy.deepcopy(comparison)
    other.primary.accuracies["LSTM"].accuracy = 0.9
    assert said(comparison) != said(other)


@pytest.mark.parametrize(
    "value, text",
    [(0.0213, "2.1"), (-0.0213, "\u22122.1"), (-0.0001, "0.0"), (-0.0004999, "0.0"), (0, "0.0")],
)
def test_points_never_say_minus_zero(value, text):
    assert points(value) == text
