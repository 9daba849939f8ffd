"""Snakemake starts in any environment."""

import os
import pwd
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from tweetrnn.errors import UserError
from tweetrnn.running import launch


@pytest.fixture
def nobody(monkeypatch):
    """A user whom the machine does not know, in an empty environment, as in a container."""

    def unknown(uid):
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in list(os.environ):
        monkeypatch.delenv(name)


def test_user_without_a_name_or_a_home_gets_what_snakemake_asks_for(nobody, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(launch, "_can_write", lambda folder: False)
    variables = launch.environment()
    assert variables["USER"] == str(os.getuid()) and os.path.isabs(variables["HOME"])
    assert variables["XDG_CACHE_HOME"] == str(tmp_path / ".snakemake/cache")
    folder, *others = variables["PATH"].split(os.pathsep)
    assert folder == str(Path(sys.executable).parent) and others
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("home", ["home", "/dev/null"])
def test_cache_is_in_the_home_if_that_can_be_written(nobody, tmp_path, monkeypatch, home):
    monkeypatch.setenv("HOME", str(tmp_path / home))  # the second is itself
    monkeypatch.setenv("USER", "me")
    variables = launch.environment()
    assert ("XDG_CACHE_HOME" in variables) == (home != "home")
    assert (variables["HOME"], variables["USER"]) == (str(tmp_path / home), "me")


def test_settings_of_the_user_s_python_do_not_reach_snakemake(monkeypatch):
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("PYTHONUTF8", "0")
    variables = launch.environment()
    chosen = {name: variables[name] for name in ("PYTHONWARNINGS", "PYTHONUTF8", "PYTHONSAFEPATH")}
    assert chosen == {"PYTHONWARNINGS": "", "PYTHONUTF8": "1", "PYTHONSAFEPATH": "1"}


def test_config_that_can_be_read_only_once_is_refused(tmp_path):
    """Such as bash's <(...); Snakemake would find it empty."""
    read, write = os.pipe()
    os.write(write, b"name: demo\n")
    os.close(write)
    with pytest.raises(UserError, match=f"/dev/fd/{read}: expected a regular file, which can be"):
        launch.read_config(f"/dev/fd/{read}")
    os.close(read)


def options(config, *snakemake):
    return SimpleNamespace(configfile=str(config), snakemake=list(snakemake))


def test_mistake_in_the_config_is_told_before_snakemake_starts(tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text("name: demo\ncorpus: {kind: demo}\ntrainig: {epochs: 3}\n")
    with pytest.raises(UserError, match="trainig: unknown key; did you mean training"):
        launch.check_config(options(config, "--keep-going"))
    launch.check_config(SimpleNamespace(configfile=None, snakemake=[]))


@pytest.mark.parametrize(
    "more", [["--config", "name=a"], ["-Cname=a"], ["--snakefile", "x"], ["-d", "elsewhere"]]
)
def test_config_that_something_else_completes_is_snakemake_s_to_judge(tmp_path, more):
    config = tmp_path / "c.yaml"
    config.write_text("training: {epochs: 3}\n")
    launch.check_config(options(config, *more))


def test_config_of_another_workflow_is_not_judged(tmp_path, monkeypatch):
    config = tmp_path / "c.yaml"
    config.write_text("theirs: 3\n")
    monkeypatch.setattr(launch, "ROOT", tmp_path)
    launch.check_config(options(config))
