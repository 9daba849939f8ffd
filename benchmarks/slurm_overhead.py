"""Measure what SLURM adds to a run: each way to submit is compared with a run on this machine.

Starts a SLURM cluster of one node, as tests/slurm does (SLURM must be installed), with a slot for
each core. ``python benchmarks/slurm_overhead.py --grid full --scale 500 2000`` prints the tables
of docs/scale.md and takes an hour on two cores; without options it takes some minutes.
"""

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "tests/slurm"), str(ROOT / "workflow")]

from cluster import SYSTEM_PATH, Cluster, wait_until  # noqa: E402
from scale import ENVIRONMENT, cost_of  # noqa: E402
from tweetrnn.config import resolve  # noqa: E402
from tweetrnn.grid import runs  # noqa: E402
from tweetrnn.machine import processor_name  # noqa: E402
from tweetrnn.reporting.document import markdown_table  # noqa: E402
from tweetrnn.supervision.submission import FINISHED  # noqa: E402

CORES = len(os.sched_getaffinity(0))
WAYS = {  # to run the workflow: the command of tweetrnn
    "local": ["run", "--cores", CORES],
    "allocation": ["submit", f"--sbatch=--ntasks={CORES}"],
    "jobs": ["submit", "--way", "jobs"],
}
NO_GPU = ["--set-resources", "train:gpu=0"]  # the node has one, which trainings would wait for
GOAL = 1.2  # an allocation's time for the grid, at most, where a local run's is 1
SMALL = {  # a grid of eight trainings
    "name": "small",
    "corpus": {"kind": "demo"},
    "grid": {
        "recurrent_layers": [1],
        "dense_layers": [2],
        "dropout": [True, False],
        "regularization": [True, False],
        "learning_rate": [0.001],
    },
    "training": {"selected_replicates": 1, "finalist_replicates": 0},
}
GRIDS = {"small": yaml.safe_dump(SMALL), "full": (ROOT / "config/config.yaml").read_text()}
# About 10,000 trainings: each of the 64 runs of the grid 157 times.
MANY = {"name": "many", "corpus": {"kind": "demo"}, "training": {"replicates": 157}}


class Site:
    """The cluster, and the environment of a user's commands."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.environment = cluster.environment | {
            "PATH": f"{Path(sys.executable).parent}:{cluster.environment['PATH']}",
            "PYTHONPATH": ENVIRONMENT["PYTHONPATH"],
        }

    def run(self, way, folder, options=(), snakemake=()):
        """Run a workflow to its end; return the whole command's wall seconds."""
        command = [sys.executable, "-m", "tweetrnn", *WAYS[way], *options]
        command += ["--", *(NO_GPU if way == "jobs" else []), *snakemake]
        seconds = cost_of(command, folder, self.environment).seconds
        wait_until(lambda: not self.cluster.jobs(), 60, "all jobs are gone")
        return seconds

    def run_empty(self, way, folder, trainings):
        """Run that many empty trainings; return the command's wall seconds."""
        arguments = ["--snakefile", ROOT / "benchmarks/empty.smk"]
        arguments += ["--config", f"trainings={trainings}"]
        seconds = self.run(way, folder, snakemake=arguments)
        done = sum(1 for _ in folder.glob("train/*/*/*/history.csv"))
        assert done == trainings, f"{done} of {trainings} trainings were done"
        return seconds

    def run_grid(self, way, folder, text):
        """Run the real workflow with a config's text; return (wall seconds, trainings)."""
        (folder / "config.yaml").write_text(text)
        seconds = self.run(way, folder, options=["--configfile", "config.yaml"])
        return seconds, sum(1 for pattern in FINISHED for _ in folder.glob(pattern))

    def seconds_in_slot(self, since):
        """Return how long SLURM's jobs ran on average, without the first ``since`` ones."""
        return statistics.mean(
            (
                datetime.fromisoformat(job["EndTime"]) - datetime.fromisoformat(job["StartTime"])
            ).total_seconds()
            for job in self.cluster.completed()[since:]
        )

    def load(self):
        """Return what SLURM's controller has done since its start, and its memory in MB."""
        statistics_ = self.cluster.run("sdiag")
        steps = re.search(r"STEP_CREATE .*count:(\d+) .*total_time:(\d+)", statistics_)
        process = psutil.Process(self.cluster.daemons["slurmctld"].pid)
        used = process.cpu_times()
        return {
            "jobs": int(re.search(r"Jobs started: *(\d+)", statistics_)[1]),
            "steps": int(steps[1]) if steps else 0,
            "creating": int(steps[2]) / 1e6 if steps else 0.0,  # seconds
            "cpu": used.user + used.system,
            "memory": process.memory_info().rss / 1e6,
        }


