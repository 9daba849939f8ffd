"""Measure how time and memory grow with the number of tweets and with the size of the grid.

``make scale`` runs everything and takes half an hour. ``python benchmarks/scale.py data`` makes
corpora of 16 thousand to 1.6 million invented tweets and runs the data stages on them; ``grids``
invents the results of 64, 640 and 2,000 trainings and runs Snakemake and the later stages on them;
``share`` trains the demo's grid, one training at a time, and measures the time that Snakemake adds.
They print the tables of docs/scaling.md; ``data`` also draws docs/scaling.svg.
"""

import argparse
import base64
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "tests"), str(ROOT / "workflow")]

from example_runs import write_run  # noqa: E402
from tweetrnn.config import resolve  # noqa: E402
from tweetrnn.files import json_text, read_json, sha256_of  # noqa: E402
from tweetrnn.grid import Combination, combinations  # noqa: E402
from tweetrnn.machine import processor_name  # noqa: E402
from tweetrnn.metrics import HISTORY  # noqa: E402
from tweetrnn.reporting.document import markdown_table  # noqa: E402

ENVIRONMENT = os.environ | {
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    "PYTHONPATH": str(ROOT / "workflow"),
}


@dataclass
class Cost:
    """Time and memory of a process and its children."""

    seconds: float  # wall time
    cpu: float  # seconds
    peak: float  # resident memory of the largest of them, MB


