"""Processes that share a folder or memory: the one at fault is stopped, the others continue."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

COMMANDS = {
    "tweetrnn run": ["tweetrnn", "run"],
    "snakemake": ["snakemake"],
}


def start(checkout, command, *arguments, modules=(), **options):
    """Start the small experiment with one of COMMANDS; return the process.

    ``modules`` are more folders of the PYTHONPATH.
    """
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    modules = os.pathsep.join(map(str, [checkout.path / "workflow", *modules]))
    return subprocess.Popen(
        [
            *(sys.executable, "-m", *COMMANDS[command], "--cores", "1"),
            *("--configfile", "config/small.yaml", *arguments),
        ],
        cwd=checkout.path,
        env=os.environ | {"PATH": path, "PYTHONPATH": modules},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


@pytest.mark.parametrize("first", COMMANDS)
@pytest.mark.parametrize("second", COMMANDS)
def test_second_in_a_folder_is_refused_and_the_first_unharmed(fresh, first, second):
    target = "results/small/encode/facts.json"
    process = start(fresh, first, "--", target, start_new_session=True)
    locks = fresh.path / ".snakemake/locks"
    while not list(locks.glob("*.lock")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGSTOP)  # it continues when the second has ended
    other = start(fresh, second)
    output, _ = other.communicate(timeout=120)
    os.killpg(process.pid, signal.SIGCONT)
    assert other.returncode != 0 and "Traceback" not in output, output
    assert re.search("another command runs Snakemake|locked", output), output
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert (fresh.path / target).is_file()
    assert not list(locks.glob("*.lock"))


LITTLE_MEMORY = """
# sitecustomize.py: hardly any memory is left for one training, once all code is loaded.
import json, resource, sys

def is_that_training(arguments):
    run = json.loads(arguments)
    return (run["cell"], run["combination"]) == ("LSTM", "{combination}")

given = sys.orig_argv
if "train" in given and is_that_training(given[given.index("train") + 1]):
    import pyarrow.parquet, tweetrnn.training.fit

    pages = int(open("/proc/self/statm").read().split()[0])
    limit = pages * resource.getpagesize() + (4 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
"""


def test_training_without_memory_fails_alone_and_the_partial_report_lists_it(fresh, tmp_path):
    fresh.write_config(model={"units": 256})
    combination = "rnn1-dense2-dropout1-reg0-lr1e-3"
    (tmp_path / "sitecustomize.py").write_text(LITTLE_MEMORY.format(combination=combination))
    process = start(fresh, "snakemake", "--keep-going", modules=[tmp_path])
    output, _ = process.communicate()
    assert process.returncode == 1
    [message] = [line for line in output.splitlines() if line.startswith("error: ")]
    assert "memory" in message and "Traceback" not in output, output
    results = fresh.path / "results/small"
    assert len(list(results.glob("train/*/*/1/parameters.json"))) == 3
    log = results / f"logs/train/LSTM/{combination}/1.log"
    assert message in log.read_text()
    fresh.run("--nolock", "--cores", "1", "partial")
    partial = re.sub("<[^>]+>", "", (results / "partial/report/report.html").read_text())
    assert "1 of 4 runs have no result" in partial
    assert f"LSTM {combination} (missing)" in partial
    fresh.run()  # with enough memory
    assert (results / "report/report.html").is_file()
