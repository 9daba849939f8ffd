"""What remains of Snakemake's output around a failed stage's message."""

import logging
from enum import Enum

import pytest
from tweetrnn.running.quiet import ShortErrors

Event = Enum("Event", ["JOB_ERROR", "ERROR", "JOB_INFO"])
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
        log=["train.log"],
        jobid=3,
    )
    assert (record.input, record.output, record.shellcmd) == ([], [], None)
    assert (record.log, record.jobid) == (["train.log"], 3)


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
    ],
)
def test_other_records_are_not_changed(record):
    assert kept(**record).msg == record["message"]
