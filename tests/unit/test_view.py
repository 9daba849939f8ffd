"""What is shown of a run: at any size, of any number of trainings, on a terminal or not."""

import io
import json
import logging
import os
import time

import pyte
import pytest
from tweetrnn.config import resolve
from tweetrnn.grid import Run
from tweetrnn.results import Results
from tweetrnn.running import screen, words
from tweetrnn.running.events import Events
from tweetrnn.running.screen import Lines, Terminal, messages_through
from tweetrnn.running.snapshot import Failure, Follower, Snapshot, seconds_by_stage, stages
from tweetrnn.running.trainings import RunStatus
from tweetrnn.running.watch import watching

COMBINATION = "rnn1-dense2-dropout0-reg1-lr1e-3"
LOG = ".snakemake/submit/run.log"


def training(state="done", number=1, cell="LSTM", epoch=10, best=0.5, split="", seconds=10.0):
    return RunStatus(
        Run(cell, COMBINATION, number), split, state, epoch, 10, best if epoch else None, seconds
    )


def snapshot(done=4, begun=2, waiting=2, more=0, **fields):
    return Snapshot(
        "demo",
        [
            *(training(number=n, best=0.5 + n / 1000) for n in range(1, done + 1)),
            *(training("running", done + n, epoch=n % 10) for n in range(begun)),
            *(training("waiting", done + begun + n, epoch=0) for n in range(waiting)),
        ],
        more,
        **fields,
    )


class Tty(io.StringIO):
    """A stream that a pyte screen interprets."""

    encoding = "utf-8"

    def __init__(self, columns, lines):
        super().__init__()
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self.screen)

    def isatty(self):
        return True

    def write(self, text):
        self._stream.feed(text.replace("\n", "\r\n"))  # as a terminal's driver does

    @property
    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()


