"""Whether sets that are made of different slices are found, and equal ones are not."""

import numpy as np
import pytest
from tweetrnn.evaluation.composition import Contrast, contrast, contrasts


def parts(**sets):
    """Return the split's facts of sets with these tweets by the values of the slice ``s``."""
    return {
        name: {"tweets": sum(counts.values()), "slices": {"s": counts}}
        for name, counts in sets.items()
    }


def test_a_value_that_is_common_in_one_set_and_rare_in_another_is_a_contrast():
    found = contrast(
        "s", {"train": {"a": 0, "b": 880, "c": 0}, "test": {"a": 120, "b": 880, "c": 0}}
    )
    assert found == Contrast("s", "a", "test", "train", pytest.approx(0.12), 0.0)


def test_a_large_total_variation_distance_is_a_contrast():
    found = contrast("s", {"train": {"a": 300, "b": 700}, "test": {"a": 510, "b": 490}})
    assert found == Contrast("s", "a", "test", "train", pytest.approx(0.51), pytest.approx(0.3))
    assert contrast("s", {"train": {"a": 300, "b": 700}, "test": {"a": 490, "b": 510}}) is None


def test_a_difference_that_may_be_chance_is_none():
    assert contrast("s", {"train": {"a": 15, "b": 85}, "test": {"a": 0, "b": 10}}) is None


def test_samples_of_the_same_tweets_are_no_contrast():
    rng = np.random.default_rng(1)
    sizes = {"train": 700, "validation": 200, "test": 100}
    for _ in range(20):
        sets = {
            name: dict(zip("abcdefgh", rng.multinomial(n, [1 / 8] * 8).tolist(), strict=True))
            for name, n in sizes.items()
        }
        assert contrasts(parts(**sets)) == []


def test_sets_are_compared_with_the_training_set_first():
    held_out = parts(
        train={"a": 0, "b": 500}, validation={"a": 0, "b": 100}, test={"a": 100, "b": 0}
    )
    assert [(found.more, found.less) for found in contrasts(held_out)] == [("test", "train")]
    between = parts(
        train={"a": 500, "b": 500}, validation={"a": 350, "b": 150}, test={"a": 150, "b": 350}
    )
    assert [(found.more, found.less) for found in contrasts(between)] == [("validation", "test")]


def test_an_empty_set_is_compared_with_none():
    assert contrasts(parts(train={"a": 9}, validation={"a": 1}, test={"a": 0})) == []
