"""Measurements with their goals, and tables of them. Standard library only."""

import csv
import io
import statistics
from dataclasses import dataclass

COLUMNS = ["against", "on", "goal", "median", "min", "max", "unit", "met"]


@dataclass
class Row:
    """A measurement with one value per round, and its goal.

    ``at_least`` and ``at_most`` bound the median; with neither there is no goal.
    """

    against: str
    on: str
    values: list
    unit: str = "×"
    at_least: float | None = None
    at_most: float | None = None

    @property
    def goal(self):
        """The goal in words, empty without one."""
        if self.at_least is not None:
            return f"at least {self.at_least:g} {self.unit}"
        return f"at most {self.at_most:g} {self.unit}" if self.at_most is not None else ""

    @property
    def met(self):
        """Whether the median meets the goal; None without one."""
        middle = statistics.median(self.values)
        if self.at_least is not None:
            return middle >= self.at_least
        return middle <= self.at_most if self.at_most is not None else None

    def cells(self):
        """The row's texts by column."""
        middle, low, high = statistics.median(self.values), min(self.values), max(self.values)
        met = {True: "yes", False: "no", None: ""}[self.met]
        numbers = (shown(number) for number in (middle, low, high))
        return dict(
            zip(COLUMNS, [self.against, self.on, self.goal, *numbers, self.unit, met], strict=True)
        )


def shown(number):
    """A number with three significant digits, never in scientific notation."""
    if abs(number) >= 100:
        return f"{number:.0f}"
    digits = 1 if abs(number) >= 10 else 2 if abs(number) >= 1 else 3
    return f"{number:.{digits}f}"


def ratios(numerators, denominators):
    """Return the ratio of each round, in which both sides were measured."""
    return [a / b for a, b in zip(numerators, denominators, strict=True)]


def summary(rows):
    """Return, for each ``against`` with a goal, the row that comes closest to missing it."""
    worst = {}
    for row in rows:
        if row.met is None:
            continue
        slack = statistics.median(row.values) / (row.at_least or row.at_most)
        slack = slack if row.at_least is not None else 1 / slack
        if row.against not in worst or slack < worst[row.against][0]:
            worst[row.against] = slack, row
    return [row for _, row in worst.values()]


def as_markdown(rows):
    """Return rows as a Markdown table."""
    head = ["against", "on", "goal", "median", "range", "met"]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        c = row.cells()
        between = f"{c['min']} – {c['max']}" if len(row.values) > 1 else ""
        cells = [c["against"], c["on"], c["goal"], f"{c['median']} {c['unit']}", between, c["met"]]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def as_csv(rows):
    """Return rows as CSV text."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row.cells() for row in rows)
    return stream.getvalue()