@pytest.fixture
def terminal(monkeypatch):
    """A function from a size to (Terminal, Tty); the variable COLUMNS and so on play no part."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def make(columns=80, lines=24, encoding="utf-8"):
        stream = Tty(columns, lines)
        stream.encoding = encoding
        shown = screen.screen(stream, LOG)
        assert isinstance(shown, Terminal)
        shown._terminal_size = lambda: (stream.screen.columns, stream.screen.lines)
        shown._size = (columns, lines)
        return shown, stream

    return make


# The view at a glance


def test_view_shows_progress_running_trainings_best_and_the_log(terminal):
    shown, stream = terminal()
    shown.show(
        snapshot(finished=["tokenize", "split"], running=["train"], to_come=["plot", "render"])
    )
    lines = stream.text.splitlines()
    assert lines[0].startswith("demo  4 of 8 trainings  ━")
    assert lines[0].endswith("about 20 s left")  # (0.6 + 0.5 + 2) trainings of 10 s, two at once
    assert lines[1:4] == ["done     tokenize, split", "now      train", "to come  plot, render"]
    assert lines[4].split() == ["running", "epoch", "val.", "accuracy"]
    assert lines[5].split() == [f"LSTM/{COMBINATION}/4", "starting"]
    assert lines[6].split() == [f"LSTM/{COMBINATION}/5", "1", "of", "10", "0.5000"]
    assert lines[7] == "best so far"
    assert lines[8].split() == [f"LSTM/{COMBINATION}/4", "0.5040"]
    assert lines[9:] == [f"Snakemake's output: {LOG}"]


def test_best_is_not_so_far_when_all_is_done(terminal):
    shown, stream = terminal()
    shown.show(snapshot(begun=0, waiting=0))
    assert "all 4 trainings done" in stream.text
    assert "\nbest " in stream.text and "so far" not in stream.text


def test_trainings_that_only_a_selection_will_name_count(terminal):
    shown, stream = terminal()
    shown.show(snapshot(begun=0, waiting=0, more=3))
    assert "4 of 7 trainings" in stream.text and "best so far" in stream.text


def test_failure_is_shown_with_its_message_and_the_whole_path_of_its_log(terminal):
    shown, stream = terminal()
    path = f"results/{'long-' * 8}name/logs/train/LSTM/{COMBINATION}/4.log"
    failures = [Failure(f"LSTM/{COMBINATION}/4", path, "the loss is not finite")]
    shown.show(snapshot(failures=failures))
    assert f"  LSTM/{COMBINATION}/4: the loss is not finite\n" in stream.text
    assert path in stream.text.replace("\n    ", "")


@pytest.mark.parametrize("columns", [200, 120, 80, 60, 40, 20])
@pytest.mark.parametrize("lines", [60, 24, 10, 5, 2])
def test_view_fits_any_terminal_and_summarizes_thousands(terminal, columns, lines):
    shown, stream = terminal(columns, lines)
    failures = [Failure(f"LSTM/{COMBINATION}/{n}", f"{n}.log", "error " * 40) for n in range(300)]
    big = snapshot(2000, 500, 3000, 100, failures=failures, finished=["x" * 12] * 20)
    big.notes = ["SLURM job 3 is waiting (Priority) " * 5]
    for _ in range(3):  # drawn in place: nothing is pushed out at the top
        shown.show(big)
    display = [line.rstrip() for line in stream.screen.display]
    assert display[0].startswith("demo")
    assert sum(line.startswith("demo") for line in display) == 1
    assert display[-1] == ""  # the cursor's line
    if columns >= 80:
        assert "2,000 of 5,600 trainings" in display[0]
    if lines >= 24 and columns >= 40:
        assert any("and 4" in line and "more" in line for line in display)


def test_wide_terminal_has_a_bar_for_each_training(terminal):
    shown, stream = terminal(200)
    shown.show(snapshot())
    [line] = [line for line in stream.text.splitlines() if " 1 of 10" in line]
    assert "━" in line


def test_terminal_without_unicode_gets_no_other_letters(terminal):
    shown, stream = terminal(60, encoding="ascii")
    shown.show(snapshot(begun=1))
    assert stream.text.isascii() and "demo" in stream.text


def test_text_of_a_message_is_no_markup_and_no_command_to_the_terminal(terminal):
    shown, stream = terminal()
    shown.show(snapshot(failures=[Failure("[bold]x[/bold]", "a.log", "\x1b[2Jred [/nope]")]))
    assert "[bold]x[/bold]: " in stream.text and "[/nope]" in stream.text


def test_no_color_means_no_color(terminal, monkeypatch):
    colors = set()
    for variable in ("", "1"):
        monkeypatch.setenv("NO_COLOR", variable)
        shown, stream = terminal()
        shown.show(snapshot(failures=[Failure("x", "x.log")]))
        found = {char.fg for row in stream.screen.buffer.values() for char in row.values()}
        colors.add(found == {"default"})
        assert "demo  4 of 8" in stream.text
    assert colors == {False, True}


# The terminal meanwhile


def test_messages_go_above_the_view(terminal):
    shown, stream = terminal()
    logger = logging.getLogger("tweetrnn")
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    try:
        shown.show(snapshot())
        with messages_through(shown):
            logger.warning("SLURM job 3 is waiting")
        assert handler.stream is stream
    finally:
        logger.removeHandler(handler)
    shown.show(snapshot())
    lines = stream.text.splitlines()
    assert lines[0] == "SLURM job 3 is waiting" and lines[1].startswith("demo")
    assert stream.text.count("demo") == 1


@pytest.mark.parametrize("columns, lines", [(40, 24), (200, 50), (80, 8)])
def test_resized_terminal_is_drawn_anew(terminal, columns, lines):
    shown, stream = terminal()
    shown.show(snapshot())
    stream.screen.resize(lines, columns)
    shown.show(snapshot())
    assert stream.text.startswith("demo") and stream.text.count("demo") == 1
    assert stream.text.count("running") == 1


def test_closed_view_leaves_nothing_behind(terminal):
    shown, stream = terminal()
    stream.write("$ make run\n")
    shown.show(snapshot())
    shown.close()
    assert stream.text == "$ make run"
    assert not stream.screen.cursor.hidden


def test_after_the_shell_has_written_it_is_drawn_below(terminal):
    shown, stream = terminal()
    shown.show(snapshot())
    before = stream.text
    stream.write("[1]+  Stopped\n$ fg\n")
    shown.forget()
    shown.show(snapshot())
    assert stream.text.startswith(before + "\n[1]+  Stopped\n$ fg\ndemo")


@pytest.mark.parametrize("name", ["dumb", "", None])
def test_dumb_terminal_counts_as_none(monkeypatch, name):
    if name is None:
        monkeypatch.delenv("TERM", raising=False)
    else:
        monkeypatch.setenv("TERM", name)
    assert isinstance(screen.screen(Tty(80, 24)), Lines)


def test_without_rich_there_are_lines(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setitem(__import__("sys").modules, "rich.console", None)
    assert isinstance(screen.screen(Tty(80, 24)), Lines)


class Gone(Tty):
    def write(self, text):
        raise OSError(5, "Input/output error")


def test_terminal_that_is_gone_fails_nothing(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    for shown in (screen.screen(Gone(80, 24)), Lines(Gone(80, 24))):
        shown.show(snapshot())
        shown.say("more")
        shown.close()


# Without a terminal


def test_lines_come_at_most_every_15_seconds_and_only_with_news(monkeypatch):
    now, stream = [0.0], io.StringIO()
    monkeypatch.setattr(screen.time, "monotonic", lambda: now[0])
    shown = Lines(stream, LOG)
    for second in range(100):
        now[0] = float(second)
        shown.show(snapshot(done=4 + min(second, 40)))
    lines = stream.getvalue().splitlines()
    assert lines[0] == f"Snakemake's output: {LOG}"
    assert lines[1].startswith("0:00  4 of 8 trainings done; 2 running; about 20 s left")
    assert [line.split()[0] for line in lines[1:]] == ["0:00", "0:15", "0:30", "0:45"]


def test_lines_tell_of_each_failure_once_and_at_once():
    stream = io.StringIO()
    shown = Lines(stream)
    for failures in ([], [Failure("plot", "plot.log")], [Failure("plot", "plot.log")]):
        shown.show(snapshot(failures=failures))
    assert stream.getvalue().splitlines()[1:] == ["failed: plot; see plot.log"]


def test_before_anything_is_known_there_is_no_line():
    stream = io.StringIO()
    Lines(stream).show(Snapshot())
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    "seconds, text",
    [(0, "0 s"), (99.4, "99 s"), (100, "2 min"), (5400, "90 min"), (7200, "2 h 0 min")],
)
def test_durations_in_words(seconds, text):
    assert words.duration(seconds) == text


# From Snakemake's events and the trainings' files


CONFIG = {
    "name": "demo",
    "corpus": {"kind": "demo"},
    "grid": {"recurrent_layers": [1], "dense_layers": [2], "dropout": [True]},
}


@pytest.fixture
def happens(tmp_path, monkeypatch):
    """A function that records events; the working folder is empty otherwise."""
    monkeypatch.chdir(tmp_path)

    def note(event, **more):
        with open("events", "a") as stream:
            print(json.dumps({"event": event, "time": time.time(), **more}), file=stream)

    config = resolve(CONFIG)
    note("experiment", config=config, results=os.path.abspath("results/demo"))
    return note


def job(number, rule, training=None, log=None):
    log = os.path.abspath(log or f"{rule}.log")
    return {"id": number, "rule": rule, "training": training, "log": log}


def folder(number):
    """The folder of the training of that number, which has results."""
    run = Run("LSTM", "rnn1-dense2-dropout1-reg0-lr1e-3", number)
    return os.path.abspath(Results("results/demo").run(run).folder)


def test_before_the_plan_is_known_old_results_are_not_shown(happens):
    assert Follower(Events("events")).look() == Snapshot()


def test_stages_and_trainings_follow_the_events(happens):
    happens("plan", jobs={"demo": 1, "train": 8, "plot": 1, "all": 1}, trainings=[], local=True)
    happens("job", **job(1, "demo"))
    happens("finished", id=1)
    happens("job", **job(2, "train", folder(1)))
    follower = Follower(Events("events"))
    found = follower.look()
    assert (found.finished, found.running, found.to_come) == (["demo"], ["train"], ["plot"])
    assert found.name == "demo" and len(found.trainings) == 8 and found.more > 0
    assert [str(status.run).split("/")[0] for status in found.of("running")] == ["LSTM"]
    happens("failed", id=2)
    found = follower.look()
    assert [(failure.title.split("/")[0], failure.log) for failure in found.failures] == [
        ("LSTM", "train.log")
    ]
    happens("job", **job(2, "train", folder(1)))  # tried again
    assert follower.look().failures == []


def test_job_that_has_begun_on_a_cluster_may_wait(happens):
    happens("plan", jobs={"train": 8}, trainings=[folder(1)], local=False)
    happens("job", **job(2, "train", folder(1)))
    assert Follower(Events("events")).look().of("running") == []


def test_what_fails_after_a_signal_was_stopped(happens):
    happens("plan", jobs={"plot": 2}, trainings=[], local=True)
    happens("job", **job(1, "plot"))
    follower = Follower(Events("events"))
    follower.stopped_at = time.time()
    happens("failed", id=1)
    assert follower.look().failures == [] and follower.stopping()


def test_failure_has_the_last_error_of_its_log(happens):
    happens("plan", jobs={"plot": 1}, trainings=[], local=True)
    happens("job", **job(1, "plot"))
    with open("plot.log", "w") as log:
        log.write("2026-01-02 03:04:09,000 ERROR error: facts.json: damaged\n")
    happens("failed", id=1)
    assert Follower(Events("events")).look().failures == [
        Failure("plot", "plot.log", "facts.json: damaged")
    ]


def test_train_is_not_done_while_a_selection_will_name_more(happens):
    happens("plan", jobs={"train": 1}, trainings=[], local=True)
    happens("job", **job(1, "train"))
    happens("finished", id=1)
    events = Events("events")
    events.read()
    assert stages(events, more=2) == ([], [], ["train"])
    assert stages(events) == (["train"], [], [])
    assert [*seconds_by_stage(events)] == ["train"]
    assert words.stage_times(events).startswith("Time per stage: train 0 s")


def test_whatever_cannot_be_shown_fails_nothing():
    class Broken:
        def look(self):
            raise RuntimeError("no such thing")

    with watching(Broken(), Lines(io.StringIO())) as watch:
        time.sleep(0.1)
    assert watch.snapshot is None
