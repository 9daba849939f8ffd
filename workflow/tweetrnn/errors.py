"""The exceptions that end a stage with one message and no traceback."""

import os
from pathlib import Path


class UserError(Exception):
    """A mistake in the input, the config or the command line.

    Its message says what is wrong, where (file, row, key), what was expected and what to do;
    the command line prints it without a traceback and exits with status 1.
    """


class Stopped(Exception):
    """A training was asked to stop; the message says by what."""


def repeat_at_end(message):
    """Have ``tweetrnn run`` repeat a message when Snakemake has ended."""
    if path := os.environ.get("TWEETRNN_ERRORS"):
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(f"{message}\n")
