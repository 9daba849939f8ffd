"""Predicting again what training predicted; the rule; an exported folder."""

import csv
import json
import re
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
import small_experiment
import yaml
from huggingface_hub import ModelCard
from tweetrnn.__main__ import main
from tweetrnn.prediction.model_files import settings_of_results
from tweetrnn.prediction.predictor import Encoder
from tweetrnn.reporting.document import between
from tweetrnn.results import Results
from tweetrnn.training.cells import CELLS

PROBABILITIES = re.compile(r"p\d+")


def stored(run):
    """Return the probabilities (N, classes) of the validation set that a training stored."""
    table = pq.read_table(run / "predictions.parquet", filters=[("part", "=", "validation")])
    names = [name for name in table.column_names if PROBABILITIES.fullmatch(name)]
    return np.column_stack([table[name].to_numpy() for name in names])


def validation_tweets(results, corpus):
    """Return the corpus's rows (dicts) of the validation set, in its order."""
    with corpus.open(encoding="utf-8", newline="") as stream:
        by_id = {row["tweet_id"]: row for row in csv.DictReader(stream)}
    ids = pq.read_table(results / "tokenize/tweets.parquet", columns=["id"])["id"].to_pylist()
    rows = pq.read_table(results / "split/rows.parquet", filters=[("part", "=", "validation")])
    return [by_id[ids[row]] for row in rows["row"].to_pylist()]


