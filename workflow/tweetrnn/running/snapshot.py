"""What there is to show of a run at one moment: Snakemake's events and the trainings' files."""

import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from tweetrnn.results import Results
from tweetrnn.running.trainings import (
    DONE,
    RunStatus,
    Trainings,
    best_by_cell,
    read_log,
    seconds_left,
)

TRAIN = "train"
TARGETS = ("all", "default")  # rules that do nothing but wait for others


@dataclass
class Failure:
    """A job that failed: what it was, its log, and what went wrong if the log says so."""

    title: str
    log: str
    error: str | None = None


@dataclass
class Snapshot:
    """What there is to show at one moment.

    Attributes:
        name: the experiment's.
        trainings: a RunStatus for each, in the planned order.
        more: how many more trainings a selection will name.
        finished, running, to_come: names of stages, in their order.
        failures: Failures of jobs that were not tried again.
        report: the path of the report, if it is there.
        notes: lines of text, such as why SLURM does not start a job.
    """

    name: str = ""
    trainings: list[RunStatus] = field(default_factory=list)
    more: int = 0
    finished: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    to_come: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    report: Path | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def total(self):
        """How many trainings there are and will be."""
        return len(self.trainings) + self.more

    @property
    def done(self):
        """How many trainings are done."""
        return sum(status.state in DONE for status in self.trainings)

    @property
    def complete(self):
        """Whether all trainings are done."""
        return bool(self.total) and self.done == self.total

    def of(self, state):
        """Return the trainings in a state."""
        return [status for status in self.trainings if status.state == state]

    def best(self):
        """Return {cell: RunStatus of its best training}."""
        return best_by_cell(self.trainings)

    def seconds_left(self):
        """Return an estimate of the seconds until all trainings are done, or None."""
        return seconds_left(self.trainings, self.more)


class Follower:
    """Takes Snapshots of a run.

    Args:
        events: the Events of its Snakemake, or None.
        experiments: [(config, Results)], if it is not the events that name them.
    """

    def __init__(self, events=None, experiments=()):
        self.events = events
        self.paused = False  # whether Snakemake does not run now, as when its SLURM job waits
        self.stopped_at = None  # when a signal ended it; jobs that fail afterwards were stopped
        self._given = [Trainings(*experiment) for experiment in experiments]
        self._found = {}  # {(results' folder, place in the file): Trainings}

    def _experiments(self):
        """Return the Trainings of the given experiments, or of those in the events."""
        if self._given or not self.events:
            return self._given
        found = {}
        for event in self.events.experiments:
            folder = os.path.relpath(event["results"])
            key = (folder, repr(event["config"]))
            found[key] = self._found.get(key) or Trainings(event["config"], Results(folder))
        self._found = found
        return list(found.values())

    def results(self):
        """Return the Results of all experiments."""
        return [trainings.results for trainings in self._experiments()]

    def stopping(self):
        """Return lines that say that a signal ends the run, if one does."""
        text = "Stopping: trainings write checkpoints, from which the same command continues"
        return [text] if self.stopped_at else []

    def look(self):
        """Return a Snapshot of this moment."""
        if self.events:
            self.events.read()
            if not (self.events.plan or self.events.nothing or self._given):
                return Snapshot()  # which results are up to date is not known yet
        experiments, statuses, more = self._experiments(), {}, 0
        for trainings in experiments:
            statuses |= trainings.read()
            more += trainings.to_choose()
        snapshot = Snapshot(
            ", ".join(trainings.results.folder.name for trainings in experiments), more=more
        )
        if self.events and not self.paused:
            self._add_events(snapshot, statuses)
        else:
            for trainings in experiments:
                snapshot.failures += failures(trainings.results, statuses.values())
        snapshot.trainings = list(statuses.values())
        return snapshot

    def _add_events(self, snapshot, statuses):
        """Correct the statuses by what Snakemake does, and add its stages and failures."""
        for folder in self.events.to_train & statuses.keys():
            if statuses[folder].state != "running":  # old results are made again
                statuses[folder] = RunStatus(
                    statuses[folder].run, statuses[folder].split, "waiting"
                )
        last = {}  # {log: the last job}; a job that is tried again has the same log
        for job in self.events.jobs:
            last[job.log] = job
            if job.running and self.events.local and job.training in statuses:
                status = statuses[job.training]
                # Not yet done, although files of an earlier run may say so.
                gone = {"epoch": 0, "best": None, "seconds": 0.0} if status.state in DONE else {}
                statuses[job.training] = replace(status, state="running", error=None, **gone)
        snapshot.failures = [
            failure(job, statuses)
            for job in last.values()
            if job.failed and job.ended < (self.stopped_at or float("inf"))
        ]
        snapshot.finished, snapshot.running, snapshot.to_come = stages(self.events, snapshot.more)


def name_of(status):
    """Return what a training is called: its split, if it is another one, and its run."""
    return f"{status.split and status.split + ' '}{status.run}"


def failure(job, statuses):
    """Return the Failure of a Job; ``statuses`` are {folder: RunStatus} of the trainings."""
    title, error, log = job.rule, job.reason, Path(job.log)
    if status := statuses.get(job.training):
        title = name_of(status)
    with suppress(OSError):
        error = read_log(log.read_text("utf-8", "replace"))["error"] or error
    return Failure(title, os.path.relpath(log), error)


def failures(results, statuses):
    """Return the Failures of an experiment's trainings that failed."""
    return [
        Failure(
            name_of(s), str((results.on(s.split) if s.split else results).run(s.run).log), s.error
        )
        for s in statuses
        if s.state == "failed"
    ]


def stages(events, more=0):
    """Return the names of stages that are finished, running and to come, three lists.

    ``more`` trainings will follow.
    """
    begun, ended, running = Counter(), Counter(), set()
    for job in events.jobs:
        begun[job.rule] += 1
        ended[job.rule] += not job.running and not job.failed
        running |= {job.rule} if job.running else set()
    names = [name for name in dict.fromkeys([*events.plan, *begun]) if name not in TARGETS]
    finished, current, to_come = [], [], []
    for name in names:
        if name in running:
            current.append(name)
        elif ended[name] >= max(events.plan.get(name, 0), begun[name]) and not (
            name == TRAIN and more
        ):
            finished.append(name)
        else:
            to_come.append(name)
    return finished, current, to_come


def seconds_by_stage(events):
    """Return {rule: (how many jobs ended, their seconds)} in the order in which they began."""
    found = {}
    for job in events.jobs:
        if not job.running and job.rule not in TARGETS:
            count, seconds = found.get(job.rule, (0, 0.0))
            found[job.rule] = count + 1, seconds + job.ended - job.began
    return found
