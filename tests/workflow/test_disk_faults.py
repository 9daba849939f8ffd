"""Faults of disks, folders and files: the message names the file, and a second try succeeds.

FAULT_SEED repeats the random choices of a run, and every failure shows it. FLIPS is how many bits
are flipped per file, one at a time: 3, or 100 for a thorough run.
"""

import csv
import ctypes
import json
import os
import random
import resource
import shlex
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tweetrnn.__main__ import main
from tweetrnn.data import tokenize
from tweetrnn.supervision.guard import STOPPED_STATUS

STAGES = (
    *("tokenize", "encode", "split", "train", "baselines"),
    *("aggregate", "select", "compare", "plot", "render"),
)
# Files with times or memory use, and folders with figures and texts made from these.
VOLATILE = {"timing.json", "provenance.json", "runs.csv", "runs.parquet"}
VOLATILE_FOLDERS = {"report", "plot"}
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
SEED = int(os.environ.get("FAULT_SEED", random.randrange(10**6)))
FLIPS = int(os.environ.get("FLIPS", 3))


@dataclass
class Stage:
    """One job of the finished small experiment."""

    command: list  # for tweetrnn.__main__.main
    inputs: list
    outputs: list

    def contents(self):
        """Return {output: its bytes, or None if it is missing}, without folders."""
        return {p: p.read_bytes() if p.is_file() else None for p in self.outputs if not p.is_dir()}

    def steady(self):
        """Return the outputs whose bytes depend on nothing but the inputs."""
        return [
            path
            for path in self.outputs
            if path.name not in VOLATILE and path.parts[2] not in VOLATILE_FOLDERS
        ]


@pytest.fixture(scope="module")
def place(finished_once, tmp_path_factory):
    """A copy of a finished checkout; each test leaves its files as they were."""
    folder = tmp_path_factory.mktemp("faults") / "checkout"
    shutil.copytree(finished_once.path, folder, symlinks=True)
    return folder


