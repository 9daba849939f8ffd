"""The installable package, its version, and what the Snakemake workflow catalog requires."""

import ast
import re
import subprocess
import sys
import zipfile

import pytest
import yaml
from checkout import copy_checkout
from tweetrnn import __version__


def test_workflow_and_package_have_the_same_version(root):
    text = (root / "workflow/rules/package.smk").read_text()
    assert re.findall(r'^VERSION = "(.+)"', text, re.M) == [__version__]


@pytest.mark.slow
def test_wheel_has_every_file_of_the_package(root, tmp_path):
    checkout = copy_checkout(root, tmp_path / "checkout")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path)]
    subprocess.run([*pip, *options, str(checkout.path)], check=True)
    [wheel] = tmp_path.glob(f"tweetrnn-{__version__}-*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    workflow = root / "workflow"
    files = (path for path in (workflow / "tweetrnn").rglob("*") if path.is_file())
    assert packed == {
        str(path.relative_to(workflow)) for path in files if "__pycache__" not in path.parts
    }


def test_repository_has_what_the_workflow_catalog_requires(root):
    """See "Standardized usage" at snakemake.github.io/snakemake-workflow-catalog."""
    readme = (root / "README.md").read_text().lower()
    assert "snakemake" in readme and "workflow" in readme
    assert (root / "workflow/Snakefile").is_file() and (root / "config/README.md").is_file()
    assert list((root / "workflow/rules").glob("*.smk"))
    usage = yaml.safe_load((root / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage["mandatory-flags"].keys() == {"desc", "flags"}
    assert usage["software-stack-deployment"].keys() == {
        *("conda", "apptainer", "apptainer+conda", "report"),
    }


def comprehensions(tree):
    """Yield (module's names that a comprehension reads, names it binds), by function."""
    kinds = ast.ListComp, ast.SetComp, ast.DictComp
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            found = [node for node in ast.walk(function) if isinstance(node, kinds)]
            names = [[n for n in ast.walk(c) if isinstance(n, ast.Name)] for c in found]
            bound = [{n.id for n in each if isinstance(n.ctx, ast.Store)} for each in names]
            read = [{n.id for n in each} - own for each, own in zip(names, bound, strict=True)]
            yield function.name, set().union(*bound) & set().union(*read)


def test_no_comprehension_binds_a_name_that_another_takes_from_the_module(root):
    """Python 3.12 takes it for a local variable then, in the whole function, and fails."""
    clashes = []
    for path in (root / "workflow/tweetrnn").rglob("*.py"):
        tree = ast.parse(path.read_text())
        of_module = {getattr(node, "name", None) for node in tree.body}
        for function, names in comprehensions(tree):
            clashes += [(path.name, function, name) for name in names & of_module]
    assert not clashes
