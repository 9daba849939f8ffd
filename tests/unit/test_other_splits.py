"""Which other splits a config asks for, and what is trained on each."""

import pytest
from tweetrnn.config import resolve
from tweetrnn.errors import UserError
from tweetrnn.grid import Run
from tweetrnn.other_splits import RESELECT, SIZE, file_name, other_splits, runs_on


def config_of(**robustness):
    return resolve({"name": "a", "corpus": {"kind": "demo"}, "robustness": robustness})


def test_nothing_is_asked_for_by_default():
    assert other_splits(resolve({"name": "a", "corpus": {"kind": "demo"}})) == {}


WRONG = {
    "own split": ({"splits": [{"method": "stratified"}]}, "the experiment's own split"),
    "needless": (
        {"splits": [{"method": "random", "seeds": [2], "slice": "airline", "values": ["x"]}]},
        "robustness.splits[0].slice and robustness.splits[0].values: only for method held_out",
    ),
    "seeds of temporal": (
        {"splits": [{"method": "temporal", "seeds": [2]}]},
        "robustness.splits[0].seeds: temporal has one split",
    ),
    "blanks": (
        {"splits": [{"method": "held_out", "slice": "airline", "values": [" x"]}]},
        "robustness.splits[0].values: ' x': expected no blanks",
    ),
}


@pytest.mark.parametrize("robustness, message", WRONG.values(), ids=WRONG)
def test_other_split_that_makes_no_sense_is_refused(robustness, message):
    with pytest.raises(UserError) as error:
        config_of(**robustness)
    assert message in str(error.value)


def test_repeating_needs_splits_that_differ_by_their_seeds():
    config = {"name": "a", "corpus": {"kind": "demo"}, "split": {"method": "temporal"}}
    with pytest.raises(UserError, match=r"robustness\.reselect: needs split\.method stratified"):
        resolve(config | {"robustness": {"reselect": 1}})


def test_sizes_are_parts_of_the_training_set_that_is_used():
    config = {"name": "a", "corpus": {"kind": "demo"}, "split": {"train_share": 0.3}}
    with pytest.raises(UserError, match=r"training_sizes: 0\.5 is not less than"):
        resolve(config | {"robustness": {"training_sizes": [0.5]}})


def test_each_seed_is_a_split_of_its_own_with_this_seed():
    splits = other_splits(config_of(splits=[{"method": "stratified", "seeds": [7, 8]}]))
    assert list(splits) == ["stratified-7", "stratified-8"]
    assert [split.config["seed"] for split in splits.values()] == [7, 8]


def test_held_out_values_are_splits_named_after_them():
    entry = {"method": "held_out", "slice": "airline", "values": ["United", "Air {x}/é"]}
    splits = other_splits(config_of(splits=[entry]))
    assert list(splits) == ["held_out-United", f"held_out-{file_name('Air {x}/é')}"]
    [united, _] = splits.values()
    assert (
        united.config["split"] | {"slice": "airline", "value": "United"} == (united.config["split"])
    )
    assert united.config["split"]["method"] == "held_out"
    assert (united.kind, united.value) == ("held_out", "United")


@pytest.mark.parametrize("value", ["a/b", "a b", "..", "{x}", "é", "x" * 300])
def test_file_names_are_plain_and_differ_where_values_do(value):
    name = file_name(value)
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEF0123456789_") and len(name) < 60
    assert name != file_name(value + "/") and name not in (".", "..")


def test_training_sizes_keep_the_experiments_seed_and_method():
    config = config_of(training_sizes=[0.5])
    [split] = other_splits(config).values()
    assert (split.name, split.kind, split.value) == ("size-0.5", SIZE, 0.5)
    assert split.config["seed"] == config["seed"]
    assert split.config["split"] == config["split"] | {"train_share": 0.5}


def test_repeating_the_experiment_gives_new_seeds():
    splits = other_splits(config_of(reselect=2))
    assert [split.kind for split in splits.values()] == [RESELECT] * 2
    assert len({split.config["seed"] for split in splits.values()} | {1}) == 3


def test_selected_combinations_are_trained_with_seeds_that_took_no_part_in_the_selection():
    config = config_of(splits=[{"method": "random", "seeds": [2]}], replicates=2)
    config["training"]["replicates"] = 3
    [split] = other_splits(config).values()
    runs = runs_on(split, {"LSTM": "c", "Mean": "c"}, config)
    assert runs == [Run("LSTM", "c", 4), Run("LSTM", "c", 5)]


def test_smaller_training_sets_are_for_baseline_cells_as_well():
    config = config_of(training_sizes=[0.5], size_replicates=1)
    [split] = other_splits(config).values()
    runs = runs_on(split, {"LSTM": "c", "Mean": "d"}, config)
    assert runs == [Run("LSTM", "c", 2), Run("Mean", "d", 2)]
