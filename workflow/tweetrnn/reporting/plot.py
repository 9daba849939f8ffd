"""Stage plot: draw the figures, each as SVG (for pages) and PNG (for Markdown).

The same data give the same bytes.
"""

import logging
from pathlib import Path

from tweetrnn.reporting import canvas, figures
from tweetrnn.reporting.experiment import Experiment
from tweetrnn.results import Results

log = logging.getLogger("tweetrnn")


def plot_experiment(experiment, folder):
    """Draw an Experiment's figures into a folder, a Path."""
    with canvas.style():
        for name in figures.names(experiment.config, compared=bool(experiment.comparison)):
            canvas.save(figures.draw(name, experiment), name, folder)
            log.info("drew %s", name)


def plot(results, figures, *, config, memory_mb, partial=False):
    """Draw all figures into the folder ``figures``; further arguments as for Experiment."""
    plot_experiment(Experiment(Results(results), config, memory_mb, partial), Path(figures))
