"""What is left of Snakemake's own words around a failed stage's message."""

import logging
from enum import Enum

import pytest
from tweetrnn.running.quiet import OwnWords

Event = Enum("Event", ["JOB_ERROR", "ERROR", "JOB_INFO"])
FAILED = (
    "RuleException:\nCalledProcessError in file x.smk, line 9:\n"
    "Command 'python -m tweetrnn train' returned non-zero exit status 1."
)


def passed(message, **more):
    """Return the record that the filter lets through, or None."""
    record = logging.makeLogRecord({"msg": message, **more})
    return record if OwnWords().filter(record) else None


def test_command_line_of_a_stage_that_said_what_is_wrong_is_left_out():
    assert passed(FAILED, event=Event.ERROR, exception="RuleException") is None
    record = passed(
        "Error in rule train, jobid: 3",
        event=Event.JOB_ERROR,
        input=["a"],
        output=["b"],
        shellcmd="python -m tweetrnn train",
        log=["train.log"],
        jobid=3,
    )
    assert (record.input, record.output, record.shellcmd) == ([], [], None)
    assert (record.log, record.jobid) == (["train.log"], 3)


def test_stage_that_was_killed_gets_a_message_that_run_repeats(tmp_path, monkeypatch):
    monkeypatch.setenv("TWEETRNN_ERRORS", str(tmp_path / "errors"))
    message = FAILED.replace("returned non-zero exit status 1", "died with <Signals.SIGKILL: 9>")
    record = passed(message, event=Event.ERROR, exception="RuleException")
    assert record.msg.startswith("error: a job was killed (SIGKILL). If nobody did it, memory")
    assert (tmp_path / "errors").read_text() == f"{record.msg}\n"


@pytest.mark.parametrize(
    "record",
    [
        {"message": "Nothing to be done"},
        {"message": "RuleException: no such wildcard", "event": Event.ERROR},
        {"message": FAILED, "event": Event.ERROR, "exception": "WorkflowError"},
        {"message": FAILED, "event": Event.JOB_INFO},
    ],
)
def test_everything_else_is_left_alone(record):
    assert passed(**record).msg == record["message"]
