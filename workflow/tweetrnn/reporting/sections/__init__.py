"""The report's sections. A function of an Experiment, in these modules, returns a section's blocks.

summary.json contains the rows of their tables. ``figures`` places and numbers the figures.
"""

from tweetrnn.reporting import document as doc
from tweetrnn.reporting import figures
from tweetrnn.reporting.sections import (
    ceiling,
    citation,
    data,
    disagreements,
    divergence,
    effects,
    failures,
    headline,
    playground,
    provenance,
    published,
    real,
    reference,
    robustness,
    runs,
    slices,
)

# Name: title, function that returns the blocks, and whether it needs the comparison.
SECTIONS = {
    "headline": ("The selected models compared", headline.blocks, False),
    "data": ("Data", data.blocks, False),
    "top": ("The best runs of each cell", runs.best, False),
    "runs": ("All runs", runs.all_runs, False),
    "effects": ("What each hyperparameter does in this grid", effects.blocks, True),
    "divergence": ("When the curves diverge", divergence.blocks, True),
    "real": ("Is it real?", real.blocks, True),
    "robustness": ("Does it hold on other splits?", robustness.blocks, False),
    "failures": ("How they fail", failures.blocks, True),
    "slices": ("Where they differ", slices.blocks, True),
    "disagreements": ("Where they disagree", disagreements.blocks, True),
    "ceiling": ("What the labels allow", ceiling.blocks, True),
    "try": ("Try it", playground.blocks, False),
    "published": ("Beside published results", published.blocks, True),
    "reference": ("Beside the reference report", reference.blocks, True),
    "cost": ("Cost", runs.cost, False),
    "provenance": ("Provenance", provenance.blocks, False),
    "cite": ("How to cite, and methods", citation.blocks, False),
}
ON_REQUEST = ("published", "reference")  # shown where report's key of this name says so
NOT_YET = "Shown when all trainings that it needs are done."


def sections_of(experiment):
    """Return the report's Sections, in order, without empty ones."""
    sections = []
    for name, (title, blocks, needs_comparison) in SECTIONS.items():
        if name in ON_REQUEST and not experiment.config["report"][name]:
            continue
        possible = experiment.comparison or not needs_comparison
        shown = blocks(experiment) if possible else [doc.Paragraph(NOT_YET, "note")]
        sections.append(doc.Section(name, title, shown))
        figures.place(sections[-1], experiment)
    figures.number(sections)
    return [section for section in sections if section.blocks]
