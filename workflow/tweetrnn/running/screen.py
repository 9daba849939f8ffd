"""Where a view is shown: drawn again and again on a terminal, or line by line anywhere else.

A terminal is left as it is at any moment, however the process ends: nothing is hidden, no mode is
changed, and the cursor waits below what is drawn.
"""

import io
import logging
import os
import sys
import threading
import time
from contextlib import contextmanager, suppress

from tweetrnn.running.words import line_of

AT_ONCE = 20  # failures that are listed
EVERY = 15  # seconds between two lines, if there is no terminal


def is_terminal(stream):
    """Return whether a view can be drawn on a stream: a terminal that moves its cursor."""
    with suppress(AttributeError, ValueError):  # no stream at all, or a closed one
        return stream.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb", "unknown")
    return False


def terminal(stream, log=""):
    """Return a Terminal for a stream, None where nothing can be drawn.

    ``log`` is where Snakemake's output is.
    """
    if is_terminal(stream):
        with suppress(ImportError):  # rich is of the environment, not of the package
            return Terminal(stream, log)
    return None


def screen(stream=None, log="", reasons=False):
    """Return what shows Snapshots on a stream (standard error): a Terminal, or else Lines.

    Args:
        log: where Snakemake's output is.
        reasons: whether to say of what failed also why; ``run`` says it at the end.
    """
    stream = stream or sys.stderr
    shown = terminal(stream, log) or Lines(stream, log)
    shown.reasons = reasons
    return shown


class Output:
    """A stream that never fails: the terminal may be gone, its reader, or the room on a disk."""

    reasons = False  # whether to say of what failed also why

    def __init__(self, stream):
        self.stream = stream
        self.lock = threading.RLock()
        self._told = set()  # logs of failures

    def write(self, text):
        """Write text if that is possible."""
        with self.lock, suppress(OSError, ValueError):
            self.stream.write(text)
            self.stream.flush()

    def flush(self):
        """Do nothing: all is written."""

    def columns(self):
        """Return how long a line may be."""
        return float("inf")

    def say(self, text):
        """Print a message."""
        self.write(f"{text}\n")

    def tell(self, failures):
        """Say which jobs failed, each once, and at most so many at a time."""
        new = [failure for failure in failures if failure.log not in self._told]
        self._told |= {failure.log for failure in new}
        for failure in new[:AT_ONCE]:
            what = f"failed: {failure.title}"
            what += f": {failure.error}" if self.reasons and failure.error else ""
            where = f"see {failure.log}"
            fits = len(what) + len(where) + 2 <= self.columns()
            self.say(f"{what}; {where}" if fits else f"{what}\n  {where}")
        if len(new) > AT_ONCE:
            self.say(f"failed: {len(new) - AT_ONCE:,} more")


class Lines(Output):
    """Shows a line when something has changed, at most every 15 seconds, and each failure."""

    def __init__(self, stream, log=""):
        super().__init__(stream)
        self._began = time.monotonic()
        self._next, self._last = 0.0, None
        if log:
            self.say(f"Snakemake's output: {log}")

    def show(self, snapshot):
        """Print what is new about a Snapshot, if it is time for that."""
        self.tell(snapshot.failures)
        now, line = time.monotonic(), line_of(snapshot)
        if now >= self._next and line and line != self._last:
            minutes, seconds = divmod(round(now - self._began), 60)
            self.say(f"{minutes}:{seconds:02}  {line}")
            self._next, self._last = now + EVERY, line

    def close(self, failures=()):
        """Say what failed in the last moment."""
        self.tell(failures)


class _Nowhere(io.StringIO):
    """The stream of rich's Console, which only makes text: what it can be encoded in."""

    def __init__(self, encoding):
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self):
        """The name of an encoding."""
        return self._encoding


class Terminal(Output):
    """Draws Snapshots in place; what is said meanwhile goes above."""

    def __init__(self, stream, log=""):
        from rich.console import Console

        from tweetrnn.running.view import view

        super().__init__(stream)
        self._view, self.log = view, log
        nowhere = _Nowhere(getattr(stream, "encoding", None) or "utf-8")
        self._console = Console(file=nowhere, force_terminal=True, legacy_windows=False)
        self._drawn = 0  # lines
        self._size = self._terminal_size()

    def _terminal_size(self):
        with suppress(OSError, ValueError):
            columns, lines = os.get_terminal_size(self.stream.fileno())
            if columns and lines:  # a terminal that nobody has told its size has none
                return columns, lines
        return 80, 24

    def columns(self):
        """Return how long a line may be."""
        return self._terminal_size()[0]

    def _in_foreground(self):
        """Whether this process may draw: as a background job it would write over the shell."""
        with suppress(OSError, ValueError):
            return os.tcgetpgrp(self.stream.fileno()) == os.getpgrp()
        return True

    def forget(self):
        """Draw below what is there from now on: something else has been written since."""
        self._drawn = 0

    def write(self, text):
        """Write text, in whole lines, above what is drawn."""
        with self.lock:
            super().write(f"{self._home()}{text}")

    def _home(self):
        """Return what removes the drawing."""
        up, self._drawn = self._drawn, 0
        return f"\x1b[{up}A\r\x1b[J" if up else ""

    def _lines(self, snapshot, height):
        """Return a Snapshot as lines of text with colors, at most ``height``."""
        width = max(self._size[0] - 1, 10)
        self._console.size = (width, height)
        with self._console.capture() as captured:
            self._console.print(self._view(snapshot, width, height, self.log))
        coding = self._console.encoding  # a letter that it lacks must not change the width
        return captured.get().encode(coding, "replace").decode(coding).splitlines()[:height]

    def show_once(self, snapshot):
        """Print a Snapshot, whatever its height."""
        self.say("\n".join(self._lines(snapshot, 10**6)))

    def show(self, snapshot):
        """Draw a Snapshot instead of the last one."""
        with self.lock:
            if not self._in_foreground():
                return
            size, changed = self._terminal_size(), False
            if size != self._size:  # the terminal may have wrapped lines, nobody knows where
                self._size, changed = size, True
            lines = self._lines(snapshot, max(size[1] - 1, 1))
            up = f"\x1b[{self._drawn}A\r" if self._drawn else "\r"
            start = "\x1b[H\x1b[2J" if changed else up
            text = "".join(f"{line}\x1b[K\n" for line in lines)
            super().write(f"{start}{text}\x1b[J")
            self._drawn = len(lines)

    def close(self, failures=()):
        """Remove the drawing; what failed in it stays."""
        self.write("")
        self.tell(failures)


@contextmanager
def messages_through(output):
    """Let messages of the package that go to the same stream not disturb what is drawn."""
    handlers = [
        handler
        for handler in logging.getLogger("tweetrnn").handlers
        if getattr(handler, "stream", None) is output.stream
    ]
    before = [handler.setStream(output) for handler in handlers]
    try:
        yield
    finally:
        for handler, stream in zip(handlers, before, strict=True):
            if stream is not None:
                handler.setStream(stream)
