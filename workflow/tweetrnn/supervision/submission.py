"""What both ways to submit have in common: waiting, asking SLURM, and how the command ends."""

import logging
import os
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path

from tweetrnn.errors import UserError
from tweetrnn.running import ending, events, screen
from tweetrnn.running.snapshot import Follower
from tweetrnn.running.watch import watching
from tweetrnn.supervision import slurm
from tweetrnn.supervision.ownership import FOLDER, Replaced

logger = logging.getLogger("tweetrnn")
UNAVAILABLE = 69  # EX_UNAVAILABLE of sysexits.h: the cluster did not recover
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
NEWS = 10  # seconds without an answer from SLURM that are worth a message
CONTINUES = "the same command continues where this one ended"
# Where trainings leave what they have got done.
FINISHED = ("results/*/train/*/*/*/history.csv", "results/*/splits/*/train/*/*/*/history.csv")
UNFINISHED = ("results/**/checkpoint.safetensors",)


class Unavailable(Exception):
    """The cluster did not recover; the message says what happened and what to do."""


class OthersJob(UserError):
    """A job in the queue is another command's, and must be left alone."""


class Stopped(Exception):
    """A signal asked this process to end."""


def progressed(since, patterns=FINISHED + UNFINISHED):
    """Return whether a training has got on since a time, in seconds since the epoch."""
    for pattern in patterns:
        for path in Path().glob(pattern):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime > since:
                    return True
    return False


def is_here(folder):
    """Return whether a path is that of the working folder."""
    with suppress(OSError):
        return os.path.samefile(folder, ".")
    return False


def in_words(jobs):
    """Return the states of {job id: Job}, and why those wait that do, as a text."""
    reasons = [job.reason for job in jobs.values() if job.state == "PENDING"]
    common = Counter(reason for reason in reasons if reason not in ("", "None")).most_common(3)
    why = f" ({', '.join(reason for reason, _ in common)})" if common else ""
    states = Counter(job.state.lower() for job in jobs.values())
    if len(jobs) == 1:
        return f"SLURM job {next(iter(jobs))}: {next(iter(states))}{why}"
    text = ", ".join(f"{states[state]:,} {state}" for state in sorted(states, reverse=True))
    return f"SLURM jobs: {text}{why}" if jobs else ""


class Tail:
    """What is appended to a file from now on."""

    def __init__(self, path):
        self.path = path
        self.position = path.stat().st_size if path.exists() else 0

    def read(self):
        """Return what is new, as text."""
        with suppress(FileNotFoundError), self.path.open("rb") as stream:
            stream.seek(self.position)
            text = stream.read()
            self.position += len(text)
            return text.decode(errors="replace")
        return ""

    def show(self, stream=None):
        """Print what is new, on standard error or another stream."""
        if text := self.read():
            stream = stream or sys.stderr
            stream.write(text)
            stream.flush()


