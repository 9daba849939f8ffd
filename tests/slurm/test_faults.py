"""What breaks on a cluster costs no result and at most the epoch under way.

Each test disturbs the submission of trainings whose undisturbed local results are known; the
numbers in the names are those of the faults in docs/cluster.md.
"""

import re
import time

import pytest
from cluster import NODE, wait_until
from workplace import (
    CELLS,
    assert_nothing_twice,
    assert_same_results,
    slowed,
    target_of,
    trainings,
)

pytestmark = pytest.mark.slurm


def test_3_cancelled_training_is_tried_again_from_its_checkpoint(work, watcher, undisturbed):
    work.submit(target_of("LSTM"))
    with slowed(work.training("LSTM")):
        work.cluster.run("scancel", work.job_of("LSTM"))
        work.finish()
    assert "resumed from" in work.log("LSTM")
    assert_same_results(work, undisturbed, ["LSTM"])
    assert_nothing_twice(work, watcher, {"LSTM": 1})


def test_4_training_out_of_time_leaves_a_checkpoint_and_the_retry_has_more(
    work, watcher, undisturbed
):
    work.submit(target_of("LSTM"))
    with slowed(work.training("LSTM")):
        job = work.job_of("LSTM")
        # SLURM looks after limits twice a minute, so the warning of 60 s comes before a minute.
        work.cluster.run("scontrol", "update", f"JobId={job}", "TimeLimit=1")
        work.finish()
    assert re.search(r"SIGTERM|checkpoint after", work.log("LSTM"))
    assert "resumed from" in work.log("LSTM")
    [retry] = [j for j, state, _ in work.jobs() if state == "COMPLETED"]
    assert "TimeLimit=02:00:00" in work.cluster.run("scontrol", "show", "job", retry)
    assert_same_results(work, undisturbed, ["LSTM"])
    assert_nothing_twice(work, watcher, {"LSTM": 1})


def test_5_requeued_training_goes_on_under_the_same_job(work, watcher, undisturbed):
    work.submit(target_of("LSTM"))
    with slowed(work.training("LSTM")):
        job = work.job_of("LSTM")
        work.cluster.run("scontrol", "requeue", job)
        work.finish()
    assert "resumed from" in work.log("LSTM")
    assert [(j, state) for j, state, _ in work.jobs()] == [(job, "COMPLETED")]
    assert_same_results(work, undisturbed, ["LSTM"])
    assert_nothing_twice(work, watcher, {"LSTM": 1})


def test_6_and_8_trainings_outlive_slurmd_and_wait_for_a_drained_node(work, watcher, undisturbed):
    cluster = work.cluster
    work.submit(*map(target_of, CELLS))
    first = wait_until(lambda: list(trainings(work.path).values()), 60, "a training")[0]
    second = next(cell for cell in CELLS if cell != first)
    with slowed(work.training(first)):
        cluster.kill("slurmd")
        time.sleep(3)
        assert first in trainings(work.path).values()
        cluster.spawn("slurmd")
        wait_until(lambda: cluster.node_state() in ("MIXED", "ALLOCATED"), 30, "slurmd is back")
        cluster.run("scontrol", "update", f"NodeName={NODE}", "State=DRAIN", "Reason=test")
    wait_until(lambda: cluster.node_state() == "DRAINED", 60, "the node is drained")
    assert (work.path / target_of(first)).exists()
    assert [s for _, s, comment in work.jobs() if second in comment] == ["PENDING"]
    cluster.run("scontrol", "update", f"NodeName={NODE}", "State=RESUME")
    work.finish()
    assert "resumed from" not in work.log(first) + work.log(second)
    assert len(work.jobs()) == 2
    assert watcher.most == 1  # there is one GPU
    assert_same_results(work, undisturbed)
    assert_nothing_twice(work, watcher, dict.fromkeys(CELLS, 0))


def test_7_controller_away_for_longer_than_five_polls(work, watcher, undisturbed):
    cluster = work.cluster
    work.submit(*map(target_of, CELLS), patience=20)
    first = wait_until(lambda: list(trainings(work.path).values()), 60, "a training")[0]
    with slowed(work.training(first)):
        time.sleep(10)  # the controller has saved its state: it would start the job once more
        cluster.kill("slurmctld")
    wait_until((work.path / target_of(first)).exists, 60, "the training ends all the same")
    # Snakemake asks for the third time 33 s after the submission, five times in a row, in vain.
    time.sleep(30)
    cluster.spawn("slurmctld")
    work.finish()
    assert "Snakemake waits for jobs that SLURM ended" in work.text()
    assert "resumed from" not in work.log(first)
    assert_same_results(work, undisturbed)
    assert_nothing_twice(work, watcher, {first: 0})


def test_9_main_process_killed_while_trainings_run(work, watcher, undisturbed):
    work.submit(target_of("LSTM"))
    with slowed(work.training("LSTM")):
        # Snakemake alone: the submitter starts it again.
        pids = work.cluster.run("pgrep", "-P", work.process.pid, "-f", "snakemake").split()
        work.cluster.run("kill", "-KILL", *pids)
        wait_until(lambda: "Starting Snakemake anew" in work.text(), 30, "a restart")
    with slowed(work.training("LSTM")):
        # Both, without notice; the same command again at once.
        work.process.kill()
        work.submit(target_of("LSTM"))
        work.finish()
    assert "cancelling them" in work.text()
    assert "Removed the lock of a Snakemake that is dead" in work.text()
    assert work.log("LSTM").count("resumed from") == 2
    assert_same_results(work, undisturbed, ["LSTM"])
    assert_nothing_twice(work, watcher, {"LSTM": 2})


def test_10_training_over_its_memory_gets_more_on_the_retry(work, watcher, undisturbed):
    # Without cgroups SLURM itself looks, each second, how much memory a job's processes hold.
    work.submit(
        *("--set-resources", "train:gpu=1", "train:mem_mb=200 if attempt == 1 else 1500"),
        *("--", target_of("LSTM")),
    )
    work.finish()
    states = [state for _, state, _ in sorted(work.jobs())]
    assert states[-1] == "COMPLETED"
    assert len(states) == 2
    assert_same_results(work, undisturbed, ["LSTM"])
    assert_nothing_twice(work, watcher, {"LSTM": 0})


def test_10_training_killed_inside_its_job_is_tried_again(work, watcher, undisturbed):
    work.submit(target_of("LSTM"))
    pid = work.training("LSTM")
    with slowed(pid):
        # As the kernel does when a node runs out of memory; the job's status is 1 then.
        work.cluster.run("kill", "-KILL", pid)
        work.finish()
    assert "resumed from" in work.log("LSTM")
    assert sorted(state for _, state, _ in work.jobs()) == ["COMPLETED", "FAILED"]
    assert_same_results(work, undisturbed, ["LSTM"])
    assert_nothing_twice(work, watcher, {"LSTM": 1})
