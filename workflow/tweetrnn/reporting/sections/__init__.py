"""The report's sections, a module for each: what it says, shows and lists.

``section`` in each is a function of an ``Experiment`` that returns a ``Section``. A table's rows
are also what summary.json holds. To add a figure: docs/extending.md.
"""

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
    found = [module.section(experiment) for module in SECTIONS]
    return [section for section in found if section.blocks]
