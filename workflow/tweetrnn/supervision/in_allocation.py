"""Run the workflow inside a SLURM allocation: ``allocation`` submits this as a batch job.

Snakemake runs here, on the job's first node, and starts each training as a job step with ``srun``,
which may be on another node. When this process ends, so does the job, and SLURM ends its steps.
"""

import argparse
import os
import re
import signal
import socket
import sys
import threading
from pathlib import Path

from tweetrnn.errors import UserError
from tweetrnn.files import write_json
from tweetrnn.running import launch
from tweetrnn.running.run import supervise
from tweetrnn.supervision import slurm
from tweetrnn.supervision.submission import is_here

# For trainings to write checkpoints and Snakemake to end. SLURM kills a cancelled job after some 30
# seconds, and one whose time is up after 60.
LAST_SECONDS = {signal.SIGTERM: 10, signal.SIGUSR1: 45}
# The variable that makes trainings job steps: the most memory that one can have, in MB.
STEP = "TWEETRNN_STEP_MB"


def cpus(description):
    """Return the CPUs of each node in SLURM_JOB_CPUS_PER_NODE, a list: ``4(x2),2`` is [4, 4, 2]."""
    found = re.findall(r"(\d+)(?:\(x(\d+)\))?", description)
    return [int(number) for number, times in found for _ in range(int(times or 1))]


def memory(variables):
    """Return a job's memory on each node in MB, a list; zeros if it is all that the nodes have."""
    nodes = cpus(variables["SLURM_JOB_CPUS_PER_NODE"])
    if per_cpu := variables.get("SLURM_MEM_PER_CPU"):
        return [int(per_cpu) * number for number in nodes]
    return [int(variables.get("SLURM_MEM_PER_NODE", 0))] * len(nodes)


def resources(variables):
    """Return Snakemake's options for what a job of these SLURM variables has, a list.

    Snakemake knows only the sum over all nodes. A step that no node has room for yet waits.
    """
    nodes = cpus(variables["SLURM_JOB_CPUS_PER_NODE"])
    gpus = int(variables.get("SLURM_GPUS_ON_NODE", 0)) * len(nodes)
    limits = {"mem_mb": sum(memory(variables)), "gpu": gpus}
    known = [f"{name}={limit}" for name, limit in limits.items() if limit]
    return [
        *("--cores", str(sum(nodes)), "--max-threads", str(max(nodes))),
        *(["--resources", *known] if known else []),
        *(["--set-resources", "train:gpu=1"] if gpus else []),
    ]


def step(threads, gpus):
    """Return the command that starts a stage as a job step, if this is a job that wants that.

    Only Snakemake's own process knows; the stage's other parameters do not depend on it. The step's
    memory is that of the variable SLURM_MEM_PER_NODE.
    """
    if STEP not in os.environ:
        return ""
    return (
        f"srun --exact --ntasks=1 --nodes=1 --cpus-per-task={threads} "
        f"{'--gpus-per-task=1' if gpus else '--gres=none'} --input=none --quiet"
    )


def at_most(memory_mb):
    """Return as much memory as a job step can have: srun would wait for more for ever."""
    return min(memory_mb, int(os.environ.get(STEP, 0)) or memory_mb)


def main():
    """Run Snakemake to its end; note its exit status for ``allocation``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder")
    parser.add_argument("--outcome", type=Path)
    parser.add_argument("--profile")
    launch.add_arguments(parser)
    options = parser.parse_args()
    job = os.environ["SLURM_JOB_ID"]
    if not is_here(options.folder):
        raise SystemExit(  # SLURM starts the job in /tmp then
            f"error: {options.folder}: there is no such folder on {socket.gethostname()}. It must "
            "be on a file system that all nodes share, and must not be moved while its job waits"
        )
    command = launch.command(
        options.configfile,
        *resources(os.environ),
        *("--workflow-profile", options.profile),  # takes one value; what follows may be a target
        *options.snakemake,
    )
    most = max(memory(os.environ))
    for name in ("SLURM_MEM_PER_CPU", "SLURM_MEM_PER_NODE"):  # srun takes no two of them
        os.environ.pop(name, None)
    received = []

    def stop(number, process):
        """End Snakemake without new trainings; those that run write checkpoints."""
        received.append(number)
        process.send_signal(signal.SIGTERM)
        # Snakemake 9 can wait for itself for ever if a job ends while it handles a signal.
        timer = threading.Timer(LAST_SECONDS[number], process.kill)
        timer.daemon = True
        timer.start()
        slurm.signal_steps(job, "TERM")

    try:
        status = supervise(command, {STEP: str(most)}, (signal.SIGTERM, signal.SIGUSR1), stop)
    except UserError as error:  # such as another Snakemake in this folder
        print(f"error: {error}", file=sys.stderr)
        status = 1
    if status and signal.SIGUSR1 in received:  # time is up
        slurm.run("scontrol", "requeue", job)
    write_json(options.outcome, {"job": job, "status": status, "stopped": bool(received)})
    return status


if __name__ == "__main__":
    raise SystemExit(main())
