"""Stage plot: draw the figures, each as SVG (for pages) and PNG (for Markdown).

The same data give the same bytes.
"""

import logging
from pathlib import Path

from tweetrnn.files import sha256_of, write_json
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


def plot(results, figures, figure_facts, *, config, memory_mb, partial=False):
    """Draw all figures into the folder ``figures`` and note their sha256 in ``figure_facts``.

    Further arguments as for Experiment.
    """
    experiment, folder = Experiment(Results(results), config, memory_mb, partial), Path(figures)
    plot_experiment(experiment, folder)
    drawn = sorted(path for kind in ("svg", "png") for path in folder.glob(f"*.{kind}"))
    write_json(figure_facts, {"sha256": {path.name: sha256_of(path) for path in drawn}})
