"""What other splits show, from tables with known answers."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tweetrnn.evaluation.robustness import (
    COLUMNS,
    compare_cells,
    corrected_interval,
    levels,
    outperforming,
    sizes,
)
from tweetrnn.other_splits import SIZE
from tweetrnn.reporting.sections.robustness import crossing


def table_of(*rows):
    """Return a table of (split, kind, model, accuracy, value, training tweets)."""
    names = ["split", "kind", "model", "accuracy", "value", "train_tweets"]
    table = pd.DataFrame([[*row, None, 900][:6] if len(row) < 6 else row for row in rows])
    table.columns = names
    table["test_tweets"] = 100
    return table.reindex(columns=list(COLUMNS)).astype(COLUMNS)


TWO = table_of(
    ("s-1", "stratified", "A", 0.80),
    ("s-1", "stratified", "B", 0.70),
    ("s-2", "stratified", "A", 0.75),
    ("s-2", "stratified", "A", 0.85),
    ("s-2", "stratified", "B", 0.75),
    ("late", "temporal", "A", 0.5),
    ("late", "temporal", "B", 0.6),
    ("late", "temporal", "majority", 0.4),
    ("size-0.5", SIZE, "A", 0.1, "0.5", 450),
    ("size-0.5", SIZE, "A", 0.3, "0.5", 450),
)


def test_corrected_interval_is_nadeau_and_bengios():
    differences, ratio = [0.01, 0.03, 0.02, 0.06], 0.25
    variance = np.var(differences, ddof=1)
    half = stats.t.ppf(0.975, 3) * math.sqrt((1 / 4 + ratio) * variance)
    assert corrected_interval(differences, ratio) == pytest.approx([0.03 - half, 0.03 + half])


def test_without_overlap_it_is_the_usual_interval_of_a_mean():
    differences = [0.01, 0.03, 0.02, 0.06]
    usual = stats.ttest_1samp(differences, 0).confidence_interval()
    assert corrected_interval(differences, 0) == pytest.approx([usual.low, usual.high])


@pytest.mark.parametrize("differences", [[0.1], [0.1, 0.1]])
def test_one_split_or_no_variance_gives_no_interval(differences):
    assert corrected_interval(differences, 0.1) is None


def test_probability_counts_equal_results_as_half():
    found = outperforming([0.1, 0.2, -0.1, 0.0])
    assert (found["first_ahead"], found["equal"], found["probability"]) == (2, 1, 0.625)


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=20))
def test_probability_lies_in_its_interval_and_mirrors(differences):
    one, other = outperforming(differences), outperforming([-value for value in differences])
    low, high = one["probability_interval"]
    assert low <= one["probability"] <= high
    assert one["probability"] == pytest.approx(1 - other["probability"])
    assert [low, high] == pytest.approx([1 - end for end in other["probability_interval"][::-1]])


def test_cells_are_compared_by_kind_over_the_means_of_their_replicates():
    random, late = compare_cells(TWO, ["A", "B"])
    assert (random.kind, random.splits) == ("stratified", ["s-1", "s-2"])
    assert random.differences == pytest.approx([0.1, 0.05])
    assert random.mean == pytest.approx(0.075)
    assert random.interval == pytest.approx(corrected_interval([0.1, 0.05], 1 / 9))
    assert (late.kind, late.interval, late.first_ahead) == ("temporal", None, 0)


def test_split_on_which_a_cell_diverged_is_left_out():
    lost = TWO[~((TWO["split"] == "s-1") & (TWO["model"] == "B"))]
    assert compare_cells(lost, ["A", "B"])[0].splits == ["s-2"]


def test_levels_say_how_far_accuracies_move():
    found = {
        (level.kind, level.model): level
        for level in levels(TWO, {"A": 0.7, "B": 0.7, "majority": 0.4})
    }
    assert found["stratified", "A"].accuracy == pytest.approx(0.8)
    assert found["stratified", "A"].splits == 2
    assert found["temporal", "B"].change == pytest.approx(-0.1)
    assert found["temporal", "majority"].change == pytest.approx(0)


def test_sizes_have_mean_and_range_over_replicates():
    [size] = sizes(TWO)
    assert (size.share, size.tweets, size.model, size.replicates) == (0.5, 450, "A", 2)
    assert (size.accuracy, size.min, size.max) == pytest.approx((0.2, 0.1, 0.3))


@pytest.mark.parametrize(
    "first, second, said",
    [
        ([0.1, 0.2], [0.2, 0.1], "A is ahead of B with 20 training tweets and behind with 10."),
        ([0.1, 0.1], [0.2, 0.1], "B is ahead of A with 10 training tweets, else equal."),
        ([0.3, 0.3], [0.2, 0.1], "A is ahead of B at every size"),
        ([0.3, 0.3], [0.3, 0.3], "are equal at every size"),
    ],
)
def test_curves_cross_only_where_each_cell_is_ahead_somewhere(first, second, said):
    accuracy = {
        (tweets, model): values[place]
        for model, values in (("A", first), ("B", second))
        for place, tweets in enumerate((10, 20))
    }
    assert said in crossing("A", "B", accuracy)
