"""Run the workflow on this machine: ``snakemake --cores all``, safe to start again after any kill.

Plain Snakemake does the same, but asks for ``--unlock`` after it was killed without notice.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tweetrnn.ownership import Ownership

ROOT = Path(__file__).resolve().parents[2]


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
        UserError: the directory belongs to another Snakemake.
    """
    configfile = ["--configfile", options.configfile] if options.configfile else []
    command = [
        *(sys.executable, "-m", "snakemake"),
        *("--snakefile", str(ROOT / "Snakefile")),
        *configfile,
        *("--cores", options.cores),
        "--rerun-incomplete",
        *options.snakemake,
    ]
    # The stages find the same python, whether its environment is activated or not.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with Ownership.take(Path.cwd()) as mine:
        if mine.unlock():
            print("Removed the lock of a Snakemake that is dead", file=sys.stderr)
        mine.begin()
        process = subprocess.Popen(command, env=os.environ | {"PATH": path}, pass_fds=[mine.handle])
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells Snakemake as well
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, frame: process.send_signal(number))
        while True:
            try:
                return process.wait(1)
            except subprocess.TimeoutExpired:
                mine.beat()
