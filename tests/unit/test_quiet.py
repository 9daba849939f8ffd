"""What remains of Snakemake's output around a failed stage's message."""

import logging
import traceback
from enum import Enum
from pathlib import Path

import pytest
from tweetrnn.grid import Run
from tweetrnn.results import Results
from tweetrnn.running.quiet import FinishedCheckpoints, MissingFiles, ShortErrors, ShortJobs

Event = Enum("Event", ["JOB_ERROR", "ERROR", "JOB_INFO", "JOB_FINISHED", "PROGRESS"])
FAILED = (
    "RuleException:\nCalledProcessError in file x.smk, line 9:\n"
    "Command 'python -m tweetrnn train' returned non-zero exit status 1."
)


def kept(message, **more):
    """Return the record that the filter keeps, or None."""
    record = logging.makeLogRecord({"msg": message, **more})
    return record if ShortErrors().filter(record) else None


def test_command_of_a_stage_that_said_what_is_wrong_is_left_out():
    assert kept(FAILED, event=Event.ERROR, exception="RuleException") is None
    record = kept(
        "Error in rule train, jobid: 3",
        event=Event.JOB_ERROR,
        input=["a"],
        output=["b"],
        shellcmd="python -m tweetrnn train",
        rule_msg=None,
        log=["train.log"],
        jobid=3,
    )
    assert (record.input, record.output, record.shellcmd) == ([], [], None)
    assert (record.log, record.jobid) == (["train.log"], 3)
    assert record.rule_msg == "see above, and the log"


def test_reason_that_a_cluster_gives_is_kept_without_the_command_line():
    reason = "SLURM sbatch failed. The error message was 'sbatch: error: Invalid account'."
    record = kept(
        "Error in rule train, jobid: 3",
        event=Event.JOB_ERROR,
        shellcmd="python -m tweetrnn train",
        rule_msg=f"{reason}\n    sbatch call:\n        sbatch --parsable --job-name x",
    )
    assert record.rule_msg == reason


@pytest.mark.parametrize("experiment", ["demo", "demo/splits/held_out-US_Airways_e30e38e1"])
def test_checkpoint_is_removed_once_the_training_s_job_is_done(tmp_path, monkeypatch, experiment):
    monkeypatch.chdir(tmp_path)
    results = Results(Path("results", experiment))
    checkpoints, saved = FinishedCheckpoints(lambda wildcards: results), []
    for number in (1, 2, 3):
        wildcards = {"experiment": experiment, "cell": "LSTM", "combination": "rnn1-lr1e-3"}
        wildcards["replicate"] = str(number)
        event = {"event": Event.JOB_INFO, "jobid": number + 9, "wildcards": wildcards}
        assert checkpoints.filter(logging.makeLogRecord(event))
        folder = results.checkpoints / f"LSTM/rnn1-lr1e-3/{number}"
        folder.mkdir(parents=True)
        saved.append(folder)
        if number != 3:  # its job was only pretended to be done, as by --touch
            history = results.folder / f"train/LSTM/rnn1-lr1e-3/{number}/history.csv"
            history.parent.mkdir(parents=True)
            history.touch()
    other = {"event": Event.JOB_INFO, "jobid": 3, "wildcards": {"experiment": experiment}}
    checkpoints.filter(logging.makeLogRecord(other))
    for number in (3, 10, 12):
        event = {"event": Event.JOB_FINISHED, "job_id": number}
        assert checkpoints.filter(logging.makeLogRecord(event))
    assert [path.exists() for path in saved] == [False, True, True]


def test_stage_that_was_killed_gets_a_message_that_run_repeats(tmp_path, monkeypatch):
    monkeypatch.setenv("TWEETRNN_ERRORS", str(tmp_path / "errors"))
    message = FAILED.replace("returned non-zero exit status 1", "died with <Signals.SIGKILL: 9>")
    record = kept(message, event=Event.ERROR, exception="RuleException")
    assert record.msg.startswith("error: a job was killed (SIGKILL). If nobody killed it, memory")
    assert (tmp_path / "errors").read_text() == f"{record.msg}\n"


