"""Print an experiment's answer, and where its report is."""

import os
import socket
import sys
from urllib.parse import quote

from tweetrnn.config import read, resolve
from tweetrnn.metrics import EPOCH_METRICS
from tweetrnn.names import BASELINES, model_label
from tweetrnn.reporting.document import markdown_table, share
from tweetrnn.results import Results
from tweetrnn.results_format import read_marked, renewing

# The columns of the table, over a run's epochs.
FIGURES = [(kind, metric) for kind in ("mean", "best") for metric in EPOCH_METRICS]
TOP = 3


def top_table(summary):
    """Return Markdown: the validation figures of each cell's best runs, and of the baselines.

    ``summary`` is a report's summary.json. The baselines have no epochs, and no mean over them.
    """
    rows, runs = [], summary["tables"]["runs"]
    cells = list(dict.fromkeys(run["cell"] for run in runs))
    for run in sorted(runs, key=lambda run: (cells.index(run["cell"]), run["rank_in_cell"])):
        if run["status"] == "finished" and run["rank_in_cell"] <= TOP:
            figures = [share(run[f"{kind}_{metric}"]) for kind, metric in FIGURES]
            epoch = run["divergence_epoch"] or "none"
            rows.append(
                [f"{model_label(run['cell'])} {run['reference_tuple']}", *figures, str(epoch)]
            )
    for name in BASELINES:
        scores = summary["baselines"][name]["validation"]
        figures = ["" if kind == "mean" else share(scores[metric]) for kind, metric in FIGURES]
        rows.append([model_label(name), *figures, ""])
    headings = [f"{kind} {EPOCH_METRICS[metric].heading}" for kind, metric in FIGURES]
    return markdown_table(["run", *headings, "divergence epoch"], rows, len(headings) + 1)


def answer(summary):
    """Return the lines that give an experiment's answer: what limits it, the sentence, its scope.

    ``summary`` is a report's summary.json.
    """
    found = summary["answer"]
    return [*found["warnings"], found["sentence"], found["scope"]]


def url(path):
    """Return the URL of a file of this machine."""
    return f"file://{socket.gethostname()}{quote(os.path.abspath(path))}"


def where(results, stream):
    """Return the line that says where the report is, with a link on a terminal that has links."""
    path, text = results.html, str(results.html)
    if stream.isatty() and os.environ.get("TERM") not in (None, "", "dumb", "linux"):
        text = f"\x1b]8;;{url(path)}\x1b\\{path}\x1b]8;;\x1b\\"
    return f"The report: {text}"


def add_arguments(parser):
    """Add this command's options."""
    parser.add_argument(
        "--configfile",
        default="config/config.yaml",
        metavar="FILE",
        help="the experiment's config (default: config/config.yaml)",
    )
    parser.add_argument(
        "--table",
        action="store_true",
        help=f"also print each cell's top {TOP} beside the baselines, as Markdown",
    )


def main(options):
    """Print the answer of an experiment, and where its report is."""
    results = Results.of(resolve(read(options.configfile)))
    summary = read_marked(results.summary, renewing(options.configfile))
    print("\n".join([*answer(summary), where(results, sys.stdout)]))
    if options.table:
        print(f"\n{top_table(summary)}")
