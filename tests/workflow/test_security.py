"""No name, path or tweet is ever run as a command, and no result reveals where it was made."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from checkout import SMALL

HOSTILE = "$(touch pwned); `touch pwned` ' \" & | > pwned\\"
HOST, USER = "zanzibar-quux", "dorothea-quux"
# Python runs this at its start. Setting the host's name itself takes a namespace, which containers
# and chroots forbid; this file is asked instead, and notes which processes ask.
SITECUSTOMIZE = f"""
import os, platform, socket, sys

def gethostname():
    with open(os.environ["ASKED"], "a") as stream:
        print(*sys.orig_argv[1:4], file=stream)
    return "{HOST}"

def uname(real=os.uname):
    system, _, *others = real()
    return os.uname_result([system, gethostname(), *others])

socket.gethostname = platform.node = gethostname
os.uname = uname
"""


@pytest.fixture
def hostile(fresh):
    """A folder, a corpus file, columns, texts and a title that contain shell commands.

    The process has a host and a user name that occur nowhere else; the tweets' users contain it.
    """
    home = fresh.path.parent / USER / 'it\'s "$(touch pwned)" `touch pwned`; &'
    home.mkdir(parents=True)
    corpus = home / "tweets '$(touch pwned)'.csv"
    columns = {"text": "the $(touch pwned) text", "label": "la'bel", "id": "`touch pwned`"}
    columns |= {"user": "by;", "slices": ["$(touch pwned) {kind}"]}
    with corpus.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([*columns.values()][:-1] + columns["slices"])
        for n in range(300):
            label = ("good", "bad", "ugly")[n % 3]
            text, user, kind = (
                f"{HOSTILE} {label} number {n}",
                f"{USER}{n % 9}",
                f"{HOSTILE} {n % 2}",
            )
            writer.writerow([text, label, n, user, kind])
    config = SMALL | {
        "corpus": {
            "kind": "path",
            "path": str(corpus),
            "licence": f"ours {HOSTILE}",
            "columns": columns,
            "labels": ["bad", "good", "ugly"],
        },
        "report": SMALL["report"] | {"title": f"{HOSTILE} </script><script>alert(1)</script>"},
    }
    (home / "config.yaml").write_text(yaml.safe_dump(config))
    python = fresh.path.parent / "python"
    python.mkdir()
    (python / "sitecustomize.py").write_text(SITECUSTOMIZE)
    command = [
        *(sys.executable, "-m", "snakemake", "--snakefile", fresh.path / "Snakefile"),
        *("--configfile", "config.yaml", "--cores", "2"),
    ]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    names = {"USER": USER, "LOGNAME": USER, "HOSTNAME": HOST, "ASKED": str(python / "asked")}
    done = subprocess.run(
        list(map(str, command)),
        cwd=home,
        env=os.environ | {"PATH": path, "PYTHONPATH": str(python)} | names,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return home


def texts_of(path):
    """Yield the contents of a file: its bytes, and the columns of a Parquet file."""
    yield path.read_bytes().decode("utf-8", "replace")
    if path.suffix == ".parquet":
        yield str(pq.read_table(path).to_pylist())


def test_hostile_names_are_not_run_and_no_result_contains_host_or_user(hostile, fresh):
    assert (hostile / "results/small/report/report.html").exists()
    asked = (fresh.path.parent / "python/asked").read_text()
    assert all(f"-m tweetrnn {stage}\n" in asked for stage in ("tokenize", "train", "render"))
    assert not list(fresh.path.parent.rglob("pwned"))
    for path in hostile.glob("results/**/*"):
        if path.is_file():
            for text in texts_of(path):
                assert HOST not in text and USER not in text, path
