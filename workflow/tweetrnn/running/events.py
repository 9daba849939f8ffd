"""What Snakemake does, line by line as JSON: Snakemake's process writes it, a view reads it.

A line is an object whose ``event`` is one of:

- ``experiment``: ``config``, ``results`` (the folder)
- ``plan``: ``jobs`` ({rule: how many}), ``trainings`` (the folders of those to be trained), and
  ``local``: whether Snakemake runs jobs itself, so that what has begun does not wait in a queue
- ``job``: ``id``, ``rule``, ``training`` (its folder, or null), ``log``; it begins
- ``finished`` and ``failed``: ``id`` of a job; ``reason``: what a cluster says of a failed one
- ``nothing``: all is up to date

and whose ``time`` is in seconds since the epoch. Paths are absolute. The file is emptied before a
new Snakemake starts.
"""

import json
import logging
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tweetrnn.grid import Run
from tweetrnn.running.quiet import SEE_LOG
from tweetrnn.supervision.ownership import FOLDER, SILENCE

VARIABLE = "TWEETRNN_EVENTS"  # where Snakemake's process finds the file's path
FILE = FOLDER / "events.jsonl"
OWNER = FOLDER / "owner.json"  # its time is that of the command's last heartbeat
_OF_A_TRAINING = ("cell", "combination", "replicate")


class Recorder(logging.Handler):
    """For Snakemake's logger: appends what happens to a file.

    It never disturbs Snakemake: what cannot be written is left out.

    Args:
        path: the file.
        results_of: the function that returns the Results of a wildcard {experiment}.
        planned: the function that returns the jobs that are to be run.
        local: whether Snakemake runs jobs itself.
    """

    def __init__(self, path, results_of, planned=list, local=True):
        super().__init__()
        self.path, self.results_of, self.planned, self.local = path, results_of, planned, local

    def note(self, event, **more):
        """Append an event."""
        line = json.dumps({"event": event, "time": time.time(), **more})
        with suppress(OSError), open(self.path, "a", encoding="utf-8") as stream:
            stream.write(f"{line}\n")

    def emit(self, record):
        """Append what a record of Snakemake's log says, if it is about a job or the plan."""
        try:
            self._emit(record, getattr(getattr(record, "event", None), "name", None))
        except Exception:  # another version's record; the view lacks something, and nothing fails
            logging.getLogger("tweetrnn").debug("cannot read an event of Snakemake", exc_info=True)

    def _emit(self, record, event):
        if event == "RUN_INFO":
            trainings = (self._training(job.wildcards_dict) for job in self.planned())
            jobs = {rule: count for rule, count in record.stats.items() if rule != "total"}
            trainings = [folder for folder in trainings if folder]
            self.note("plan", jobs=jobs, trainings=trainings, local=self.local)
        elif event == "JOB_INFO":
            training = self._training(record.wildcards)
            log = os.path.abspath(next(iter(record.log), ""))
            self.note("job", id=record.jobid, rule=record.rule_name, training=training, log=log)
        elif event == "JOB_FINISHED":
            self.note("finished", id=record.job_id)
        elif event == "JOB_ERROR":
            # ShortErrors, a filter of the same logger, has shortened what a cluster says.
            reason = getattr(record, "rule_msg", None)
            self.note("failed", id=record.jobid, reason=None if reason == SEE_LOG else reason)
        elif str(record.msg).startswith("Nothing to be done"):
            self.note("nothing")

    def _training(self, wildcards):
        """Return the folder of the training that a job with these wildcards is, or None."""
        wildcards = dict(wildcards)
        if not {*_OF_A_TRAINING} <= {*wildcards}:
            return None
        run = Run(*(wildcards[name] for name in _OF_A_TRAINING))
        return os.path.abspath(self.results_of(wildcards).run(run).folder)


def begin(folder=FOLDER):
    """Empty the file of events in a folder; return its Events."""
    path = folder / FILE.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    return Events(path)


