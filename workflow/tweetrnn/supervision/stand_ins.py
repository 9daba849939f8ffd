"""Stand-ins for sbatch, squeue, sacct and scancel, for Snakemake's SLURM plugin to call.

The plugin gives a job up when sbatch fails for a moment, forgets its jobs when squeue does, does
not know all of SLURM's states, and cancels whatever has a job's number. These commands, first on
the PATH of ``job_each``'s Snakemake, ask SLURM until it answers and only then let the plugin know.
What they have to say goes to a file that ``job_each`` shows.
"""

import argparse
import os
import re
import shlex
import sys
import time
from pathlib import Path

from tweetrnn.errors import Stopped
from tweetrnn.supervision import slurm
from tweetrnn.supervision.guard import Guard

LIVING = ("PENDING", "CONFIGURING", "RUNNING", "SUSPENDED")
UNKNOWN_TO_PLUGIN = ("PREEMPTED", "REVOKED", "SPECIAL_EXIT")
# Ended without success.
FAILED = ("BOOT_FAIL", "CANCELLED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "TIMEOUT")
FAILED += UNKNOWN_TO_PLUGIN
CLUSTERS_FAULT = {*FAILED} - {"FAILED", "OUT_OF_MEMORY"}
ENDED = (*FAILED, "COMPLETED")
PAUSE, LONGEST_LOOK = 3, 40  # seconds; the plugin gives up after 60


def install(folder, prefix, leftovers):
    """Write the commands into ``folder``/bin, and empty the files next to it; return that folder.

    They end with this process: nobody would look after a job that they submit later.

    Args:
        prefix: of the names of this folder's jobs.
        leftovers: "cancel" or "wait", for jobs of an earlier submission.
    """
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    for name in COMMANDS:
        command = [sys.executable, "-P", "-m", "tweetrnn.supervision.stand_ins"]
        command += [name, str(folder), prefix, leftovers, str(os.getpid())]
        path = folder / "bin" / name
        package = shlex.quote(str(Path(__file__).parents[2]))
        path.write_text(f'#!/bin/sh\nPYTHONPATH={package} exec {shlex.join(command)} -- "$@"\n')
        path.chmod(0o755)
    for name in ("jobs", "messages"):
        (folder / name).write_text("")
    return folder / "bin"


def ended(folder):
    """Return the set of states in which jobs have ended since ``install``."""
    return set(re.findall(r"\|(\w+)$", (folder / "jobs").read_text(), re.M))


class Submitter:
    """What the stand-ins know.

    Attributes:
        jobs: a file with a line for each job, ID, and another one, ID|STATE, when it has ended.
    """

    def __init__(self, folder, prefix, leftovers, supervisor=""):
        self.prefix, self.leftovers = prefix, leftovers
        self._guard = Guard(supervisor)
        self.jobs, self._messages = folder / "jobs", folder / "messages"

    def say(self, message):
        """Tell the user something."""
        with self._messages.open("a") as stream:
            stream.write(f"{message}\n")

    def submit(self, arguments):
        """Submit a job as soon as SLURM takes it; print its number and return the exit status."""
        parser = argparse.ArgumentParser(allow_abbrev=False)
        parser.add_argument("--job-name")
        parser.add_argument("--comment")
        wanted, _ = parser.parse_known_args(arguments)
        told = None
        for pause in slurm.pauses():
            self._guard.poll()
            job, reason = self._earlier(wanted.job_name, wanted.comment)
            if not (job or reason):
                done = slurm.run("sbatch", *arguments)
                job, reason = done.stdout.strip(), done.stderr.strip()
                if done.returncode and not slurm.TRY_AGAIN.search(reason):
                    print(reason, file=sys.stderr)
                    return done.returncode
                job = "" if done.returncode else job
            if job:
                self._note(job.partition(";")[0])
                print(job)
                return 0
            if reason != told:
                self.say(f"{reason}; trying again until it works")
                told = reason
            time.sleep(pause)

    def _earlier(self, name, comment):
        """Return (the number of a job submitted already, why to wait before submitting one).

        A job of this Snakemake's name that Snakemake does not know is of an sbatch that failed only
        after SLURM took it; one that it knows and that lives was started again by SLURM. A job of
        another name is an earlier Snakemake's, and must end first.
        """
        found = slurm.jobs(self.prefix, ended=True)
        if found is None:
            return "", "SLURM does not answer"
        known, others = self._noted(), []
        for job in found.values():
            if job.comment == comment and job.name == name:
                if job.id not in known or job.state in LIVING:
                    self.say(f"SLURM has job {job.id} already; it is not submitted again")
                    return job.id, ""
            elif job.comment == comment and job.state in LIVING:
                others.append(job.id)
        if others and self.leftovers == "cancel":
            slurm.cancel(others)
        return "", f"job {others[0]} of an earlier submission is the same" if others else ""

    def _note(self, line):
        with self.jobs.open("a") as stream:
            stream.write(f"{line}\n")

    def states(self, arguments):
        """Print ID|STATE of all jobs as soon as one has ended, or after ``LONGEST_LOOK`` seconds.

        The plugin would ask less and less often. Nothing is printed, so that all jobs go on, if
        SLURM does not answer.
        """
        if "--name" not in arguments:
            return 0  # sacct is also asked for reasons
        name = arguments[arguments.index("--name") + 1]
        end = time.monotonic() + LONGEST_LOOK
        while True:
            self._guard.poll()
            states, ended = self._look(name)
            if ended or time.monotonic() > end:
                break
            time.sleep(PAUSE)
        for job, state in states.items():
            print(f"{job}|{'FAILED' if state in UNKNOWN_TO_PLUGIN else state}")
        return 0

    def _look(self, name):
        """Return ({job id: state}, whether one has ended since the last look); note those."""
        noted = self._noted()
        found = slurm.jobs(name, ended=True)
        if found is None:
            return {}, False
        accounted = slurm.ask_accounting(
            [job for job, state in noted.items() if not state and job not in found]
        )
        # Snakemake looks for the files of a job of which SLURM knows nothing any more.
        states = {job: accounted.get(job, "COMPLETED") for job in noted}
        states |= {job: found[job].state for job in found}
        states |= {job: state for job, state in noted.items() if state}
        states = {job: state.split()[0] for job, state in states.items()}  # "CANCELLED by 1000"
        ended = [job for job in noted if states[job] in ENDED and not noted[job]]
        for job in ended:
            self._note(f"{job}|{states[job]}")
        return states, bool(ended)

    def _noted(self):
        """Return {job id: the state in which it was seen to have ended, or ""}."""
        lines = self.jobs.read_text().split() if self.jobs.exists() else []
        return dict((line + "|").split("|")[:2] for line in lines)

    def cancel(self, arguments):
        """Cancel jobs, but none that only has the number of one of this folder's."""
        own = slurm.jobs(self.prefix) or {}
        slurm.cancel(job for job in arguments if job in own)
        return 0


COMMANDS = {
    "sbatch": Submitter.submit,
    "squeue": Submitter.states,
    "sacct": Submitter.states,
    "scancel": Submitter.cancel,
}


def main():
    """Run one of the commands; return its exit status."""
    name, folder, prefix, leftovers, supervisor, _, *arguments = sys.argv[1:]
    own = str(Path(folder, "bin"))
    path = os.environ["PATH"].split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join(part for part in path if part != own)
    try:
        return COMMANDS[name](Submitter(Path(folder), prefix, leftovers, supervisor), arguments)
    except Stopped:
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
