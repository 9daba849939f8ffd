"""A command in a pseudo-terminal, whose screen tests read as a person would see it."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import time
from contextlib import suppress

import pyte


class Terminal:
    """Runs a command in a terminal of its own, and interprets what it prints.

    Args:
        command: a list.
        columns, lines: the terminal's size.
        variables: of the environment, instead of the present ones with these names.
        options: for Popen.
    """

    def __init__(self, command, columns=80, lines=24, variables=None, **options):
        self.screen = pyte.HistoryScreen(columns, lines, history=10_000)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self._master, slave = pty.openpty()
        self._set_size(columns, lines)
        variables = {"TERM": "xterm-256color", "NO_COLOR": None} | (variables or {})
        environment = {
            name: value for name, value in (os.environ | variables).items() if value is not None
        }
        self.process = subprocess.Popen(
            list(map(str, command)),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
            preexec_fn=_take_terminal,
            **options,
        )
        os.close(slave)
        os.set_blocking(self._master, False)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.kill_all()
        os.close(self._master)

    def _set_size(self, columns, lines):
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    def resize(self, columns, lines):
        """Give the terminal another size, as a user who drags the window's corner."""
        self.read()
        self.screen.resize(lines, columns)
        self._set_size(columns, lines)

    def type(self, text):
        """Type on the keyboard; ``\\x03`` is Ctrl-C."""
        os.write(self._master, text.encode())

    def read(self):
        """Take in what has been printed."""
        while True:
            try:
                data = os.read(self._master, 1 << 16)
            except (BlockingIOError, OSError):  # nothing yet, or no process is left
                return
            if not data:
                return
            self.raw += data
            self._stream.feed(data)

    @property
    def text(self):
        """What the screen shows, without blanks at the ends of lines."""
        self.read()
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    @property
    def everything(self):
        """What the screen shows, and what has moved out of it at the top."""
        self.read()
        columns = range(self.screen.columns)
        above = ["".join(line[x].data for x in columns) for line in self.screen.history.top]
        return "\n".join(line.rstrip() for line in [*above, *self.text.splitlines()])

    def wait_for(self, *texts, times=1, seconds=120):
        """Wait until the screen shows all of these texts, so many times each; return it."""
        end = time.monotonic() + seconds
        while not all((shown := self.text).count(text) >= times for text in texts):
            assert time.monotonic() < end, f"no {texts} in:\n{self.text}"
            assert self.process.poll() is None, f"ended without {texts}:\n{self.everything}"
            time.sleep(0.05)
        return shown

    def wait(self, seconds=300):
        """Wait for the command's end; return its exit status."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            self.read()
            assert time.monotonic() < end, f"still running:\n{self.everything}"
            time.sleep(0.05)
        self.read()
        return self.process.returncode

    def kill_all(self):
        """Kill the command and what it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def _take_terminal():
    """Make standard input the terminal of this process's session, and let Ctrl-C interrupt it.

    Both as an interactive shell does; what a script starts in the background ignores SIGINT.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
