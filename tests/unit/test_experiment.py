"""What the report reads of an experiment: handles are masked, the commit is told."""

import subprocess

import pytest
from tweetrnn.reporting.experiment import commit_of, masked, pointed_at


@pytest.mark.parametrize(
    "text, expected",
    [
        ("@stranger hello", "@… hello"),
        ("thanks @Airline!", "thanks @Airline!"),
        ("thanks @AIRLINE and @airlines", "thanks @AIRLINE and @…"),
        (".@a_b's flight,@c", ".@…'s flight,@…"),
        ("write to me@home.org", "write to me@home.org"),
        ("@naïve_ünïcode", "@…"),
        ("at 5 @ gate 3", "at 5 @ gate 3"),
    ],
)
def test_handles_of_people_are_masked_and_those_that_may_be_shown_stay(text, expected):
    assert masked(text, ["@airline"]) == expected


def test_every_tweet_that_a_comparison_shows_is_asked_for_once():
    def failures(*rows):
        return {"confidently_wrong": [{"corpus_row": row} for row in rows]}

    comparison = {"failures": {"SimpleRNN": failures(7, 2), "LSTM": failures(2, 5)}}
    assert pointed_at(comparison) == [2, 5, 7]


def git(folder, *command):
    options = ("-c", "user.name=A", "-c", "user.email=a@b.org")
    return subprocess.run(
        ["git", *options, *command], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_commit_is_told_and_whether_the_checkout_was_changed(tmp_path, require_tool):
    require_tool("git", "apt-get install git")
    git(tmp_path, "init", "--quiet")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert commit_of(tmp_path) == commit
    (tmp_path / "beside").write_text("untracked")
    assert commit_of(tmp_path) == commit
    (tmp_path / "file").write_text("two")
    assert commit_of(tmp_path) == f"{commit} with uncommitted changes"


def test_without_a_checkout_the_commit_is_unknown(tmp_path):
    assert commit_of(tmp_path) == "unknown (not a git checkout)"
