"""Compare: the primary analysis and the exploratory ones, on runs with known properties."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from example_runs import as_arrow, config_of, example_history, guesses, prediction_table, write_run
from tweetrnn.config import load_schema
from tweetrnn.errors import UserError
from tweetrnn.evaluation import comparison, exploratory
from tweetrnn.evaluation.aggregate import aggregate
from tweetrnn.evaluation.compare import compare
from tweetrnn.evaluation.comparison import Comparison, Replicate, Spread
from tweetrnn.evaluation.interval import TOO_FEW_TWEETS
from tweetrnn.evaluation.metrics import METRICS
from tweetrnn.evaluation.select import further_runs, read_selection, select
from tweetrnn.evaluation.shortlist import shortlist
from tweetrnn.evaluation.tables import read_runs
from tweetrnn.files import read_json, sha256_of, write_json, write_parquet
from tweetrnn.grid import Run, combinations, runs
from tweetrnn.names import BASELINES, RANKINGS
from tweetrnn.results import Results

NAMES = ["negative", "neutral", "positive"]
SIZES = {"train": 30, "validation": 240, "test": 150}
SKILL = {"SimpleRNN": 0.70, "LSTM": 0.80, "GRU": 0.80, "MeanOfWords": 0.75}
SMALL = {
    "recurrent_layers": [1, 2],
    "dense_layers": [2],
    "dropout": [True, False],
    "regularization": [False],
    "learning_rate": [1e-3],
}


def example_tweets(rows):
    """Return the table of all tweets of a split's rows; the row's number is the id."""
    rows = rows.sort_values("row")
    return pa.table(
        {
            "id": rows["row"].astype(str),
            "text": ["nothing of this is read"] * len(rows),
            "label": [NAMES[label] for label in rows["label"]],
            "tokens": [["token"] * (1 + row % 25) for row in rows["row"]],
            "group": rows["group"],
            "slice_airline": [f"airline {row % 2}" for row in rows["row"]],
        }
    )


class Experiment:
    """A folder with everything that select and compare read."""

    def __init__(
        self, folder, cells=("SimpleRNN", "LSTM"), baseline_cells=(), sizes=SIZES, seed=0, **report
    ):
        self.results, self.rng = Results(folder), np.random.default_rng(seed)
        self.config = config_of(cell=list(cells), baseline_cells=list(baseline_cells), **SMALL)
        self.config["seed"] = 5
        self.config["training"]["selected_replicates"] = 3
        self.config["report"] |= {
            "select_by": "best_accuracy",
            "resamples": 400,
            "show_tweets": 2,
        }
        self.config["report"] |= report
        sets = np.repeat(list(sizes), list(sizes.values()))
        total = len(sets)
        self.rows = pd.DataFrame(
            {
                "row": self.rng.permutation(total),
                "part": sets,
                "label": self.rng.choice(3, total, p=[0.6, 0.25, 0.15]).astype(np.int32),
                "group": self.rng.integers(0, 200, total).astype(np.uint64)
                + 1000 * pd.factorize(sets)[0].astype(np.uint64),
            }
        )
        write_parquet(self.results.rows, as_arrow(self.rows))
        write_parquet(self.results.tweets, example_tweets(self.rows))
        digests = {name: sha256_of(getattr(self.results, name)) for name in ("rows", "tweets")}
        write_json(self.results.split_facts, {"labels": NAMES, "sha256": digests})
        self.labels = {
            name: self.rows.label[self.rows.part == name].to_numpy()
            for name in ("validation", "test")
            if sizes[name]
        }
        always = {
            name: np.tile(np.float32([1, 0, 0]), (len(labels), 1))
            for name, labels in self.labels.items()
        }
        self.baselines = pd.concat(
            [
                prediction_table(self.labels, always, baseline="majority"),
                prediction_table(self.labels, self.guesses(0.75), baseline="logistic_regression"),
                prediction_table(self.labels, self.guesses(0.75), baseline="nb_svm"),
            ],
            ignore_index=True,
        )
        write_parquet(self.results.baseline_predictions, as_arrow(self.baselines))
        digests = {"predictions": sha256_of(self.results.baseline_predictions)}
        write_json(self.results.baseline_metrics, {"sha256": digests})
        self.predictions = {}
        for run in runs(self.config):
            self.train(run)
        self.run(aggregate, "runs", "runs_csv", "epochs", "epochs_csv", "aggregate_facts")
        self.runs = read_runs(self.results.runs, self.results.aggregate_facts)

    def guesses(self, skill):
        """Return {set: probabilities} that are right that often."""
        return {name: guesses(labels, 3, skill, self.rng) for name, labels in self.labels.items()}

    def train(self, run, status="finished"):
        """Write one run whose last epoch is its best and is what its predictions score."""
        probabilities = self.guesses(SKILL[run.cell])
        accuracy = (probabilities["validation"].argmax(axis=1) == self.labels["validation"]).mean()
        table = prediction_table(self.labels, probabilities)
        history = example_history(
            2, train_loss=[1, 0.5], validation_loss=1, validation_accuracy=[0.3, accuracy]
        )
        write_run(self.results, run, history, status, table)
        self.predictions[run] = table

    def run(self, stage, *files):
        """Run a stage with the config and these of the files."""
        paths = {name: getattr(self.results, name) for name in files}
        results = {} if stage is shortlist else {"results": self.results}
        stage(**results, **paths, config=self.config)

    def compare(self):
        """Run compare; return the Comparison."""
        files = ["selected", "runs", "aggregate_facts", "baseline_metrics", "baseline_predictions"]
        self.run(compare, *files, "tweets", "rows", "split_facts", "comparison")
        return comparison.read(self.results.comparison)

    def whole(self):
        """Select, train the replicates, compare."""
        self.run(shortlist, "runs", "aggregate_facts", "finalists")
        self.run(select, "runs", "aggregate_facts", "finalists", "selected")
        self.selection = read_selection(self.results.selected)
        for run in further_runs(self.selection.choices, self.selection.replicates):
            self.train(run)
        return self.compare()

    def replicate(self, cell, number):
        """Return the Run of a cell's new replicate."""
        return Run(cell, self.selection.choices[cell].combination, number)

    def accuracy(self, part, cell, replicate=None):
        """Share of right answers, computed with pandas alone."""
        if cell in BASELINES:
            table = self.baselines[self.baselines.baseline == cell]
        else:
            table = self.predictions[self.replicate(cell, replicate)]
        table = table[table.part == part]
        return (table[["p0", "p1", "p2"]].to_numpy().argmax(axis=1) == table.label).mean()


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    """Two cells, LSTM the better one, judged on test."""
    example = Experiment(tmp_path_factory.mktemp("compare"))
    example.comparison = example.whole()
    return example


