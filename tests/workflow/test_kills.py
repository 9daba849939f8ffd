"""Whatever is killed, the same command run again ends in the same bytes.

KILLS=50 makes the long form (the short one is 6), KILL_SEED repeats a run.
"""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

# What differs from run to run: times, memory, processors, and what is drawn or told of them.
VOLATILE_FILES = {"timing.json", "provenance.json", "runs.csv"}
VOLATILE_FOLDERS = {"logs", "benchmarks", "report", "plot"}
VOLATILE_COLUMNS = {"seconds", "max_rss_mb"}


def content_of(path):
    """Return what must not depend on the way to a file."""
    if path.name != "runs.parquet":
        return path.read_bytes()
    table = pq.read_table(path)
    kept = [name for name in table.column_names if name not in VOLATILE_COLUMNS]
    return json.dumps(table.select(kept).to_pylist()).encode()


def results_of(checkout):
    """Return {file: digest} of everything that a kill must not change."""
    folder = checkout.path / "results/small"
    return {
        str(name): hashlib.sha256(content_of(path)).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and (name := path.relative_to(folder)).parts[0] not in VOLATILE_FOLDERS
        and path.name not in VOLATILE_FILES
        and not path.name.endswith(".part")  # what a writer that was killed left beside its file
    }


def start(checkout):
    """Start the small experiment as ``make run`` does, in a process group of its own."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = ["run", "--cores", "2", "--configfile", "config/small.yaml"]
    with (checkout.path / "terminal.txt").open("w") as terminal:
        return subprocess.Popen(
            [sys.executable, "-m", "tweetrnn", *command],
            cwd=checkout.path,
            env=os.environ | {"PATH": path, "PYTHONPATH": str(checkout.path / "workflow")},
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )


def kill(process, what, chance):
    """SIGKILL a job, Snakemake or the whole group; return whether there was one to kill."""
    try:
        (snakemake,) = psutil.Process(process.pid).children()
        if what == "group":
            os.killpg(process.pid, signal.SIGKILL)
        elif what == "snakemake":
            snakemake.kill()
        else:
            chance.choice(snakemake.children(recursive=True)).kill()
    except (ValueError, IndexError, psutil.NoSuchProcess):
        return False
    return True


@pytest.mark.slow
def test_any_kill_and_the_same_command_again_give_the_same_bytes(finished_once, fresh):
    seed = int(os.environ.get("KILL_SEED", random.randrange(10**6)))
    print(f"KILL_SEED={seed}")
    chance, expected = random.Random(seed), results_of(finished_once)
    left = int(os.environ.get("KILLS", 6))
    while True:
        process = start(fresh)
        if left:
            time.sleep(chance.uniform(1, 15))
            left -= kill(process, chance.choice(["job", "snakemake", "group"]), chance)
        status = process.wait(timeout=300)
        if status == 0:
            assert results_of(fresh) == expected, f"KILL_SEED={seed}"
            if not left:
                break
            shutil.rmtree(fresh.path / "results")  # there is more to kill: begin from nothing
