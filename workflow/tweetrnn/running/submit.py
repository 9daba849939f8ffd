"""Run the workflow on a SLURM cluster, under a watchdog.

It is the same Snakemake with the same profile as ``snakemake --workflow-profile
workflow/profiles/slurm``; added is what Snakemake and SLURM do not do for each other: leftovers of
a dead submission are cleared, a dead Snakemake's lock is removed, and a Snakemake that waits for
jobs which SLURM does not have any more is started anew. docs/cluster.md tells which fault ends how.
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
from tweetrnn.running import slurm
from tweetrnn.running.ownership import Ownership, die_with_parent

logger = logging.getLogger("tweetrnn")
ROOT = Path(__file__).resolve().parents[3]
UNAVAILABLE = 69  # EX_UNAVAILABLE of sysexits.h: the cluster did not recover
STOP_SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

SUBMITTED = re.compile(r"^Job (\d+) has been submitted with SLURM jobid (\S+) ")
TRAINING = re.compile(
    r"^Job (\d+) has been submitted .*/rule_train/([^/_]+)_([^/_]+)_(\d+)/[^/]+\.log"
)
FINISHED = re.compile(r"^Finished jobid: (\d+) ")
FAILED = re.compile(r"^ +jobid: (\d+)$")
NO_ANSWER = re.compile(
    r"Unable to contact slurm controller|Socket timed out on send/recv|"
    r"Slurm backup controller in standby mode|Slurm temporarily unable to accept job"
)


def add_arguments(parser):
    """Add this command's options."""
    parser.add_argument("--configfile", metavar="FILE", help="the experiment's config")
    parser.add_argument(
        "--profile",
        type=Path,
        default=ROOT / "workflow/profiles/slurm",
        metavar="FOLDER",
        help="Snakemake's workflow profile (default: workflow/profiles/slurm)",
    )
    parser.add_argument(
        "--leftovers",
        choices=["cancel", "wait"],
        default="cancel",
        help="what becomes of a dead submission's running jobs: cancelled, to go on from their "
        "checkpoints, or waited for (default: cancel)",
    )
    seconds = [
        ("poll", 15, "ask SLURM every so many seconds"),
        (
            "patience",
            300,
            "Snakemake must have noticed a job's end after so many seconds; it asks SLURM every "
            "180 s or more often",
        ),
        ("leaving", 300, "a cancelled job must be gone after so many seconds"),
        ("outage", 3600, "give up when SLURM has not answered for so many seconds"),
    ]
    for name, default, summary in seconds:
        parser.add_argument(
            f"--{name}",
            type=float,
            default=default,
            metavar="SECONDS",
            help=f"{summary} (default: {default})",
        )
    parser.add_argument(
        "--restarts",
        type=int,
        default=3,
        metavar="N",
        help="start Snakemake anew at most so often after faults of the cluster (default: 3)",
    )
    parser.add_argument(
        "snakemake", nargs="*", metavar="...", help="after --: options and targets for Snakemake"
    )


def job_prefix(directory):
    """Return the beginning of the job names of every submission from ``directory``."""
    digest = hashlib.sha256(os.path.realpath(directory).encode()).hexdigest()
    return f"tweetrnn-{digest[:12]}"


class Waiting:
    """The SLURM jobs that Snakemake waits for, by what it prints and what the queue shows.

    A job is forgotten when SLURM has not had it for ``patience`` seconds and Snakemake has still
    not said that it ended. Times are those of one monotonic clock, in seconds.
    """

    def __init__(self, patience):
        self.patience = patience
        self.seen = {}  # Snakemake's job number: (SLURM's job id, when it was last alive)

    def read(self, line, now):
        """Take note of one line of Snakemake's output."""
        if found := SUBMITTED.match(line):
            self.seen[found[1]] = (found[2], now)
        elif found := FINISHED.match(line) or FAILED.match(line):
            self.seen.pop(found[1], None)

    def look(self, alive, now):
        """Compare with the queue (job ids, None for no answer); return forgotten jobs."""
        for number, (job, _) in list(self.seen.items()):
            if alive is None or job in alive:
                self.seen[number] = (job, now)
        return sorted(job for job, last in self.seen.values() if now - last > self.patience)


class Checkpoints:
    """Removes a training's checkpoint once Snakemake says that its job is done.

    The workflow does so, too, but only at its end, and each is as large as four times the weights.
    """

    def __init__(self):
        self.submitted = {}  # Snakemake's job number: CELL/COMBINATION/REPLICATE

    def read(self, line):
        """Take note of one line of Snakemake's output."""
        if found := TRAINING.match(line):
            self.submitted[found[1]] = "/".join(found.groups()[1:])
        elif (found := FINISHED.match(line)) and (run := self.submitted.pop(found[1], None)):
            for folder in Path("results").glob("*"):
                paths = Results(folder).run(run)
                if paths.history.exists():
                    shutil.rmtree(paths.checkpoint, ignore_errors=True)


