"""What the command submit decides, without a cluster."""

import argparse
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn.errors import UserError
from tweetrnn.running import ownership, slurm, submit

SUBMITTED = "Job {} has been submitted with SLURM jobid {} (log: x/{}.log).\n"


def waiting_for(*jobs, patience=100):
    watch = submit.Waiting(patience)
    for number, job in jobs:
        watch.read(SUBMITTED.format(number, job, job), now=0)
    return watch


def test_job_that_slurm_has_not_had_for_long_is_forgotten():
    watch = waiting_for((1, "11"), (2, "12"))
    assert watch.forgotten({"11": "RUNNING", "12": "PENDING"}, now=1000) == []
    assert watch.forgotten({"12": "PENDING"}, now=1099) == []
    assert watch.forgotten({"12": "PENDING"}, now=1101) == ["11"]


def test_job_that_snakemake_saw_end_is_not_forgotten():
    watch = waiting_for((1, "11"), (2, "12"))
    watch.read("Finished jobid: 1 (Rule: train)\n", now=10)
    watch.read("    jobid: 2\n", now=10)  # in the block that reports an error
    assert watch.forgotten({}, now=1000) == []


def test_job_that_is_tried_again_is_waited_for_under_its_new_number():
    watch = waiting_for((1, "11"))
    watch.read("    jobid: 1\n", now=10)
    watch.read(SUBMITTED.format(1, "15", "15"), now=20)
    assert watch.forgotten({}, now=121) == ["15"]


def test_patience_starts_again_when_slurm_answers_again():
    watch = waiting_for((1, "11"))
    assert watch.forgotten(None, now=5000) == []
    assert watch.forgotten({}, now=5099) == []
    assert watch.forgotten({}, now=5101) == ["11"]


@pytest.mark.parametrize("experiment", ["demo", "demo/splits/held_out-US_Airways_e30e38e1"])
def test_checkpoint_is_removed_once_snakemake_reports_that_the_training_is_done(
    tmp_path, monkeypatch, experiment
):
    monkeypatch.chdir(tmp_path)
    results = Path("results", experiment)
    runs = [f"LSTM/rnn1-dense2-dropout0-reg1-lr1e-3/{replicate}" for replicate in (1, 2)]
    saved = [Path(results, "checkpoints", run, "checkpoint.safetensors") for run in runs]
    for run, checkpoint in zip(runs, saved, strict=True):
        checkpoint.parent.mkdir(parents=True)
        checkpoint.touch()
        Path(results, "train", run).mkdir(parents=True)
        Path(results, "train", run, "history.csv").touch()
    checkpoints = submit.Checkpoints()
    for number, run in enumerate(runs, start=10):
        log = f".snakemake/slurm_logs/rule_train/{f'{experiment}/{run}'.replace('/', '_')}/7.log"
        checkpoints.read(f"Job {number} has been submitted with SLURM jobid 7 (log: /x/{log}).\n")
    checkpoints.read("Finished jobid: 3 (Rule: tokenize)\n")
    checkpoints.read("Finished jobid: 10 (Rule: train)\n")
    assert [path.exists() for path in saved] == [False, True]


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 50)), max_size=30))
def test_job_that_shows_up_within_patience_is_never_forgotten(looks):
    watch, now = waiting_for((1, "11")), 0
    for answered, pause in looks:
        now += pause
        assert watch.forgotten({"11": "RUNNING"} if answered else None, now) == []


@pytest.mark.parametrize(
    ("outcome", "cluster_failed", "left", "step"),
    [
        (0, True, 0, 0),
        (1, False, 3, 1),
        (1, True, 3, "restart"),
        (1, True, 0, submit.UNAVAILABLE),
        (-9, False, 1, "restart"),
        (-9, False, 0, submit.UNAVAILABLE),
        ("forgot", False, 1, "restart"),
        ("forgot", True, 0, submit.UNAVAILABLE),
        ("outage", True, 3, submit.UNAVAILABLE),
    ],
)
def test_only_faults_of_the_cluster_restart_snakemake(outcome, cluster_failed, left, step):
    assert submit.decide(outcome, cluster_failed, left) == step


