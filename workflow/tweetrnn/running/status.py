"""Show how far the trainings of an experiment are, while they run here or on a cluster.

Read from files under results/NAME: the trainings' logs, the locks on their checkpoint folders, and
their results. Nothing is written, and neither Snakemake nor SLURM is asked.
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
from statistics import fmean

from tweetrnn import grid
from tweetrnn.config import read, resolve
from tweetrnn.errors import UserError
from tweetrnn.evaluation.select import further_runs, read_selection
from tweetrnn.evaluation.shortlist import read_shortlist
from tweetrnn.files import read_json
from tweetrnn.grid import Run
from tweetrnn.other_splits import other_splits, runs_on
from tweetrnn.results import Results
from tweetrnn.results_format import OtherVersionError, check, renewing
from tweetrnn.run_files import read_parameters

STATES = {  # the most urgent first
    "failed": "its log ends with an error",
    "stopped": "begun, but no process trains it: the next start continues from its checkpoint",
    "running": "a process holds its lock",
    "diverged": "done, its loss not finite",
    "done": "its results are there",
    "waiting": "not begun",
}
DONE = ("done", "diverged")
_EPOCH = re.compile(
    r" INFO epoch (?P<epoch>\d+) of (?P<epochs>\d+): .*"
    r"validation loss [^,]+, accuracy (?P<accuracy>[\d.]+) \((?P<seconds>[\d.]+) s\)$"
)
_ERROR = re.compile(r"^[-\d]+ [:,\d]+ ERROR (?P<message>.*)$")


@dataclass
class RunStatus:
    """The progress of one training.

    ``epoch`` of ``epochs`` are done, in ``seconds``; ``best`` is the highest validation accuracy
    so far, None before the first epoch is done; ``error`` is the last error, or None.
    """

    run: Run
    split: str  # the name of another split; empty for the experiment's own
    state: str
    epoch: int = 0
    epochs: int = 0
    best: float | None = None
    seconds: float = 0.0
    error: str | None = None


def planned(config, results):
    """Return (Results, Run) of all trainings, as far as they are known: more follow a selection."""
    selected = known(read_selection, results.selected)
    trainings = [(results, run) for run in experiments_own(config, results)]
    for split in other_splits(config).values():
        on_split = results.on(split.name)
        if split.reselects:
            runs = experiments_own(split.config, on_split)
        elif selected:
            runs = runs_on(split, selected.combinations(), config)
        else:
            runs = []
        trainings += [(on_split, run) for run in runs]
    return trainings


def known(read, path):
    """Return what ``read`` reads in a file; None if it is not there, or another version's.

    While new results take the place of old ones, those of late stages are still the old ones.
    """
    with suppress(OtherVersionError):
        return read(path) if path.exists() else None
    return None


def experiments_own(config, results):
    """Return the Runs on one split: the grid's and, once known, finalists' and new replicates'."""
    runs = list(grid.runs(config))
    if shortlist := known(read_shortlist, results.finalists):
        runs += shortlist.all_runs()
    if selection := known(read_selection, results.selected):
        runs += further_runs(selection.choices, selection.replicates)
    return runs


def read_log(text):
    """Return what a training's log says about its last epoch, as a dict of RunStatus's fields.

    An error counts only at the end: a training that is started again continues the log.
    """
    progress = {"epoch": 0, "epochs": 0, "best": None, "seconds": 0.0, "error": None}
    for line in text.splitlines():
        if match := _ERROR.match(line):
            progress["error"] = match["message"].removeprefix("error: ")
        elif match := _EPOCH.search(line):
            epoch, accuracy = int(match["epoch"]), float(match["accuracy"])
            if epoch == 1:  # from the start, without a checkpoint
                progress |= {"best": None, "seconds": 0.0}
            progress |= {"epoch": epoch, "epochs": int(match["epochs"]), "error": None}
            progress["best"] = max(accuracy, progress["best"] or 0.0)
            progress["seconds"] += float(match["seconds"])
    return progress


