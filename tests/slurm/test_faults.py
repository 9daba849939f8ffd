"""Faults of a cluster cost no result and at most the current epoch.

Each test disturbs the submission of trainings whose undisturbed local results are known; the
numbers in the names are those of the faults in docs/cluster.md.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from cluster import NODE, wait_until
from workplace import (
    LSTM,
    QUICK,
    RUNS,
    SIMPLE_RNN,
    assert_nothing_twice,
    assert_same_results,
    comment,
    slowed,
    target,
    trainings,
)

pytestmark = pytest.mark.slurm

CANCELLED, OUT_OF_TIME, REQUEUED, KILLED = RUNS


def gone(pid, work):
    """Wait until a training has ended."""
    wait_until(lambda: pid not in trainings(work.path), 100, f"process {pid} ends")


@pytest.fixture(scope="module")
def disturbed(undisturbed, tmp_path_factory):
    """Four trainings, on CPUs instead of the GPU, each disturbed in another way."""

    def cancel(work, pid, job):
        work.cluster.run("scancel", job)

    def take_time(work, pid, job):
        # SLURM checks limits twice a minute, so its warning of 60 s may come at any time between
        # now and half a minute from now.
        work.cluster.run("scontrol", "update", f"JobId={job}", "TimeLimit=1")

    def requeue(work, pid, job):
        work.cluster.run("scontrol", "requeue", job)

    def kill(work, pid, job):
        # As the kernel does when a node runs out of memory; the job's status is 1 then.
        work.cluster.run("kill", "-KILL", pid)

    faults = {CANCELLED: cancel, OUT_OF_TIME: take_time, REQUEUED: requeue, KILLED: kill}

    def disturb(run):
        pid = work.training(run)
        with slowed(pid, 0.03 if run == OUT_OF_TIME else 0.1):
            faults[run](work, pid, work.job_of(run))
            gone(pid, work)

    path = tmp_path_factory.mktemp("disturbed") / "work"
    with undisturbed.without_trainings(path) as work:
        targets = [target(run) for run in faults]
        work.submit("--set-resources", "train:gpu=0", "--", *targets)
        with ThreadPoolExecutor(len(faults)) as pool:
            list(pool.map(disturb, faults))
        work.finish()
        yield work


def test_on_cpus_trainings_run_side_by_side(disturbed):
    assert disturbed.watcher.most > 1


def test_3_cancelled_training_is_tried_again_from_its_checkpoint(disturbed, undisturbed):
    assert [state for _, state in disturbed.jobs_of(CANCELLED)] == ["CANCELLED", "COMPLETED"]
    assert "resumed from" in disturbed.log(CANCELLED)
    assert_same_results(disturbed, undisturbed, CANCELLED)
    assert_nothing_twice(disturbed, CANCELLED)


def test_4_training_out_of_time_leaves_a_checkpoint_and_the_retry_continues(disturbed, undisturbed):
    (first, _), (retry, _) = disturbed.jobs_of(OUT_OF_TIME)
    assert "TimeLimit=00:01:00" in disturbed.cluster.run("scontrol", "show", "job", first)
    assert "TimeLimit=01:00:00" in disturbed.cluster.run("scontrol", "show", "job", retry)
    assert "stopped by SIGTERM" in disturbed.log(OUT_OF_TIME)
    assert "resumed from" in disturbed.log(OUT_OF_TIME)
    assert_same_results(disturbed, undisturbed, OUT_OF_TIME)
    assert_nothing_twice(disturbed, OUT_OF_TIME)


def test_5_requeued_training_continues_under_the_same_job(disturbed, undisturbed):
    assert [state for _, state in disturbed.jobs_of(REQUEUED)] == ["COMPLETED"]
    assert "resumed from" in disturbed.log(REQUEUED)
    assert_same_results(disturbed, undisturbed, REQUEUED)
    assert_nothing_twice(disturbed, REQUEUED)


def test_10_training_killed_inside_its_job_is_tried_again(disturbed, undisturbed):
    assert [state for _, state in disturbed.jobs_of(KILLED)] == ["FAILED", "COMPLETED"]
    assert "resumed from" in disturbed.log(KILLED)
    assert_same_results(disturbed, undisturbed, KILLED)
    assert_nothing_twice(disturbed, KILLED, killed=1)


def test_slurm_keeps_the_logs_of_failed_jobs_only(disturbed):
    folder = disturbed.path / ".snakemake/slurm_logs"
    expected = {
        folder / comment(run).replace("_wildcards_", "/") / f"{job}.log"
        for run in RUNS
        for job, state in disturbed.jobs_of(run)
        if state != "COMPLETED"
    }
    assert set(folder.rglob("*.log")) == expected


def test_6_and_8_trainings_outlive_slurmd_and_wait_for_a_drained_node(work, undisturbed):
    cluster = work.cluster
    work.submit("--", target(LSTM), target(SIMPLE_RNN))
    first = work.first_training()
    second = LSTM if first == SIMPLE_RNN else SIMPLE_RNN
    pid = work.training(first)
    with slowed(pid):
        cluster.kill("slurmd")
        work.training(first, epochs=2)  # it continues
        cluster.spawn("slurmd")
        wait_until(lambda: cluster.node_state() in ("MIXED", "ALLOCATED"), 60, "slurmd is back")
        cluster.run("scontrol", "update", f"NodeName={NODE}", "State=DRAIN", "Reason=test")
        assert pid in trainings(work.path)
    wait_until(lambda: cluster.node_state() == "DRAINED", 100, "the node is drained")
    assert (work.path / target(first)).exists()
    assert [state for _, state in work.jobs_of(second)] == ["PENDING"]
    cluster.run("scontrol", "update", f"NodeName={NODE}", "State=RESUME")
    work.finish()
    for run in (first, second):
        assert len(work.jobs_of(run)) == 1
        assert "resumed from" not in work.log(run)
        assert_nothing_twice(work, run)
    assert_same_results(work, undisturbed, first, second)


def test_7_controller_away_for_longer_than_the_plugin_would_ask(work, undisturbed):
    cluster = work.cluster
    work.submit("--verbose", "--", target(LSTM), target(SIMPLE_RNN))
    first = work.first_training()
    with slowed(work.training(first)):
        cluster.wait_until_saved(work.job_of(first))  # or the job would be started once more
        cluster.kill("slurmctld")
    wait_until((work.path / target(first)).exists, 100, "the training ends nevertheless")
    wait_until(lambda: "does not answer" in work.text(), 60, "the submitter notices")
    time.sleep(8)  # plain Snakemake forgets its jobs after five polls within some seconds
    cluster.spawn("slurmctld")
    work.finish()
    assert "Starting Snakemake again" not in work.text()
    assert "resumed from" not in work.log(first)
    for run in (LSTM, SIMPLE_RNN):
        assert_nothing_twice(work, run)
    assert_same_results(work, undisturbed, LSTM, SIMPLE_RNN)


def test_9_main_process_killed_while_trainings_run(work, undisturbed):
    work.submit("--", target(LSTM))
    with slowed(work.training(LSTM)):
        # Snakemake alone: the submitter starts it again.
        pids = work.cluster.run("pgrep", "-P", work.process.pid, "-f", "snakemake").split()
        work.cluster.run("kill", "-KILL", *pids)
        wait_until(lambda: "Starting Snakemake again" in work.text(), 60, "a restart")
    with slowed(work.training(LSTM)):
        # Both, without notice; the same command again at once.
        work.process.kill()
        work.submit("--", target(LSTM))
        wait_until(lambda: "cancelling them" in work.text(), 60, "the leftover is cancelled")
    work.finish()
    assert "Removed the lock of a dead Snakemake" in work.text()
    assert work.log(LSTM).count("resumed from") == 2
    assert_same_results(work, undisturbed, LSTM)
    assert_nothing_twice(work, LSTM)


def test_10_training_over_its_memory_gets_more_on_the_retry(work, undisturbed):
    # Without cgroups SLURM itself checks, each second, how much memory a job's processes use.
    memory = "train:mem_mb=200 if attempt == 1 else 1500"
    # Plain Snakemake can do this as well while its main process lives.
    work.start(
        *("snakemake", "--snakefile", work.root / "Snakefile", "--configfile", "small.yaml"),
        *("--workflow-profile", work.root / "workflow/profiles/slurm", *QUICK),
        *("--set-resources", "train:gpu=1", memory, "--", target(LSTM)),
    )
    work.finish()
    (first, _), (retry, _) = work.jobs_of(LSTM)
    assert "mem=200M" in work.cluster.run("scontrol", "show", "job", first)
    assert "mem=1500M" in work.cluster.run("scontrol", "show", "job", retry)
    assert_same_results(work, undisturbed, LSTM)
    assert_nothing_twice(work, LSTM)
