"""What a person sees of a run: on terminals of any size, piped, interrupted, killed, failing."""

import os
import re
import signal
import subprocess
import sys
import termios
import time

import psutil
import pytest
from terminal import Terminal

LOG = ".snakemake/submit/run.log"
LSTM = "LSTM/rnn1-dense2-dropout0-reg0-lr1e-3/1"
NOISE = ("SNAKEMAKE", "Building DAG", "Job stats", "Reason:", "Select jobs", "Traceback")


def command(*arguments, name="run"):
    return [sys.executable, "-m", "tweetrnn", name, "--configfile", "config/small.yaml", *arguments]


def variables(checkout, more=None):
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    return {"PATH": path, "PYTHONPATH": str(checkout.path / "workflow"), **(more or {})}


def in_terminal(checkout, *arguments, columns=80, lines=24, more=None, name="run"):
    """Start ``tweetrnn run`` on the small experiment in a Terminal."""
    return Terminal(
        command(*arguments, name=name),
        columns,
        lines,
        variables(checkout, more),
        cwd=checkout.path,
    )


def piped(checkout, *arguments, more=None, name="run"):
    """Run it with pipes; return the finished process."""
    return subprocess.run(
        command(*arguments, name=name),
        cwd=checkout.path,
        env=os.environ | variables(checkout, more),
        capture_output=True,
        text=True,
    )


