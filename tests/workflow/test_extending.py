"""The how-to of docs/extending.md, followed to the letter in a copy of the checkout."""

import ast
import csv
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from checkout import copy_checkout

BLOCK = re.compile(r"^```(python|diff)\n(.*?)^```$", re.M | re.S)
FILE = re.compile(r"`((?:workflow|tests)/[\w/.]+\.\w+)`")


def blocks(text):
    """Yield (section, file, kind, content) of each block; its file is the last one named before."""
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        for block in BLOCK.finditer(section):
            file = FILE.findall(section[: block.start()])[-1]
            yield section.partition("\n")[0], file, block[1], block[2]


def defined(code):
    """Return the names of the classes and functions that Python code defines."""
    kinds = ast.ClassDef | ast.FunctionDef
    return {node.name for node in ast.parse(code).body if isinstance(node, kinds)}


def apply(folder, file, kind, content):
    """Do in a checkout what a block says: write or append Python, or replace lines.

    What somebody has really added stays as it is.
    """
    path = folder / file
    if kind == "python" and not path.exists():
        path.write_text(content)
    elif kind == "python":
        text = path.read_text()
        if not defined(content) <= defined(text):
            path.write_text(f"{text}\n\n{content}")
    else:
        lines = content.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        text = path.read_text()
        if after in text:
            return
        assert text.count(before) == 1, f"{file} has {text.count(before)} times:\n{before}"
        path.write_text(text.replace(before, after))


def checkout_with_tests(root, folder):
    """Copy what the workflow and its tests are made of; return the Checkout."""
    checkout = copy_checkout(root, folder / "checkout")
    shutil.copy(root / "pyproject.toml", checkout.path)
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(root / "tests", checkout.path / "tests", ignore=unwanted)
    return checkout


@pytest.fixture
def follow(root):
    """A function that follows one section of the how-to in a checkout."""

    def follow_it(folder, section):
        section_blocks = [
            block[1:]
            for block in blocks((root / "docs/extending.md").read_text())
            if block[0] == section
        ]
        assert section_blocks
        for block in section_blocks:
            if (folder / block[0]).parent.is_dir():  # tests are no part of a copied checkout
                apply(folder, *block)

    return follow_it


def runs_of(checkout):
    with (checkout.path / "results/small/aggregate/runs.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def tweetrnn(checkout, *arguments):
    """Return what ``python -m tweetrnn`` prints there."""
    return subprocess.run(
        [sys.executable, "-m", "tweetrnn", *arguments],
        cwd=checkout.path,
        env=os.environ | {"PYTHONPATH": "workflow"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_every_block_belongs_to_a_section_that_is_tried_here(root):
    found = {section for section, *_ in blocks((root / "docs/extending.md").read_text())}
    assert found == {"A metric", "A figure", "A config key", "A tokenizer", "A cell"}


@pytest.mark.slow
def test_metric_is_in_every_table_and_nothing_is_trained_for_it(finished, follow):
    follow(finished.path, "A metric")
    assert "train" not in finished.planned()
    finished.run()
    assert all(0 <= float(row["brier_score_at_best"]) <= 2 for row in runs_of(finished))
    report = finished.path / "results/small/report"
    assert "Brier score, best epoch" in (report / "report.html").read_text(encoding="utf-8")
    tables = json.loads((report / "summary.json").read_text())["tables"]
    for name in ("selected", "replicates"):
        assert all(0 <= row["brier_score"] <= 2 for row in tables[name])


@pytest.mark.slow
def test_figure_is_in_the_report_and_in_snakemake_s_and_nothing_is_trained_for_it(finished, follow):
    follow(finished.path, "A figure")
    assert "train" not in finished.planned()
    finished.run()
    report = finished.path / "results/small/report"
    page = (report / "report.html").read_text(encoding="utf-8")
    assert "Training over validation accuracy of 4 runs, on average" in page
    assert (report / "images/accuracy_gap.png").is_file()
    assert "images/accuracy_gap.png" in (report / "report.md").read_text(encoding="utf-8")
    finished.run("--report", "all.html")
    page = (finished.path / "all.html").read_text(encoding="utf-8")
    assert "accuracy_gap.svg" in page
    assert "Training accuracy over validation accuracy of each run" in page


def test_figure_passes_the_tests_of_figures(root, tmp_path, follow):
    checkout = checkout_with_tests(root, tmp_path)
    follow(checkout.path, "A figure")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/unit/test_figures.py"],
        cwd=checkout.path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_config_key_is_checked_listed_and_used_where_it_is_read(finished, follow):
    follow(finished.path, "A config key")
    assert finished.planned() == {"render": 1}
    finished.write_config(report={"closing": ""})
    done = finished.run(check=False)
    assert "report.closing: expected at least 1 characters" in done.stdout + done.stderr
    finished.write_config(report={"closing": "Questions go to the travel desk."})
    finished.run()
    report = (finished.path / "results/small/report/report.md").read_text(encoding="utf-8")
    assert report.rstrip().endswith("\n\nQuestions go to the travel desk.")
    tweetrnn(finished, "config", "--write-table", "config/README.md")
    table = (finished.path / "config/README.md").read_text(encoding="utf-8")
    assert "| `report.closing` | text or null | `null` | A text at the end of the report;" in table


@pytest.mark.slow
def test_tokenizer_can_be_chosen(fresh, follow):
    follow(fresh.path, "A tokenizer")
    fresh.write_config(tokenize={"tokens": "characters"})
    fresh.run("results/small/encode/facts.json")
    facts = json.loads((fresh.path / "results/small/encode/facts.json").read_text())
    assert facts["words"] < 150  # there are not many characters


@pytest.mark.slow
def test_cell_is_trained_and_compared_and_predicts(fresh, follow):
    follow(fresh.path, "A cell")
    assert "`MGU`" in tweetrnn(fresh, "config")
    fresh.write_config(grid={"cell": ["SimpleRNN", "MGU"], "dropout": [False]})
    fresh.run()
    runs = {row["cell"]: row for row in runs_of(fresh)}
    assert {cell: row["status"] for cell, row in runs.items()} == {
        "SimpleRNN": "finished",
        "MGU": "finished",
    }
    summary = json.loads((fresh.path / "results/small/report/summary.json").read_text())
    [pair] = summary["comparison"]["primary"]["pairs"]
    assert (pair["first"], pair["second"]) == ("SimpleRNN", "MGU")
    assert summary["architectures"]["architecture-MGU-1"][0]["layer"] == "mgu (MGU)"
    command = ["predict", "--results", "results/small", "--to", "jsonl", "a late flight"]
    run = f"MGU/{runs['MGU']['combination']}"
    answer = json.loads(tweetrnn(fresh, *command, "--run", run))
    assert answer["predicted"] in {"negative", "neutral", "positive"}


def test_cell_s_gradients_are_tested_without_an_edit_of_the_tests(root, tmp_path, follow):
    checkout = checkout_with_tests(root, tmp_path)
    follow(checkout.path, "A cell")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/unit/test_models.py", "-k", "MGU"],
        cwd=checkout.path,
        env=os.environ | {"PYTHONPATH": str(checkout.path / "workflow")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"\b[6-9] passed", done.stdout), done.stdout
