"""Ask SLURM about jobs, through SLURM's commands."""

import os
import re
import subprocess

# Seconds between two polls of Snakemake's SLURM plugin, which slows down while nothing finishes.
LONGEST_POLL = 180


def _ask(*command, seconds=60):
    """Return a command's standard output, or None if it fails, hangs or is not installed."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def parse_queue(table, prefix):
    """Return {job id: state} of the lines ``id|state|reason|name`` whose names have that prefix.

    A job that SLURM holds for ever because it could not be launched has the state HELD.
    """
    jobs = {}
    for line in table.splitlines():
        job, state, reason, name = (line.split("|", 3) + [""] * 3)[:4]
        if name.startswith(prefix):
            jobs[job] = "HELD" if reason.replace("_", " ").startswith("launch failed") else state
    return jobs


def queue(prefix):
    """Return {job id: state} of this user's unfinished jobs whose names have that prefix.

    None if SLURM did not answer.
    """
    user = f"--user={os.getuid()}"
    table = _ask("squeue", "--noheader", "--array", user, "--format=%i|%T|%r|%j")
    return None if table is None else parse_queue(table, prefix)


def cancel(jobs):
    """Ask SLURM to cancel the jobs, a hundred at a time; ``queue`` shows whether they are gone."""
    jobs = list(jobs)
    for start in range(0, len(jobs), 100):
        _ask("scancel", *jobs[start : start + 100])


def parse_min_job_age(config):
    """Return for how many seconds ``squeue`` shows an ended job, None if unknown."""
    match = re.search(r"^MinJobAge\s*=\s*(\d+)", config, re.M)
    return int(match[1]) if match else None


def choose_status_command(min_job_age, accounting, first_poll):
    """Return the command by which Snakemake should ask for its jobs: "squeue" or "sacct".

    ``min_job_age`` is for how many seconds ``squeue`` shows an ended job, or None; ``accounting``
    whether ``sacct`` answers; ``first_poll`` the plugin's init-seconds-before-status-checks.
    squeue is better if it shows an ended job until the plugin's next poll: with sacct the plugin
    does not understand the state of a cancelled job and waits for ever.
    """
    if min_job_age is not None and min_job_age >= max(3 * first_poll, LONGEST_POLL + 20):
        return "squeue"
    return "sacct" if accounting else "squeue"


def status_command(first_poll):
    """Return the choice of ``choose_status_command`` for this cluster."""
    config = _ask("scontrol", "show", "config") or ""
    accounting = _ask("sacct", "--noheader", "-X", "--starttime=now", "--endtime=now") is not None
    return choose_status_command(parse_min_job_age(config), accounting, first_poll)
