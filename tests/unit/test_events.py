"""What Snakemake does reaches whoever shows it, and never disturbs Snakemake."""

import json
import logging
from enum import Enum
from pathlib import Path
from types import SimpleNamespace

import pytest
from tweetrnn.results import Results
from tweetrnn.running import events
from tweetrnn.running.events import Events, Recorder

Event = Enum("Event", ["RUN_INFO", "JOB_INFO", "JOB_FINISHED", "JOB_ERROR", "PROGRESS"])
WILDCARDS = {"experiment": "demo", "cell": "LSTM", "combination": "rnn1-x", "replicate": "2"}


def results_of(wildcards):
    return Results(f"results/{wildcards['experiment']}")


def record(event, **more):
    return logging.makeLogRecord({"event": event, "msg": "", **more})


def begins(number, rule, wildcards=None, log=()):
    more = {"jobid": number, "rule_name": rule, "wildcards": wildcards or {}, "log": list(log)}
    return record(Event.JOB_INFO, **more)


@pytest.fixture
def recorder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    jobs = [SimpleNamespace(wildcards_dict=WILDCARDS), SimpleNamespace(wildcards_dict={})]
    return Recorder(tmp_path / "events", results_of, lambda: jobs)


@pytest.fixture
def read(recorder):
    found = Events(recorder.path)
    found.read()
    return found


def test_plan_and_jobs_are_read_as_they_were_recorded(recorder, tmp_path):
    training = str(tmp_path / "results/demo/train/LSTM/rnn1-x/2")
    recorder.note("experiment", config={"name": "demo"}, results="results/demo")
    recorder.emit(record(Event.RUN_INFO, stats={"train": 1, "plot": 1, "total": 2}))
    found = Events(recorder.path)
    found.read()
    assert found.plan == {"train": 1, "plot": 1} and found.to_train == {training}
    assert [experiment["config"] for experiment in found.experiments] == [{"name": "demo"}]
    recorder.emit(begins(3, "train", WILDCARDS, ["results/demo/logs/train/1.log"]))
    recorder.emit(begins(4, "plot"))
    recorder.emit(record(Event.JOB_FINISHED, job_id=4))
    found.read()
    train, plot = found.jobs
    assert (train.rule, train.training, train.running) == ("train", training, True)
    assert train.log == str(tmp_path / "results/demo/logs/train/1.log")
    assert (plot.training, plot.running, plot.failed) == (None, False, False)
    assert found.to_train == set()
    recorder.emit(record(Event.JOB_ERROR, jobid=3))
    found.read()
    assert train.failed and train.began <= train.ended


def test_job_that_is_tried_again_is_another_job(recorder):
    for event in (begins(3, "train"), record(Event.JOB_ERROR, jobid=3), begins(3, "train")):
        recorder.emit(event)
    found = Events(recorder.path)
    found.read()
    assert [(job.failed, job.running) for job in found.jobs] == [(True, False), (False, True)]


def test_nothing_to_be_done_is_an_event(recorder):
    recorder.emit(logging.makeLogRecord({"msg": "Nothing to be done (all is up to date)."}))
    found = Events(recorder.path)
    found.read()
    assert found.nothing


@pytest.mark.parametrize(
    "odd",
    [
        logging.makeLogRecord({"msg": "Building DAG of jobs..."}),
        logging.makeLogRecord({"msg": None}),
        record(Event.PROGRESS, done=1, total=2),
        record(Event.JOB_INFO),  # of another Snakemake, with other fields
        record(Event.JOB_FINISHED),
    ],
)
def test_other_and_odd_records_are_left_out(recorder, odd):
    recorder.emit(odd)
    assert not recorder.path.exists()


def test_what_cannot_be_written_does_not_disturb_snakemake(recorder):
    recorder.path = Path("no folder/events")
    recorder.emit(begins(3, "plot"))


def test_line_that_is_not_complete_yet_is_read_later(tmp_path):
    path = tmp_path / "events"
    line = json.dumps({"event": "job", "time": 1, "id": 1, "rule": "plot", "training": None})
    line = line.replace("}", ', "log": "x"}\n')
    found = Events(path)
    found.read()  # there is no file yet
    path.write_text(line[:20])
    found.read()
    assert found.jobs == []
    path.write_text(line + "not JSON\n[1]\n{}\n")
    found.read()
    assert [job.rule for job in found.jobs] == ["plot"]


def test_file_that_was_emptied_is_another_snakemake_s(recorder):
    recorder.emit(begins(1, "plot"))
    recorder.emit(begins(2, "render"))
    found = Events(recorder.path)
    found.read()
    recorder.path.write_text("")
    recorder.emit(begins(1, "demo"))
    found.read()
    assert [job.rule for job in found.jobs] == ["demo"]


def workflow(**more):
    return SimpleNamespace(**{"dryrun": False, "is_main_process": True, "local_exec": True} | more)


@pytest.mark.parametrize(
    "asked, more, count",
    [
        (True, {}, 2),
        (False, {}, 0),
        (True, {"dryrun": True}, 0),
        (True, {"is_main_process": False}, 0),
    ],
)
def test_events_of_several_modules_are_recorded_once_if_somebody_asked(
    tmp_path, monkeypatch, asked, more, count
):
    monkeypatch.setenv(events.VARIABLE, str(tmp_path / "events") if asked else "")
    logger = logging.Logger("snakemake")
    for name in ("a", "b"):
        results = Results(f"results/{name}")
        events.record(logger, {"name": name}, results, results_of, workflow(**more))
    found = Events(tmp_path / "events")
    found.read()
    assert len(found.experiments) == count and len(logger.handlers) == min(count, 1)


def test_events_of_a_command_that_ended_are_not_those_of_a_running_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    events.FILE.parent.mkdir(parents=True)
    started = events.begin()
    note = Recorder(started.path, results_of).note
    note("experiment", config={}, results=str(tmp_path / "results/demo"))
    assert events.of_running_command("results/demo") is None
    events.OWNER.write_text("{}")
    assert events.of_running_command("results/demo").experiments
    assert events.of_running_command("results/other") is None
