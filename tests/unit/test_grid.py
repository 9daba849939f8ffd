"""A combination's name says its values, and a run's seed follows from its own name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn.config import resolve
from tweetrnn.errors import UserError
from tweetrnn.grid import Combination, combinations, run_seed

DEFAULT_GRID = resolve({"name": "demo", "corpus": {"kind": "demo"}})["grid"]


def test_combinations_come_in_the_reference_s_nesting_order():
    first_five = [combination.reference_tuple for combination in combinations(DEFAULT_GRID)[:5]]
    assert first_five == [
        (1, 2, True, True, 1e-3),
        (1, 2, True, True, 1e-4),
        (1, 2, True, False, 1e-3),
        (1, 2, True, False, 1e-4),
        (1, 2, False, True, 1e-3),
    ]
    assert len(combinations(DEFAULT_GRID)) == 32


def test_name_is_readable():
    assert Combination(2, 2, False, True, 1e-3).name == "rnn2-dense2-dropout0-reg1-lr1e-3"
    assert Combination(1, 3, True, False, 2.5e-4).name == "rnn1-dense3-dropout1-reg0-lr2.5e-4"
    assert Combination(1, 3, True, False, 1).name == "rnn1-dense3-dropout1-reg0-lr1e0"


def test_growing_the_grid_keeps_the_names_of_what_was_there():
    grown = DEFAULT_GRID | {"learning_rate": [1e-2, 1e-3, 1e-4], "recurrent_layers": [1, 2, 3]}
    names = {combination.name for combination in combinations(DEFAULT_GRID)}
    assert names < {combination.name for combination in combinations(grown)}


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
def test_name_reads_back_as_the_same_combination(combination):
    assert Combination.parse(combination.name) == combination
    assert "/" not in combination.name


@pytest.mark.parametrize("name", ["", "rnn2", "rnn2-dense2-dropout2-reg1-lr1e-3", "../x"])
def test_other_text_is_no_combination(name):
    with pytest.raises(UserError, match="not a combination"):
        Combination.parse(name)


def test_seed_differs_for_every_part_of_a_run_s_name():
    names = [
        (1, "LSTM", "a", 1),
        (2, "LSTM", "a", 1),
        (1, "SimpleRNN", "a", 1),
        (1, "LSTM", "b", 1),
        (1, "LSTM", "a", 2),
    ]
    seeds = {run_seed(*name) for name in names}
    assert len(seeds) == len(names)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_seed_is_the_same_on_every_machine_and_day():
    assert run_seed(1, "LSTM", "rnn1-dense2-dropout0-reg0-lr1e-3", 1) == 6820195776170184220
