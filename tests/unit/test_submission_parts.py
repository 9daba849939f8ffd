"""What a SLURM job has, and how a stage becomes a step of it, without a cluster."""

import pytest
from tweetrnn.supervision import in_allocation, slurm, submission

ONE_NODE = {"SLURM_JOB_CPUS_PER_NODE": "4"}


@pytest.mark.parametrize(
    "description, cpus",
    [("4", [4]), ("4(x2)", [4, 4]), ("16(x3),8", [16, 16, 16, 8]), ("2,4(x2),1", [2, 4, 4, 1])],
)
def test_cpus_of_all_nodes_are_read(description, cpus):
    assert in_allocation.cpus(description) == cpus


@pytest.mark.parametrize(
    "more, options",
    [
        ({}, []),
        ({"SLURM_MEM_PER_CPU": "1500"}, ["--resources", "mem_mb=6000"]),
        ({"SLURM_MEM_PER_NODE": "9000"}, ["--resources", "mem_mb=9000"]),
        ({"SLURM_MEM_PER_NODE": "0"}, []),  # all that the node has
        (
            {"SLURM_GPUS_ON_NODE": "2"},
            ["--resources", "gpu=2", "--set-resources", "train:gpu=1"],
        ),
    ],
)
def test_snakemake_gets_what_the_job_has(more, options):
    found = in_allocation.resources(ONE_NODE | more)
    assert found == ["--cores", "4", "--max-threads", "4", *options]


@pytest.mark.parametrize(
    "more, memory",
    [
        ({"SLURM_MEM_PER_CPU": "1500"}, [6000, 3000]),
        ({"SLURM_MEM_PER_NODE": "9000"}, [9000, 9000]),
        ({}, [0, 0]),
    ],
)
def test_unequal_nodes_are_added_up_and_a_stage_s_threads_fit_the_largest(more, memory):
    variables = {"SLURM_JOB_CPUS_PER_NODE": "4,2"} | more
    limits = ["--resources", f"mem_mb={sum(memory)}"] if sum(memory) else []
    assert in_allocation.memory(variables) == memory
    assert in_allocation.resources(variables) == ["--cores", "6", "--max-threads", "4", *limits]


def test_stage_is_a_step_only_inside_an_allocation(monkeypatch):
    monkeypatch.delenv(in_allocation.STEP, raising=False)
    assert in_allocation.step(1, 0) == ""
    monkeypatch.setenv(in_allocation.STEP, "0")
    assert in_allocation.step(2, 0).startswith("srun --exact --ntasks=1 --nodes=1")
    assert "--cpus-per-task=2 --gres=none" in in_allocation.step(2, 0)
    assert "--gpus-per-task=1" in in_allocation.step(1, 1)


@pytest.mark.parametrize(
    "most, asked, given",
    [("3000", 1500, 1500), ("3000", 4500, 3000), ("0", 4500, 4500), (None, 4500, 4500)],
)
def test_step_asks_for_no_more_memory_than_a_node_has(monkeypatch, most, asked, given):
    monkeypatch.delenv(in_allocation.STEP, raising=False)
    if most:
        monkeypatch.setenv(in_allocation.STEP, most)
    assert in_allocation.at_most(asked) == given


def test_queue_s_rows_are_read_with_their_reasons_and_comments(monkeypatch):
    table = (
        "7|PENDING|Resources|tweetrnn-a|rule_train|x\n"
        "8|RUNNING|None|other|\n"
        "9_2|RUNNING|None|tweetrnn-ab|\n"
        "\n"
    )
    done = slurm.subprocess.CompletedProcess([], 0, table, "")
    monkeypatch.setattr(slurm, "run", lambda *command: done)
    assert slurm.jobs("tweetrnn-a") == {
        "7": ("7", "PENDING", "Resources", "tweetrnn-a", "rule_train|x"),
        "9_2": ("9_2", "RUNNING", "None", "tweetrnn-ab", ""),
    }


def test_users_settings_are_kept_from_slurm_s_commands(monkeypatch):
    for name in ("SQUEUE_STATES", "SLURM_CLUSTERS", "SACCT_FORMAT", "SLURM_CONF", "SBATCH_ACCOUNT"):
        monkeypatch.setenv(name, "x")
    slurm.forget_users_settings()
    printed = slurm.run("env").stdout
    assert "SLURM_CONF=x" in printed and "SBATCH_ACCOUNT=x" in printed
    assert not [name for name in ("SQUEUE_", "SLURM_CLUSTERS", "SACCT_") if name in printed]


def test_missing_command_is_named():
    assert "no absent-command on the PATH" in slurm.run("absent-command").stderr


def test_tail_shows_what_is_appended_later(tmp_path, capsys):
    path = tmp_path / "log"
    path.write_text("before\n")
    tail = submission.Tail(path)
    tail.show()
    with path.open("ab") as stream:
        stream.write(b"after \xff\n")
    tail.show()
    assert capsys.readouterr().err == "after \ufffd\n"


def test_queue_is_told_in_words():
    def told(*states):
        jobs = [slurm.Job(str(n), *state, "x", "") for n, state in enumerate(states)]
        return submission.in_words({job.id: job for job in jobs})

    running, first, second = ("RUNNING", "None"), ("PENDING", "Priority"), ("PENDING", "Resources")
    assert told(first) == "SLURM job 0: pending (Priority)"
    assert told(running) == "SLURM job 0: running"
    assert told(running, running, second, first, first) == (
        "SLURM jobs: 2 running, 3 pending (Priority, Resources)"
    )
    assert told() == ""
