"""The conda environments and the lock name the same versions."""

import re

import pytest
import yaml


def pinned(path):
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;]+)", path.read_text(), re.M))


@pytest.mark.parametrize("stage", ["data", "train", "report"])
def test_conda_environment_agrees_with_the_lock(root, stage):
    lock = pinned(root / "envs/run.txt") | pinned(root / "envs/torch.txt")
    environment = yaml.safe_load((root / f"envs/{stage}.yaml").read_text())
    (from_pip,) = (part["pip"] for part in environment["dependencies"] if isinstance(part, dict))
    for requirement in from_pip:
        name, version = requirement.split("==")
        assert lock[name] == version, name


def test_test_extras_change_no_version_of_the_lock(root):
    lock, extras = pinned(root / "envs/run.txt"), pinned(root / "envs/test.txt")
    assert lock.items() <= extras.items()


def test_every_locked_package_has_a_hash(root):
    for name in ("run", "test"):
        text = (root / f"envs/{name}.txt").read_text()
        blocks = re.split(r"^(?=[a-z])", text, flags=re.M)[1:]
        assert all("--hash=sha256:" in block for block in blocks)
