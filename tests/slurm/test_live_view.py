"""What a person sees of a submission: the view of a run, with the queue's states and reasons."""

import re
import sys
from pathlib import Path

import pytest
from cluster import wait_until
from terminal import Terminal
from workplace import LSTM, target

pytestmark = pytest.mark.slurm
ALLOCATION = ["--sbatch=--ntasks=4", "--", "--latency-wait", 10, target(LSTM)]
JOB_EACH = ["--way", "jobs", "--", "--set-resources", "train:gpu=0", "--", target(LSTM)]


def in_terminal(work, *arguments, columns=80):
    """Start ``tweetrnn submit`` on the small experiment in a Terminal."""
    environment = work.cluster.environment
    variables = environment | {
        "PATH": f"{Path(sys.executable).parent}:{environment['PATH']}",
        "PYTHONPATH": str(work.root / "workflow"),
    }
    command = [sys.executable, "-m", "tweetrnn", "submit", "--configfile", "small.yaml"]
    return Terminal([*command, "--poll", 1, *arguments], columns, 24, variables, cwd=work.path)


@pytest.mark.parametrize("arguments", [ALLOCATION, JOB_EACH], ids=["allocation", "jobs"])
@pytest.mark.parametrize("columns", [80, 200])
def test_view_of_a_submission_has_the_trainings_and_the_queue(work, arguments, columns):
    with in_terminal(work, *arguments, columns=columns) as terminal:
        shown = terminal.wait_for(f"  {LSTM} ", " of 120", "SLURM job", ": running")
        assert any(line.startswith("small  ") for line in shown.splitlines())
        assert "Snakemake's output: .snakemake/submit/" in shown
        assert terminal.wait() == 0
        end = terminal.everything
    assert "All is done" in end and "Time per stage: " in end
    assert "SNAKEMAKE" not in end and "Traceback" not in end


def test_reason_for_which_a_job_waits_is_in_the_view(work):
    held = ["--sbatch=--ntasks=4 --hold", *ALLOCATION[1:]]
    with in_terminal(work, *held, columns=200) as terminal:
        shown = terminal.wait_for("pending (JobHeldUser)")
        job = re.search(r"SLURM job (\d+): pending", shown)[1]
        assert "release it with scontrol release" in terminal.everything
        work.cluster.run("scontrol", "release", job)
        terminal.wait_for(f"SLURM job {job}: running", f"  {LSTM} ")
        assert terminal.wait() == 0


def test_piped_submission_prints_short_lines(work):
    work.start("tweetrnn", "submit", "--configfile", "small.yaml", "--poll", 1, *ALLOCATION)
    work.finish()
    lines = work.text().splitlines()
    assert any(re.match(r"\d+:\d\d  \d of 4 trainings done; ", line) for line in lines), lines
    assert "All is done" in lines and len(lines) < 30
    assert "SNAKEMAKE" not in work.text()


def test_failure_in_a_job_is_told_with_its_log_and_its_reason(work):
    facts = next((work.path / "results/small/split").rglob("facts.json"))
    facts.write_text(facts.read_text().replace('"width"', '"wide"'))
    with in_terminal(work, *ALLOCATION, columns=200) as terminal:
        assert terminal.wait() == 1
        end = terminal.everything
    assert f"see results/small/logs/train/{LSTM}.log" in end
    assert "What failed:\nerror: " in end and "Some jobs failed" in end, end
    wait_until(lambda: work.cluster.jobs() == [], 30, "no job is left")
