"""The workflow in other places: deployed from a repository, and as a module of another workflow."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
import yaml
from checkout import copy_checkout, snakemake
from tweetrnn import __version__

TAG = "v2"
TINY = {
    "name": "tiny",
    "corpus": {"kind": "demo", "tweets": 200},
    "grid": {
        "recurrent_layers": [1],
        "dense_layers": [2],
        "dropout": [False],
        "regularization": [False],
        "learning_rate": [0.001],
    },
    "training": {"epochs": 1, "selected_replicates": 1, "finalist_replicates": 0},
    "report": {"resamples": 100, "top": 1},
}
# What `snakedeploy deploy-workflow` 0.17 writes, but for the source: SNAKEFILE would be
# github("OWNER/NAME", path="workflow/Snakefile", tag="TAG").
DEPLOYED = """\
from snakemake.utils import min_version


min_version("6.10.0")


configfile: "config/config.yaml"


# declare SOURCE as a module
module tweets:
    snakefile: 
        SNAKEFILE
    config:
        config


# use all rules from SOURCE
use rule * from tweets
"""
NOTHING = "Nothing to be done"


def git(folder, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def repository(root, tmp_path_factory):
    """A git repository with the working tree, tagged TAG."""
    folder = copy_checkout(root, tmp_path_factory.mktemp("repository") / "tweets").path
    for command in (["init"], ["add", "."], ["commit", "--message=All"], ["tag", TAG]):
        git(folder, *command)
    return folder


def new_python(folder):
    """Return Python in a new environment with all packages of this one, but without tweetrnn."""
    venv.create(folder, symlinks=True)
    # The .pth file of a checkout, which is in the folder that this one names, is not read.
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    (site / "others.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin/python"


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Python without the package."""
    return new_python(tmp_path_factory.mktemp("without") / "venv")


def deploy(repository, folder):
    """Do in an empty folder what snakedeploy does, and choose the tiny experiment."""
    source = f'gitfile("{repository}", path="workflow/Snakefile", tag="{TAG}")'
    (folder / "workflow").mkdir(parents=True)
    text = DEPLOYED.replace("SNAKEFILE", source).replace("SOURCE", str(repository))
    (folder / "workflow/Snakefile").write_text(text)
    for name in ("config", "profiles"):
        shutil.copytree(repository / name, folder / name)
    (folder / "config/config.yaml").write_text(yaml.safe_dump(TINY))
    return folder


def advice(repository, folder, python, **options):
    """Return the requirement that a deployed workflow without its package says to install."""
    done = snakemake("--cores", 1, cwd=deploy(repository, folder), python=python, **options)
    [message] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.returncode != 0 and "Traceback" not in done.stderr
    return message, re.search(r'Install the workflow\'s: pip install "(.+)"$', message)[1]


@pytest.fixture(scope="module")
def deployed(repository, python, tmp_path_factory):
    """(A deployed workflow, Python with the package installed as its message says)."""
    folder = tmp_path_factory.mktemp("deployed")
    _, requirement = advice(repository, folder / "first", python, check=False)
    with_package = new_python(folder / "venv")
    pip = [sys.executable, "-m", "pip", "--python", with_package, "install"]
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    subprocess.run([*pip, *options, requirement], check=True)
    return deploy(repository, folder / "work"), with_package


def test_missing_package_is_one_message_that_says_how_to_install_it(repository, python, tmp_path):
    message, requirement = advice(repository, tmp_path, python, check=False)
    assert f"needs the Python package tweetrnn {__version__}, but none is installed" in message
    assert requirement == f"tweetrnn[stages] @ git+file://localhost{repository}@{TAG}"


def test_package_of_another_version_is_one_message(repository, python, tmp_path):
    (tmp_path / "tweetrnn").mkdir()
    (tmp_path / "tweetrnn/__init__.py").write_text('__version__ = "1.9.3"')
    message, _ = advice(repository, tmp_path / "work", python, path=tmp_path, check=False)
    assert f"needs the Python package tweetrnn {__version__}, but 1.9.3 is installed" in message


@pytest.mark.slow
def test_deployed_workflow_runs_to_its_report_and_then_has_nothing_to_do(deployed):
    folder, python = deployed
    snakemake("--cores", 2, cwd=folder, python=python)
    assert "tiny" in (folder / "results/tiny/report/report.html").read_text()
    again = subprocess.run(
        [python, "-m", "tweetrnn", "run"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": ""},
        capture_output=True,
        text=True,
    )
    assert NOTHING in again.stderr
    snakemake("--report", "report.zip", cwd=folder, python=python)
    assert (folder / "report.zip").is_file()


def test_package_in_a_conda_environment_is_the_workflow_s_own(deployed, repository, tmp_path):
    """conda gives the pip part of an environment to pip as a requirements file, as here."""
    _, python = deployed
    environment = yaml.safe_load((repository / "envs/train.yaml").read_text())
    [pip] = [part["pip"] for part in environment["dependencies"] if isinstance(part, dict)]
    [requirement] = [line for line in pip if line.startswith("tweetrnn")]
    (tmp_path / "requirements.txt").write_text(requirement)
    for source in (f"git+file://localhost{repository}@{TAG}", repository.as_uri()):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "--python", python, "install", "--dry-run"),
                *("--no-deps", "--no-build-isolation", "--force-reinstall"),
                *("--requirement", tmp_path / "requirements.txt"),
            ],
            env=os.environ | {"TWEETRNN_SOURCE": source},
            capture_output=True,
            text=True,
        )
        assert f"Would install tweetrnn-{__version__}" in done.stdout, done.stderr


