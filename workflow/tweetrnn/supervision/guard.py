"""Stop a training on a signal or the supervisor's end; lock a run for one process at a time."""

import errno
import fcntl
import logging
import os
import signal
import socket
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from tweetrnn.errors import Stopped, UserError

log = logging.getLogger("tweetrnn")

# The exit status of a training that stopped and wrote a checkpoint: EX_TEMPFAIL of sysexits.h,
# which means that nothing is wrong and to try again.
STOPPED_STATUS = 75

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
CHECK_INTERVAL = 0.5  # seconds between two checks of the supervisor or the lock


def process_started(pid):
    """Return when a process started, in clock ticks since boot, or None if it has ended.

    0 where the system does not say. Pids are reused; together with this time a pid identifies a
    process. A dead process that its parent has not waited for has ended. The time
    is field 22 of /proc/PID/stat; the process's name before it may contain blanks and parentheses.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self/stat").exists():
            return None
        with suppress(PermissionError):  # a system without /proc; another user's process is alive
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return None
        return 0
    return None if fields[0] in "ZX" else int(fields[19])


class Guard:
    """Turns signals, and the end of the process ``supervisor``, into ``Stopped``.

    ``supervisor`` is PID or PID@HOST, or nothing. A process of another host cannot be seen: a batch
    system ends what it has started there.

    A context manager: inside it a signal of ``SIGNALS`` is only recorded, and ``poll``, called
    where the work can be interrupted, raises ``Stopped``. Within ``nothing_to_lose`` a signal ends
    the process at once.
    """

    def __init__(self, supervisor=""):
        pid, _, host = supervisor.partition("@")
        self.supervisor = int(pid) if pid and host in ("", socket.gethostname()) else None
        self.started = self.supervisor and process_started(self.supervisor)
        self.received = None
        self.exit_at_once = False
        self.next_check = 0.0

    def __enter__(self):
        self.previous = {number: signal.signal(number, self._record) for number in SIGNALS}
        return self

    def __exit__(self, *error):
        for number, handler in self.previous.items():
            signal.signal(number, handler)

    def _record(self, number, frame):
        self.received = number
        if self.exit_at_once:
            log.warning("stopped by %s before it started", signal.Signals(number).name)
            os._exit(STOPPED_STATUS)  # an exception might be caught by what is being imported

    @contextmanager
    def nothing_to_lose(self):
        """Let signals end the process at once with ``STOPPED_STATUS``: for slow imports."""
        self.exit_at_once = True
        try:
            yield
        finally:
            self.exit_at_once = False

    def poll(self):
        """Raise ``Stopped`` after a signal or the supervisor's end; cheap enough for every step."""
        if self.received:
            raise Stopped(signal.Signals(self.received).name)
        if self.supervisor and (now := time.monotonic()) >= self.next_check:
            self.next_check = now + CHECK_INTERVAL
            if self.started is None or process_started(self.supervisor) != self.started:
                raise Stopped(f"the end of the supervising process {self.supervisor}")


@contextmanager
def one_writer(directory, patience, poll=lambda: None):
    """Reserve ``directory`` (created if missing) for this process by locking a file in it.

    Waits up to ``patience`` seconds for another process, calling ``poll`` meanwhile. The kernel
    frees the lock of a process that ends, however it ends. Afterwards the lock file is removed, and
    the directory too if it is empty.

    Raises:
        UserError: the other process has not ended.
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
        time.sleep(min(CHECK_INTERVAL, patience))
    with stream:
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            with suppress(OSError):  # not empty, or already in use by the next process
                path.parent.rmdir()


def _lock(path):
    """Return the file, open and locked, or None if another process has it."""
    try:
        with suppress(FileExistsError):  # exist_ok would check it again, when it may be gone
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
                "results must be on a file system with POSIX locks"
            ) from None
    stream.close()
    return None
