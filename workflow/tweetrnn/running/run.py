"""Run the workflow on this machine: ``snakemake --cores all``, safe to start again after any kill.

Plain Snakemake does the same, but needs ``--unlock`` after it was killed without notice.
"""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tweetrnn.running import launch
from tweetrnn.supervision.ownership import Ownership


def add_arguments(parser):
    """Add this command's options."""
    launch.add_arguments(parser)
    parser.add_argument("--cores", default="all", help="processor cores to use (default: all)")


def main(options):
    """Run Snakemake to its end; return its exit status.

    Raises:
        UserError: the config cannot be read, or another Snakemake runs in this directory.
    """
    if options.configfile:
        launch.read_config(options.configfile)
    command = launch.command(
        options.configfile, "--cores", options.cores, "--rerun-incomplete", *options.snakemake
    )
    signals = (signal.SIGTERM, signal.SIGHUP)
    return supervise(command, {}, signals, lambda number, process: process.send_signal(number))


def supervise(command, variables, signals, stop):
    """Run Snakemake to its end in the working folder; return its exit status.

    Args:
        command: Snakemake's command line.
        variables: more variables of its environment.
        signals: those after which ``stop(number, process)`` is called.
    """
    with (
        Ownership.take(Path.cwd()) as ownership,
        tempfile.NamedTemporaryFile("r", encoding="utf-8", prefix="tweetrnn-") as errors,
    ):
        if ownership.unlock():
            print("Removed the lock of a dead Snakemake", file=sys.stderr)
        ownership.begin()
        process = launch.start(command, ownership, variables | {"TWEETRNN_ERRORS": errors.name})
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to Snakemake as well
        for number in signals:
            signal.signal(number, lambda number, frame: stop(number, process))
        status = _wait(process, ownership)
        ownership.unlock()  # a killed Snakemake leaves its lock
        if messages := errors.read():
            print(f"\nWhat failed:\n{messages}", end="", file=sys.stderr)
        return status


def _wait(process, ownership):
    """Return the exit status of ``process``, as a shell reports it."""
    while True:
        try:
            status = process.wait(1)
            return 128 - status if status < 0 else status
        except subprocess.TimeoutExpired:
            ownership.beat()