class Outer:
    """A workflow of someone else, in an empty folder, that uses this one."""

    def __init__(self, checkout, folder):
        self.snakefile = checkout.path / "workflow/Snakefile"
        self.path = folder
        self.text = ""
        folder.mkdir()

    def write(self, text):
        """Append to the Snakefile."""
        self.text += text
        (self.path / "Snakefile").write_text(self.text)

    def use(self, name, config, *more):
        """Use the workflow as the module ``name``, its rules with a prefix of that name."""
        settings = "".join(f"    {line}\n" for line in more)
        self.write(
            f"module {name}:\n    snakefile: {str(self.snakefile)!r}\n    config: {config!r}\n"
            f"{settings}use rule * from {name} as {name}_*\n"
        )

    def run(self, *arguments, **options):
        return snakemake("--cores", 2, *arguments, cwd=self.path, **options)


@pytest.fixture
def outer(fresh, tmp_path):
    return Outer(fresh, tmp_path / "outer")


def write_tweets(path):
    lines = ["tweet_id,text,airline_sentiment"]
    for n in range(200):
        mood = ("negative", "neutral", "positive")[n % 3]
        lines.append(f"{n},@united a {mood} flight number {n} to {n % 7},{mood}")
    path.write_text("\n".join(lines))


@pytest.mark.slow
def test_module_of_the_docs_uses_files_that_rules_of_the_outer_workflow_make(outer, root):
    """The outer files keep their paths; all of the module's are below its prefix."""
    write_tweets(outer.path / "tweets.csv")
    files = {
        "corpus": {"kind": "path", "path": "copies/tweets.csv"},
        "predict": {"files": {"new": "copies/new.csv"}},
    }
    (outer.path / "config").mkdir()
    (outer.path / "config/config.yaml").write_text(yaml.safe_dump({"tweets": TINY | files}))
    page = (root / "docs/deploy.md").read_text()
    [module] = re.findall("^```python\n(.*?)^```", page, re.M | re.S)
    outer.write(re.sub(r"github\(.*", repr(str(outer.snakefile)), module))
    outer.write(
        'rule copy:\n    output: "copies/{name}.csv"\n    shell: "cp tweets.csv {output}"\n'
    )
    outer.run()
    written = {path.name for path in outer.path.iterdir() if not path.name.startswith(".")}
    assert written == {"Snakefile", "config", "tweets.csv", "copies", "sentiment"}
    results = outer.path / "sentiment/results/tiny"
    assert (results / "report/report.html").is_file()
    assert (results / "predict/new.csv").is_file()
    assert list(results.glob("checkpoints/*/*/*")) == []
    assert NOTHING in outer.run("--dry-run").stdout
    outer.run("--nolock", "tweets_partial")
    assert (results / "partial/report/report.html").is_file()


def test_corpus_at_a_path_is_found_under_a_prefix(outer):
    write_tweets(outer.path / "tweets.csv")
    corpus = {"corpus": {"kind": "path", "path": "tweets.csv"}}
    outer.use("tw", TINY | corpus, 'prefix: "sub"')
    outer.run("sub/results/tiny/tokenize/facts.json")
    assert (outer.path / "sub/results/tiny/tokenize/facts.json").is_file()


def test_corpus_that_no_rule_makes_is_told_with_its_key(outer):
    corpus = {"corpus": {"kind": "path", "path": "made/tweets.csv"}}
    outer.use("tw", TINY | corpus, 'prefix: "sub"')
    done = outer.run("sub/results/tiny/tokenize/facts.json", check=False)
    [message] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert message.startswith(
        f"error: corpus.path: there is no file made/tweets.csv (relative to {outer.path})"
    )
    assert "MissingInputException" not in done.stderr


def test_workflow_can_be_used_twice_with_different_configs(outer):
    other = {"name": "other", "training": TINY["training"] | {"on_divergence": "record"}}
    outer.use("a", TINY)
    outer.use("b", TINY | other)
    outer.run(*(f"results/{name}/split/facts.json" for name in ("tiny", "other")))
    planned = outer.run("--dry-run", "--printshellcmds", "a_all", "b_all").stdout
    for name, on_divergence in (("tiny", "fail"), ("other", "record")):
        commands = re.findall(rf".* -m tweetrnn train .*results/{name}/.*", planned)
        assert len(commands) == 2
        assert all(f"TWEETRNN_ON_DIVERGENCE={on_divergence} " in text for text in commands)


def test_rules_of_the_outer_workflow_keep_their_shell_and_their_errors(outer):
    outer.write('shell.prefix("NAME=outer; ")\n')
    outer.use("tw", TINY)
    outer.write('rule theirs:\n    output: "out"\n    shell: "echo $NAME > {output}; exit 3"\n')
    done = outer.run("theirs", check=False)
    assert "echo $NAME > out" in done.stderr and "non-zero exit status 3" in done.stderr
    outer.run("results/tiny/tokenize/facts.json")
