"""The whole workflow in one SLURM job: the same results, whatever happens to the job.

Each test disturbs trainings whose undisturbed local results are known.
"""

import re
import shutil
import signal
import subprocess
import sys

import pytest
from cluster import NODE, wait_until
from test_faults import gone
from test_job_each import REFUSED, USERS_SETTINGS
from test_workflow import files_of
from workplace import (
    EPOCHS,
    LSTM,
    SIMPLE_RNN,
    Workplace,
    assert_same_results,
    processes,
    slowed,
    target,
    trainings,
)

pytestmark = pytest.mark.slurm
SUBMITTED = "Submitted SLURM job"


def assert_continued(work, run, killed=0):
    """Check that a training continued from a checkpoint and lost no work but what kills cost."""
    assert run not in work.watcher.twice
    assert "resumed from" in work.log(run)
    assert 0 <= len(work.epochs(run)) - EPOCHS <= killed


def running_job(work):
    """Return the id of the folder's running job."""
    return wait_until(
        lambda: [job for job, state, _ in work.jobs() if state == "RUNNING"], 60, "a running job"
    )[0]


def snakemake_in_job(work):
    """Return the pid of the Snakemake inside the folder's job, which is the only one there."""
    [pid] = [
        pid
        for pid, arguments in processes(work.path).items()
        if arguments[1:3] == [b"-m", b"snakemake"] and b"--workflow-profile" in arguments
    ]
    return pid


@pytest.fixture(scope="module")
def allocated(undisturbed, root, cluster, tmp_path_factory):
    """The small experiment, run in one job from the beginning to its report."""
    path = tmp_path_factory.mktemp("allocated") / "work"
    with Workplace.new(path, root, cluster) as work:
        work.allocate()
        work.training(work.first_training(), epochs=1)
        work.steps = cluster.run("squeue", "--steps", "--noheader", "--format=%i %j")
        work.finish()
        yield work


def test_results_in_an_allocation_are_those_of_a_local_run_byte_for_byte(allocated, undisturbed):
    found, expected = files_of(allocated), files_of(undisturbed)
    assert found.keys() == expected.keys()
    assert [path for path in expected if found[path] != expected[path]] == []


def test_slurm_sees_one_job_with_a_step_for_each_training(allocated):
    assert allocated.ended() == ["COMPLETED"]
    [(job, _, _)] = allocated.jobs()
    assert f"{job}.0" in allocated.steps
    assert allocated.watcher.most > 1


@pytest.mark.parametrize("way", [["--cores", "1"], ["--workflow-profile", "PROFILE"]])
def test_results_of_an_allocation_are_up_to_date_any_other_way(allocated, way):
    profile = allocated.root / "workflow/profiles/slurm"
    command = [sys.executable, "-m", "snakemake", "--snakefile", allocated.root / "Snakefile"]
    command += ["--configfile", "small.yaml", "--dry-run"]
    command += [str(profile) if part == "PROFILE" else part for part in way]
    done = subprocess.run(
        command,
        cwd=allocated.path,
        capture_output=True,
        text=True,
        env=allocated.cluster.environment,
    )
    assert "Nothing to be done" in done.stdout + done.stderr


def test_one_slot_trains_one_after_the_other_and_each_gets_the_gpu(work, undisturbed):
    work.allocate(target(LSTM), target(SIMPLE_RNN), sbatch="--ntasks=1 --gpus-per-task=1")
    pid = work.training(work.first_training())
    assert "CUDA_VISIBLE_DEVICES=0" in work.environment_of(pid)
    work.finish()
    assert work.watcher.most == 1
    assert_same_results(work, undisturbed, LSTM, SIMPLE_RNN)


def test_submitter_killed_the_job_goes_on_and_the_same_command_follows_it(work, undisturbed):
    work.allocate(target(LSTM))
    with slowed(work.training(LSTM)):
        work.process.kill()
        work.process.wait()
        work.allocate(target(LSTM))
        wait_until(lambda: "which this folder has already" in work.text(), 60, "it is followed")
    work.finish()
    assert len(work.jobs()) == 1
    assert "resumed from" not in work.log(LSTM)
    assert_same_results(work, undisturbed, LSTM)


