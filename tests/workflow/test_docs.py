"""What the documents show is what the commands print."""

import ast
import os
import re
import subprocess
import sys

import pytest


def tweetrnn(checkout, *arguments, check=True):
    """Run ``python -m tweetrnn`` in a checkout; return the finished process."""
    return subprocess.run(
        [sys.executable, "-m", "tweetrnn", *arguments],
        cwd=checkout.path,
        env=os.environ | {"PYTHONPATH": "workflow"},
        capture_output=True,
        text=True,
        check=check,
    )


def test_way_of_a_tweet_is_what_trace_prints_of_the_demo(fresh, root):
    """Up to the split; the rest needs trainings, whose last digits are the machine's."""
    fresh.snakemake("--cores", 1, "results/demo/split/facts.json")
    page = (root / "docs/tweet.md").read_text(encoding="utf-8")
    told, trained = page.split("## train\n")
    printed = tweetrnn(fresh, "trace", "--configfile", "config/config.yaml", "--row", "1887")
    assert printed.stdout == told
    assert "| LSTM | `rnn" in trained and "| SimpleRNN | `rnn" in trained


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_tweet_is_followed_as_far_as_its_part_goes(finished, part):
    import pyarrow.parquet as pq

    rows = pq.read_table(finished.path / "results/small/split/rows.parquet").to_pylist()
    row = next(row["row"] for row in rows if row["part"] == part)
    done = tweetrnn(finished, "trace", "--configfile", "config/small.yaml", "--row", str(row))
    assert f"Part: {part}, tweet 0 of it" in done.stdout
    assert ("## train" in done.stdout) == (part != "train")


def test_row_that_does_not_exist_is_told(finished):
    done = tweetrnn(
        finished, "trace", "--configfile", "config/small.yaml", "--row", "300", check=False
    )
    assert done.returncode == 1
    assert done.stderr == "error: --row: there is no row 300; 300 rows count from 0\n"


def texts_of(package):
    """Return all string literals of a package, each whole though it is written in parts."""
    return "\n".join(
        node.value
        for path in package.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def test_messages_that_the_faq_explains_are_those_of_the_code(root):
    told = texts_of(root / "workflow/tweetrnn")
    told += (root / "workflow/rules/data.smk").read_text(encoding="utf-8")
    page = (root / "docs/faq.md").read_text(encoding="utf-8")
    messages = re.findall(r"^\*\*`([^`]+ [^`]+)`", page, re.M)
    assert len(messages) >= 5
    for message in messages:
        for piece in message.split("…"):
            assert piece.strip() in told, message
