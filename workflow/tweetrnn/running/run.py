"""Run the workflow on this machine: ``snakemake --cores all``, safe to start again after any kill.

Plain Snakemake does the same, but needs ``--unlock`` after it was killed without notice.
"""

import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tweetrnn.running import ending, events, launch, screen
from tweetrnn.running.snapshot import Follower
from tweetrnn.running.watch import watching
from tweetrnn.supervision.ownership import FOLDER, Ownership

logger = logging.getLogger("tweetrnn")
LOG = FOLDER / "run.log"  # Snakemake's output, if it is not shown


def add_arguments(parser):
    """Add this command's options."""
    launch.add_arguments(parser)
    parser.add_argument("--cores", default="all", help="processor cores to use (default: all)")
    parser.add_argument(
        "--verbose",
        action="store_true",
        help=f"print Snakemake's output, which otherwise goes to {LOG}, instead of the progress",
    )


def main(options):
    """Run Snakemake to its end; return its exit status.

    Raises:
        UserError: the config is wrong, or another Snakemake runs in this directory.
    """
    launch.check_config(options)
    command = launch.command(
        options.configfile, "--cores", options.cores, "--rerun-incomplete", *options.snakemake
    )
    signals = (signal.SIGTERM, signal.SIGHUP)

    def stop(number, process):
        process.send_signal(number)

    log = None if options.verbose else LOG
    return supervise(command, {}, signals, stop, log, ending.say)


def supervise(command, variables, signals, stop, log=None, say=ending.say_what_failed):
    """Run Snakemake to its end in the working folder; return its exit status.

    It is 128 plus the signal's number, as a shell has it, if a signal stopped the run.

    Args:
        command: Snakemake's command line.
        variables: more variables of its environment.
        signals: those after which ``stop(number, process)`` is called.
        log: the file for Snakemake's output, of which a view is shown then.
        say: is called with the Ending.
    """
    with (
        Ownership.take(Path.cwd()) as ownership,
        tempfile.NamedTemporaryFile(prefix="tweetrnn-") as errors,
        ExitStack() as stack,
    ):
        if ownership.unlock():
            print("Removed the lock of a dead Snakemake", file=sys.stderr)
        ownership.begin()
        follower = Follower(events.begin())
        variables = variables | events.variables(follower.events)
        variables |= {"TWEETRNN_ERRORS": errors.name}
        options = {}
        if log:
            output = stack.enter_context(log.open("wb"))
            options = {"stdout": output, "stderr": subprocess.STDOUT}
        process = launch.start(command, ownership, variables, **options)
        stopped_by = said = None  # the first signal, and how much had been said when it came

        def note(number, frame):
            nonlocal stopped_by, said
            if not stopped_by:
                stopped_by = number
                follower.stopped_at, said = time.time(), os.path.getsize(errors.name)
            if number in signals:
                stop(number, process)

        for number in (signal.SIGINT, *signals):  # the terminal sends SIGINT to Snakemake as well
            signal.signal(number, note)
        with ExitStack() as shown:
            if log:
                shown.enter_context(watching(follower, screen.screen(log=log), follower.stopping))
            status = _wait(process, ownership)
        ownership.unlock()  # a killed Snakemake leaves its lock
        messages = errors.read()[:said].decode("utf-8", "replace")
        _at_end(ending.Ending(status, messages, follower, log), say)
        return 128 + stopped_by if stopped_by and status else status


def _at_end(end, say):
    """Say how a run ended; whatever goes wrong there, its messages are said."""
    try:
        say(end)
    except Exception:
        logger.debug("cannot say how the run ended", exc_info=True)
        ending.say_what_failed(end)


def _wait(process, ownership):
    """Return the exit status of ``process``, as a shell reports it."""
    while True:
        try:
            status = process.wait(1)
            return 128 - status if status < 0 else status
        except subprocess.TimeoutExpired:
            ownership.beat()