def test_job_cancelled_by_somebody_is_submitted_again(work, undisturbed):
    work.allocate(target(LSTM))
    with slowed(work.training(LSTM)):
        work.cluster.run("scancel", running_job(work))
        wait_until(lambda: work.text().count(SUBMITTED) == 2, 100, "another job")
    work.finish()
    assert work.ended() == ["CANCELLED", "COMPLETED"]
    assert_continued(work, LSTM)
    assert_same_results(work, undisturbed, LSTM)


def test_time_limit_leaves_checkpoints_and_the_job_is_queued_again(work, undisturbed):
    work.allocate(target(LSTM), target(SIMPLE_RNN), sbatch="--ntasks=4 --time=2")
    pid = work.training(LSTM)
    with slowed(pid, 0.03):
        # SLURM checks limits twice a minute, so its warning of 60 s may come half a minute late.
        work.cluster.run("scontrol", "update", f"JobId={running_job(work)}", "TimeLimit=1")
        wait_until(lambda: pid not in trainings(work.path), 100, "the training stops")
    work.finish()
    assert work.ended() == ["COMPLETED"]
    assert "stopped by SIGTERM" in work.log(LSTM)
    assert_continued(work, LSTM)
    assert_same_results(work, undisturbed, LSTM, SIMPLE_RNN)


@pytest.mark.parametrize("victim", ["snakemake", "training"])
def test_process_killed_inside_the_job_costs_at_most_an_epoch(work, undisturbed, victim):
    work.allocate(target(LSTM))
    pid = work.training(LSTM)
    with slowed(pid):
        work.cluster.run("kill", "-KILL", pid if victim == "training" else snakemake_in_job(work))
        wait_until(lambda: pid not in trainings(work.path), 100, "the training ends")
    work.finish()
    assert_continued(work, LSTM, killed=1)
    assert_same_results(work, undisturbed, LSTM)


def test_preempted_job_continues(work, undisturbed):
    work.allocate(target(LSTM))
    pid = work.training(LSTM)
    with slowed(pid):
        work.cluster.run(
            *("sbatch", "--partition=urgent", "--exclusive", "--time=1", "--output=/dev/null"),
            "--wrap=sleep 1",
        )
        gone(pid, work)
    work.finish()
    assert work.ended() == ["COMPLETED"]
    assert_continued(work, LSTM)
    assert_same_results(work, undisturbed, LSTM)


def test_job_outlives_slurmd_and_finishes_on_a_draining_node(work, undisturbed):
    cluster = work.cluster
    work.allocate(target(LSTM), target(SIMPLE_RNN), sbatch="--ntasks=1")
    first = work.first_training()
    with slowed(work.training(first)):
        cluster.kill("slurmd")
        work.training(first, epochs=2)
        cluster.spawn("slurmd")
        wait_until(lambda: cluster.node_state() in ("MIXED", "ALLOCATED"), 60, "slurmd is back")
        cluster.run("scontrol", "update", f"NodeName={NODE}", "State=DRAIN", "Reason=test")
    try:
        work.finish()
    finally:
        wait_until(lambda: cluster.node_state() == "DRAINED", 60, "the node is drained")
        cluster.run("scontrol", "update", f"NodeName={NODE}", "State=RESUME")
    assert len(work.jobs()) == 1
    assert "resumed from" not in work.log(LSTM) + work.log(SIMPLE_RNN)
    assert_same_results(work, undisturbed, LSTM, SIMPLE_RNN)


def test_training_over_its_memory_gets_more_of_the_jobs(work, undisturbed):
    work.allocate(
        target(LSTM),
        sbatch="--ntasks=2",
        snakemake=["--set-resources", "train:mem_mb=200 if attempt == 1 else 1500"],
    )
    work.finish()
    assert "Trying to restart job" in work.text()
    assert_same_results(work, undisturbed, LSTM)


def test_controller_away_while_the_workflow_ends(work, undisturbed):
    work.allocate(target(LSTM))
    with slowed(work.training(LSTM)):
        work.cluster.wait_until_saved(running_job(work))
        work.cluster.kill("slurmctld")
    try:
        work.finish()
    finally:
        work.cluster.spawn("slurmctld")
    wait_until(lambda: work.cluster.jobs() == [], 100, "slurmctld knows of the end")
    assert_same_results(work, undisturbed, LSTM)


