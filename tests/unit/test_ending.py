"""What a run says at its end."""

import json
import os
import time

import pytest
from tweetrnn.config import resolve
from tweetrnn.files import write_json
from tweetrnn.results import Results
from tweetrnn.results_format import marked
from tweetrnn.running import ending, events
from tweetrnn.running.ending import Ending, essence
from tweetrnn.running.snapshot import Follower

CONFIG = {"name": "demo", "corpus": {"kind": "demo"}, "grid": {"dropout": [True]}}
ANSWER = {"warnings": ["Invented."], "sentence": "LSTM was right more often.", "scope": "8 runs."}


@pytest.fixture
def follower(tmp_path, monkeypatch):
    """The Follower of a Snakemake that has planned one job."""
    monkeypatch.chdir(tmp_path)
    found = Follower(events.begin())
    note(found, "experiment", config=resolve(CONFIG), results=os.path.abspath("results/demo"))
    return found


def note(follower, event, **more):
    with open(follower.events.path, "a") as stream:
        print(json.dumps({"event": event, "time": time.time(), **more}), file=stream)


def runs(follower, rule):
    """Have a job of a rule run to its end."""
    note(follower, "plan", jobs={rule: 1}, trainings=[], local=True)
    note(follower, "job", id=1, rule=rule, training=None, log="x.log")
    note(follower, "finished", id=1)


def write_report():
    results = Results("results/demo")
    results.summary.parent.mkdir(parents=True)
    write_json(results.summary, marked({"answer": ANSWER}))
    return results


def test_finished_run_ends_with_its_answer_and_the_report(follower, capsys):
    runs(follower, "render")
    write_report()
    ending.say(Ending(0, "", follower))
    printed = capsys.readouterr()
    assert printed.err.startswith("Time per stage: render 0 s")
    assert printed.out.splitlines() == [
        *("", "Invented.", "LSTM was right more often.", "8 runs."),
        "The report: results/demo/report/report.html",
    ]


def test_run_of_something_else_gives_no_answer(follower, capsys):
    runs(follower, "encode")
    write_report()
    ending.say(Ending(0, "", follower))
    assert capsys.readouterr().out == ""


def test_failed_run_says_what_is_kept_and_repeats_the_messages_last(follower, capsys):
    runs(follower, "train")
    ending.say(Ending(1, "error: x\n", follower))
    first, second, *rest = capsys.readouterr().err.splitlines()
    assert first.startswith("Time per stage: train")
    assert second.startswith(
        "Failed: no training is done, but what is finished is kept; once what failed is fixed, "
    )
    assert rest == ["", "What failed:", "error: x"]


def test_stopped_run_says_that_the_same_command_goes_on(follower, capsys):
    runs(follower, "demo")
    follower.stopped_at = time.time()
    ending.say(Ending(130, "", follower))
    assert capsys.readouterr().err.splitlines()[-1] == (
        "Stopped: no training is done, but what is finished is kept; the same command goes on from "
        "there."
    )


def test_snakemake_that_was_killed_is_named(follower, capsys):
    runs(follower, "demo")
    ending.say(Ending(137, "", follower))
    assert "Snakemake was killed (SIGKILL): no training is done" in capsys.readouterr().err


def test_output_of_a_snakemake_that_ran_nothing_is_printed(follower, tmp_path, capsys):
    (tmp_path / "run.log").write_text("all\ntokenize\n")
    ending.say(Ending(0, "", follower, tmp_path / "run.log"))
    assert capsys.readouterr().out == "all\ntokenize\n"


HEAD = "Using workflow specific profile x\n\nSNAKEMAKE\n=========\n  Date: y\n\n"
DAG = f"{HEAD}Building DAG of jobs...\n"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("usage: snakemake\nsnakemake: error: no such option\n", None),
        (
            f"{HEAD}error: the config has mistakes:\n  seed: x\n",
            "error: the config has mistakes:\n  seed: x",
        ),
        (f"{DAG}MissingRuleException:\nNo rule\n", "MissingRuleException:\nNo rule"),
        (f"{DAG}Job 3: x\n\nWhat failed:\nerror: y\n", "error: y"),
        ("".join(f"{n}\n" for n in range(50)), "\n".join(map(str, range(30, 50)))),
        ("", ""),
    ],
)
def test_essence_of_snakemakes_output_is_what_it_says_last(text, expected):
    assert essence(text) == (text.rstrip() if expected is None else expected)
