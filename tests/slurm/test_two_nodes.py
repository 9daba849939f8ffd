"""A job of two nodes: trainings on both of them, and the loss of either.

Both nodes are this machine. That a training does not look for its supervisor on another host is
tested in tests/unit/test_guard.py.
"""

from contextlib import contextmanager, suppress

import psutil
import pytest
from cluster import Cluster, wait_until
from test_allocation import assert_continued
from workplace import (
    LSTM,
    RUNS,
    SIMPLE_RNN,
    assert_same_results,
    slowed,
    target,
    trainings,
)

pytestmark = pytest.mark.slurm
BOTH = {"node1", "node2"}
ON_EACH_NODE = "--nodes=1-2 --spread-job --ntasks=2"  # on one node if the other is away


@pytest.fixture(scope="module")
def two_nodes(undisturbed, tmp_path_factory):
    """A running cluster of two nodes with two CPUs each."""
    started = Cluster(tmp_path_factory.mktemp("slurm") / "cluster", nodes=2, cpus=2)
    try:
        started.start()
        yield started
    finally:
        started.stop()


@pytest.fixture
def work(undisturbed, two_nodes, tmp_path):
    """A copy of the local run without its trainings, on the cluster of two nodes."""
    work = undisturbed.without_trainings(tmp_path / "work")
    work.cluster = two_nodes
    with work:
        yield work


def node_of(pid):
    """Return the node that a process of a job believes to run on, None if it has ended."""
    with suppress(psutil.Error):
        return psutil.Process(pid).environ().get("SLURMD_NODENAME")
    return None


def one_on_each(work):
    """Wait until a training runs on each node; return {node: its pid}."""

    def found():
        nodes = {node_of(pid): pid for pid in trainings(work.path)}
        return nodes if nodes.keys() >= BOTH else None

    return wait_until(found, 60, "a training on each node", every=0.02)


def processes_on(cluster, node):
    """Return what slurmd has started on a node: the daemons of job steps, then their processes."""
    theirs = {"SLURM_CONF": str(cluster.root / "slurm.conf"), "SLURMD_NODENAME": node}
    daemons, processes = set(), []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if theirs.items() <= process.environ().items():
                processes.append(process)
                if "slurmstepd" in process.parent().name():
                    daemons.add(process.parent())
    return [*daemons, *processes]


@contextmanager
def lost(cluster, node, alive):
    """Lose a node until the end: kill its slurmd and, unless ``alive``, all that it has started.

    The test marks it as down, which SLURM would otherwise do after SlurmdTimeout.
    """
    [slurmd] = [name for name, its_node in cluster.node_of.items() if its_node == node]
    cluster.kill(slurmd)
    for process in [] if alive else processes_on(cluster, node):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    cluster.run("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=lost")
    try:
        yield
    finally:
        cluster.spawn(slurmd)
        wait_until(lambda: "DOWN" not in cluster.node_state(node), 60, f"{node} is back")


def test_trainings_run_on_both_nodes_at_the_same_time(work, undisturbed):
    work.allocate(*map(target, RUNS), sbatch="--ntasks=4")
    one_on_each(work)
    work.finish()
    assert work.watcher.most == len(RUNS)
    assert_same_results(work, undisturbed, *RUNS)


def test_trainings_wait_for_a_gpu_of_either_node(work, undisturbed):
    runs = RUNS[:3]
    work.allocate(*map(target, runs), sbatch="--ntasks=2 --gpus-per-task=1")
    for pid in one_on_each(work).values():
        assert "CUDA_VISIBLE_DEVICES=0" in work.environment_of(pid)
    work.finish()
    assert work.watcher.most == 2
    assert_same_results(work, undisturbed, *runs)


def test_training_that_asks_for_more_memory_than_a_node_has_gets_that(work, undisturbed):
    work.allocate(target(LSTM), sbatch=f"{ON_EACH_NODE} --mem-per-cpu=1000M")
    work.finish(60)
    assert_same_results(work, undisturbed, LSTM)


@pytest.mark.parametrize(
    "node, alive",
    [
        pytest.param("node1", False, id="that-of-snakemake-without-power"),
        pytest.param("node2", True, id="another-cut-off-with-its-training-alive"),
    ],
)
def test_job_that_loses_a_node_continues_on_the_other(work, undisturbed, node, alive):
    work.allocate(target(LSTM), target(SIMPLE_RNN), sbatch=ON_EACH_NODE)
    with slowed(work.training(LSTM)), slowed(work.training(SIMPLE_RNN)):
        one_on_each(work)
        with lost(work.cluster, node, alive):
            work.finish(120)
    assert work.ended() == ["COMPLETED"]
    # A Snakemake on the other node ends properly before SLURM kills it.
    assert ("Removed the lock of a dead Snakemake" in work.text()) == (node == "node1")
    for run in (LSTM, SIMPLE_RNN):
        assert_continued(work, run, killed=1)
    assert_same_results(work, undisturbed, LSTM, SIMPLE_RNN)
