"""Measure what SLURM and Snakemake cost per job: 64 empty jobs, and the steps of one.

Starts a SLURM cluster of one node, as tests/slurm does (SLURM must be installed), takes some
minutes, and prints the tables of docs/scale.md: ``python benchmarks/slurm_overhead.py``.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "tests/slurm"), str(ROOT / "workflow")]

from cluster import SYSTEM_PATH, Cluster, wait_until  # noqa: E402
from tweetrnn.machine import processor_name  # noqa: E402
from tweetrnn.reporting.document import markdown_table  # noqa: E402

CORES = len(os.sched_getaffinity(0))
SLOTS = max(1, CORES - 1)  # jobs at a time; one core is left to Snakemake's main process
SNAKEMAKE = [sys.executable, "-m", "snakemake"]
NO_WORK = """\
rule all:
    input:
        expand("done/{{number}}", number=range({jobs})),


rule nothing:
    output:
        "done/{{number}}",
    resources:
        mem_mb=1000,
        runtime=5,
    shell:
        "touch {{output}}"
"""
# About 10,000 trainings: each of the 64 runs of the grid 157 times.
MANY = {"name": "many", "corpus": {"kind": "demo"}, "training": {"replicates": 157}}
ONE_OF_MANY = "results/many/train/LSTM/rnn1-dense2-dropout0-reg0-lr1e-3/1/history.csv"


def run(command, directory, environment):
    """Run a command; return its output, wall seconds, CPU seconds and peak MB, without children."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(
            list(map(str, command)), cwd=directory, env=environment, stdout=out, stderr=out
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        out.seek(0)
        text = out.read()
    if status:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{text[-3000:]}")
    return text, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def median_of(command, directory, environment, times=5):
    """Return the median wall seconds and CPU seconds of a command."""
    rounds = [run(command, directory, environment)[1:3] for _ in range(times)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def table(rows, *header):
    """Print rows of strings as a Markdown table."""
    print(f"\n{markdown_table(header, rows)}")


def seconds_between(jobs, first, last):
    """Return, for each job, the seconds between two times of SLURM's completion log."""
    return [
        (datetime.fromisoformat(job[last]) - datetime.fromisoformat(job[first])).total_seconds()
        for job in jobs
    ]


def no_work(cluster, directory, environment, jobs):
    """Submit empty jobs as the profile does; return the rows of the table."""
    (directory / "Snakefile").write_text(NO_WORK.format(jobs=jobs))
    text, wall, cpu, memory = run(
        [*SNAKEMAKE, "--workflow-profile", ROOT / "workflow/profiles/slurm"],
        directory,
        environment,
    )
    ended = [job for job in cluster.completed() if job["WorkDir"] == str(directory)]
    if [job["JobState"] for job in ended] != ["COMPLETED"] * jobs:
        raise SystemExit(f"not all jobs were completed:\n{text[-3000:]}")
    runs = seconds_between(ended, "StartTime", "EndTime")
    last = max(datetime.fromisoformat(job["EndTime"]) for job in ended)
    first = min(datetime.fromisoformat(job["SubmitTime"]) for job in ended)
    kept = sum(path.is_file() for path in (directory / ".snakemake").rglob("*"))
    return [
        (f"{jobs} jobs from the command to its end", f"{wall:.0f} s"),
        ("from the first submission to the last job's end", f"{(last - first).seconds} s"),
        ("a job occupies its core for (mean)", f"{statistics.mean(runs):.1f} s"),
        ("a job occupies its core for (longest)", f"{max(runs):.0f} s"),
        ("Snakemake's main process: CPU time", f"{cpu:.1f} s, {cpu / jobs:.2f} s per job"),
        ("Snakemake's main process: peak memory", f"{memory:.0f} MB"),
        ("files in .snakemake afterwards", str(kept)),
    ]


def slurm_alone(cluster, directory, environment, jobs):
    """Submit the same number of jobs without Snakemake; return rows of the table."""
    began = time.monotonic()
    for _ in range(jobs):
        run(["sbatch", "--mem=100", "--output=/dev/null", "--wrap=true"], directory, environment)
    submitted = time.monotonic() - began
    wait_until(lambda: not cluster.jobs(), 600, "all jobs are done", every=0.2)
    wall = time.monotonic() - began
    return [
        ("sbatch", f"{submitted / jobs:.2f} s per job"),
        (f"SLURM alone, {jobs} jobs that run `true`", f"{wall:.0f} s, {wall / jobs:.2f} s per job"),
    ]


def without_slurm(directory, environment, jobs):
    """Run the same jobs on this machine; return rows of the table."""
    here = directory / "here"
    here.mkdir()
    (here / "Snakefile").write_text(NO_WORK.format(jobs=jobs))
    _, wall, _, _ = run([*SNAKEMAKE, "--cores", SLOTS], here, environment)
    return [
        (f"Snakemake alone, the same {jobs} jobs", f"{wall:.0f} s, {wall / jobs:.2f} s per job")
    ]


def parts(directory, environment):
    """Time the steps of a job; return rows of the table."""
    one = directory / "one"
    one.mkdir()
    (one / "Snakefile").write_text(NO_WORK.format(jobs=1))
    local = [*SNAKEMAKE, "--cores", "1", "--forceall", "--quiet", "all"]
    rows = [
        ("srun true, until it ends", ["srun", "--mem=100", "true"]),
        ("starting Python", [sys.executable, "-c", "pass"]),
        ("starting Snakemake", [*SNAKEMAKE, "--version"]),
        ("Snakemake with one empty job, locally", local),
    ]
    return [
        (name, "{:.2f} s, {:.2f} s".format(*median_of(command, one, environment)))
        for name, command in rows
    ]


def many(directory, environment):
    """Plan the pipeline with about 10,000 trainings; return rows of the table."""
    (directory / "many.yaml").write_text(yaml.safe_dump(MANY))
    plan = [*SNAKEMAKE, "--quiet", "rules", "--dry-run"]
    plan += ["--snakefile", ROOT / "Snakefile", "--configfile", "many.yaml", "--"]
    rows = []
    for name, target in [("all of them", []), ("one of them, as in each job", [ONE_OF_MANY])]:
        text, wall, _, memory = run([*plan, *target], directory, environment)
        number = re.search(r"^train +(\d+)$", text, re.M)[1]
        rows.append((f"{name} ({number})", f"{wall:.1f} s", f"{memory:.0f} MB"))
    return rows


def main():
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=64, help="empty jobs (default: 64)")
    options = parser.parse_args()
    os.environ["PATH"] = SYSTEM_PATH  # the daemons are in sbin
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder).resolve() / "work"
        directory.mkdir()
        cluster = Cluster(directory.parent / "cluster", cpus=SLOTS)
        try:
            cluster.start()
            found = cluster.environment
            environment = found | {"PATH": f"{Path(sys.executable).parent}:{found['PATH']}"}
            version = cluster.run("sinfo", "--version").strip()
            load = os.getloadavg()[0]
            print(
                f"{processor_name()}, {CORES} cores (load {load:.1f}), {SLOTS} for jobs, {version}"
            )
            whole = no_work(cluster, directory, environment, options.jobs)
            table(whole, "through Snakemake", "measured")
            apart = slurm_alone(cluster, directory, environment, options.jobs)
            apart += without_slurm(directory, environment, options.jobs)
            table(apart, "each without the other", "measured")
            table(parts(directory, environment), "step", "wall and CPU time")
            table(many(directory, environment), "planning the pipeline", "wall", "memory")
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
