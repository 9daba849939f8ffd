"""Aggregate: ranks, figures and the divergence epoch."""

import json
import time

import numpy as np
import pandas as pd
import pytest
from example_runs import config_of, write_grid, write_run
from tweetrnn.__main__ import main
from tweetrnn.errors import UserError
from tweetrnn.evaluation import aggregate
from tweetrnn.grid import combinations

SMALL = {"dense_layers": [2], "dropout": [False], "regularization": [False]}


def gather(folder, config, **options):
    return aggregate.gather(folder / "train", folder / "benchmarks", config, **options)


def command(folder, config, *more):
    """Run the stage; return its exit status."""
    arguments = ["aggregate", "--train-dir", str(folder / "train"), "--config", json.dumps(config)]
    arguments += ["--benchmark-dir", str(folder / "benchmarks"), *more]
    for name in ("runs", "epochs"):
        for kind in ("csv", "parquet"):
            arguments += [f"--{name}-{kind}", str(folder / f"{name}.{kind}")]
    return main(arguments)


def test_figures_are_those_that_pandas_finds_in_the_histories(tmp_path):
    config = config_of(replicates=2, **SMALL)
    histories = write_grid(tmp_path, config)
    assert command(tmp_path, config) == 0
    runs, epochs = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("runs", "epochs"))
    assert len(runs) == 2 * 2 * 2 * 2
    assert len(epochs) == 4 * len(runs)
    for _, run in runs.iterrows():
        key = (run.cell, run.combination, run.replicate)
        history = pd.DataFrame(histories[key], columns=aggregate.HISTORY[1:])
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
    assert command(tmp_path, config) == 0
    for name in ("runs", "epochs"):
        pd.testing.assert_frame_equal(
            pd.read_csv(tmp_path / f"{name}.csv"),
            pd.read_parquet(tmp_path / f"{name}.parquet"),
            check_dtype=False,
            check_exact=True,
        )
    first = {path.name: path.read_bytes() for path in tmp_path.glob("*.*")}
    assert command(tmp_path, config) == 0
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.*")} == first


def test_no_column_tells_a_test_figure():
    assert not [name for name in (*aggregate.RUNS, *aggregate.EPOCHS) if "test" in name]


@pytest.mark.parametrize(
    "rank_by",
    ["mean_accuracy", "best_accuracy", "last_accuracy", "best_macro_f1", "mean_binary_accuracy"],
)
def test_runs_are_ranked_by_what_the_config_says(tmp_path, rank_by):
    config = config_of(rank_by=rank_by, **SMALL)
    write_grid(tmp_path, config)
    figures = [row[rank_by] for row in gather(tmp_path, config)[0]]
    assert figures == sorted(figures, reverse=True)


def test_ties_go_by_name(tmp_path):
    config = config_of(**SMALL)
    for cell in config["grid"]["cell"]:
        for combination in combinations(config):
            write_run(tmp_path, cell, combination, 1, np.full((2, 8), 0.5))
    names = [(row["combination"], row["cell"]) for row in gather(tmp_path, config)[0]]
    assert names == sorted(names)


@pytest.mark.parametrize("status", ["finished", "diverged"])
def test_a_run_that_diverged_is_listed_last_without_figures(tmp_path, status):
    config = config_of(cell=["LSTM"], recurrent_layers=[1], **SMALL)
    good, bad = combinations(config)
    write_run(tmp_path, "LSTM", good, 1, np.full((2, 8), 0.5))
    write_run(tmp_path, "LSTM", bad, 1, [[0.5] * 8, [np.nan] * 8], status=status)
    assert command(tmp_path, config) == 0
    rows = pd.read_csv(tmp_path / "runs.csv")
    assert rows.status.tolist() == ["finished", "diverged"]
    assert rows[[*aggregate.FIGURES, "best_epoch"]].iloc[1].isna().all()
    text = (tmp_path / "runs.csv").read_text() + (tmp_path / "epochs.csv").read_text()
    assert "nan" not in text.lower()


def test_missing_runs_are_refused_or_listed(tmp_path):
    config = config_of(cell=["LSTM"], recurrent_layers=[1], **SMALL)
    write_run(tmp_path, "LSTM", combinations(config)[0], 1, np.full((2, 8), 0.5))
    with pytest.raises(UserError, match=r"1 of 2 runs are missing, among them LSTM/.*lr1e-4/1"):
        gather(tmp_path, config)
    runs, epochs = gather(tmp_path, config, allow_missing=True)
    assert [row["status"] for row in runs] == ["finished", "missing"]
    assert len(epochs) == 2


def test_a_folder_with_another_runs_files_is_refused(tmp_path):
    config = config_of(cell=["LSTM"], recurrent_layers=[1], **SMALL)
    one, two = combinations(config)
    run = write_run(tmp_path, "LSTM", one, 1, np.full((2, 8), 0.5))
    run.parent.rename(run.parent.with_name(two.name))
    with pytest.raises(UserError, match=r"parameters\.json: damaged \(its combination is"):
        gather(tmp_path, config, allow_missing=True)


@pytest.mark.parametrize("damage", [lambda text: text[:-9], lambda text: text.replace("0.5", "x")])
def test_a_damaged_history_is_named(tmp_path, damage):
    config = config_of(cell=["LSTM"], recurrent_layers=[1], **SMALL)
    for combination in combinations(config):
        run = write_run(tmp_path, "LSTM", combination, 1, np.full((2, 8), 0.5))
    path = run / "history.csv"
    path.write_text(damage(path.read_text()))
    with pytest.raises(UserError, match=r"history\.csv: damaged"):
        gather(tmp_path, config)


def test_without_a_benchmark_file_memory_is_empty(tmp_path):
    config = config_of(cell=["LSTM"], recurrent_layers=[1], learning_rate=[1e-3], **SMALL)
    write_grid(tmp_path, config)
    for path in tmp_path.rglob("*.tsv"):
        path.unlink()
    assert gather(tmp_path, config)[0][0]["max_rss_mb"] is None


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
def test_two_thousand_runs_take_seconds(tmp_path):
    config = config_of(
        replicates=1,
        learning_rate=[round(1e-3 - i * 1e-5, 6) for i in range(32)],
        dense_layers=[1, 2, 3, 4],
    )
    assert 2 * len(combinations(config)) == 2048
    write_grid(tmp_path, config)
    began = time.perf_counter()
    assert command(tmp_path, config) == 0
    assert time.perf_counter() - began < 10  # about 1 s on an idle machine


def test_the_default_grid_has_sixty_four_runs(tmp_path):
    write_grid(tmp_path, config_of(), epochs=1)
    assert len(gather(tmp_path, config_of())[0]) == 2 * len(combinations(config_of())) == 64


def test_metric_of_stored_predictions_has_a_column(tmp_path):
    config = config_of(cell=["LSTM"])
    write_grid(tmp_path, config)
    runs, _ = gather(tmp_path, config)
    # Recalls of one half and one, of the two classes that occur.
    assert {row["balanced_accuracy_at_best"] for row in runs} == {0.75}
