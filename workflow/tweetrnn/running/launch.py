"""Start Snakemake on this checkout's workflow, or on that of the working folder."""

import os
import subprocess
import sys
from pathlib import Path

from tweetrnn.supervision.ownership import die_with_parent

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = Path(__file__).resolve().parents[2]  # where tweetrnn is imported from


def add_arguments(parser):
    """Add the options of every command that starts Snakemake."""
    parser.add_argument("--configfile", metavar="FILE", help="the experiment's config")
    parser.add_argument(
        "snakemake", nargs="*", metavar="...", help="after --: options and targets for Snakemake"
    )


def command(configfile, *options):
    """Return Snakemake's command line, a list; an option follows ``configfile``, never a target."""
    snakefile = ROOT / "Snakefile"
    return [
        *(sys.executable, "-m", "snakemake"),
        # Without a checkout, Snakemake finds the working folder's own workflow/Snakefile.
        *(["--snakefile", str(snakefile)] if snakefile.is_file() else []),
        *(["--configfile", configfile] if configfile else []),
        *options,
    ]


def environment():
    """Return Snakemake's environment, in which stages find the same Python, activated or not."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # A random.py in the working folder is not Python's.
    return os.environ | {"PATH": path, "PYTHONSAFEPATH": "1"}


def start(command, ownership, variables, **options):
    """Start Snakemake, which shares the Ownership of its directory; return the Popen object."""
    return subprocess.Popen(
        command,
        env=environment() | variables,
        pass_fds=[ownership.handle],
        preexec_fn=die_with_parent,
        **options,
    )