class Submission:
    """One run of the command.

    A subclass has ``work``, which returns 0 or 1 when all has ended; ``own``, which chooses this
    command's jobs of {job id: Job}; ``WHERE``, which says where jobs' resources are set; and
    ``SNAKEMAKE_IN_JOB``, whether Snakemake waits when the jobs do.

    Args:
        options: those of the command ``submit``.
    """

    def __init__(self, options):
        self.options = options
        self.directory = Path.cwd()
        self.prefix = slurm.job_prefix(self.directory)
        self.restarts_left = options.restarts
        self._signals = threading.Event()
        self._stopped_by = None
        self._told = set()  # the reasons told for which jobs wait
        self._silence = 0  # seconds for which SLURM has not answered
        self._asked = time.monotonic()
        self._next_look = 0
        self._queue, self._waits = "", False  # what SLURM said last of the jobs, in words
        self.output = None  # what shows the run, while one does

    def run(self):
        """Stay until the workflow is done; return the exit status, after a last sentence."""
        for number in STOP_SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores SIGHUP
                signal.signal(number, self._stop)
        try:
            status = self.work()
            if status:
                logger.warning("Some jobs failed; once what they say is fixed, %s", CONTINUES)
            else:
                logger.warning("All is done")
            return status
        except Stopped:
            self._leave()
            return 128 + self._stopped_by
        except Unavailable as error:
            logger.error("error: %s", error)
            logger.warning("Gave up; once that is fixed, %s", CONTINUES)
            return UNAVAILABLE
        except (OthersJob, Replaced):  # what is in the queue is another command's
            raise
        except UserError:
            slurm.cancel(self.own(slurm.jobs(self.prefix) or {}))
            raise

    def count_restart(self, began, what):
        """Count a new start after a fault, unless trainings got on since ``began``.

        Raises:
            Unavailable: too many in a row did not help.
        """
        limit = self.options.restarts
        self.restarts_left = limit if progressed(began) else self.restarts_left - 1
        if self.restarts_left < 0:
            raise Unavailable(f"{limit + 1} {what} in a row ended without any progress")

    def check_folder(self):
        """Check that jobs still find this folder where they were told it is.

        Raises:
            UserError: it was moved.
        """
        if not is_here(self.directory):
            raise UserError(
                f"{self.directory}: this folder was moved while its jobs ran, and they no longer "
                "find it. They were cancelled; the same command, in its new place, continues"
            )

    # -- showing

    @contextmanager
    def shown(self, log):
        """Show the run meanwhile, unless Snakemake's output is, which the file ``log`` has."""
        if self.options.verbose:
            yield
            return
        follower = Follower(events.Events(events.FILE))
        self.output = screen.screen(log=FOLDER / log.name, reasons=True)

        def notes():
            follower.paused = self.SNAKEMAKE_IN_JOB and self._waits
            return [self._queue] if self._queue else []

        try:
            with watching(follower, self.output, notes):
                yield
        finally:
            self.output = None

    def tell_why(self, text):
        """Print what says in Snakemake's output ``text`` why it ended, if that was not shown."""
        if not self.options.verbose and (found := ending.essence(text)):
            logger.warning("What failed:\n%s", found)

    # -- waiting

    def _stop(self, number, frame):
        self._stopped_by = number
        self._signals.set()

    def sleep(self, seconds):
        """Wait; raise Stopped after a signal."""
        if self._signals.wait(seconds):
            self._signals.clear()
            raise Stopped

    # -- the queue

    def look(self):
        """Return the jobs of this folder, or None if SLURM does not answer; tell of a change.

        Raises:
            Unavailable: it has not answered for too long. Time in which this process was stopped or
                the machine asleep does not count.
        """
        jobs, before, self._asked = slurm.jobs(self.prefix), self._asked, time.monotonic()
        if jobs is not None:
            self._silence = 0
            own = self.own(jobs)
            self._queue = in_words(own)
            self._waits = bool(own) and all(job.state == "PENDING" for job in own.values())
            return jobs
        was = self._silence
        self._silence += min(max(self._asked - before, 0.001), 2 * self.options.poll + 60)
        if was < NEWS <= self._silence:
            logger.warning("SLURM does not answer; jobs may still run. Waiting for it")
        if self._silence > self.options.outage:
            raise Unavailable(
                f"SLURM has not answered for {self.options.outage:.0f} s (squeue fails); jobs may "
                "still run"
            )
        return None

    def queue(self):
        """Return the jobs of this folder, as soon as SLURM answers."""
        while (jobs := self.look()) is None:
            self.sleep(min(self.options.poll, 15))
        return jobs

    def turn(self):
        """Wait a moment; return the jobs of this folder if it is time to look, otherwise None."""
        self.sleep(0.5)
        self.check_folder()
        if time.monotonic() < self._next_look:
            return None
        self._next_look = time.monotonic() + self.options.poll
        return self.look()

    def explain(self, jobs):
        """Say why jobs wait, once for each reason.

        Raises:
            UserError: one will never start as it was asked for.
        """
        for job in jobs.values():
            reason = job.reason.partition(",")[0]
            if job.state != "PENDING" or reason in (*self._told, "None", ""):
                continue
            self._told.add(reason)
            if advice := slurm.HOPELESS.get(reason):
                raise UserError(
                    f"SLURM will never start job {job.id} ({reason}): {advice} ({self.WHERE})"
                )
            hints = [hint for start, hint in slurm.HINTS.items() if reason.startswith(start)]
            logger.warning("SLURM job %s is waiting (%s)", job.id, "; ".join([reason, *hints]))

    def cancel_held(self, jobs):
        """Cancel jobs that SLURM would hold for ever because it could not launch them."""
        held = [
            job.id
            for job in jobs.values()
            if job.state == "PENDING" and job.reason.replace("_", " ").startswith("launch failed")
        ]
        if held:
            logger.warning(
                "SLURM could not launch these jobs and holds them; cancelling: %s. If this "
                "happens again, check whether a node is drained: sinfo -R",
                ", ".join(held),
            )
            slurm.cancel(held)

    def cancel_and_wait(self, jobs):
        """Cancel jobs and wait until SLURM has none of them.

        Raises:
            Unavailable: it still has some after the time for that.
        """
        slurm.cancel(jobs)
        end = time.monotonic() + self.options.leaving
        while left := sorted(set(jobs) & set(self.queue())):
            if time.monotonic() > end:
                raise Unavailable(
                    f"jobs {', '.join(left)} were cancelled {self.options.leaving:.0f} s ago and "
                    "SLURM still has them; two jobs must not write the same files, so nothing was "
                    "started. Look for them with squeue; an administrator can remove a dead node's "
                    "jobs"
                )
            self.sleep(1)

    def _leave(self):
        """Cancel this command's jobs; a second signal ends the waiting."""
        logger.warning("Cancelling SLURM's jobs; a second signal ends the waiting")
        try:
            jobs = slurm.jobs(self.prefix)
            if own := self.own(jobs or {}):
                self.cancel_and_wait(own)
            sure = jobs is not None
        except (Stopped, Unavailable):
            sure = False
        if sure:
            logger.warning("Stopped; what was trained is kept, and %s", CONTINUES)
        else:
            logger.warning("Stopped, but SLURM may have jobs left; %s", CONTINUES)
