"""Time and memory."""

from tweetrnn.reporting.document import Column, Section, Table, decimal, whole
from tweetrnn.reporting.sections.common import figure


def section(e):
    """Return the Section of an Experiment."""
    rows = []
    for cell in e.config["grid"]["cell"]:
        done = [row for row in e.runs if row["cell"] == cell and row["seconds"] is not None]
        seconds = sorted(row["seconds"] for row in done)
        memory = [row["max_rss_mb"] for row in done if row["max_rss_mb"] is not None]
        further = [run["seconds"] for run in e.replicates if run["cell"] == cell]
        rows.append(
            {
                "cell": cell,
                "runs": len(done),
                "total": sum(seconds) / 60,
                "median": seconds[len(seconds) // 2] if seconds else None,
                "slowest": seconds[-1] if seconds else None,
                "memory": max(memory, default=None),
                "asked": e.memory_mb,
                "further": len(further),
                "further_total": sum(further) / 60,
            }
        )
    return Section(
        "cost",
        "Cost",
        [
            figure(e, "cost"),
            Table(
                "cost",
                "Time and memory of the trainings, summed over attempts",
                [
                    Column("cell", "cell"),
                    Column("runs", "runs", whole),
                    Column("total", "minutes in all", decimal),
                    Column("median", "median seconds", decimal),
                    Column("slowest", "most seconds", decimal),
                    Column("memory", "most memory, MB", whole),
                    Column("asked", "asked for, MB", whole),
                    Column("further", "further replicates", whole),
                    Column("further_total", "their minutes", decimal),
                ],
                rows,
            ),
        ],
    )
