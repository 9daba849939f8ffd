"""The installable package, its version, and what the Snakemake workflow catalog requires."""

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
