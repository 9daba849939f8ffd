"""Aggregate: ranks, figures and the divergence epoch."""

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from example_runs import config_of, example_history, write_grid, write_run
from tweetrnn import metrics
from tweetrnn.errors import UserError
from tweetrnn.evaluation import aggregate, tables
from tweetrnn.files import read_json, sha256_of
from tweetrnn.grid import Run, runs
from tweetrnn.results import Results

SMALL = {"dense_layers": [2], "dropout": [False], "regularization": [False]}
TWO_RUNS = {"cell": ["LSTM"], "recurrent_layers": [1], **SMALL}
DIVERGED = example_history(2).copy()
DIVERGED[1] = np.nan
TABLES = ("runs", "runs_csv", "epochs", "epochs_csv")


def gather(folder, config, **options):
    return aggregate.gather(Results(folder), config, **options)


def run_stage(folder, config):
    """Run the stage; return the Results."""
    results = Results(folder)
    files = {name: getattr(results, name) for name in (*TABLES, "aggregate_facts")}
    aggregate.aggregate(results, **files, config=config)
    return results


def test_figures_are_those_that_pandas_finds_in_the_histories(tmp_path):
    config = config_of(replicates=2, **SMALL)
    histories = write_grid(tmp_path, config)
    results = run_stage(tmp_path, config)
    runs, epochs = pd.read_parquet(results.runs), pd.read_parquet(results.epochs)
    assert len(runs) == 2 * 2 * 2 * 2
    assert len(epochs) == 4 * len(runs)
    for _, run in runs.iterrows():
        key = (run.cell, run.combination, run.replicate)
        history = pd.DataFrame(histories[Run(*key)], columns=metrics.HISTORY[1:])
        assert run.mean_accuracy == pytest.approx(history.validation_accuracy.mean(), abs=1e-15)
        assert run.best_macro_f1 == history.validation_macro_f1.max()
        assert run.last_binary_accuracy == history.validation_binary_accuracy.iloc[-1]
        best = history.validation_accuracy.idxmax()
        assert run.best_epoch == best + 1
        assert run.train_loss_at_best == history.train_loss[best]
        assert run.validation_loss_at_last == history.validation_loss.iloc[-1]
        found = epochs.set_index(["cell", "combination", "replicate"]).loc[[key]]
        assert found.epoch.tolist() == [1, 2, 3, 4]
        assert (found[history.columns].to_numpy() == history.to_numpy()).all()
    assert (runs.seconds == 2.0).all()
    assert (runs.max_rss_mb == 321.25).all()
    assert runs["rank"].tolist() == list(range(1, 17))
    assert runs.mean_accuracy.is_monotonic_decreasing
    for _, mine in runs.groupby("cell"):
        assert mine.rank_in_cell.tolist() == list(range(1, 9))


def test_csv_and_parquet_hold_the_same_numbers_and_the_same_bytes_twice(tmp_path):
    config = config_of(**SMALL)
    write_grid(tmp_path, config)
    results = run_stage(tmp_path, config)
    for name in ("runs", "epochs"):
        pd.testing.assert_frame_equal(
            pd.read_csv(getattr(results, f"{name}_csv")),
            pd.read_parquet(getattr(results, name)),
            check_dtype=False,
            check_exact=True,
        )
    first = {name: getattr(results, name).read_bytes() for name in TABLES}
    run_stage(tmp_path, config)
    assert {name: getattr(results, name).read_bytes() for name in TABLES} == first


def test_tables_are_read_as_they_were_gathered(tmp_path):
    config = config_of(**TWO_RUNS)
    good, bad = runs(config)
    write_run(tmp_path, good, example_history(2))
    write_run(tmp_path, bad, DIVERGED)
    results = run_stage(tmp_path, config)
    run_table, epoch_table = gather(tmp_path, config)
    pd.testing.assert_frame_equal(
        tables.read_runs(results.runs, results.aggregate_facts), run_table, check_exact=True
    )
    pd.testing.assert_frame_equal(
        tables.read_epochs(results.epochs, results.aggregate_facts), epoch_table, check_exact=True
    )


def test_a_table_of_another_aggregation_is_refused(tmp_path):
    config = config_of(**TWO_RUNS)
    write_grid(tmp_path, config)
    results = run_stage(tmp_path, config)
    assert read_json(results.aggregate_facts)["sha256"] == {
        name: sha256_of(getattr(results, name)) for name in ("runs", "epochs")
    }
    results.runs.write_bytes(results.epochs.read_bytes())
    with pytest.raises(UserError, match=r"runs\.parquet: damaged \(its sha256 is"):
        tables.read_runs(results.runs, results.aggregate_facts)


