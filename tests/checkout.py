"""A copy of the workflow in a temporary folder, and Snakemake run in it as a user would."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

PARTS_OF_A_CHECKOUT = [
    *("Snakefile", "workflow", "config", "envs", "profiles"),
    *("pyproject.toml", "LICENSE"),
]
SMALL = {
    "name": "small",
    "corpus": {"kind": "demo", "tweets": 300},
    "grid": {
        "recurrent_layers": [1],
        "dense_layers": [2],
        "dropout": [False, True],
        "regularization": [False],
        "learning_rate": [0.001],
    },
    "training": {"epochs": 2, "selected_replicates": 1, "finalist_replicates": 0},
    "report": {"top": 1, "resamples": 200},
}


def snakemake(*arguments, cwd, python=sys.executable, path="", check=True):
    """Run Snakemake; return the finished process, its two streams as text.

    ``python`` also runs the jobs; ``path`` is the PYTHONPATH.
    """
    done = subprocess.run(
        [python, "-m", "snakemake", *map(str, arguments)],
        cwd=cwd,
        env=os.environ
        | {"PATH": f"{Path(python).parent}:{os.environ['PATH']}", "PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
    )
    if check and done.returncode:
        raise AssertionError(f"snakemake ended with {done.returncode}:\n{done.stderr}")
    return done


@dataclass
class Checkout:
    """A checkout of the project and what one does with it."""

    path: Path

    def snakemake(self, *arguments, cwd=None, **options):
        """Run Snakemake here or in ``cwd``; the rest is as for ``snakemake``."""
        return snakemake(*arguments, cwd=cwd or self.path, **options)

    def run(self, *arguments, **options):
        """Run the small experiment to its end."""
        return self.snakemake(
            "--configfile", "config/small.yaml", "--cores", 2, *arguments, **options
        )

    def planned(self, *arguments):
        """Return {rule: number of jobs} that a dry run of the small experiment names."""
        done = self.run("--dry-run", *arguments)
        table = re.search(
            r"^job +count\n-[- ]+\n(.*?)^total", done.stdout + done.stderr, re.M | re.S
        )
        if not table:
            assert "Nothing to be done" in done.stdout + done.stderr
            return {}
        counts = dict(line.split() for line in table[1].splitlines())
        return {
            rule: int(count) for rule, count in counts.items() if rule not in ("all", "default")
        }

    def write_config(self, **changes):
        """Write config/small.yaml: SMALL with some of its sections' keys changed."""
        config = {key: dict(v) if isinstance(v, dict) else v for key, v in SMALL.items()}
        for section, keys in changes.items():
            config[section] = {**config.get(section, {}), **keys}
        (self.path / "config/small.yaml").write_text(yaml.safe_dump(config))


def copy_checkout(root, target):
    """Copy what the workflow is made of; return the Checkout."""
    for name in PARTS_OF_A_CHECKOUT:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / name)
    checkout = Checkout(target)
    checkout.write_config()
    return checkout
