"""A stage's digest covers every module that it imports, and nothing else."""

import json
import shutil
import subprocess
import sys

import pytest
from tweetrnn import code
from tweetrnn.__main__ import COMMANDS


@pytest.fixture
def package(tmp_path, monkeypatch):
    copy = tmp_path / "tweetrnn"
    shutil.copytree(code.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(code, "PACKAGE", copy)
    return copy


STAGES = sorted(module for module, _ in COMMANDS.values())


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """{stage: modules of this package that Python loads for it}, told by one process."""
    program = """
import importlib, json, sys
found = {}
for stage in sys.argv[1:]:
    for name in [name for name in sys.modules if name.startswith("tweetrnn")]:
        del sys.modules[name]
    importlib.import_module(f"tweetrnn.{stage}")
    found[stage] = [name.partition(".")[2] for name in sys.modules if name.startswith("tweetrnn.")]
print(json.dumps(found))
"""
    environment = {
        "PYTHONPATH": str(code.PACKAGE.parent),
        "MPLCONFIGDIR": str(tmp_path_factory.mktemp("matplotlib")),
    }
    command = [sys.executable, "-c", program, *STAGES]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_modules_of_a_stage_are_those_that_python_loads(stage, loaded):
    assert set(loaded[stage]) <= set(code.modules_of(stage))


def test_digest_changes_with_an_imported_module_and_with_no_other(package):
    before = {stage: code.code_digest(stage) for stage in ("data.encode", "training.train")}
    with (package / "training/models.py").open("a") as stream:
        stream.write("\nCHANGED = True\n")
    assert code.code_digest("training.train") != before["training.train"]
    assert code.code_digest("data.encode") == before["data.encode"]


def test_touching_a_module_changes_no_digest(package):
    before = code.code_digest("training.train")
    (package / "training/models.py").touch()
    assert code.code_digest("training.train") == before
