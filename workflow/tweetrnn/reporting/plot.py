"""Draw the figures, each as SVG (for pages) and PNG (for Markdown); the same data, the same bytes.

``plot_runs`` and ``plot_comparison`` draw, ``canvas`` has what all figures share.
"""

import json
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


def add_arguments(parser):
    """Add this stage's options."""
    parser.add_argument("--runs", required=True, metavar="PARQUET", help="aggregate's runs")
    parser.add_argument("--epochs", required=True, metavar="PARQUET", help="aggregate's epochs")
    parser.add_argument("--offsets", required=True, metavar="NPY", help="encode's offsets")
    parser.add_argument("--encode-facts", required=True, metavar="JSON", help="encode's facts")
    parser.add_argument("--baselines", metavar="JSON", help="the baselines' metrics, if any yet")
    parser.add_argument("--comparison", metavar="JSON", help="what compare found, if anything yet")
    parser.add_argument(
        "--memory-mb", type=int, metavar="MB", help="what a training asks for, to be drawn"
    )
    parser.add_argument("--output-dir", required=True, metavar="DIR", type=Path)
    parser.add_argument(
        "--config",
        required=True,
        type=json.loads,
        help='{"grid": ..., "report": {"rank_by": ..., "top": ...}, '
        '"training": {"replicates": ...}}',
    )


def main(options):
    """Draw all figures into the output folder."""
    check_digest(options.offsets, read_json(options.encode_facts)["sha256"]["offsets"])
    with style():
        for name, figure in draw(
            read_parquet(options.runs).to_pylist(),
            read_parquet(options.epochs).to_pylist(),
            options.baselines and read_json(options.baselines),
            load_array(options.offsets),
            options.comparison and read_json(options.comparison),
            options.memory_mb,
            options.config,
        ):
            save(figure, name, options.output_dir)
            log.info("drew %s", name)
