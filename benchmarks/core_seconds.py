"""Compare the core-seconds of a whole run of two checkouts: this one and an earlier one.

    git worktree add ../before COMMIT
    python benchmarks/core_seconds.py ../before . --configfile config/config.yaml --rounds 3

Each round runs both, one after the other, in empty folders, on every core. Core-seconds are of
all processes; unlike wall seconds, they hardly grow on a busy machine. Both checkouts must run with
this Python. It prints the table, and whether all trainings wrote the same weights and predictions.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

SAME = ("best.safetensors", "last.safetensors", "predictions.parquet", "history.csv")


@dataclass
class Cost:
    """What a run took in core-seconds: the ``whole``, its trainings' epochs; their results."""

    whole: float
    trainings: float
    results: str


def digest(folder):
    """Return a digest of what all trainings in a folder of results have computed."""
    found = hashlib.sha256()
    for name in SAME:
        for path in sorted(folder.rglob(f"train/**/{name}")):
            found.update(f"{path.relative_to(folder)}".encode() + path.read_bytes())
    return found.hexdigest()


def run(checkout, configfile):
    """Run a checkout's workflow on its own config, in an empty folder; return the Cost."""
    checkout = Path(checkout).resolve()
    with tempfile.TemporaryDirectory() as folder:
        if (data := checkout / "data").exists():  # where configs look for real tweets
            Path(folder, "data").symlink_to(data.resolve())
        before = os.times()
        subprocess.run(
            [
                *(sys.executable, "-m", "tweetrnn", "run"),
                *("--configfile", checkout / configfile),
            ],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(checkout / "workflow")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        after = os.times()
        whole = after.children_user + after.children_system
        whole -= before.children_user + before.children_system
        results = Path(folder, "results")
        timings = [json.loads(p.read_text()) for p in results.rglob("train/**/timing.json")]
        return Cost(whole, sum(sum(timing["epochs"]) for timing in timings), digest(results))


def main():
    """Measure what the command line asks for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", help="a checkout")
    parser.add_argument("after", help="another")
    parser.add_argument("--configfile", default="config/config.yaml", help="relative to each")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    sides = {"before": options.before, "after": options.after}
    costs = {side: [] for side in sides}
    print("| round | before | its epochs | after | its epochs | after / before |")
    print("|---|---|---|---|---|---|")
    for number in range(options.rounds):
        # The other order in each round, because machines become slower while they are busy.
        for side in sorted(sides, reverse=number % 2 == 0):
            costs[side].append(run(sides[side], options.configfile))
        old, new = costs["before"][-1], costs["after"][-1]
        print(
            f"| {number + 1} | {old.whole:.1f} | {old.trainings:.1f} | {new.whole:.1f} "
            f"| {new.trainings:.1f} | {new.whole / old.whole:.3f} |",
            flush=True,
        )
    pairs = zip(costs["before"], costs["after"], strict=True)
    print(f"median: {statistics.median(new.whole / old.whole for old, new in pairs):.3f}")
    same = len({cost.results for side in costs.values() for cost in side}) == 1
    print(f"the same weights, predictions and histories: {'yes' if same else 'no'}")


if __name__ == "__main__":
    main()