def test_the_headline_can_be_recomputed_from_the_stored_predictions(experiment):
    found = experiment.comparison
    assert (found.part, found.optimistic, found.tweets) == ("test", False, 150)
    assert found.replicates == [2, 3, 4]
    mean = {
        cell: np.mean([experiment.accuracy("test", cell, r) for r in (2, 3, 4)])
        for cell in ("SimpleRNN", "LSTM")
    }
    (pair,) = found.primary.pairs
    assert (pair.first, pair.second) == ("SimpleRNN", "LSTM")
    assert pair.difference == pytest.approx(mean["SimpleRNN"] - mean["LSTM"])
    assert pair.interval[0] < pair.difference < pair.interval[1]
    assert pair.excludes_zero == (pair.interval[0] > 0 or pair.interval[1] < 0)
    assert pair.minimum_detectable_difference > 2.8 * pair.standard_error
    alone = pair.standard_error_tweets, pair.standard_error_replicates
    assert max(alone) <= pair.standard_error <= np.hypot(*alone)
    assert 2 <= pair.degrees_of_freedom <= 4
    for row in found.primary.against_baselines:
        baseline = experiment.accuracy("test", row.baseline)
        assert row.difference == pytest.approx(mean[row.cell] - baseline)
    assert len(found.primary.against_baselines) == 6


def test_replicates_are_listed_one_by_one_with_their_spread(experiment):
    found = experiment.comparison.primary.accuracies["LSTM"]
    for part in ("validation", "test"):
        expected = [experiment.accuracy(part, "LSTM", replicate) for replicate in (2, 3, 4)]
        scores = [replicate.scores(part)["accuracy"] for replicate in found.replicates]
        assert scores == pytest.approx(expected)
        assert found.spread[part]["accuracy"] == Spread(
            mean=pytest.approx(np.mean(expected)),
            sd=pytest.approx(np.std(expected, ddof=1)),
            min=pytest.approx(min(expected)),
            max=pytest.approx(max(expected)),
        )
    assert found.diverged_replicates == 0
    baseline = experiment.comparison.primary.accuracies["majority"]
    assert baseline.scores["test"]["accuracy"] == experiment.accuracy("test", "majority")


