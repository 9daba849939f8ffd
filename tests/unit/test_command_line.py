"""Commands work wherever their options stand, and whatever becomes of what they print."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tweetrnn
from tweetrnn.__main__ import parse

PACKAGES = str(Path(tweetrnn.__file__).parents[1])


def run(*arguments, streams="", **variables):
    """Run a command in a process of its own, with ``streams`` after it; return what it did."""
    line = f'"$0" -m tweetrnn "$@" {streams}'
    return subprocess.run(
        ["sh", "-c", line, sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": PACKAGES} | variables,
        capture_output=True,
        text=True,
        errors="replace",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["diff", "--html", "x", "A", "B", "C"],
        ["diff", "A", "--html", "x", "B", "C"],
        ["diff", "A", "B", "--html", "x", "C"],
        ["diff", "--html", "x", "--", "A", "B", "C"],
    ],
)
def test_options_may_stand_between_arguments(monkeypatch, arguments):
    found = []
    monkeypatch.setattr("tweetrnn.reporting.diff.main", found.append)
    command, start, _ = parse(arguments)
    start()
    [options] = found
    assert command == "diff"
    assert (options.first, options.others, str(options.html)) == ("A", ["B", "C"], "x")


def test_arguments_after_two_dashes_are_nobody_s_options(monkeypatch):
    found = []
    monkeypatch.setattr("tweetrnn.running.run.main", found.append)
    _, start, _ = parse(["run", "--cores", "2", "--", "--jobs", "5", "--log", "x"])
    start()
    assert found[0].snakemake == ["--jobs", "5", "--log", "x"]


def test_value_that_looks_like_an_option_is_explained():
    done = run("diff", "A", "B", "--html", "-x.html")
    assert done.returncode == 2
    assert done.stderr.endswith("a value that begins with - is written --option=-value\n")


@pytest.mark.parametrize("arguments", [["config"], ["--help"]])
def test_closed_standard_output_is_one_message(arguments):
    done = run(*arguments, streams=">&-")
    assert done.returncode == 1
    assert done.stderr == "error: standard output is closed; send it to a file or to /dev/null\n"


def test_closed_standard_error_takes_no_message_to_standard_output():
    done = run("config", "no such file", streams="2>&-")
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_letters_that_the_terminal_lacks_are_escaped(tmp_path, encoding):
    done = run("config", str(tmp_path / "\u0dc1\u00e9.yaml"), PYTHONIOENCODING=encoding)
    assert done.returncode == 1
    assert "\\u0dc1" in done.stderr and "Traceback" not in done.stderr


def test_python_may_drop_assertions_and_docstrings():
    for command in ("predict", "export", "import-keras", "submit"):
        done = run(command, "--help", PYTHONOPTIMIZE="2")
        assert (done.returncode, done.stderr) == (0, "")
