"""A finished experiment, and its report by itself, verified as a reader would."""

import os
import subprocess
import sys

from tweetrnn.files import read_json


def verify(checkout, *arguments):
    """Run ``python -m tweetrnn verify`` in a checkout; return the finished process."""
    return subprocess.run(
        [sys.executable, "-m", "tweetrnn", "verify", *arguments],
        cwd=checkout.path,
        env=os.environ | {"PYTHONPATH": "workflow"},
        capture_output=True,
        text=True,
    )


def test_results_of_the_workflow_are_verified_and_stay_up_to_date(finished):
    done = verify(finished, "results/small")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert sum(line.endswith(": the same, byte for byte") for line in lines) == 2
    assert "disagrees" not in done.stdout
    assert finished.planned() == {}


def test_report_says_how_to_check_it_and_its_page_suffices(finished, tmp_path):
    report = finished.path / "results/small/report"
    (tmp_path / "page.html").write_bytes((report / "report.html").read_bytes())
    markdown = (report / "report.md").read_text(encoding="utf-8")
    for command in ("verify report.html", "verify results/small"):
        assert f"python -m tweetrnn {command}" in markdown.replace("\\", "")
    done = verify(finished, str(tmp_path / "page.html"), "--runs", "1")
    assert (done.returncode, done.stderr) == (0, "")
    answer = read_json(report / "summary.json")["answer"]["sentence"]
    assert answer in done.stdout.splitlines()[0]
    assert "are those that training gives again" in done.stdout