def test_mcnemar_and_the_diagnosis_are_of_all_new_replicates(experiment):
    mean = np.mean([experiment.accuracy("test", "LSTM", number) for number in (2, 3, 4)])
    (test,) = experiment.comparison.mcnemar
    assert test.pairs == 9
    counts = test.both_right + test.first_only + test.second_only + test.both_wrong
    assert counts == pytest.approx(150)
    assert (test.both_right + test.second_only) / 150 == pytest.approx(mean)
    failures = experiment.comparison.failures["LSTM"]
    assert failures.replicates == 3
    assert np.trace(failures.confusion) / 150 == pytest.approx(mean)
    rows = experiment.rows[experiment.rows.part == "test"].reset_index(drop=True)
    for mistake in failures.mistakes:
        assert mistake.corpus_row == rows.row[mistake.row]
        assert NAMES[rows.label[mistake.row]] == mistake.true != mistake.predicted
        assert mistake.replicates in (2, 3)


def test_ensembles_are_of_the_new_replicates(experiment):
    found = experiment.comparison.ensembles
    tables = [experiment.predictions[experiment.replicate("LSTM", number)] for number in (2, 3, 4)]
    p = np.mean([table[table.part == "test"][["p0", "p1", "p2"]] for table in tables], axis=0)
    right = p.argmax(axis=1) == experiment.labels["test"]
    assert found.accuracies["LSTM"] == pytest.approx(right.mean())
    [pair], [primary] = found.pairs, experiment.comparison.primary.pairs
    assert pair.single_difference == pytest.approx(primary.difference)
    assert pair.interval[0] < pair.difference < pair.interval[1]


def test_replicates_that_answer_one_class_only_are_listed(tmp_path, monkeypatch):
    experiment = Experiment(tmp_path)
    assert experiment.whole().primary.accuracies["LSTM"].collapsed_replicates == []
    always = {name: np.tile(np.float32([0.2, 0.5, 0.3]), (n, 1)) for name, n in SIZES.items()}
    del always["train"]
    monkeypatch.setattr(experiment, "guesses", lambda skill: always)
    run = experiment.replicate("LSTM", 3)
    shutil.rmtree(experiment.results.run(run).folder)
    experiment.train(run)
    [found] = experiment.compare().primary.accuracies["LSTM"].collapsed_replicates
    assert (found.replicate, found.answer, found.share) == (3, "neutral", 1.0)


def test_selection_optimism_covers_all_runs_of_a_cell(experiment):
    for cell, found in experiment.comparison.selection_optimism.items():
        best = experiment.runs[experiment.runs.cell == cell].best_accuracy.max()
        assert found.apparent == pytest.approx(best)
        assert found.runs == 4
        assert found.selected_most_often[0].share <= 1


def test_ranking_rules_and_their_winners_are_compared(experiment):
    found = experiment.comparison.rankings["LSTM"]
    mine = experiment.runs[experiment.runs.cell == "LSTM"]
    winner = mine.sort_values(["best_accuracy", "combination"], ascending=[False, True]).iloc[0]
    assert found.winners["best_accuracy"].combination == winner.combination
    tau = mine.mean_accuracy.corr(mine.best_accuracy, method="kendall")
    assert found.kendall["mean_accuracy"]["best_accuracy"] == pytest.approx(tau)
    assert set(experiment.comparison.rankings) == {"SimpleRNN", "LSTM", "all"}


def test_the_rankings_are_those_that_the_config_offers():
    offered = load_schema()["properties"]["report"]["properties"]["rank_by"]["enum"]
    assert list(RANKINGS) == offered


def test_the_reference_stands_beside_ours(experiment):
    found = experiment.comparison.reference
    assert len(found.rows) == 6
    row = found.rows[1]
    assert (row.cell, row.published) == ("SimpleRNN", 0.862)
    assert row.ours["mean_accuracy"] is None  # three hidden dense layers: not in this grid
    assert found.majority["accuracy"] == experiment.accuracy("validation", "majority")


def test_size_and_tested_epochs_are_those_of_the_new_replicates(experiment):
    found = experiment.comparison.trained["LSTM"]
    assert (found.parameters, found.best_epochs) == (1234, [2, 2, 2])


def test_tuning_budget_ends_near_the_best_combination(experiment):
    budget = experiment.comparison.tuning_budget["LSTM"]
    figures = experiment.runs[experiment.runs.cell == "LSTM"].best_accuracy
    assert len(budget.expected_best) == 4
    assert budget.expected_best[0] == pytest.approx(figures.mean())
    assert figures.mean() < budget.expected_best[-1] < figures.max()