def test_job_names_depend_on_the_directory_alone(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    prefix = submit.job_prefix(tmp_path)
    assert prefix == submit.job_prefix(tmp_path / "link")
    assert prefix != submit.job_prefix(tmp_path.parent)
    assert len(prefix) <= 50  # the plugin's limit


def test_queue_has_only_the_jobs_of_the_directory():
    table = (
        "7|RUNNING|None|tweetrnn-ab_1\n"
        "8_2|PENDING|Resources|tweetrnn-ab_1\n"
        "9|PENDING|launch failed requeued held|tweetrnn-ab_1\n"
        "10|RUNNING|None|tweetrnn-cd_1\n"
        "\n"
    )
    assert slurm.parse_queue(table, "tweetrnn-ab_") == {
        "7": "RUNNING",
        "8_2": "PENDING",
        "9": "HELD",
    }


@pytest.mark.parametrize(
    ("min_job_age", "accounting", "choice"),
    [
        (300, True, "squeue"),
        (300, False, "squeue"),
        (60, True, "sacct"),
        (60, False, "squeue"),
        (None, True, "sacct"),
    ],
)
def test_status_command_is_squeue_wherever_it_shows_ended_jobs_long_enough(
    min_job_age, accounting, choice
):
    assert slurm.choose_status_command(min_job_age, accounting, first_poll=10) == choice


def test_min_job_age_is_read_from_slurm_s_configuration():
    assert slurm.parse_min_job_age("MinJobAge               = 300 sec\n") == 300
    assert slurm.parse_min_job_age("") is None


def test_second_submission_is_refused_until_the_first_has_ended(tmp_path):
    with ownership.Ownership.take(tmp_path) as first:
        first.begin()
        with pytest.raises(UserError, match=f"process {os.getpid()} on"):
            ownership.Ownership.take(tmp_path)
    ownership.Ownership.take(tmp_path).__exit__()


def take_and_be_killed(directory, then):
    """Have a process take the directory, run the code ``then`` and be killed."""
    program = f"""
import os, pathlib, signal, subprocess
from tweetrnn.running.ownership import Ownership
mine = Ownership.take({str(directory)!r})
mine.begin()
{then}
os.kill(os.getpid(), signal.SIGKILL)
"""
    package = Path(submit.__file__).parents[2]
    subprocess.run([sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(package)})


def killed_owner(directory):
    """Have a process take the directory, create Snakemake's lock and be killed."""
    lock = directory / ".snakemake/locks/0.output.lock"
    lock.parent.mkdir(parents=True)
    take_and_be_killed(directory, f"pathlib.Path({str(lock)!r}).write_text('x'); mine.beat()")
    return lock


def test_lock_of_a_killed_submission_is_removed(tmp_path):
    lock = killed_owner(tmp_path)
    assert lock.exists()
    with ownership.Ownership.take(tmp_path) as mine:
        assert mine.unlock()
    assert not lock.exists()


@pytest.mark.slow
def test_snakemake_that_dies_after_its_submitter_is_waited_for(tmp_path):
    take_and_be_killed(tmp_path, "subprocess.Popen(['sleep', '1'], pass_fds=[mine.handle])")
    began = time.monotonic()
    ownership.Ownership.take(tmp_path).__exit__()
    assert time.monotonic() - began > 0.2


def test_lock_that_the_dead_submission_cannot_have_made_is_kept(tmp_path):
    lock = killed_owner(tmp_path)
    later = lock.stat().st_mtime + 60
    os.utime(lock, (later, later))
    with (
        ownership.Ownership.take(tmp_path) as mine,
        pytest.raises(UserError, match="snakemake --unlock"),
    ):
        mine.unlock()
    assert lock.exists()


def test_lock_without_any_submission_before_is_kept(tmp_path):
    (tmp_path / ".snakemake/locks").mkdir(parents=True)
    lock = tmp_path / ".snakemake/locks/0.output.lock"
    lock.write_text("results/x")
    with ownership.Ownership.take(tmp_path) as mine, pytest.raises(UserError):
        mine.unlock()
    assert lock.exists()


def test_process_is_known_to_be_dead_only_on_its_own_machine():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = ownership.identity(child.pid)
    assert not ownership.is_dead(owner)
    child.communicate()
    assert ownership.is_dead(owner)
    assert not ownership.is_dead(owner | {"host": "elsewhere"})
    assert ownership.is_dead(ownership.identity(os.getpid()) | {"boot": "earlier"})


def options_of(*arguments):
    parser = argparse.ArgumentParser()
    submit.add_arguments(parser)
    return parser.parse_args(arguments)


@pytest.fixture
def handlers():
    """Restore the signal handlers that a submission sets."""
    before = {number: signal.getsignal(number) for number in submit.STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("queue", "message"),
    [(None, "SLURM has not answered for 0 s"), ({"7": "RUNNING"}, "jobs 7 were cancelled 0 s ago")],
)
def test_cluster_that_does_not_recover_ends_the_command_with_its_own_exit_status(
    tmp_path, monkeypatch, caplog, handlers, queue, message
):
    monkeypatch.setattr(slurm, "queue", lambda prefix: queue)
    monkeypatch.setattr(slurm, "cancel", lambda jobs: None)
    monkeypatch.setattr(logging.getLogger("tweetrnn"), "propagate", True)
    options = options_of("--outage", "0", "--leaving", "0")
    with ownership.Ownership.take(tmp_path) as mine:
        assert submit.Submission(options, mine).run() == submit.UNAVAILABLE
    assert message in caplog.text


def test_what_the_user_gives_comes_last_on_snakemakes_command_line():
    options = options_of("--configfile", "c.yaml", "--", "--retries", "9", "target")
    command = submit.command_line(options, "--slurm-status-command", "squeue")
    assert command[-3:] == ["--retries", "9", "target"]
    # Not right before a target, which it would take for another config file.
    assert command[command.index("--configfile") + 2].startswith("--")
    assert "--rerun-incomplete" in command


def test_make_slurm_submits_the_config_and_passes_options_on(root):
    command = ["make", "--dry-run", "slurm", "CONFIG=c.yaml", "SUBMIT=-- --jobs 5"]
    printed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    assert "-m tweetrnn submit --configfile c.yaml -- --jobs 5\n" in printed


def test_cluster_profile_contains_the_default_profile(root):
    read = [
        yaml.safe_load((root / path).read_text())
        for path in ["profiles/default/profile.yaml", "workflow/profiles/slurm/profile.yaml"]
    ]
    default, cluster = read
    assert {key: cluster.get(key) for key in default} == default