def decide(outcome, cluster_failed, restarts_left):
    """Return what follows a Snakemake that has ended: "restart" or an exit status.

    Args:
        outcome: Snakemake's exit status (negative: killed by that signal), "forgot" (it waited for
            jobs that were gone) or "outage" (SLURM stayed away).
        cluster_failed: whether SLURM did not answer at some time.
        restarts_left: how many restarts remain.
    """
    if outcome == 0:
        return 0
    if outcome == "outage":
        return UNAVAILABLE
    ours = outcome != "forgot" and outcome > 0 and not cluster_failed
    if ours:
        return 1
    return "restart" if restarts_left > 0 else UNAVAILABLE


def snakemake(options):
    """Return the beginning of Snakemake's command lines."""
    configfile = ["--configfile", options.configfile] if options.configfile else []
    return [
        *(sys.executable, "-m", "snakemake"),
        *("--snakefile", str(ROOT / "Snakefile")),
        *("--workflow-profile", str(options.profile)),
        *configfile,
    ]


def command_line(options, prefix, status_command):
    """Return Snakemake's command line; what the user gave after -- comes last and wins."""
    return [
        *snakemake(options),
        "--rerun-incomplete",
        *("--slurm-jobname-prefix", prefix),
        *("--slurm-status-command", status_command),
        *options.snakemake,
    ]


class Unavailable(Exception):
    """The cluster did not recover; the message says from what, and what to do."""


class _Stopped(Exception):
    """A signal asked this process to end."""