def cost_of(command, directory):
    """Run a command; return its Cost.

    Raises:
        SystemExit: it failed.
    """
    with tempfile.TemporaryFile("w+") as out:
        began = time.monotonic()
        process = subprocess.Popen(
            list(map(str, command)), cwd=directory, env=ENVIRONMENT, stdout=out, stderr=out
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        if status:
            out.seek(0)
            sys.exit(f"{' '.join(map(str, command))}\nended with {status}:\n{out.read()[-3000:]}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def markdown(rows):
    """Return dicts as a Markdown table; the headings are the first one's keys."""
    return markdown_table(list(rows[0]), [row.values() for row in rows], len(rows[0]))


# ------------------------------------------------------------------------------------- tweets

TWEETS = [16_000, 50_000, 160_000, 500_000, 1_600_000]


def data_costs(tweets, folder):
    """Return ({stage: Cost}, words in the dictionary) for a corpus of that many invented tweets."""
    folder.mkdir()
    config = resolve({"name": "x", "corpus": {"kind": "demo", "tweets": tweets}})
    stage = [sys.executable, "-m", "tweetrnn"]
    cost_of(
        [*stage, "demo", "--tweets", tweets, "--seed", config["seed"], "--output", "demo.csv"],
        folder,
    )
    arrays = {name: f"{name}.npy" for name in ("sequences", "words", "offsets", "labels")}
    encoded = [text for name, path in arrays.items() for text in (f"--{name}", path)]
    encoded += ["--dictionary", "dictionary.parquet"]
    parts = [
        text
        for part in ("train", "validation", "test")
        for kind in ("sequences", "labels")
        for text in (f"--{part}-{kind}", f"{part}_{kind}.npy")
    ]
    commands = {
        "tokenize": [
            *("--corpus", "demo.csv", "--facts", "tokens.json", "--dropped", "dropped.csv"),
        ],
        "encode": ["--token-facts", "tokens.json", *encoded, "--facts", "encoded.json"],
        "split": [
            *("--encode-facts", "encoded.json", *encoded, *parts, "--rows", "rows.parquet"),
            *("--vocabulary", "vocabulary.parquet", "--facts", "split.json"),
        ],
    }
    costs = {
        name: cost_of(
            [*stage, name, "--tweets", "tweets.parquet", "--config", json.dumps(config), *options],
            folder,
        )
        for name, options in commands.items()
    }
    return costs, read_json(folder / "encoded.json")["words"]


def data_row(tweets, costs, words):
    """Return one corpus's row of the table."""
    seconds, cpu = (
        sum(getattr(cost, kind) for cost in costs.values()) for kind in ("seconds", "cpu")
    )
    return {
        "tweets": f"{tweets:,}",
        "words": f"{words:,}",
        **{f"{name}, s": f"{cost.seconds:.1f}" for name, cost in costs.items()},
        "total, s": f"{seconds:.1f}",
        "CPU, s": f"{cpu:.1f}",
        "µs per tweet": f"{1e6 * seconds / tweets:.0f}",
        "peak, MB": f"{max(cost.peak for cost in costs.values()):.0f}",
    }


def draw(found, path):
    """Draw time and memory over the number of tweets as SVG, both axes logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "scale"
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
    tweets = list(found)
    for name, marker in (("tokenize", "o"), ("encode", "s"), ("split", "^")):
        costs = [found[n][0][name] for n in tweets]
        left.plot(tweets, [cost.seconds for cost in costs], marker=marker, label=name)
        right.plot(tweets, [cost.peak for cost in costs], marker=marker, label=name)
    first = sum(cost.seconds for cost in found[tweets[0]][0].values())
    straight = [first * n / tweets[0] for n in tweets]
    left.plot(tweets, straight, color="grey", linestyle=":", label="in proportion to the tweets")
    for axes, label in ((left, "seconds"), (right, "peak memory (MB)")):
        axes.set(xscale="log", yscale="log", xlabel="tweets", ylabel=label)
        axes.grid(alpha=0.3, which="both")
    left.legend()
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def measure_data(folder):
    """Print the table of the data stages and draw its figure."""
    folder.mkdir()
    found = {tweets: data_costs(tweets, folder / str(tweets)) for tweets in TWEETS}
    print(markdown([data_row(tweets, *found[tweets]) for tweets in TWEETS]))
    draw(found, ROOT / "docs/scaling.svg")


# ------------------------------------------------------------------------------------- grids

GRIDS = {
    64: {},
    640: {"learning_rate": [n / 10_000 for n in range(1, 21)]},
    2000: {
        "recurrent_layers": [1, 2, 3, 4, 5],
        "dense_layers": [1, 2, 3, 4, 5],
        "learning_rate": [n / 10_000 for n in range(1, 11)],
    },
}
EPOCHS = 10


def snakemake(*arguments):
    """Return Snakemake's command line in a folder with a config.yaml."""
    return [
        *(sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--cores", "2"),
        *("--configfile", "config.yaml", "--nocolor", *arguments),
    ]


def record(path):
    """Return the path of Snakemake's record of an output; ``path`` is relative and short."""
    name = base64.urlsafe_b64encode(str(path).encode()).decode()
    assert len(name) < 240, path  # Snakemake splits longer names
    return Path(".snakemake/metadata", name)


def invent_records(folder, real, run):
    """Write Snakemake's records of a training's outputs, copied from those of the ``real`` one."""
    for path in sorted((folder / real.path).iterdir()):
        text = (folder / record(real.path / path.name)).read_text()
        for name in ("path_part", "options"):
            text = text.replace(getattr(real, name), getattr(run, name))
        (folder / record(run.path / path.name)).write_text(text)


class Run(NamedTuple):
    """One training of the grid."""

    cell: str
    combination: Combination

    @property
    def path_part(self):
        """Its name in paths."""
        return f"{self.cell}/{self.combination.name}/1"

    @property
    def path(self):
        """Its folder."""
        return Path("results/grid/train", self.path_part)

    @property
    def options(self):
        """Its options in the stage's command."""
        return f"--cell {self.cell} --combination {self.combination.name}"


def invent_run(results, cell, combination, rng):
    """Write everything that one training would write, newer than its inputs."""
    history = rng.random((EPOCHS, len(HISTORY) - 1))
    labels = {p: np.load(results / f"split/{p}_labels.npy") for p in ("validation", "test")}
    rows = np.concatenate([np.arange(len(own)) for own in labels.values()])
    p = rng.dirichlet([1, 1, 1], len(rows)).astype(np.float32)
    predictions = pa.table(
        {
            "part": np.repeat(list(labels), [len(own) for own in labels.values()]),
            "row": rows,
            "label": np.concatenate(list(labels.values())),
            **{f"p{k}": p[:, k] for k in range(3)},
        }
    )
    run = write_run(results, cell, combination, 1, history, predictions=predictions)
    benchmark = results / "benchmarks/train" / cell / combination.name / "1.tsv"
    benchmark.parent.mkdir(parents=True)
    (results / "benchmarks" / cell / combination.name / "1.tsv").rename(benchmark)
    for name in ("best", "last"):
        (run / f"{name}.safetensors").write_bytes(rng.bytes(1000))
    layer = {"layer": "dense (Dense)", "output_shape": "(None, 3)", "parameters": 27}
    (run / "architecture.json").write_text(json_text([layer] * 4))
    about = {"code": "0", "python": "3", "torch": "2", "numpy": "2", "safetensors": "0"}
    about |= {"device": "cpu", "processor": processor_name(), "threads": 1}
    (run / "provenance.json").write_text(json_text(about))
    parameters = read_json(run / "parameters.json")
    parameters["sha256"]["architecture"] = sha256_of(run / "architecture.json")
    (run / "parameters.json").write_text(json_text(parameters))


def grid_costs(runs, folder):
    """Return {what: cost} of a grid of that many runs, in seconds unless the key says otherwise."""
    config = resolve(
        {
            "name": "grid",
            "corpus": {"kind": "demo", "tweets": 1000},
            "model": {"dense_units": [32, 16, 8, 8, 8]},
            "grid": GRIDS[runs],
            "training": {"epochs": EPOCHS, "selected_replicates": 1},
            "report": {"playground": False},  # the invented weights are random bytes
        }
    )
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    found = {"dry run, all to do": cost_of(snakemake("--dry-run"), folder).seconds}
    results = folder / "results/grid"
    real, *invented = (
        Run(*point) for point in product(config["grid"]["cell"], combinations(config))
    )
    cost_of(snakemake(real.path / "history.csv", "results/grid/baselines/metrics.json"), folder)
    rng = np.random.default_rng(runs)
    for run in invented:
        invent_run(results, *run, rng)
        invent_records(folder, real, run)
    cost_of(snakemake(), folder)
    for stage in ("aggregate", "compare", "plot", "render"):
        found[stage] = benchmarked(results / f"benchmarks/{stage}.tsv")
    found["dry run, nothing to do"] = cost_of(snakemake("--dry-run"), folder).seconds
    run = [sys.executable, "-m", "tweetrnn", "run", "--configfile", "config.yaml"]
    no_op = cost_of(run, folder)
    found["run, nothing to do"], found["peak of that run, MB"] = no_op.seconds, no_op.peak
    found["report.html, MB"] = (results / "report/report.html").stat().st_size / 1e6
    return found


def benchmarked(path):
    """Return the seconds in Snakemake's benchmark file."""
    with path.open(newline="") as stream:
        [row] = csv.DictReader(stream, delimiter="\t")
    return float(row["s"])


def measure_grids(folder):
    """Print the table of the grids."""
    folder.mkdir()
    rows = [
        {"runs": f"{runs:,}"}
        | {name: f"{value:.1f}" for name, value in grid_costs(runs, folder / str(runs)).items()}
        for runs in GRIDS
    ]
    print(markdown(rows))


# ------------------------------------------------------------------------------------- share


def measure_share(folder):
    """Print the share of the demo's time, one job at a time, that is not spent in jobs."""
    folder.mkdir()
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile"]
    wall = cost_of([*command, "--cores", "1"], folder).seconds
    jobs = [benchmarked(path) for path in (folder / "results/demo/benchmarks").rglob("*.tsv")]
    print(
        f"{len(jobs)} jobs took {sum(jobs):.0f} s of {wall:.0f} s; "
        f"Snakemake's share is {1 - sum(jobs) / wall:.1%}"
    )


MEASUREMENTS = {"data": measure_data, "grids": measure_grids, "share": measure_share}


def main():
    """Run the measurements asked for, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", choices=list(MEASUREMENTS), metavar="data|grids|share")
    options = parser.parse_args()
    print(f"{processor_name()}, {len(os.sched_getaffinity(0))} cores")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.what or MEASUREMENTS:
            MEASUREMENTS[name](Path(folder) / name)


if __name__ == "__main__":
    main()
