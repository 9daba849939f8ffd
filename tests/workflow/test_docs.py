"""The docs: commands work, quotations are what the program prints, links lead to files."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from checkout import SMALL, copy_checkout
from tweetrnn.stages import STAGES

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
# Commands that are not run here, by their beginning, and what runs them instead.
ELSEWHERE = {
    "make test": "these tests are that",
    "make lint": "CI",
    "make slurm": "tests/slurm",
    "pip install snakemake-storage": "nothing: it needs Kubernetes and S3",
    "snakemake --executor kubernetes": "nothing: it needs Kubernetes and S3",
    'pip install "tweetrnn': "test_deploy.py",
    "snakedeploy": "test_deploy.py",
    "make real": "nothing: it takes half an hour and real tweets",
    "python -m tweetrnn import-keras lstm.weights.h5": "test_import_keras.py",
    "python -m tweetrnn predict --run LSTM/rnn1-dense2-dropout0-reg0-lr1e-3 --weights": (
        "test_import_keras.py"
    ),
    "python -m tweetrnn export LSTM/rnn1-dense2-dropout0-reg0-lr1e-3 models/imported": (
        "test_import_keras.py"
    ),
    "python -m pip install onnx": "nothing: the tests' environment has it",
    "make bench": "nothing: it takes half an hour and an environment with Keras",
    "make scale": "nothing: it takes half an hour",
    "python benchmarks/": "nothing: benchmarks take long and check nothing",
}


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


def test_tweet_page_is_what_trace_prints_for_the_demo(fresh, root):
    """Up to the split; the rest needs trainings, whose last digits depend on the machine."""
    fresh.snakemake("--cores", 1, "results/demo/split/facts.json")
    page = (root / "docs/tweet.md").read_text(encoding="utf-8")
    before_training, trained = page.split("## train\n")
    printed = tweetrnn(fresh, "trace", "--configfile", "config/config.yaml", "--row", "1887")
    assert printed.stdout == before_training
    assert "| LSTM | `rnn" in trained and "| SimpleRNN | `rnn" in trained


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_tweet_is_followed_to_the_last_stage_that_uses_its_set(finished, part):
    import pyarrow.parquet as pq

    rows = pq.read_table(finished.path / "results/small/split/rows.parquet").to_pylist()
    row = next(row["row"] for row in rows if row["part"] == part)
    done = tweetrnn(finished, "trace", "--configfile", "config/small.yaml", "--row", str(row))
    name = "training" if part == "train" else part
    assert f"Tweet 0 of the {name} set." in done.stdout
    assert ("## train" in done.stdout) == (part != "train")


def test_row_that_does_not_exist_is_an_error(finished):
    done = tweetrnn(
        finished, "trace", "--configfile", "config/small.yaml", "--row", "300", check=False
    )
    assert done.returncode == 1
    assert done.stderr == "error: --row: there is no row 300; 300 rows count from 0\n"


def texts_of(package):
    """Return all string literals of a package; literals written in several pieces are joined."""
    return "\n".join(
        node.value
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def test_messages_in_the_faq_are_those_of_the_code(root):
    texts = texts_of(root / "workflow/tweetrnn")
    rules = (root / "workflow/rules").glob("*.smk")
    texts += "\n".join(path.read_text(encoding="utf-8") for path in rules)
    page = (root / "docs/faq.md").read_text(encoding="utf-8")
    messages = re.findall(r"^\*\*`([^`]+ [^`]+)`", page, re.M)
    assert len(messages) >= 5
    for message in messages:
        for piece in message.split("…"):
            assert piece.strip() in texts, message


@pytest.mark.parametrize("page", [*PAGES, ROOT / "config/README.md"], ids=lambda page: page.stem)
def test_links_lead_to_files_and_their_headings(page):
    links = re.findall(r"\]\(([^)]+)", page.read_text(encoding="utf-8"))
    lost = []
    for link in (link for link in links if not link.startswith("https://")):
        name, _, heading = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (heading and heading not in headings_of(target)):
            lost.append(link)
    assert lost == []


def headings_of(page):
    """Return the names under which links find a page's headings."""
    headings = re.findall(r"^#+ (.+)", page.read_text(encoding="utf-8"), re.M)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def test_readme_s_first_screen_has_the_question_the_answer_and_the_commands():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 50 and all(len(line) <= 250 for line in lines)
    page = "\n".join(lines[:30])
    for part in ("The question.", "The answer.", "docs/report.png", "make run ", "make test "):
        assert part in page


