"""Run the workflow on a SLURM cluster, under a watchdog.

It runs Snakemake with the same profile as ``snakemake --workflow-profile workflow/profiles/slurm``
and adds what Snakemake and SLURM do not do for each other: jobs left by a dead submission are
cancelled, a dead Snakemake's lock is removed, and a Snakemake that waits for jobs which SLURM no
longer has is restarted. docs/cluster.md lists the faults and what happens.
"""

import hashlib
import logging
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import yaml

from tweetrnn.errors import UserError
from tweetrnn.results import Results
from tweetrnn.running import launch, slurm
from tweetrnn.running.ownership import Ownership

logger = logging.getLogger("tweetrnn")
UNAVAILABLE = 69  # EX_UNAVAILABLE of sysexits.h: the cluster did not recover
STOP_SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

SUBMITTED = re.compile(r"^Job (\d+) has been submitted with SLURM jobid (\S+) ")
# The folder of a training's log is EXPERIMENT_CELL_COMBINATION_REPLICATE.
TRAINING = re.compile(
    r"^Job (\d+) has been submitted .*/rule_train/[^/]+_([^/_]+)_([^/_]+)_(\d+)/[^/]+\.log"
)
FINISHED = re.compile(r"^Finished jobid: (\d+) ")
FAILED = re.compile(r"^ +jobid: (\d+)$")
NO_ANSWER = re.compile(
    r"Unable to contact slurm controller|Socket timed out on send/recv|"
    r"Slurm backup controller in standby mode|Slurm temporarily unable to accept job"
)

NUMBERS = [  # options: name, type (float: seconds), default and meaning
    ("poll", float, 15, "time between two questions to SLURM"),
    ("patience", float, 300, "time in which Snakemake, which asks SLURM at least every 180 s, must "
     "notice a job's end"),
    ("leaving", float, 300, "time in which a cancelled job must be gone"),
    ("outage", float, 3600, "time after which to give up if SLURM does not answer"),
    ("restarts", int, 3, "how often to restart Snakemake after faults of the cluster"),
]  # fmt: skip
OUTAGE = (
    "SLURM has not answered for {:.0f} s (squeue fails). Jobs may be running; once SLURM is back, "
    "the same command cancels them and continues."
)


def add_arguments(parser):
    """Add this command's options."""
    launch.add_arguments(parser)
    profile = {"type": Path, "default": launch.ROOT / "workflow/profiles/slurm"}
    help_text = "Snakemake's workflow profile (default: workflow/profiles/slurm)"
    parser.add_argument("--profile", **profile, metavar="FOLDER", help=help_text)
    parser.add_argument(
        "--leftovers",
        choices=["cancel", "wait"],
        default="cancel",
        help="what happens to a dead submission's running jobs: cancelled, to continue from their "
        "checkpoints, or waited for (default: cancel)",
    )
    for name, unit, default, summary in NUMBERS:
        metavar, help_text = ("N" if unit is int else "SECONDS"), f"{summary} (default: {default})"
        parser.add_argument(
            f"--{name}", type=unit, default=default, metavar=metavar, help=help_text
        )


def job_prefix(directory):
    """Return the prefix of the job names of every submission from ``directory``."""
    digest = hashlib.sha256(os.path.realpath(directory).encode()).hexdigest()
    return f"tweetrnn-{digest[:12]}"


class Waiting:
    """The SLURM jobs that Snakemake waits for, from its output and the queue.

    A job is forgotten when SLURM has not had it for ``patience`` seconds and Snakemake still has
    not reported its end. Times are those of one monotonic clock, in seconds.
    """

    def __init__(self, patience):
        self.patience = patience
        self.seen = {}  # Snakemake's job number: (SLURM's job id, when it was last alive)

    def read(self, line, now):
        """Read one line of Snakemake's output."""
        if match := SUBMITTED.match(line):
            self.seen[match[1]] = (match[2], now)
        elif match := FINISHED.match(line) or FAILED.match(line):
            self.seen.pop(match[1], None)

    def forgotten(self, alive, now):
        """Compare with the queue (job ids, None for no answer); return the forgotten jobs."""
        for number, (job, _) in list(self.seen.items()):
            if alive is None or job in alive:
                self.seen[number] = (job, now)
        return sorted(job for job, last in self.seen.values() if now - last > self.patience)


class Checkpoints:
    """Removes a training's checkpoint once Snakemake reports that its job is done.

    The workflow removes them as well, but only at its end; each is four times as large as the
    weights.
    """

    def __init__(self):
        self.submitted = {}  # Snakemake's job number: CELL/COMBINATION/REPLICATE

    def read(self, line):
        """Read one line of Snakemake's output."""
        if match := TRAINING.match(line):
            self.submitted[match[1]] = "/".join(match.groups()[1:])
        elif (match := FINISHED.match(line)) and (run := self.submitted.pop(match[1], None)):
            results = Path("results")
            for folder in (*results.glob("*"), *results.glob("*/splits/*")):
                paths = Results(folder).run(run)
                if paths.history.exists():
                    shutil.rmtree(paths.checkpoint, ignore_errors=True)


