"""What the report reads of an experiment: the tweets that it shows, and the commit."""

import subprocess

import pytest
from example_report import example_report
from tweetrnn import __version__
from tweetrnn.reporting.experiment import commit_of


def test_every_tweet_that_a_comparison_shows_is_asked_for_once():
    experiment = example_report()
    for cell, rows in {"SimpleRNN": (7, 2), "LSTM": (2, 5)}.items():
        mistakes = experiment.comparison.failures[cell].mistakes[:2]
        experiment.comparison.failures[cell].mistakes = mistakes
        for mistake, row in zip(mistakes, rows, strict=True):
            mistake.corpus_row = row
    listed = experiment.comparison.disagreements.listed
    for number, disagreement in enumerate(listed):
        disagreement.shown = number < 2
        disagreement.corpus_row = (5, 9)[number % 2]
    assert experiment.shown_rows == [2, 5, 7, 9]


def git(folder, *command):
    options = ("-c", "user.name=A", "-c", "user.email=a@b.org")
    return subprocess.run(
        ["git", *options, *command], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def checkout(tmp_path, require_tool):
    """A git checkout with a few of the files that ours has."""
    require_tool("git", "apt-get install git")
    git(tmp_path, "init", "--quiet")
    for name in (
        "Snakefile",
        "README.md",
        "config/config.yaml",
        "envs/train.yaml",
        "workflow/rules/train.smk",
        "workflow/tweetrnn/__init__.py",
        "workflow/tweetrnn/reporting/experiment.py",
        "workflow/tweetrnn/training/cells.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    return tmp_path


@pytest.mark.parametrize(
    "edited",
    [
        "Snakefile",
        "envs/train.yaml",
        "workflow/rules/train.smk",
        "workflow/tweetrnn/reporting/experiment.py",
        "workflow/tweetrnn/training/cells.py",
    ],
)
def test_commit_is_named_and_an_edit_anywhere_in_the_workflow_is_said(checkout, edited):
    commit, package = git(checkout, "rev-parse", "HEAD"), checkout / "workflow/tweetrnn"
    assert commit_of(package) == commit
    (checkout / edited).write_text("two")
    assert commit_of(package) == f"{commit} with uncommitted changes"


@pytest.mark.parametrize("edited", ["README.md", "config/config.yaml", "workflow/tweetrnn/new.txt"])
def test_what_determines_no_result_or_is_shown_in_the_report_may_be_edited(checkout, edited):
    (checkout / edited).write_text("two")
    commit = git(checkout, "rev-parse", "HEAD")
    assert commit_of(checkout / "workflow/tweetrnn") == commit


def test_package_installed_in_another_checkout_is_not_of_its_commit(checkout):
    installed = checkout / "venv/site-packages/tweetrnn"
    installed.mkdir(parents=True)
    (installed / "__init__.py").touch()
    assert commit_of(installed) == f"unknown (version {__version__}, not a git checkout)"


def test_without_a_checkout_the_commit_is_unknown(tmp_path):
    package = tmp_path / "workflow/tweetrnn"
    package.mkdir(parents=True)
    assert commit_of(package) == f"unknown (version {__version__}, not a git checkout)"
