"""A training that is stopped or killed, at any moment, ends in the same bytes.

KILLS sets how often each cell's training is killed (2), KILL_SEED repeats a run of the tests.
"""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest
from small_training import (
    bytes_of,
    config_of,
    outputs_of,
    stage_arguments,
    stage_command,
    write_split,
)

pytestmark = pytest.mark.slow

COMBINATION = "rnn1-dense2-dropout1-reg0-lr1e-2"
EPOCHS = 80
ENDLESS = 10**4  # for a training that never finishes by itself
# About two seconds of training; a checkpoint of a megabyte or two, so that kills hit its writing.
SPLIT = {"train": 160, "validation": 40, "test": 40, "length": 8, "width": 3000}


class Training:
    """A run's folder, and the processes that train it one after another or at once."""

    def __init__(self, split, folder, cell):
        self.split, self.folder, self.cell = split, folder, cell
        self.checkpoint = folder / f"checkpoints/{cell}/{COMBINATION}/1/checkpoint.safetensors"
        self.running = ExitStack()

    def start(self, log="log", epochs=EPOCHS, environment=None, **arguments):
        """Start ``python -m tweetrnn train``; its standard error can be read.

        ``arguments`` are optional ones of the stage, ``environment`` more variables.
        """
        variables = {k: v for k, v in os.environ.items() if k != "TWEETRNN_SUPERVISOR"}
        variables["PYTHONPATH"] = os.pathsep.join(sys.path)
        arguments = stage_arguments(self.split, self.folder, self.cell, COMBINATION, **arguments)
        self.folder.mkdir(exist_ok=True)
        process = subprocess.Popen(
            stage_command(arguments, config_of(units=12, epochs=epochs), self.folder / log),
            env=variables | (environment or {}),
            stderr=subprocess.PIPE,
            text=True,
        )
        self.running.callback(process.wait)
        self.running.callback(process.kill)
        return process

    def log(self, name="log"):
        """Return a log's lines."""
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def epochs(self, name="log"):
        """Return how many epochs the log reports; those done twice count twice."""
        return sum("INFO epoch" in line for line in self.log(name))

    def train_on(self, process):
        """Wait until the process has done an epoch; return whether it still trains."""
        before = self.epochs()
        while process.poll() is None and self.epochs() == before:
            time.sleep(0.005)
        return process.poll() is None

    def finish(self):
        """Train to the end; check that there are only the outputs and the checkpoint."""
        process = self.start()
        _, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
        expected = {*outputs_of(self.folder).values(), *self.folder.glob("log*"), self.checkpoint}
        assert {path for path in self.folder.rglob("*") if path.is_file()} == expected

    def half_written(self):
        """Return the files that are being written, or were when their writer was killed."""
        return list(self.folder.rglob(".*.part"))

    def results(self):
        """Return {name: bytes} of what must be the same after any interruption."""
        return bytes_of(self.folder)


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    """The arrays that all these trainings read."""
    return write_split(tmp_path_factory.mktemp("split") / "split", **SPLIT)


@pytest.fixture(scope="module")
def undisturbed(split, tmp_path_factory):
    """{cell: what its run writes if nothing happens}."""
    results = {}
    for cell in ("SimpleRNN", "LSTM"):
        run = Training(split, tmp_path_factory.mktemp("undisturbed") / cell, cell)
        with run.running:
            run.finish()
        results[cell] = run.results()
    return results


@pytest.fixture
def run_of(split, tmp_path):
    """A function from a cell to its Training, whose processes end with the test."""
    with ExitStack() as stack:

        def make(cell):
            run = Training(split, tmp_path / cell, cell)
            stack.enter_context(run.running)
            return run

        yield make


@pytest.fixture
def chance():
    """Random numbers that KILL_SEED repeats."""
    seed = int(os.environ.get("KILL_SEED", random.randrange(10**6)))
    print(f"KILL_SEED={seed}")  # pytest shows it when the test fails
    return random.Random(seed)


def stopped_within_5_seconds(process, stop):
    """Stop the process; check its exit status and its message."""
    began = time.monotonic()
    stop()
    _, error = process.communicate(timeout=60)
    assert time.monotonic() - began < 5
    assert process.returncode == 75, error
    assert "stopped by" in error and "Traceback" not in error


@pytest.mark.parametrize(
    "cell, numbers",
    [("SimpleRNN", [signal.SIGTERM]), ("LSTM", [signal.SIGINT, signal.SIGUSR1])],
    ids=["SimpleRNN", "LSTM"],
)
def test_stopped_training_leaves_a_checkpoint_and_continues_from_there(
    run_of, undisturbed, chance, cell, numbers
):
    run = run_of(cell)
    for number in numbers:
        process = run.start()
        assert run.train_on(process)
        time.sleep(chance.uniform(0, 0.1))
        stopped_within_5_seconds(process, lambda: process.send_signal(number))  # noqa: B023
        assert run.checkpoint.exists()
        assert "checkpoint after" in run.log()[-2]
    run.finish()
    assert sum("resumed from" in line for line in run.log()) == len(numbers)
    assert run.epochs() == EPOCHS  # none was done twice
    assert run.results() == undisturbed[cell]