def test_the_same_input_gives_the_same_bytes(experiment):
    before = experiment.results.comparison.read_bytes()
    experiment.compare()
    assert experiment.results.comparison.read_bytes() == before


def test_the_comparison_is_read_as_it_was_written(experiment):
    assert isinstance(experiment.comparison, Comparison)
    assert comparison.to_json(experiment.comparison) == read_json(experiment.results.comparison)
    [first, *_] = experiment.comparison.primary.accuracies["LSTM"].replicates
    assert isinstance(first, Replicate)
    assert isinstance(experiment.comparison.rankings["all"].winners["best_accuracy"], Run)


def test_slices_are_of_the_judged_tweets_and_the_new_replicates(experiment):
    rows = experiment.rows[experiment.rows.part == "test"].reset_index(drop=True)
    mine = rows.row % 2 == 1
    found = {row.value: row for row in experiment.comparison.slices}["airline 1"]
    assert (found.name, found.tweets, found.groups) == (
        "airline",
        mine.sum(),
        rows.group[mine].nunique(),
    )
    tables = [experiment.predictions[experiment.replicate("LSTM", n)] for n in (2, 3, 4)]
    tables = [table[table.part == "test"].reset_index(drop=True) for table in tables]
    right = [table[["p0", "p1", "p2"]].to_numpy().argmax(axis=1) == table.label for table in tables]
    expected = np.mean([values[mine].mean() for values in right])
    assert found.accuracies["LSTM"].accuracy == pytest.approx(expected)


def test_labels_of_the_whole_corpus_are_compared(experiment):
    same_id, same_tokens = vars(experiment.comparison.ceiling).values()
    assert same_id.pairs == 0
    sizes = experiment.rows.groupby("group").size()
    assert same_tokens.pairs == (sizes > 1).sum()


def test_every_metric_is_scored(experiment):
    primary = experiment.comparison.primary.accuracies
    for scores in (
        primary["LSTM"].replicates[0].test,
        primary["LSTM"].spread["validation"],
        primary["majority"].scores["test"],
        experiment.comparison.reference.majority,
    ):
        assert scores.keys() == METRICS.keys()


@pytest.mark.parametrize("change", [{"level": None}, {"mood": "good"}])
def test_a_comparison_of_another_version_is_refused(experiment, tmp_path, change):
    content = {**read_json(experiment.results.comparison), **change}
    write_json(tmp_path / "comparison.json", {k: v for k, v in content.items() if v is not None})
    with pytest.raises(UserError, match=r"comparison\.json: written by an older version"):
        comparison.read(tmp_path / "comparison.json")


def test_without_a_test_set_validation_is_used_and_called_optimistic(tmp_path):
    experiment = Experiment(tmp_path, sizes=SIZES | {"test": 0})
    found = experiment.whole()
    assert (found.part, found.optimistic, found.tweets) == ("validation", True, 240)
    assert len(found.primary.pairs) == 1
    [first, *_] = read_json(experiment.results.comparison)["primary"]["accuracies"]["LSTM"][
        "replicates"
    ]
    assert first.keys() == {"replicate", "validation"}


def test_a_small_test_set_gives_no_interval(tmp_path):
    experiment = Experiment(tmp_path, sizes=SIZES | {"test": 20})
    found = experiment.whole().primary
    for row in (*found.pairs, *found.against_baselines):
        assert (row.no_claim, row.interval, row.excludes_zero) == (TOO_FEW_TWEETS, None, False)
    assert {model.interval for model in found.accuracies.values()} == {None}


def test_three_cells_make_three_pairs(tmp_path):
    found = Experiment(tmp_path, cells=("SimpleRNN", "LSTM", "GRU")).whole()
    for rows in (found.primary.pairs, found.mcnemar, found.ensembles.pairs, found.paired_cells):
        assert [(row.first, row.second) for row in rows] == [
            ("SimpleRNN", "LSTM"),
            ("SimpleRNN", "GRU"),
            ("LSTM", "GRU"),
        ]
    assert len(found.primary.against_baselines) == 9
    assert len(found.interactions) == 3 * 2  # the two factors that vary


def test_one_cell_alone_is_compared_with_the_baselines(tmp_path):
    found = Experiment(tmp_path, cells=("LSTM",)).whole()
    assert found.primary.pairs == found.mcnemar == found.interactions == []
    assert len(found.primary.against_baselines) == 3