def decide(outcome, cluster_failed, restarts_left):
    """Return what to do when Snakemake has ended: "restart" or an exit status.

    Args:
        outcome: Snakemake's exit status (negative: killed by that signal), "forgot" (it waited for
            jobs that were gone) or "outage" (SLURM did not answer for too long).
        cluster_failed: whether SLURM did not answer at some time.
        restarts_left: how many restarts remain.
    """
    if outcome == 0:
        return 0
    if outcome == "outage":
        return UNAVAILABLE
    if outcome != "forgot" and outcome > 0 and not cluster_failed:
        return 1
    return "restart" if restarts_left > 0 else UNAVAILABLE


def command_line(options, *more):
    """Return Snakemake's command line; what the user gave after -- comes last and wins."""
    return launch.command(
        options.configfile,
        *("--workflow-profile", str(options.profile)),
        *more,
        "--rerun-incomplete",  # after ``more``, which may end with a list of files
        *options.snakemake,
    )


class Unavailable(Exception):
    """The cluster did not recover; the message says what happened and what to do."""


class _Stopped(Exception):
    """A signal asked this process to end."""


class Submission:
    """One run of the command: Snakemake, started as often as needed, and its watchdog."""

    def __init__(self, options, ownership):
        self.options = options
        self.ownership = ownership
        self.prefix = job_prefix(Path.cwd())
        # This file is older than all results of jobs whose end no Snakemake has seen.
        self.unseen = ownership.folder / "unseen"
        self.stopped_by = None
        self.wake = threading.Event()

    def run(self):
        """Run the workflow to its end; return the exit status."""
        for number in STOP_SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores SIGHUP
                signal.signal(number, self._stop)
        try:
            restarts_left = self.options.restarts
            while True:
                self._clear()
                self._forget_records()
                self.ownership.begin()
                self.unseen.touch()
                outcome, cluster_failed = self._run_snakemake()
                step = decide(outcome, cluster_failed, restarts_left)
                if step in (0, 1):
                    self.unseen.unlink()
                self._clear_quietly()
                if step != "restart":
                    return step
                restarts_left -= 1
                logger.warning("Restarting Snakemake (at most %d more times)", restarts_left)
        except _Stopped:
            number, self.stopped_by = self.stopped_by, None
            return self._leave(128 + number)
        except Unavailable as error:
            logger.error("error: %s", error)
            return UNAVAILABLE

    def _leave(self, status):
        """Clear after a signal; a second one ends it at once. Return the exit status."""
        try:
            self._clear_quietly()
            logger.warning(
                "Stopped; cancelled trainings left checkpoints, and the same command continues"
            )
        except (_Stopped, Unavailable):
            logger.warning(
                "Stopped, but SLURM may have jobs left; the same command cancels them and continues"
            )
        return status

    def _stop(self, number, frame):
        self.stopped_by = number
        self.wake.set()

    def _sleep(self, seconds):
        """Wait; raise _Stopped after a signal."""
        if self.wake.wait(seconds):
            self.wake.clear()
        if self.stopped_by is not None:
            raise _Stopped

    # -- before and after Snakemake

    def _queue(self):
        """Return the queue; wait for SLURM as long as an outage may last."""
        end, warned = time.monotonic() + self.options.outage, False
        while (jobs := slurm.queue(self.prefix)) is None:
            if time.monotonic() > end:
                raise Unavailable(OUTAGE.format(self.options.outage))
            if not warned:
                logger.warning("SLURM does not answer; waiting for it")
                warned = True
            self._sleep(min(self.options.poll, 15))
        return jobs

    def _clear(self):
        """Remove what an earlier Snakemake left: jobs in the queue, its lock."""
        if jobs := self._queue():
            waits = self.options.leftovers == "wait"
            logger.warning(
                "%d jobs of an earlier submission are left: %s",
                len(jobs),
                "waiting for those that run" if waits else "cancelling them",
            )
            running = {job for job, state in jobs.items() if state in ("RUNNING", "COMPLETING")}
            slurm.cancel(set(jobs) - running if waits else jobs)
            self._wait_until_gone(for_ever=waits)
        if self.ownership.unlock():
            logger.warning("Removed the lock of a dead Snakemake")

    def _wait_until_gone(self, for_ever):
        end = time.monotonic() + self.options.leaving
        while jobs := self._queue():
            if time.monotonic() > end and not for_ever:
                raise Unavailable(
                    f"jobs {', '.join(sorted(jobs))} were cancelled {self.options.leaving:.0f} s "
                    "ago and SLURM still has them; two jobs must not write the same files, so "
                    "nothing was started. Look for them with: squeue --jobs=...; an administrator "
                    "can remove a dead node's jobs."
                )
            self._sleep(1)

    def _clear_quietly(self):
        """Clear if SLURM answers; otherwise the next start clears."""
        if slurm.queue(self.prefix) is not None:
            self._clear()
        else:
            self.ownership.unlock()

    def _forget_records(self):
        """Have Snakemake forget its records of trainings whose end it did not see.

        The records are of earlier trainings, perhaps with other parameters, so that the new ones
        would be done again. Trainings without records are kept unless the recipe is newer.
        """
        if not self.unseen.exists():
            return
        since = self.unseen.stat().st_mtime
        histories = Path("results").glob("*/train/*/*/*/history.csv")
        unseen = [str(path) for path in histories if path.stat().st_mtime >= since]
        for start in range(0, len(unseen), 1000):
            subprocess.run(
                command_line(self.options, "--cleanup-metadata", *unseen[start : start + 1000]),
                stdin=subprocess.DEVNULL,
                capture_output=True,  # it complains about those without a record
                env=launch.environment(),
            )

    # -- Snakemake

    def _run_snakemake(self):
        """Run Snakemake once; return its outcome and whether SLURM failed meanwhile."""
        profile = yaml.safe_load((self.options.profile / "profile.yaml").read_text())
        status = slurm.status_command(profile["slurm-init-seconds-before-status-checks"])
        options = ("--slurm-jobname-prefix", self.prefix, "--slurm-status-command", status)
        process = launch.start(
            command_line(self.options, *options),
            self.ownership,
            {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C is for this process, which passes it on
        )
        lines = _Lines(process.stdout)
        try:
            return self._watch(process, lines)
        finally:
            _end(process)
            lines.drain()

    def _watch(self, process, lines):
        """Return the outcome of a running Snakemake and whether SLURM failed meanwhile."""
        waiting, checkpoints = Waiting(self.options.patience), Checkpoints()
        last_answer, next_poll, failed = time.monotonic(), 0, False
        while process.poll() is None:
            self._sleep(0.5)
            now = time.monotonic()
            self.ownership.beat()
            for line in lines.new():
                waiting.read(line, now)
                checkpoints.read(line)
                failed |= bool(NO_ANSWER.search(line))
            if now < next_poll:
                continue
            next_poll = now + self.options.poll
            jobs = slurm.queue(self.prefix)
            if jobs is None:
                if not failed:
                    logger.warning("SLURM does not answer; its jobs may still run")
                failed = True
                if now - last_answer > self.options.outage:
                    logger.error("error: %s", OUTAGE.format(self.options.outage))
                    return "outage", True
            else:
                last_answer = now
                _cancel_held(jobs)
            if forgotten := waiting.forgotten(jobs, time.monotonic()):
                logger.warning(
                    "Snakemake waits for jobs that SLURM ended more than %.0f s ago: %s",
                    self.options.patience,
                    ", ".join(forgotten),
                )
                return "forgot", failed
        failed |= any(NO_ANSWER.search(line) for line in lines.drain())
        return process.returncode, failed


def _cancel_held(jobs):
    """Cancel jobs that SLURM would hold until somebody releases them; Snakemake tries again."""
    if held := [job for job, state in jobs.items() if state == "HELD"]:
        logger.warning(
            "SLURM could not launch these jobs and holds them; cancelling: %s. If this "
            "happens again, check whether a node is drained: sinfo -R",
            ", ".join(held),
        )
        slurm.cancel(held)


class _Lines:
    """The lines of a stream, printed at once and kept until they are asked for."""

    def __init__(self, stream):
        self._kept = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, args=[stream], daemon=True)
        self._thread.start()

    def _read(self, stream):
        for line in stream:
            sys.stderr.write(line)
            sys.stderr.flush()
            self._kept.put(line)

    def new(self):
        """Return the lines since the last call."""
        return [self._kept.get() for _ in range(self._kept.qsize())]

    def drain(self):
        """Wait for the end of the stream; return the lines since the last call."""
        self._thread.join(5)  # a job that outlives Snakemake may hold the stream open
        return self.new()


def _end(process):
    """End Snakemake if it still runs: interrupt it, and kill it if that does not help."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    with suppress(ProcessLookupError):  # the stages that it runs itself would continue
        os.killpg(process.pid, signal.SIGKILL)


def main(options):
    """Submit the workflow and watch it; return the exit status."""
    if not (options.profile / "profile.yaml").is_file():
        raise UserError(
            f"{options.profile}: there is no profile.yaml in it; name a folder that has one"
        )
    with Ownership.take(Path.cwd()) as ownership:
        return Submission(options, ownership).run()
