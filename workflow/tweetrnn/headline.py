"""Print where an experiment's report lies and what it says first."""

from pathlib import Path

from tweetrnn.config import read, resolve
from tweetrnn.files import read_json


def add_arguments(parser):
    """Add this command's options."""
    parser.add_argument(
        "--configfile", required=True, metavar="FILE", help="the experiment's config"
    )


def main(options):
    """Print the report's path and its headline."""
    report = Path("results") / resolve(read(options.configfile))["name"] / "report"
    summary = read_json(report / "summary.json")
    print(f"\nThe report lies at {report / 'report.html'} (and as Markdown beside it).")
    print("\n".join(summary["headline"]))
