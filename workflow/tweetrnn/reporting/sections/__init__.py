"""The report's sections, a module for each: what it says, shows and lists.

``section`` in each is a function of an Experiment that returns a Section. A table's rows are also
what summary.json has. Figures are put among the blocks by ``figures.place``.
"""

from tweetrnn.reporting import figures
from tweetrnn.reporting.sections import (
    cost,
    data,
    effects,
    failures,
    headline,
    playground,
    provenance,
    real,
    reference,
    runs,
    top,
)

SECTIONS = (
    headline,
    data,
    top,
    runs,
    effects,
    real,
    failures,
    playground,
    reference,
    cost,
    provenance,
)


def sections_of(experiment):
    """Return the report's Sections, in order; one that has nothing to say is left out."""
    sections = [module.section(experiment) for module in SECTIONS]
    for section in sections:
        figures.place(section, experiment)
    return [section for section in sections if section.blocks]
