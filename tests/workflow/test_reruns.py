"""What runs again after a change, according to dry runs."""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from tweetrnn.__main__ import main

AFTER_TRAINING = {"aggregate": 1, "shortlist": 1, "select": 1, "compare": 1, "plot": 1, "render": 1}


def touch_everything(checkout):
    later = time.time() + 5
    for path in [checkout.path / "Snakefile", *(checkout.path / "workflow").rglob("*")]:
        os.utime(path, (later, later))
    for path in (checkout.path / "results/small/corpus").iterdir():
        os.utime(path, (later, later))


def append(path, text):
    path.write_text(path.read_text() + text)


def test_nothing_after_a_clean_run_even_in_a_moved_folder(finished):
    assert finished.planned() == {}


def test_no_checkpoint_is_left_when_all_is_done(finished):
    assert list(finished.path.glob("results/small/checkpoints/*/*/*")) == []


def test_nothing_after_touching_every_source_file_and_the_corpus(finished):
    touch_everything(finished)
    assert finished.planned() == {}


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (r"\Z", "# a comment\n"),
        (r'"""(?=[A-Z])', '"""Other words: '),
        (r'(UserError\(\s*f?")', r"\1Other words: "),
        (r'(\blog\.\w+\(\s*")', r"\1Other words: "),
    ],
    ids=["comments", "docstrings", "errors", "log"],
)
def test_nothing_after_rewording_what_only_people_read(finished, pattern, replacement):
    edits = 0
    for path in (finished.path / "workflow/tweetrnn").rglob("*.py"):
        text, changes = re.subn(pattern, replacement, path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")
        edits += changes
    assert edits > 20
    assert finished.planned() == {}


@pytest.mark.parametrize("module", ["models", "loop"])
def test_editing_the_model_or_the_training_reruns_all_trainings(finished, module):
    append(finished.path / f"workflow/tweetrnn/training/{module}.py", "\nEDITED = True\n")
    assert finished.planned() == {"recipe": 1, "train": 4, **AFTER_TRAINING}


def test_editing_the_split_reruns_what_follows_it(finished):
    append(finished.path / "workflow/tweetrnn/data/split.py", "\nEDITED = True\n")
    assert finished.planned() == {"split": 1, "train": 4, "baselines": 1, **AFTER_TRAINING}


def test_another_metric_of_stored_predictions_trains_nothing(finished):
    append(finished.path / "workflow/tweetrnn/evaluation/metrics.py", "\nEDITED = True\n")
    assert finished.planned() == {"baselines": 1, **AFTER_TRAINING}


@pytest.mark.parametrize("template", ["report.html.j2", "report.md.j2", "scripts/page.js"])
def test_editing_a_template_renders_alone(finished, template):
    append(finished.path / f"workflow/tweetrnn/reporting/templates/{template}", "\n")
    assert finished.planned() == {"render": 1}


def test_another_title_renders_alone(finished):
    finished.write_config(report={"title": "Another"})
    assert finished.planned() == {"render": 1}


def test_another_constant_of_a_rule_reruns_what_uses_it(finished):
    rules = finished.path / "workflow/rules/train.smk"
    rules.write_text(rules.read_text().replace("TRAINING_MB = 1500", "TRAINING_MB = 1600"))
    assert finished.planned() == {"plot": 1, "render": 1}


def test_another_top_draws_and_renders(finished):
    finished.write_config(report={"top": 2})
    assert finished.planned() == {"plot": 1, "render": 1}


def test_one_more_learning_rate_trains_its_own_runs_alone(finished):
    finished.write_config(grid={"learning_rate": [0.001, 0.01]})
    assert finished.planned() == {"train": 4, **AFTER_TRAINING}
    planned = finished.run("--dry-run").stdout
    assert "lr1e-2" in planned and "Training LSTM rnn1-dense2-dropout0-reg0-lr1e-3" not in planned


def test_another_number_of_epochs_trains_and_does_not_tokenize(finished):
    finished.write_config(training={"epochs": 3})
    assert finished.planned() == {"recipe": 1, "train": 4, **AFTER_TRAINING}


def test_recording_divergences_from_now_on_keeps_the_trainings_that_are_done(finished):
    finished.write_config(training={"on_divergence": "record"})
    assert finished.planned() == {"render": 1}  # which lists the settings


def test_training_without_a_record_is_kept_until_it_is_out_of_date(finished):
    # Snakemake has none of a training that ended on a cluster while Snakemake was dead.
    results = [
        path.relative_to(finished.path)
        for path in finished.path.glob("results/small/train/*/*/*/*")
    ]
    finished.run("--cleanup-metadata", *results)
    assert finished.planned() == {}
    finished.write_config(training={"epochs": 3})
    assert finished.planned() == {"recipe": 1, "train": 4, **AFTER_TRAINING}


def test_removing_a_combination_trains_nothing(finished):
    finished.write_config(grid={"dropout": [False]})
    assert finished.planned() == AFTER_TRAINING


def test_sample_of_what_is_trained_trains_nothing_and_a_larger_one_its_own_runs_alone(finished):
    grid = {"learning_rate": [0.001, 0.01, 0.1], "sample": 1}  # of 6 combinations, 2 are trained
    trained = {path.name for path in (finished.path / "results/small/train/LSTM").iterdir()}

    def planned(sample):
        finished.write_config(grid=grid | {"sample": sample})
        output = finished.run("--dry-run").stdout
        return set(re.findall(r"Training LSTM ([^,\s]+), replicate 1\b", output))

    every = [planned(sample) for sample in range(1, 7)]
    assert all(one <= other for one, other in pairwise(every))
    assert len(every[5]) == 4 and not trained & every[5]


def test_another_sequence_length_encodes_and_does_not_tokenize(finished):
    finished.write_config(sequence={"length": 20})
    planned = finished.planned()
    assert planned["encode"] == 1 and planned["train"] == 4 and "tokenize" not in planned


def test_results_are_kept_by_touch_after_an_edit_that_cannot_change_them(finished):
    append(finished.path / "workflow/tweetrnn/training/loop.py", "\nEDITED = True\n")
    finished.run("--touch")
    finished.run("--touch")  # the trainings that follow the second checkpoint, select
    assert finished.planned() == {}


def digests(checkout):
    """Return {path: digest} of the results, but for what says when and how fast they were made."""
    times = {"logs", "benchmarks", "timing.json", "ro-crate-metadata.json"}
    paths = (checkout.path / "results").rglob("*")
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if path.is_file() and not times & {*path.parts}
    }