def predicted(command, rows, folder):
    """Return the probabilities (N, classes) that a command gives for rows, through CSV files."""
    with (folder / "in.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    files = ["--input", str(folder / "in.csv"), "--output", str(folder / "out.csv")]
    assert main(["predict", *map(str, command), *files]) == 0
    with (folder / "out.csv").open(encoding="utf-8", newline="") as stream:
        answers = list(csv.DictReader(stream))
    assert [row["tweet_id"] for row in answers] == [row["tweet_id"] for row in rows]
    names = [name for name in answers[0] if name.startswith("probability_")]
    return np.array([[float(row[name]) for name in names] for row in answers])


def corpus_of(checkout):
    """Return the small experiment's corpus."""
    [corpus] = (checkout.path / "results/small/corpus").iterdir()
    return corpus


def test_every_finished_run_predicts_from_raw_text_what_training_stored(finished_once, tmp_path):
    results = finished_once.path / "results/small"
    rows = validation_tweets(results, corpus_of(finished_once))
    runs = [path.parent for path in (results / "train").glob("*/*/*/predictions.parquet")]
    assert len(runs) == 6
    for run in runs:
        command = ["--results", results, "--run", "/".join(run.parts[-3:])]
        assert np.abs(predicted(command, rows, tmp_path) - stored(run)).max() <= 1e-6


def test_default_is_a_selected_run_of_the_grid(finished_once, tmp_path):
    results = finished_once.path / "results/small"
    rows = validation_tweets(results, corpus_of(finished_once))
    found = predicted(["--results", results], rows, tmp_path)
    selected = json.loads((results / "select/selected.json").read_text())["cells"]
    runs = {
        cell: results / "train" / cell / choice["combination"] / "1"
        for cell, choice in selected.items()
    }
    right = {}
    labels = np.load(results / "split/validation_labels.npy")
    for cell, run in runs.items():
        right[cell] = (stored(run).argmax(axis=1) == labels).sum()
    best = [cell for cell in runs if right[cell] == max(right.values())]
    assert any(np.abs(found - stored(runs[cell])).max() <= 1e-6 for cell in best)


def sections_of(root, preset):
    """Return the sections of a preset that say how tweets are read, without its corpus file."""
    config = yaml.safe_load((root / f"config/{preset}.yaml").read_text())
    corpus = {
        key: config["corpus"][key] for key in ("labels", "ignore_labels") if key in config["corpus"]
    }
    return {key: config[key] for key in ("tokenize", "split", "vocabulary") if key in config} | {
        "corpus": corpus
    }


@pytest.mark.parametrize("tokens", ["tweet", "whitespace"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_validation_tweets_get_the_stored_probabilities(finished_once, tmp_path, tokens, side):
    sections = {
        "tokenize": {"tokens": tokens},
        "sequence": {"padding": side, "truncation": side, "length": 12},
    }
    check(finished_once, tmp_path, sections)


@pytest.mark.parametrize("preset", ["reference-two-class", "reference-three-class"])
def test_and_under_the_reference_s_protocol(finished_once, tmp_path, root, preset):
    check(finished_once, tmp_path, sections_of(root, preset))


def check(finished, folder, sections):
    """Train a run of each cell on that corpus and compare predictions with those it stored."""
    corpus, results = corpus_of(finished), folder / "results"
    sections |= {"training": {"epochs": 1}, "model": {"units": 8}}
    small_experiment.prepare(results, corpus, **sections)
    rows = validation_tweets(results, corpus)
    for cell, definition in CELLS.items():
        layers = 2 if definition.recurrent else 1
        combination = f"rnn{layers}-dense2-dropout1-reg1-lr1e-2"
        run = small_experiment.train_run(results, corpus, cell, combination, **sections)
        command = ["--results", results, "--run", run]
        assert np.abs(predicted(command, rows, folder) - stored(run)).max() <= 1e-6


@pytest.mark.parametrize("preset", ["airline", "reference-two-class", "reference-three-class"])
def test_real_tweets_get_the_sequences_that_split_wrote(tweets_csv, tmp_path, root, preset):
    sections = sections_of(root, preset)
    small_experiment.prepare(tmp_path, tweets_csv, **sections)
    with tweets_csv.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    ignored = sections["corpus"].get("ignore_labels", [])
    texts = [row["text"] for row in rows if row["airline_sentiment"] not in ignored]
    results = Results(tmp_path)
    encoder = Encoder(settings_of_results(results), results.vocabulary)
    validation = pq.read_table(results.rows, filters=[("part", "=", "validation")])
    sequences, _, _ = encoder.encode([texts[row] for row in validation["row"].to_pylist()])
    assert np.array_equal(sequences, np.load(results.validation_sequences))


# ------------------------------------------------------------------------------------ the rule


def test_files_named_in_the_config_are_predicted(finished, capsys):
    with corpus_of(finished).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))[:20]
    new = finished.path / "new.jsonl"
    new.write_text(
        "".join(json.dumps({"n": n, "text": r["text"]}) + "\n" for n, r in enumerate(rows))
    )
    finished.write_config(predict={"files": {"week-1": "new.jsonl"}})
    assert finished.planned() == {"predict": 1, "render": 1}  # the report prints the config
    finished.run()
    out = finished.path / "results/small/predict/week-1.csv"
    with out.open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    assert [row["n"] for row in found] == list(map(str, range(20)))
    capsys.readouterr()
    command = ["predict", "--results", finished.path / "results/small", "--input", new]
    assert main([*map(str, command), "--to", "csv"]) == 0
    assert capsys.readouterr().out == out.read_text()

    assert finished.planned() == {}
    new.write_text('{"n": 1, "text": "another"}\n')
    assert finished.planned() == {"predict": 1}


def test_file_without_a_name_is_named_after_itself_and_its_mistake_is_one_message(finished):
    (finished.path / "bad.csv").write_text("tweet\na\n")
    finished.write_config(predict={"files": ["bad.csv"]})
    done = finished.run("results/small/predict/bad.csv", check=False)
    assert done.returncode
    assert "error: bad.csv: no column 'text'; did you mean 'tweet'?" in done.stdout + done.stderr
    finished.write_config(predict={"files": ["bad.csv"], "text_column": "tweet"})
    finished.run("results/small/predict/bad.csv")
    assert (finished.path / "results/small/predict/bad.csv").exists()


# ------------------------------------------------------------------------------ an exported folder


def test_exported_folder_is_enough_on_another_machine(finished, tmp_path):
    results = finished.path / "results/small"
    rows = validation_tweets(results, corpus_of(finished))
    [run] = (results / "train/LSTM").glob("*/2")  # the selected combination, trained again
    assert main(["export", str(run), str(tmp_path / "model")]) == 0
    expected = stored(run)
    shutil.rmtree(results)
    assert (
        np.abs(predicted(["--model", tmp_path / "model"], rows, tmp_path) - expected).max() <= 1e-6
    )


def test_card_of_a_selected_run_has_the_comparison_s_metrics(finished_once, tmp_path):
    results = finished_once.path / "results/small"
    comparison = json.loads((results / "compare/comparison.json").read_text())
    accuracies = comparison["primary"]["accuracies"]
    [run] = (results / "train/LSTM").glob("*/2")
    assert main(["export", str(run), str(tmp_path / "model")]) == 0
    card = (tmp_path / "model/README.md").read_text()

    def metrics(start):
        [line] = [line for line in card.splitlines() if line.startswith(f"| {start}")]
        return [cell.strip() for cell in line.split("|")[2:-1]]

    for start, name in (
        ("its combination: mean over 1 new training", "LSTM"),
        ("baseline: the most frequent", "majority"),
        ("baseline: logistic", "logistic_regression"),
    ):
        accuracy, *_, interval = metrics(start)
        assert accuracy == f"{accuracies[name]['accuracy']:.3f}"
        assert interval == between(accuracies[name]["interval"])  # a dash: the test set is small
    test = pq.read_table(run / "predictions.parquet", filters=[("part", "=", "test")]).to_pydict()
    p = np.column_stack([test[name] for name in test if PROBABILITIES.fullmatch(name)])
    assert metrics("this run (replicate 2)")[0] == f"{(p.argmax(1) == test['label']).mean():.3f}"
    data = ModelCard(card).data
    [score] = [result for result in data.eval_results if result.metric_type == "accuracy"]
    assert (score.dataset_name, score.dataset_split) == ("demo.csv", "test")
    assert f"{score.metric_value:.3f}" == metrics("this run (replicate 2)")[0]
    assert data.language == ["en"]
    assert "invented tweets" in card and "invented by this program" in card
    for row in validation_tweets(results, corpus_of(finished_once)):
        assert row["text"] not in card
