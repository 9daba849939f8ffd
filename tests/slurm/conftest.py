"""One cluster and one undisturbed local run, which all tests here share."""

import os

import pytest
from cluster import SYSTEM_PATH, Cluster
from workplace import Workplace

APT = "apt-get install --no-install-recommends slurm-wlm munge"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory, require_tool):
    """A running cluster without accounting."""
    os.environ["PATH"] = SYSTEM_PATH  # its daemons are in sbin
    for tool in ["slurmctld", "slurmd", "munged"]:
        require_tool(tool, APT)
    started = Cluster(tmp_path_factory.mktemp("slurm") / "cluster")
    try:
        started.start()
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="session")
def undisturbed(cluster, root, tmp_path_factory):
    """A finished local run of the small experiment."""
    work = Workplace.new(tmp_path_factory.mktemp("local") / "work", root, cluster)
    work.start(
        *("snakemake", "--snakefile", root / "Snakefile", "--configfile", "small.yaml"),
        *("--cores", 2),
    )
    work.finish()
    return work


@pytest.fixture
def work(undisturbed, tmp_path):
    """A copy of the local run without its trainings; at the end, no job of it is left."""
    with undisturbed.without_trainings(tmp_path / "work") as work:
        yield work
