"""Compare: the primary analysis and the exploratory ones, on runs with known properties."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from example_runs import config_of, write_run
from tweetrnn.__main__ import main
from tweetrnn.config import load_schema
from tweetrnn.evaluation import aggregate, exploratory
from tweetrnn.files import read_json, sha256_of, write_json, write_parquet
from tweetrnn.grid import combinations

NAMES = ["negative", "neutral", "positive"]
SIZES = {"train": 30, "validation": 240, "test": 150}
SKILL = {"SimpleRNN": 0.70, "LSTM": 0.80, "GRU": 0.80}
SMALL = {
    "recurrent_layers": [1, 2],
    "dense_layers": [2],
    "dropout": [True, False],
    "regularization": [False],
    "learning_rate": [1e-3],
}


def guesses(labels, skill, rng):
    """Probabilities whose most probable class is the label with that share."""
    right = rng.random(len(labels)) < skill
    guess = np.where(right, labels, (labels + rng.integers(1, 3, len(labels))) % 3)
    p = rng.uniform(0.1, 1, (len(labels), 3))
    p[np.arange(len(labels)), guess] = p.max(axis=1) + rng.uniform(0.1, 1, len(labels))
    return (p / p.sum(axis=1, keepdims=True)).astype(np.float32)


def prediction_table(labels, probabilities, **constants):
    """A predictions file's content from {part: ...}."""
    frames = [
        pd.DataFrame(
            constants
            | {"part": part, "row": np.arange(len(p)), "label": labels[part]}
            | {f"p{k}": p[:, k] for k in range(3)}
        )
        for part, p in probabilities.items()
    ]
    return pd.concat(frames, ignore_index=True)


def as_arrow(frame):
    """Return a DataFrame as the table that is written to Parquet."""
    return pa.Table.from_pandas(frame, preserve_index=False)


class Experiment:
    """A folder with everything that select and compare read."""

    def __init__(self, folder, cells=("SimpleRNN", "LSTM"), sizes=SIZES, seed=0, **report):
        self.folder, self.rng = folder, np.random.default_rng(seed)
        self.config = config_of(cell=list(cells), **SMALL)
        self.config["seed"] = 5
        self.config["training"]["selected_replicates"] = 3
        self.config["report"] |= {
            "select_by": "best_accuracy",
            "resamples": 400,
            "show_tweets": 2,
        }
        self.config["report"] |= report
        parts = np.repeat(list(sizes), list(sizes.values()))
        total = len(parts)
        self.rows = pd.DataFrame(
            {
                "row": self.rng.permutation(total),
                "part": parts,
                "label": self.rng.choice(3, total, p=[0.6, 0.25, 0.15]).astype(np.int32),
                "group": self.rng.integers(0, 200, total).astype(np.uint64)
                + 1000 * pd.factorize(parts)[0].astype(np.uint64),
            }
        )
        write_parquet(folder / "rows.parquet", as_arrow(self.rows))
        write_json(
            folder / "facts.json",
            {"labels": NAMES, "sha256": {"rows": sha256_of(folder / "rows.parquet")}},
        )
        self.labels = {
            part: self.rows.label[self.rows.part == part].to_numpy()
            for part in ("validation", "test")
            if sizes[part]
        }
        self.baselines = pd.concat(
            [
                prediction_table(
                    self.labels,
                    {
                        part: np.tile(np.float32([1, 0, 0]), (len(own), 1))
                        for part, own in self.labels.items()
                    },
                    baseline="majority",
                ),
                prediction_table(
                    self.labels,
                    {part: guesses(own, 0.75, self.rng) for part, own in self.labels.items()},
                    baseline="logistic_regression",
                ),
            ],
            ignore_index=True,
        )
        write_parquet(folder / "baselines.parquet", as_arrow(self.baselines))
        self.predictions = {}
        for cell in cells:
            for combination in combinations(self.config):
                self.train(cell, combination, 1)
        runs, _ = aggregate.gather(folder / "train", folder / "benchmarks", self.config)
        self.runs = pd.DataFrame(runs)
        write_parquet(folder / "runs.parquet", aggregate.table(runs, aggregate.RUNS))

    def train(self, cell, combination, replicate, status="finished"):
        """Write one run whose last epoch is its best and is what its predictions score."""
        probabilities = {
            part: guesses(own, SKILL[cell], self.rng) for part, own in self.labels.items()
        }
        accuracy = (probabilities["validation"].argmax(axis=1) == self.labels["validation"]).mean()
        table = prediction_table(self.labels, probabilities)
        history = [
            [1, 0.5, 0.5, 0.5, 1, 0.3, 0.5, 0.5],
            [0.5, 0.5, 0.5, 0.5, 1, accuracy, 0.5, 0.5],
        ]
        write_run(self.folder, cell, combination, replicate, history, status, as_arrow(table))
        self.predictions[cell, combination.name, replicate] = table

    def run(self, command, *arguments):
        """Run a stage with the config and these options."""
        arguments = ["--config", json.dumps(self.config), *arguments]
        assert main([command, *arguments, "--selected", str(self.folder / "selected.json")]) == 0

    def compare(self):
        """Run compare; return comparison.json."""
        files = {name: f"{name}.parquet" for name in ("runs", "rows", "baselines")}
        files |= {"facts": "facts.json", "train-dir": "train", "comparison": "comparison.json"}
        options = [f"--{name}={self.folder / file}" for name, file in files.items()]
        self.run("compare", *options)
        return read_json(self.folder / "comparison.json")

    def whole(self):
        """Select, train the replicates, compare."""
        self.run("select", f"--runs={self.folder / 'runs.parquet'}")
        self.selected = read_json(self.folder / "selected.json")
        by_name = {c.name: c for c in combinations(self.config)}
        for cell, choice in self.selected["cells"].items():
            for replicate in self.selected["replicates"]:
                self.train(cell, by_name[choice["combination"]], replicate)
        return self.compare()

    def accuracy(self, part, cell, replicate=None):
        """Share of right answers, found with pandas alone."""
        if cell in ("majority", "logistic_regression"):
            table = self.baselines[self.baselines.baseline == cell]
        else:
            table = self.predictions[cell, self.selected["cells"][cell]["combination"], replicate]
        table = table[table.part == part]
        return (table[["p0", "p1", "p2"]].to_numpy().argmax(axis=1) == table.label).mean()


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    """Two cells, LSTM the better one, judged on test."""
    made = Experiment(tmp_path_factory.mktemp("compare"))
    made.comparison = made.whole()
    return made


