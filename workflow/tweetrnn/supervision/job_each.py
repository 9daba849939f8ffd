"""Submit a SLURM job for each training, and see to it that Snakemake and SLURM agree.

It runs Snakemake with the same profile as ``snakemake --workflow-profile workflow/profiles/slurm``,
with ``stand_ins`` for SLURM's commands. Jobs that a dead submission left are cancelled, a dead
Snakemake's lock is removed, and a killed Snakemake is started again. docs/cluster.md lists the
faults and what happens.
"""

import logging
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from tweetrnn.running import events, launch
from tweetrnn.supervision import slurm, stand_ins
from tweetrnn.supervision.ownership import Replaced
from tweetrnn.supervision.submission import (
    FINISHED,
    UNFINISHED,
    OthersJob,
    Submission,
    Tail,
    progressed,
)

logger = logging.getLogger("tweetrnn")


def command_line(options, *more):
    """Return Snakemake's command line; what the user gave after -- comes last and wins."""
    return launch.command(
        options.configfile,
        *("--workflow-profile", str(options.profile)),
        *more,
        "--rerun-incomplete",  # after ``more``, which may end with a list of files
        *options.snakemake,
    )


class JobEach(Submission):
    """One run of the command: Snakemake, started as often as needed."""

    SNAKEMAKE_IN_JOB = False
    WHERE = "in the profile's resources, or with -- --set-resources ..."

    def __init__(self, options, ownership):
        super().__init__(options)
        self.ownership = ownership
        # This file is older than all results of jobs whose end no Snakemake has seen.
        self.unseen = ownership.folder / "unseen"

    def work(self):
        """Run the workflow to its end; return 0, or 1 if jobs failed."""
        while True:
            self._clear()
            self._forget_records()
            self.ownership.begin()
            self.unseen.touch()
            began = time.time()
            status = self._run_snakemake()
            interrupted = stand_ins.CLUSTERS_FAULT & stand_ins.ended(self.ownership.folder)
            if status >= 0 and not (status and interrupted and progressed(began, UNFINISHED)):
                self.unseen.unlink(missing_ok=True)
                self._clear()
                return min(status, 1)
            self.count_restart(began, "Snakemakes")
            logger.warning("Starting Snakemake again; trainings continue from their checkpoints")

    def own(self, jobs):
        """Return all jobs that were submitted one by one."""
        return {number: job for number, job in jobs.items() if job.name != self.prefix}

    def _clear(self):
        """Remove what an earlier Snakemake left: jobs in the queue, its lock.

        Raises:
            OthersJob: a job of the folder runs the whole workflow.
        """
        jobs = self.queue()
        for job in jobs.keys() - self.own(jobs).keys():
            raise OthersJob(
                f"SLURM job {job} of this folder runs the whole workflow (WAY=allocation): wait "
                f"for its end, follow it with that way, or cancel it: scancel {job}"
            )
        if jobs:
            waits = self.options.leftovers == "wait"
            logger.warning(
                "%d jobs of an earlier submission are left: %s",
                len(jobs),
                "waiting for those that run" if waits else "cancelling them",
            )
            running = {job for job in jobs if jobs[job].state in ("RUNNING", "COMPLETING")}
            self.cancel_and_wait(set(jobs) - running if waits else set(jobs))
            while running & set(self.queue()):
                self.sleep(1)
        if self.ownership.unlock():
            logger.warning("Removed the lock of a dead Snakemake")

    def _forget_records(self):
        """Have Snakemake forget its records of trainings whose end it did not see.

        The records are of earlier trainings, perhaps with other parameters, so that the new ones
        would be done again. Trainings without records are kept unless the recipe is newer.
        """
        if not self.unseen.exists():
            return
        since = self.unseen.stat().st_mtime
        histories = (path for pattern in FINISHED for path in Path().glob(pattern))
        unseen = [str(path) for path in histories if path.stat().st_mtime >= since]
        for start in range(0, len(unseen), 1000):
            subprocess.run(
                command_line(self.options, "--cleanup-metadata", *unseen[start : start + 1000]),
                stdin=subprocess.DEVNULL,
                capture_output=True,  # it complains about those without a record
                env=launch.environment(),
            )

    def _run_snakemake(self):
        """Run Snakemake once; return its exit status, negative if a signal killed it."""
        # Jobs of other names than this Snakemake's are those of an earlier one.
        name = f"{self.prefix}-{time.time_ns():x}"
        path = f"{self._install()}{os.pathsep}{launch.environment()['PATH']}"
        options = ("--slurm-jobname-prefix", name, "--slurm-status-command", "squeue")
        log = self.ownership.folder / "run.log"
        recorded = events.begin(self.ownership.folder)
        with log.open("wb") as output:
            streams = {"stdout": output, "stderr": subprocess.STDOUT}
            process = launch.start(
                command_line(self.options, *options),
                self.ownership,
                {"PATH": path, **events.variables(recorded)},
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for this process, which passes it on
                **({} if self.options.verbose else streams),
            )
        try:
            with self.shown(log):
                status = self._watch(process, name)
        except BaseException as error:
            _end(process)
            if not isinstance(error, Replaced):  # then the lock may be another command's
                self.ownership.unlock()
            raise
        _end(process)
        if status:
            self.tell_why(log.read_text("utf-8", "replace"))
        return status

    def _install(self):
        return stand_ins.install(self.ownership.folder, self.prefix, self.options.leftovers)

    def _watch(self, process, name):
        """Look after a running Snakemake; return its exit status."""
        messages = Tail(self.ownership.folder / "messages")
        while process.poll() is None:
            jobs = self.turn()
            self.ownership.beat()
            messages.show(self.output)
            if not (self.ownership.folder / "bin").exists():  # somebody deleted the folder
                self._install()
            if jobs is None:
                continue
            self.cancel_held(jobs)
            self.explain(jobs)
            self._cancel_orphans(jobs, name)
        messages.show(self.output)
        return process.returncode

    def _cancel_orphans(self, jobs, name):
        """Cancel jobs that an earlier submission's sbatch brought to SLURM after it had ended."""
        orphans = [
            job.id
            for job in jobs.values()
            if not job.name.startswith(name)
            and (self.options.leftovers == "cancel" or job.state == "PENDING")
        ]
        if orphans:
            logger.warning("Cancelling jobs of an earlier submission: %s", ", ".join(orphans))
            slurm.cancel(orphans)


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
