"""Start Snakemake on this checkout's workflow, or on that of the working folder."""

import getpass
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tweetrnn.config import read, resolve
from tweetrnn.errors import UserError
from tweetrnn.supervision.ownership import die_with_parent

ROOT = Path(__file__).resolve().parents[3]
# What the user's Python settings must not be, in Snakemake and in the stages.
PYTHON = {
    "PYTHONSAFEPATH": "1",  # a random.py in the working folder is not Python's
    "PYTHONWARNINGS": "",  # a library's warning is no error
}
PACKAGES = Path(__file__).resolve().parents[2]  # where tweetrnn is imported from


def add_arguments(parser):
    """Add the options of every command that starts Snakemake."""
    parser.add_argument("--configfile", metavar="FILE", help="the experiment's config")
    parser.add_argument(
        "snakemake", nargs="*", metavar="...", help="after --: options and targets for Snakemake"
    )


def read_config(path):
    """Return the config file ``path``, a dict.

    Raises:
        UserError: it cannot be read, or only once, whereas Snakemake reads it again.
    """
    if Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir()):
        raise UserError(f"{path}: expected a regular file, which can be read again; save it as one")
    return read(path)  # Snakemake would report a mistake with a traceback


# Snakemake's options that change the config, or choose another workflow.
_CHANGES = ("--config", "-C", "--snakefile", "-s", "--directory", "-d")


def check_config(options):
    """Check the config file that a command's options name, as far as they alone decide.

    Raises:
        UserError: there is a mistake in it; Snakemake would find it seconds later.
    """
    if not options.configfile:
        return
    config = read_config(options.configfile)
    ours = (ROOT / "Snakefile").is_file()  # otherwise the working folder's workflow, of any config
    changed = any(str(option).startswith(_CHANGES) for option in options.snakemake)
    if ours and not changed and "__use_yte__" not in config:
        resolve(config)


def command(configfile, *options):
    """Return Snakemake's command line, a list."""
    snakefile = ROOT / "Snakefile"
    return [
        *(sys.executable, "-m", "snakemake"),
        # Without a checkout, Snakemake finds the working folder's own workflow/Snakefile.
        *(["--snakefile", str(snakefile)] if snakefile.is_file() else []),
        *([f"--configfile={configfile}"] if configfile else []),  # it may begin with -
        *options,
    ]


def environment():
    """Return Snakemake's environment, in which stages find the same Python, activated or not."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH') or os.defpath}"
    variables = {
        "PATH": path,
        **PYTHON,
        "PYTHONUTF8": "1",  # paths have any letters, in any locale
    }
    return os.environ | variables | _user()


def _user():
    """Return what Snakemake must know of a user without a name or a home, as in a container."""
    variables, home = {}, os.path.expanduser("~")
    try:
        getpass.getuser()
    except (KeyError, OSError):
        variables["USER"] = str(os.getuid())
    if not os.path.isabs(home):
        home = variables["HOME"] = "/"
    if not _can_write(os.environ.get("XDG_CACHE_HOME") or f"{home}/.cache"):
        variables["XDG_CACHE_HOME"] = os.path.abspath(".snakemake/cache")
    return variables


def _can_write(folder):
    """Return whether files can be put into a folder, which is made if need be."""
    with suppress(OSError):
        os.makedirs(folder, exist_ok=True)
    return os.access(folder, os.W_OK)


def start(command, ownership, variables, **options):
    """Start Snakemake, which shares the Ownership of its directory; return the Popen object."""
    return subprocess.Popen(
        command,
        env=environment() | variables,
        pass_fds=[ownership.handle],
        preexec_fn=die_with_parent,
        **options,
    )
