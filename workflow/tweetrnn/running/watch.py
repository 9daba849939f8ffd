"""Watching a run: a thread that shows what happens, and can neither delay nor fail the run."""

import logging
import signal
import threading
import time
from contextlib import contextmanager, suppress

from tweetrnn.running import screen

REDRAW = 0.5  # seconds
BUSY = 10  # of that many seconds at most one is a processor's, also for ten thousand trainings
LAST_LOOK = 5  # seconds that the last one may take; a terminal may have been stopped with Ctrl-S


class Watch:
    """Shows a run in a thread of its own, from ``start`` to ``stop``.

    Args:
        follower: the Follower of the run.
        output: a Terminal or Lines.
        notes: a function that returns lines to show beside, such as the state of the queue.
    """

    def __init__(self, follower, output, notes=list):
        self.follower, self.output, self.notes = follower, output, notes
        self.snapshot = None  # the last one
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _look(self):
        """Show what there is now; whatever goes wrong there concerns nobody but the reader."""
        try:
            self.snapshot = self.follower.look()
            self.snapshot.notes = list(self.notes())
            self.output.show(self.snapshot)
        except Exception:
            logging.getLogger("tweetrnn").debug("nothing can be shown", exc_info=True)

    def _run(self):
        pause = 0
        while not self._end.wait(pause):
            began, worked = time.monotonic(), time.thread_time()
            self._look()
            took, worked = time.monotonic() - began, time.thread_time() - worked
            pause = max(REDRAW, took, (BUSY - 1) * worked)

    def start(self):
        """Begin to show the run."""
        self._thread.start()

    def stop(self):
        """Show the run no more; return the last Snapshot, or None."""
        self._end.set()
        self._thread.join(LAST_LOOK)
        with suppress(Exception):
            self.snapshot = self.follower.look()
        if not self._thread.is_alive():
            self.output.close(self.snapshot.failures if self.snapshot else ())
        return self.snapshot


@contextmanager
def watching(follower, output, notes=list):
    """Show a run while something else is done; the value is the Watch, whose end is its ``stop``.

    Messages of the package go above what is drawn.
    """
    watch = Watch(follower, output, notes)
    before = None
    if isinstance(output, screen.Terminal):  # after Ctrl-Z and fg the shell has written below it
        before = signal.signal(signal.SIGCONT, lambda number, frame: output.forget())
    with screen.messages_through(output):
        watch.start()
        try:
            yield watch
        finally:
            watch.stop()
            if before is not None:
                signal.signal(signal.SIGCONT, before)
