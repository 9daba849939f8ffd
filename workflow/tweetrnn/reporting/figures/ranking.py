"""All runs in the order of their ranks, and below them what each run is made of."""

from tweetrnn.evaluation.tables import records
from tweetrnn.names import FACTORS, RANKINGS, is_mean, model_label
from tweetrnn.reporting import canvas
from tweetrnn.reporting import document as doc

TITLE = "All runs, ranked"
CATEGORY = "All runs"
SECTION, AFTER = "runs", None
NEEDS_COMPARISON = False
MOST_LEVELS = 8  # of a factor, each with a row of its own; neighbours of more share one
ROW_NAMES = {
    "recurrent_layers": "{} recurrent",
    "dense_layers": "{} dense",
    "dropout": "dropout",
    "regularization": "L2",
    "learning_rate": "rate {}",
}


def caption(config):
    """Return the caption."""
    by = config["report"]["rank_by"]
    baselines = "" if is_mean(by) else ", with the baselines as lines"
    return (
        f"Every run of the grid by {RANKINGS[by]}, best first{baselines}. The marks below a run "
        "show its cell and its hyperparameters; for dropout and L2 regularisation only the runs "
        "that have it are marked."
    )


def alt_text(experiment):
    """Return the first and the last run, and how many are above each baseline."""
    by, runs = experiment.rank_by, experiment.finished
    if runs.empty:
        return "No run has finished."
    first, last = runs.iloc[0], runs.iloc[-1]
    text = (
        f"{doc.runs_in_words(len(runs))} by {RANKINGS[by]}, best first: from "
        f"{doc.share(first[by])} ({first['cell']} {first['combination']}) down to "
        f"{doc.share(last[by])}"
    )
    for name, value in experiment.baseline_values(by).items():
        above = (runs[by] > value).sum()
        text += f"; {above} above the {model_label(name)}'s {doc.share(value)}"
    return f"{text}. Below, the cell and the hyperparameters of each."


def level_rows(runs):
    """Return [(row's name, factor, levels)] for every factor in which the runs differ.

    Of yes and no, only yes has a row; the levels of a factor that has many share rows.
    """
    import numpy as np

    rows = []
    for factor in FACTORS:
        levels = sorted(runs[factor].unique().tolist())
        if len(levels) < 2:
            continue
        groups = [[True]]
        if levels != [False, True]:
            groups = np.array_split(levels, min(len(levels), MOST_LEVELS))
        for group in map(list, groups):
            ends = dict.fromkeys(doc.level(end) for end in (group[0], group[-1]))
            rows.append((ROW_NAMES[factor].format(" to ".join(ends)), factor, group))
    return rows


def draw(experiment):
    """Draw every run's figure by its rank, and below it a mark for its cell and each level."""
    import numpy as np

    by, runs = experiment.rank_by, experiment.finished
    if runs.empty:
        return canvas.note("no run has finished")
    count, rank = len(runs), np.arange(1, len(runs) + 1)
    look = canvas.Look(experiment.trained_cells)
    cells = [cell for cell in experiment.trained_cells if (runs["cell"] == cell).any()]
    levels = level_rows(runs)
    names = [*map(model_label, cells), *(name for name, _, _ in levels)]
    height = 0.17 * len(names) + 0.2
    figure, (above, below) = canvas.subplots(
        2.6 + height, 2, 1, sharex=True, height_ratios=[2.2, height + 0.1]
    )
    rasterized = count > canvas.CROWDED
    size = float(np.clip(260 / count, 1.5, 4.5))
    tick = {"linewidth": float(np.clip(150 / count, 0.3, 1.6)), "rasterized": rasterized}
    for row, cell in enumerate(cells):
        of_cell = (runs["cell"] == cell).to_numpy()
        dots = look.dots(cell) | {"markersize": size, "rasterized": rasterized}
        above.plot(rank[of_cell], runs[by][of_cell], label=model_label(cell), **dots)
        of_each = [
            {"rank": at} | canvas.settings(run) | {RANKINGS[by]: run[by]}
            for at, run in zip(rank[of_cell], records(runs[of_cell]), strict=True)
        ]
        canvas.values(above, rank[of_cell], runs[by][of_cell], of_each)
        canvas.ticks(below, rank[of_cell], row, 0.62, color=look.colour(cell), **tick)
    for row, (_, factor, values) in enumerate(levels, len(cells)):
        canvas.ticks(below, rank[runs[factor].isin(values)], row, 0.62, color=canvas.INK, **tick)
    canvas.baseline_lines(above, experiment.baseline_values(by))
    above.set_ylabel(RANKINGS[by])
    above.tick_params(axis="x", length=0)
    edges = [len(cells) - 0.5]
    for factor in dict.fromkeys(factor for _, factor, _ in levels):
        edges.append(edges[-1] + sum(factor == other for _, other, _ in levels))
    below.hlines(edges[:-1], 0.5, count + 0.5, color=canvas.GRID, linewidth=0.8)
    canvas.rows(below, names)
    below.set_xlim(0.5 - 0.015 * count, count * 1.015 + 0.5)
    below.grid(axis="y", visible=False)
    canvas.whole_numbers(below.xaxis, min_n_ticks=1)
    left_out = len(experiment.runs) - count
    below.set_xlabel("runs, best first" + (f" ({left_out} without result)" if left_out else ""))
    canvas.legend(figure, 2, markerscale=4.5 / size)
    return figure
