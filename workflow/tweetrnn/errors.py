"""The exceptions that end a stage with one message and no traceback."""

import os
from pathlib import Path


class UserError(Exception):
    """A mistake in the input, the config or the command line.

    Its message says what is wrong, where (file, row, key), what was expected and what to do;
    the command line prints it without a traceback and exits with status 1.
    """


class Stopped(Exception):
    """A training was asked to stop; the message names the signal or the process that ended."""


def repeat_at_end(message):
    """Let ``tweetrnn run`` repeat a message after Snakemake has ended."""
    if path := os.environ.get("TWEETRNN_ERRORS"):
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(f"{message}\n")
