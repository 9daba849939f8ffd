"""How many tweets of each class the selected models find: both cells in one row."""

from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "Recall by class"
CATEGORY = "Mistakes"
SECTION, AFTER = "failures", "classes"
NEEDS_COMPARISON = True
MOST_CLASSES = 30  # those with the most tweets are shown
LONG = 20  # letters of a class's name; more are cut


def caption(config):
    """Return the caption."""
    return (
        "The share of each class's tweets that the selected models find, the mean over replicates; "
        "the line below is the range over them. In brackets, how many tweets the class has. At "
        f"most the {MOST_CLASSES} classes with the most tweets are shown."
    )


def classes_shown(failures):
    """Return the names of the classes that are shown, in the order of their ids."""
    support = {name: scores.support for name, scores in next(iter(failures.values())).items()}
    most = sorted(support, key=lambda name: -support[name])[:MOST_CLASSES]
    return [name for name in support if name in most]


def by_cell(experiment):
    """Return {cell: {class: its ClassScores}}, in the config's order of cells."""
    failures = experiment.comparison.failures
    return {cell: failures[cell].per_class for cell in experiment.cells if cell in failures}


def alt_text(experiment):
    """Return each cell's recall of each class, with its range over the replicates."""
    failures = by_cell(experiment)
    cells = []
    for cell, classes in failures.items():
        recalls = [
            f"{doc.visible(name)} {doc.spread(classes[name].recall.numbers())}"
            for name in classes_shown(failures)
        ]
        cells.append(f"{cell}: {doc.first_of(recalls, 3)}")
    return f"Share of each class's tweets that is found. {'. '.join(cells)}."


def draw(experiment):
    """Draw a row for each class, with a mark for each cell and its range."""
    failures, look = by_cell(experiment), canvas.Look(experiment.cells)
    names = classes_shown(failures)
    rows = [{cell: failures[cell][name].recall.mean for cell in failures} for name in names]
    figure, axes = canvas.subplots(0.85 + (0.16 + 0.08 * len(failures)) * len(names))

    def described(place, cell):
        scores = failures[cell][names[place]]
        mean, low, high = scores.recall.numbers()
        found = {"recall": mean, "lowest": low, "highest": high}
        return {"class": names[place], "cell": cell} | found | {"tweets": scores.support}

    canvas.dumbbells(axes, rows, look, described)
    for number, (cell, classes) in enumerate(failures.items(), 1):
        spreads = [classes[name].recall for name in names]
        places = [place + 0.12 + 0.5 * number / (len(failures) + 1) for place in range(len(names))]
        ends = [one.min for one in spreads], [one.max for one in spreads]
        axes.hlines(places, *ends, color=look.colour(cell), linewidth=1.0)
    supports = next(iter(failures.values()))
    canvas.rows(axes, [f"{cut(name)} ({doc.whole(supports[name].support)})" for name in names])
    axes.set(xlim=(-0.03, 1.03), xlabel="recall")
    canvas.legend(figure)
    return figure


def cut(name, most=LONG):
    """Return a class's name, harmless and at most so long."""
    name = doc.visible(name)
    return name if len(name) <= most else f"{name[: most - 1]}\u2026"
