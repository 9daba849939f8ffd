"""Inputs are known by their content, whatever their dates."""

import os
import shutil

import pytest
from tweetrnn import content
from tweetrnn.files import sha256_of


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def reads(monkeypatch):
    """The paths of all files that were read to know them."""
    paths = []
    monkeypatch.setattr(content, "sha256_of", lambda path: paths.append(path) or sha256_of(path))
    return paths


def test_file_is_read_once_until_it_changes(folder, reads):
    path = folder / "tweets.csv"
    path.write_text("one")
    first = content.digest(path)
    assert first == sha256_of(path)
    assert content.digest(path) == first
    assert len(reads) == 1


@pytest.mark.parametrize("replace", [os.replace, shutil.copy2, shutil.copyfile])
def test_replacement_is_noticed_with_an_older_date_and_the_same_size(folder, replace):
    path, other = folder / "tweets.csv", folder / "other.csv"
    path.write_text("one")
    other.write_text("two")
    os.utime(path, (2e9, 2e9))
    os.utime(other, (1e9, 1e9))
    first = content.digest(path)
    replace(other, path)
    os.utime(path, (1e9, 1e9))
    assert content.digest(path) == sha256_of(path) != first


def test_file_that_is_not_there_now_is_what_it_was(folder):
    path = folder / "tweets.csv"
    assert content.digest(path) == ""
    path.write_text("one")
    first = content.digest(path)
    path.unlink()
    assert content.digest(path) == first != ""


def test_pipe_is_not_read(folder):
    os.mkfifo(folder / "pipe")
    assert content.digest(folder / "pipe") == ""


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"tweets.csv": 1}'])
def test_damaged_notes_are_made_again(folder, text):
    path = folder / "tweets.csv"
    path.write_text("one")
    content.KNOWN.parent.mkdir(parents=True)
    content.KNOWN.write_text(text)
    assert content.digest("tweets.csv") == sha256_of(path)
    assert content.digest("tweets.csv") == sha256_of(path)