def test_answer_of_the_readme_is_that_of_the_real_tweets():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    answer = readme.partition("**The answer.**")[2].partition("\n\n")[0].replace("\n", " ")
    results = (ROOT / "docs/real-tweets.md").read_text(encoding="utf-8").replace("\u00a0", " ")
    airline = results.partition("<!-- real: airline -->")[2]
    words = (
        r"the selected LSTM was right ([\d.]+) points more often than the selected SimpleRNN "
        r"\(95 % interval ([\d.]+ to [\d.]+)\).*?LSTM ([\d.]+ %) \(.*?"
        r"A logistic regression on words and pairs of words is right in ([\d.]+ %)"
    )
    difference, interval, accuracy, baseline = re.search(words, airline, re.S).groups()
    assert f"LSTM is right in {accuracy}, {difference} points more often" in answer
    assert f"(95 % interval {interval})" in answer
    assert f"a logistic regression, which is right in {baseline}" in answer


def test_table_of_stages_names_every_stage_s_module():
    page = (ROOT / "docs/workflow.md").read_text(encoding="utf-8")
    modules = {Path(module).name for module in re.findall(r"`([\w/]+)\.py`", page)}
    expected = {module.rpartition(".")[2] for module in STAGES.values()}
    assert expected - {"partial"} <= modules  # partial is not part of the pipeline


def commands_of(page):
    """Return the commands in a page's sh blocks, continued lines joined, without comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    commands = [re.sub(r"\s+# .*", "", line).strip() for line in lines]
    return [command for command in commands if command]


COMMANDS = list(dict.fromkeys(command for page in PAGES for command in commands_of(page)))
TRIED = [command for command in COMMANDS if not command.startswith(tuple(ELSEWHERE))]


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory):
    """A clone whose presets are small, with an environment in .venv and tweets in data/."""
    checkout = copy_checkout(ROOT, tmp_path_factory.mktemp("newcomer") / "clone")
    for name in ("Makefile", "benchmarks"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, checkout.path / name)
    environment = checkout.path / ".venv"
    environment.mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (environment / name).symlink_to(Path(sys.prefix) / name)
    for name in ("run.stamp", "test.stamp"):
        (environment / name).touch()
    tweets = ["tweet_id,text,airline_sentiment"]
    for n in range(300):
        mood = ("negative", "neutral", "positive")[n % 3]
        tweets.append(f"{n},@united a {mood} flight number {n},{mood}")
    for folder in ("data", "elsewhere"):
        (checkout.path / folder).mkdir()
        (checkout.path / folder / "Tweets.csv").write_text("\n".join(tweets))
    path = {"kind": "path", "path": "data/Tweets.csv"}
    for name, changes in (
        ("config", {"name": "demo"}),
        ("airline", {"name": "airline", "corpus": path}),
    ):
        (checkout.path / f"config/{name}.yaml").write_text(yaml.safe_dump(SMALL | changes))
    return checkout


def test_docs_have_commands():
    assert "make run" in TRIED and len(TRIED) >= 4


@pytest.mark.parametrize("command", TRIED)
def test_command_of_the_docs_works(newcomer, command):
    """In the docs' order; each starts from what the commands before it left in the clone."""
    done = subprocess.run(
        ["bash", "-euc", command],
        cwd=newcomer.path,
        env=os.environ
        | {
            "PATH": f"{newcomer.path}/.venv/bin:{os.environ['PATH']}",
            "PYTHONPATH": str(newcomer.path / "workflow"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