def test_csv_has_the_shortest_exact_floats_and_no_decimal_point_in_whole_numbers(tmp_path):
    config = config_of(**TWO_RUNS)
    good, bad = runs(config)
    history = example_history(3, validation_accuracy=0.1 + 0.2, train_loss=[3e-7, 2e-7, 1e-7])
    write_run(tmp_path, good, history)
    write_run(tmp_path, bad, DIVERGED[1:], status="diverged")
    results = run_stage(tmp_path, config)
    header, first, second = results.runs_csv.read_text().splitlines()
    # A combination's tuple has commas, so the fields after it are counted from the end.
    assert first.startswith("1,1,LSTM,rnn1-dense2-dropout0-reg0-lr1e-3,1,1,2,False,False,0.001,")
    assert "finished,1234,1,1,0.30000000000000004,0.30000000000000004," in first
    assert ",diverged,1234,,,,," in second
    assert len(header.split(",")) == len(tables.RUNS)
    epochs = results.epochs_csv.read_text().splitlines()
    assert epochs[1].startswith("LSTM,rnn1-dense2-dropout0-reg0-lr1e-3,1,1,3e-07,0.5,")
    assert epochs[4] == "LSTM,rnn1-dense2-dropout0-reg0-lr1e-4,1,1" + "," * DIVERGED.shape[1]


def test_records_are_plain_values_for_json(tmp_path):
    config = config_of(**TWO_RUNS)
    good, bad = runs(config)
    write_run(tmp_path, good, example_history(2))
    write_run(tmp_path, bad, DIVERGED[1:], status="diverged")
    first, second = tables.records(gather(tmp_path, config)[0])
    assert list(first) == list(tables.RUNS)
    assert {type(value) for value in first.values()} == {str, int, float, bool, type(None)}
    assert (first["best_epoch"], type(first["best_epoch"])) == (1, int)
    assert (first["divergence_epoch"], second["best_epoch"], second["seconds"]) == (None, None, 0.5)
    assert [run.combination[-4:] for run in tables.names(gather(tmp_path, config)[0])] == [
        "1e-3",
        "1e-4",
    ]


def test_no_column_has_a_test_figure():
    assert not [name for name in (*tables.RUNS, *tables.EPOCHS) if "test" in name]


@pytest.mark.parametrize(
    "rank_by",
    ["mean_accuracy", "best_accuracy", "last_accuracy", "best_macro_f1", "mean_binary_accuracy"],
)
def test_runs_are_ranked_by_what_the_config_says(tmp_path, rank_by):
    config = config_of(rank_by=rank_by, **SMALL)
    write_grid(tmp_path, config)
    figures = gather(tmp_path, config)[0][rank_by].tolist()
    assert figures == sorted(figures, reverse=True)


def test_a_metric_whose_lower_values_are_better_is_ranked_upwards(tmp_path, monkeypatch):
    metric = replace(metrics.EPOCH_METRICS["accuracy"], higher_is_better=False)
    monkeypatch.setitem(metrics.EPOCH_METRICS, "accuracy", metric)
    config = config_of(rank_by="best_accuracy", **SMALL)
    histories = write_grid(tmp_path, config)
    table = gather(tmp_path, config)[0]
    assert table.best_accuracy.is_monotonic_increasing
    column = metrics.HISTORY.index("validation_accuracy") - 1
    lowest = {run: history[:, column].min() for run, history in histories.items()}
    assert tables.names(table) == sorted(lowest, key=lowest.get)


def test_ties_go_by_name(tmp_path):
    config = config_of(**SMALL)
    for run in runs(config):
        write_run(tmp_path, run, example_history(2))
    names = [(run.combination, run.cell) for run in tables.names(gather(tmp_path, config)[0])]
    assert names == sorted(names)


@pytest.mark.parametrize("status", ["finished", "diverged"])
def test_a_run_that_diverged_is_listed_last_without_figures(tmp_path, status):
    config = config_of(**TWO_RUNS)
    good, bad = runs(config)
    write_run(tmp_path, good, example_history(2))
    write_run(tmp_path, bad, DIVERGED, status=status)
    results = run_stage(tmp_path, config)
    rows = pd.read_csv(results.runs_csv)
    assert rows.status.tolist() == ["finished", "diverged"]
    assert rows[[*tables.FIGURES, "best_epoch"]].iloc[1].isna().all()
    text = results.runs_csv.read_text() + results.epochs_csv.read_text()
    assert "nan" not in text.lower()


def test_missing_runs_are_refused_or_listed(tmp_path):
    config = config_of(**TWO_RUNS)
    write_run(tmp_path, next(runs(config)), example_history(2))
    with pytest.raises(UserError, match=r"1 of 2 runs are missing, among them LSTM/.*lr1e-4/1"):
        gather(tmp_path, config)
    run_table, epoch_table = gather(tmp_path, config, allow_missing=True)
    assert run_table.status.tolist() == ["finished", "missing"]
    assert len(epoch_table) == 2


