"""Let one Snakemake at a time run in a directory, and recognise the lock of a dead one.

The kernel provides the proof: the command keeps a file locked, its Snakemake inherits the lock, and
the last of the two to end, however it ends, releases it. Whoever gets the lock is alone, unless the
file system keeps locks from other machines; so an owner of another machine must also have been
silent for a minute.
"""

import ctypes
import errno
import fcntl
import json
import logging
import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

from tweetrnn.errors import UserError
from tweetrnn.files import write_json
from tweetrnn.supervision.guard import process_started

logger = logging.getLogger("tweetrnn")
FOLDER = Path(".snakemake/submit")  # below the directory
TOLERANCE = 3  # seconds between times of one file system; clocks of machines are not compared
DYING = 20  # seconds that the Snakemake of a dead owner, killed by the kernel, may take to end
SILENCE = 60  # seconds without a heartbeat after which an owner on another machine is dead
FAULTS = 60  # seconds for which the file system may fail


def identity(pid):
    """Return a dict that identifies a process of this machine among all others."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    return {
        "host": socket.gethostname(),
        "boot": boot.read_text().strip() if boot.exists() else "",
        "pid": pid,
        "started": process_started(pid),
        "job": os.environ.get("SLURM_JOB_ID"),
    }


def is_dead(owner):
    """Return whether ``owner`` (an identity) has certainly ended: known only on its own machine."""
    now = identity(owner["pid"])
    if owner["host"] != now["host"]:
        return False
    return owner["boot"] != now["boot"] or owner["started"] != now["started"]


class Replaced(UserError):
    """Another command has become the owner, and this one must touch nothing."""


class Ownership:
    """The right to run Snakemake in a directory; ``with Ownership.take(directory) as ownership:``.

    Attributes:
        handle: file descriptor of the locked file, for the Snakemake process to inherit.
        folder: where this module keeps its files.
        life: (first, last) time of the owner whose Snakemake locks may be removed, or None.
    """

    def __init__(self, folder, handle):
        self.snakemake_locks = folder.parent / "locks"
        self.folder, self.handle = folder, handle
        self._record = folder / "owner.json"
        self._text = None  # what this owner has written into its record
        self._failing_since = None
        # An earlier owner that ended properly has removed its record.
        self.life = self._times() if self._record.exists() else None

    @classmethod
    def take(cls, directory):
        """Become the owner of the directory.

        Raises:
            UserError: another command runs Snakemake there.
        """
        folder = Path(directory, FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        record = folder / "owner.json"
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        owner = None
        with suppress(FileNotFoundError):  # none, or just removed by an owner that ended
            owner = json.loads(record.read_text())
        try:
            _lock(handle, owner)
        except BlockingIOError:
            os.close(handle)
            raise UserError(_busy(owner)) from None
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
            # This file system has no locks: only a process of this machine is known to be dead.
            if owner and not is_dead(owner):
                os.close(handle)
                raise UserError(f"{_busy(owner)} If it is dead, delete {record}.") from None
        if owner and owner["host"] != socket.gethostname() and _beats(record, folder):
            os.close(handle)
            raise UserError(_busy(owner))
        return cls(folder, handle)

    def _times(self):
        return (self.folder / "lock").stat().st_mtime, self._record.stat().st_mtime

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        with suppress(OSError):
            if self._record.read_text() == self._text:
                self._record.unlink()
        os.close(self.handle)

    def begin(self):
        """Record this process as the owner from now on."""
        os.utime(self.handle)
        write_json(self._record, identity(os.getpid()))
        self._text = self._record.read_text()
        self.beat()

    def beat(self):
        """Record that the owner is still alive.

        Raises:
            Replaced: the folder now has another owner.
            UserError: the folder cannot be written for a minute.
        """
        try:
            if self._record.read_text() != self._text:
                raise Replaced(
                    f"{self._record}: another command runs in this folder. It took over while this "
                    "one did not answer, as a suspended one does; this one ends"
                )
            os.utime(self._record)
            self.life, self._failing_since = self._times(), None
        except OSError as error:
            self._failing_since = self._failing_since or time.monotonic()
            if isinstance(error, FileNotFoundError) and self.folder.parent.is_dir():
                self._restore()
            elif time.monotonic() - self._failing_since > FAULTS:
                raise UserError(
                    f"{self._record}: cannot be read or written for {FAULTS} s ({error.strerror})"
                ) from None

    def _restore(self):
        """Write the folder's files again, which somebody has deleted.

        Raises:
            Replaced: another command has become the owner since.
        """
        logger.warning("%s was deleted while a command uses it; writing it again", self.folder)
        self.folder.mkdir(exist_ok=True)
        handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise Replaced(_busy(None)) from None
        os.dup2(handle, self.handle)
        os.close(handle)
        os.utime(self.handle, times=(self.life[0], self.life[0]))
        self._record.write_text(self._text)

    def unlock(self):
        """Remove the lock that a dead Snakemake of an owner left; return whether there was one.

        Raises:
            UserError: there is a lock that no owner's Snakemake can have made.
        """
        locks = sorted(self.snakemake_locks.glob("*.lock"))
        first, last = self.life or (float("inf"), float("-inf"))
        for path in locks:
            if not first - TOLERANCE <= path.stat().st_mtime <= last + TOLERANCE:
                raise UserError(
                    f"{path}: a Snakemake that was not started by this command has locked the "
                    "directory. If it still runs, here or on another machine, wait for it; if it "
                    "is dead, remove its lock with: snakemake --unlock"
                )
        for path in locks:
            path.unlink(missing_ok=True)
        return bool(locks)


def _lock(handle, owner):
    """Lock the open file ``handle``; wait only for the Snakemake of a dead ``owner`` to end.

    Raises:
        BlockingIOError: another command runs Snakemake.
    """
    deadline = time.monotonic() + DYING
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not owner or not is_dead(owner) or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _beats(record, folder):
    """Return whether an owner on another machine is alive, after a minute at most."""
    clock = folder / "now"  # its time is the file system's, as that of the record
    deadline = time.monotonic() + SILENCE
    try:
        first = record.stat().st_mtime
        while time.monotonic() < deadline:
            clock.touch()
            if clock.stat().st_mtime - first > SILENCE:
                return False
            time.sleep(0.2)
            if record.stat().st_mtime != first:
                return True
        return False
    except FileNotFoundError:  # it has just ended
        return False
    finally:
        clock.unlink(missing_ok=True)


def _busy(owner):
    who = f" (process {owner['pid']} on {owner['host']})" if owner else ""
    if owner and owner.get("job"):
        who = f" (SLURM job {owner['job']} on {owner['host']})"
    return f"another command runs Snakemake in this directory{who}; wait for it or end it first."


def die_with_parent():
    """Have the kernel kill this process when its parent dies, so that nothing runs unwatched.

    For ``preexec_fn``; only Linux can do this, elsewhere nothing happens.
    """
    PR_SET_PDEATHSIG = 1
    with suppress(AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
