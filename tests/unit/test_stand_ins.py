"""What Snakemake's SLURM plugin sees of SLURM."""

import subprocess

import pytest
from tweetrnn.errors import Stopped
from tweetrnn.supervision import slurm, stand_ins

NAME, COMMENT = "tweetrnn-a-1_x", "rule_train_wildcards_demo"
SBATCH = ["--parsable", "--job-name", NAME, "--comment", COMMENT, "-t", "60", "--wrap=run"]
AWAY = "sbatch: error: Batch job submission failed: Unable to contact slurm controller"
LIMIT = "sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Job violates a policy"


def job(number, state="RUNNING", name=NAME, comment=COMMENT):
    return slurm.Job(number, state, "None", name, comment)


class Site:
    """A SLURM with answers to give, one after the other; the last one again and again."""

    def __init__(self, monkeypatch, folder):
        self.queues, self.submissions, self.accounts = [{}], [(0, "11", "")], {}
        self.submitted, self.cancelled, self.pauses = [], [], []
        self.folder = folder
        stand_ins.install(folder, "tweetrnn-a", "cancel")
        monkeypatch.setattr(slurm, "jobs", self.jobs)
        monkeypatch.setattr(slurm, "run", self.run)
        monkeypatch.setattr(slurm, "cancel", self.cancelled.extend)
        monkeypatch.setattr(slurm, "ask_accounting", lambda ids: self.accounts)
        self.now = 0
        monkeypatch.setattr(stand_ins.time, "sleep", self.sleep)
        monkeypatch.setattr(stand_ins.time, "monotonic", lambda: self.now)

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds

    def jobs(self, prefix, ended=False):
        found = self.queues.pop(0) if len(self.queues) > 1 else self.queues[0]
        return None if found is None else {each.id: each for each in found}

    def run(self, *command):
        self.submitted.append(command)
        answers = self.submissions
        status, out, reason = answers.pop(0) if len(answers) > 1 else answers[0]
        return subprocess.CompletedProcess(command, status, out, reason)

    def submitter(self, leftovers="cancel"):
        return stand_ins.Submitter(self.folder, "tweetrnn-a", leftovers)

    def states(self, capsys):
        """Return what the plugin reads after a minute at most."""
        capsys.readouterr()
        assert self.submitter().states(["--name", NAME]) == 0
        return capsys.readouterr().out.split()

    @property
    def messages(self):
        return (self.folder / "messages").read_text()


@pytest.fixture
def site(monkeypatch, tmp_path):
    return Site(monkeypatch, tmp_path)


def test_job_is_submitted_as_snakemake_asked_and_its_number_printed(site, capsys):
    assert site.submitter().submit(SBATCH) == 0
    assert capsys.readouterr().out == "11\n"
    assert site.submitted == [("sbatch", *SBATCH)]


@pytest.mark.parametrize("reason", [AWAY, LIMIT])
def test_submission_that_may_work_later_is_tried_again_with_longer_pauses(site, capsys, reason):
    site.submissions = [(1, "", reason)] * 8 + [(0, "11", "")]
    assert site.submitter().submit(SBATCH) == 0
    assert site.pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert site.messages.count(reason) == 1


def test_refusal_that_time_will_not_change_is_passed_on_at_once(site, capsys):
    site.submissions = [(1, "", "sbatch: error: Invalid account")]
    assert site.submitter().submit(SBATCH) == 1
    assert capsys.readouterr().err == "sbatch: error: Invalid account\n"
    assert site.pauses == []


def test_job_that_slurm_took_although_sbatch_failed_is_not_submitted_twice(site, capsys):
    site.submissions = [(1, "", "Socket timed out on send/recv operation")]
    site.queues = [[], [job("12", "PENDING")]]
    assert site.submitter().submit(SBATCH) == 0
    assert len(site.submitted) == 1
    assert capsys.readouterr().out == "12\n"


def test_job_that_ended_before_sbatch_was_tried_again_is_not_submitted_twice(site, capsys):
    site.submissions = [(1, "", "Socket timed out on send/recv operation")]
    site.queues = [[], [job("12", "COMPLETED")]]
    assert site.submitter().submit(SBATCH) == 0
    assert capsys.readouterr().out == "12\n"


def test_earlier_attempt_of_the_same_training_is_not_taken_for_a_new_one(site, capsys):
    site.submissions = [(0, "10", ""), (0, "11", "")]
    site.submitter().submit(SBATCH)
    site.queues = [[job("10", "COMPLETING"), job("9", comment="rule_train_other")]]
    site.submitter().submit(SBATCH)
    assert capsys.readouterr().out == "10\n11\n"


