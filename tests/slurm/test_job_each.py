"""A SLURM that refuses, lies and preempts, and users' own settings, with a job for each training.

Stand-ins for SLURM's commands, first on the PATH, fail as real ones have been seen to.
"""

import os
import re
import shutil
import signal
import time

import pytest
import yaml
from cluster import wait_until
from test_faults import gone
from workplace import (
    LSTM,
    SIMPLE_RNN,
    assert_nothing_twice,
    assert_same_results,
    slowed,
    target,
)

pytestmark = pytest.mark.slurm
ON_CPUS = ["--set-resources", "train:gpu=0", "train:mem_mb=1500 * attempt"]
USERS_SETTINGS = {
    "SQUEUE_STATES": "PENDING",
    "SQUEUE_PARTITION": "urgent",
    "SQUEUE_FORMAT": "%u",
    "SLURM_CLUSTERS": "elsewhere",
}
REFUSED = "sbatch: error: Batch job submission failed:"
AWAY = "Unable to contact slurm controller"


@pytest.fixture(scope="module")
def lied_to(undisturbed, tmp_path_factory):
    """Two trainings while sbatch and squeue fail and lie, and the user has settings for both."""
    path = tmp_path_factory.mktemp("lied_to") / "work"
    with undisturbed.without_trainings(path) as work:
        variables = work.fake(
            "sbatch",
            "echo x >> tries; n=$(wc -l < tries); "
            f'if [ $n -le 3 ]; then echo "{REFUSED} {AWAY}" >&2; exit 1; fi; $REAL "$@"; '
            f'if [ $n = 4 ]; then echo "{REFUSED} Socket timed out on send/recv" >&2; exit 1; fi',
        )
        work.fake("squeue", '[ $(($(date +%s) % 5)) -lt 2 ] && exit 1; exec $REAL "$@"')
        profile = work.path / "profile"
        shutil.copytree(work.root / "workflow/profiles/slurm", profile)
        settings = yaml.safe_load((profile / "profile.yaml").read_text())
        del settings["slurm-init-seconds-before-status-checks"]
        (profile / "profile.yaml").write_text(yaml.safe_dump(settings))
        work.submit(
            *(*ON_CPUS, "--", target(LSTM), target(SIMPLE_RNN)),
            options=["--profile", profile],
            environment=variables | USERS_SETTINGS,
        )
        work.finish()
        yield work


def test_sbatch_that_refuses_for_a_while_costs_no_attempt(lied_to):
    assert AWAY in lied_to.text()
    assert "Trying to restart job" not in lied_to.text()
    for run in (LSTM, SIMPLE_RNN):
        [(job, _)] = lied_to.jobs_of(run)
        assert "mem=1500M" in lied_to.cluster.run("scontrol", "show", "job", job)


def test_job_that_slurm_took_although_sbatch_failed_is_followed(lied_to):
    assert "already; it is not submitted again" in lied_to.text()
    for run in (LSTM, SIMPLE_RNN):
        assert_nothing_twice(lied_to, run)


def test_squeue_that_fails_every_other_moment_and_users_settings_do_no_harm(lied_to, undisturbed):
    assert "Starting Snakemake again" not in lied_to.text()
    assert_same_results(lied_to, undisturbed, LSTM, SIMPLE_RNN)


def test_job_of_a_submitter_that_was_killed_meanwhile_is_cancelled_when_it_appears(work):
    variables = work.fake(
        "sbatch",
        "echo x >> tries; if [ $(wc -l < tries) = 1 ]; then "
        'setsid sh -c \'sleep 8; exec "$@"\' sh $REAL "$@" > late.txt 2>&1 & sleep 15; exit 1; fi; '
        'exec $REAL "$@"',
    )
    work.submit(*ON_CPUS, "--", target(LSTM), environment=variables)
    wait_until((work.path / "tries").exists, 60, "sbatch is called")
    work.process.kill()
    work.process.wait()
    work.submit(*ON_CPUS, "--", target(LSTM), target(SIMPLE_RNN), environment=variables)
    work.finish()
    assert "earlier submission" in work.text()
    states = [state for _, state in work.jobs_of(LSTM)]
    assert sorted(states) == ["CANCELLED", "COMPLETED"]
    assert LSTM not in work.watcher.twice


