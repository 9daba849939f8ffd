"""Run one training as the workflow does, and measure its cost outside of the epochs.

``python whole_run.py ARGUMENT...`` takes what ``python -m tweetrnn`` takes and prints JSON in a
line: ``beside``, the CPU seconds outside of the epochs (starting Python, imports, loading,
checkpoints, writing), and ``peak``, the peak resident memory in MB. CPU seconds, unlike wall time,
do not depend on what else is running.
"""

import json
import resource
import sys
import time

from tweetrnn import __main__ as command_line
from tweetrnn.training.loop import Trainer


def main(options):
    """Train as the command line ``options`` says; return the exit status and the measurements."""
    in_epochs = 0.0
    run_epoch = Trainer.run_epoch

    def timed(self, *arguments):
        nonlocal in_epochs
        start = time.process_time()
        row = run_epoch(self, *arguments)
        in_epochs += time.process_time() - start
        return row

    Trainer.run_epoch = timed
    status = command_line.main(options)
    used = resource.getrusage(resource.RUSAGE_SELF)
    beside = used.ru_utime + used.ru_stime - in_epochs
    return status, {"beside": beside, "peak": used.ru_maxrss / 1024}


if __name__ == "__main__":
    status, found = main(sys.argv[1:])
    print(json.dumps(found))
    sys.exit(status)
