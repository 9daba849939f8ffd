"""Stage partial: a report of the runs that are done, while others are still training or failed."""

from tweetrnn.evaluation.aggregate import aggregate
from tweetrnn.reporting.plot import plot
from tweetrnn.reporting.render import render
from tweetrnn.results import Results


def partial(results, *, config, memory_mb):
    """Write a report of what is in the folder ``results`` to its subfolder partial.

    Nothing is trained or compared, and the finished report stays as it is.
    """
    there = Results(results)
    new = there.partial
    baselines = there.baseline_metrics if there.baseline_metrics.exists() else None
    tables = {name: getattr(new, name) for name in ("runs", "epochs", "aggregate_facts")}
    aggregate(
        there,
        **tables,
        runs_csv=new.runs_csv,
        epochs_csv=new.epochs_csv,
        config=config,
        allow_missing=True,
    )
    plot(
        **tables,
        offsets=there.offsets,
        encode_facts=there.encode_facts,
        figures=new.figures,
        baseline_metrics=baselines,
        config=config,
        memory_mb=memory_mb,
    )
    render(
        there,
        **tables,
        token_facts=there.token_facts,
        encode_facts=there.encode_facts,
        split_facts=there.split_facts,
        tweets=there.tweets,
        figures=new.figures,
        html=new.html,
        markdown=new.markdown,
        summary=new.summary,
        images=new.images,
        baseline_metrics=baselines,
        config=config,
        memory_mb=memory_mb,
    )
