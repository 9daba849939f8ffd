"""Read random hostile tables back, as tests/unit/test_dialects.py does, for a given time.

    python benchmarks/fuzz_readers.py --seconds 3600 --seed 1

prints how many tables of each writer and format were read back exactly, for training and for
predictions (a JSON array must be refused instead, with a message that says what to write). It stops
at the first that was not, with the smallest such table.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("workflow", "tests", "tests/unit")]
from example_written import WRITERS, check  # noqa: E402
from tweetrnn.reporting.document import markdown_table  # noqa: E402

EXAMPLES = 100  # of a writer in a row
EVERY = 600  # seconds between two reports of what is done


def read_back(folder, strategy, number):
    """Check EXAMPLES files that a strategy draws with a seed; return how many there were."""
    count = 0

    @seed(number)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def each(written):
        nonlocal count
        check(folder, written)
        count += 1

    each()
    return count


def main():
    """Fuzz the readers for the time that the command line gives."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    start, number, counts, printed = time.monotonic(), options.seed, Counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        while (passed := time.monotonic() - start) < options.seconds:
            for writer, strategy in WRITERS.items():
                counts[writer] += read_back(Path(folder), strategy, number)
            number += 1
            if passed > printed + EVERY:
                printed = passed
                print(f"{passed:.0f} s: {counts.total():,} tables", flush=True)
    rows = [[writer, form, f"{count:,}"] for (writer, form), count in sorted(counts.items())]
    print(markdown_table(["written by", "format", "tables"], rows, numbers=1))
    seconds = time.monotonic() - start
    print(f"{counts.total():,} tables in {seconds:.0f} s, seeds {options.seed} to {number - 1}")


if __name__ == "__main__":
    main()
