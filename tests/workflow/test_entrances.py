"""The ways in: another directory, lint, bad configs, Snakemake's own report."""

import pytest


def test_workflow_runs_from_elsewhere(fresh, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    done = fresh.snakemake(
        "-s", fresh.path / "Snakefile", "--directory", out, "--cores", 1, "--dry-run", cwd=tmp_path
    )
    assert "render" in done.stdout + done.stderr
    fresh.snakemake(
        "-s",
        fresh.path / "Snakefile",
        "--directory",
        out,
        "--cores",
        1,
        "results/demo/tokenize/tweets.parquet",
        cwd=tmp_path,
    )
    assert (out / "results/demo/tokenize/facts.json").exists()


def test_default_grid_is_64_trainings(fresh):
    done = fresh.snakemake("--cores", 1, "--dry-run")
    assert ["train", "64"] in [line.split() for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--config", "trainig={epochs: 3}"], "trainig: unknown key; did you mean training?"),
        (["--config", "training={epochs: many}"], "training.epochs: expected a whole number"),
        (["--config", "corpus={path: x.csv}"], "corpus.path: belongs to kind path"),
    ],
)
def test_mistake_in_the_config_is_one_message_without_a_traceback(fresh, arguments, message):
    done = fresh.snakemake("--cores", 1, "--dry-run", *arguments, check=False)
    assert done.returncode != 0
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_missing_corpus_is_told(fresh):
    done = fresh.snakemake(
        "--cores", 1, "--configfile", "config/airline.yaml", "--dry-run", check=False
    )
    assert done.returncode != 0 and "data/Tweets.csv" in done.stdout + done.stderr


def test_lint_finds_nothing(fresh):
    done = fresh.snakemake("--lint", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
