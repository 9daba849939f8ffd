"""A directory in which a small experiment runs on the test's cluster, and ways to watch it."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import yaml
from cluster import wait_until
from tweetrnn.grid import Run
from tweetrnn.results import RUN_FILES, Results

COMBINATION = "rnn1-dense2-dropout1-reg0-lr1e-3"
EPOCHS = 120
EPOCHS_IN_RECORDS = rf"\"epochs\": {EPOCHS}"  # Snakemake's records are JSON in JSON
SMALL = {
    "name": "small",
    "corpus": {"kind": "demo", "tweets": 300},
    "grid": {
        "recurrent_layers": [1],
        "dense_layers": [2],
        "dropout": [True],
        "regularization": [False],
        "learning_rate": [0.001],
    },
    "training": {"epochs": EPOCHS, "selected_replicates": 1, "finalist_replicates": 0},
    "report": {"top": 1, "resamples": 200},
}
RESULTS = Path("results/small")
# The files of a training that must not depend on how often it was interrupted.
SAME_BYTES = [file for name, file in RUN_FILES.items() if name not in ("timing", "provenance")]
# For tests only: a real cluster is asked less often.
QUICK = ["--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10"]


def run_of(cell, replicate=1):
    """Return a Run of the small experiment."""
    return Run(cell, COMBINATION, replicate)


def target(run):
    """Return the file that asks Snakemake for a training and nothing else."""
    return Results(RESULTS).run(run).history


def comment(run):
    """Return the comment by which Snakemake identifies a training to SLURM."""
    return f"rule_train_wildcards_small_{run.cell}_{run.combination}_{run.replicate}"


LSTM, SIMPLE_RNN = run_of("LSTM"), run_of("SimpleRNN")
# All trainings of the experiment: the grid's, and the selected combinations' with other seeds.
RUNS = [SIMPLE_RNN, LSTM, run_of("SimpleRNN", 2), run_of("LSTM", 2)]


def processes(directory):
    """Return {pid: its arguments, of any encoding} of all that runs in ``directory``."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if os.path.samefile(entry / "cwd", directory):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().split(b"\0")
    return found


def trainings(directory):
    """Return {pid: Run} of the processes that train in ``directory`` right now."""
    found = {}
    for pid, arguments in processes(directory).items():
        if arguments[1:4] == [b"-m", b"tweetrnn", b"train"]:
            stage = json.loads(arguments[4])
            found[pid] = run_of(stage["cell"], int(stage["replicate"]))
    return found


class Watcher:
    """Checks, twenty times a second, what trains in a directory, and keeps every attempt's log.

    Snakemake deletes the log of a training that it starts again. A context manager.
    """

    def __init__(self, directory):
        self.directory = directory
        self.most = 0  # trainings at the same time
        self.twice = []  # runs that two processes trained at the same time
        self.logs = {run: [] for run in RUNS}  # of all attempts, in order
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while not self._over.wait(0.05):
            runs = list(trainings(self.directory).values())
            self.most = max(self.most, len(runs))
            self.twice += {run for run in runs if runs.count(run) > 1}
            for run, logs in self.logs.items():
                self._keep(Results(self.directory / RESULTS).run(run).log, logs)

    def _keep(self, log, kept):
        copy = self.directory / "kept" / f"{len(kept)}-{log.parent.parent.name}-{log.name}"
        with suppress(FileNotFoundError):  # there is no log, or it has just been deleted
            if kept and os.path.samefile(log, kept[-1]):
                return
            copy.parent.mkdir(exist_ok=True)
            os.link(log, copy)  # the same file, which its writer continues to fill
            kept.append(copy)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._over.set()
        self._thread.join()


