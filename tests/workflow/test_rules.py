"""What the rules run: no job is started here, but for dry runs."""

import importlib
import inspect
import json
import sys
from types import SimpleNamespace

import pytest
import yaml
from checkout import copy_checkout
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings
from snakemake.utils import format as format_command
from tweetrnn.stages import STAGES

COMBINATION = "rnn1-dense2-dropout0-reg0-lr1e-3"
CONFIG = {
    "name": "large",
    "corpus": {"kind": "demo"},
    "grid": {
        "cell": ["SimpleRNN", "LSTM"],
        "recurrent_layers": [1],
        "dense_layers": [2],
        "dropout": [False],
        "regularization": [False],
        "learning_rate": [0.001],
    },
    "training": {"replicates": 1000},
    "predict": {"files": {"new": "new.csv"}},
}
BRACES = "{x} {{y}} {} { {wildcards.cell} {input.corpus!r} {{ z }} {% if %}"
TEXTS = {
    "corpus": {
        "licence": BRACES,
        "encoding": BRACES,
        "delimiter": "{",
        "labels": [f"{BRACES} 1", "{2}"],
        "ignore_labels": [BRACES],
        "columns": {
            **{key: f"{key} {BRACES}" for key in ("id", "text", "label", "user", "time", "set")},
            **{"confidence": BRACES, "slices": [f"slice {BRACES}"]},
        },
    },
    "title": BRACES,
    "text_column": BRACES,
}
WILDCARDS = {
    "experiment": "large",
    "cell": "LSTM",
    "combination": COMBINATION,
    "replicate": "1",
    "name": "new",
}
RUN_STAGES = [stage for stage in STAGES if stage != "download"]  # by the demo's config
SNAKEMAKES_OWN = {"snakemake", "yaml", "jsonschema"}  # it and what it depends on


@pytest.fixture(scope="module")
def jobs(root, tmp_path_factory):
    """The jobs of CONFIG's 2,000 runs."""
    return jobs_of(CONFIG, root, tmp_path_factory.mktemp("rules"))


def jobs_of(config, root, folder):
    """Return {rule: a job of it}: its stage, arguments and config, input and command."""
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    choice = {"combination": COMBINATION, "replicate": 1}
    selected = {"replicates": [2, 3], "cells": dict.fromkeys(CONFIG["grid"]["cell"], choice)}
    selected["baseline_cells"] = {}
    finalists = {"replicates": [2001], "cells": {cell: [] for cell in CONFIG["grid"]["cell"]}}
    decisions = {"select": selected, "shortlist": finalists}
    for name, decision in decisions.items():
        (folder / f"{name}.json").write_text(json.dumps(decision))
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[folder / "config.yaml"]),
            snakefile=root / "workflow/Snakefile",
            workdir=folder,
        )._workflow
        workflow.globals["checkpoints"] = SimpleNamespace(
            **{name: checkpoint(folder / f"{name}.json") for name in decisions}
        )
        return {rule.name: job_of(rule) for rule in workflow.rules if rule.params.get("stage")}


def checkpoint(path):
    """Return a checkpoint that has written the file, as the rules use it."""
    return SimpleNamespace(get=lambda experiment: SimpleNamespace(output=[path]))


def with_braces():
    """Return a config in which every text has braces."""
    return CONFIG | {
        "corpus": {"kind": "path", "path": "tweets.csv", **TEXTS["corpus"]},
        "report": {"title": TEXTS["title"]},
        "predict": {"files": {"new": "new.csv"}, "text_column": TEXTS["text_column"]},
        "training": {"replicates": 1},
    }


def job_of(rule):
    """Return what a job of a rule runs, as Snakemake works it out."""
    wildcards = {name: WILDCARDS[name] for name in rule.wildcard_names}
    input = rule.expand_input(wildcards)[0]
    output = rule.expand_output(wildcards)[0]
    resources = rule.expand_resources(wildcards, input, 1)
    job = SimpleNamespace(resources=resources, threads=1)
    params, _ = rule.expand_params(wildcards, input, output, job)
    log = rule.expand_log(wildcards)
    command = format_command(rule.shellcmd, params=params, log=log, resources=resources)
    return SimpleNamespace(
        stage=params.stage,
        arguments=json.loads(params.arguments),
        config=json.loads(params.config),
        input=input,
        command=command,
    )


def test_every_stage_has_a_rule(jobs):
    assert {job.stage for job in jobs.values()} == set(RUN_STAGES)


@pytest.mark.parametrize("stage", RUN_STAGES)
def test_rule_gives_its_function_what_it_accepts_and_all_that_it_needs(jobs, stage):
    [job] = [job for job in jobs.values() if job.stage == stage]
    function = getattr(importlib.import_module(f"tweetrnn.{STAGES[stage]}"), stage)
    inspect.signature(function).bind(**job.arguments, config=job.config)


