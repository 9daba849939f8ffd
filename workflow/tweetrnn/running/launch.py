"""Start Snakemake on this checkout's workflow."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def add_arguments(parser):
    """Add the options of every command that starts Snakemake."""
    parser.add_argument("--configfile", metavar="FILE", help="the experiment's config")
    parser.add_argument(
        "snakemake", nargs="*", metavar="...", help="after --: options and targets for Snakemake"
    )


def command(configfile, *options):
    """Return Snakemake's command line, a list; an option follows ``configfile``, never a target."""
    return [
        *(sys.executable, "-m", "snakemake"),
        *("--snakefile", str(ROOT / "Snakefile")),
        *(["--configfile", configfile] if configfile else []),
        *options,
    ]


def environment(**variables):
    """Return Snakemake's environment, in which stages find the same Python, activated or not."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path} | variables
