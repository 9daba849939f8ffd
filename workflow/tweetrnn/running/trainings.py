"""How far the trainings of an experiment are, while they run here or on a cluster.

Read from files under results/NAME: the trainings' logs, the locks on their checkpoint folders, and
their results. Nothing is written, and neither Snakemake nor SLURM is asked.
"""

import csv
import fcntl
import os
import re
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean

from tweetrnn import grid
from tweetrnn.errors import UserError
from tweetrnn.evaluation.select import further_runs, read_selection
from tweetrnn.evaluation.shortlist import read_shortlist
from tweetrnn.files import read_json
from tweetrnn.grid import Run
from tweetrnn.other_splits import other_splits, runs_on
from tweetrnn.results_format import OtherVersionError
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


def to_choose(config, results):
    """Return how many trainings will follow that only a selection can name, at most."""
    combinations = dict.fromkeys(config["grid"]["cell"], grid.combinations(config))
    combinations |= dict.fromkeys(
        config["grid"]["baseline_cells"], grid.baseline_combinations(config)
    )
    selected = known(read_selection, results.selected)
    count = _chosen(config, results, combinations)
    for split in other_splits(config).values():
        if split.reselects:
            count += _chosen(split.config, results.on(split.name), combinations)
        elif not selected:
            count += len(runs_on(split, dict.fromkeys(combinations, ""), config))
    return count


def _chosen(config, results, combinations):
    """Return ``to_choose`` on one split; ``combinations`` are {cell: its combinations}."""
    training, count = config["training"], 0
    if not known(read_shortlist, results.finalists):
        tried = [min(training["finalists"], len(c)) for c in combinations.values() if len(c) > 1]
        count += sum(tried) * training["finalist_replicates"]
    if not known(read_selection, results.selected):
        count += len(combinations) * training["selected_replicates"]
    return count


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
            seconds=max(read_json(paths.timing)["total"], _measured(paths.benchmark)),
        )
    if progress["error"]:
        return RunStatus(*training, "failed", **progress)
    begun = progress["epoch"] or (paths.checkpoint / "checkpoint.safetensors").exists()
    return RunStatus(*training, "stopped" if begun else "waiting", **progress)


def _measured(benchmark):
    """Return the seconds that Snakemake measured of a job, its start included; 0 if none."""
    with suppress(OSError, ValueError, KeyError, StopIteration), benchmark.open() as stream:
        return float(next(csv.DictReader(stream, delimiter="\t"))["s"])
    return 0.0


class Trainings:
    """The trainings of an experiment, of which there may be ten thousand; read again and again.

    Args:
        config: the experiment's, complete.
        results: its Results.
    """

    def __init__(self, config, results):
        self.config, self.results = config, results
        self._places = {}  # {(split, Run): (absolute folder, history, other traces of a training)}
        self._done = {}  # {absolute folder: (when its history was written, RunStatus)}

    def _place(self, results, run):
        """Return the paths, as texts, that show whether a training has begun or ended."""
        place = self._places.get((results.split, run))
        if not place:
            paths = results.run(run)
            traces = str(paths.log), str(paths.checkpoint)
            place = os.path.abspath(paths.folder), str(paths.history), traces
            self._places[results.split, run] = place
        return place

    def read(self):
        """Return {absolute path of the run's folder: RunStatus}, in the planned order."""
        statuses = {}
        for results, run in planned(self.config, self.results):
            folder, history, traces = self._place(results, run)
            written, known = _written(history), self._done.get(folder)
            if known and written == known[0]:
                statuses[folder] = known[1]
            elif written is None and not any(map(os.path.exists, traces)):
                statuses[folder] = RunStatus(run, results.split, "waiting")
            else:
                statuses[folder] = status = read_run(results, run)
                if status.state in DONE:
                    self._done[folder] = written, status
        return statuses

    def to_choose(self):
        """Return how many trainings are not among those of ``read`` yet, at most."""
        return to_choose(self.config, self.results)


def _written(path):
    """Return when a file was written, in nanoseconds; None if there is none."""
    with suppress(OSError):
        return os.stat(path).st_mtime_ns
    return None


def seconds_left(statuses, more=0):
    """Return an estimate of the seconds until all trainings are done, None without a basis.

    A training is assumed to take as long as the finished ones of its cell on average, or all
    finished ones if there are none, or as the epochs of the running ones promise; and as many to
    run at once as now. ``more`` trainings of any cell follow.
    """
    running = [status for status in statuses if status.state == "running"]
    basis = [status for status in statuses if status.state == "done"]
    # Without a finished one: {cell: [seconds of a whole training]}, from those that run.
    begun = [(s.run.cell, s.seconds / s.epoch * s.epochs) for s in running if s.epoch]
    taken = defaultdict(list)
    for cell, seconds in [(s.run.cell, s.seconds) for s in basis] or begun:
        taken[cell].append(seconds)
    if not running or not taken:
        return None
    means = {cell: fmean(seconds) for cell, seconds in taken.items()}
    mean = fmean(seconds for of_cell in taken.values() for seconds in of_cell)
    left = more * mean
    for status in statuses:
        if status.state not in DONE:
            done = status.epoch / status.epochs if status.epochs else 0
            left += means.get(status.run.cell, mean) * (1 - done)
    return left / len(running)


def best_by_cell(statuses):
    """Return {cell: RunStatus with the highest validation accuracy}, of the experiment's split."""
    best = {}
    for status in statuses:
        known = best.get(status.run.cell)
        if not status.split and status.best is not None and (not known or status.best > known.best):
            best[status.run.cell] = status
    return best
