"""Commands work wherever their options stand, in any environment, and whatever becomes of what
they print.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import tweetrnn
from tweetrnn.__main__ import main, parse

pytestmark = pytest.mark.slow  # starts processes

PACKAGES = str(Path(tweetrnn.__file__).parents[1])


def run(*arguments, streams="", before="", cwd=None, **variables):
    """Run a command in a process of its own; return what it did.

    ``before`` and ``streams`` are what a shell reads before and after it.
    """
    line = f'{before} "$0" -m tweetrnn "$@" {streams}'
    return subprocess.run(
        ["sh", "-c", line, sys.executable, *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": PACKAGES, "PYTHONUNBUFFERED": ""} | variables,
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["diff", "A", "B", "--html", "x", "--html=y"], "--html is given 2 times; give it once"),
        (["diff", "A", "B", "--format=json", "--htm=x"], "unrecognized arguments: --htm=x"),
        (["run", "--config", "seed=3"], "unrecognized arguments: --config"),
        (["diff", "A", "B", "--html="], "argument --html: expected a value, got ''"),
        (["diff", "A", "", "--html=x"], "argument B: expected a value, got ''"),
        (["export", ""], "argument RUN: expected a value, got ''"),
        (["verify"], "the following arguments are required: WHAT"),
        (["status", "--watch", "soon"], "argument --watch: invalid float value: 'soon'"),
        (["tokenize", "1"], "argument arguments: expected a JSON object, got 1"),
        (["tokenize", "{}"], "tokenize does not fit its rule: unknown arguments []"),
        (["tokenise"], "argument COMMAND: invalid choice: 'tokenise'"),
        ([""], "argument COMMAND: invalid choice: ''"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_wrong_usage_is_one_message_and_status_2(capsys, arguments, message):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    printed = capsys.readouterr()
    assert printed.out == "" and message in printed.err.splitlines()[-1]


def test_value_that_argparse_drops_is_not_the_default(capsys):
    try:
        status = main(["predict", "--results=--", "a tweet"])  # some Pythons take it for []
    except SystemExit as error:
        status = error.code
    assert status != 0 and "config/config.yaml" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["-n.yaml", 'it\'s "$HOME" $(X) `x`.yaml', "%d #{x}~.yaml"])
def test_make_passes_the_config_as_it_is(root, name):
    command = ["make", "--no-print-directory", "--dry-run", "status", f"CONFIG={name}"]
    printed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    last = printed.splitlines()[-1]
    assert shlex.split(last)[1:] == ["-m", "tweetrnn", "status", f"--configfile={name}"]


def test_value_that_looks_like_an_option_is_explained():
    done = run("diff", "A", "B", "--html", "-x.html")
    assert done.returncode == 2
    assert done.stderr.endswith("a value that begins with - is written --option=-value\n")


@pytest.mark.parametrize("arguments", [["config"], ["--help"]])
def test_closed_standard_output_is_one_message(arguments):
    done = run(*arguments, streams=">&-")
    assert done.returncode == 1
    assert done.stderr == "error: standard output is closed; send it to a file or to /dev/null\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["config"], ["--help"], ["config", "--help"]])
def test_full_disk_below_standard_output_is_one_message(arguments, unbuffered):
    done = run(*arguments, streams=">/dev/full", PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.endswith("No space left on device; fix that and run again\n")


@pytest.mark.parametrize("arguments", [["config"], ["--help"]])
def test_reader_that_has_gone_is_no_news(arguments):
    done = run(*arguments, before="{ sleep 0.1;", streams="; echo $? >&2; } | true")
    assert done.stderr == "1\n"


def test_number_of_a_closed_stream_is_no_other_file_s():
    code = (
        "import os, sys; from tweetrnn import streams; streams.prepare(); "
        "number = os.open(os.devnull, os.O_RDONLY); "
        "sys.exit(number < 3 or not all(map(os.get_inheritable, range(3))))"
    )
    command = ["sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, code]
    assert subprocess.run(command, env={"PYTHONPATH": PACKAGES}).returncode == 0


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


def test_modules_in_the_working_folder_are_not_python_s(tmp_path):
    for name in ("random", "select", "csv", "json", "numbers", "yaml", "torch", "argparse"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(__name__)")
    done = run("config", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("megabytes", "command"), [(500, "predict"), (2000, "diff")])
def test_memory_limit_that_libraries_do_not_survive_is_one_message(megabytes, command):
    done = run(command, "a", "b", before=f"ulimit -v {megabytes * 1000};")
    assert done.returncode == 1
    assert done.stderr == (
        f"error: {command}: memory is limited to {1.024 * megabytes:,.0f} MB (ulimit -v); expected "
        "at least 2,200 MB; raise the limit\n"
    )


def test_light_command_needs_little_memory():
    assert run("config", before="ulimit -v 500000;").returncode == 0


def cause(error):
    """Return an ImportError that another one led to."""
    wrapped = ImportError("Unable to import required dependency numpy")
    wrapped.__cause__ = error
    return wrapped


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (MemoryError(), 1, "memory ran out (MemoryError); raise its limit (ulimit -v), "),
        (RuntimeError("can't start new thread"), 1, "memory ran out (can't start new thread); "),
        (OSError(12, "Cannot allocate memory"), 1, "memory ran out ([Errno 12] Cannot allocate"),
        (
            cause(ImportError("\nx.so: failed to map segment from shared object")),
            1,
            "memory ran out (x.so: failed to map segment from shared object); ",
        ),
        (
            UnicodeEncodeError("utf-8", "a\udcff/b", 1, 2, "surrogates not allowed"),
            1,
            "a\\udcff/b: expected a path or text in UTF-8; rename the file or folder",
        ),
        (
            ModuleNotFoundError("No module named 'torch'", name="torch"),
            1,
            f"{sys.executable} has no Python package torch; use the Python of the environment",
        ),
        (PermissionError(13, "Permission denied", "x"), 1, "x: Permission denied; fix that and"),
        (KeyboardInterrupt(), 130, None),
        (BrokenPipeError(), 1, None),
    ],
)
def test_what_is_not_the_code_s_fault_is_one_line(monkeypatch, capsys, error, status, message):
    def fail(options):
        raise error

    monkeypatch.setattr("tweetrnn.running.show_config.main", fail)
    assert main(["config"]) == status
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == (message is not None)
    assert not message or lines[0].startswith(f"error: {message}")


def test_fault_of_the_code_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr("tweetrnn.running.show_config.main", lambda options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["config"])
