"""How far the trainings of an experiment are, while they run here or on a cluster.

Read from what they leave under results/NAME: their log, the lock on their checkpoint's folder, and
their results. Nothing is written, and nothing is asked of Snakemake or SLURM.
"""

import csv
import fcntl
import re
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from tweetrnn import grid
from tweetrnn.config import read, resolve
from tweetrnn.errors import UserError
from tweetrnn.evaluation.select import further_runs
from tweetrnn.files import read_json
from tweetrnn.grid import Run
from tweetrnn.results import Results

STATES = {  # as they are told, the most urgent first
    "failed": "its log ends with an error",
    "stopped": "begun, and no process is at it: the next start goes on from its checkpoint",
    "running": "a process holds its lock",
    "diverged": "done, its loss not finite",
    "done": "its results are there",
    "waiting": "not begun",
}
_EPOCH = re.compile(
    r" INFO epoch (?P<epoch>\d+) of (?P<epochs>\d+): .*"
    r"validation loss [^,]+, accuracy (?P<accuracy>[\d.]+) \((?P<seconds>[\d.]+) s\)$"
)
_ERROR = re.compile(r"^[-\d]+ [:,\d]+ ERROR (?P<message>.*)$")


@dataclass
class RunStatus:
    """One training. ``best`` is its highest validation accuracy so far, None before an epoch.

    ``seconds`` are those of its epochs so far, ``error`` is its last one, or None.
    """

    name: Run
    state: str
    epoch: int = 0
    epochs: int = 0
    best: float | None = None
    seconds: float = 0.0
    error: str | None = None


def planned(config, results):
    """Return the Runs that are known by now.

    The grid's, and, once they are selected, the further ones of the best combinations.
    """
    names = list(grid.runs(config))
    if results.selected.exists():
        selected = read_json(results.selected)
        names += further_runs(selected["cells"], selected["replicates"])
    return names


def read_log(text):
    """Return what a training's log says last: epoch, epochs, best, seconds, error (as RunStatus).

    An error counts only where nothing follows it; the log goes on when the training does.
    """
    found = {"epoch": 0, "epochs": 0, "best": None, "seconds": 0.0, "error": None}
    for line in text.splitlines():
        if match := _ERROR.match(line):
            found["error"] = match["message"].removeprefix("error: ")
        elif match := _EPOCH.search(line):
            epoch, accuracy = int(match["epoch"]), float(match["accuracy"])
            if epoch == 1:  # afresh
                found |= {"best": None, "seconds": 0.0}
            found |= {
                "epoch": epoch,
                "epochs": int(match["epochs"]),
                "best": max(accuracy, found["best"] or 0.0),
                "seconds": found["seconds"] + float(match["seconds"]),
                "error": None,
            }
    return found


def is_held(folder):
    """Whether a process, on this host or another, holds the lock of a checkpoint's folder."""
    with suppress(FileNotFoundError), (folder / "lock").open() as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def read_run(results, name):
    """Return the RunStatus of the training ``name``, from the files under ``results``."""
    run = results.run(name)
    told = read_log(run.log.read_text("utf-8", "replace")) if run.log.exists() else read_log("")
    if is_held(run.checkpoint):
        return RunStatus(name, "running", **told)
    with suppress(FileNotFoundError, UserError):  # absent, or gone meanwhile with a failed job
        about = read_json(run.parameters)
        with run.history.open(encoding="utf-8", newline="") as stream:
            accuracies = [float(row["validation_accuracy"]) for row in csv.DictReader(stream)]
        return RunStatus(
            name,
            "diverged" if about["status"] == "diverged" else "done",
            epoch=len(accuracies),
            epochs=about["epochs"],
            best=max(accuracies, default=None),
            seconds=read_json(run.timing)["total"],
        )
    if told["error"]:
        return RunStatus(name, "failed", **told)
    begun = told["epoch"] or (run.checkpoint / "checkpoint.safetensors").exists()
    return RunStatus(name, "stopped" if begun else "waiting", **told)


def time_to_go(runs):
    """Return the seconds until all ``runs`` are done, or None where nothing tells.

    Each that is left is taken to need what its cell's finished ones needed on average, or all
    finished ones; they share as many places as trainings are running now.
    """
    places = sum(run.state == "running" for run in runs)
    finished = [run for run in runs if run.state == "done"]
    if not places or not finished:
        return None

    def mean(own):
        return sum(run.seconds for run in own) / len(own)

    left = 0.0
    for run in runs:
        if run.state not in ("done", "diverged"):
            whole = mean(
                [other for other in finished if other.name.cell == run.name.cell] or finished
            )
            share = run.epoch / run.epochs if run.epochs and run.state != "waiting" else 0
            left += whole * (1 - share)
    return left / places


def lines(runs, results):
    """Return the status as lines of text: totals, the best of each cell, then what needs a look."""
    counts = Counter(run.state for run in runs)
    told = [f"{counts[state]} {state}" for state in reversed(STATES) if counts[state]]
    yield f"{len(runs)} trainings: {', '.join(told)}"
    seconds = time_to_go(runs)
    if seconds is not None:
        yield f"time to go: about {timedelta(seconds=round(seconds))}, at the present pace"
    elif counts["running"] == 0 and counts["done"] + counts["diverged"] < len(runs):
        yield "nothing is running now"
    for cell in dict.fromkeys(run.name.cell for run in runs):
        own = [run for run in runs if run.name.cell == cell and run.best is not None]
        if own:
            best = max(own, key=lambda run: run.best)
            yield (
                f"best {cell} so far: validation accuracy {best.best:.4f}, "
                f"{best.name.combination}, replicate {best.name.replicate}"
            )
    if results.html.exists():
        yield f"report: {results.html}"
    looked_at = [run for run in runs if run.state in ("failed", "stopped", "running")]
    for run in sorted(looked_at, key=lambda run: list(STATES).index(run.state)):
        about = f"  {run.state:8} {run.name}"
        if run.epochs:
            about += f"  epoch {run.epoch} of {run.epochs}, validation accuracy {run.best:.4f}"
        if run.error:
            about += f"  {run.error}"
        yield about


def add_arguments(parser):
    """Declare the command's options."""
    parser.epilog = "States: " + "; ".join(f"{name}: {what}" for name, what in STATES.items())
    parser.add_argument(
        "--configfile",
        default="config/config.yaml",
        metavar="FILE",
        help="the experiment's config (default: %(default)s)",
    )
    parser.add_argument(
        "--watch",
        nargs="?",
        type=float,
        const=5.0,
        metavar="SECONDS",
        help="show it again and again (default: every 5 seconds) until all trainings are done",
    )


def main(options):
    """Print the status, once or until all is done."""
    config = resolve(read(options.configfile))
    results = Results.of(config)
    while True:
        runs = [read_run(results, name) for name in planned(config, results)]
        if options.watch and sys.stdout.isatty():
            print("\x1b[2J\x1b[H", end="")  # ANSI: clear, and go to the top
        print("\n".join(lines(runs, results)), flush=True)
        if not options.watch or all(run.state in ("done", "diverged") for run in runs):
            return
        try:
            time.sleep(options.watch)
        except KeyboardInterrupt:
            return