class Workplace:
    """A working directory outside of the checkout, and the cluster."""

    def __init__(self, path, root, cluster):
        self.path, self.root, self.cluster = path, root, cluster
        self.output = path / "output.txt"
        self.process = None
        self.watcher = Watcher(path)

    @classmethod
    def new(cls, path, root, cluster):
        """Create a directory in which nothing has run yet."""
        path.mkdir()
        (path / "small.yaml").write_text(yaml.safe_dump(SMALL))
        return cls(path, root, cluster)

    def without_trainings(self, path):
        """Return a copy in which everything is done except trainings and what follows them."""
        shutil.copytree(self.path, path, symlinks=True)
        for name in ["train", "aggregate", "select", "compare", "plot", "report", "logs/train"]:
            shutil.rmtree(path / RESULTS / name)
        shutil.rmtree(path / RESULTS / "benchmarks/train")
        for record in path.glob(".snakemake/metadata/*"):
            # As after a change of the config: Snakemake's records of trainings are out of date.
            if base64.urlsafe_b64decode(record.name).startswith(f"{RESULTS}/train/".encode()):
                text = record.read_text()
                assert EPOCHS_IN_RECORDS in text
                record.write_text(text.replace(EPOCHS_IN_RECORDS, "another number of epochs"))
        (path / "output.txt").unlink()
        return Workplace(path, self.root, self.cluster)

    def __enter__(self):
        self.watcher.__enter__()
        return self

    def __exit__(self, *exception):
        """End whatever still runs, here and on the cluster."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.cluster.cancel_all()
        self.watcher.__exit__()
        try:
            wait_until(lambda: not processes(self.path), 100, "all processes have ended")
        finally:
            for pid in processes(self.path):
                os.kill(pid, signal.SIGKILL)

    # -- running

    def start(self, *command, **variables):
        """Start a command in the project's environment; its output goes to ``output``."""
        bin_folder = Path(sys.executable).parent
        environment = self.cluster.environment
        environment |= {
            "PATH": f"{bin_folder}:{environment['PATH']}",
            "PYTHONPATH": str(self.root / "workflow"),
            **variables,
        }
        with self.output.open("a") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *map(str, command)],
                cwd=self.path,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def submit(self, *snakemake, options=(), environment=()):
        """Start ``tweetrnn submit`` on the small experiment, with a SLURM job for each training."""
        self.start(
            *("tweetrnn", "submit", "--configfile", "small.yaml", "--way", "jobs", "--poll", 1),
            *("--verbose", *options, "--", *QUICK, *snakemake),
            **dict(environment),
        )

    def allocate(self, *targets, sbatch="--ntasks=4", options=(), snakemake=(), environment=()):
        """Start ``tweetrnn submit`` on the small experiment, all in one SLURM job."""
        self.start(
            *("tweetrnn", "submit", "--configfile", "small.yaml", "--poll", 1, "--verbose"),
            *(f"--sbatch={sbatch}", *options, "--", "--latency-wait", 10, *snakemake, "--"),
            *targets,
            **dict(environment),
        )

    def fake(self, client, script):
        """Put a stand-in for one of SLURM's clients first on the PATH; $REAL is the real one.

        Return the variables that a command needs to find it.
        """
        folder = self.path / "fakes"
        folder.mkdir(exist_ok=True)
        path = folder / client
        path.write_text(f"#!/bin/sh\nREAL={self.cluster.root}/bin/{client}\n{script}\n")
        path.chmod(0o755)
        own = Path(sys.executable).parent
        return {"PATH": f"{folder}:{own}:{self.cluster.environment['PATH']}"}

    def finish(self, seconds=400, status=0):
        """Wait for the started command and check its exit status."""
        try:
            found = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            self.process.wait(100)
            raise AssertionError(f"not done in {seconds} s:\n{self.tail()}") from None
        assert found == status, f"exit status {found}:\n{self.tail()}"

    def text(self):
        """Return all that the commands have printed."""
        return self.output.read_text()

    def tail(self):
        """Return the last lines that the commands have printed, for messages."""
        return "\n".join(line[:300] for line in self.text().splitlines()[-40:])

    # -- watching

    def log(self, run):
        """Return a training's log, of all attempts that the watcher saw."""
        return "".join(path.read_text() for path in list(self.watcher.logs[run]))

    def epochs(self, run):
        """Return the numbers of the epochs that all attempts of a training finished, in order."""
        return [int(number) for number in re.findall(r"INFO epoch (\d+) of", self.log(run))]

    def training(self, run, epochs=5, seconds=120):
        """Wait until a training has done some (more) epochs; return its pid."""
        before = len(self.epochs(run))

        def under_way():
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}:\n{self.tail()}")
            if len(self.epochs(run)) < before + epochs:
                return None
            return next((pid for pid, r in trainings(self.path).items() if r == run), None)

        return wait_until(under_way, seconds, f"{run} is under way", every=0.02)

    def first_training(self):
        """Return the Run that trains, while others wait for the one GPU."""
        return wait_until(lambda: list(trainings(self.path).values()), 120, "a training")[0]

    def environment_of(self, pid):
        """Return the environment of a process, a list of NAME=VALUE."""
        return Path(f"/proc/{pid}/environ").read_text(errors="replace").split("\0")

    def jobs(self):
        """Return (job id, state, comment) of all jobs ever submitted from this directory."""
        table = self.cluster.run(
            "squeue", "--noheader", "--states=all", "--sort=i", "--format=%i|%T|%k|%Z"
        ).splitlines()
        rows = [line.split("|") for line in table]
        return [tuple(row[:3]) for row in rows if os.path.realpath(row[3]) == str(self.path)]

    def ended(self):
        """Return the states of all jobs once they have ended, soon after the command has."""

        def states():
            found = [state for _, state, _ in self.jobs()]
            return found if not {"RUNNING", "COMPLETING"} & {*found} else None

        return wait_until(states, 60, "SLURM knows of the jobs' end")

    def jobs_of(self, run):
        """Return (job id, state) of all jobs of a training, in order."""
        return [(job, state) for job, state, text in self.jobs() if text == comment(run)]

    def job_of(self, run):
        """Return the id of the running job of a training."""
        [job] = [job for job, state in self.jobs_of(run) if state == "RUNNING"]
        return job


@contextmanager
def slowed(pid, share=0.1):
    """Let a process run for a share of the time only, so that a fault happens while it runs."""
    over = threading.Event()

    def brake():
        with suppress(ProcessLookupError):
            while not over.is_set():
                os.kill(pid, signal.SIGSTOP)
                time.sleep(0.01 / share - 0.01)
                os.kill(pid, signal.SIGCONT)
                time.sleep(0.01)

    thread = threading.Thread(target=brake, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def assert_same_results(found, expected, *runs):
    """Check that trainings wrote the same bytes as the undisturbed ones."""
    for run in runs:
        for name in SAME_BYTES:
            path = target(run).with_name(name)
            same = (found.path / path).read_bytes() == (expected.path / path).read_bytes()
            assert same, f"{path} differs from the undisturbed run's"


def assert_nothing_twice(work, run, killed=0):
    """Check that a run never had two writers, was finished once, and lost little work.

    Args:
        killed: how often its training was killed without notice. Each kill costs at most the
            current epoch; an epoch is done twice only if the training was killed between its end
            and its checkpoint. With notice nothing is lost.
    """
    assert run not in work.watcher.twice
    states = [state for _, state in work.jobs_of(run)]
    assert states.count("COMPLETED") == 1 and states[-1] == "COMPLETED", states
    repeated = len(work.epochs(run)) - EPOCHS
    assert 0 <= repeated <= killed, f"{run}: {repeated} epochs were done again"
