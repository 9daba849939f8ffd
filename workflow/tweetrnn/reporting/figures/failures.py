"""What the selected models take for what: confusion matrices or, of many classes, a list."""

from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.figures.recall import cut

TITLE = "What is taken for what"
CATEGORY = "Mistakes"
SECTION, AFTER = "failures", None
NEEDS_COMPARISON = True
FEW_CLASSES = 4  # of a matrix with counts
MOST_CLASSES = 12  # of a matrix
MOST_CONFUSIONS = 20  # of a list
SHADE = 0.5  # of a whole row: dark enough to see, light enough to read on


def caption(config):
    """Return the caption."""
    return (
        "Confusion matrices of the selected models: rows are the true classes, columns the "
        "predicted ones. Numbers are mean tweets over the cell's replicates and the share of the "
        f"row, which is also the shade; with more than {FEW_CLASSES} classes only the share, in "
        f"percent. With more than {MOST_CLASSES} classes, the most frequent confusions are listed "
        "instead, as true \u2192 predicted class."
    )


def largest(confusion, names, count=MOST_CONFUSIONS):
    """Return {(true, predicted): tweets} of the largest confusions, largest first."""
    import numpy as np

    wrong = np.array(confusion)
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:count]
    places = [np.unravel_index(at, wrong.shape) for at in order]
    return {
        (names[true], names[guess]): float(wrong[true, guess])
        for true, guess in places
        if wrong[true, guess]
    }


def alt_text(experiment):
    """Return each cell's largest confusions."""
    cells = []
    for cell, model in experiment.comparison.failures.items():
        found = largest(model.confusion, list(model.per_class), 3)
        texts = [
            f"{doc.visible(true)} for {doc.visible(guess)} {doc.decimal(tweets)}"
            for (true, guess), tweets in found.items()
        ]
        cells.append(f"{cell} takes {', '.join(texts) or 'nothing for anything else'}")
    return f"Confusions, mean tweets. The largest: {'; '.join(cells)}."


def draw(experiment):
    """Draw each cell's mean confusion matrix or, of many classes, the largest confusions."""
    failures = experiment.comparison.failures
    models = {cell: failures[cell] for cell in experiment.cells if cell in failures}
    names = list(next(iter(models.values())).per_class)
    if len(names) > MOST_CLASSES:
        return draw_list(experiment, models, names)
    return draw_matrices(experiment, models, [cut(name, 14) for name in names], names)


def draw_list(experiment, models, names):
    """Draw a row for each confusion that is among the largest of all cells."""
    import numpy as np

    matrices = {cell: np.array(model.confusion) for cell, model in models.items()}
    together = largest(np.mean(list(matrices.values()), axis=0), names)
    if not together:
        return canvas.note("the selected models confuse no classes")
    ids = {name: number for number, name in enumerate(names)}
    pairs = list(together)
    rows = [
        {cell: matrix[ids[true], ids[guess]] for cell, matrix in matrices.items()}
        for true, guess in pairs
    ]
    figure, axes = canvas.subplots(0.9 + 0.36 * len(pairs))

    def described(place, cell):
        true, guess = pairs[place]
        return told(cell, true, guess, rows[place][cell], matrices[cell][ids[true]].sum())

    canvas.dumbbells(axes, rows, canvas.Look(experiment.cells), described)
    canvas.rows(axes, [f"{cut(true)} \u2192\n{cut(guess)}" for true, guess in pairs])
    axes.set_xlabel("tweets, mean over replicates")
    axes.set_xlim(*canvas.limits([0.0, *(value for row in rows for value in row.values())], 0.03))
    canvas.legend(figure)
    return figure


def told(cell, true, guess, tweets, of):
    """Return the values of a confusion's mark; ``of`` is how many tweets the true class has."""
    share = tweets / of if of else None
    return {"cell": cell, "true": true, "predicted": guess, "tweets": tweets, "share": share}


def draw_matrices(experiment, models, labels, names):
    """Draw a matrix for each cell; ``labels`` are the classes' names as they are shown."""
    classes, longest = len(labels), 0.07 * max(map(len, labels))  # about inches
    columns = 1 if classes > FEW_CLASSES or len(models) == 1 else 2
    lines = -(-len(models) // columns)
    side = min(0.45 * classes, canvas.WIDTH - 0.5 - longest) if columns == 1 else 1.6
    crowded = longest > side / classes
    height = 0.4 + (side + 0.5 + crowded * longest / 2) * lines
    figure, panels = canvas.subplots(height, lines, columns, squeeze=False)
    for axes in panels.flat[len(models) :]:
        axes.set_axis_off()
    turned = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if crowded else {}
    for axes, (cell, model) in zip(panels.flat, models.items(), strict=False):
        draw_matrix(axes, model.confusion, canvas.Look(experiment.cells).colour(cell), cell, names)
        axes.set_xticks(range(classes), labels, **turned)
        axes.set_yticks(range(classes), labels if axes in panels[:, 0] else [""] * classes)
        axes.set_title(cell)
    figure.supxlabel("predicted", fontsize=9)
    figure.supylabel("true", fontsize=9)
    return figure


def draw_matrix(axes, confusion, colour, cell, names):
    """Draw the shaded squares, the counts and, of few classes, the percentages of a matrix."""
    import numpy as np
    from matplotlib.patches import Rectangle

    counts = np.array(confusion)
    rows = counts.sum(axis=1)
    for (true, guess), count in np.ndenumerate(counts):
        share = count / rows[true] if rows[true] else 0
        square = Rectangle((guess - 0.5, true - 0.5), 1, 1, facecolor=colour, alpha=SHADE * share)
        axes.add_patch(square)
        text = f"{100 * share:.0f}" if count else ""
        if len(counts) <= FEW_CLASSES:
            text = (f"{count:.1f}" if count < 10 else f"{count:,.0f}") + f"\n{text} %" * bool(count)
        axes.text(guess, true, text, ha="center", va="center", fontsize=canvas.SMALL)
        each = told(cell, names[true], names[guess], count, rows[true])
        canvas.values(axes, [guess], [true], [each])
    between = np.arange(len(counts) + 1) - 0.5
    axes.set_xticks(between, minor=True)
    axes.set_yticks(between, minor=True)
    axes.set(xlim=between[[0, -1]], ylim=between[[-1, 0]], aspect="equal")
    axes.grid(visible=False)
    axes.grid(visible=True, which="minor")
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
