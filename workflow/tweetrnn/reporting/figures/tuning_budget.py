"""How good the best of a few combinations is expected to be, by how many are tried."""

from tweetrnn.names import RANKINGS
from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "The tuning budget"
CATEGORY = "Comparison"
SECTION, AFTER = "real", "tuning_budget"
NEEDS_COMPARISON = True


def caption(config):
    """Return the caption."""
    return (
        f"The {RANKINGS[config['report']['select_by']]} that the best of n combinations of a cell "
        "is expected to have when they are drawn at random, with replacement, from those trained "
        "(Dodge and others, 2019). The band is one standard deviation over draws."
    )


def alt_text(experiment):
    """Return each cell's expected best of one and of all combinations."""
    cells = [
        f"{cell} {doc.share(budget.expected_best[0])} for one, "
        f"{doc.share(budget.expected_best[-1])} for {len(budget.expected_best)}"
        for cell, budget in experiment.comparison.tuning_budget.items()
    ]
    by = RANKINGS[experiment.comparison.select_by]
    return f"Expected {by} of the best of n combinations: {doc.first_of(cells)}."


def draw(experiment):
    """Draw each cell's expected best over the number of combinations, with a band around it."""
    comparison, look = experiment.comparison, canvas.Look(experiment.cells)
    figure, axes = canvas.subplots(2.8)
    for cell, budget in comparison.tuning_budget.items():
        tried = range(1, len(budget.expected_best) + 1)
        marker = look.marker(cell) if len(tried) <= 40 else {}
        axes.plot(tried, budget.expected_best, label=cell, **marker | look.line(cell))
        by = RANKINGS[comparison.select_by]
        rows = [
            {
                "cell": cell,
                "combinations tried": n,
                f"expected {by}": best,
                "standard deviation": sd,
            }
            for n, best, sd in zip(tried, budget.expected_best, budget.sd, strict=True)
        ]
        canvas.values(axes, list(tried), budget.expected_best, rows)
        ends = zip(budget.expected_best, budget.sd, strict=True)
        low, high = zip(*((mean - sd, mean + sd) for mean, sd in ends), strict=True)
        axes.fill_between(tried, low, high, color=look.colour(cell), alpha=0.15, linewidth=0)
    canvas.baseline_lines(axes, experiment.baseline_values(comparison.select_by))
    xlabel = "combinations tried (line: expected value of the best)"
    axes.set(xlabel=xlabel, ylabel=RANKINGS[comparison.select_by])
    canvas.whole_numbers(axes.xaxis, min_n_ticks=1)
    canvas.legend(figure, 2)
    return figure