@pytest.fixture(scope="module")
def jobs(finished_once):
    """Return {stage: Stage}, the first job of each stage."""
    summary = finished_once.run("--detailed-summary").stdout
    stages = {}
    for row in csv.DictReader(summary.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        words = shlex.split(row["shellcmd"])
        if "tweetrnn" not in words:  # no stage
            continue
        command = words[words.index("tweetrnn") + 1 :]
        stage = stages.setdefault(
            row["rule"], Stage(command, [Path(p) for p in row["input-file(s)"].split(",")], [])
        )
        if stage.command == command:
            stage.outputs.append(Path(row["output_file"]))
    return stages


@pytest.fixture
def stage(request, place, jobs, monkeypatch):
    """The Stage that a test is about; the working directory is that of its files."""
    monkeypatch.chdir(place)
    monkeypatch.delenv("TWEETRNN_SUPERVISOR", raising=False)
    return jobs[request.param]


def of_each_stage(function):
    """Run a test for each stage, with its Stage as ``stage``."""
    return pytest.mark.parametrize("stage", STAGES, indirect=True)(function)


def half_written():
    """Return the temporary files that writers left behind."""
    return [str(path) for path in Path("results").rglob(".*.part")]


# An intermediate file is not what its stage wrote


def consumed(stage):
    """Yield the stage's inputs that another stage wrote, one of each kind."""
    kinds = {(path.parts[2], path.name): path for path in stage.inputs}
    for (folder, _), path in kinds.items():
        # A corpus is the user's, a benchmark Snakemake's; test_render is about the many figures.
        if folder not in ("corpus", "benchmarks", "plot"):
            yield path


def damages(content, chance):
    """Yield damaged versions of a file: incomplete, empty, and with single bits flipped."""
    yield content[: chance.randrange(len(content))]
    yield b""
    for _ in range(FLIPS):
        flipped = bytearray(content)
        flipped[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        yield bytes(flipped)


@of_each_stage
def test_damaged_intermediate_file_is_refused_by_name_with_what_to_do(stage, capsys):
    chance, before = random.Random(SEED), stage.contents()
    for path in consumed(stage):
        content = path.read_bytes()
        for damage in damages(content, chance):
            path.write_bytes(damage)
            status = main(stage.command)
            message = capsys.readouterr().err
            path.write_bytes(content)
            where = f"FAULT_SEED={SEED} {path}: {message}"
            if status == 0:  # the damage changes nothing that this stage reads
                assert all(p.read_bytes() == before[p] for p in stage.steady()), where
                for p, kept in before.items():
                    p.write_bytes(kept)
                continue
            assert status == 1 and f"{path}: damaged" in message, where
            assert "run: snakemake " in message, where
            assert "Traceback" not in message
            assert stage.contents() == before, where
    assert half_written() == []


def test_flipped_bit_stops_the_command_and_deleting_the_file_repairs_the_results(finished):
    results = finished.path / "results/small"
    before = {
        path: path.read_bytes()
        for name in ("compare/comparison.json", "select/selected.json")
        for path in [results / name]
    }
    path = results / "split/train_labels.npy"
    content = bytearray(path.read_bytes())
    content[-3] ^= 4
    path.write_bytes(content)
    stopped = started(finished)
    assert stopped.returncode == 1
    [last] = stopped.stderr.split("\nWhat failed:\n")[1:]
    assert last.startswith("error: results/small/split/train_labels.npy: damaged (its sha256")
    assert "delete the file and run: snakemake " in last
    path.unlink()
    assert started(finished).returncode == 0
    assert {path: path.read_bytes() for path in before} == before
    assert finished.planned() == {}


def started(checkout, *arguments, **options):
    """Run the small experiment as ``make run`` does; return the finished process."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "tweetrnn", "run", "--cores", "1"),
            *("--configfile", "config/small.yaml", *arguments),
        ],
        cwd=checkout.path,
        env=os.environ | {"PYTHONPATH": str(checkout.path / "workflow")},
        capture_output=True,
        text=True,
        **options,
    )


# The disk has no room


@contextmanager
def file_size_limit(size):
    """Let no file grow beyond ``size`` bytes; Python ignores SIGXFSZ, so writes fail."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def full_disk(size):
    """Fill the file system on which ``results`` is mounted, except for ``size`` bytes."""
    filler = Path("results/filler")
    with filler.open("wb", buffering=0) as stream:
        try:
            while stream.write(bytes(1 << 16)):
                pass
        except OSError:
            stream.truncate(max(stream.tell() - size, 0))
        try:
            yield
        finally:
            filler.unlink()


@pytest.fixture(scope="module", params=["file size limit", "full disk"])
def squeeze(request, place):
    """A context manager that leaves so many bytes of room.

    Only root may mount a small file system to fill up; others use the limit of file sizes again.
    """
    if request.param == "file size limit":
        yield file_size_limit
        return
    results, kept = place / "results", place / "kept"
    shutil.copytree(results, kept)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", results], capture_output=True
    )
    if mounted.returncode:
        shutil.rmtree(kept)
        yield file_size_limit
        return
    shutil.copytree(kept, results, dirs_exist_ok=True)
    yield full_disk
    subprocess.run(["umount", "--lazy", results], check=True)  # arrays and logs are open still
    shutil.rmtree(kept)


@of_each_stage
def test_full_disk_is_reported_by_file_and_the_same_command_succeeds_later(stage, squeeze, capsys):
    chance, before = random.Random(SEED), stage.contents()
    largest = max(len(content) for content in before.values())
    for path in before:
        path.unlink()
    room = chance.randrange(min(largest, 4096), largest) if largest > 4096 else 0
    with squeeze(room):
        status = main(stage.command)
    output = capsys.readouterr().err
    where = f"FAULT_SEED={SEED}, room {room}: {output}"
    assert status == 1, where
    [line] = [line for line in output.splitlines() if line.startswith("error: ")]
    folders = {str(path.parent) for path in stage.outputs} | {"results/small/checkpoints/"}
    assert any(folder in line for folder in folders), where
    assert "fix that and run again" in line and "Traceback" not in output, where
    for path in stage.steady():
        assert not path.exists() or path.read_bytes() == before[path], where
    assert half_written() == [], where
    assert main(stage.command) == 0
    assert all(path.read_bytes() == before[path] for path in stage.steady())
    for path, content in before.items():
        path.write_bytes(content)


# A folder cannot be written


@of_each_stage
def test_file_in_place_of_a_folder_is_reported_by_name(stage, capsys):
    folder = stage.outputs[0].parent
    hidden = folder.with_name("hidden")
    folder.rename(hidden)
    folder.write_text("")
    status = main(stage.command)
    message = capsys.readouterr().err
    folder.unlink()
    hidden.rename(folder)
    assert status == 1 and message.startswith(f"error: {folder}"), message
    assert "Traceback" not in message


def obey_permissions():
    """Make a process that root starts obey file permissions, like everybody else's."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE)


@pytest.mark.parametrize("name", [".", "results", "results/small"])
def test_read_only_folder_is_reported_by_name_and_left_alone(fresh, name):
    folder = fresh.path / name
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o555)
    target = "results/small/tokenize/facts.json"
    refused = started(fresh, "--", target, preexec_fn=obey_permissions)
    before = sorted(path for path in folder.rglob("*") if "__pycache__" not in path.parts)
    folder.chmod(0o755)
    assert refused.returncode != 0
    last = refused.stderr.splitlines()[-1]
    assert "ermission denied" in last and (name == "." or name in last), refused.stderr
    assert "Traceback" not in refused.stderr
    assert name == "." or before == []
    assert started(fresh, "--", target, preexec_fn=obey_permissions).returncode == 0


# The corpus is not what it was


def corpus_command(stage, corpus):
    """Return tokenize's command for another corpus."""
    name, arguments, *options = stage.command
    return [name, json.dumps(json.loads(arguments) | {"corpus": str(corpus)}), *options]


@pytest.mark.parametrize("stage", ["tokenize"], indirect=True)
@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.open("a").write("1,one more,neutral\n"),
        lambda path: path.unlink(),
        lambda path: path.with_name("other").rename(path),
    ],
    ids=["grows", "vanishes", "is replaced"],
)
def test_corpus_that_changes_while_it_is_read_is_refused(
    stage, tmp_path, monkeypatch, capsys, change
):
    corpus = tmp_path / "tweets.csv"
    for path in (corpus, tmp_path / "other"):
        shutil.copy(stage.inputs[0], path)
    read, before = tokenize.tokenize_text, stage.contents()

    def read_and_change(text, config):
        monkeypatch.setattr(tokenize, "tokenize_text", read)
        change(corpus)
        return read(text, config)

    monkeypatch.setattr(tokenize, "tokenize_text", read_and_change)
    assert main(corpus_command(stage, corpus)) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"error: {corpus}: "), message
    assert "changed while it was read; run again" in message or "no such file" in message, message
    assert stage.contents() == before and half_written() == []


# The process that started the stage has ended


@pytest.mark.parametrize("stage", ["demo"], indirect=True)
def test_stage_whose_snakemake_is_gone_ends_and_writes_nothing(stage, tmp_path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    output = tmp_path / "demo.csv"
    config = {"corpus": {"tweets": 10_000_000}, "seed": 1}
    command = ["demo", json.dumps({"corpus": str(output)}), "--config", json.dumps(config)]
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tweetrnn", *command],
        env=os.environ | {"PYTHONPATH": "workflow", "TWEETRNN_SUPERVISOR": str(gone.pid)},
    )
    assert done.returncode == STOPPED_STATUS and time.monotonic() - began < 60
    assert not output.exists()
