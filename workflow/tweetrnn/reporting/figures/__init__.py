"""The report's figures, a module for each. To add one: write its module, and list it in FIGURES.

A module has:

- TITLE: its title, and CATEGORY: its heading in Snakemake's own report.
- SECTION and AFTER: its place in our report, below the section's table AFTER, or above the
  section's first table (None). A section may also place figures itself: then SECTION is None.
- NEEDS_COMPARISON: whether a partial report, which has no comparison, leaves it out.
- ``caption(config)``: its caption, in plain words, in our report and in Snakemake's.
- ``draw(experiment)``: the matplotlib figure of an Experiment. ``canvas.values`` registers what
  each mark shows, for the page's pointer and as the figure's table (CSV).
- ``alt_text(experiment)``: one or two sentences with the numbers that it shows.
- ``names(config)``, if the module draws several figures or sometimes none: their names, such as
  MODULE-ARGUMENT-ARGUMENT. The arguments are passed on to ``draw`` and ``alt_text``, and to
  ``labels(...)``, which returns {column: text} for Snakemake's own report instead of the title.
"""

from tweetrnn.reporting import document as doc
from tweetrnn.reporting.figures import (
    calibration,
    ceiling,
    cells,
    cost,
    curves,
    effects,
    ensembles,
    failures,
    lengths,
    optimism,
    paired,
    primary,
    published,
    ranking,
    recall,
    reference,
    robustness,
    slices,
    training_size,
    tuning_budget,
)

FIGURES = (  # in the report's order
    primary,
    lengths,
    curves,
    ranking,
    cells,
    effects,
    paired,
    ensembles,
    optimism,
    tuning_budget,
    robustness,
    training_size,
    failures,
    recall,
    calibration,
    slices,
    ceiling,
    published,
    reference,
    cost,
)
_MODULES = {module.__name__.rpartition(".")[2]: module for module in FIGURES}


def _find(name):
    """Return a figure's module and the arguments in its name."""
    module, *arguments = name.split("-")
    return _MODULES[module], arguments


def _names_of(module, config):
    if hasattr(module, "names"):
        return module.names(config)
    return [module.__name__.rpartition(".")[2]]


def names(config, compared=True):
    """Return the names of the figures, which their files have, in the report's order.

    Args:
        config: all that the modules' ``names`` read, as rule plot lists it.
        compared: whether there is a comparison.
    """
    return [
        name
        for module in FIGURES
        if compared or not module.NEEDS_COMPARISON
        for name in _names_of(module, config)
    ]


def category(name):
    """Return a figure's category in Snakemake's own report."""
    return _find(name)[0].CATEGORY


def labels(name):
    """Return {column: text} by which Snakemake's own report lists a figure."""
    module, arguments = _find(name)
    return module.labels(*arguments) if arguments else {"figure": module.TITLE}


def captions(config):
    """Return {module's name: caption}."""
    return {name: module.caption(config) for name, module in _MODULES.items()}


def draw(name, experiment):
    """Return the matplotlib figure of that name."""
    module, arguments = _find(name)
    return module.draw(experiment, *arguments)


def alt_text(name, experiment):
    """Return a figure's alternative text."""
    module, arguments = _find(name)
    return module.alt_text(experiment, *arguments)


def block(name, experiment):
    """Return a figure as the block of a section."""
    module, arguments = _find(name)
    text = alt_text(name, experiment)
    if arguments:  # one of several, which share a title and a caption
        return doc.Figure(name, text)
    return doc.Figure(name, text, module.TITLE, module.caption(experiment.config))


def number(sections):
    """Number the figures of a report, in its order; the curves on cards are one for each cell."""
    numbered = [b for section in sections for b in section.blocks if b.kind in ("figure", "cards")]
    for n, block in enumerate(numbered, 1):
        block.number = n


def place(section, experiment):
    """Put the figures of a section among its blocks; one without its table is left out."""
    tables = {b.name: at for at, b in enumerate(section.blocks) if b.kind == "table"}
    places = {table: at + 1 for table, at in tables.items()}
    places[None] = min(tables.values(), default=len(section.blocks))
    figures = {at: [] for at in sorted(places.values(), reverse=True)}
    for module in FIGURES:
        possible = experiment.comparison or not module.NEEDS_COMPARISON
        if section.name == module.SECTION and module.AFTER in places and possible:
            names = _names_of(module, experiment.config)
            figures[places[module.AFTER]] += [block(name, experiment) for name in names]
    for at, blocks in figures.items():
        section.blocks[at:at] = blocks
