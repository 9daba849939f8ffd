"""Commands refuse the results of another version, in one message; a run replaces them."""

import pytest
import yaml
from tweetrnn.__main__ import main
from tweetrnn.errors import UserError
from tweetrnn.files import SNAKEMAKE_OPTIONS, read_json, write_json
from tweetrnn.grid import Run
from tweetrnn.reporting.experiment import Experiment
from tweetrnn.results import Results
from tweetrnn.results_format import FORMAT, OtherVersionError, check, marked, read_marked

RUN = "LSTM/rnn1-dense2-dropout0-reg0-lr1e-3"
CONFIG = {"name": "old", "corpus": {"kind": "demo", "tweets": 300}}


@pytest.fixture
def old(tmp_path, monkeypatch):
    """The Results of an experiment in the working folder, as version 1.0.0 left them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(SNAKEMAKE_OPTIONS, "")  # and so restored: commands set it
    monkeypatch.delenv(SNAKEMAKE_OPTIONS)
    (tmp_path / "old.yaml").write_text(yaml.safe_dump(CONFIG))
    results = Results("results/old")
    choice = {"combination": RUN.partition("/")[2], "figure": 0.5, "replicate": 1}
    write_json(results.token_facts, {"kind": "demo", "labels": ["a", "b"], "kept": 300})
    write_json(results.split_facts, {"labels": ["a", "b"]})
    write_json(
        results.selected,
        {
            "select_by": "best_accuracy",
            "replicates": [2],
            "cells": {"LSTM": choice | {"candidates": 2}},
        },
    )
    write_json(results.run(Run.parse(f"{RUN}/1")).parameters, {"parameters": 7})
    write_json(results.summary, {"name": "old", "headline": ["LSTM scored higher."]})
    return results


COMMANDS = {
    "headline": ["headline", "--configfile", "old.yaml"],
    "status": ["status", "--configfile", "old.yaml"],
    "trace": ["trace", "--configfile", "old.yaml"],
    "predict": ["predict", "--configfile", "old.yaml", "late again"],
    "predict --run": ["predict", "--configfile", "old.yaml", "--run", RUN, "late again"],
    "predict --results": ["predict", "--results", "results/old", "late again"],
    "export": ["export", RUN, "model", "--configfile", "old.yaml"],
    "export a folder": ["export", f"results/old/train/{RUN}/1", "model"],
    "diff a config": ["diff", "old.yaml", "old.yaml"],
    "diff a folder": ["diff", "results/old", "results/old"],
    "partial": ["partial", '{"results": "results/old", "memory_mb": 1000}', "--config", "{}"],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_commands_refuse_results_of_an_older_version_in_one_message(old, command, capsys):
    assert main(command) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    [message] = printed.err.splitlines()
    assert message.startswith("error: ") and "results/old/" in message
    assert "written by an older version of this workflow" in message
    assert "write all results again with: " in message
    assert "old.yaml" in message or "old.yaml" not in command


def test_results_of_a_newer_version_are_refused_and_kept(old):
    write_json(old.token_facts, {"format": FORMAT + 1})
    with pytest.raises(UserError, match=f"format is {FORMAT + 1}.* use the version that wrote it"):
        check(old)


def test_marked_facts_are_read_without_the_mark(old):
    write_json(old.token_facts, marked({"kept": 3}))
    assert read_json(old.token_facts) == {"format": FORMAT, "kept": 3}
    assert read_marked(old.token_facts) == {"kept": 3}
    check(old)


def test_where_nothing_has_run_there_is_nothing_to_refuse(tmp_path):
    check(Results(tmp_path / "absent"))


def test_status_counts_a_run_that_replaces_old_results(old, capsys):
    write_json(old.token_facts, marked({}))
    assert main(["status", "--configfile", "old.yaml"]) == 0
    assert capsys.readouterr().out.startswith("64 trainings: 64 waiting\n")


@pytest.mark.parametrize("partial", [True, False])
def test_baselines_of_an_older_version_are_missing_in_a_partial_report_alone(old, partial):
    write_json(old.baseline_metrics, {"majority": {}, "logistic_regression": {}})
    experiment = Experiment(old, {}, 1000, partial)
    if partial:
        assert experiment.baselines is None
    else:
        with pytest.raises(OtherVersionError, match=r"metrics\.json: written by an older"):
            experiment.baselines  # noqa: B018
