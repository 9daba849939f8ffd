"""The whole workflow on a cluster gives the same results as on one machine.

The numbers in the names are those of the table in docs/cluster.md.
"""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tweetrnn.results import Results
from workplace import RESULTS, RUNS, Workplace, assert_nothing_twice

pytestmark = pytest.mark.slurm

# What contains times, memory and processors, or is made from them.
VOLATILE_FOLDERS = {"logs", "benchmarks", "plot", "report"}
VOLATILE_FILES = {"timing.json", "provenance.json", "runs.csv", "runs.parquet"}
VOLATILE_COLUMNS = {"seconds", "max_rss_mb"}
DIGESTS_OF_VOLATILE = "aggregate/facts.json"


@pytest.fixture(scope="module")
def submitted(undisturbed, root, cluster, tmp_path_factory):
    """The small experiment, run on the cluster from the beginning to its report."""
    path = tmp_path_factory.mktemp("submitted") / "work"
    with Workplace.new(path, root, cluster) as work:
        work.submit()
        pid = work.training(work.first_training())
        work.devices = [
            line.partition("=")[2]
            for line in Path(f"/proc/{pid}/environ").read_text().split("\0")
            if line.startswith("CUDA_VISIBLE_DEVICES=")
        ]
        work.finish()
        yield work


def files_of(work):
    """Return {path: content} of all results that must not depend on when and where they ran."""
    folder = work.path / RESULTS
    return {
        name: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
        and (name := path.relative_to(folder)).parts[0] not in VOLATILE_FOLDERS
        and path.name not in VOLATILE_FILES
        and str(name) != DIGESTS_OF_VOLATILE
    }


def test_1_results_on_the_cluster_are_those_of_a_local_run_byte_for_byte(submitted, undisturbed):
    found, expected = files_of(submitted), files_of(undisturbed)
    assert found.keys() == expected.keys()
    assert [path for path in expected if found[path] != expected[path]] == []


def test_1_report_from_the_cluster_has_the_numbers_of_a_local_one(submitted, undisturbed):
    def summary(work):
        found = json.loads((work.path / RESULTS / "report/summary.json").read_text())
        assert found["tables"].pop("cost") and found.pop("checksum")
        for run in found["tables"]["runs"]:
            for column in VOLATILE_COLUMNS:
                assert run.pop(column) is not None
        found["answer"]["tiles"].pop()  # of the training times
        for model in found["tables"]["selected"]:
            model.pop("seconds", None)
        return found

    def runs(work):
        table = pq.read_table(work.path / RESULTS / "aggregate/runs.parquet")
        return table.drop_columns(list(VOLATILE_COLUMNS)).to_pylist()

    assert summary(submitted) == summary(undisturbed)
    assert runs(submitted) == runs(undisturbed)


def test_1_every_training_is_one_job_and_leaves_no_slurm_log(submitted):
    for run in RUNS:
        assert_nothing_twice(submitted, run)
        assert len(submitted.jobs_of(run)) == 1
        assert Results(submitted.path / RESULTS).run(run).log.exists()
    assert list(submitted.path.glob(".snakemake/slurm_logs/**/*.log")) == []


def test_2_request_for_a_gpu_reaches_slurm_and_the_training(submitted):
    for run in RUNS:
        [(job, _)] = submitted.jobs_of(run)
        shown = submitted.cluster.run("scontrol", "show", "job", job)
        assert "TresPerJob=gres:gpu:1" in shown
        assert "TRES=cpu=1,mem=2500M,node=1" in shown
    assert submitted.devices == ["0"]


def test_2_gpu_never_has_two_trainings(submitted):
    # The node has CPUs and memory for both that are submitted before the first one ends.
    text = submitted.text()
    assert text[: text.index("(Rule: train)")].count("/rule_train/") >= 2
    assert submitted.watcher.most == 1