def members(session):
    """Return the living processes of a session."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            pass
    return found


def nobody_left(session, seconds=30):
    """Wait until a session has no process."""
    end = time.monotonic() + seconds
    while left := members(session):
        assert time.monotonic() < end, left
        time.sleep(0.1)


def lines_of(terminal):
    return terminal.text.splitlines()


def test_run_shows_one_view_whatever_the_size_and_then_the_answer(fresh):
    with in_terminal(fresh, "--cores", "2") as terminal:
        shown = terminal.wait_for("running", "best so far", "of 6 trainings", "left", seconds=500)
        assert len(shown.splitlines()) < 24
        assert any(line.startswith("small  ") for line in shown.splitlines())
        assert re.search(r"^done     .*tokenize", shown, re.M), shown
        assert re.search(r"^to come  .*aggregate, shortlist, select", shown, re.M), shown
        assert shown.splitlines()[-1] == f"Snakemake's output: {LOG}"
        for columns, lines in [(200, 50), (60, 10), (100, 30)]:
            terminal.resize(columns, lines)
            time.sleep(2)  # it is drawn again twice a second
            shown = terminal.text
            assert shown.startswith("small  "), shown
            assert shown.count("Snakemake's output") == 1
            assert len(shown.splitlines()) < lines
            assert all(len(line) < columns for line in shown.splitlines())
        assert terminal.wait() == 0
        end = terminal.text  # above are remains of views, which a resized terminal has wrapped
        assert "All 6 trainings are done.\nTime per stage: " in end
        assert end.splitlines()[-1] == "The report: results/small/report/report.html"
        assert "These tweets are invented." in end and "runs of the grid, 2 more" in end
        assert "to come" not in end and "best" not in end.partition("Time per stage")[0]
        link = rb"\x1b]8;;file://[^/]*" + re.escape(bytes(fresh.path)) + rb"/results/small/report/"
        assert re.search(link + rb"report.html\x1b\\results/small/report/report.html", terminal.raw)
        assert not terminal.screen.cursor.hidden
    assert "SNAKEMAKE" in (fresh.path / LOG).read_text()


@pytest.mark.parametrize(
    "more, drawn", [({}, True), ({"NO_COLOR": "1"}, True), ({"TERM": "dumb"}, False)]
)
def test_settings_of_the_terminal_are_respected(finished, more, drawn):
    with in_terminal(finished, columns=200, more=more) as terminal:
        assert terminal.wait() == 0
        assert (b"\x1b[" in terminal.raw) == drawn
        assert not (more and re.search(rb"\x1b\[[0-9;]*[34][0-9;]+m", terminal.raw))
        assert (b"\x1b]8;" in terminal.raw) == drawn
        lines = terminal.everything.splitlines()
    assert "Nothing to be done: all is up to date." in lines
    assert lines[-1] == "The report: results/small/report/report.html"


def test_piped_run_prints_short_lines_and_the_answer(finished):
    (finished.path / "results/small/report/report.html").unlink()
    done = piped(finished)
    assert done.returncode == 0, done.stderr
    first, *lines = done.stderr.splitlines()
    assert first == f"Snakemake's output: {LOG}"
    assert any(re.match(r"\d:\d\d  all 6 trainings done", line) for line in lines), lines
    assert lines[-1].startswith("Time per stage: ") and "render" in lines[-1]
    assert len(lines) < 12 and "\x1b" not in done.stderr + done.stdout
    assert done.stdout.splitlines()[-1] == "The report: results/small/report/report.html"
    assert done.stdout.count("These tweets are invented.") == 1


def test_verbose_run_prints_what_snakemake_says(finished):
    done = piped(finished, "--verbose")
    assert "SNAKEMAKE" in done.stderr and "Nothing to be done" in done.stderr
    assert done.stdout.splitlines()[-1] == "The report: results/small/report/report.html"


def test_snakemake_that_is_asked_for_something_else_is_heard(finished):
    done = piped(finished, "--", "--list-rules")
    assert done.returncode == 0 and "tokenize" in done.stdout.split(), done.stdout


def test_ctrl_c_says_what_is_kept_and_the_same_command_goes_on(finished):
    finished.write_config(training={"epochs": 100_000})
    with in_terminal(finished, "--cores", "2", "--", *targets(finished)) as terminal:
        terminal.wait_for("of 100000", times=2, seconds=300)
        terminal.type("\x03")
        status = terminal.wait()
        end = terminal.everything
        nobody_left(terminal.process.pid)
    assert status == 128 + signal.SIGINT  # as a shell has it
    message = " ".join(end.partition("Stopped")[2].split())
    assert re.match(
        r": .*; 2 interrupted ones continue from their checkpoints; the same command goes on from "
        rf"there\. Snakemake's output: {LOG}$",
        message,
    ), end
    assert "What failed" not in end and "Traceback" not in end
    checkpoints = finished.path / "results/small/checkpoints"
    assert len(list(checkpoints.glob("*/*/*/checkpoint.safetensors"))) == 2
    with in_terminal(finished, "--cores", "2", "--", *targets(finished)) as terminal:
        terminal.wait_for("of 100000", seconds=300)
        log = finished.path / f"results/small/logs/train/{LSTM}.log"
        assert "resumed from" in log.read_text()


def targets(checkout):
    """The histories of two trainings."""
    runs = [LSTM, LSTM.replace("LSTM", "SimpleRNN")]
    return [f"results/small/train/{run}/history.csv" for run in runs]


def test_killed_command_leaves_a_sound_terminal_and_a_free_folder(finished):
    finished.write_config(training={"epochs": 100_000})
    with in_terminal(finished, "--cores", "2", "--", *targets(finished)) as terminal:
        before = termios.tcgetattr(terminal._master)
        terminal.wait_for("of 100000", seconds=300)
        terminal.process.send_signal(signal.SIGKILL)
        terminal.process.wait()
        nobody_left(terminal.process.pid)
        assert termios.tcgetattr(terminal._master) == before
        assert not terminal.screen.cursor.hidden
        assert terminal.text.startswith("small")  # no other screen, and the shell goes on below
        assert terminal.screen.cursor.y == len(lines_of(terminal))
    with in_terminal(finished, "--cores", "2", "--", *targets(finished)) as terminal:
        terminal.wait_for("of 100000", seconds=300)
        assert "Removed the lock of a dead Snakemake" in terminal.everything


def test_stopped_before_any_job_it_says_only_where_the_log_is(fresh):
    with in_terminal(fresh) as terminal:
        terminal.wait_for("Snakemake's output")
        terminal.type("\x03")
        assert terminal.wait() == 128 + signal.SIGINT
        shown = terminal.everything.splitlines()
    assert shown[-2:] == [
        "Stopped before any job had begun.",
        f"Snakemake's output: {LOG}",
    ], shown


def test_failed_training_is_shown_with_its_log_and_its_message_once_at_the_end(finished):
    results = finished.path / "results/small"
    labels, history = results / "split/train_labels.npy", results / f"train/{LSTM}/history.csv"
    content = bytearray(labels.read_bytes())
    content[-3] ^= 4
    arguments = ["--cores", "2", "--", str(history.relative_to(finished.path))]
    failed = f"failed: {LSTM}; see results/small/logs/train/{LSTM}.log"
    with in_terminal(finished, *arguments, columns=150) as terminal:
        history.unlink()
        labels.write_bytes(content)
        assert terminal.wait() == 1
        end = terminal.everything
    assert end.count("damaged (its sha256") == 1 and failed in end, end
    assert "What failed:\nerror: " in end and not any(noise in end for noise in NOISE)
    assert f"Snakemake's output: {LOG}" in end and "Failed: " in end
    done = piped(finished, *arguments)
    assert done.returncode == 1
    assert failed in done.stderr and done.stderr.count("damaged (its sha256") == 1, done.stderr


def test_mistake_in_the_config_is_told_at_once(fresh):
    fresh.write_config(training={"epochs": "many"})
    done = piped(fresh)
    assert done.returncode == 1 and done.stdout == ""
    assert "training.epochs: expected a whole number" in done.stderr
    assert done.stderr.startswith("error: ") and len(done.stderr.splitlines()) == 2
    assert not (fresh.path / ".snakemake").exists()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--config", "corpus={kind: path, path: x.csv, tweets: null}"], "there is no file x.csv"),
        (["--config", "training={epochs: many}"], "training.epochs: expected a whole number"),
        (["no_such_target"], "no_such_target"),
        (["--no-such-option"], "unrecognized arguments: --no-such-option"),
    ],
)
def test_refusal_of_snakemake_is_one_message_without_its_noise(fresh, arguments, message):
    done = piped(fresh, "--", *arguments)
    assert done.returncode != 0
    assert done.stderr.count(message) == 1, done.stderr
    assert not any(noise in done.stderr for noise in NOISE), done.stderr


def test_status_is_the_same_view(finished):
    with in_terminal(finished, name="status") as terminal:
        assert terminal.wait() == 0
        shown = terminal.everything.splitlines()
    assert shown[0].startswith("small  all 6 trainings done  ━"), shown
    assert shown[1].split()[0] == "best" and shown[2].split()[0].startswith("SimpleRNN/")
    assert shown[-1] == "The report: results/small/report/report.html"
    with in_terminal(finished, "--watch", columns=200, name="status") as terminal:
        assert terminal.wait() == 0
        assert terminal.everything.startswith("small  all 6 trainings done  ━")
    assert piped(finished, name="status").stdout.startswith("6 trainings: 6 done\n")
