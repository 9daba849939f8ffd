"""Compare the training's speed with Keras and plain torch, and check its goals.

Each side runs in a separate process (``peers.py``). In every round all sides run one after another,
and ratios are taken within a round, so that other load on the machine affects both sides. Writes
benchmark.md and benchmark.csv.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import tables
import words
from tables import Row, ratios
from tweetrnn.grid import Run
from tweetrnn.machine import processor_name
from tweetrnn.results import RUN_FILES, SPLIT_ARRAYS, Results

HERE = Path(__file__).resolve().parent
WORKFLOW = HERE.parent / "workflow"
CORES = len(os.sched_getaffinity(0))
MODELS = [(cell, layers) for cell in ("SimpleRNN", "LSTM") for layers in (1, 2)]
# Of an epoch, where steps are so long that nothing else matters. The other sides train whole
# epochs: else the cost of starting and ending one (0.4 s in Keras) would be scaled up, too.
SHARES = {"keras-onehot": 0.1, "ours-wide": 0.3, "ours-narrow": 0.3}
EPOCHS = 10  # of a whole run: the default of training.epochs
VERSIONS = ("torch", "keras", "tensorflow-cpu", "numpy")


class Side:
    """``copies`` processes of one side that run at the same time; a context manager."""

    def __init__(self, name, share, copies=1):
        self.name, self.share, self.copies = name, share, copies

    def __enter__(self):
        command = [sys.executable, HERE / "peers.py", self.name, "--share", str(self.share)]
        environment = os.environ | {"PYTHONPATH": str(WORKFLOW)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.processes = [
            subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, **pipes)
            for _ in range(self.copies)
        ]
        return self

    def __exit__(self, *error):
        for process in self.processes:
            process.stdin.close()
            process.wait()

    def ask(self, order):
        """Return what the copies measured: the mean of each value."""

        def one(process):
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
            if not answer:
                raise SystemExit(f"{self.name}: ended at {order}; run peers.py to see why")
            return json.loads(answer)

        with ThreadPoolExecutor(self.copies) as pool:
            answers = list(pool.map(one, self.processes))
        return {key: sum(a[key] for a in answers) / len(answers) for key in answers[0]}


def side_of(name, share, copies=1):
    """Return a Side that trains its usual share of an epoch, times ``share``."""
    return Side(name, SHARES.get(name, 1) * share, copies)


def measure(sides, order, rounds):
    """Return {side's key: [answer of each round]}; an extra round at the start warms up."""
    found = {key: [] for key in sides}
    for number in range(rounds + 1):
        for key, side in sides.items():
            answer = side.ask(order)
            if number:
                found[key].append(answer)
    return found


def column(answers, figure):
    """Return one value of each round."""
    return [answer[figure] for answer in answers]


def described(cell, layers, l2):
    """Return a network's description, such as ``LSTM(2), L2``."""
    return f"{cell}({layers})" + (", L2" if l2 else "")


def throughput(rounds, share, models):
    """Yield the rows of grid throughput: one training per core, compared with each peer.

    Keras uses all cores for one training; a training of plain torch has one thread, like ours. The
    goals are for the whole grid, half of whose networks have L2; each half also has its own row.
    """
    goals = {
        "keras-onehot": ("the reference's method: Keras, one-hot batches, all cores", 50),
        "keras-embedding": ("Keras, Embedding(32) + cell, all cores", 5),
        "plain-torch": ("plain torch, Embedding(32) + cell, Adam, one thread", 1.2),
        "plain-torch-fused": ("the same with torch's fused Adam", None),
    }
    copies = {"ours": CORES} | {name: 1 if "keras" in name else CORES for name in goals}
    with ExitStack() as stack:
        sides = {name: stack.enter_context(side_of(name, share, copies[name])) for name in copies}
        for cell, layers in models:
            halves = [
                measure(sides, {"cell": cell, "layers": layers, "l2": l2}, rounds)
                for l2 in (False, True)
            ]
            for on, measured in (
                (f"{cell}({layers}), half of them with L2", halves),
                (described(cell, layers, False), halves[:1]),
                (described(cell, layers, True), halves[1:]),
            ):
                # Models per second on all cores, if the networks are trained one after another.
                rates = {
                    name: [
                        copies[name] * len(each) / sum(answer["epoch"] for answer in each)
                        for each in zip(*(found[name] for found in measured), strict=True)
                    ]
                    for name in sides
                }
                on = f"epochs x models per minute, {on}"
                yield Row("this pipeline", on, [60 * rate for rate in rates["ours"]], "per minute")
                for name, (against, goal) in goals.items():
                    goal = goal if measured is halves else None
                    yield Row(against, on, ratios(rates["ours"], rates[name]), at_least=goal)


def steps(rounds, share, models):
    """Yield the rows of single steps: the floor, the large vocabulary, more threads."""
    for against, name, other, figure, goal in (
        ("the floor: torch's recurrent kernel and the head", "ours-step", "floor", "step", 1.5),
        ("1,000,000 words, not 22,020, row-wise", "ours-wide", "ours-narrow", "step", 1.3),
        ("all cores for one training, not one", "ours-all-threads", "ours", "epoch", 1.05),
    ):
        with side_of(name, share) as own, side_of(other, share) as peer:
            for cell, layers in models:
                for l2 in (False,) if name == "ours-step" else (False, True):
                    order = {"cell": cell, "layers": layers, "l2": l2}
                    found = measure({"own": own, "peer": peer}, order, rounds)
                    times = ratios(column(found["own"], figure), column(found["peer"], figure))
                    on = f"one {figure}, {described(cell, layers, l2)}"
                    # With L2 every row has a gradient, so there is no goal for a large vocabulary.
                    yield Row(
                        against, on, times, at_most=None if l2 and name == "ours-wide" else goal
                    )
                    if figure == "step":
                        shown = [1000 * each for each in column(found["own"], "step")]
                        yield Row(f"{name} alone", on, shown, "ms")
                    if name == "ours-wide" and not l2:
                        flush = [1000 * each for each in column(found["own"], "flush")]
                        on = f"updating all rows, once per epoch, {cell}({layers})"
                        yield Row(f"{name} alone", on, flush, "ms")


def whole_runs(rounds, models, epochs):
    """Yield the rows of whole trainings as the workflow runs them: CPU seconds, memory."""
    with tempfile.TemporaryDirectory() as folder:
        results = Results(folder)
        words.write_split(results.split_facts.parent)
        files = results.paths([*SPLIT_ARRAYS, "split_facts"])
        config = {
            "seed": 1,
            "model": {"units": 32, "dense_units": [32, 16, 8], "dropout_rate": 0.2, "l2": 1e-3},
            "training": {
                "epochs": epochs, "batch_size": 32, "adam": "rowwise", "device": "cpu",
                "threads": 1,
            },
        }  # fmt: skip
        for cell, layers in models:
            for l2 in (0, 1):
                run = Run(cell, f"rnn{layers}-dense2-dropout0-reg{l2}-lr1e-3", 1)
                arguments = {**asdict(run), **files, **results.paths(RUN_FILES, run)}
                arguments |= {"checkpoints": str(results.checkpoints), "code_digest": ""}
                command = [
                    *(sys.executable, HERE / "whole_run.py", "train", json.dumps(arguments)),
                    *("--config", json.dumps(config), "--log", Path(folder, "log")),
                ]
                environment = os.environ | {"PYTHONPATH": str(WORKFLOW)}
                answers = [
                    json.loads(subprocess.check_output(command, env=environment, text=True))
                    for _ in range(rounds)
                ]
                on = described(cell, layers, l2)
                yield Row(
                    "imports, loading and writing",
                    f"a run of {on}",
                    column(answers, "beside"),
                    "CPU s",
                    at_most=3,
                )
                yield Row(
                    "memory of one training",
                    f"peak RSS, {on}",
                    column(answers, "peak"),
                    "MB",
                    at_most=700,
                )


def main():
    """Measure everything; write and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output-dir", type=Path, default=HERE.parent / "results/benchmark")
    parser.add_argument("--rounds", type=int, default=5, help="rounds to measure")
    parser.add_argument("--quick", action="store_true", help="only check that it runs")
    options = parser.parse_args()
    share, rounds, models, epochs = 1.0, options.rounds, MODELS, EPOCHS
    if options.quick:
        share, rounds, models, epochs = 0.1, 2, [("LSTM", 1)], 1
    load = os.getloadavg()[0]
    rows = []
    for group in (
        whole_runs(rounds, models, epochs),
        steps(rounds, share, models),
        throughput(rounds, share, models),
    ):
        for row in group:
            print("  ".join(row.cells().values()), file=sys.stderr, flush=True)
            rows.append(row)
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    head = (
        "# Benchmark\n\n"
        f"Measured by `make bench`: {processor_name()}, {CORES} cores, "
        f"Python {platform.python_version()}, "
        f"{versions}; load at the start: {load:.1f}. Data: {words.corpus()[0]}. Each ratio is "
        "taken within a round, in which the sides run one after another; the tables show the "
        f"median and the range of {rounds} rounds. The goal that more threads are never slower "
        "allows 5 % for noise. Throughput goals are for the whole grid, half of whose networks "
        "have L2.\n\n"
        "## Each goal where it is hardest to meet\n\n"
    )
    text = f"{head}{tables.as_markdown(tables.summary(rows))}\n"
    text += f"## All measurements\n\n{tables.as_markdown(rows)}"
    options.output_dir.mkdir(parents=True, exist_ok=True)
    (options.output_dir / "benchmark.md").write_text(text, encoding="utf-8")
    (options.output_dir / "benchmark.csv").write_text(tables.as_csv(rows), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
