"""The conda environments hold what their stages import, in the lock's versions."""

import ast
import re
import sys

import pytest
import yaml
from tweetrnn import __version__, code
from tweetrnn.stages import STAGES

PACKAGES = {"yaml": "pyyaml", "sklearn": "scikit-learn"}  # where a module's name is another


def packages_of(stage):
    """Return the packages that a stage's modules import, without the standard library."""
    names = {"tweetrnn"}
    for module in code.modules_of(STAGES[stage]):
        for node in ast.walk(ast.parse(code.file_of(module).read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(node.module.partition(".")[0])
    return {PACKAGES.get(name, name) for name in names - sys.stdlib_module_names}


def pip_part(root, name):
    """Return {package: version or URL} of a conda environment's file."""
    environment = yaml.safe_load((root / f"envs/{name}.yaml").read_text())
    [pip] = [part["pip"] for part in environment["dependencies"] if isinstance(part, dict)]
    return dict(re.split("==| @ ", requirement) for requirement in pip)


def stages_by_environment(root):
    """Return {environment: stages whose rules name it}, from the rules' text."""
    stages = {}
    for path in sorted((root / "workflow/rules").glob("*.smk")):
        for rule in re.split(r"^ *(?:rule|checkpoint) ", path.read_text(), flags=re.M)[1:]:
            name = (re.search(r"\*\*stage\(\s*\"(\w+)", rule) or re.match(r"(\w+)", rule))[1]
            if name in STAGES:
                environment = re.search(r"envs/(\w+)\.yaml", rule)[1]
                stages.setdefault(environment, set()).add(name)
    return stages


def pinned(path):
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;]+)", path.read_text(), re.M))


@pytest.mark.parametrize("environment", ["data", "train", "report"])
def test_conda_environment_agrees_with_the_lock(root, environment):
    lock = pinned(root / "envs/run.txt") | pinned(root / "envs/torch.txt")
    packages = pip_part(root, environment)
    assert packages.pop("tweetrnn") == "${TWEETRNN_SOURCE}"  # set by the workflow
    for name, version in packages.items():
        assert lock[name] == version, name


@pytest.mark.parametrize("file", ["envs/data.yaml", "envs/train.yaml", "envs/report.yaml"])
def test_conda_environment_is_created_again_for_another_version_of_the_package(root, file):
    """Snakemake makes one where the file's content has changed."""
    assert f"tweetrnn {__version__}." in (root / file).read_text()


def test_stages_of_the_rules_are_those_of_the_package(root):
    assert set().union(*stages_by_environment(root).values()) == set(STAGES)


@pytest.mark.slow
@pytest.mark.parametrize("environment", ["data", "train", "report"])
def test_conda_environment_holds_what_its_stages_import_and_nothing_else(root, environment):
    stages = stages_by_environment(root)[environment]
    needed = set().union(*map(packages_of, stages))
    assert set(pip_part(root, environment)) == needed, stages


def test_test_extras_change_no_version_of_the_lock(root):
    lock, extras = pinned(root / "envs/run.txt"), pinned(root / "envs/test.txt")
    assert lock.items() <= extras.items()


def test_every_locked_package_has_a_hash(root):
    for name in ("run", "test"):
        text = (root / f"envs/{name}.txt").read_text()
        blocks = re.split(r"^(?=[a-z])", text, flags=re.M)[1:]
        assert all("--hash=sha256:" in block for block in blocks)
