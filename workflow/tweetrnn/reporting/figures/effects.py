"""What each hyperparameter does: differences between combinations that are otherwise equal."""

from tweetrnn.names import FACTORS, RANKINGS
from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "What each hyperparameter does"
CATEGORY = "All runs"
SECTION, AFTER = "effects", None
NEEDS_COMPARISON = True
MOST_ROWS = 60  # the largest are shown


def caption(config):
    """Return the caption."""
    sample = "" if config["grid"]["sample"] else " and are not a random sample"
    return (
        f"Each mark is the difference in {RANKINGS[config['report']['select_by']]} between two "
        "runs of one cell that differ only in this hyperparameter; positive means the second level "
        f"is better. The bar is their mean. The combinations share their tweets{sample}: this "
        "describes the grid and nothing beyond it."
    )


def label(effect):
    """Return what an effect compares, in two lines: ``learning rate`` and ``1e-4 → 1e-3``."""
    return f"{FACTORS[effect.factor]}\n{doc.level(effect.low)} → {doc.level(effect.high)}"


def alt_text(experiment):
    """Return each cell's largest effect."""
    effects = [effect for effect in experiment.comparison.factor_effects if effect.pairs]
    if not effects:
        return "No two finished combinations differ in one hyperparameter alone."
    largest = []
    for cell in experiment.cells:
        cell_effects = [effect for effect in effects if effect.cell == cell]
        if cell_effects:
            most = max(cell_effects, key=lambda effect: abs(effect.mean))
            what = label(most).replace("\n", " ")
            largest.append(f"{what} ({cell}, mean {doc.signed(most.mean)} points)")
    return (
        f"Differences in {RANKINGS[experiment.comparison.select_by]} between combinations that "
        f"differ in one hyperparameter alone. The largest: {'; '.join(largest)}."
    )


def draw(experiment):
    """Draw a row for each effect, with the cells' differences and means above one another."""
    cells, look = experiment.cells, canvas.Look(experiment.cells)
    effects = [effect for effect in experiment.comparison.factor_effects if effect.pairs]
    if not effects:
        return canvas.note("no two finished combinations differ in one hyperparameter alone")
    largest = {}
    for effect in effects:
        largest[label(effect)] = max(largest.get(label(effect), 0), abs(effect.mean))
    kept = sorted(largest, key=lambda name: -largest[name])[: max(1, MOST_ROWS // len(cells))]
    names = [name for name in largest if name in kept]
    effects = [effect for effect in effects if label(effect) in names]
    crowded = sum(effect.pairs for effect in effects) > canvas.CROWDED
    figure, axes = canvas.subplots(0.9 + len(names) * max(0.36, 0.2 * (len(cells) + 0.6)))
    step, means = 1 / (len(cells) + 0.6), []
    for number, cell in enumerate(cells):
        values, places, described = [], [], []
        for effect in [effect for effect in effects if effect.cell == cell]:
            place = names.index(label(effect)) + (number - (len(cells) - 1) / 2) * step
            values += sorted(effect.differences)
            places += (place + canvas.spread_out(effect.pairs, step * 0.55)).tolist()
            means.append((effect.mean, place))
            described += [described_by(effect, value) for value in sorted(effect.differences)]
        dots = look.dots(cell) | {"markersize": 3, "markeredgewidth": 0.8}
        axes.plot(values, places, rasterized=crowded, **dots)
        canvas.values(axes, values, places, described)
        axes.plot([], [], label=cell, **look.dots(cell))
    canvas.ticks(axes, *zip(*means, strict=True), step * 0.9, color=canvas.INK, linewidth=2.2)
    axes.plot([], [], color=canvas.INK, linestyle="none", marker="|", markersize=9, label="mean")
    axes.axvline(0, color=canvas.INK, linewidth=1.0)
    canvas.rows(axes, names)
    for edge in range(len(names) - 1):
        axes.axhline(edge + 0.5, color=canvas.GRID, linewidth=0.8)
    axes.grid(axis="y", visible=False)
    chosen = f"\n(the {len(names)} largest of {len(largest)})" if len(largest) > len(names) else ""
    canvas.points(axes.xaxis)
    by = RANKINGS[experiment.comparison.select_by]
    axes.set_xlabel(f"difference in {by}, points{chosen}")
    canvas.legend(figure, 4)
    return figure


def described_by(effect, difference):
    """Return the values of one difference's mark."""
    return {
        "hyperparameter": label(effect).replace("\n", ": "),
        "cell": effect.cell,
        "difference, points": 100 * difference,
        "mean, points": 100 * effect.mean,
    }
