"""One submission a working directory, and proof that an earlier one is dead.

The kernel holds the proof: the submitter keeps a file locked, its Snakemake inherits the lock, and
the last of the two to end, however it ends, lets it go. Whoever gets the lock is alone.
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

# Clocks are not compared across machines, only times that the one file system gave.
TOLERANCE = 3
DYING = 20  # seconds that the Snakemake of a dead submitter, killed by the kernel, may take to end


def identity(pid):
    """Return what tells this process from every other one: host, boot, pid and start."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    return {
        "host": socket.gethostname(),
        "boot": boot.read_text().strip() if boot.exists() else "",
        "pid": pid,
        "started": process_started(pid),
    }


def proved_dead(owner, here):
    """Whether ``owner`` (an identity) has ended, as far as ``here`` (mine) can know."""
    if owner["host"] != here["host"]:
        return False
    return owner["boot"] != here["boot"] or process_started(owner["pid"]) != owner["started"]


def split_by_life(locks, life):
    """Return the lock files of a life and the others.

    Args:
        locks: {path: modification time} of Snakemake's lock files.
        life: (first, last) time at which a submission lived, or None.
    """
    if life is None:
        return [], sorted(locks)
    first, last = life
    own = [path for path, time in locks.items() if first - TOLERANCE <= time <= last + TOLERANCE]
    return sorted(own), sorted(set(locks) - set(own))


class Ownership:
    """The right to run Snakemake in a directory; ``with Ownership.take(directory) as mine: ...``.

    Attributes:
        handle: file descriptor of the locked file, for the Snakemake process to inherit.
        life: (first, last) time of the submission whose locks may be removed, or None.
    """

    def __init__(self, directory, handle, life):
        self.locks = Path(directory) / ".snakemake" / "locks"
        self.folder = Path(directory) / ".snakemake" / "submit"
        self.handle = handle
        self.life = life

    @classmethod
    def take(cls, directory):
        """Own the directory.

        Raises:
            UserError: another submission works there.
        """
        folder = Path(directory) / ".snakemake" / "submit"
        folder.mkdir(parents=True, exist_ok=True)
        record = folder / "owner.json"
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        owner = _recorded(record)
        try:
            _lock(handle, owner)
        except BlockingIOError:
            os.close(handle)
            raise UserError(_busy(owner)) from None
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
            # This file system knows no locks: only processes of this machine can be proved dead.
            if owner and not proved_dead(owner, identity(os.getpid())):
                os.close(handle)
                raise UserError(f"{_busy(owner)} If it is dead, delete {record}.") from None
        life = None
        if _recorded(record):  # still: its owner did not end in the meantime
            life = ((folder / "lock").stat().st_mtime, record.stat().st_mtime)
        return cls(directory, handle, life)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        with suppress(FileNotFoundError):
            (self.folder / "owner.json").unlink()
        os.close(self.handle)

    def begin(self):
        """Record this process as the owner from now on."""
        os.utime(self.handle)
        write_json(self.folder / "owner.json", identity(os.getpid()))
        self.beat()

    def beat(self):
        """Record that the owner lives still."""
        record = self.folder / "owner.json"
        os.utime(record)
        self.life = ((self.folder / "lock").stat().st_mtime, record.stat().st_mtime)

    def unlock(self):
        """Remove the lock that a dead Snakemake of ours left; return whether there was one.

        Raises:
            UserError: a lock is there that no dead submission can have made.
        """
        found = {path: path.stat().st_mtime for path in self.locks.glob("*.lock")}
        own, foreign = split_by_life(found, self.life)
        if foreign:
            raise UserError(
                f"{foreign[0]}: a Snakemake that was not started by this command has locked the "
                "directory. If it still runs, here or on another machine, wait for it; if it is "
                "dead, remove its lock with: snakemake --unlock"
            )
        for path in own:
            path.unlink(missing_ok=True)
        return bool(own)


def _recorded(record):
    """Return the identity that the file holds, None if there is none."""
    try:
        return json.loads(record.read_text())
    except FileNotFoundError:
        return None


def _lock(handle, owner):
    """Lock the open file ``handle``; wait only for what the dead ``owner`` (an identity) leaves.

    Raises:
        BlockingIOError: another submission is at work.
    """
    deadline = time.monotonic() + DYING
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            dead = owner and proved_dead(owner, identity(os.getpid()))
            if not dead or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def die_with_parent():
    """Have the kernel kill this process when its parent dies, so that nothing goes on unwatched.

    For ``preexec_fn``; only Linux knows the way, elsewhere nothing happens.
    """
    PR_SET_PDEATHSIG = 1
    with suppress(AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _busy(owner):
    who = f" (process {owner['pid']} on {owner['host']})" if owner else ""
    return f"another submission is at work in this directory{who}; wait for it or end it first."
