"""A directory in which a small experiment runs on the test's cluster, and what is seen of it."""

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

CELLS = ["SimpleRNN", "LSTM"]
COMBINATION = "rnn1-dense2-dropout1-reg0-lr1e-3"
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
    "training": {"epochs": 250},
    "report": {"top": 1},
}
# What a training leaves that must not depend on how often it was disturbed.
SAME_BYTES = [
    "history.csv",
    "best.safetensors",
    "last.safetensors",
    "predictions.parquet",
    "parameters.json",
    "architecture.json",
]
# For tests only: a real cluster is asked less often.
QUICK = ["--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10"]


def run_of(cell):
    """Return the folder of a cell's only training."""
    return f"results/small/train/{cell}/{COMBINATION}/1"


def target_of(cell):
    """Return the file that asks Snakemake for that training and no more."""
    return f"{run_of(cell)}/history.csv"


def trainings(directory):
    """Return {pid: cell} of the processes that train in ``directory`` right now."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
            if arguments[1:4] == [b"-m", b"tweetrnn", b"train"]:
                cell = arguments[arguments.index(b"--cell") + 1].decode()
                if os.path.samefile(entry / "cwd", directory):
                    found[int(entry.name)] = cell
    return found


class Watcher:
    """Looks, twenty times a second, which trainings run in a directory; ``with`` stops it."""

    def __init__(self, directory):
        self.directory = directory
        self.most = 0  # trainings at the same time
        self.twice = []  # cells that two processes trained at the same time
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self):
        while not self._over.wait(0.05):
            cells = list(trainings(self.directory).values())
            self.most = max(self.most, len(cells))
            self.twice += {cell for cell in cells if cells.count(cell) > 1}

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._over.set()
        self._thread.join()


class Workplace:
    """A working directory beside the checkout's Snakefile, and the cluster."""

    def __init__(self, path, root, cluster):
        self.path, self.root, self.cluster = path, root, cluster
        self.output = path / "output.txt"
        self.process = None

    @classmethod
    def new(cls, path, root, cluster):
        """Make a directory in which nothing has run yet."""
        path.mkdir()
        (path / "small.yaml").write_text(yaml.safe_dump(SMALL))
        return cls(path, root, cluster)

    def without_trainings(self, path):
        """Return a copy in which all is done but the trainings and what follows them."""
        shutil.copytree(self.path, path, symlinks=True)
        for name in ["train", "aggregate", "plot", "report", "logs/train", "benchmarks/train"]:
            shutil.rmtree(path / "results/small" / name, ignore_errors=True)
        (path / "output.txt").unlink(missing_ok=True)
        return Workplace(path, self.root, self.cluster)

    # -- running

    def start(self, *command):
        """Start a command of the project's environment; its output goes to ``output``."""
        bin_folder = Path(sys.executable).parent
        environment = self.cluster.environment if self.cluster else dict(os.environ)
        environment |= {
            "PATH": f"{bin_folder}:{environment['PATH']}",
            "PYTHONPATH": str(self.root / "workflow"),
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

    def submit(self, *snakemake, patience=100, poll=1):
        """Start ``tweetrnn submit`` on the small experiment."""
        watchdog = ["--poll", poll, "--patience", patience]
        self.start(
            *("tweetrnn", "submit", "--configfile", "small.yaml", *watchdog, "--"),
            *(*QUICK, *snakemake),
        )

    def finish(self, seconds=180, status=0):
        """Wait for the started command and check its exit status."""
        try:
            found = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            self.process.wait(60)
            raise AssertionError(f"not done in {seconds} s:\n{self.text()}") from None
        assert found == status, f"exit status {found}:\n{self.text()}"

    def text(self):
        """Return all that the commands have printed."""
        return self.output.read_text()

    # -- what is seen

    def log(self, cell):
        """Return the log of a cell's training, of all its attempts."""
        path = self.path / f"results/small/logs/train/{cell}/{COMBINATION}/1.log"
        return path.read_text() if path.exists() else ""

    def epochs(self, cell):
        """Return the numbers of the epochs that all attempts at a training have ended, in order."""
        return [int(number) for number in re.findall(r"INFO epoch (\d+) of", self.log(cell))]

    def training(self, cell, epochs=5, seconds=60):
        """Return the pid of a cell's training when it has done some (more) epochs."""
        before = len(self.epochs(cell))

        def under_way():
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}:\n{self.text()}")
            if len(self.epochs(cell)) < before + epochs:
                return None
            return next((pid for pid, c in trainings(self.path).items() if c == cell), None)

        return wait_until(under_way, seconds, f"a training of {cell} is under way", every=0.02)

    def jobs(self):
        """Return (job id, state, comment) of all jobs ever submitted from this directory."""
        table = self.cluster.run(
            "squeue", "--noheader", "--states=all", "--format=%i|%T|%k|%Z"
        ).splitlines()
        rows = [line.split("|") for line in table]
        return [tuple(row[:3]) for row in rows if os.path.realpath(row[3]) == str(self.path)]

    def job_of(self, cell):
        """Return the id of the running job of a cell's training."""
        [job] = [job for job, state, text in self.jobs() if state == "RUNNING" and cell in text]
        return job


@contextmanager
def slowed(pid):
    """Let a process run for a tenth of the time only, so that a fault meets it under way."""
    over = threading.Event()

    def brake():
        with suppress(ProcessLookupError):
            while not over.is_set():
                os.kill(pid, signal.SIGSTOP)
                time.sleep(0.09)
                os.kill(pid, signal.SIGCONT)
                time.sleep(0.01)

    thread = threading.Thread(target=brake, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def assert_same_results(found, expected, cells=CELLS):
    """Check that trainings left byte for byte what the undisturbed ones left."""
    for cell in cells:
        for name in SAME_BYTES:
            path = f"{run_of(cell)}/{name}"
            same = (found.path / path).read_bytes() == (expected.path / path).read_bytes()
            assert same, f"{path} differs from the undisturbed run's"


def assert_nothing_twice(work, watcher, interruptions):
    """Check that no run had two writers, none was done twice, and little work was lost.

    Args:
        interruptions: {cell: number of times that its training was ended before its time}.
    """
    assert watcher.twice == []
    completed = [comment for _, state, comment in work.jobs() if state == "COMPLETED"]
    assert len(completed) == len(set(completed)), work.jobs()
    for cell, number in interruptions.items():
        # An interruption costs the epoch under way at most, so no epoch is ended twice, unless the
        # training was killed between the end of an epoch and its checkpoint.
        repeated = len(work.epochs(cell)) - SMALL["training"]["epochs"]
        assert repeated <= number, f"{cell}: {repeated} epochs were done again"
        history = (work.path / target_of(cell)).read_text().splitlines()
        assert len(history) == SMALL["training"]["epochs"] + 1


def read_json(path):
    """Return the JSON value in ``path``."""
    return json.loads(path.read_text())
