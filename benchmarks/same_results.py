"""Prove that the working tree computes the same numbers as version 1.0.0, on this machine.

Both sides run the same configs through Snakemake. Every value of runs.csv, epochs.csv, all
predictions and comparison.json is then compared exactly, except seconds and memory.
"""

import argparse
import csv
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

import pyarrow.parquet as pq

OLD = "afbfd31"  # version 1.0.0
ROOT = Path(__file__).resolve().parents[1]
COMPARED = [
    "aggregate/runs.csv",
    "aggregate/epochs.csv",
    "train/*/*/*/predictions.parquet",
    "baselines/predictions.parquet",
    "compare/comparison.json",
]
NOT_COMPARED = {"seconds", "max_rss_mb"}
SHOWN = 30  # differences

# An L2 factor that overflows float32 makes every regularized training diverge in its first epoch
# (the schema allows no learning rate large enough). Six epochs let some runs overfit, so that
# the column divergence_epoch has values.
SMALL = """
name: small
corpus: {kind: demo, tweets: 400}
grid: {cell: [SimpleRNN, LSTM, GRU], recurrent_layers: [1, 2], dense_layers: [2],
       learning_rate: [0.01, 0.001]}
training: {epochs: 6, selected_replicates: 2}
report: {resamples: 300}
"""
DIVERGING = """
name: diverging
corpus: {kind: demo, tweets: 400}
grid: {cell: [SimpleRNN, LSTM], recurrent_layers: [1], dense_layers: [2], learning_rate: [0.01]}
model: {l2: 1.0e+38}
training: {epochs: 2, replicates: 2, selected_replicates: 2, on_divergence: record}
report: {resamples: 300}
"""


@contextmanager
def locked(path):
    """Hold a lock, so that two comparisons can share the results of version 1.0.0."""
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def copy_old(side):
    """Check version 1.0.0 out to ``side`` unless it is there."""
    if side.exists():
        return
    partial = Path(tempfile.mkdtemp(dir=side.parent))
    archive = subprocess.run(["git", "archive", OLD], cwd=ROOT, check=True, stdout=-1).stdout
    subprocess.run(["tar", "x", "-C", partial], input=archive, check=True)
    partial.rename(side)


def copy_new(side, keep_results):
    """Copy the working tree, all but ignored files, to ``side``, which is emptied before."""
    for path in side.glob("*"):
        if not (keep_results and path.name == "out"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    listing = ["git", "ls-files", "-z", "-co", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, stdout=-1, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).exists():  # or it is deleted, but still tracked
            (side / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, side / name)


def run(side, config, corpus):
    """Run the workflow of ``side`` and return the folder of its results."""
    text = config.read_text(encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--cores", "all", "--quiet", "all"]
    command += ["--snakefile", side / "Snakefile", "--directory", side / "out"]
    command += ["--configfile", config]
    if corpus and re.search(r"kind:\s*path\b", text):
        command += ["--config", f"corpus={{path: {json.dumps(str(corpus))}}}"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # jobs call python
    (side / "out").mkdir(exist_ok=True)
    if subprocess.run(command, env=environment, cwd=side / "out").returncode:
        sys.exit(f"error: {side.name}: the workflow failed with {config}; see above")
    return side / "out/results" / re.search(r"^name:\s*(\S+)", text, re.MULTILINE)[1]


def leaves(value, path=""):
    """Yield (path, JSON text) of each value in a JSON document, and the length of each list."""
    if not isinstance(value, dict | list):
        yield path, json.dumps(value)
        return
    if isinstance(value, list):
        yield f"{path}.length", str(len(value))
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield from leaves(item, f"{path}.{key}")


def read(path):
    """Return {column: values as text} of a CSV, Parquet or JSON file; JSON has one row."""
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        return {name: [*map(repr, table[name].to_pylist())] for name in table.column_names}
    if path.suffix == ".json":
        value = json.loads(path.read_bytes())
        value.pop("checksum")
        for effect in value["factor_effects"] + value["interactions"]:
            for old, new in (("from", "low"), ("to", "high")):  # the only renamed keys
                if old in effect:
                    effect[new] = effect.pop(old)
        return {key: [text] for key, text in leaves(value)}
    with path.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    return {name: [row[c] for row in rows] for c, name in enumerate(header)}


def compare(name, old, new):
    """Return (values compared, differences, notes) of one file that both sides have."""
    old, new = read(old), read(new)
    count, differences, notes = 0, [], []
    for column, values in old.items():
        if column not in new:
            differences.append(f"{name}: {column} is missing on the new side")
        elif column not in NOT_COMPARED:
            count += len(values)
            pairs = zip_longest(values, new[column], fillvalue="(no row)")
            differences += [
                f"{name}: row {row}, {column}: {before!r} became {after!r}"
                for row, (before, after) in enumerate(pairs, 1)
                if before != after
            ]
    if added := [column for column in new if column not in old]:
        notes.append(f"{name}: added: {', '.join(added)}")
    if [column for column in old if column in new] != [column for column in new if column in old]:
        notes.append(f"{name}: another order of columns")
    return count, differences, notes


def compare_results(old, new):
    """Compare two folders of results, print the outcome, return whether all is equal."""
    total, differences, notes = 0, [], []
    for pattern in COMPARED:
        sides = [
            {str(path.relative_to(side)) for path in side.glob(pattern)} for side in (old, new)
        ]
        if not sides[0]:
            sys.exit(f"error: {old} has no {pattern}")
        for name in sorted(sides[0] ^ sides[1]):
            differences.append(f"{name}: only on the {'old' if name in sides[0] else 'new'} side")
        for name in sorted(sides[0] & sides[1]):
            count, *found = compare(name, old / name, new / name)
            total += count
            differences += found[0]
            notes += found[1]
    runs = read(old / "aggregate/runs.csv")
    states = ", ".join(f"{number} {state}" for state, number in Counter(runs["status"]).items())
    for line in notes + differences[:SHOWN]:
        print(line)
    outcome = f"{len(differences)} DIFFERENCES" if differences else "all equal"
    print(f"{old.name}: {total} values compared ({states} runs): {outcome}", flush=True)
    return not differences


def main():
    """Run both sides on each config and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="where both sides run; 1.0.0 is kept there")
    parser.add_argument("--configfile", type=Path, nargs="+", default=[], metavar="FILE")
    parser.add_argument("--corpus", type=Path, help="Tweets.csv, where corpus.kind is path")
    parser.add_argument("--keep-new", action="store_true", help="keep the new side's results")
    options = parser.parse_args()
    work = (options.work or Path(tempfile.mkdtemp())).resolve()
    work.mkdir(parents=True, exist_ok=True)
    configs = [path.resolve() for path in options.configfile]
    for name, text in () if configs else (("small", SMALL), ("diverging", DIVERGING)):
        configs.append(work / f"{name}.yaml")
        configs[-1].write_text(text, encoding="utf-8")
    old, new = work / "old", work / f"new-{ROOT.name}"
    copy_new(new, options.keep_new)
    corpus = options.corpus and options.corpus.resolve()
    equal = True
    for config in configs:
        with locked(work / "old.lock"):
            copy_old(old)
            before = run(old, config, corpus)
        equal &= compare_results(before, run(new, config, corpus))
    sys.exit(0 if equal else 1)


if __name__ == "__main__":
    main()
