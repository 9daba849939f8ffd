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
from pathlib import Path

import numpy as np
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "tests"), str(ROOT / "workflow")]

from example_runs import prediction_table, write_run  # noqa: E402
from tweetrnn import grid, stages  # noqa: E402
from tweetrnn.config import resolve  # noqa: E402
from tweetrnn.files import json_text, read_json, sha256_of  # noqa: E402
from tweetrnn.machine import processor_name  # noqa: E402
from tweetrnn.metrics import HISTORY  # noqa: E402
from tweetrnn.reporting.document import markdown_table  # noqa: E402
from tweetrnn.results import RUN_FILES, Results  # noqa: E402

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


def cost_of(command, directory, environment=ENVIRONMENT):
    """Run a command; return its Cost.

    Raises:
        SystemExit: it failed.
    """
    with tempfile.TemporaryFile("w+") as out:
        began = time.monotonic()
        process = subprocess.Popen(
            list(map(str, command)), cwd=directory, env=environment, stdout=out, stderr=out
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
    results = Results.of(config)  # relative to the folder, where the stages run

    def run(stage):
        arguments = results.paths(stages.parameters(stage)[0])
        if stage in ("demo", "tokenize"):
            arguments["corpus"] = "demo.csv"
        command = [sys.executable, "-m", "tweetrnn", stage, json.dumps(arguments)]
        return cost_of([*command, "--config", json.dumps(config)], folder)

    run("demo")
    costs = {stage: run(stage) for stage in ("tokenize", "encode", "split")}
    return costs, read_json(folder / results.encode_facts)["words"]


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


def invent_records(folder, results, real, run):
    """Write Snakemake's records of a training's outputs, copied from those of the ``real`` Run."""
    for name in RUN_FILES:
        text = (folder / record(getattr(results.run(real), name))).read_text()
        text = text.replace(real.combination, run.combination).replace(real.cell, run.cell)
        (folder / record(getattr(results.run(run), name))).write_text(text)


def invent_run(results, run, rng):
    """Write everything that one training would write, newer than its inputs."""
    history = rng.random((EPOCHS, len(HISTORY) - 1))
    labels = {name: np.load(getattr(results, f"{name}_labels")) for name in ("validation", "test")}
    predictions = prediction_table(
        labels, {name: rng.dirichlet([1, 1, 1], len(labels[name])) for name in labels}
    )
    files = write_run(results, run, history, predictions=predictions)
    for name in ("best", "last"):
        getattr(files, name).write_bytes(rng.bytes(1000))
    layer = {"layer": "dense (Dense)", "output_shape": "(None, 3)", "parameters": 27}
    files.architecture.write_text(json_text([layer] * 4))
    about = {"code": "0", "python": "3", "torch": "2", "numpy": "2", "safetensors": "0"}
    about |= {"device": "cpu", "processor": processor_name(), "threads": 1}
    files.provenance.write_text(json_text(about))
    parameters = read_json(files.parameters)
    for name in ("architecture", "best", "last"):
        parameters["sha256"][name] = sha256_of(getattr(files, name))
    files.parameters.write_text(json_text(parameters))


def grid_costs(runs, folder):
    """Return {what: cost} of a grid of that many runs, in seconds unless the key says otherwise."""
    config = resolve(
        {
            "name": "grid",
            "corpus": {"kind": "demo", "tweets": 1000},
            "model": {"dense_units": [32, 16, 8, 8, 8]},
            "grid": GRIDS[runs],
            "training": {"epochs": EPOCHS, "selected_replicates": 1, "finalist_replicates": 0},
            "report": {"playground": False},  # the invented weights are random bytes
        }
    )
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    found = {"dry run, all to do": cost_of(snakemake("--dry-run"), folder).seconds}
    relative, results = Results.of(config), Results(folder / Results.of(config))
    real, *invented = grid.runs(config)
    cost_of(snakemake(relative.run(real).history, relative.baseline_metrics), folder)
    rng = np.random.default_rng(runs)
    for run in invented:
        invent_run(results, run, rng)
        invent_records(folder, relative, real, run)
    cost_of(snakemake(), folder)
    for stage in ("aggregate", "compare", "plot", "render"):
        found[stage] = benchmarked(results.benchmark(stage))
    found["dry run, nothing to do"] = cost_of(snakemake("--dry-run"), folder).seconds
    run = [sys.executable, "-m", "tweetrnn", "run", "--configfile", "config.yaml"]
    no_op = cost_of(run, folder)
    found["run, nothing to do"], found["peak of that run, MB"] = no_op.seconds, no_op.peak
    found["report.html, MB"] = results.html.stat().st_size / 1e6
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
