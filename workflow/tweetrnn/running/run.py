"""Run the workflow on this machine: ``snakemake --cores all``, safe to start again after any kill.

Plain Snakemake does the same, but asks for ``--unlock`` after it was killed without notice.
"""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tweetrnn.config import read
from tweetrnn.running.ownership import Ownership, die_with_parent

ROOT = Path(__file__).resolve().parents[3]


def add_arguments(parser):
    """Add this command's options."""
    parser.add_argument("--configfile", metavar="FILE", help="the experiment's config")
    parser.add_argument("--cores", default="all", help="processor cores to use (default: all)")
    parser.add_argument(
        "snakemake", nargs="*", metavar="...", help="after --: options and targets for Snakemake"
    )


def main(options):
    """Run Snakemake to its end; return its exit status.

    Raises:
        UserError: the config cannot be read, or the directory belongs to another Snakemake.
    """
    configfile = []
    if options.configfile:
        read(options.configfile)  # Snakemake would tell what is wrong in a traceback
        configfile = ["--configfile", options.configfile]
    snakefile = ROOT / "Snakefile"
    command = [
        *(sys.executable, "-m", "snakemake"),
        # Without a checkout, Snakemake finds the working folder's own workflow/Snakefile.
        *(["--snakefile", str(snakefile)] if snakefile.is_file() else []),
        *configfile,
        *("--cores", options.cores),
        "--rerun-incomplete",
        *options.snakemake,
    ]
    # The stages find the same python, whether its environment is activated or not.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with (
        Ownership.take(Path.cwd()) as mine,
        tempfile.NamedTemporaryFile("r", encoding="utf-8", prefix="tweetrnn-") as told,
    ):
        if mine.unlock():
            print("Removed the lock of a Snakemake that is dead", file=sys.stderr)
        mine.begin()
        process = subprocess.Popen(
            command,
            env=os.environ | {"PATH": path, "TWEETRNN_ERRORS": told.name},
            pass_fds=[mine.handle],
            preexec_fn=die_with_parent,
        )
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells Snakemake as well
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, frame: process.send_signal(number))
        status = _wait(process, mine)
        mine.unlock()  # one that was killed leaves its lock
        if errors := told.read():
            print(f"\nWhat failed, in its own words:\n{errors}", end="", file=sys.stderr)
        return status


def _wait(process, mine):
    """Return the exit status of ``process``, as a shell would tell it."""
    while True:
        try:
            status = process.wait(1)
            return 128 - status if status < 0 else status
        except subprocess.TimeoutExpired:
            mine.beat()
