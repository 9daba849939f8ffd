"""A combination's name contains its values, and a run's seed follows from its name."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tweetrnn.config import resolve
from tweetrnn.errors import UserError
from tweetrnn.grid import (
    FACTORS,
    Combination,
    Run,
    cells,
    combinations,
    is_sample,
    runs,
    size,
)

DEFAULT = resolve({"name": "demo", "corpus": {"kind": "demo"}})


def changed(seed=1, **grid):
    """The default config with another seed, and other values in its grid."""
    return DEFAULT | {"seed": seed, "grid": DEFAULT["grid"] | grid}


def test_combinations_come_in_the_reference_s_nesting_order():
    first_five = [combination.reference_tuple for combination in combinations(DEFAULT)[:5]]
    assert first_five == [
        (1, 2, True, True, 1e-3),
        (1, 2, True, True, 1e-4),
        (1, 2, True, False, 1e-3),
        (1, 2, True, False, 1e-4),
        (1, 2, False, True, 1e-3),
    ]
    assert len(combinations(DEFAULT)) == 32


def test_runs_are_each_cell_s_combinations_with_all_their_replicates():
    config = changed(cell=["LSTM", "GRU"]) | {"training": {"replicates": 2}}
    found = list(runs(config))
    assert len(found) == 2 * 32 * 2
    first = combinations(config)[0].name
    assert found[:2] == [Run("LSTM", first, 1), Run("LSTM", first, 2)]
    assert found[64] == Run("GRU", first, 1)


def test_baseline_cells_have_the_combinations_with_the_fewest_layers():
    config = changed(cell=["LSTM"], baseline_cells=["MeanOfWords", "GRU"], recurrent_layers=[3, 2])
    found = list(runs(config))
    assert cells(config["grid"]) == ["LSTM", "MeanOfWords", "GRU"]
    counts = Counter((run.cell, run.combination[:4]) for run in found)
    fewest = {(cell, "rnn2"): 16 for cell in ("LSTM", "MeanOfWords", "GRU")}
    assert counts == fewest | {("LSTM", "rnn3"): 16}
    assert found[:32] == list(runs(changed(cell=["LSTM"], recurrent_layers=[3, 2])))


def test_a_baseline_has_as_many_combinations_of_a_sampled_grid_as_a_cell():
    config = changed(cell=["LSTM"], baseline_cells=["MeanOfWords"], sample=10)
    names = {
        cell: {run.combination for run in runs(config) if run.cell == cell}
        for cell in ("LSTM", "MeanOfWords")
    }
    assert len(names["LSTM"]) == len(names["MeanOfWords"]) == 10
    assert {name for name in names["LSTM"] if name.startswith("rnn1")} <= names["MeanOfWords"]


def test_run_is_parsed_from_its_text():
    run = Run("LSTM", "rnn1-dense2-dropout0-reg0-lr1e-3", 2)
    assert str(run) == "LSTM/rnn1-dense2-dropout0-reg0-lr1e-3/2"
    assert Run.parse(str(run)) == run


def test_name_is_readable():
    assert Combination(2, 2, False, True, 1e-3).name == "rnn2-dense2-dropout0-reg1-lr1e-3"
    assert Combination(1, 3, True, False, 2.5e-4).name == "rnn1-dense3-dropout1-reg0-lr2.5e-4"
    assert Combination(1, 3, True, False, 1).name == "rnn1-dense3-dropout1-reg0-lr1e0"


def test_growing_the_grid_keeps_the_names_of_what_was_there():
    grown = changed(learning_rate=[1e-2, 1e-3, 1e-4], recurrent_layers=[1, 2, 3])
    names = {combination.name for combination in combinations(DEFAULT)}
    assert names < {combination.name for combination in combinations(grown)}


LARGER = {"learning_rate": [1e-2, 3e-3, 1e-3, 1e-4], "recurrent_layers": [1, 2, 3]}


def chosen(number, seed=1, **grid):
    """Return the names of a sample of LARGER's 96 combinations, in their order."""
    found = combinations(changed(seed, **LARGER | grid, sample=number))
    return [combination.name for combination in found]


@pytest.mark.parametrize("number", [1, 20, 95])
def test_sample_has_as_many_combinations_as_asked_for_in_the_grid_s_order(number):
    whole, sample = chosen(None), chosen(number)
    assert len(whole) == 96 and len(sample) == number
    assert sample == [name for name in whole if name in sample]


def test_larger_sample_contains_the_smaller_ones():
    samples = [set(chosen(number)) for number in range(1, 97)]
    assert all(one < other for one, other in pairwise(samples))


def test_sample_does_not_depend_on_the_order_in_which_values_are_listed():
    reversed_lists = {factor: DEFAULT["grid"][factor][::-1] for factor in FACTORS}
    reversed_lists |= {factor: values[::-1] for factor, values in LARGER.items()}
    assert set(chosen(20, **reversed_lists)) == set(chosen(20))


def test_seed_determines_which_combinations_are_chosen():
    assert set(chosen(20, seed=1)) != set(chosen(20, seed=2))


def test_sample_favours_no_value():
    counter = Counter(
        (factor, getattr(Combination.parse(name), factor))
        for seed in range(50)
        for name in chosen(24, seed)
        for factor in FACTORS
    )
    for factor in FACTORS:
        counts = [count for (other, _), count in counter.items() if other == factor]
        assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("number, all_of_them", [(95, False), (96, True), (97, True), (None, True)])
def test_sample_that_is_not_smaller_than_the_grid_is_the_whole_grid(number, all_of_them):
    grid = changed(**LARGER, sample=number)["grid"]
    assert is_sample(grid) != all_of_them
    assert (size(grid), len(chosen(number))) == ((96, 96) if all_of_them else (number, number))


@given(
    st.builds(
        Combination,
        st.integers(1, 9),
        st.integers(1, 9),
        st.booleans(),
        st.booleans(),
        st.floats(1e-12, 1.0),
    )
)
def test_name_is_parsed_as_the_same_combination(combination):
    assert Combination.parse(combination.name) == combination
    assert "/" not in combination.name


@pytest.mark.parametrize("name", ["", "rnn2", "rnn2-dense2-dropout2-reg1-lr1e-3", "../x"])
def test_other_text_is_not_a_combination(name):
    with pytest.raises(UserError, match="not a combination"):
        Combination.parse(name)


def test_seed_differs_for_every_part_of_a_run_and_for_every_seed_of_the_config():
    run = Run("LSTM", "a", 1)
    others = [Run("SimpleRNN", "a", 1), Run("LSTM", "b", 1), Run("LSTM", "a", 2)]
    seeds = {run.seed(1), run.seed(2), *(other.seed(1) for other in others)}
    assert len(seeds) == 5
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_seed_is_the_same_on_every_machine_and_day():
    assert Run("LSTM", "rnn1-dense2-dropout0-reg0-lr1e-3", 1).seed(1) == 6820195776170184220