@pytest.mark.parametrize("leftovers, cancelled", [("cancel", ["8"]), ("wait", [])])
def test_same_job_of_an_earlier_submission_must_end_first(site, capsys, leftovers, cancelled):
    site.queues = [[job("8", name="tweetrnn-a-0_y")], []]
    site.submitter(leftovers).submit(SBATCH)
    assert site.cancelled == cancelled
    assert site.pauses == [1]
    assert capsys.readouterr().out == "11\n"


def test_nothing_is_submitted_while_slurm_does_not_answer(site, capsys):
    site.queues = [None, None, []]
    site.submitter().submit(SBATCH)
    assert len(site.submitted) == 1 and site.pauses == [1, 2]


def test_silence_of_slurm_means_that_all_jobs_go_on(site, capsys):
    site.submitter().submit(SBATCH)
    site.queues = [None]
    assert site.states(capsys) == []


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "COMPLETING"])
def test_jobs_that_go_on_are_looked_at_until_one_ends(site, capsys, state):
    site.submitter().submit(SBATCH)
    site.queues = [[job("11", state)]] * 3 + [[job("11", "COMPLETED")]]
    assert site.states(capsys) == ["11|COMPLETED"]
    assert site.pauses == [stand_ins.PAUSE] * 3
    site.queues = [[job("11", "COMPLETED"), job("12", state)]]
    assert site.states(capsys) == ["11|COMPLETED", f"12|{state}"]
    assert site.now < 60


@pytest.mark.parametrize(
    "state, seen",
    [
        ("TIMEOUT", "TIMEOUT"),
        ("PREEMPTED", "FAILED"),
        ("SPECIAL_EXIT", "FAILED"),
    ],
)
def test_states_are_those_that_the_plugin_understands(site, capsys, state, seen):
    site.submitter().submit(SBATCH)
    site.queues = [[job("11", state)]]
    assert site.states(capsys) == [f"11|{seen}"]


def test_state_of_a_job_that_slurm_has_forgotten_is_that_in_which_it_ended(site, capsys):
    site.submitter().submit(SBATCH)
    site.queues = [[job("11", "OUT_OF_MEMORY")], []]
    assert site.states(capsys) == ["11|OUT_OF_MEMORY"]
    assert site.states(capsys) == ["11|OUT_OF_MEMORY"]
    assert stand_ins.ended(site.folder) == {"OUT_OF_MEMORY"}


@pytest.mark.parametrize(
    "accounts, state", [({}, "COMPLETED"), ({"11": "CANCELLED by 1000"}, "CANCELLED")]
)
def test_job_that_was_forgotten_before_anybody_asked_is_looked_up(site, capsys, accounts, state):
    site.submitter().submit(SBATCH)
    site.queues, site.accounts = [[]], accounts
    assert site.states(capsys) == [f"11|{state}"]


def test_job_that_slurm_started_again_by_itself_runs_again(site, capsys):
    site.submitter().submit(SBATCH)
    site.queues = [[job("11", "NODE_FAIL")], [job("11", "PENDING")]]
    assert site.states(capsys) == ["11|NODE_FAIL"]
    site.submitter().submit(SBATCH)  # Snakemake's next attempt is the job that SLURM started again
    assert capsys.readouterr().out == "11\n"
    assert len(site.submitted) == 1
    assert site.states(capsys) == ["11|PENDING"]


def test_nothing_is_submitted_after_the_submitter_s_end(site):
    child = subprocess.Popen(["true"])
    child.wait()
    orphan = stand_ins.Submitter(site.folder, "tweetrnn-a", "cancel", str(child.pid))
    with pytest.raises(Stopped):
        orphan.submit(SBATCH)
    assert site.submitted == []


def test_only_jobs_of_this_folder_are_cancelled(site):
    site.queues = [[job("11")]]
    site.submitter().cancel(["11", "12", "--clusters=all"])
    assert site.cancelled == ["11"]


def test_stand_ins_are_commands_that_find_the_real_ones(tmp_path, monkeypatch):
    real = tmp_path / "real"
    real.mkdir()
    for name, text in {"squeue": "11|COMPLETED|None|tweetrnn-a-1_x|", "sbatch": "11"}.items():
        (real / name).write_text(f"#!/bin/sh\necho '{text}'\n")
        (real / name).chmod(0o755)
    folder = stand_ins.install(tmp_path / "it's $HOME", "tweetrnn-a", "cancel")
    path = f"{folder}:{real}:/usr/bin:/bin"
    for command, printed in [
        (["sbatch", *SBATCH], "11"),
        (["squeue", "--name", NAME], "11|COMPLETED"),
    ]:
        done = subprocess.run(
            [folder / command[0], *command[1:]], env={"PATH": path}, capture_output=True, text=True
        )
        assert (done.stdout.strip(), done.stderr) == (printed, "")
