"""The ways in: another directory, lint, bad configs, Snakemake's own report."""

import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from checkout import copy_checkout


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_workflow_runs_from_elsewhere(fresh, tmp_path, snakefile):
    out = tmp_path / "out"
    out.mkdir()

    def run(*arguments):
        options = ["-s", fresh.path / snakefile, "--directory", out, "--cores", 1]
        return fresh.snakemake(*options, *arguments, cwd=tmp_path)

    assert ["render", "1"] in [line.split() for line in run("--dry-run").stdout.splitlines()]
    run("results/demo/tokenize/tweets.parquet")
    assert (out / "results/demo/tokenize/facts.json").exists()


def test_default_grid_is_64_trainings_of_cells_and_16_of_a_baseline(fresh):
    done = fresh.snakemake("--cores", 1, "--dry-run")
    assert ["train", "80"] in [line.split() for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--config", "trainig={epochs: 3}"], "trainig: unknown key; did you mean training?"),
        (["--config", "training={epochs: many}"], "training.epochs: expected a whole number"),
        (["--config", "corpus={path: x.csv}"], "corpus.path: belongs to kind path"),
        (["--config", "predict={files: [x.csv]}"], "predict.files, x: there is no file x.csv"),
    ],
)
def test_mistake_in_the_config_is_one_message_without_a_traceback(fresh, arguments, message):
    done = fresh.snakemake("--cores", 1, "--dry-run", *arguments, check=False)
    assert done.returncode != 0
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_missing_corpus_is_one_message_that_names_the_key_and_the_file(fresh):
    done = fresh.snakemake(
        "--cores", 1, "--configfile", "config/airline.yaml", "--dry-run", check=False
    )
    output = done.stdout + done.stderr
    [message] = [line for line in output.splitlines() if line.startswith("error: ")]
    assert message.startswith("error: corpus.path: there is no file data/Tweets.csv (relative to")
    assert done.returncode != 0 and "MissingInputException" not in output


def test_lint_finds_nothing(fresh):
    done = fresh.snakemake("--lint", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_corpus_is_downloaded_checked_and_kept(finished, tmp_path):
    corpus = next((finished.path / "results/small/corpus").iterdir())
    served = tmp_path / "served"
    served.mkdir()
    shutil.copy(corpus, served / "tweets.csv")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=served)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        digest = hashlib.sha256(corpus.read_bytes()).hexdigest()
        url = f"http://127.0.0.1:{server.server_port}/tweets.csv"
        source = {"kind": "url", "url": url, "sha256": digest}
        finished.write_config(corpus={"tweets": None, **source})
        config = finished.path / "config/small.yaml"
        config.write_text(config.read_text().replace("name: small", "name: fetched"))
        target = "results/fetched/tokenize/facts.json"
        finished.run(target)
        server.shutdown()
    assert (finished.path / "results/fetched/corpus/tweets.csv").read_bytes() == corpus.read_bytes()
    assert finished.planned(target) == {}  # the server is gone, and nobody asks for it


def test_status_reads_what_trainings_write_in_their_logs(finished):
    def status():
        command = [sys.executable, "-m", "tweetrnn", "status", "--configfile", "config/small.yaml"]
        return subprocess.run(
            command,
            cwd=finished.path,
            env=os.environ | {"PYTHONPATH": "workflow"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()

    assert status()[0] == "6 trainings: 6 done"
    shutil.rmtree(finished.path / "results/small/train")
    first, *_, last = status()
    assert first == "6 trainings: 6 stopped"
    assert "epoch 2 of 2, validation accuracy 0." in last


# Each would change or break something if it reached the workflow.
OF_THE_USER = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "7",
    "PYTHONIOENCODING": "ascii",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "LC_ALL": "C",
    "TZ": "Asia/Kathmandu",
    "HOME": "/dev/null",
    "TMPDIR": "/dev/null/tmp",
    "PATH": "/usr/bin:/bin",
}
# Times, and what is made from them.
TIMED = re.compile(
    r"timing\.json|cost\.|runs\.|selected\.(csv|parquet)|report\.(html|md)|summary\.json|"
    r"(aggregate|plot)/facts\.json|ro-crate-metadata\.json"
)


def contents(checkout):
    """Return {path: bytes} of the results that do not depend on how long anything took."""
    results = checkout.path / "results/small"
    paths = [path.relative_to(results) for path in results.rglob("*") if path.is_file()]
    return {
        str(path): b"" if TIMED.search(str(path)) else (results / path).read_bytes()
        for path in paths
        if path.parts[0] not in ("logs", "benchmarks")
    }


@pytest.mark.slow
def test_nothing_in_the_user_s_environment_changes_a_result(root, finished_once, tmp_path):
    """As many settings at once as a user can have, closed streams, and a name that is not ASCII."""
    checkout = copy_checkout(root, tmp_path / "caf\u00e9 \u0dc1")
    for name in ("random", "select", "csv", "json", "numbers", "yaml", "torch"):
        (checkout.path / f"{name}.py").write_text("raise SystemExit(__name__)")
    (checkout.path / "matplotlibrc").write_bytes(b"text.usetex: true\nfont.size: 30  # \xe9\n")
    own, seen = tmp_path / "own", tmp_path / "seen"
    own.mkdir()
    (own / "sitecustomize.py").write_text(
        f"import sys\nwith open({str(seen)!r}, 'a') as s: print(sys.orig_argv[1:4], file=s)\n"
    )
    command = '"$0" -m tweetrnn run --cores 2 --configfile config/small.yaml <&- >&-'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable],
        cwd=checkout.path,
        env=OF_THE_USER | {"PYTHONPATH": f"{checkout.path}/workflow:{own}"},
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    log = (checkout.path / ".snakemake/submit/run.log").read_text()
    assert "Traceback" not in done.stderr + log and "SNAKEMAKE" in log
    assert "['-m', 'tweetrnn', 'plot']" in seen.read_text()  # PYTHONPATH was kept
    assert contents(checkout) == contents(finished_once)
