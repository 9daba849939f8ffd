"""When a training must stop, and that it is alone: signals, the supervisor's life, one lock."""

import errno
import fcntl
import logging
import os
import signal
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from tweetrnn.errors import Stopped, UserError

log = logging.getLogger("tweetrnn")

# The exit status of a training that stopped and left a checkpoint; sysexits.h calls it EX_TEMPFAIL:
# nothing is wrong, try again.
STOPPED_STATUS = 75

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
LOOKED_AFTER = 0.5  # seconds between two looks at the supervisor or the lock


def process_started(pid):
    """Return when a process began, in clock ticks since boot (0 where that is not told), or None.

    None: it is gone, or dead and not yet collected. Together with the pid, which is used again
    sooner or later, the time says which process is meant. Field 22 of /proc/PID/stat; the name
    before it may itself hold blanks and parentheses.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self/stat").exists():
            return None
        with suppress(PermissionError):  # a system without /proc; somebody else's process lives
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return None
        return 0
    return None if fields[0] in "ZX" else int(fields[19])


class Guard:
    """Turns signals, and the end of the process ``supervisor`` (a pid or None), into ``Stopped``.

    A context manager: inside, a signal of ``SIGNALS`` only leaves a note, and ``poll``, called
    where the work can be left, raises ``Stopped``. Within ``nothing_to_lose`` it ends the process.
    """

    def __init__(self, supervisor=None):
        self.supervisor = supervisor
        self.started = supervisor and process_started(supervisor)
        self.received = None
        self.hasty = False
        self.next_look = 0.0

    def __enter__(self):
        self.previous = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *error):
        for number, handler in self.previous.items():
            signal.signal(number, handler)

    def _note(self, number, frame):
        self.received = number
        if self.hasty:
            log.warning("stopped by %s before it began", signal.Signals(number).name)
            os._exit(STOPPED_STATUS)  # an exception might be caught by what is being imported

    @contextmanager
    def nothing_to_lose(self):
        """Let signals end the process at once, its status ``STOPPED_STATUS``: for slow imports."""
        self.hasty = True
        try:
            yield
        finally:
            self.hasty = False

    def poll(self):
        """Raise ``Stopped`` if there is cause; costs next to nothing."""
        if self.received:
            raise Stopped(signal.Signals(self.received).name)
        if self.supervisor and (now := time.monotonic()) >= self.next_look:
            self.next_look = now + LOOKED_AFTER
            if self.started is None or process_started(self.supervisor) != self.started:
                raise Stopped(f"the end of the supervising process {self.supervisor}")


@contextmanager
def one_writer(directory, patience, poll=lambda: None):
    """Hold ``directory`` (made if need be) for this process, through a lock on a file in it.

    Waits up to ``patience`` seconds for another process, calling ``poll`` meanwhile. The kernel
    frees the lock of a process that ends, however it ends. Afterwards the lock's file goes, and
    the directory too if it is empty.

    Raises:
        UserError: the other process goes on.
    """
    path = Path(directory) / "lock"
    deadline = time.monotonic() + patience
    while (stream := _lock(path)) is None:
        poll()
        if time.monotonic() > deadline:
            raise UserError(
                f"{path}: another process is training this run and did not end within "
                f"{patience:g} s; let it finish or end it, then run again"
            )
        time.sleep(min(LOOKED_AFTER, patience))
    with stream:
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            with suppress(OSError):  # not empty, or taken up by the next process
                path.parent.rmdir()


def _lock(path):
    """Return the file, open and locked, or None if it is not to be had now."""
    try:
        with suppress(FileExistsError):  # exist_ok would look again, when it may be gone
            path.parent.mkdir(parents=True)
        stream = path.open("w")
    except FileNotFoundError:  # its last holder has just removed the directory
        return None
    try:
        fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(stream.fileno()).st_ino == path.stat().st_ino:
            return stream
    except FileNotFoundError:  # its last holder has removed it since it was opened
        pass
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EAGAIN):
            stream.close()
            raise UserError(
                f"{path}: cannot be locked ({error.strerror}); "
                "results must lie on a file system with POSIX locks"
            ) from None
    stream.close()
    return None
