"""The exceptions that end a stage with one message and no traceback."""

import os
from contextlib import suppress
from pathlib import Path

_LONGEST = 2_500  # characters of a message


class UserError(Exception):
    """A mistake in the input, the config or the command line.

    Its message says what is wrong, where (file, row, key), what was expected and what to do;
    the command line prints it without a traceback and exits with status 1. What a file or a config
    adds to it makes it neither long nor a command to the terminal.
    """

    def __init__(self, message):
        half = _LONGEST // 2  # the advice is at the end
        if len(message) > _LONGEST:
            message = f"{message[:half]} ... {message[-half:]}"
        if not message.isprintable():
            message = "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in message)
        super().__init__(message)


class Stopped(Exception):
    """A training was asked to stop; the message names the signal or the process that ended."""


def repeat_at_end(message):
    """Let ``tweetrnn run`` repeat a message after Snakemake has ended."""
    if path := os.environ.get("TWEETRNN_ERRORS"):
        how = {"encoding": "utf-8", "errors": "backslashreplace"}
        with suppress(OSError), Path(path).open("a", **how) as stream:  # its disk may be full
            stream.write(f"{message}\n")


def reason(error):
    """Return the first line of an exception's message, or its kind."""
    return next(iter(str(error).splitlines()), type(error).__name__)


# What libraries say where there is no room for data, for their code or for a thread's stack.
_NO_MEMORY = (
    "allocate memory",
    "failed to map segment",
    "start new thread",
    "launch worker thread",
    "std::bad_alloc",
    "error return without exception set",  # Python's, of a library that did not expect it
)


def out_of_memory(error):
    """Return what an exception says of memory that ran out; None if it is about something else.

    What led to it counts, too: a library may say that another one could not be imported.
    """
    while error is not None:
        lines = str(error).splitlines()
        for line in lines:
            if any(words in line for words in _NO_MEMORY):
                return line.strip()
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
            return reason(error)  # the second is torch's, of a GPU
        error = error.__cause__ or error.__context__
    return None


def of_the_machine(error):
    """Return whether reading a file failed for want of memory or a fault of its disk.

    Otherwise the file itself is damaged: Arrow says so with an OSError that has no number.
    """
    return bool(out_of_memory(error)) or getattr(error, "errno", None) is not None
