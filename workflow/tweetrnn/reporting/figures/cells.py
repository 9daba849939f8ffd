"""The cells side by side: a line for each combination, with every cell's figure on it."""

from tweetrnn.names import FACTORS, RANKINGS, is_mean
from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "The cells side by side"
CATEGORY = "All runs"
SECTION, AFTER = "runs", None
NEEDS_COMPARISON = False
MOST_COMBINATIONS = 48  # the best are shown
HEADINGS = {
    "recurrent_layers": "recur-\nrent",
    "dense_layers": "dense",
    "dropout": "drop-\nout",
    "regularization": "L2",
    "learning_rate": "rate",
}


def names(config):
    """Return the figure's name, none for a single cell."""
    return ["cells"] if len(config["grid"]["cell"]) > 1 else []


def caption(config):
    """Return the caption."""
    by = config["report"]["rank_by"]
    baselines = "" if is_mean(by) else " The baselines are drawn as lines."
    return (
        f"One row for each combination with the {RANKINGS[by]} of every cell (replicates "
        "averaged), the best first. A large gap is due to the cell, or to luck with the seed."
        + baselines
    )


def by_combination(experiment):
    """Return a DataFrame of figures by combination and cell, the best mean over cells first.

    Figures are means over replicates, NaN where no run has finished.
    """
    from tweetrnn.evaluation.tables import mean_figures

    runs = experiment.runs[experiment.runs["cell"].isin(experiment.cells)]
    table = mean_figures(runs, experiment.rank_by).unstack("cell")
    mean = table.mean(axis=1)
    return table.loc[mean.sort_values(ascending=False, kind="stable").index]


def alt_text(experiment):
    """Return how often each cell is the best."""
    table = by_combination(experiment)
    best = table.eq(table.max(axis=1), axis=0)
    decided = best[(best.sum(axis=1) == 1) & (table.count(axis=1) > 1)].sum()
    wins = ", ".join(f"{cell} in {decided.get(cell, 0)}" for cell in experiment.cells)
    ranking = RANKINGS[experiment.rank_by]
    return (
        f"One line for each combination with the {ranking} of every cell. Of {len(table)} "
        f"combinations the best is {wins}."
    )


def draw(experiment):
    """Draw the combinations' levels as a small table, and their lines at its right."""
    table, look = by_combination(experiment), canvas.Look(experiment.cells)
    if table.empty:
        return canvas.note("no run has finished")
    shown = table.head(MOST_COMBINATIONS)
    texts = level_columns(experiment.runs, shown.index)
    widths = [max(0.36, 0.1 + 0.07 * max(map(len, column))) for column in texts.values()]
    left_width = 0.08 + sum(widths)  # inches
    height, ratio = 0.95 + 0.17 * max(len(shown), 3), [left_width, canvas.WIDTH - 0.2 - left_width]
    figure, (left, axes) = canvas.subplots(height, 1, 2, sharey=True, width_ratios=ratio)
    levels = experiment.runs.drop_duplicates("combination").set_index("combination")
    made_of = levels.loc[shown.index].to_dict("records")
    rows = [row.dropna().to_dict() for _, row in shown.iterrows()]

    def described(place, cell):
        run = canvas.settings(made_of[place] | {"cell": cell})
        del run["replicate"]  # over which the value is the mean
        return run | {RANKINGS[experiment.rank_by]: rows[place][cell]}

    canvas.dumbbells(axes, rows, look, described)
    canvas.baseline_lines(axes, experiment.baseline_values(experiment.rank_by), vertical=True)
    canvas.rows(axes, [""] * len(shown))
    chosen = f"\n(the best {len(shown)} of {len(table)})" if len(table) > len(shown) else ""
    axes.set_xlabel(RANKINGS[experiment.rank_by] + chosen)
    draw_table(left, texts, widths)
    canvas.legend(figure, 2)
    return figure


def level_columns(runs, combinations):
    """Return {factor: each combination's level as text} of the factors in which they differ."""
    levels = runs.drop_duplicates("combination").set_index("combination").loc[combinations]
    return {
        factor: [short_level(value) for value in levels[factor]]
        for factor in FACTORS
        if levels[factor].nunique() > 1
    }


def short_level(value):
    """Return a level for a narrow column: yes and no as a dot and a dash."""
    if isinstance(value, bool):
        return "\u25cf" if value else "\u2013"
    return doc.level(value)


def draw_table(axes, texts, widths):
    """Draw {factor: text of each row} as columns of these widths, in inches."""
    for number, (factor, column) in enumerate(texts.items()):
        middle = sum(widths[:number]) + widths[number] / 2
        axes.text(middle, -0.9, HEADINGS[factor], ha="center", va="bottom", fontsize=canvas.SMALL)
        for row, text in enumerate(column):
            axes.text(middle, row, text, ha="center", va="center", fontsize=canvas.SMALL)
    axes.set_xlim(0, sum(widths) or 1)
    axes.set_axis_off()
