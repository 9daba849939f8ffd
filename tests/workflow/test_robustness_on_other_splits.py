"""An experiment on other splits, as a user asks for it."""

import json

import pyarrow.parquet as pq
import pytest
from checkout import copy_checkout

ROBUSTNESS = {
    "splits": [{"method": "stratified", "seeds": [2, 3]}, {"method": "temporal"}],
    "training_sizes": [0.5],
    "size_replicates": 1,
    "reselect": 1,
}


@pytest.fixture(scope="module")
def done(root, tmp_path_factory):
    """A checkout whose small experiment has run on other splits."""
    checkout = copy_checkout(root, tmp_path_factory.mktemp("splits") / "checkout")
    checkout.write_config(robustness=ROBUSTNESS, training={"finalist_replicates": 1})
    checkout.run()
    return checkout


def test_every_other_split_is_in_the_report(done):
    summary = json.loads((done.path / "results/small/report/summary.json").read_text())
    kinds = {pair["kind"]: pair["splits"] for pair in summary["robustness"]["pairs"]}
    assert kinds == {
        "stratified": ["stratified-2", "stratified-3"],
        "temporal": ["temporal"],
        "reselect": ["reselect-1"],
    }
    assert {size["share"] for size in summary["robustness"]["sizes"]} == {0.5, 1.0}
    report = (done.path / "results/small/report/report.md").read_text()
    assert "other splits" in report


def test_finalists_are_trained_with_other_seeds_and_reported(done):
    selected = json.loads((done.path / "results/small/select/selected.json").read_text())
    for choice in selected["cells"].values():
        assert [len(finalist["figures"]) for finalist in choice["finalists"]] == [1, 1]
        best = max(finalist["figures"][0] for finalist in choice["finalists"])
        assert choice["figure"] == best


def test_each_split_has_its_own_test_set(done):
    held_out = set()
    for path in done.path.glob("results/small/**/split/rows.parquet"):
        rows = pq.read_table(path).to_pandas()
        held_out.add(frozenset(rows["row"][rows["part"] == "test"]))
    assert len(held_out) == 5  # the smaller training set has the experiment's own


def test_one_more_split_trains_the_selected_combinations_on_it_alone(done):
    more = ROBUSTNESS | {"splits": [*ROBUSTNESS["splits"], {"method": "random", "seeds": [5]}]}
    done.write_config(robustness=more, training={"finalist_replicates": 1})
    planned = done.planned()
    assert planned == {
        **dict.fromkeys(["split", "baselines", "robustness", "plot", "render"], 1),
        "train": 2,
    }


def test_without_other_splits_the_report_is_written_again_and_nothing_is_trained(done):
    done.write_config(training={"finalist_replicates": 1})
    assert set(done.planned()) <= {"plot", "render"}