def test_texts_of_the_config_reach_the_stages_as_they_are(root, tmp_path):
    jobs = jobs_of(with_braces(), root, tmp_path)
    for rule in ("tokenize", "render"):
        corpus = jobs[rule].config["corpus"]
        assert {key: corpus[key] for key in TEXTS["corpus"]} == TEXTS["corpus"]
    assert jobs["render"].config["report"]["title"] == TEXTS["title"]
    assert jobs["predict"].config["predict"]["text_column"] == TEXTS["text_column"]


def test_texts_with_braces_are_no_wildcards_in_a_dry_run(fresh):
    (fresh.path / "config/small.yaml").write_text(yaml.safe_dump(with_braces()))
    for name in ("tweets.csv", "new.csv"):
        (fresh.path / name).write_text("text\n")
    planned = fresh.planned("--printshellcmds")
    assert planned["render"] == planned["predict"] == planned["tokenize"] == 1


def test_labels_are_what_the_config_file_writes(fresh):
    """Snakemake's own reading would make them 4, -1, 8 and false."""
    (fresh.path / "config/small.yaml").write_text(
        "name: lab\ncorpus: {kind: path, path: t.csv, labels: [4, -1, 010, no]}\n"
    )
    (fresh.path / "t.csv").write_text("text\n")
    done = fresh.run("--dry-run", "--printshellcmds", "--config", "seed=7")
    assert '"labels": ["4", "-1", "010", "no"]' in done.stdout + done.stderr
    assert '"seed": 7' in done.stdout + done.stderr


def test_key_that_appears_twice_in_the_config_file_is_refused(fresh):
    (fresh.path / "config/small.yaml").write_text("name: a\nname: b\ncorpus: {kind: demo}\n")
    done = fresh.run("--dry-run", check=False)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "config/small.yaml: not YAML: the key name appears twice" in done.stderr


def test_config_of_an_outer_workflow_is_said_to_have_been_read_by_yaml(fresh, tmp_path):
    outer = tmp_path / "Snakefile"
    config = {"name": "m", "corpus": {"kind": "path", "path": "t.csv", "labels": [4, False]}}
    outer.write_text(
        f'module t:\n    snakefile: "{fresh.path}/workflow/Snakefile"\n    config: {config}\n'
        "use rule * from t\n"
    )
    done = fresh.snakemake("--dry-run", cwd=tmp_path, check=False)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "corpus.labels[0]: expected text, got 4, as YAML read it; write it in" in done.stderr


@pytest.mark.parametrize(
    "name, problem",
    [
        ("a{b}", "Snakemake takes braces in a folder's path for wildcards"),
        ("caf\udce9", "Snakemake can write a folder's path only in UTF-8"),
        ("a:b", "jobs need the folder in PYTHONPATH, where : ends a path"),
    ],
)
def test_folder_whose_name_jobs_cannot_use_is_refused_before_anything_runs(
    root, tmp_path, name, problem
):
    checkout = copy_checkout(root, tmp_path / name)
    done = checkout.run(check=False)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    shown = str(checkout.path).encode(errors="backslashreplace").decode()
    assert f"error: {shown}: {problem}" in done.stderr
    assert not (checkout.path / "results").exists()


def test_no_command_lists_the_files_of_all_runs(jobs):
    """Linux allows 128 KiB in one argument."""
    assert len(jobs["aggregate"].input) >= 5 * 2000
    for name, job in jobs.items():
        assert len(job.command.encode()) < 8 * 1024, name


def test_stage_is_given_the_folder_of_the_results_that_it_reads(jobs):
    for name in ("aggregate", "compare", "render", "predict", "partial"):
        assert jobs[name].arguments["results"] == "results/large", name


def test_name_that_a_function_does_not_accept_is_an_error_before_anything_runs(fresh):
    rules = fresh.path / "workflow/rules/evaluate.smk"
    text = rules.read_text()
    before, after = '    output:\n        **at("comparison"),', "    output:\n        verdict="
    assert text.count(before) == 1
    rules.write_text(text.replace(before, f"{after}RESULTS.comparison,"))
    done = fresh.run(check=False)
    assert done.returncode != 0
    assert (
        "evaluation.compare.compare does not fit its rule: "
        "unknown arguments ['verdict'], missing arguments ['comparison']"
    ) in done.stderr
    assert not (fresh.path / "results").exists()


RECORD_IMPORTS = """
import atexit, builtins, pathlib, sys

imported, original = set(), builtins.__import__

def record(name, globals=None, *more, **named):
    importer = globals or {}
    if str(importer.get("__name__")).startswith("tweetrnn") or "checkpoints" in importer:
        imported.add(name.partition(".")[0])
    return original(name, globals, *more, **named)

builtins.__import__ = record
atexit.register(lambda: pathlib.Path("imported").write_text("\\n".join(imported)))
"""


def test_parsing_imports_only_snakemake_and_what_it_depends_on(root, tmp_path):
    checkout = copy_checkout(root, tmp_path / "checkout")
    (tmp_path / "sitecustomize.py").write_text(RECORD_IMPORTS)
    checkout.run("--dry-run", path=tmp_path)
    imported = set((checkout.path / "imported").read_text().split())
    assert "tweetrnn" in imported
    assert imported - sys.stdlib_module_names - {"tweetrnn"} <= SNAKEMAKES_OWN
