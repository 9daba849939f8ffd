"""Measure how many tweets per second one core predicts, from CSV to CSV, and the start-up time.

``python benchmarks/predict.py [--tweets N] [--rounds N]``, run in the project's environment, prints
a Markdown table. The tweets are the real ones if they are there (TWEETS_CSV, or next to the
repository), repeated as often as needed, else the demo's. The vocabulary is their most frequent
words, padded with words that do not occur to a one-hot width of 22,020. The weights are random,
which does not affect the speed.
"""

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import cycle, islice
from pathlib import Path

import pyarrow as pa
from tweetrnn.__main__ import main as command_line
from tweetrnn.data import demo
from tweetrnn.data.tokenizers import tokenize_text
from tweetrnn.files import write_parquet
from tweetrnn.machine import processor_name
from tweetrnn.prediction import export
from tweetrnn.prediction.model_folder import VOCABULARY
from tweetrnn.prediction.predictor import Encoder
from words import LENGTH, WIDTH, tweets_path

TOKENIZE = {"tokens": "tweet", "fold_case": True, "unescape_entities": True}
SETTINGS = {
    "tokenize": TOKENIZE,
    "sequence": {"length": LENGTH, "padding": "left", "truncation": "left"},
    "padding_id": 0,
    "unknown_id": WIDTH,
    "width": WIDTH,
    "labels": ["negative", "neutral", "positive"],
    "text_column": "text",
}
RUNS = [
    (cell, f"rnn{layers}-dense2-dropout1-reg0-lr1e-3")
    for cell in ("SimpleRNN", "LSTM")
    for layers in (1, 2)
]


def texts():
    """Return (a description of the texts, an endless iterator of them)."""
    path = tweets_path()
    if path is None:
        return "invented tweets", cycle([text for _, text, _ in demo.tweets(10_000, seed=1)])
    with path.open(encoding="utf-8", newline="") as stream:
        return "real tweets", cycle([row["text"] for row in csv.DictReader(stream)])


def write_vocabulary(path, some):
    """Write the most frequent words of texts, and fillers up to the one-hot width."""
    counts = Counter(word for text in some for word in tokenize_text(text, TOKENIZE))
    words = [word for word, _ in counts.most_common(WIDTH - 1)]
    words += [f"filler {n}" for n in range(WIDTH - 1 - len(words))]
    write_parquet(path, pa.table({"word": words, "id": pa.array(range(1, WIDTH), pa.int32())}))


def write_model(folder, vocabulary, cell, combination):
    """Write an exported model with random weights."""
    from safetensors.torch import save
    from tweetrnn.grid import Combination
    from tweetrnn.training.models import build
    from tweetrnn.training.outputs import metadata

    model = build(cell, Combination.parse(combination), WIDTH, len(SETTINGS["labels"]))
    best = folder.with_suffix(".safetensors")
    tensors = {name: weight.contiguous() for name, weight in model.weights().items()}
    best.write_bytes(save(tensors, metadata(model)))
    folder.mkdir()
    settings = {"run": f"{cell}/{combination}/1", **SETTINGS}
    export.write_folder(folder, settings, vocabulary, best, "A model of the benchmark.\n")


def cpu_seconds(function):
    """Return the CPU seconds of a call, which do not depend on what else is running."""
    start = time.process_time()
    function()
    return time.process_time() - start


def child(options):
    """Run a command in a separate process; return its wall seconds and its CPU seconds."""
    command = [sys.executable, "-m", "tweetrnn", "predict", *map(str, options)]
    start, before = time.perf_counter(), os.times()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user
    return time.perf_counter() - start, cpu - before.children_system


PEAK = """
import sys
from tweetrnn.__main__ import main
main(["predict", *sys.argv[1:]])
[line] = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(int(line.split()[1]) / 1024)
"""


def peak_memory(options):
    """Return the peak resident memory, in MB, of a command that writes a file."""
    command = [sys.executable, "-c", PEAK, *map(str, options)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def write_tweets(path, source, count):
    """Write tweets as CSV."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["n", "text"])
        writer.writerows(islice(enumerate(source), count))


def measure(count, rounds, folder):
    """Yield (what, on, one value per round, unit); ``count`` tweets are predicted each time."""
    kind, source = texts()
    some = list(islice(source, 10_000))
    vocabulary, many, one = folder / VOCABULARY, folder / "many.csv", folder / "one.csv"
    write_vocabulary(vocabulary, some)
    write_tweets(many, source, count)
    write_tweets(one, source, 1)
    encoder = Encoder(SETTINGS, vocabulary)
    rates = [len(some) / cpu_seconds(lambda: encoder.encode(some)) for _ in range(rounds)]
    yield "tokens and ids only", kind, rates, "tweets/s"
    for cell, combination in RUNS:
        model = folder / f"{cell}-{combination}"
        write_model(model, vocabulary, cell, combination)
        rates = []
        for _ in range(rounds + 1):
            start_up, whole = (
                cpu_seconds(lambda path=path: predict_file(model, path))  # noqa: B023
                for path in (one, many)
            )
            rates.append((count - 1) / (whole - start_up))
        # The first round loads torch and allocates the buffers.
        yield (
            "CSV to CSV, without start-up",
            f"{cell}, recurrent layers: {combination[3]}",
            rates[1:],
            "tweets/s",
        )
    for what, command in (
        ("one tweet, with start-up", ["--model", model, "a tweet"]),
        ("`--help`, which needs no torch", ["--help"]),
    ):
        clock, cpu = zip(*(child(command) for _ in range(rounds)), strict=True)
        yield what, "wall time", clock, "s"
        yield what, "CPU", cpu, "s"
    for path, name in ((one, "1 tweet"), (many, f"{count:,} tweets")):
        files = ["--input", path, "--output", path.with_suffix(".out.csv")]
        peak = peak_memory(["--model", model, *files])
        yield "peak memory", name, [peak], "MB"


def predict_file(model, path):
    """Predict a file's tweets in this process, as the command line does."""
    ends = [
        "--input",
        path,
        "--output",
        path.with_suffix(".out.csv"),
        "--log",
        path.with_suffix(""),
    ]
    if command_line(["predict", "--model", *map(str, [model, *ends])]):
        sys.exit(1)


def main():
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--tweets", type=int, default=100_000, help="tweets in the file (default: 100,000)"
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="rounds of each measurement (default: 5)"
    )
    options = parser.parse_args()
    print(f"On one core of: {processor_name()}. Rates are per CPU second.\n")
    print("| what | on | median | range |\n|---|---|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for what, on, values, unit in measure(options.tweets, options.rounds, Path(folder)):
            middle, low, high = (shown(f(values)) for f in (statistics.median, min, max))
            between = f"{low} – {high}" if len(values) > 1 else ""
            print(f"| {what} | {on} | {middle} {unit} | {between} |", flush=True)


def shown(number):
    """Format 12345.6 as 12,346 and 1.234 as 1.23."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.2f}"


if __name__ == "__main__":
    main()
