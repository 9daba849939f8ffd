"""Submit the whole workflow as one SLURM job, follow it, and submit it again until it is done.

SLURM sees one job, in which ``in_allocation`` runs Snakemake. The job has the folder's own name and
SLURM runs one job of a name at a time (``--dependency=singleton``), so a folder never has two. This
process only watches: if it dies, the job goes on, and the same command follows it again.
"""

import hashlib
import logging
import os
import shlex
import sys
import time
from contextlib import suppress
from pathlib import Path

from tweetrnn.errors import UserError
from tweetrnn.files import read_json
from tweetrnn.running import events, launch
from tweetrnn.supervision import slurm
from tweetrnn.supervision.ownership import FOLDER
from tweetrnn.supervision.submission import OthersJob, Submission, Tail, Unavailable

logger = logging.getLogger("tweetrnn")
KILLED = 128  # plus the signal's number: the exit status of a process that a signal killed
LOG, OUTCOME = FOLDER / "job.log", FOLDER / "outcome.json"


class Allocation(Submission):
    """One run of the command, with everything in one SLURM job."""

    SNAKEMAKE_IN_JOB = True
    WHERE = "in the profile's job.sh, or with SBATCH=... or --sbatch=..."

    def __init__(self, options):
        super().__init__(options)
        try:
            self._more = shlex.split(options.sbatch or "")
        except ValueError as error:
            raise UserError(f"--sbatch={options.sbatch}: {error}") from None
        asked = [options.snakemake, str(options.profile), options.configfile]
        config = Path(options.configfile).read_bytes() if options.configfile else b""
        # What the job was submitted for, in its comment.
        self.task = hashlib.sha256(repr(asked).encode() + config).hexdigest()[:16]

    def own(self, jobs):
        """Return the folder's one job."""
        return {number: job for number, job in jobs.items() if job.name == self.prefix}

    def work(self):
        """Have jobs run the workflow until it is done; return Snakemake's exit status."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        while True:
            began, tail = time.time(), Tail(LOG)
            job = self._job()
            with self.shown(LOG):
                status = self._follow(job, tail)
            if status is not None:
                if status:
                    self.tell_why(tail.read())
                return status
            ended = (slurm.jobs(self.prefix, ended=True) or {}).get(job)
            state = ended.state if ended else "unknown state"
            if state == "FAILED" and not OUTCOME.exists():
                self.tell_why(tail.read())
                raise UserError(
                    f"SLURM job {job} failed before Snakemake began; what it printed is above and "
                    f"in {LOG}. Is {self.options.profile / 'job.sh'} right?"
                )
            self.count_restart(began, f"SLURM jobs (the last one: {state}; see {LOG})")
            logger.warning(
                "SLURM job %s ended (%s) before the workflow; submitting another", job, state
            )

    def _job(self):
        """Return the id of this folder's job: one that SLURM has already, or a new one."""
        end = time.monotonic() + self.options.outage
        for pause in slurm.pauses():
            if job := next(iter(self.queue().values()), None):
                self._check_task(job)
                if pause == 1:
                    logger.warning("Following SLURM job %s, which this folder has already", job.id)
                return job.id  # perhaps of an sbatch that said it failed
            OUTCOME.unlink(missing_ok=True)
            events.begin()  # those of an earlier job are over
            done = slurm.run(*self._sbatch())
            if done.returncode == 0:
                job = done.stdout.strip().partition(";")[0]
                if not job.isdigit():
                    said = (done.stdout + done.stderr).strip()
                    raise UserError(f"sbatch submitted no job: {said}")
                logger.warning("Submitted SLURM job %s; its output is in %s", job, LOG)
                return job
            if not slurm.TRY_AGAIN.search(done.stderr):
                raise UserError(
                    f"sbatch refused the job: {done.stderr.strip()}\n"
                    f"What it asks for is {self.WHERE}"
                )
            if time.monotonic() > end:
                raise Unavailable(f"sbatch failed for {self.options.outage:.0f} s: {done.stderr}")
            logger.warning("%s; trying again in %d s", done.stderr.strip(), pause)
            self.sleep(pause)

    def _check_task(self, job):
        """Check that one of this folder's jobs does what this command would have it do.

        Raises:
            OthersJob: it does not.
        """
        if job.name != self.prefix:
            raise OthersJob(
                f"SLURM job {job.id} was submitted from this folder with WAY=jobs (--way jobs), "
                "and may still run: use that way again, or cancel its jobs"
            )
        if job.comment != self.task:
            raise OthersJob(
                f"SLURM job {job.id} was submitted from this folder with another config or other "
                f"options; wait for its end, or cancel it: scancel {job.id}"
            )

    def _sbatch(self):
        """Return the command that submits the job."""
        inner = [sys.executable, "-P", "-m", "tweetrnn.supervision.in_allocation"]
        inner += ["--folder", self.directory, "--outcome", OUTCOME]
        inner += ["--profile", self.options.profile]
        inner += [f"--configfile={self.options.configfile}"] if self.options.configfile else []
        inner += ["--", *self.options.snakemake] if self.options.snakemake else []
        path = os.pathsep.join(filter(None, [str(launch.PACKAGES), os.environ.get("PYTHONPATH")]))
        return [  # of an option that is given twice, sbatch takes the last
            *("sbatch", *self._more, "--parsable", f"--job-name={self.prefix}"),
            *("--dependency=singleton", f"--comment={self.task}"),
            *(f"--output={LOG}", f"--error={LOG}", "--open-mode=append"),
            *(self.options.profile / "job.sh", "env", f"PYTHONPATH={path}", *inner),
        ]

    def _follow(self, job, tail):
        """Wait for the job's end; return the exit status, None if the workflow is not done."""
        while True:
            self._show(tail)
            if (status := self._outcome(job)) is not None:
                self._show(tail)
                return status
            if (jobs := self.turn()) is None:
                continue
            if job not in jobs:
                self.sleep(1)  # its last words may take a moment to appear here
                self._show(tail)
                return self._outcome(job)
            self.cancel_held(jobs)
            self.explain(jobs)

    def _show(self, tail):
        """Print what is new in the job's output, unless something else is shown."""
        if self.options.verbose:
            tail.show()

    def _outcome(self, job):
        """Return the exit status of a job's Snakemake that has come to its own end, or None."""
        with suppress(UserError):
            outcome = read_json(OUTCOME)
            if outcome["job"] == job and not outcome["stopped"] and outcome["status"] < KILLED:
                return min(outcome["status"], 1)
        return None