class Submission:
    """One run of the command: Snakemake, started as often as need be, and its watchdog."""

    def __init__(self, options, ownership):
        self.options = options
        self.ownership = ownership
        self.prefix = job_prefix(Path.cwd())
        # Older than all results of jobs whose end no Snakemake has seen.
        self.unseen = ownership.folder / "unseen"
        self.stopped_by = None
        self.wake = threading.Event()

    def run(self):
        """Run the workflow to its end; return the exit status."""
        for number in STOP_SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:  # as nohup sets it
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
                logger.warning("Starting Snakemake anew (%d more times at most)", restarts_left)
        except _Stopped:
            number, self.stopped_by = self.stopped_by, None
            return self._leave(128 + number)
        except Unavailable as error:
            logger.error("error: %s", error)
            return UNAVAILABLE

    def _leave(self, status):
        """Clear after a signal; a second one is obeyed at once. Return the exit status."""
        try:
            self._clear_quietly()
            logger.warning(
                "Stopped; cancelled trainings have left checkpoints, and the same command goes on"
            )
        except (_Stopped, Unavailable):
            logger.warning(
                "Stopped, but SLURM may still have jobs; the same command clears them and goes on"
            )
        return status

    def _stop(self, number, frame):
        self.stopped_by = number
        self.wake.set()

    def _sleep(self, seconds):
        """Wait; raise when a signal has come."""
        if self.wake.wait(seconds):
            self.wake.clear()
        if self.stopped_by is not None:
            raise _Stopped

    # -- before and after Snakemake

    def _queue(self):
        """Return the queue, waiting as long as an outage may last."""
        end = time.monotonic() + self.options.outage
        told = False
        while (found := slurm.queue(self.prefix)) is None:
            if time.monotonic() > end:
                raise Unavailable(
                    f"SLURM has not answered for {self.options.outage:.0f} s (squeue fails). Jobs "
                    "may be running; the same command, once SLURM is back, clears them and goes on."
                )
            if not told:
                logger.warning("SLURM does not answer; waiting for it")
                told = True
            self._sleep(min(self.options.poll, 15))
        return found

    def _clear(self):
        """Leave nothing of an earlier Snakemake: no job in the queue, no lock."""
        if found := self._queue():
            waits = self.options.leftovers == "wait"
            logger.warning(
                "%d jobs of an earlier submission are left: %s",
                len(found),
                "waiting for those that run" if waits else "cancelling them",
            )
            runs = [job for job, state in found.items() if state in ("RUNNING", "COMPLETING")]
            slurm.cancel(set(found) - set(runs) if waits else found)
            self._wait_until_gone(without_end=waits)
        if self.ownership.unlock():
            logger.warning("Removed the lock of a Snakemake that is dead")

    def _wait_until_gone(self, without_end):
        end = time.monotonic() + self.options.leaving
        while found := self._queue():
            if time.monotonic() > end and not without_end:
                raise Unavailable(
                    f"jobs {', '.join(sorted(found))} were cancelled {self.options.leaving:.0f} s "
                    "ago and SLURM still has them; two jobs must not write the same files, so "
                    "nothing was started. Ask for them with: squeue --jobs=...; an administrator "
                    "can clear a dead node's jobs."
                )
            self._sleep(1)

    def _clear_quietly(self):
        """Clear, but let a cluster that does not answer have its way: the next start clears."""
        if slurm.queue(self.prefix) is not None:
            self._clear()
        else:
            self.ownership.unlock()

    def _forget_records(self):
        """Have Snakemake forget its records of trainings whose end it did not see.

        They tell of earlier trainings, maybe with other parameters, and would have the new ones
        done again. Trainings without records are kept unless the recipe is newer than they are.
        """
        if not self.unseen.exists():
            return
        since = self.unseen.stat().st_mtime
        made = [
            str(path)
            for path in Path("results").glob("*/train/*/*/*/history.csv")
            if path.stat().st_mtime >= since
        ]
        for start in range(0, len(made), 1000):
            subprocess.run(
                [
                    *(*snakemake(self.options), "--cleanup-metadata", *made[start : start + 1000]),
                    *("--rerun-incomplete", *self.options.snakemake),  # an option ends the list
                ],
                stdin=subprocess.DEVNULL,
                capture_output=True,  # it complains about those without a record
                env=_environment(),
            )

    # -- Snakemake

    def _run_snakemake(self):
        """Run Snakemake once; return its outcome and whether SLURM failed meanwhile."""
        profile = yaml.safe_load((self.options.profile / "profile.yaml").read_text())
        status = slurm.status_command(profile["slurm-init-seconds-before-status-checks"])
        process = subprocess.Popen(
            command_line(self.options, self.prefix, status),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=_environment(),
            pass_fds=[self.ownership.handle],
            start_new_session=True,  # a Ctrl-C is for this process, which passes it on
            preexec_fn=die_with_parent,
        )
        waiting, lines = Waiting(self.options.patience), _Lines(process.stdout)
        checkpoints = Checkpoints()
        try:
            return self._watch(process, waiting, checkpoints, lines)
        finally:
            _end(process)
            lines.drain()

    def _watch(self, process, waiting, checkpoints, lines):
        last_answer, next_look, failed = time.monotonic(), 0, False
        while process.poll() is None:
            self._sleep(0.5)
            now = time.monotonic()
            self.ownership.beat()
            for line in lines.new():
                waiting.read(line, now)
                checkpoints.read(line)
                failed |= bool(NO_ANSWER.search(line))
            if now < next_look:
                continue
            next_look = now + self.options.poll
            found = slurm.queue(self.prefix)
            if found is None:
                if not failed:
                    logger.warning("SLURM does not answer; its jobs may go on all the same")
                failed = True
                if now - last_answer > self.options.outage:
                    logger.error(
                        "error: SLURM has not answered for %.0f s. Jobs may be running; the same "
                        "command, once SLURM is back, clears them and goes on.",
                        self.options.outage,
                    )
                    return "outage", True
            else:
                last_answer = now
                self._release_held(found)
            if forgotten := waiting.look(found, time.monotonic()):
                logger.warning(
                    "Snakemake waits for jobs that SLURM ended more than %.0f s ago: %s",
                    self.options.patience,
                    ", ".join(forgotten),
                )
                return "forgot", failed
        failed |= any(NO_ANSWER.search(line) for line in lines.drain())
        return process.returncode, failed

    def _release_held(self, found):
        """Cancel jobs that SLURM would hold back until somebody helps; Snakemake tries again."""
        if held := [job for job, state in found.items() if state == "HELD"]:
            logger.warning(
                "SLURM could not launch and now holds, so cancelling: %s. If this repeats, look "
                "whether a node is drained: sinfo -R",
                ", ".join(held),
            )
            slurm.cancel(held)


def _environment():
    """Return Snakemake's environment: jobs find the same python, lines come as they are printed."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return os.environ | {"PATH": path, "PYTHONUNBUFFERED": "1"}


class _Lines:
    """The lines of a stream, shown at once and kept until they are asked for."""

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
    """End Snakemake if it still runs: politely for a while, then for certain."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    with suppress(ProcessLookupError):  # the stages that it ran itself would write on
        os.killpg(process.pid, signal.SIGKILL)


def main(options):
    """Submit the workflow and watch it; return the exit status."""
    if not (options.profile / "profile.yaml").is_file():
        raise UserError(f"{options.profile}: no profile.yaml in it; name a folder that has one")
    with Ownership.take(Path.cwd()) as ownership:
        return Submission(options, ownership).run()
