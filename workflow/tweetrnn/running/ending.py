"""What ``run`` says at its end: the answer, or what is kept and what to do."""

import re
import shutil
import signal
import sys
import textwrap
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tweetrnn.errors import UserError
from tweetrnn.reporting import headline
from tweetrnn.results_format import read_marked
from tweetrnn.running.events import FILE, Events
from tweetrnn.running.screen import is_terminal
from tweetrnn.running.snapshot import Follower
from tweetrnn.running.words import progress, stage_times
from tweetrnn.wording import counted

GOES_ON = "the same command goes on from there"
# Lines of Snakemake's that help nobody with a mistake.
NOISE = re.compile(
    r"Using workflow specific profile|Assuming unrestricted shared|Building DAG of jobs|"
    r"Complete log\(s\):|Elapsed time:|Shutting down, this might|Removing output files of failed"
)
TAIL = 20  # lines of Snakemake's output that are shown if nothing else says what failed


@dataclass
class Ending:
    """How a run ended.

    Attributes:
        status: its exit status.
        messages: what stages said to repeat at the end.
        follower: the Follower of the run; ``stopped_at`` says whether a signal ended it.
        log: where Snakemake's output is, or None if it was shown.
    """

    status: int
    messages: str
    follower: Follower
    log: Path | None = None


def say_what_failed(ending):
    """Print the messages of stages, for the last time."""
    if ending.messages:  # not broken into lines: it may have a command to copy
        with suppress(OSError):
            print(f"\nWhat failed:\n{ending.messages.rstrip()}", file=sys.stderr, flush=True)


def say(ending):
    """Print how a run ended."""
    snapshot, events = ending.follower.look(), ending.follower.events
    text = ending.log.read_text("utf-8", "replace") if ending.log else ""
    times = [stage_times(events)] if events.jobs else []
    if ending.status == 0:
        if not events.plan and not events.nothing:  # it was asked for something else
            with suppress(OSError, UserError):
                print(text, end="", flush=True)
            return
        done = f"All {counted(snapshot.total, 'training')} are done." if snapshot.complete else ""
        nothing = "Nothing to be done: all is up to date." if events.nothing else ""
        _print("\n".join(filter(None, [nothing or done, *times])))
        if events.nothing or any(job.rule.endswith("render") for job in events.jobs):
            for results in ending.follower.results():
                _give_answer(results)
        return
    _print("\n".join(filter(None, [*times, _what_is_kept(ending, snapshot, events)])))
    if ending.log and is_terminal(sys.stderr):  # elsewhere it was the first line
        _print(f"Snakemake's output: {ending.log}")
    if not ending.messages and ending.log and not ending.follower.stopped_at:
        ending.messages = essence(text)
    say_what_failed(ending)


def with_answer(status):
    """Print the answer and the time per stage if the exit status is 0; return the status."""
    if status == 0:
        follower = Follower(Events(FILE))
        with suppress(Exception):
            say(Ending(0, "", follower))
    return status


def _what_is_kept(ending, snapshot, events):
    """Return the sentence that says how a run that is not done ended, and what is left."""
    stopped = bool(ending.follower.stopped_at)
    how = "Stopped" if stopped else "Failed"
    if ending.status > 128 and not stopped:
        with suppress(ValueError):
            how = f"Snakemake was killed ({signal.Signals(ending.status - 128).name})"
    if not events.jobs:
        return f"{how} before any job had begun." if stopped else ""
    kept = "no training is done, but what is finished is kept"
    if snapshot.done:
        kept = f"{progress(snapshot)} are finished and kept"
    begun = len(snapshot.of("stopped")) + len(snapshot.of("running"))
    if begun:
        kept += f"; {counted(begun, 'interrupted one')} {'continue' if begun > 1 else 'continues'}"
        kept += " from its checkpoint" if begun == 1 else " from their checkpoints"
    then = "" if stopped else "once what failed is fixed, "
    return f"{how}: {kept}; {then}{GOES_ON}."


def essence(text):
    """Return what says in Snakemake's output why it ended: a message of ours, or its last lines."""
    text = text.rpartition("\nWhat failed:\n")[2].rpartition("\nBuilding DAG of jobs...\n")[2]
    lines = [line for line in text.splitlines() if line.strip() and not NOISE.match(line)]
    for number, line in enumerate(lines):
        if line.startswith("error: "):
            return "\n".join(lines[number:])
    return "\n".join(lines[-TAIL:])


def _give_answer(results):
    """Print an experiment's answer, and where its report is."""
    with suppress(OSError, ValueError, UserError):  # also if standard output is closed
        answer = headline.answer(read_marked(results.summary))
        print()
        for line in answer:
            _print(line, sys.stdout)
        print(headline.where(results, sys.stdout), flush=True)


def _print(text, stream=None):
    """Print text if there is some and if that is possible; on a terminal, broken between words."""
    stream = stream or sys.stderr
    with suppress(OSError, ValueError, UserError):
        if text and stream.isatty():
            width = shutil.get_terminal_size().columns
            how = {"break_long_words": False, "break_on_hyphens": False}
            lines = [textwrap.fill(line, width, **how) for line in text.splitlines()]
            text = "\n".join(lines)
        if text:
            print(text, file=stream, flush=True)
