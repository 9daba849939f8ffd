"""The benchmark for a GPU runs on a CPU too, so that its mistakes cost no time on a GPU."""

import os
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_report_has_speed_and_memory(root, tmp_path):
    command = [sys.executable, root / "benchmarks/gpu.py", "--device", "cpu", "--out", tmp_path]
    small = ["--share", "0.05", "--seconds", "0", "--processes", "2"]
    small += ["--only", "Several trainings on one GPU, and memory", "Machine", "Steps per second"]
    done = subprocess.run(
        [*command, *small],
        env=os.environ | {"PYTHONPATH": str(root / "workflow")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    report = (tmp_path / "gpu.md").read_text(encoding="utf-8")
    assert report == done.stdout
    for row in ("| LSTM(2), L2 | 22,020 |", "| SimpleRNN(1) | 4,000 |", "| 2 |", "| LSTM/2/1 |"):
        assert row in report
    assert "failed" not in report