def test_the_headline_can_be_recomputed_from_the_stored_predictions(experiment):
    found = experiment.comparison
    assert (found["part"], found["optimistic"], found["tweets"]) == ("test", False, 150)
    assert found["replicates"] == [2, 3, 4]
    mean = {
        cell: np.mean([experiment.accuracy("test", cell, r) for r in (2, 3, 4)])
        for cell in ("SimpleRNN", "LSTM")
    }
    (pair,) = found["primary"]["pairs"]
    assert (pair["first"], pair["second"]) == ("SimpleRNN", "LSTM")
    assert pair["difference"] == pytest.approx(mean["SimpleRNN"] - mean["LSTM"])
    assert pair["interval"][0] < pair["difference"] < pair["interval"][1]
    assert pair["excludes_zero"] == (pair["interval"][0] > 0 or pair["interval"][1] < 0)
    assert pair["minimum_detectable_difference"] == pytest.approx(
        2.8016 * pair["standard_error"], rel=1e-4
    )
    both = pair["standard_error_tweets"] ** 2 + pair["standard_error_replicates"] ** 2
    assert pair["standard_error"] ** 2 >= 0.7 * both
    for row in found["primary"]["against_baselines"]:
        baseline = experiment.accuracy("test", row["baseline"])
        assert row["difference"] == pytest.approx(mean[row["cell"]] - baseline)
    assert len(found["primary"]["against_baselines"]) == 4


def test_replicates_are_told_one_by_one_with_their_spread(experiment):
    told = experiment.comparison["primary"]["accuracies"]["LSTM"]
    for part in ("validation", "test"):
        own = [experiment.accuracy(part, "LSTM", replicate) for replicate in (2, 3, 4)]
        assert [row[part]["accuracy"] for row in told["replicates"]] == pytest.approx(own)
        assert told["spread"][part]["accuracy"] == {
            "mean": pytest.approx(np.mean(own)),
            "sd": pytest.approx(np.std(own, ddof=1)),
            "min": pytest.approx(min(own)),
            "max": pytest.approx(max(own)),
        }
    assert told["diverged_replicates"] == 0
    baseline = experiment.comparison["primary"]["accuracies"]["majority"]
    assert baseline["scores"]["test"]["accuracy"] == experiment.accuracy("test", "majority")


def test_mcnemar_and_the_diagnosis_are_of_the_selected_runs(experiment):
    (test,) = experiment.comparison["mcnemar"]
    assert (
        sum(test[kind] for kind in ("both_right", "first_only", "second_only", "both_wrong")) == 150
    )
    assert (test["both_right"] + test["second_only"]) / 150 == pytest.approx(
        experiment.accuracy("test", "LSTM", 1)
    )
    failures = experiment.comparison["failures"]["LSTM"]
    assert np.trace(failures["confusion"]) / 150 == pytest.approx(
        experiment.accuracy("test", "LSTM", 1)
    )
    assert failures["scores"]["accuracy"] == pytest.approx(experiment.accuracy("test", "LSTM", 1))
    rows = experiment.rows[experiment.rows.part == "test"].reset_index(drop=True)
    for mistake in failures["confidently_wrong"]:
        assert mistake["corpus_row"] == rows.row[mistake["row"]]
        assert NAMES[rows.label[mistake["row"]]] == mistake["true"] != mistake["predicted"]