def test_training_ends_with_a_checkpoint_when_its_supervisor_is_killed(run_of):
    run = run_of("SimpleRNN")
    with subprocess.Popen(["sleep", "60"]) as supervisor:
        pid = str(supervisor.pid)
        process = run.start(environment={"TWEETRNN_SUPERVISOR": pid}, epochs=ENDLESS)
        assert run.train_on(process)
        stopped_within_5_seconds(process, supervisor.kill)
    assert run.checkpoint.exists()
    assert f"the end of the supervising process {pid}" in run.log()[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_training_can_be_stopped_while_it_imports(run_of, chance, number):
    run = run_of("SimpleRNN")
    process = run.start()
    while not handles_signals(process.pid):
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.5))
    stopped_within_5_seconds(process, lambda: process.send_signal(number))
    assert not list(run.folder.glob("[!l]*"))  # nothing but the log


def handles_signals(pid):
    """Whether a process handles SIGUSR1, as Python by itself does not; see proc(5), SigCgt."""
    with open(f"/proc/{pid}/status") as stream:
        caught = next(line for line in stream if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGUSR1 - 1) & 1)


# Kills: each takes (run, process, chance); afterwards the process is dead or done.


def kill_at_any_moment(run, process, chance):
    """SIGKILL at a moment of the training, or of its start and end."""
    if chance.random() < 0.8:
        run.train_on(process)
    time.sleep(chance.uniform(0, 1))
    process.kill()


def kill_while_writing(run, process, chance):
    """SIGKILL when a file is half written: stop the process again and again to look."""
    run.train_on(process)
    time.sleep(chance.uniform(0, 0.3))
    while process.poll() is None:
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if run.half_written():
            process.kill()
            process.wait()
            assert run.half_written()
        process.send_signal(signal.SIGCONT)
        time.sleep(0.001)


def stop(run, process, chance):
    """Any of the signals that a training handles, at a moment of it."""
    run.train_on(process)
    time.sleep(chance.uniform(0, 1))
    process.send_signal(chance.choice([signal.SIGTERM, signal.SIGINT, signal.SIGUSR1]))


@pytest.mark.parametrize("cell", ["SimpleRNN", "LSTM"])
def test_killed_training_ends_in_the_same_bytes(run_of, undisturbed, chance, cell):
    run = run_of(cell)
    kinds = [kill_while_writing, kill_at_any_moment, stop]
    for number in range(int(os.environ.get("KILLS", 2))):
        kill = kinds[number] if number < 2 else chance.choice(kinds)
        process = run.start()
        kill(run, process, chance)
        process.wait(60)
        print(kill.__name__, process.returncode, f"after {run.epochs()} epochs")
        if process.returncode == 0:  # it was done before the kill: remove the outputs
            assert run.results() == undisturbed[cell]
            for path in outputs_of(run.folder).values():
                path.unlink()
    run.finish()
    assert run.results() == undisturbed[cell]


def test_stale_checkpoint_is_never_resumed(run_of, undisturbed):
    run = run_of("LSTM")
    process = run.start(code_digest="other")
    assert run.train_on(process)
    stopped_within_5_seconds(process, process.terminate)
    before = run.epochs()
    run.finish()
    assert any("ignored, made from other data, parameters, code" in line for line in run.log())
    assert run.epochs() == before + EPOCHS
    assert run.results() == undisturbed["LSTM"]


def test_two_processes_never_train_a_run_at_once_and_one_replaces_a_dead_one(run_of, undisturbed):
    run = run_of("LSTM")
    processes = {log: run.start(log=log) for log in ("log 1", "log 2")}
    while not any(run.epochs(log) > 1 for log in processes):  # the first one's checkpoint is there
        time.sleep(0.005)
    first, second = sorted(processes, key=run.epochs, reverse=True)
    processes[first].send_signal(signal.SIGSTOP)  # not dead, although it does nothing
    impatient = run.start(lock_wait=0.2, log="log 3")
    _, error = impatient.communicate(timeout=60)
    assert impatient.returncode == 1
    assert "another process is training this run and did not end within 0.2 s" in error
    assert run.epochs(second) == 0
    processes[first].kill()
    before = run.epochs(first)
    _, error = processes[second].communicate(timeout=60)
    assert processes[second].returncode == 0, error
    assert any("resumed from" in line for line in run.log(second))
    assert run.epochs(second) in (EPOCHS - before, EPOCHS - before + 1)  # no other work was lost
    assert run.results() == undisturbed["LSTM"]
