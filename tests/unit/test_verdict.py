"""The headline follows from the numbers."""

import copy
from types import MappingProxyType, SimpleNamespace

import pytest
from tweetrnn.evaluation import interval
from tweetrnn.evaluation.comparison import (
    BaselineDifference,
    CellAccuracy,
    CellDifference,
    Collapsed,
    Primary,
    Replicate,
)
from tweetrnn.reporting.document import points
from tweetrnn.reporting.verdict import DEMO, OPTIMISTIC, collapse, conclusion, details, warnings

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
        "no_claim": None,
        "excludes_zero": low > 0 or high < 0,
        "standard_error": 0.01,
        "minimum_detectable_difference": 0.025,
        "standard_error_tweets": 0.01,
        "standard_error_replicates": 0.01,
        "degrees_of_freedom": 8.0,
    }


def unclear(difference, reason):
    """Return the fields of a difference without an interval."""
    fields = dict.fromkeys(row(0, 0, 0))
    return fields | {"difference": difference, "no_claim": reason, "excludes_zero": False}


def comparison_of(
    accuracies,
    pairs,
    baselines=None,
    part="test",
    replicates=(2, 3),
    diverged=MappingProxyType({}),
    groups=1234,
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
        groups=groups,
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
                    collapsed_replicates=[],
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


def said(comparison, role=None):
    """Return the answer and its details as one text, or the details that have a role."""
    paragraphs = details(comparison, BASELINES)
    texts = [text for text, its_role in paragraphs if role in (None, its_role)]
    return " ".join(texts if role else [conclusion(comparison), *texts])


def from_logistic_regression(**differences):
    """Return the rows of each cell's difference from every baseline."""
    return {(cell, name): found for cell, found in differences.items() for name in BASELINES}


def test_difference_beyond_chance_is_said_of_the_selected_models_with_its_interval():
    beating = from_logistic_regression(SimpleRNN=row(0.01, -0.01, 0.03), LSTM=row(0.04, 0.02, 0.06))
    assert conclusion(comparison_of(TWO, AHEAD, beating)) == (
        "On this test set the selected LSTM was right 3.0 points more often than the selected "
        "SimpleRNN (95\u00a0% interval 1.0 to 5.0)."
    )


@pytest.mark.parametrize(
    "simple, lstm, ending",
    [
        (row(-0.03, -0.05, -0.01), row(-0.02, -0.04, 0.01), "; neither beats logistic regression."),
        (
            row(-0.03, -0.05, -0.01),
            row(0.02, -0.01, 0.04),
            "; neither is shown to beat logistic regression.",
        ),
        (
            row(-0.03, -0.05, -0.01),
            unclear(0.02, interval.TOO_FEW_TWEETS),
            "; neither is shown to beat logistic regression.",
        ),
        (row(-0.03, -0.05, -0.01), row(0.02, 0.01, 0.04), "(95\u00a0% interval 1.0 to 5.0)."),
    ],
)
def test_the_sentence_says_where_no_cell_beats_logistic_regression(simple, lstm, ending):
    baselines = from_logistic_regression(SimpleRNN=simple, LSTM=lstm)
    assert conclusion(comparison_of(TWO, AHEAD, baselines)).endswith(ending)


def test_interval_that_holds_zero_is_consistent_with_no_difference():
    text = said(comparison_of(TWO, OPEN))
    assert (
        "The selected LSTM scored 3.0 points higher than the selected SimpleRNN, but the data are "
        "also consistent with no difference (95\u00a0% interval \u22121.2 to 7.0); neither beats "
        "logistic regression."
    ) in text
    assert (
        "With 1,234 test tweets, a true difference of 2.5 points between LSTM and SimpleRNN would "
        "be detected about 80\u00a0% of the time."
    ) in text
    assert "more often" not in text


def test_equal_accuracies_are_not_called_higher():
    pairs = {("SimpleRNN", "LSTM"): row(-0.0001, -0.02, 0.02)}
    text = conclusion(comparison_of({"SimpleRNN": 0.8, "LSTM": 0.8001}, pairs))
    assert text.startswith("The selected LSTM and the selected SimpleRNN were right equally often")


@pytest.mark.parametrize(
    "reason, groups, expected",
    [
        (
            interval.TOO_FEW_TWEETS,
            30,
            "With 30 test tweets (each duplicate counted once) no interval can be given for the "
            "difference between the selected LSTM and the selected SimpleRNN.",
        ),
        (
            interval.ALWAYS_AGREE,
            1234,
            "The selected LSTM and the selected SimpleRNN are right on the same test tweets: no "
            "interval can be given for their difference.",
        ),
        (
            interval.TOO_FEW_DISAGREEMENTS,
            1234,
            "The selected LSTM and the selected SimpleRNN differ on fewer than 6 test tweets: no "
            "interval can be given for their difference.",
        ),
        (
            interval.SAME_EVERYWHERE,
            1234,
            "The selected LSTM and the selected SimpleRNN differ on all test tweets: no interval "
            "can be given for their difference.",
        ),
    ],
)
def test_without_an_interval_one_sentence_says_why(reason, groups, expected):
    pairs = {("SimpleRNN", "LSTM"): unclear(-1.0, reason)}
    beating = from_logistic_regression(SimpleRNN=row(-0.8, -0.9, -0.7), LSTM=row(0.2, 0.1, 0.3))
    accuracies = {"SimpleRNN": 0.0, "LSTM": 1.0}
    comparison = comparison_of(accuracies, pairs, beating, groups=groups)
    assert conclusion(comparison) == expected
    assert "100.0 points" not in said(comparison)
    assert "would be detected" not in said(comparison)


def test_a_baseline_without_an_interval_is_said_too():
    baselines = {("LSTM", name): unclear(0.3, interval.ALWAYS_AGREE) for name in BASELINES}
    text = said(comparison_of({"LSTM": 0.9}, {}, baselines))
    assert (
        "Always answering “negative” is right in 60.0\u00a0%. The selected LSTM and this baseline "
        "are right on the same test tweets: no interval can be given for their difference."
    ) in text


def test_too_few_tweets_for_intervals_are_said_once_for_all_baselines():
    pairs = {("SimpleRNN", "LSTM"): unclear(-0.1, interval.TOO_FEW_TWEETS)}
    baselines = {
        (cell, name): unclear(0.3, interval.TOO_FEW_TWEETS) for name in BASELINES for cell in TWO
    }
    text = said(comparison_of(TWO, pairs, baselines, groups=1, replicates=[2]))
    assert "The intervals" not in text
    assert text.count("no interval can be given") == 2
    assert "With 1 test tweet (each duplicate counted once) no interval can be given" in text
    assert "Always answering “negative” is right in 60.0\u00a0%. A logistic regression" in text


def test_accuracies_come_with_their_tweets_and_replicates():
    text = said(comparison_of(TWO, AHEAD))
    assert "Accuracy of the selected models on 1,234 test tweets" in text
    assert "SimpleRNN 77.0\u00a0% and LSTM 80.0\u00a0% (mean of 2 replicates each)" in text


def test_single_replicate_is_said():
    text = said(comparison_of(TWO, AHEAD, replicates=[2]))
    assert "(one replicate each)" in text
    assert "do not include what another seed would change for SimpleRNN and LSTM." in text


def test_a_single_replicate_that_did_not_diverge_is_said():
    text = said(comparison_of(TWO, AHEAD, replicates=[2, 3], diverged={"LSTM": 1}))
    assert "The intervals do not include what another seed would change for LSTM." in text


def test_replicates_that_diverged_are_counted():
    comparison = comparison_of(TWO, AHEAD, replicates=[2, 3, 4, 5, 6], diverged={"LSTM": 2})
    assert "Of the 5 replicates 2 of LSTM diverged and are left out." in said(comparison)
    assert "diverged" not in said(comparison_of(TWO, AHEAD))


@pytest.mark.parametrize(
    "difference, expected",
    [
        (row(-0.04, -0.06, -0.02), "LSTM falls short of it by 4.0 points (2.0 to 6.0)"),
        (row(0.04, 0.02, 0.06), "LSTM beats this baseline by 4.0 points (2.0 to 6.0)"),
        (
            row(0.004, -0.02, 0.03),
            "the data are consistent with no difference for LSTM (0.4 points, \u22122.0 to 3.0)",
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
    baselines = from_logistic_regression(LSTM=row(0.01, -0.01, 0.03))
    baselines |= {("LSTM", "MeanOfWords"): row(0.02, 0.01, 0.03)}
    comparison = comparison_of({"LSTM": 0.8, "MeanOfWords": 0.78}, {}, baselines)
    comparison.selected = {"LSTM": None}
    comparison.selected_baselines = {"MeanOfWords": None}
    assert (
        "The mean of word vectors is right in 78.0\u00a0%: LSTM beats this baseline by 2.0 points "
        "(1.0 to 3.0)."
    ) in said(comparison)


def test_models_on_different_sides_of_a_baseline_have_a_clause_each():
    baselines = {
        **{("SimpleRNN", name): row(-0.04, -0.06, -0.02) for name in BASELINES},
        **{("LSTM", name): row(0.001, -0.01, 0.02) for name in BASELINES},
    }
    text = said(comparison_of(TWO, AHEAD, baselines))
    assert "SimpleRNN falls short of it by 4.0 points" in text
    assert "; the data are consistent with no difference for LSTM (0.1 points" in text


def test_models_on_the_same_side_of_a_baseline_share_a_clause():
    baselines = {
        (cell, name): row(size, size - 0.01, size + 0.01)
        for cell, size in (("SimpleRNN", 0.139), ("LSTM", 0.167))
        for name in BASELINES
    }
    expected = (
        "SimpleRNN beats this baseline by 13.9 points (12.9 to 14.9) and LSTM by 16.7 points "
        "(15.7 to 17.7)."
    )
    assert expected in said(comparison_of(TWO, AHEAD, baselines))


def test_without_a_test_part_the_figures_are_called_optimistic():
    comparison = comparison_of(TWO, AHEAD, part="validation")
    assert "optimistic" in OPTIMISTIC and warnings(comparison, "path") == [OPTIMISTIC]
    assert "is right in 61.0\u00a0%" in said(comparison)
    assert warnings(comparison_of(TWO, AHEAD), "path") == []


def test_demo_corpus_is_said_first():
    comparison = comparison_of(TWO, AHEAD, part="validation")
    assert warnings(comparison, "demo") == [DEMO, OPTIMISTIC]
    assert warnings(None, "demo") == [DEMO]


@pytest.mark.parametrize(
    "difference, expected",
    [
        (
            row(0.04, 0.02, 0.06),
            "On this test set the selected LSTM was right 4.0 points more often than logistic "
            "regression (95\u00a0% interval 2.0 to 6.0).",
        ),
        (
            row(-0.04, -0.06, -0.02),
            "On this test set logistic regression was right 4.0 points more often than the "
            "selected LSTM (95\u00a0% interval 2.0 to 6.0).",
        ),
        (
            row(-0.01, -0.03, 0.01),
            "Logistic regression scored 1.0 points higher than the selected LSTM, but the data are "
            "also consistent with no difference (95\u00a0% interval \u22121.0 to 3.0).",
        ),
    ],
)
def test_a_single_cell_is_compared_with_logistic_regression(difference, expected):
    comparison = comparison_of({"LSTM": 0.8}, {}, from_logistic_regression(LSTM=difference))
    assert conclusion(comparison) == expected
    assert "Only LSTM was trained" in said(comparison)


def test_best_of_three_cells_is_compared_with_each_other_one():
    cells = {"SimpleRNN": 0.77, "LSTM": 0.8, "GRU": 0.79}
    pairs = {
        ("SimpleRNN", "LSTM"): row(-0.03, -0.05, -0.01),
        ("SimpleRNN", "GRU"): row(-0.02, -0.04, 0.01),
        ("LSTM", "GRU"): row(0.01, -0.01, 0.03),
    }
    comparison = comparison_of(cells, pairs)
    assert conclusion(comparison) == (
        "The selected LSTM scored 1.0 points higher than the selected GRU, but the data are also "
        "consistent with no difference (95\u00a0% interval \u22121.0 to 3.0); no cell beats "
        "logistic regression."
    )
    text = said(comparison)
    assert "the selected LSTM was right 3.0 points more often than the selected SimpleRNN" in text
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


def with_collapsed(comparison, cell, accuracies, answers):
    """Give a cell replicates with these accuracies, of which the first give only these answers."""
    model = comparison.primary.accuracies[cell]
    model.replicates = [
        Replicate(replicate=number, validation={}, test={"accuracy": accuracy})
        for number, accuracy in enumerate(accuracies, 2)
    ]
    model.accuracy = sum(accuracies) / len(accuracies)
    model.collapsed_replicates = [
        Collapsed(replicate=number, answer=answer, share=1.0)
        for number, answer in enumerate(answers, 2)
    ]
    return comparison


FAR = {("SimpleRNN", "LSTM"): row(-0.227, -0.3, -0.15)}


def test_collapsed_replicates_are_a_warning_with_the_accuracy_of_the_others():
    comparison = with_collapsed(
        comparison_of(TWO, FAR), "SimpleRNN", [0.42, 0.42, 0.42, 0.42, 0.62], ["anger"] * 4
    )
    text = (
        "4 of the 5 SimpleRNN replicates answer (nearly) nothing but “anger”, so the difference is "
        "mostly a matter of training stability (the other is right in 62.0\u00a0%)."
    )
    assert collapse(comparison) == text
    assert text in said(comparison, role="warning")


def test_difference_that_is_left_without_collapsed_replicates_is_partly_one_of_stability():
    comparison = with_collapsed(
        comparison_of(TWO, FAR), "SimpleRNN", [0.5, 0.6, 0.6, 0.6, 0.6], ["anger"]
    )
    assert "1 of the 5 SimpleRNN replicates answers (nearly)" in collapse(comparison)
    assert "is partly a matter of training stability (the others are" in collapse(comparison)


def test_cell_whose_replicates_all_collapsed_has_learned_nothing():
    comparison = with_collapsed(comparison_of(TWO, FAR), "LSTM", [0.5, 0.3], ["joy", "anger"])
    assert collapse(comparison) == (
        "Every LSTM replicate (2 of 2) answers (nearly) nothing but “anger” or nothing but “joy”; "
        "it has not learned to tell the classes apart."
    )


def test_collapse_of_a_single_cell_explains_no_difference():
    comparison = with_collapsed(comparison_of({"LSTM": 0.8}, {}), "LSTM", [0.5, 0.8], ["anger"])
    assert collapse(comparison) == (
        "1 of the 2 LSTM replicates answers (nearly) nothing but “anger”; the other is right in "
        "80.0\u00a0%."
    )


def test_nothing_is_said_of_collapse_where_there_is_none():
    assert collapse(comparison_of(TWO, AHEAD)) == ""
    assert said(comparison_of(TWO, AHEAD), role="warning") == ""


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
