"""Let one Snakemake at a time run in a directory, and recognise the lock of a dead one.

The kernel provides the proof: the command keeps a file locked, its Snakemake inherits the lock, and
the last of the two to end, however it ends, releases it. Whoever gets the lock is alone.
"""

import ctypes
import errno
import fcntl
import json
import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

from tweetrnn.errors import UserError
from tweetrnn.files import write_json
from tweetrnn.guard import process_started

TOLERANCE = 3  # seconds between times of one file system; clocks of machines are not compared
DYING = 20  # seconds that the Snakemake of a dead owner, killed by the kernel, may take to end


def identity(pid):
    """Return a dict that identifies a process of this machine among all others."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    return {
        "host": socket.gethostname(),
        "boot": boot.read_text().strip() if boot.exists() else "",
        "pid": pid,
        "started": process_started(pid),
    }


def is_dead(owner):
    """Return whether ``owner`` (an identity) has certainly ended: known only on its own machine."""
    now = identity(owner["pid"])
    if owner["host"] != now["host"]:
        return False
    return owner["boot"] != now["boot"] or owner["started"] != now["started"]


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
        # An earlier owner that ended properly has removed its record.
        self.life = self._times() if self._record.exists() else None

    @classmethod
    def take(cls, directory):
        """Become the owner of the directory.

        Raises:
            UserError: another command runs Snakemake there.
        """
        folder = Path(directory, ".snakemake/submit")
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
        return cls(folder, handle)

    def _times(self):
        return (self.folder / "lock").stat().st_mtime, self._record.stat().st_mtime

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._record.unlink(missing_ok=True)
        os.close(self.handle)

    def begin(self):
        """Record this process as the owner from now on."""
        os.utime(self.handle)
        write_json(self._record, identity(os.getpid()))
        self.beat()

    def beat(self):
        """Record that the owner is still alive."""
        os.utime(self._record)
        self.life = self._times()

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


def _busy(owner):
    who = f" (process {owner['pid']} on {owner['host']})" if owner else ""
    return f"another command runs Snakemake in this directory{who}; wait for it or end it first."


def die_with_parent():
    """Have the kernel kill this process when its parent dies, so that nothing runs unwatched.

    For ``preexec_fn``; only Linux can do this, elsewhere nothing happens.
    """
    PR_SET_PDEATHSIG = 1
    with suppress(AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
