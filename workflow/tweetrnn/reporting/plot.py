"""Stage plot: draw the figures, each as SVG (for pages) and PNG (for Markdown).

The same data give the same bytes.
"""

import logging
from pathlib import Path

from tweetrnn.reporting.canvas import save, style
from tweetrnn.reporting.experiment import Experiment
from tweetrnn.reporting.figures import draw, names
from tweetrnn.results import Results

log = logging.getLogger("tweetrnn")


def plot_experiment(experiment, folder):
    """Draw an Experiment's figures into a folder, a Path."""
    with style():
        for name in names(experiment.config, compared=bool(experiment.comparison)):
            save(draw(name, experiment), name, folder)
            log.info("drew %s", name)


def plot(results, figures, *, config, memory_mb, partial=False):
    """Draw all figures.

    Args:
        results: the folder with all results: tables, comparison, baseline_metrics, token offsets.
        figures: to write: the folder of the figures.
        config: grid, report (rank_by, top), training.replicates.
        memory_mb: the memory that a training asks for.
        partial: whether trainings are missing (see Experiment).
    """
    experiment = Experiment(Results(results), config, memory_mb, partial)
    plot_experiment(experiment, Path(figures))
