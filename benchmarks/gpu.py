"""Measure training on a GPU: parity with Keras, repeated bytes, steps per second, memory.

    PYTHONPATH=workflow python3 benchmarks/gpu.py --out DIR

needs torch with CUDA and numpy, and takes under five minutes. It prints a report and writes it to
DIR/gpu.md, section by section; a section that fails has its error there, and the next begins.
``--device cpu`` tries the script without a GPU.
"""

import argparse
import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
import time
import traceback
import warnings
from pathlib import Path
from statistics import median

import numpy as np
import torch
from tweetrnn.grid import Combination
from tweetrnn.machine import processor_name
from tweetrnn.training import by_hand, loop, torch_kernels
from tweetrnn.training.models import build

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))
from keras_file import FIXTURES, Keras  # noqa: E402

BATCH, LENGTH, CLASSES, UNITS = 32, 30, 3, 32
TRAINING, VALIDATION = 9_232, 2_309  # tweets, as in the reference report
WIDTHS = (22_020, 4_000)
NETWORKS = [(cell, layers) for cell in ("SimpleRNN", "LSTM") for layers in (1, 2)]
PATHS = {
    "torch's kernels": torch_kernels.LAYERS,
    "by hand": by_hand.LAYERS,
    "by definition": {},
}
START = time.perf_counter()


# ------------------------------------------------------------------------------- trainings


def tweets(number, width, seed):
    """Return Examples of words with frequencies 1/rank, padded on the left; labels by chance."""
    random = np.random.default_rng(seed)
    shares = np.cumsum(1 / np.arange(1, width))
    ids = np.searchsorted(shares, random.random((number, LENGTH)) * shares[-1]).astype(np.int32) + 1
    lengths = np.clip(random.normal(18, 6, number).round(), 2, LENGTH).astype(int)
    ids[np.arange(LENGTH) < LENGTH - lengths[:, None]] = 0
    return loop.Examples(ids, random.integers(0, CLASSES, number, dtype=np.int32))


def trainer_of(
    cell, layers, l2, device, share, width=WIDTHS[0], accelerators=None, dropout=False, kind=None
):
    """Return a Trainer (or one of that ``kind``) on a share of the reference report's tweets."""
    model = build(
        cell,
        Combination(layers, 2, dropout, l2, 1e-3),
        width,
        CLASSES,
        seed=1,
        units=UNITS,
        device=device,
        accelerators=accelerators,
    )
    parts = tweets(int(TRAINING * share), width, 1), tweets(int(VALIDATION * share), width, 2)
    return (kind or loop.Trainer)(model, *parts, 1e-3, BATCH, seed=2)


class GraphTrainer(loop.Trainer):
    """Replays forward and backward pass as a CUDA graph; batches must be full, without dropout."""

    graph = None

    def gradients(self, rows, batch, log_p=None):
        """As Trainer's, but nothing is put into ``log_p``."""
        if self.graph is None:
            self._capture(rows, batch)
        self.rows[: len(rows)].copy_(rows)
        self.batch.places.copy_(batch.places)
        self.batch.labels.copy_(batch.labels)
        self.graph.replay()
        return self.loss, self.d_rows[: len(rows)]

    def _capture(self, rows, batch):
        """Capture one step on tensors whose contents are replaced before each replay."""
        most = batch.places.numel() + 1  # a batch's words may all be different
        self.rows = torch.zeros(most, rows.shape[1], device=rows.device)
        self.batch = loop.Batch(None, batch.places.clone(), batch.labels.clone())
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                super().gradients(self.rows, self.batch)
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.loss, self.d_rows = super().gradients(self.rows, self.batch)


def wait(device):
    """Wait until the device has finished."""
    if device == "cuda":
        torch.cuda.synchronize()


