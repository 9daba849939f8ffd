"""Time and memory."""

from tweetrnn.reporting.document import Column, Section, Table, decimal, whole

COLUMNS = [
    Column("cell", "cell"),
    Column("runs", "runs", whole),
    Column("total", "minutes in all", decimal),
    Column("median", "median seconds", decimal),
    Column("slowest", "most seconds", decimal),
    Column("memory", "most memory, MB", whole),
    Column("asked", "asked for, MB", whole),
    Column("further", "further replicates", whole),
    Column("further_total", "their minutes", decimal),
]


def section(experiment):
    """Return the Section of an Experiment."""
    title = "Time and memory of the trainings, summed over attempts"
    return Section(
        "cost",
        "Cost",
        [Table("cost", title, COLUMNS, [row(experiment, c) for c in experiment.cells])],
    )


def row(experiment, cell):
    """Return a cell's row."""
    runs = experiment.runs[experiment.runs["cell"] == cell].dropna(subset="seconds")
    seconds, memory = sorted(runs["seconds"]), runs["max_rss_mb"].dropna()
    further = [seconds for run, seconds in experiment.new_seconds.items() if run.cell == cell]
    return {
        "cell": cell,
        "runs": len(runs),
        "total": sum(seconds) / 60,
        "median": seconds[len(seconds) // 2] if seconds else None,
        "slowest": max(seconds, default=None),
        "memory": max(memory, default=None),
        "asked": experiment.memory_mb,
        "further": len(further),
        "further_total": sum(further) / 60,
    }
