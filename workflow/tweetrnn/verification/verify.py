"""The command ``verify``: check a finished experiment, or a report's page by itself.

It changes no results: what is trained again is in a temporary folder.
"""

import argparse
import logging
from pathlib import Path

from tweetrnn.errors import UserError
from tweetrnn.reporting.finding import finished
from tweetrnn.verification.findings import Findings
from tweetrnn.verification.of_page import verify_page
from tweetrnn.verification.of_results import verify_results

RUNS, SEED = 2, 1
ALL = 1_000_000_000  # more trainings than any experiment has


def add_arguments(parser):
    """Add this command's options."""
    parser.add_argument(
        "what",
        metavar="WHAT",
        help="a finished experiment's results folder, such as results/demo, or a report.html",
    )
    parser.add_argument(
        "--runs",
        type=_number_of_runs,
        metavar="K",
        help=f"how many trainings to repeat, or all (default: {RUNS}); of a page, those of its "
        "selected models, if the corpus is given",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=SEED,
        metavar="S",
        help=f"draws these trainings (default: {SEED})",
    )
    parser.add_argument(
        "--corpus",
        metavar="FILE",
        help="of a page: the corpus's file, to repeat trainings (an invented corpus needs none)",
    )


def _number_of_runs(text):
    if text == "all":
        return ALL
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number or all, got {text!r}")
    return int(text)


def main(options):
    """Verify what the options name; return 1 if something does not agree."""
    path, findings = Path(options.what), Findings()
    if not path.exists():
        raise UserError(f"{path}: no such results folder or report.html")
    if options.log is None:
        logging.getLogger("tweetrnn").setLevel(logging.ERROR)  # trainings' progress is no finding
    if path.is_dir() or path.suffix in (".yaml", ".yml"):
        if options.corpus is not None:
            raise UserError("--corpus: is for a report.html; a results folder has its tweets")
        count = RUNS if options.runs is None else options.runs
        verify_results(finished(options.what), count, options.seed, findings)
    else:
        count = options.runs
        if count is None:
            count = 0 if options.corpus is None else RUNS
        verify_page(path, options.corpus, count, options.seed, findings)
    number = len(findings.disagreements)
    if number:
        findings.say(f"{number} disagreement{'s' if number > 1 else ''} with {path}")
        return 1
    findings.say(f"{path}: everything that was checked agrees")
    return 0
