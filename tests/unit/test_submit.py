"""What the command submit decides, without a cluster."""

import argparse
import logging
import signal
import subprocess

import pytest
import yaml
from tweetrnn.errors import UserError
from tweetrnn.files import write_json
from tweetrnn.running import submit
from tweetrnn.supervision import job_each, slurm, submission
from tweetrnn.supervision.allocation import Allocation
from tweetrnn.supervision.ownership import FOLDER, Ownership, Replaced


def options_of(*arguments):
    parser = argparse.ArgumentParser()
    submit.add_arguments(parser)
    return parser.parse_args(arguments)


def job(number, state="RUNNING", reason="None", name="tweetrnn-a", comment="rule_train"):
    return slurm.Job(number, state, reason, name, comment)


@pytest.fixture
def handlers():
    """Restore the signal handlers that a submission sets."""
    before = {number: signal.getsignal(number) for number in submission.STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def told(caplog, monkeypatch):
    """All that the command says."""
    monkeypatch.setattr(logging.getLogger("tweetrnn"), "propagate", True)
    return caplog


class Example(submission.Submission):
    """A submission that does nothing."""

    WHERE = "somewhere"

    def work(self):
        return 0

    def own(self, jobs):
        return jobs


def example(*arguments):
    return Example(options_of(*arguments))


def terminated(command):
    signal.raise_signal(signal.SIGTERM)
    command.sleep(9)


@pytest.mark.parametrize(
    ("queue", "message"),
    [(None, "SLURM has not answered for 0 s"), ({"7": job("7")}, "jobs 7 were cancelled 0 s ago")],
)
def test_cluster_that_does_not_recover_ends_the_command_with_its_own_exit_status(
    tmp_path, monkeypatch, told, handlers, queue, message
):
    monkeypatch.setattr(slurm, "jobs", lambda prefix: queue)
    monkeypatch.setattr(slurm, "cancel", lambda jobs: None)
    options = options_of("--outage", "0", "--leaving", "0")
    with Ownership.take(tmp_path) as mine:
        assert job_each.JobEach(options, mine).run() == submission.UNAVAILABLE
    assert message in told.text
    assert told.messages[-1].endswith(submission.CONTINUES)


@pytest.mark.parametrize(
    ("end", "status", "last"),
    [
        (lambda command: 0, 0, "All is done"),
        (lambda command: 1, 1, "Some jobs failed"),
        (terminated, 143, "Stopped; what was trained is kept"),
    ],
)
def test_every_exit_has_a_last_sentence(monkeypatch, told, handlers, end, status, last):
    monkeypatch.setattr(slurm, "jobs", lambda prefix: {})
    command = example()
    command.work = lambda: end(command)
    assert command.run() == status
    assert told.messages[-1].startswith(last)


@pytest.mark.parametrize(
    "error, cancelled", [(UserError, ["7"]), (Replaced, []), (submission.OthersJob, [])]
)
def test_jobs_are_cancelled_unless_they_are_another_commands(
    monkeypatch, handlers, error, cancelled
):
    found = []
    monkeypatch.setattr(slurm, "jobs", lambda prefix: {"7": job("7")})
    monkeypatch.setattr(slurm, "cancel", found.extend)
    command = example()

    def fail():
        raise error("x")

    command.work = fail
    with pytest.raises(error):
        command.run()
    assert found == cancelled


def test_restart_counts_only_if_no_training_got_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = example("--restarts", "1")
    path = tmp_path / "results/a/checkpoints/LSTM/rnn1/1/checkpoint.safetensors"
    path.parent.mkdir(parents=True)
    path.touch()
    for _ in range(5):
        command.count_restart(0, "jobs")
    later = path.stat().st_mtime + 1
    command.count_restart(later, "jobs")
    with pytest.raises(submission.Unavailable, match="2 jobs in a row"):
        command.count_restart(later, "jobs")


def test_time_in_which_the_command_was_suspended_is_no_outage(monkeypatch, told):
    now = [0.0]
    monkeypatch.setattr(submission.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(slurm, "jobs", lambda prefix: None)
    command = example("--outage", "600", "--poll", "15")
    for pause in (15, 15, 7200, 15):  # two hours with the lid closed
        now[0] += pause
        assert command.look() is None
    with pytest.raises(submission.Unavailable, match="not answered for 600 s"):
        for _ in range(60):
            now[0] += 15
            command.look()
    assert told.text.count("SLURM does not answer") == 1


def test_an_answer_ends_an_outage(monkeypatch):
    now, answers = [0.0], iter([None, {}] * 50)
    monkeypatch.setattr(submission.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(slurm, "jobs", lambda prefix: next(answers))
    command = example("--outage", "20", "--poll", "15")
    for _ in range(100):
        now[0] += 15
        command.look()


def test_reason_for_which_jobs_wait_is_told_once(told):
    command = example()
    for _ in range(2):
        command.explain({str(n): job(str(n), "PENDING", "Priority") for n in range(50)})
        command.explain({"7": job("7", "PENDING", "ReqNodeNotAvail, UnavailableNodes:node1")})
    assert [text for text in told.messages if "Priority" in text] == [
        "SLURM job 0 is waiting (Priority)"
    ]
    assert told.messages[-1] == (
        "SLURM job 7 is waiting (ReqNodeNotAvail; nodes are down, drained or reserved: see "
        "sinfo -R and scontrol show res)"
    )


@pytest.mark.parametrize("reason", slurm.HOPELESS)
def test_job_that_can_never_start_is_an_error_that_says_what_to_change(reason):
    with pytest.raises(
        UserError, match=rf"never start job 7 \({reason}\): .*(ask|name|change|allows|may)"
    ):
        example().explain({"7": job("7", "PENDING", reason)})


def test_job_that_could_not_be_launched_is_cancelled_and_no_other(monkeypatch):
    cancelled = []
    monkeypatch.setattr(slurm, "cancel", cancelled.extend)
    jobs = [
        job("7", "PENDING", "launch failed requeued held"),
        job("8", "PENDING", "JobHeldUser"),
        job("9"),
    ]
    example().cancel_held({each.id: each for each in jobs})
    assert cancelled == ["7"]


def test_folder_that_moved_while_its_jobs_ran_is_named(tmp_path, monkeypatch):
    folder = tmp_path / "before"
    folder.mkdir()
    monkeypatch.chdir(folder)
    command = example()
    command.check_folder()
    folder.rename(tmp_path / "after")
    with pytest.raises(UserError, match=f"{folder}: this folder was moved"):
        command.check_folder()


def test_jobs_of_an_earlier_submission_that_appear_later_are_cancelled(tmp_path, monkeypatch, told):
    cancelled = []
    monkeypatch.setattr(slurm, "cancel", cancelled.extend)
    jobs = [
        job("7", name="tweetrnn-a-1_x"),
        job("8", "PENDING", name="tweetrnn-a-1_x"),
        job("9", name="tweetrnn-a-2_x"),
    ]
    queue = {each.id: each for each in jobs}
    with Ownership.take(tmp_path) as mine:
        job_each.JobEach(options_of(), mine)._cancel_orphans(queue, "tweetrnn-a-2")
        assert cancelled == ["7", "8"]
        waiting = job_each.JobEach(options_of("--leftovers", "wait"), mine)
        waiting._cancel_orphans(queue, "tweetrnn-a-2")
    assert cancelled == ["7", "8", "8"]


def test_job_names_depend_on_the_directory_alone(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    prefix = slurm.job_prefix(tmp_path)
    assert prefix == slurm.job_prefix(tmp_path / "link")
    assert prefix != slurm.job_prefix(tmp_path.parent)
    assert len(f"{prefix}-{2**64:x}") <= 50  # the plugin's limit


def test_dollar_in_a_path_is_refused_for_jobs_and_named(tmp_path, monkeypatch, root):
    folder = tmp_path / "a$HOME"
    folder.mkdir()
    monkeypatch.setattr(submit.shutil, "which", lambda command: command)
    monkeypatch.chdir(folder)
    options = options_of("--way", "jobs", "--profile", str(root / "workflow/profiles/slurm"))
    with pytest.raises(UserError, match=r"a\$HOME: a job for each training cannot have \$"):
        submit.main(options)


def test_machine_without_slurm_is_said_to_be_none_of_its_login_nodes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="no sbatch on the PATH; is this a login node"):
        submit.main(options_of())


def test_folder_without_a_profile_is_named(tmp_path):
    with pytest.raises(UserError, match=f"{tmp_path}: there is no profile.yaml in it"):
        submit.main(options_of("--profile", str(tmp_path)))


def test_what_the_user_gives_comes_last_on_snakemakes_command_line():
    options = options_of("--configfile=-c.yaml", "--", "--retries", "9", "target")
    command = job_each.command_line(options, "--slurm-status-command", "squeue")
    assert command[-3:] == ["--retries", "9", "target"]
    assert "--configfile=-c.yaml" in command and "--rerun-incomplete" in command


@pytest.mark.parametrize(
    ("variables", "options"),
    [
        (["SUBMIT=-- --jobs 5"], "--way allocation  -- --jobs 5"),
        (["WAY=jobs"], "--way jobs  "),
        (["SBATCH=--ntasks=4 --time=9"], "--way allocation --sbatch='--ntasks=4 --time=9' "),
    ],
)
def test_make_slurm_submits_the_config_and_passes_options_on(root, variables, options):
    command = ["make", "--dry-run", "slurm", "CONFIG=c.yaml", *variables]
    printed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    assert f"-m tweetrnn submit --configfile='c.yaml' {options}\n" in printed


def allocation(monkeypatch, tmp_path, *arguments):
    """Return an Allocation of an experiment, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text("name: a")
    options = options_of("--profile", "p", "--configfile", "c.yaml", *arguments)
    return Allocation(options)


def test_job_for_the_same_task_is_followed(monkeypatch, tmp_path, told):
    command = allocation(monkeypatch, tmp_path)
    mine = job("7", name=command.prefix, comment=command.task)
    monkeypatch.setattr(slurm, "jobs", lambda prefix: {"7": mine})
    assert command._job() == "7"
    assert "Following SLURM job 7" in told.text


@pytest.mark.parametrize(
    "text, arguments",
    [("name: b", []), ("name: a", ["--", "--forceall"]), ("name: a", ["--profile", "mine"])],
)
def test_job_for_another_task_is_left_alone(monkeypatch, tmp_path, handlers, text, arguments):
    theirs = allocation(monkeypatch, tmp_path)
    (tmp_path / "c.yaml").write_text(text)
    options = options_of("--profile", "p", "--configfile", "c.yaml", *arguments)
    command = Allocation(options)
    queue = {"7": job("7", name=theirs.prefix, comment=theirs.task)}
    cancelled = []
    monkeypatch.setattr(slurm, "jobs", lambda prefix: queue)
    monkeypatch.setattr(slurm, "cancel", cancelled.extend)
    with pytest.raises(UserError, match=r"job 7 was submitted .* another config or other options"):
        command.run()
    assert cancelled == []


def test_one_way_leaves_the_jobs_of_the_other_alone(monkeypatch, tmp_path, handlers):
    command = allocation(monkeypatch, tmp_path)
    prefix, cancelled = command.prefix, []
    monkeypatch.setattr(slurm, "cancel", cancelled.extend)
    monkeypatch.setattr(slurm, "jobs", lambda prefix: {"8": job("8", name=f"{command.prefix}-1_x")})
    with pytest.raises(UserError, match="job 8 was submitted from this folder with WAY=jobs"):
        command.run()
    monkeypatch.setattr(slurm, "jobs", lambda _: {"7": job("7", name=prefix)})
    with (
        Ownership.take(tmp_path) as mine,
        pytest.raises(UserError, match="job 7 of this folder runs the whole workflow"),
    ):
        job_each.JobEach(options_of("--way", "jobs"), mine).run()
    assert cancelled == []


def test_options_for_sbatch_cannot_change_what_the_job_is_known_by(monkeypatch, tmp_path):
    more = "--sbatch=--ntasks=1 --job-name=mine --output=x --comment='a b'"
    command = allocation(monkeypatch, tmp_path, more)
    call = [str(part) for part in command._sbatch()]
    assert call.index("--ntasks=1") < call.index(f"--job-name={command.prefix}")
    for option in ("--job-name=", "--output=", "--comment="):
        assert [part for part in call if part.startswith(option)][-1] in {
            f"--job-name={command.prefix}",
            "--output=.snakemake/submit/job.log",
            f"--comment={command.task}",
        }


def test_sbatch_that_submits_nothing_is_an_error(monkeypatch, tmp_path):
    command = allocation(monkeypatch, tmp_path, "--sbatch=--test-only")
    done = subprocess.CompletedProcess([], 0, "", "sbatch: Job 7 to start at noon")
    monkeypatch.setattr(slurm, "jobs", lambda prefix: {})
    monkeypatch.setattr(slurm, "run", lambda *command: done)
    with pytest.raises(UserError, match="sbatch submitted no job: sbatch: Job 7 to start"):
        command._job()


def test_unbalanced_quote_for_sbatch_is_named(monkeypatch, tmp_path):
    with pytest.raises(UserError, match="--sbatch=--time='x: No closing quotation"):
        allocation(monkeypatch, tmp_path, "--sbatch=--time='x")


@pytest.mark.parametrize(
    "outcome, status",
    [
        ({"job": "7", "status": 0, "stopped": False}, 0),
        ({"job": "7", "status": 1, "stopped": False}, 1),
        ({"job": "7", "status": 2, "stopped": False}, 1),  # Snakemake does not know an option
        ({"job": "7", "status": 137, "stopped": False}, None),
        ({"job": "7", "status": 1, "stopped": True}, None),
        ({"job": "6", "status": 0, "stopped": False}, None),
    ],
)
def test_outcome_is_final_if_snakemake_ended_by_itself(monkeypatch, tmp_path, outcome, status):
    command = allocation(monkeypatch, tmp_path)
    FOLDER.mkdir(parents=True)
    write_json(FOLDER / "outcome.json", outcome)
    assert command._outcome("7") == status


def test_mistake_in_the_config_is_found_before_anything_is_submitted(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text("name: a\ntraining: {epochz: 1}\ncorpus: {kind: demo}\n")
    with pytest.raises(UserError, match="epochz"):
        submit.main(options_of("--configfile", "c.yaml"))


def test_options_for_an_allocation_are_refused_for_jobs():
    with pytest.raises(UserError, match="--sbatch is for an allocation"):
        submit.main(options_of("--way", "jobs", "--sbatch=--ntasks=4"))


@pytest.mark.parametrize("name", ["slurm", "allocation"])
def test_cluster_profiles_contain_the_default_profile(root, name):
    read = [
        yaml.safe_load((root / path / "profile.yaml").read_text())
        for path in ["profiles/default", f"workflow/profiles/{name}"]
    ]
    default, cluster = read
    assert {key: cluster.get(key) for key in default} == default