@pytest.fixture(scope="module")
def with_baseline_cell(tmp_path_factory):
    """Two cells and a baseline that is trained as they are."""
    example = Experiment(tmp_path_factory.mktemp("compare"), baseline_cells=["MeanOfWords"])
    example.comparison = example.whole()
    return example


def test_each_cell_is_compared_with_a_baseline_cell_over_its_replicates(with_baseline_cell):
    primary = with_baseline_cell.comparison.primary
    assert [(row.first, row.second) for row in primary.pairs] == [("SimpleRNN", "LSTM")]
    rows = [row for row in primary.against_baselines if row.baseline == "MeanOfWords"]
    assert [row.cell for row in rows] == ["SimpleRNN", "LSTM"]
    mean = {
        cell: np.mean([with_baseline_cell.accuracy("test", cell, n) for n in (2, 3, 4)])
        for cell in ("SimpleRNN", "LSTM", "MeanOfWords")
    }
    for row in rows:
        assert row.difference == pytest.approx(mean[row.cell] - mean["MeanOfWords"])
        assert row.standard_error_replicates > 0
    accuracy = primary.accuracies["MeanOfWords"]
    assert accuracy.accuracy == pytest.approx(mean["MeanOfWords"])
    assert [replicate.replicate for replicate in accuracy.replicates] == [2, 3, 4]


def test_a_baseline_cell_has_part_in_nothing_else(with_baseline_cell):
    found, compared = with_baseline_cell.comparison, {"SimpleRNN", "LSTM"}
    assert set(found.selected) == set(found.failures) == set(found.selection_optimism) == compared
    assert {row.cell for row in found.divergence} == compared
    assert set(found.rankings) == {*compared, "all"}
    assert {row.cell for row in found.factor_effects} == compared
    assert all({row.first, row.second} == compared for row in (*found.mcnemar, *found.paired_cells))
    winners = found.rankings["all"].winners.values()
    assert {winner.cell for winner in winners} <= compared
    mine = with_baseline_cell.runs[with_baseline_cell.runs.cell == "MeanOfWords"]
    assert set(mine.recurrent_layers) == {1}
    choice = found.selected_baselines["MeanOfWords"]
    assert choice.figure == pytest.approx(mine.best_accuracy.max())
    assert choice.candidates == len(mine) == 2


def test_a_diverged_replicate_is_left_out_and_counted(tmp_path):
    experiment = Experiment(tmp_path)
    experiment.whole()
    path = experiment.results.run(experiment.replicate("LSTM", 3)).parameters
    write_json(path, read_json(path) | {"status": "diverged"})
    found = experiment.compare().primary.accuracies["LSTM"]
    assert [row.replicate for row in found.replicates] == [2, 4]
    assert found.diverged_replicates == 1


def test_replicates_that_all_diverged_are_refused(tmp_path):
    experiment = Experiment(tmp_path)
    experiment.whole()
    for number in (2, 3, 4):
        path = experiment.results.run(experiment.replicate("LSTM", number)).parameters
        write_json(path, read_json(path) | {"status": "diverged"})
    with pytest.raises(UserError, match=r"LSTM .*: all 3 replicates diverged"):
        experiment.compare()


def test_predictions_of_another_training_are_refused(tmp_path):
    experiment = Experiment(tmp_path)
    experiment.whole()
    one, other = (experiment.results.run(experiment.replicate("LSTM", n)) for n in (2, 3))
    one.predictions.write_bytes(other.predictions.read_bytes())
    with pytest.raises(UserError, match=r"predictions\.parquet: damaged \(its sha256 is"):
        experiment.compare()


def test_predictions_of_another_split_are_refused(tmp_path):
    experiment = Experiment(tmp_path)
    experiment.whole()
    files = experiment.results.run(experiment.replicate("LSTM", 2))
    write_parquet(files.predictions, as_arrow(pd.read_parquet(files.predictions).assign(label=0)))
    parameters = read_json(files.parameters)
    parameters["sha256"]["predictions"] = sha256_of(files.predictions)
    write_json(files.parameters, parameters)
    with pytest.raises(UserError, match="labels are not those of the split"):
        experiment.compare()


def test_predictions_of_other_baselines_are_refused(tmp_path):
    experiment = Experiment(tmp_path)
    experiment.whole()
    write_parquet(experiment.results.baseline_predictions, as_arrow(experiment.baselines[::-1]))
    with pytest.raises(UserError, match=r"baselines/predictions\.parquet: damaged"):
        experiment.compare()


