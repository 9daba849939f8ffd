"""A stage's digest covers every module that it imports, and nothing else."""

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


@pytest.mark.parametrize("stage", sorted(COMMANDS))
def test_modules_of_a_stage_are_those_that_python_loads(stage, tmp_path):
    program = (
        f"import sys, tweetrnn.{stage}; "
        "print(*sorted(n.split('.')[1] for n in sys.modules if n.startswith('tweetrnn.')))"
    )
    environment = {"PYTHONPATH": str(code.PACKAGE.parent), "MPLCONFIGDIR": str(tmp_path)}
    loaded = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(loaded) <= set(code.modules_of(stage))


def test_digest_changes_with_an_imported_module_and_with_no_other(package):
    before = {stage: code.code_digest(stage) for stage in ("encode", "train")}
    with (package / "models.py").open("a") as stream:
        stream.write("\nCHANGED = True\n")
    assert code.code_digest("train") != before["train"]
    assert code.code_digest("encode") == before["encode"]


def test_touching_a_module_changes_no_digest(package):
    before = code.code_digest("train")
    (package / "models.py").touch()
    assert code.code_digest("train") == before