def of_running_command(results):
    """Return the Events of the command that runs an experiment in this folder, None if none does.

    ``results`` are the experiment's.
    """
    with suppress(OSError):
        if time.time() - OWNER.stat().st_mtime < SILENCE:
            events = Events(FILE)
            events.read()
            folder = os.path.abspath(results)
            if any(experiment["results"] == folder for experiment in events.experiments):
                return events
    return None


def variables(events):
    """Return the variables of the environment that have Snakemake record its Events."""
    return {VARIABLE: os.path.abspath(events.path)}


def record(logger, config, results, results_of, workflow):
    """Have Snakemake's logger record an experiment's events, if this process was asked to.

    A Snakefile that has this workflow several times, as modules, records all of it once.

    Args:
        logger: Snakemake's.
        config: the experiment's, complete.
        results: its Results.
        results_of: the function that returns the Results of a wildcard {experiment}.
        workflow: Snakemake's object of this name.
    """
    path = os.environ.get(VARIABLE)
    if not path or workflow.dryrun or not workflow.is_main_process:
        return
    known = [handler for handler in logger.handlers if isinstance(handler, Recorder)]
    if not known:
        known = [Recorder(path, results_of, lambda: needed(workflow), workflow.local_exec)]
        logger.addHandler(known[0])
    known[0].note("experiment", config=config, results=os.path.abspath(results))


def needed(workflow):
    """Return the jobs that Snakemake is going to run, as far as it knows them."""
    return list(workflow.dag.needrun_jobs())


@dataclass
class Job:
    """A job that has begun; times are in seconds since the epoch, ``ended`` None before its end."""

    rule: str
    training: str | None
    log: str
    began: float
    ended: float | None = None
    failed: bool = False
    reason: str | None = None  # that a cluster gave for the failure

    @property
    def running(self):
        """Whether it has not ended."""
        return self.ended is None


@dataclass
class Events:
    """What is known of one Snakemake from its file of events; ``read`` takes in what is new.

    Attributes:
        experiments: the ``experiment`` events.
        plan: {rule: number of jobs}, empty before it is known.
        local: whether jobs that have begun do run.
        to_train: the folders of trainings that are planned and have not begun.
        jobs: the Jobs in the order of their beginnings.
        nothing: whether Snakemake said that all is up to date.
    """

    path: Path
    experiments: list = field(default_factory=list)
    plan: dict = field(default_factory=dict)
    local: bool = True
    to_train: set = field(default_factory=set)
    jobs: list = field(default_factory=list)
    nothing: bool = False
    _position: int = 0
    _rest: bytes = b""  # the beginning of a line whose end is not written yet
    _by_id: dict = field(default_factory=dict)

    def read(self):
        """Take in what was appended since the last call; start again if the file is another."""
        try:
            with open(self.path, "rb") as stream:
                if os.fstat(stream.fileno()).st_size < self._position:
                    self.__init__(self.path)
                stream.seek(self._position)
                new = stream.read()
        except OSError:
            return
        self._position += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            with suppress(ValueError, KeyError, TypeError, AttributeError):  # not ours, or cut off
                self._take(json.loads(line))

    def _take(self, event):
        kind = event["event"]
        if kind == "experiment":
            self.experiments.append(event)
        elif kind == "plan":
            self.plan, self.local = event["jobs"], event["local"]
            self.to_train = set(event["trainings"])
        elif kind == "job":
            job = Job(event["rule"], event["training"], event["log"], event["time"])
            self.jobs.append(job)
            self._by_id[event["id"]] = job
            self.to_train.discard(job.training)
        elif kind in ("finished", "failed") and event["id"] in self._by_id:
            job = self._by_id[event["id"]]
            job.ended, job.failed = event["time"], kind == "failed"
            job.reason = event.get("reason")
        elif kind == "nothing":
            self.nothing = True