def test_selection_optimism_covers_all_runs_of_a_cell(experiment):
    for cell, found in experiment.comparison["selection_optimism"].items():
        best = experiment.runs[experiment.runs.cell == cell].best_accuracy.max()
        assert found["apparent"] == pytest.approx(best)
        assert found["runs"] == 4
        assert found["selected_most_often"][0]["share"] <= 1


def test_ranking_rules_and_their_winners_are_compared(experiment):
    found = experiment.comparison["rankings"]["LSTM"]
    mine = experiment.runs[experiment.runs.cell == "LSTM"]
    winner = mine.sort_values(["best_accuracy", "combination"], ascending=[False, True]).iloc[0]
    assert found["winners"]["best_accuracy"]["combination"] == winner.combination
    tau = mine.mean_accuracy.corr(mine.best_accuracy, method="kendall")
    assert found["kendall"]["mean_accuracy"]["best_accuracy"] == pytest.approx(tau)
    assert set(experiment.comparison["rankings"]) == {"SimpleRNN", "LSTM", "all"}


def test_the_rankings_are_those_that_the_config_offers():
    offered = load_schema()["properties"]["report"]["properties"]["rank_by"]["enum"]
    assert list(exploratory.RANKINGS) == offered


def test_the_reference_stands_beside_ours(experiment):
    found = experiment.comparison["reference"]
    assert len(found["rows"]) == 6
    row = found["rows"][1]
    assert (row["cell"], row["published"]) == ("SimpleRNN", 0.862)
    assert row["ours"]["mean_accuracy"] is None  # three hidden dense layers: not in this grid
    assert found["majority"]["accuracy"] == experiment.accuracy("validation", "majority")
    assert experiment.comparison["divergence"]["LSTM"]["published"] == 4


def test_the_same_input_gives_the_same_bytes(experiment):
    before = (experiment.folder / "comparison.json").read_bytes()
    experiment.compare()
    assert (experiment.folder / "comparison.json").read_bytes() == before


def test_without_a_test_part_validation_is_used_and_called_optimistic(tmp_path):
    found = Experiment(tmp_path, sizes=SIZES | {"test": 0}).whole()
    assert (found["part"], found["optimistic"], found["tweets"]) == ("validation", True, 240)
    assert len(found["primary"]["pairs"]) == 1


def test_three_cells_make_three_pairs(tmp_path):
    found = Experiment(tmp_path, cells=("SimpleRNN", "LSTM", "GRU")).whole()
    for rows in (found["primary"]["pairs"], found["mcnemar"], found["paired_cells"]):
        assert [(row["first"], row["second"]) for row in rows] == [
            ("SimpleRNN", "LSTM"),
            ("SimpleRNN", "GRU"),
            ("LSTM", "GRU"),
        ]
    assert len(found["primary"]["against_baselines"]) == 6
    assert len(found["interactions"]) == 3 * 2  # the two factors that vary


def test_one_cell_alone_is_compared_with_the_baselines(tmp_path):
    found = Experiment(tmp_path, cells=("LSTM",)).whole()
    assert found["primary"]["pairs"] == found["mcnemar"] == found["interactions"] == []
    assert len(found["primary"]["against_baselines"]) == 2


def test_a_diverged_replicate_is_left_out_and_counted(tmp_path):
    experiment = Experiment(tmp_path)
    experiment.whole()
    name = experiment.selected["cells"]["LSTM"]["combination"]
    told = tmp_path / "train" / "LSTM" / name / "3" / "parameters.json"
    write_json(told, read_json(told) | {"status": "diverged"})
    found = experiment.compare()["primary"]["accuracies"]["LSTM"]
    assert [row["replicate"] for row in found["replicates"]] == [2, 4]
    assert found["diverged_replicates"] == 1


def test_predictions_of_another_split_are_refused(tmp_path, capsys):
    experiment = Experiment(tmp_path)
    experiment.whole()
    name = experiment.selected["cells"]["LSTM"]["combination"]
    path = tmp_path / "train" / "LSTM" / name / "2" / "predictions.parquet"
    table = pd.read_parquet(path)
    table["label"] = 0
    write_parquet(path, as_arrow(table))
    with pytest.raises(AssertionError):
        experiment.compare()
    assert "labels are not those of the split" in capsys.readouterr().err


