"""Print where an experiment's report lies and what it says first."""

from tweetrnn.config import read, resolve
from tweetrnn.files import read_json
from tweetrnn.reporting.document import markdown_table
from tweetrnn.results import Results

FIGURES = {  # of the validation part, over a run's epochs
    "mean_accuracy": "mean accuracy",
    "mean_binary_accuracy": "mean binary accuracy",
    "best_accuracy": "best accuracy",
    "best_binary_accuracy": "best binary accuracy",
    "best_macro_f1": "best macro-F1",
}
TOP = 3


def top_table(summary):
    """Return Markdown: the validation figures of each cell's best runs, and of the baselines.

    ``summary`` is a report's summary.json. The baselines do not learn by epochs and have one
    figure for mean and best.
    """
    rows = []
    runs = [run for run in summary["tables"]["runs"] if run["status"] == "finished"]
    for cell in dict.fromkeys(run["cell"] for run in runs):
        own = sorted((r for r in runs if r["cell"] == cell), key=lambda run: run["rank_in_cell"])
        for run in own[:TOP]:
            figures = [f"{run[name]:.3f}" for name in FIGURES]
            epoch = run["divergence_epoch"] or "none"
            rows.append([f"{cell} {run['reference_tuple']}", *figures, str(epoch)])
    for name, baseline in summary["baselines"].items():
        one = baseline["validation"]
        figures = [f"{one[figure.partition('_')[2]]:.3f}" for figure in FIGURES]
        rows.append([name.replace("_", " "), *figures, ""])
    return markdown_table(["run", *FIGURES.values(), "divergence epoch"], rows, len(FIGURES) + 1)


def add_arguments(parser):
    """Add this command's options."""
    parser.add_argument(
        "--configfile", required=True, metavar="FILE", help="the experiment's config"
    )
    parser.add_argument(
        "--table",
        action="store_true",
        help=f"also print each cell's top {TOP} beside the baselines, as Markdown",
    )


def main(options):
    """Print the report's path and its headline."""
    results = Results.of(resolve(read(options.configfile)))
    summary = read_json(results.summary)
    print(f"\nThe report is at {results.html} (and as Markdown beside it).")
    print("\n".join(summary["headline"]))
    if options.table:
        print(f"\n{top_table(summary)}")
