"""All that a report tells of one experiment, read from the files of its stages."""

import platform
import re
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tweetrnn.evaluation.select import further_runs
from tweetrnn.files import check_digest, read_json, read_parquet
from tweetrnn.grid import Run
from tweetrnn.machine import processor_name
from tweetrnn.reporting.playground import Playground
from tweetrnn.reporting.playground import read as read_playground

MASK = "@…"
_HANDLE = re.compile(r"(?<!\w)@\w+")
DRAWN_WITH = ("snakemake", "numpy", "pyarrow", "scipy", "scikit-learn", "matplotlib")


@dataclass
class Experiment:
    """The stages' facts and tables; ``comparison`` is None while trainings that it needs lack.

    ``architectures`` and ``provenances`` are by (cell, combination, replicate), ``replicates`` has
    the seconds of the selected combinations' further trainings, ``tweets`` the texts that the
    comparison points at, by corpus row, with people's handles masked; ``playground`` is None in a
    partial report, and where none is wanted.
    """

    config: dict
    runs: list
    epochs: list
    baselines: dict | None
    tokenized: dict
    encoded: dict
    split: dict
    comparison: dict | None
    architectures: dict
    provenances: dict
    replicates: list
    tweets: dict
    memory_mb: int
    commit: str
    versions: dict
    playground: Playground | None = None


def masked(text, shown):
    """Return a tweet's text without the handles of people; ``shown`` are those that may stay."""
    kept = {handle.casefold() for handle in shown}
    return _HANDLE.sub(lambda found: found[0] if found[0].casefold() in kept else MASK, text)


def pointed_at(comparison):
    """Return the corpus rows of the tweets that a comparison wants shown."""
    return sorted(
        {
            mistake["corpus_row"]
            for own in comparison["failures"].values()
            for mistake in own["confidently_wrong"]
        }
    )


def commit_of(folder):
    """Return the commit of the checkout that ``folder`` is in, and whether it was changed."""

    def git(*command):
        return subprocess.run(
            ["git", "-C", folder, *command], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", ".")
        return git("rev-parse", "HEAD") + (" with uncommitted changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown (not a git checkout)"


def installed(name):
    """Return a package's version; in an environment of the report's own there is no Snakemake."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not in this environment"


def read(
    results,
    runs,
    epochs,
    aggregate_facts,
    token_facts,
    encode_facts,
    split_facts,
    tweets,
    baseline_metrics,
    comparison,
    vocabulary,
    validation_sequences,
    memory_mb,
    config,
):
    """Return the Experiment; arguments as for ``render``.

    Raises:
        UserError: a file is missing or damaged.
    """
    digests = read_json(aggregate_facts)["sha256"]
    for name, path in (("runs", runs), ("epochs", epochs)):
        check_digest(path, digests[name])
    runs = read_parquet(runs).to_pylist()
    comparison = comparison and read_json(comparison)
    done = [row for row in runs if row["status"] != "missing"]
    names = [Run(row["cell"], row["combination"], row["replicate"]) for row in done]
    further = []
    if comparison:
        further = further_runs(comparison["selected"], comparison["replicates"])

    def architecture(run):
        paths = results.run(run)
        check_digest(paths.architecture, read_json(paths.parameters)["sha256"]["architecture"])
        return read_json(paths.architecture)

    top = {
        Run(row["cell"], row["combination"], row["replicate"])
        for row in done
        if row["rank_in_cell"] <= config["report"]["top"]
    }
    shown_tweets = {}
    if comparison and (rows := pointed_at(comparison)):
        texts = read_parquet(tweets, ["text"])["text"]
        shown = config["report"]["show_handles"]
        shown_tweets = {row: masked(texts[row].as_py(), shown) for row in rows}
    split = read_json(split_facts)
    return Experiment(
        config=config,
        runs=runs,
        epochs=read_parquet(epochs).to_pylist(),
        baselines=baseline_metrics and read_json(baseline_metrics),
        tokenized=read_json(token_facts),
        encoded=read_json(encode_facts),
        split=split,
        comparison=comparison,
        architectures={name: architecture(name) for name in names if name in top},
        provenances={run: read_json(results.run(run).provenance) for run in [*names, *further]},
        replicates=[
            {"cell": run.cell, "seconds": read_json(results.run(run).timing)["total"]}
            for run in further
        ],
        tweets=shown_tweets,
        memory_mb=memory_mb,
        commit=commit_of(Path(__file__).parent),
        versions={
            "processor": processor_name(),
            "python": platform.python_version(),
            **{name: installed(name) for name in DRAWN_WITH},
        },
        playground=read_playground(
            results, vocabulary, validation_sequences, config, split, comparison["selected"]
        )
        if comparison
        else None,
    )