def is_locked(folder):
    """Return whether a process, on this host or another, trains the run of a checkpoint folder."""
    with suppress(FileNotFoundError), (folder / "lock").open() as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def read_run(results, run):
    """Return the RunStatus of a Run, from the files of ``results``."""
    paths, training = results.run(run), (run, results.split)
    progress = read_log(paths.log.read_text("utf-8", "replace") if paths.log.exists() else "")
    if is_locked(paths.checkpoint):
        return RunStatus(*training, "running", **progress)
    with suppress(FileNotFoundError, UserError):  # missing, or just removed with a failed job
        parameters = read_parameters(paths)
        with paths.history.open(encoding="utf-8", newline="") as stream:
            accuracies = [float(row["validation_accuracy"]) for row in csv.DictReader(stream)]
        return RunStatus(
            *training,
            "diverged" if parameters["status"] == "diverged" else "done",
            epoch=len(accuracies),
            epochs=parameters["epochs"],
            best=max(accuracies, default=None),
            seconds=read_json(paths.timing)["total"],
        )
    if progress["error"]:
        return RunStatus(*training, "failed", **progress)
    begun = progress["epoch"] or (paths.checkpoint / "checkpoint.safetensors").exists()
    return RunStatus(*training, "stopped" if begun else "waiting", **progress)


def seconds_left(statuses):
    """Return an estimate of the seconds until all trainings are done, None without a basis.

    A training is assumed to take as long as the finished ones of its cell on average, or all
    finished ones if there are none, and as many to run at once as now.
    """
    running = sum(status.state == "running" for status in statuses)
    finished = [status for status in statuses if status.state == "done"]
    if not running or not finished:
        return None
    left = 0.0
    for status in statuses:
        if status.state not in DONE:
            same_cell = [other for other in finished if other.run.cell == status.run.cell]
            done = status.epoch / status.epochs if status.epochs else 0
            left += fmean(other.seconds for other in same_cell or finished) * (1 - done)
    return left / running


def lines(statuses, results):
    """Yield lines of text: totals, the best run of each cell, then what needs attention."""
    counts = Counter(status.state for status in statuses)
    totals = [f"{counts[state]} {state}" for state in reversed(STATES) if counts[state]]
    yield f"{len(statuses)} trainings: {', '.join(totals)}"
    seconds = seconds_left(statuses)
    if seconds is not None:
        yield f"time left: about {timedelta(seconds=round(seconds))}, at the present speed"
    elif not counts["running"] and any(status.state not in DONE for status in statuses):
        yield "nothing is running now"
    own = [status for status in statuses if not status.split]
    for cell in dict.fromkeys(status.run.cell for status in own):
        trained = [s for s in own if s.run.cell == cell and s.best is not None]
        if trained:
            best = max(trained, key=lambda status: status.best)
            yield (
                f"best {cell} so far: validation accuracy {best.best:.4f}, "
                f"{best.run.combination}, replicate {best.run.replicate}"
            )
    if results.html.exists():
        yield f"report: {results.html}"
    for state in ("failed", "stopped", "running"):
        yield from (line(status) for status in statuses if status.state == state)


def line(status):
    """Return a RunStatus as a line of text."""
    text = f"  {status.state:8} {status.split and status.split + ' '}{status.run}"
    if status.epochs:
        text += f"  epoch {status.epoch} of {status.epochs}, validation accuracy {status.best:.4f}"
    return f"{text}  {status.error}" if status.error else text


def add_arguments(parser):
    """Add this command's options."""
    parser.epilog = "States: " + "; ".join(f"{name}: {what}" for name, what in STATES.items())
    help_text = "the experiment's config (default: %(default)s)"
    parser.add_argument(
        "--configfile", default="config/config.yaml", metavar="FILE", help=help_text
    )
    watch_help = "show it again and again (default: every 5 seconds) until all trainings are done"
    seconds = {"type": float, "nargs": "?", "const": 5.0, "metavar": "SECONDS"}
    parser.add_argument("--watch", **seconds, help=watch_help)


def main(options):
    """Print the status, once or until all trainings are done."""
    config = resolve(read(options.configfile))
    results = Results.of(config)
    check(results, renewing(options.configfile))
    while True:
        statuses = [read_run(*training) for training in planned(config, results)]
        if options.watch and sys.stdout.isatty():
            print("\x1b[2J\x1b[H", end="")  # ANSI: clear the screen and go to its top
        print("\n".join(lines(statuses, results)), flush=True)
        if not options.watch or all(status.state in DONE for status in statuses):
            return
        try:
            time.sleep(options.watch)
        except KeyboardInterrupt:
            return
