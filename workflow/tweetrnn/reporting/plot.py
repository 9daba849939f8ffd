"""Draw the figures, each as SVG (for pages) and PNG (for Markdown); the same data, the same bytes.

``plot_runs`` and ``plot_comparison`` draw, ``canvas`` has what all figures share.
"""

import logging
from pathlib import Path

from tweetrnn.files import check_digest, load_array, read_json, read_parquet
from tweetrnn.reporting import plot_comparison, plot_runs
from tweetrnn.reporting.canvas import Look, note, save, style
from tweetrnn.reporting.figures import FROM_COMPARISON

log = logging.getLogger("tweetrnn")


def draw(runs, epochs, baselines, offsets, comparison, memory_mb, config):
    """Yield (name, matplotlib figure) for every name of ``figures.figure_names``.

    Args:
        runs, epochs: dicts as aggregate lists them.
        baselines: the baselines' metrics, or None.
        offsets: encode's array.
        comparison: what compare found, or None.
        memory_mb: what a training asks for, or None.
        config: grid, report and training.
    """
    cells = config["grid"]["cell"]
    look = Look(cells)
    yield "lengths", plot_runs.lengths(offsets)
    yield from plot_runs.curves(runs, epochs, config, look)
    yield "ranking", plot_runs.ranking(runs, baselines, config, look)
    yield "cells", plot_runs.cells_side_by_side(runs, baselines, config, look)
    yield "cost", plot_runs.cost(runs, memory_mb, config, look)
    if comparison is None:
        for name in FROM_COMPARISON:
            yield name, note("the selected combinations' trainings are not all done")
        return
    yield "primary", plot_comparison.primary(comparison, look)
    yield "paired", plot_comparison.paired(comparison, look)
    for name in ("effects", "optimism", "failures", "calibration"):
        yield name, getattr(plot_comparison, name)(comparison, cells, look)


def plot(
    runs,
    epochs,
    aggregate_facts,
    offsets,
    encode_facts,
    figures,
    *,
    config,
    memory_mb,
    baseline_metrics=None,
    comparison=None,
):
    """Draw all figures into the folder ``figures``.

    Args:
        runs, epochs, aggregate_facts: what aggregate wrote.
        offsets, encode_facts: what encode wrote.
        config: grid, report (rank_by, top), training.replicates.
        memory_mb: the memory that a training asks for.
        baseline_metrics, comparison: what baselines and compare wrote, or None.
    """
    check_digest(offsets, read_json(encode_facts)["sha256"]["offsets"])
    digests = read_json(aggregate_facts)["sha256"]
    for name, path in (("runs", runs), ("epochs", epochs)):
        check_digest(path, digests[name])
    with style():
        for name, figure in draw(
            read_parquet(runs).to_pylist(),
            read_parquet(epochs).to_pylist(),
            baseline_metrics and read_json(baseline_metrics),
            load_array(offsets),
            comparison and read_json(comparison),
            memory_mb,
            config,
        ):
            save(figure, name, Path(figures))
            log.info("drew %s", name)