@pytest.mark.parametrize(
    "record",
    [
        {"message": "Nothing to be done"},
        {"message": "RuleException: no such wildcard", "event": Event.ERROR},
        {"message": FAILED, "event": Event.ERROR, "exception": "WorkflowError"},
        {"message": FAILED, "event": Event.JOB_INFO},
        {
            "message": "CalledProcessError: Command 'cp a b' returned non-zero exit status 1.",
            "event": Event.ERROR,
            "exception": "RuleException",
        },
    ],
)
def test_other_records_are_not_changed(record):
    assert kept(**record).msg == record["message"]


def test_command_line_of_another_workflow_s_rule_is_kept():
    record = kept(
        "Error in rule copy", event=Event.JOB_ERROR, input=["a"], output=["b"], shellcmd="cp a b"
    )
    assert (record.input, record.output, record.shellcmd) == (["a"], ["b"], "cp a b")


MISSING = (
    "MissingInputException in rule tokenize:\nMissing input files for rule tokenize:\n"
    "    output: facts.json\n    affected files:\n        data/tweets.csv"
)


@pytest.mark.parametrize("missing", ["data/tweets.csv", "data/two\nlines.csv"])
def test_message_about_a_missing_file_is_about_its_key_if_the_config_names_it(missing):
    listing = MISSING.replace("data/tweets.csv", missing)
    for path, message in [(missing, "error: corpus.path: there is no file"), (".csv", listing)]:
        names = MissingFiles()
        names.messages[path] = "corpus.path: there is no file"
        record = logging.makeLogRecord(
            {"msg": listing, "event": Event.ERROR, "exception": "MissingInputException"}
        )
        assert names.filter(record) and record.msg == message


def test_file_that_snakemake_cannot_write_is_one_line_that_run_repeats(tmp_path, monkeypatch):
    monkeypatch.setenv("TWEETRNN_ERRORS", str(tmp_path / "errors"))
    try:
        (tmp_path / "no folder" / "x.log").write_text("")
    except OSError:
        message = "\n".join(traceback.format_exc().splitlines())
    record = kept(message, event=Event.ERROR, exception="FileNotFoundError")
    path = tmp_path / "no folder" / "x.log"
    assert record.msg == f"error: No such file or directory: '{path}'; fix that and run again"
    assert (tmp_path / "errors").read_text() == f"{record.msg}\n"


def test_checkpoints_that_a_killed_snakemake_left_are_removed_at_the_end(tmp_path):
    results = Results(tmp_path)
    done, begun = (results.run(Run("LSTM", "rnn1-lr1e-3", number)) for number in (1, 2))
    for paths in (done, begun):
        paths.checkpoint.mkdir(parents=True)
        (paths.checkpoint / "checkpoint.safetensors").touch()
    done.folder.mkdir(parents=True)
    done.history.touch()
    checkpoints = FinishedCheckpoints(None, [results])
    for number, left in [(1, [True, True]), (3, [False, True])]:
        event = {"event": Event.PROGRESS, "done": number, "total": 3}
        assert checkpoints.filter(logging.makeLogRecord(event))
        assert [paths.checkpoint.exists() for paths in (done, begun)] == left


def begins(reason, shellcmd="python -m tweetrnn plot", files=("a.svg",)):
    """Return the record of a job that begins, as ShortJobs leaves it."""
    lists = {"input": list(files), "output": list(files)}
    more = {"event": Event.JOB_INFO, "reason": reason, "shellcmd": shellcmd, **lists}
    record = logging.makeLogRecord({"msg": " Rule: plot, Jobid: 3", **more})
    assert ShortJobs().filter(record)
    return record


def test_reason_of_a_job_names_one_path_where_there_are_forty():
    files = [f"plot/{number}.svg" for number in range(40)]
    reason = f"Missing output files: {', '.join(files)}; Input files updated by another job: a, b"
    assert begins(reason, files=files).reason == (
        "Missing output files: plot/0.svg and 39 more; Input files updated by another job: a, b"
    )
    assert begins("Forced execution").reason == "Forced execution"
    assert begins("", files=files).output == ["plot/0.svg and 39 more"]


def test_job_of_another_workflow_keeps_its_paths():
    record = begins("Missing output files: a, b, c", "cp a b", "abc")
    assert (record.reason, record.input) == ("Missing output files: a, b, c", ["a", "b", "c"])


def test_only_the_line_before_a_selection_of_jobs_is_left_out():
    for message, kept in [("Select jobs to execute...", False), ("Building DAG of jobs...", True)]:
        assert ShortJobs().filter(logging.makeLogRecord({"msg": message})) == kept
