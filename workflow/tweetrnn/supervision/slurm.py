"""Ask SLURM about jobs, through SLURM's commands."""

import hashlib
import os
import re
import subprocess
from typing import NamedTuple

# What sbatch says if the same command may work later.
TRY_AGAIN = re.compile(
    r"Unable to contact slurm controller|Socket timed out on send/recv|"
    r"Slurm backup controller in standby mode|[Tt]emporarily unable to accept job|"
    r"Unable to allocate resources: (?:Resource temporarily unavailable|Zero Bytes)|"
    r"MaxSubmit\w*|Connection refused|does not answer"
)
# Reasons for which a job waits and that no time will change: what to do.
HOPELESS = {
    "PartitionTimeLimit": "it asks for more time than the partition allows; ask for less",
    "PartitionNodeLimit": "it asks for more nodes than the partition allows; ask for fewer",
    "PartitionConfig": "it asks for more than the partition has; ask for less",
    "BadConstraints": "no node has what it asks for; change constraint, memory or GPUs",
    "AccountNotAllowed": "the account may not use this partition; name another of either",
    "InvalidAccount": "there is no such account; name another",
    "InvalidQOS": "there is no such quality of service; name another",
    "QOSMaxWallDurationPerJobLimit": "it asks for more time than its QOS allows; ask for less",
    "AssocMaxWallDurationPerJobLimit": "it asks for more time than its account has; ask for less",
}
# Reasons that may pass, but often need somebody to do something.
HINTS = {
    "ReqNodeNotAvail": "nodes are down, drained or reserved: see sinfo -R and scontrol show res",
    "Nodes required for job are DOWN": "see sinfo -R",
    "PartitionDown": "the partition is down: see sinfo",
    "job requeued in held state": "release it with scontrol release",
    "JobHeldUser": "somebody holds it; release it with scontrol release",
    "JobHeldAdmin": "an administrator holds it; ask why",
    "QOSMax": "a limit of the quality of service; it waits for your other jobs",
    "AssocGrp": "a limit of the account; it waits for other jobs",
}
LONGEST_PAUSE = 60  # seconds between two attempts to submit
# The user's own settings for SLURM's commands that would change what they print here.
USERS_OWN = ("SQUEUE_", "SCANCEL_", "SACCT_", "SINFO_", "SLURM_CLUSTERS", "SLURM_TIME_FORMAT")


class Job(NamedTuple):
    """A job in the queue; ``reason`` says why it waits."""

    id: str
    state: str
    reason: str
    name: str
    comment: str


def job_prefix(directory):
    """Return the prefix of the names of all jobs that are submitted from ``directory``."""
    digest = hashlib.sha256(os.path.realpath(directory).encode()).hexdigest()
    return f"tweetrnn-{digest[:12]}"


def forget_users_settings():
    """Remove the user's settings for SLURM's commands from this process's environment."""
    for key in [key for key in os.environ if key.startswith(USERS_OWN)]:
        del os.environ[key]


def run(*command, seconds=60):
    """Run one of SLURM's commands; return a CompletedProcess.

    The status of one that hangs or is not installed is 1, with the reason on standard error.
    """
    try:
        return subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        reason = f"there is no {command[0]} on the PATH"
    except subprocess.TimeoutExpired:
        reason = f"{command[0]} does not answer"
    return subprocess.CompletedProcess(command, 1, "", reason)


def pauses():
    """Yield the seconds to wait between attempts to submit, longer and longer."""
    pause = 1
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE)


def jobs(prefix, ended=False):
    """Return {job id: Job} of this user's jobs whose names have a prefix, None without an answer.

    Args:
        ended: also those that SLURM still knows although they have ended.
    """
    more = ["--states=all"] if ended else []
    # One user's jobs are chosen by the controller; names would be chosen here, from everybody's.
    done = run("squeue", "--noheader", f"--user={os.getuid()}", "--format=%i|%T|%r|%j|%k", *more)
    if done.returncode:
        return None
    rows = [(line.split("|", 4) + [""] * 4)[:5] for line in done.stdout.splitlines()]
    return {row[0]: Job(*row) for row in rows if row[3].startswith(prefix)}


def cancel(ids):
    """Ask SLURM to cancel jobs, a hundred at a time; ``jobs`` shows whether they are gone."""
    ids = list(ids)
    for start in range(0, len(ids), 100):
        run("scancel", *ids[start : start + 100])


def signal_steps(job, name):
    """Send a signal to all job steps of a job, not to its batch script."""
    # SLURM itself signals those of a job that is queued again; scancel would try for minutes.
    run("scancel", f"--signal={name}", job, seconds=5)


def ask_accounting(ids):
    """Return {job id: state} of ended jobs, from accounting; {} if there is none."""
    if not ids:
        return {}
    done = run(
        "sacct", "-X", "-n", "--parsable2", "--format=JobIDRaw,State", f"--jobs={','.join(ids)}"
    )
    rows = [line.split("|") for line in done.stdout.splitlines()] if done.returncode == 0 else []
    return {row[0]: row[1] for row in rows if len(row) == 2}