def test_interrupt_cancels_the_job_and_the_same_command_continues(work, undisturbed):
    work.allocate(target(LSTM))
    with slowed(work.training(LSTM), share=0.02):
        work.process.send_signal(signal.SIGINT)
        work.finish(status=130)
    assert "the same command continues" in work.text()
    assert work.cluster.jobs() == []
    work.allocate(target(LSTM))
    work.finish()
    assert_continued(work, LSTM)
    assert_same_results(work, undisturbed, LSTM)


def test_job_of_a_failing_training_ends_with_status_1(work):
    path = work.path / "results/small/split"
    facts = next(path.rglob("facts.json"))
    facts.write_text(facts.read_text().replace('"width"', '"wide"'))
    work.allocate(target(LSTM))
    work.finish(status=1)
    assert len(work.jobs()) == 1


def test_sbatch_and_squeue_that_fail_and_lie_and_users_settings_do_no_harm(work, undisturbed):
    variables = work.fake(
        "sbatch",
        "echo x >> tries; if [ $(wc -l < tries) -lt 3 ]; then "
        f'echo "{REFUSED} Unable to contact slurm controller" >&2; exit 1; fi; '
        f'$REAL "$@"; echo "{REFUSED} Socket timed out on send/recv operation" >&2; exit 1',
    )
    work.fake("squeue", '[ $(($(date +%s) % 4)) -lt 2 ] && exit 1; exec $REAL "$@"')
    work.allocate(target(LSTM), environment=variables | USERS_SETTINGS)
    with slowed(work.training(LSTM)):
        shutil.rmtree(work.path / ".snakemake/submit")
        work.training(LSTM, epochs=1)
    work.finish()
    assert "Unable to contact slurm controller" in work.text()
    assert len(work.jobs()) == 1
    assert_same_results(work, undisturbed, LSTM)


def test_other_commands_in_the_folder_end_with_a_message_and_disturb_nothing(work, undisturbed):
    work.allocate(target(LSTM))
    mine = work.process
    with slowed(work.training(LSTM)):
        work.submit("--", target(LSTM))
        work.finish(status=1)
        work.allocate(target(SIMPLE_RNN))
        work.finish(status=1)
        work.start("tweetrnn", "run", "--configfile", "small.yaml")
        work.finish(status=1)
    work.process = mine
    work.finish()
    assert "with another config or other options" in work.text()
    assert work.text().count("another command runs Snakemake in this directory (SLURM job") == 2
    assert len(work.jobs()) == 1
    assert "resumed from" not in work.log(LSTM)
    assert_same_results(work, undisturbed, LSTM)


def test_job_in_a_folder_where_a_local_run_is_under_way_ends_with_a_message(work):
    work.start(*("tweetrnn", "run", "--configfile", "small.yaml", "--cores", 1, "--", target(LSTM)))
    mine = work.process
    with slowed(work.training(LSTM)):
        work.allocate(target(LSTM))
        work.finish(status=1)
    work.process = mine
    work.finish()
    assert len(work.jobs()) == 1
    assert "another command runs Snakemake in this directory (process" in work.text()
    assert "Traceback" not in work.text()


@pytest.mark.parametrize(
    "script, told",
    [
        ("#!/bin/bash\n#SBATCH --ntasks=1\nif\n", "failed before Snakemake began"),
        ("no script\n", "sbatch refused the job"),
    ],
)
def test_mistake_in_the_profile_s_script_ends_the_command(work, script, told):
    profile = work.path / "profile"
    shutil.copytree(work.root / "workflow/profiles/allocation", profile)
    (profile / "job.sh").write_text(script)
    work.allocate(target(LSTM), options=["--profile", profile])
    work.finish(status=1)
    assert told in work.text()
    assert len(work.jobs()) <= 1


def test_job_that_slurm_refuses_ends_with_its_reason(work):
    work.allocate(target(LSTM), sbatch="--ntasks=1 --partition=none")
    work.finish(status=1)
    assert re.search("(?s)sbatch refused the job: .*Invalid partition", work.text())
    assert "Traceback" not in work.text()