def test_a_table_of_missing_runs_alone_has_no_epochs(tmp_path):
    run_table, epoch_table = gather(tmp_path, config_of(**TWO_RUNS), allow_missing=True)
    assert run_table.status.tolist() == ["missing"] * 2
    assert (len(epoch_table), list(epoch_table)) == (0, list(tables.EPOCHS))


def test_a_folder_with_another_runs_files_is_refused(tmp_path):
    config = config_of(**TWO_RUNS)
    one, two = runs(config)
    folder = write_run(tmp_path, one, example_history(2)).folder
    folder.parent.rename(folder.parent.with_name(two.combination))
    with pytest.raises(UserError, match=r"parameters\.json: damaged \(its combination is"):
        gather(tmp_path, config, allow_missing=True)


@pytest.mark.parametrize("damage", [lambda text: text[:-9], lambda text: text.replace("0.5", "x")])
def test_a_damaged_history_is_named(tmp_path, damage):
    config = config_of(**TWO_RUNS)
    for run in runs(config):
        path = write_run(tmp_path, run, example_history(2)).history
    path.write_text(damage(path.read_text()))
    with pytest.raises(UserError, match=r"history\.csv: damaged"):
        gather(tmp_path, config)


def test_predictions_of_another_training_are_refused(tmp_path):
    config = config_of(**TWO_RUNS)
    for run in runs(config):
        path = write_run(tmp_path, run, example_history(2)).predictions
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"predictions\.parquet: damaged \(its sha256 is"):
        gather(tmp_path, config)


def test_without_a_benchmark_file_memory_is_empty(tmp_path):
    config = config_of(cell=["LSTM"], recurrent_layers=[1], learning_rate=[1e-3], **SMALL)
    write_grid(tmp_path, config)
    for path in tmp_path.rglob("*.tsv"):
        path.unlink()
    assert gather(tmp_path, config)[0].max_rss_mb.isna().all()


@pytest.mark.parametrize(
    ("train", "validation", "epoch"),
    [
        # Training falls on; validation has its best at epoch 2 and rises.
        ([0.9, 0.7, 0.5, 0.4, 0.3], [0.9, 0.6, 0.65, 0.7, 0.8], 2),
        # Validation stays level within 1 % from epoch 3 on: they part there, not at the minimum.
        ([0.9, 0.7, 0.5, 0.4, 0.3], [0.9, 0.7, 0.6, 0.605, 0.598], 3),
        # Both fall to the end.
        ([0.9, 0.7, 0.5, 0.4, 0.3], [0.9, 0.8, 0.7, 0.6, 0.5], None),
        # A rise that is made good again is no parting.
        ([0.9, 0.7, 0.5, 0.4, 0.3], [0.9, 0.6, 0.8, 0.7, 0.5], None),
        # Neither falls: nothing parts.
        ([0.5, 0.5, 0.5, 0.5, 0.5], [0.5, 0.5, 0.6, 0.6, 0.6], None),
        # Only the last epoch is worse: too little to tell.
        ([0.9, 0.7, 0.5, 0.4, 0.3], [0.9, 0.8, 0.7, 0.6, 0.65], None),
        # From the first epoch on.
        ([0.9, 0.7, 0.5], [0.6, 0.7, 0.8], 1),
        ([0.9, 0.7], [0.6, 0.7], None),
        ([0.9], [0.6], None),
    ],
)
def test_the_divergence_epoch_is_where_validation_stalls_and_training_falls(
    train, validation, epoch
):
    assert aggregate.divergence_epoch(train, validation) == epoch


@pytest.mark.slow
def test_time_grows_as_the_number_of_runs(tmp_path):
    def seconds(number):
        rates = [round(1e-3 - i * 1e-5, 6) for i in range(number // 64)]
        config = config_of(replicates=1, learning_rate=rates, dense_layers=[1, 2, 3, 4])
        folder = tmp_path / str(number)
        assert len(write_grid(folder, config)) == number
        began = time.process_time()
        run_stage(folder, config)
        return time.process_time() - began

    few = seconds(256)
    assert seconds(2048) < 16 * few  # it is 8 times as many; a square would be 64 times


def test_the_default_grid_has_sixty_four_runs(tmp_path):
    write_grid(tmp_path, config_of(), epochs=1)
    assert len(gather(tmp_path, config_of())[0]) == len(list(runs(config_of()))) == 64


def test_metric_of_stored_predictions_has_a_column(tmp_path):
    config = config_of(cell=["LSTM"])
    write_grid(tmp_path, config)
    # Recalls of one half and one, of the two classes that occur.
    assert set(gather(tmp_path, config)[0].balanced_accuracy_at_best) == {0.75}