def test_advice_of_every_damaged_file_brings_it_back(finished, monkeypatch, capsys):
    monkeypatch.chdir(finished.path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    before = digests(finished)
    results = finished.path / "results/small"
    selected = json.loads((results / "select/selected.json").read_text())["cells"]["LSTM"]
    runs = [path.parent for path in results.glob("train/LSTM/*/1/parameters.json")]
    [run] = [run for run in runs if run.parent.name != selected["combination"]]
    config = ["--configfile", "config/small.yaml"]
    of_run = ["predict", "--run", f"LSTM/{run.parent.name}", *config, "a tweet"]
    for path, command in {
        results / "plot/cost.svg": None,
        results / "aggregate/runs.parquet": ["predict", *config, "a tweet"],
        results / "select/selected.json": ["predict", *config, "a tweet"],
        results / "split/vocabulary.parquet": ["predict", *config, "a tweet"],
        results / "tokenize/tweets.parquet": ["trace", *config],
        # Last, since a training's time, which the tables of runs have, is another one.
        run / "best.safetensors": of_run,
        run / "parameters.json": of_run,
        run / "architecture.json": ["export", f"LSTM/{run.parent.name}", "exported", *config],
    }.items():

        def try_it(command=command):
            if command:
                return main(command)
            return finished.run("--forcerun", "render", check=False)

        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        failed = try_it()
        message = capsys.readouterr().err if command else failed.stderr
        name = str(path.relative_to(finished.path))
        [advice] = re.findall(rf"{name}: damaged .*; delete the file and run: (.+)", message)
        assert name in shlex.split(advice)
        path.unlink()
        subprocess.run(advice, shell=True, check=True, capture_output=True)  # noqa: S602
        again = try_it()
        assert (again if command else again.returncode) == 0
        assert {path: digests(finished).get(path) for path in before} == before, name


LABELS = ["negative", "neutral", "positive"]


def read_tweets_csv(checkout):
    """Let the small experiment read tweets.csv, a file of its folder, instead of the demo's."""
    checkout.write_config()
    config = checkout.path / "config/small.yaml"
    config.write_text(
        config.read_text()
        .replace("kind: demo", "kind: path")
        .replace("tweets: 300", "path: tweets.csv")
    )


def test_corpus_replaced_by_one_with_an_older_date_is_read_again(fresh):
    corpus, other = fresh.path / "tweets.csv", fresh.path / "other.csv"
    for path, word in ((corpus, "one"), (other, "two")):
        rows = [f"{n},{word} tweet {n},{LABELS[n % 3]}" for n in range(60)]
        path.write_text("tweet_id,text,airline_sentiment\n" + "\n".join(rows) + "\n")
    os.utime(other, (1e9, 1e9))
    read_tweets_csv(fresh)
    target = "results/small/tokenize/tweets.parquet"
    fresh.run(target)
    assert fresh.planned(target) == {}
    other.replace(corpus)  # as mv, unzip or rsync -t
    assert fresh.planned(target) == {"tokenize": 1}
    fresh.run(target)
    assert fresh.planned(target) == {}


def test_corpus_larger_than_a_megabyte_may_be_touched(fresh):
    corpus = fresh.path / "tweets.csv"
    rows = [
        f"{n},tweet number {n} says nothing of note at all today,{label}"
        for n in range(20000)
        for label in [LABELS[n % 3]]
    ]
    corpus.write_text("tweet_id,text,airline_sentiment\n" + "\n".join(rows) + "\n")
    assert corpus.stat().st_size > 1_000_000
    read_tweets_csv(fresh)
    target = "results/small/tokenize/tweets.parquet"
    fresh.run(target)
    os.utime(corpus, (time.time() + 5,) * 2)
    assert fresh.planned(target) == {}
    append(corpus, "x1,one more,positive\n")
    assert fresh.planned(target) == {"tokenize": 1}
