"""Whatever is killed, the same command run again ends in the same bytes.

KILLS=50 makes a long test (the short one is 6), KILL_SEED repeats one.
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
from collections import Counter
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest
from checkout import copy_checkout

KILLS = int(os.environ.get("KILLS", 6))

# What differs from run to run: times, memory, processors, and what shows or reports them.
VOLATILE_FILES = {"timing.json", "provenance.json", "runs.csv"}
DIGESTS_OF_VOLATILE = "aggregate/facts.json"
VOLATILE_FOLDERS = {"logs", "benchmarks", "report", "plot"}
VOLATILE_COLUMNS = {"seconds", "max_rss_mb"}


def content_of(path):
    """Return what must not depend on how a file was made."""
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
        and str(name) != DIGESTS_OF_VOLATILE
    }


def printed(checkout):
    """Return what the last command printed."""
    return (checkout.path / "terminal.txt").read_text()


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
    """SIGKILL a job, Snakemake, the command itself or all; return whether there was one to kill."""
    try:
        (snakemake,) = psutil.Process(process.pid).children()
        if what == "group":
            os.killpg(process.pid, signal.SIGKILL)
        elif what == "command":
            process.kill()
        elif what == "snakemake":
            snakemake.kill()
        else:
            chance.choice(snakemake.children(recursive=True)).kill()
    except (ValueError, IndexError, psutil.NoSuchProcess):
        return False
    return True


@pytest.mark.slow
@pytest.mark.timeout(600 + 90 * KILLS)
def test_any_kill_and_the_same_command_again_give_the_same_bytes(finished_once, tmp_path):
    seed = int(os.environ.get("KILL_SEED", random.randrange(10**6)))
    print(f"KILL_SEED={seed}")
    chance, expected = random.Random(seed), results_of(finished_once)
    fresh = copy_checkout(finished_once.path, tmp_path / "checkout")
    left, killed = KILLS, Counter()
    while left:
        process, what = start(fresh), chance.choice(["job", "snakemake", "command", "group"])
        time.sleep(chance.uniform(1, 15))
        while not (hit := kill(process, what, chance)) and process.poll() is None:
            time.sleep(0.2)  # between two jobs
        status = process.wait(timeout=300)
        left -= hit
        killed[what] += hit
        if status == 0:  # there is more to kill: start from nothing
            assert results_of(fresh) == expected, f"KILL_SEED={seed}"
            shutil.rmtree(fresh.path / "results")
        elif not hit:
            raise AssertionError(f"KILL_SEED={seed}:\n{printed(fresh)}")
    print(", ".join(f"{what} {count}" for what, count in killed.items()))
    process = start(fresh)
    assert process.wait(timeout=300) == 0, f"KILL_SEED={seed}:\n{printed(fresh)}"
    assert results_of(fresh) == expected, f"KILL_SEED={seed}"
