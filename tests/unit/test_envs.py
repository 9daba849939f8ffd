"""The conda environments hold what their stages import, in the lock's versions."""

import ast
import re
import sys

import pytest
import yaml
from tweetrnn import code
from tweetrnn.__main__ import COMMANDS

PACKAGES = {"yaml": "pyyaml", "sklearn": "scikit-learn"}  # where a module's name is another


def packages_of(stage):
    """Return the packages that the modules of a stage import, the standard library apart."""
    found = set()
    for module in code.modules_of(COMMANDS[stage][0]):
        for node in ast.walk(ast.parse(code.file_of(module).read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add(node.module.partition(".")[0])
    return {PACKAGES.get(name, name) for name in found - sys.stdlib_module_names - {"tweetrnn"}}


def pip_part(root, name):
    """Return {package: version} of a conda environment's file."""
    environment = yaml.safe_load((root / f"envs/{name}.yaml").read_text())
    (found,) = (part["pip"] for part in environment["dependencies"] if isinstance(part, dict))
    return dict(requirement.split("==") for requirement in found)


def stages_by_environment(root):
    """Return {environment: stages whose rules name it}, from the rules' own text."""
    found = {}
    for path in sorted((root / "workflow/rules").glob("*.smk")):
        for rule in re.split(r"^ *(?:rule|checkpoint) ", path.read_text(), flags=re.M)[1:]:
            environment = re.search(r"envs/(\w+)\.yaml", rule)
            if environment and (command := re.search(r"-m tweetrnn (\w+)", rule)):
                found.setdefault(environment[1], set()).add(command[1])
    return found


def pinned(path):
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;]+)", path.read_text(), re.M))


@pytest.mark.parametrize("stage", ["data", "train", "report"])
def test_conda_environment_agrees_with_the_lock(root, stage):
    lock = pinned(root / "envs/run.txt") | pinned(root / "envs/torch.txt")
    for name, version in pip_part(root, stage).items():
        assert lock[name] == version, name


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