def steps_per_second(trainer, seconds):
    """Return the median over rounds of steps per second, batches made and counted."""
    device = trainer.model.device.type
    order = np.arange(len(trainer.training) // BATCH * BATCH)
    rounds, until = [], None
    while until is None or time.perf_counter() < until or len(rounds) < 3:
        wait(device)
        start = time.perf_counter()
        for batch in loop.batches(
            trainer.training, order, BATCH, trainer.model.width, trainer.model.device
        ):
            trainer.train_on(batch)
        wait(device)
        if until is None:  # the first round warms up
            until = time.perf_counter() + seconds
        else:
            rounds.append(len(order) / BATCH / (time.perf_counter() - start))
    return median(rounds)


# ------------------------------------------------------------------------------- sections


def machine(options):
    """Describe what this runs on."""
    yield f"Python {platform.python_version()}, torch {torch.__version__}, numpy {np.__version__}"
    yield f"{processor_name()}, {os.cpu_count()} cores"
    if options.device == "cuda":
        facts = torch.cuda.get_device_properties(0)
        yield f"{facts.name}, {facts.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}, "
        yield f"cuDNN {torch.backends.cudnn.version()}"


def parity(options):
    """Compare with what Keras computed; largest differences over all variants of a cell."""
    largest = {}
    for keras in (Keras(FIXTURES / "keras_parity.npz"), Keras(FIXTURES / "keras_more_cells.npz")):
        for variant in keras.variants:
            for adam in ("dense",) if variant.endswith("/1") else ("dense", "rowwise"):
                for path, accelerators in PATHS.items():
                    ours = keras.train(variant, adam, options.device, accelerators)
                    differences = {
                        "before": np.abs(ours.before - keras.of(variant, "probs_before")).max(),
                        "losses": np.abs(ours.losses - keras.of(variant, "losses")).max(),
                        "after": np.abs(ours.after - keras.of(variant, "probs_after")).max(),
                        "loss": abs(ours.evaluation["loss"] - keras.of(variant, "eval")[0]),
                    }
                    row = largest.setdefault(
                        (variant.split("/")[0], path), dict.fromkeys(differences, 0)
                    )
                    row |= {name: max(row[name], float(differences[name])) for name in differences}
    yield "Largest differences from Keras over all variants and both forms of Adam."
    yield from table(
        ["cell", "computed", "probabilities before training", "losses of batches",
         "probabilities after training", "loss after training"],
        [[cell, path, *(f"{value:.1e}" for value in row.values())]
         for (cell, path), row in sorted(largest.items())],
    )  # fmt: skip


def bytes_of(trainer):
    """Return a digest of everything that an epoch of training results in."""
    trainer.run_epoch()
    tensors, facts = trainer.state()
    digest = hashlib.sha256(json.dumps(facts).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    digest.update(loop.predict(trainer.model, trainer.validation).tobytes())
    return digest.hexdigest()


def repeated(options):
    """Train an epoch twice, with dropout, and compare all bytes."""
    rows = []
    for cell in ("SimpleRNN", "LSTM", "GRU", "BidirectionalLSTM"):
        for path, accelerators in PATHS.items():
            for l2 in (False, True):
                run = cell, 2, l2, options.device, 0.1 * options.share, WIDTHS[1]
                first, second = (bytes_of(trainer_of(*run, accelerators, True)) for _ in range(2))
                rows.append([cell, path, "yes" if l2 else "no", first == second])
    yield "An epoch, twice: two layers, dropout, 4,000 words."
    yield from table(["cell", "computed", "L2", "the same bytes"], rows)


def waits(deterministic):
    """Return whether a step waits for the device: what makes it wait, or no."""
    torch.use_deterministic_algorithms(deterministic)
    trainer = trainer_of("LSTM", 2, False, "cuda", 0.02, WIDTHS[1], dropout=True)
    first, second, *_ = loop.batches(
        trainer.training, np.arange(2 * BATCH), BATCH, trainer.model.width, "cuda"
    )
    trainer.train_on(first)
    torch.cuda.set_sync_debug_mode("error")
    try:
        trainer.train_on(second)
    except RuntimeError as error:
        return f"yes ({str(error).splitlines()[0]})"
    finally:
        torch.cuda.set_sync_debug_mode("default")
        torch.use_deterministic_algorithms(False)
    return "no"


def unreproducible(options):
    """List operations of a step that torch has no deterministic form of, and what asking costs."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for l2 in (False, True):
                trainer_of("GRU", 2, l2, options.device, 0.02, WIDTHS[1], dropout=True).run_epoch()
    finally:
        torch.use_deterministic_algorithms(False)
    messages = sorted({str(warning.message).splitlines()[0] for warning in caught})
    yield "torch warns, if asked for deterministic algorithms: " + (
        "; ".join(messages) or "nothing"
    )
    if options.device == "cuda":
        yield f"A step waits for the device: {waits(False)}; when asked for them: {waits(True)}"


def speed(options):
    """Measure steps per second of one training."""
    device = options.device
    ways = {path: (device, layers, loop.Trainer, False) for path, layers in PATHS.items()}
    if device == "cuda":
        kernels = torch_kernels.LAYERS
        ways["kernels, deterministic algorithms"] = device, kernels, loop.Trainer, True
        ways["kernels, CUDA graph"] = device, kernels, GraphTrainer, False
        ways["by hand, CUDA graph"] = device, by_hand.LAYERS, GraphTrainer, False
    ways["by hand, one CPU core"] = "cpu", by_hand.LAYERS, loop.Trainer, False
    rows, errors = [], set()
    for width, l2 in ((WIDTHS[0], False), (WIDTHS[0], True), (WIDTHS[1], False)):
        for cell, layers in NETWORKS:
            rates = []
            for where, accelerators, kind, deterministic in ways.values():
                run = cell, layers, l2, where, 0.1 * options.share, width, accelerators, False, kind
                torch.use_deterministic_algorithms(deterministic)
                try:
                    rates.append(f"{steps_per_second(trainer_of(*run), options.seconds):,.0f}")
                except Exception as error:
                    rates.append("failed")
                    errors.add(f"{type(error).__name__}: {error}".splitlines()[0])
                finally:
                    torch.use_deterministic_algorithms(False)
            rows.append([f"{cell}({layers}){', L2' if l2 else ''}", f"{width:,}", *rates])
    yield f"Steps per second: batches of {BATCH}, {LENGTH} words, {UNITS} units, one process;"
    yield "preparing the batches is included."
    yield from table(["network", "one-hot width", *ways], rows)
    yield from sorted(errors)


def worker(options):
    """Train whole epochs on a line of input, and print what that took, as JSON."""
    torch.set_num_threads(1)
    cell, layers, l2 = options.worker.split("/")
    trainer = trainer_of(cell, int(layers), l2 == "1", options.device, options.share)
    trainer.run_epoch()
    wait(options.device)
    print("ready", flush=True)
    sys.stdin.readline()
    start, epochs = time.perf_counter(), 0
    while time.perf_counter() - start < options.seconds or not epochs:
        trainer.run_epoch()
        epochs += 1
    taken = time.perf_counter() - start
    measured = {
        "steps": epochs * trainer.batches / taken,
        "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    if options.device == "cuda":
        free, total = torch.cuda.mem_get_info()
        measured["reserved"] = torch.cuda.max_memory_reserved() / 2**20
        measured["used"] = (total - free) / 2**20  # by all processes on the device
    print(json.dumps(measured), flush=True)


def together(options, networks, seconds):
    """Return what workers measured that train the networks at the same time."""
    command = [sys.executable, __file__, "--device", options.device, "--seconds", str(seconds)]
    command += ["--share", str(options.share), "--worker"]
    processes = [
        subprocess.Popen(
            [*command, network], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for network in networks
    ]
    for process in processes:
        process.stdout.readline()
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise RuntimeError(f"a worker failed, of {', '.join(networks)}; its error is on stderr")
    return [json.loads(answer.splitlines()[-1]) for answer in answers]


def used_before():
    """Return the MiB in use on the device before this program uses it, or None if unknown."""
    query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    try:
        return float(subprocess.check_output(query, text=True).split()[0])
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        return None


def sharing(options):
    """Measure several trainings on one device, and the memory of one."""
    before = used_before()
    yield "Whole trainings (steps and evaluation), each in its own process; 22,020 words."
    rows = []
    for number in options.processes:
        measured = together(options, ["LSTM/1/0"] * number, 4 * options.seconds)
        rates = [each["steps"] for each in measured]
        row = [number, f"{sum(rates):,.0f}", f"{min(rates):,.0f} – {max(rates):,.0f}"]
        rows.append([*row, f"{max(each['rss'] for each in measured):,.0f}"])
        if options.device == "cuda":
            rows[-1] += [f"{max(each[k] for each in measured):,.0f}" for k in ("reserved", "used")]
    on_cuda = ["MiB reserved by torch", "MiB in use on the device"]
    on_cuda = on_cuda if options.device == "cuda" else []
    yield "LSTM(1) in several processes at once:"
    yield from table(
        ["trainings", "steps/s in all", "of one training", "peak RSS of one, MiB", *on_cuda], rows
    )
    yield f"In use on the device before: {'unknown' if before is None else f'{before:,.0f} MiB'}."
    networks = [f"{cell}/{layers}/{l2}" for cell, layers in NETWORKS for l2 in (0, 1)]
    measured = together(options, networks, options.seconds)
    yield "Memory of one training:"
    yield from table(
        ["network/layers/L2", "peak RSS, MiB", *on_cuda[:1]],
        [[network, *(f"{each[k]:,.0f}" for k in ("rss", "reserved") if k in each)]
         for network, each in zip(networks, measured, strict=True)],
    )  # fmt: skip
    yield "(RSS is that of torch, numpy and CUDA. A run of the workflow also loads pyarrow.)"


def table(head, rows):
    """Yield the lines of a Markdown table."""
    yield ""
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(map(str, row))} |"
    yield ""


# The first one measures processes, before this one has anything on the device.
SECTIONS = {
    "Several trainings on one GPU, and memory": sharing,
    "Machine": machine,
    "Parity with Keras": parity,
    "Repeated bytes": repeated,
    "Deterministic algorithms": unreproducible,
    "Steps per second": speed,
}


def main():
    """Run every section, or be a worker of one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE.parent / "results/benchmark")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--seconds", type=float, default=0.5, help="about how long to measure each")
    parser.add_argument("--share", type=float, default=1.0, help="the part of the tweets to use")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(options)
        return 0
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    with (options.out / "gpu.md").open("w", encoding="utf-8") as report:

        def write(line):
            print(line, flush=True)
            report.write(line + "\n")
            report.flush()

        write("# Training on a GPU\n")
        for title in options.only:
            start = time.perf_counter()
            write(f"## {title}\n")
            try:
                for line in SECTIONS[title](options):
                    write(line)
            except Exception:
                failed += 1
                write(f"```\n{traceback.format_exc()}```")
            write(f"\n({time.perf_counter() - start:.0f} s)\n")
        write(f"In all {time.perf_counter() - START:.0f} s.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
