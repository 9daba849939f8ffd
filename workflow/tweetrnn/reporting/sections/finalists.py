"""How each cell's combination was selected among the finalists."""

from statistics import fmean

from tweetrnn.names import RANKINGS
from tweetrnn.reporting import document as doc
from tweetrnn.wording import counted, listed


def blocks(comparison):
    """Return what the finalists' runs with other seeds changed; nothing without finalists."""
    rows = [
        {
            "cell": cell,
            "combination": doc.described(finalist.combination),
            "grid": finalist.grid_figure,
            "mean": fmean(finalist.figures) if finalist.figures else None,
            "range": [min(finalist.figures), max(finalist.figures)] if finalist.figures else None,
            "runs": len(finalist.figures),
            "selected": finalist.combination == choice.combination,
        }
        for cell, choice in comparison.selected.items()
        for finalist in choice.finalists
    ]
    if not rows:
        return []
    runs = max(row["runs"] for row in rows)
    method = (
        "A combination that was trained once may be the best by luck. So the best combinations of "
        f"each cell were trained again with {counted(runs, 'other seed')}, and the "
        "one with the best mean over these runs was selected."
    )
    columns = [
        *doc.columns(cell="cell", combination="combination"),
        *doc.columns(doc.share, grid="in the grid", mean="mean of other seeds"),
        *doc.columns(doc.between, range="range"),
        *doc.columns(doc.whole, runs="runs"),
        *doc.columns(doc.yes, selected="selected"),
    ]
    title = f"The finalists' {RANKINGS[comparison.select_by]}"
    return [
        doc.Paragraph(changes(comparison), "finding"),
        doc.Paragraph(method, "method"),
        doc.Table("finalists", title, columns, rows),
    ]


def changes(comparison):
    """Return for which cells the grid's best combination was not selected."""
    cells = [
        cell
        for cell, choice in comparison.selected.items()
        if choice.finalists and choice.finalists[0].combination != choice.combination
    ]
    if not cells:
        return "Training the finalists again confirmed the best combination of the grid."
    return (
        f"For {listed(cells)}, training the finalists again selected another combination than the "
        "best of the grid."
    )