def test_limit_on_submitted_jobs_is_waited_for(work, undisturbed):
    variables = work.fake(
        "sbatch",
        "exec 9>lock; flock 9; "
        f"if [ $({work.cluster.root}/bin/squeue --noheader | wc -l) -ge 1 ]; then "
        'echo "sbatch: error: QOSMaxSubmitJobPerUserLimit" >&2; '
        f'echo "{REFUSED} Job violates accounting/QOS policy" >&2; exit 1; fi; exec $REAL "$@"',
    )
    work.submit(*ON_CPUS, "--", target(LSTM), target(SIMPLE_RNN), environment=variables)
    work.finish()
    assert "QOSMaxSubmitJobPerUserLimit" in work.text()
    assert "Trying to restart job" not in work.text()
    assert work.watcher.most == 1
    assert_same_results(work, undisturbed, LSTM, SIMPLE_RNN)


def test_training_preempted_more_often_than_it_may_fail_is_still_finished(work, undisturbed):
    """Its partition cancels what it preempts, and Snakemake tries no job twice."""
    fragile = ["--default-resources", "slurm_partition=fragile", "slurm_extra='--signal=TERM@60'"]
    work.submit("--retries", 0, *ON_CPUS, *fragile, "--", target(LSTM))
    pid = work.training(LSTM)
    with slowed(pid, 0.03):
        work.cluster.run(
            *("sbatch", "--partition=urgent", "--exclusive", "--time=1", "--output=/dev/null"),
            "--wrap=sleep 1",
        )
        gone(pid, work)
    work.finish()
    assert "trainings continue from their checkpoints" in work.text()
    assert "All is done" in work.text()
    assert [state for _, state in work.jobs_of(LSTM)] == ["PREEMPTED", "COMPLETED"]
    assert_same_results(work, undisturbed, LSTM)


@pytest.mark.parametrize(
    "way, sbatch, snakemake",
    [
        ("allocation", "--ntasks=1 --partition=short --time=30", []),
        ("allocation", "--ntasks=16 --partition=short --time=5", []),
        ("jobs", "", ["--default-resources", "slurm_partition=short"]),
    ],
)
def test_job_that_can_never_start_ends_the_command_with_what_to_change(
    work, way, sbatch, snakemake
):
    if way == "jobs":
        work.submit(*ON_CPUS, *snakemake, "--", target(LSTM))
    else:
        work.allocate(target(LSTM), sbatch=sbatch)
    work.finish(status=1)
    assert re.search(r"never start job \d+ \(Partition\w+\): .*ask for less", work.text())
    wait_until(lambda: work.cluster.jobs() == [], 30, "the job is cancelled")


def test_reason_of_a_refusal_is_shown(work):
    work.submit("--retries", 0, *ON_CPUS[:2], "train:mem_mb=99999", "--", target(LSTM))
    work.finish(status=1)
    assert "Memory specification can not be satisfied" in work.text()
    assert "sbatch call" not in work.text()
    assert "Some jobs failed" in work.text()


def test_suspended_submitter_and_its_deleted_folder_disturb_nothing(work, undisturbed):
    work.submit(*ON_CPUS, "--", target(LSTM))
    with slowed(work.training(LSTM)):
        os.kill(work.process.pid, signal.SIGSTOP)
        shutil.rmtree(work.path / ".snakemake/submit")
        time.sleep(5)
        os.kill(work.process.pid, signal.SIGCONT)
        wait_until(lambda: "was deleted while a command uses it" in work.text(), 30, "a message")
    work.finish()
    assert "Starting Snakemake again" not in work.text()
    assert_nothing_twice(work, LSTM)
    assert_same_results(work, undisturbed, LSTM)


def test_moved_folder_is_named_and_its_jobs_are_cancelled(work, undisturbed):
    work.submit(*ON_CPUS, "--", target(LSTM))
    moved = work.path.with_name("moved")
    with slowed(work.training(LSTM)):
        work.path.rename(moved)
        try:
            work.output = moved / work.output.name
            work.finish(status=1)
        finally:
            moved.rename(work.path)
            work.output = work.path / work.output.name
    assert "this folder was moved while its jobs ran" in work.text()
    wait_until(lambda: work.cluster.jobs() == [], 60, "the job is cancelled")
    work.submit(*ON_CPUS, "--", target(LSTM))
    work.finish()
    assert_same_results(work, undisturbed, LSTM)
