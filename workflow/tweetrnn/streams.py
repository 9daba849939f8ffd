"""Standard input, output and error of a command, whatever its caller has made of them."""

import io
import os
import sys

from tweetrnn.errors import UserError


class _Closed(io.TextIOBase):
    """Stands for standard output that the caller has closed."""

    def write(self, text):
        """Say so, as soon as something is printed."""
        raise UserError("standard output is closed; send it to a file or to /dev/null")

    def reconfigure(self, **how):
        """Do nothing."""


def prepare():
    """Let no letter that the terminal lacks, and no closed stream, end in a traceback.

    The numbers of closed streams go to /dev/null. Otherwise the next file that is opened would get
    one, and with it what a child process prints.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115 - open to the end
    sys.stdout = sys.stdout or _Closed()
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # pytest's have none
            stream.reconfigure(errors="backslashreplace")


def finish():
    """Write what standard output still holds.

    Raises:
        OSError: its disk is full or its reader gone, which Python would say too late by itself.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        error.filename = "standard output"
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # or Python tries again at its end
        os.close(nowhere)
        raise
