"""Stage train: train one run, in one process at a time; when asked to stop, write a checkpoint.

Exit status: 0 when the run is done, 1 on an error, 75 when it was stopped by SIGTERM, SIGINT,
SIGUSR1 or the end of its supervisor. The same command then continues from the checkpoint.
"""

import logging
import os
from pathlib import Path

from tweetrnn.errors import Stopped
from tweetrnn.grid import Run
from tweetrnn.results import RUN_FILES, SPLIT_ARRAYS
from tweetrnn.supervision.guard import STOPPED_STATUS, Guard, one_writer

log = logging.getLogger("tweetrnn")


def train(
    cell, combination, replicate,
    train_sequences, train_labels, validation_sequences, validation_labels,
    test_sequences, test_labels, split_facts,
    history, best, last, predictions, architecture, parameters, timing, provenance,
    *, config, checkpoints, code_digest="", lock_wait=60,
):  # fmt: skip
    """Train one run, from its checkpoint if there is one; return the exit status.

    Args:
        cell, combination, replicate: the run, as text.
        config: the config's model, training and seed.
        checkpoints: the folder of all runs' checkpoints and locks.
        code_digest: of the code that trains; a checkpoint of other code is not used.
        lock_wait: seconds to wait for another process that is training this run.

    Two settings come from the environment, because a change of them must not rerun anything:
    TWEETRNN_SUPERVISOR, the process whose end stops the training, and TWEETRNN_ON_DIVERGENCE,
    the config's training.on_divergence.
    """
    files = dict(locals())  # the arguments by name
    run = Run(cell, combination, int(replicate))
    checkpoint = Path(checkpoints, str(run))
    with Guard(os.environ.get("TWEETRNN_SUPERVISOR", "")) as guard:
        try:
            with guard.nothing_to_lose():  # torch alone takes seconds, more on a busy machine
                from tweetrnn.training.fit import fit
            guard.poll()
            with one_writer(checkpoint, lock_wait, guard.poll):
                arrays = {name: files[name] for name in SPLIT_ARRAYS}
                outputs = {name: files[name] for name in RUN_FILES}
                fit(
                    run, config, arrays, split_facts, outputs,
                    checkpoint=checkpoint / "checkpoint.safetensors", code_digest=code_digest,
                    on_divergence=os.environ.get("TWEETRNN_ON_DIVERGENCE", "fail"),
                    poll=guard.poll,
                )  # fmt: skip
        except Stopped as cause:
            log.warning("stopped by %s; the same command continues from here", cause)
            return STOPPED_STATUS
    return 0
