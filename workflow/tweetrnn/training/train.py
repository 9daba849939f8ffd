"""Train one run: a cell and a combination of the grid, with the seed that their names give it.

Exit status: 0 when the run is done, 1 on an error, 75 when the training was stopped by SIGTERM,
SIGINT, SIGUSR1 or the end of its supervisor; the same command then goes on where it stopped.
"""

import logging
import os
from pathlib import Path

from tweetrnn.errors import Stopped
from tweetrnn.guard import STOPPED_STATUS, Guard, one_writer
from tweetrnn.parts import PARTS
from tweetrnn.training.outputs import OUTPUTS

log = logging.getLogger("tweetrnn")


def add_arguments(parser):
    """Declare the stage's options."""
    parser.epilog = __doc__.partition("\n\n")[2]
    parser.add_argument("--cell", required=True, help="such as LSTM")
    parser.add_argument(
        "--combination", required=True, help="such as rnn2-dense2-dropout0-reg1-lr1e-3"
    )
    parser.add_argument("--replicate", type=int, default=1, help="a number from 1 (default: 1)")
    for part in PARTS:
        for kind in ("sequences", "labels"):
            parser.add_argument(f"--{part}-{kind}", required=True, metavar="FILE", type=Path)
    parser.add_argument("--facts", required=True, metavar="FILE", help="the split's facts.json")
    for name, what in OUTPUTS.items():
        parser.add_argument(f"--{name}", required=True, metavar="FILE", type=Path, help=what)
    parser.add_argument(
        "--checkpoint-dir",
        required=True,
        metavar="DIR",
        type=Path,
        help="this run's own folder for its lock and its checkpoint, which the workflow removes",
    )
    parser.add_argument(
        "--lock-wait",
        metavar="SECONDS",
        type=float,
        default=60,
        help="how long to wait for another process that trains this run (default: 60)",
    )
    parser.add_argument(
        "--supervisor",
        metavar="PID",
        type=int,
        default=os.environ.get("TWEETRNN_SUPERVISOR") or None,
        help="stop when this process is gone (default: $TWEETRNN_SUPERVISOR, which the workflow "
        "sets to its Snakemake)",
    )
    # No part of the config, so that a change keeps the runs that are done.
    parser.add_argument(
        "--on-divergence",
        choices=["fail", "record"],
        default=os.environ.get("TWEETRNN_ON_DIVERGENCE", "fail"),
        help="what to do when the loss is not finite: end with an error, or write the outputs "
        "as of the epoch before (default: $TWEETRNN_ON_DIVERGENCE, set by the workflow, or fail)",
    )
    parser.add_argument(
        "--code-digest", default="", help="a checkpoint made under another one is not used"
    )
    parser.add_argument("--config", required=True, help="JSON: model, training, seed")


def main(options):
    """Train, going on from a checkpoint if there is one; write all outputs at the end."""
    with Guard(options.supervisor) as guard:
        try:
            with guard.nothing_to_lose():  # torch alone takes seconds, more on a busy machine
                from tweetrnn.training.fit import fit
            guard.poll()
            with one_writer(options.checkpoint_dir, options.lock_wait, guard.poll):
                fit(options, guard.poll)
        except Stopped as cause:
            log.warning("stopped by %s; the same command goes on from here", cause)
            return STOPPED_STATUS
    return 0