@contextmanager
def fresh_folder():
    """Give a new folder, which is deleted at the end."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder).resolve()


def in_turn(rounds):
    """Yield the ways in each round, every second time in reverse order."""
    for number in range(rounds):
        yield from list(WAYS)[:: -1 if number % 2 else 1]


def print_table(title, head, rows, numbers=1):
    """Print a heading and rows of texts as a Markdown table."""
    print(f"\n## {title}\n\n{markdown_table(head, rows, numbers)}", flush=True)


def print_ways(title, found, trainings):
    """Print each way's seconds, {way: [seconds of each round]}, next to the local run's."""
    rows = []
    for way, seconds in found.items():
        ratios = [mine / local for mine, local in zip(seconds, found["local"], strict=True)]
        rows.append(
            (
                way,
                f"{statistics.median(seconds):.1f}",
                ", ".join(f"{each:.1f}" for each in seconds),
                f"{statistics.median(seconds) / trainings:.2f}",
                f"{statistics.median(ratios):.2f}",
            )
        )
    head = ("way", "wall, s", "each round, s", "s per training", "times the local run's")
    print_table(title, head, rows, numbers=4)


def measure_empty(site, trainings, rounds):
    """Compare the ways with empty trainings."""
    found, in_slot = {way: [] for way in WAYS}, []
    for way in in_turn(rounds):
        before = len(site.cluster.completed())
        with fresh_folder() as folder:
            found[way].append(site.run_empty(way, folder, trainings))
        if way == "jobs":
            in_slot.append(site.seconds_in_slot(before))
    print_ways(f"{trainings} empty trainings", found, trainings)
    print(f"\nAs a job, each occupies its slot for {statistics.median(in_slot):.1f} s (mean).")


def measure_grid(site, name, rounds):
    """Compare the ways with a real grid."""
    found = {way: [] for way in WAYS}
    for way in in_turn(rounds):
        with fresh_folder() as folder:
            seconds, trainings = site.run_grid(way, folder, GRIDS[name])
        found[way].append(seconds)
    print_ways(f"The {name} grid of {trainings} trainings", found, trainings)
    print(f"\nThe goal: an allocation takes at most {GOAL} times as long as a local run.")


def scale_costs(site, trainings):
    """Run many empty trainings in one allocation; return {what: cost}, texts."""
    before = site.load()
    with fresh_folder() as folder:
        wall = site.run_empty("allocation", folder, trainings)
        main = json.loads((folder / "main.json").read_text())
        kept = [path.stat() for path in (folder / ".snakemake").rglob("*") if path.is_file()]
    after = site.load()
    change = {key: after[key] - before[key] for key in after}
    return {
        "from the command to its end": f"{wall:.0f} s",
        "trainings started per second": f"{trainings / wall:.1f}",
        "a slot's time per training": f"{wall * CORES / trainings:.3f} s",
        "Snakemake: CPU time per training": f"{main['cpu'] / trainings:.3f} s",
        "Snakemake: peak memory": f"{main['peak']:.0f} MB",
        "files in .snakemake": f"{len(kept):,}",
        "their size on disk": f"{sum(file.st_blocks for file in kept) * 512 / 1e6:.0f} MB",
        "what SLURM saw": f"{change['jobs']} job, {change['steps']:,} requests for steps",
        "slurmctld: creating a step": f"{1000 * change['creating'] / change['steps']:.2f} ms",
        "slurmctld: CPU time": f"{change['cpu']:.1f} s",
        "slurmctld: memory before": f"{before['memory']:.0f} MB",
        "slurmctld: memory after": f"{after['memory']:.0f} MB",
    }


def measure_scale(site, numbers):
    """Show how the cost of one allocation grows with the number of empty trainings."""
    found = [scale_costs(site, trainings) for trainings in numbers]
    rows = [(what, *(costs[what] for costs in found)) for what in found[0]]
    head = ("empty trainings in one allocation", *(f"{number:,}" for number in numbers))
    print_table("One allocation", head, rows, numbers=len(numbers))


def measure_planning():
    """Plan the real workflow with about 10,000 trainings."""
    with fresh_folder() as folder:
        (folder / "many.yaml").write_text(yaml.safe_dump(MANY))
        command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile"]
        command += ["--configfile", "many.yaml", "--dry-run", "--quiet", "rules"]
        cost = cost_of(command, folder)
    trainings = sum(1 for _ in runs(resolve(MANY)))
    row = (f"{trainings:,}", f"{cost.seconds:.0f}", f"{cost.cpu:.0f}", f"{cost.peak:.0f}")
    head = ("trainings of the grid", "wall, s", "CPU, s", "peak, MB")
    print_table("Planning the real workflow", head, [row], numbers=4)


def main():
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--jobs", type=int, default=64, help="empty trainings (default: 64; 0: skip)")
    add("--grid", choices=[*GRIDS, "none"], default="small", help="real grid (default: small)")
    add("--rounds", type=int, default=2, help="of both (default: 2)")
    add("--scale", type=int, nargs="+", help="also run so many empty ones, and plan 10,000 real")
    options = parser.parse_args()
    os.environ["PATH"] = SYSTEM_PATH  # the daemons are in sbin
    with fresh_folder() as folder:
        cluster = Cluster(folder / "cluster", cpus=CORES, memory=3000 * CORES)
        try:
            cluster.start()
            print(
                f"{processor_name()}, {CORES} cores, load {os.getloadavg()[0]:.1f}; "
                f"{cluster.run('sinfo', '--version').strip()}, Snakemake {version('snakemake')}, "
                f"its SLURM executor {version('snakemake-executor-plugin-slurm')}"
            )
            site = Site(cluster)
            if options.jobs:
                measure_empty(site, options.jobs, options.rounds)
            if options.grid != "none":
                measure_grid(site, options.grid, options.rounds)
            if options.scale:
                measure_scale(site, options.scale)
                measure_planning()
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
