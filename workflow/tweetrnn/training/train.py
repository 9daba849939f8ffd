"""Stage train: one run, alone at its work, which stops with a checkpoint when it is asked to.

Exit status: 0 when the run is done, 1 on an error, 75 when it was stopped by SIGTERM, SIGINT,
SIGUSR1 or the end of its supervisor; the same command then goes on where it stopped.
"""

import logging
import os
from pathlib import Path

from tweetrnn.errors import Stopped
from tweetrnn.grid import Run
from tweetrnn.guard import STOPPED_STATUS, Guard, one_writer

log = logging.getLogger("tweetrnn")


def train(
    cell,
    combination,
    replicate,
    train_sequences,
    train_labels,
    validation_sequences,
    validation_labels,
    test_sequences,
    test_labels,
    split_facts,
    history,
    best,
    last,
    predictions,
    architecture,
    parameters,
    timing,
    provenance,
    *,
    config,
    checkpoints,
    code_digest="",
    lock_wait=60,
):
    """Train one run, going on from its checkpoint if there is one; return the exit status.

    Args:
        cell, combination, replicate: the run, as texts.
        train_sequences, ..., split_facts: what split wrote.
        history, ...: to write, as ``outputs`` describes them.
        config: model, training, seed.
        checkpoints: the folder of all runs' checkpoints and locks.
        code_digest: a checkpoint made by other code is not used.
        lock_wait: seconds to wait for another process that trains this run.

    The process $TWEETRNN_SUPERVISOR is the one whose end stops the training, and
    $TWEETRNN_ON_DIVERGENCE is training.on_divergence: neither may decide what is run again.
    """
    run = Run(cell, combination, int(replicate))
    arrays = {
        "train_sequences": train_sequences,
        "train_labels": train_labels,
        "validation_sequences": validation_sequences,
        "validation_labels": validation_labels,
        "test_sequences": test_sequences,
        "test_labels": test_labels,
    }
    outputs = {
        "history": history,
        "best": best,
        "last": last,
        "predictions": predictions,
        "architecture": architecture,
        "parameters": parameters,
        "timing": timing,
        "provenance": provenance,
    }
    checkpoint = Path(checkpoints, str(run))
    with Guard(int(os.environ.get("TWEETRNN_SUPERVISOR", 0)) or None) as guard:
        try:
            with guard.nothing_to_lose():  # torch alone takes seconds, more on a busy machine
                from tweetrnn.training.fit import fit
            guard.poll()
            with one_writer(checkpoint, lock_wait, guard.poll):
                fit(
                    run,
                    config,
                    arrays,
                    split_facts,
                    outputs,
                    checkpoint=checkpoint / "checkpoint.safetensors",
                    code_digest=code_digest,
                    on_divergence=os.environ.get("TWEETRNN_ON_DIVERGENCE", "fail"),
                    poll=guard.poll,
                )
        except Stopped as cause:
            log.warning("stopped by %s; the same command goes on from here", cause)
            return STOPPED_STATUS
    return 0