def test_factor_effects_find_what_was_put_in():
    config = config_of(cell=["SimpleRNN", "LSTM"])
    rng = np.random.default_rng(2)
    means = {}
    for combination in combinations(config):
        noise = rng.normal(0, 1e-3)
        for cell in config["grid"]["cell"]:
            means[cell, combination.name] = (
                0.7
                + 0.05 * (combination.learning_rate == 1e-3)
                - 0.02 * combination.dropout
                + 0.04 * (cell == "LSTM") * (combination.recurrent_layers == 2)
                + noise
            )
    effects, interactions = exploratory.factor_effects(means, config)
    effect = {(row["cell"], row["factor"]): row for row in effects}
    assert len(effects) == 10
    assert all(row["pairs"] == 16 for row in effects)
    rate = effect["LSTM", "learning_rate"]
    assert (rate["from"], rate["to"]) == (1e-4, 1e-3)
    assert rate["mean"] == pytest.approx(0.05, abs=1e-3)
    assert rate["p"] == pytest.approx(2 / 2**16)
    assert rate["p_holm"] == pytest.approx(10 * 2 / 2**16, rel=0.7)
    assert effect["SimpleRNN", "dropout"]["mean"] == pytest.approx(-0.02, abs=1e-3)
    assert effect["SimpleRNN", "regularization"]["p_holm"] > 0.05
    between = {row["factor"]: row for row in interactions}
    assert between["recurrent_layers"]["mean"] == pytest.approx(-0.04)
    assert between["recurrent_layers"]["p_holm"] < 0.01
    assert between["learning_rate"]["mean"] == pytest.approx(0)


def test_a_factor_with_three_levels_gives_three_pairs_and_gaps_are_left_out():
    config = config_of(cell=["LSTM"], **SMALL | {"learning_rate": [1e-2, 1e-4, 1e-3]})
    means = {("LSTM", combination.name): 0.5 for combination in combinations(config)}
    del means["LSTM", combinations(config)[0].name]
    effects, _ = exploratory.factor_effects(means, config)
    rates = [row for row in effects if row["factor"] == "learning_rate"]
    assert [(row["from"], row["to"], row["pairs"]) for row in rates] == [
        (1e-4, 1e-3, 4),
        (1e-4, 1e-2, 3),
        (1e-3, 1e-2, 3),
    ]
    assert all(row["p"] == 1.0 for row in rates)


def test_in_a_sample_pairs_are_those_of_which_both_ends_were_drawn():
    config = config_of(cell=["SimpleRNN", "LSTM"], sample=12)
    drawn = {combination.name: combination for combination in combinations(config)}
    means = {
        (cell, name): 0.7 + 0.05 * combination.dropout + 0.01 * (cell == "LSTM")
        for cell in config["grid"]["cell"]
        for name, combination in drawn.items()
    }
    effects, interactions = exploratory.factor_effects(means, config)
    assert {row["possible_pairs"] for row in effects} == {16}
    for row in effects:
        partners = [replace(c, **{row["factor"]: row["to"]}).name for c in drawn.values()]
        at_low = [getattr(c, row["factor"]) == row["from"] for c in drawn.values()]
        both = sum(low and name in drawn for low, name in zip(at_low, partners, strict=True))
        assert row["pairs"] == both < 12
    dropout = [row for row in effects if row["factor"] == "dropout"]
    assert [row["mean"] for row in dropout] == pytest.approx([0.05, 0.05])
    assert all(row["pairs"] for row in dropout)
    between = [row for row in interactions if row["factor"] == "dropout"]
    assert [row["pairs"] for row in between] == [dropout[0]["pairs"]]


def test_a_factor_without_a_single_pair_is_told_with_none():
    config = config_of(cell=["LSTM"], sample=1)
    [only] = combinations(config)
    effects, interactions = exploratory.factor_effects({("LSTM", only.name): 0.7}, config)
    assert interactions == []
    assert [row["pairs"] for row in effects] == [0] * 5
    assert {(row["mean"], row["p"], row["p_holm"]) for row in effects} == {(None, None, None)}


def test_a_sample_is_compared_from_end_to_end(tmp_path, monkeypatch):
    monkeypatch.setitem(SMALL, "sample", 3)
    found = Experiment(tmp_path).whole()
    [pair] = found["paired_cells"]
    assert len(pair["combinations"]) == 3
    assert sum(row["pairs"] for row in found["factor_effects"]) == 4  # of 4 corners, 3: two edges


def test_cells_are_paired_over_all_combinations():
    config = config_of(**SMALL)
    names = [combination.name for combination in combinations(config)]
    means = {("SimpleRNN", name): 0.5 for name in names}
    means |= {("LSTM", name): 0.5 + 0.01 * number for number, name in enumerate(names)}
    del means["SimpleRNN", names[-1]]
    (found,) = exploratory.paired_cells(means, config)
    assert found["combinations"] == names[:-1]
    assert found["differences"] == pytest.approx([0, -0.01, -0.02])
    assert (found["positive"], found["negative"]) == (0, 2)
