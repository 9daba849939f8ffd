"""Stage partial: a report of the runs that are done, while others are still training or failed."""

from tweetrnn.evaluation.aggregate import aggregate
from tweetrnn.reporting.plot import plot
from tweetrnn.reporting.render import render
from tweetrnn.results import Results
from tweetrnn.results_format import check

TABLES = ("runs", "runs_csv", "epochs", "epochs_csv", "aggregate_facts")
REPORT = ("html", "markdown", "summary", "images", "tables")


def partial(results, *, config, memory_mb):
    """Write a report of what is in the folder ``results`` to its subfolder partial.

    Nothing is trained or compared, and the finished report stays as it is.
    """
    check(Results(results))
    written = Results(results).partial
    tables = {name: getattr(written, name) for name in TABLES}
    aggregate(results, **tables, config=config, allow_missing=True)
    options = {"config": config, "memory_mb": memory_mb, "partial": True}
    plot(results, written.figures, written.figure_facts, **options)
    report = {name: getattr(written, name) for name in REPORT}
    render(results, written.figures, written.figure_facts, **report, **options)