def effects_of(means, config):
    """Return (Effects, Interactions) of {(cell, combination name): figure}."""
    figures = exploratory.figure_table(pd.Series(means), config)
    return exploratory.factor_effects(figures, config)


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
    effects, interactions = effects_of(means, config)
    effect = {(row.cell, row.factor): row for row in effects}
    assert len(effects) == 10
    assert all(row.pairs == 16 for row in effects)
    rate = effect["LSTM", "learning_rate"]
    assert (rate.low, rate.high) == (1e-4, 1e-3)
    assert rate.mean == pytest.approx(0.05, abs=1e-3)
    assert rate.p == pytest.approx(2 / 2**16)
    assert rate.p_holm == pytest.approx(10 * 2 / 2**16, rel=0.7)
    assert effect["SimpleRNN", "dropout"].mean == pytest.approx(-0.02, abs=1e-3)
    assert effect["SimpleRNN", "regularization"].p_holm > 0.05
    between = {row.factor: row for row in interactions}
    assert between["recurrent_layers"].mean == pytest.approx(-0.04)
    assert between["recurrent_layers"].p_holm < 0.01
    assert between["learning_rate"].mean == pytest.approx(0)


def test_a_factor_with_three_levels_gives_three_pairs_and_gaps_are_left_out():
    config = config_of(cell=["LSTM"], **SMALL | {"learning_rate": [1e-2, 1e-4, 1e-3]})
    means = {("LSTM", combination.name): 0.5 for combination in combinations(config)}
    del means["LSTM", combinations(config)[0].name]
    effects, _ = effects_of(means, config)
    rates = [row for row in effects if row.factor == "learning_rate"]
    assert [(row.low, row.high, row.pairs) for row in rates] == [
        (1e-4, 1e-3, 4),
        (1e-4, 1e-2, 3),
        (1e-3, 1e-2, 3),
    ]
    assert all(row.p == 1.0 for row in rates)


def test_in_a_sample_pairs_are_those_of_which_both_ends_were_drawn():
    config = config_of(cell=["SimpleRNN", "LSTM"], sample=12)
    drawn = {combination.name: combination for combination in combinations(config)}
    means = {
        (cell, name): 0.7 + 0.05 * combination.dropout + 0.01 * (cell == "LSTM")
        for cell in config["grid"]["cell"]
        for name, combination in drawn.items()
    }
    effects, interactions = effects_of(means, config)
    assert {row.possible_pairs for row in effects} == {16}
    for row in effects:
        partners = [replace(c, **{row.factor: row.high}).name for c in drawn.values()]
        at_low = [getattr(c, row.factor) == row.low for c in drawn.values()]
        both = sum(low and name in drawn for low, name in zip(at_low, partners, strict=True))
        assert row.pairs == both < 12
    dropout = [row for row in effects if row.factor == "dropout"]
    assert [row.mean for row in dropout] == pytest.approx([0.05, 0.05])
    assert all(row.pairs for row in dropout)
    between = [row for row in interactions if row.factor == "dropout"]
    assert [row.pairs for row in between] == [dropout[0].pairs]


def test_a_factor_without_a_single_pair_is_told_with_none():
    config = config_of(cell=["LSTM"], sample=1)
    [only] = combinations(config)
    effects, interactions = effects_of({("LSTM", only.name): 0.7}, config)
    assert interactions == []
    assert [row.pairs for row in effects] == [0] * 5
    assert {(row.mean, row.p, row.p_holm) for row in effects} == {(None, None, None)}


def test_a_sample_is_compared_from_end_to_end(tmp_path, monkeypatch):
    monkeypatch.setitem(SMALL, "sample", 3)
    found = Experiment(tmp_path).whole()
    [pair] = found.paired_cells
    assert len(pair.combinations) == 3
    assert sum(row.pairs for row in found.factor_effects) == 4  # of 4 corners, 3: two edges


def test_cells_are_paired_over_all_combinations():
    config = config_of(**SMALL)
    names = [combination.name for combination in combinations(config)]
    means = {("SimpleRNN", name): 0.5 for name in names}
    means |= {("LSTM", name): 0.5 + 0.01 * number for number, name in enumerate(names)}
    del means["SimpleRNN", names[-1]]
    (found,) = exploratory.paired_cells(exploratory.figure_table(pd.Series(means), config))
    assert found.combinations == names[:-1]
    assert found.differences == pytest.approx([0, -0.01, -0.02])
    assert (found.positive, found.negative) == (0, 2)
