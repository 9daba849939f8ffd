"""Run one training as the workflow does it, and measure what it costs besides its epochs.

``python whole_run.py ARGUMENTS --config CONFIG`` takes what a rule passes to the stage train and
prints one JSON line: ``beside``, the CPU seconds outside of the epochs (Python's start, imports,
loading, checkpoints, writing), and ``peak``, the peak resident memory in MB. CPU seconds, unlike
elapsed time, do not grow when other processes run.
"""

import json
import resource
import sys
import time

from tweetrnn import __main__ as command_line
from tweetrnn.training.loop import Trainer


def main(arguments):
    """Train, with a command line without the stage's name; return (exit status, measurements)."""
    in_epochs = 0.0
    run_epoch = Trainer.run_epoch

    def timed(self, *arguments):
        nonlocal in_epochs
        start = time.process_time()
        row = run_epoch(self, *arguments)
        in_epochs += time.process_time() - start
        return row

    Trainer.run_epoch = timed
    status = command_line.main(["train", *arguments])
    used = resource.getrusage(resource.RUSAGE_SELF)
    beside = used.ru_utime + used.ru_stime - in_epochs
    return status, {"beside": beside, "peak": used.ru_maxrss / 1024}


if __name__ == "__main__":
    status, measurements = main(sys.argv[1:])
    print(json.dumps(measurements))
    sys.exit(status)
