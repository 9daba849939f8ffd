"""The live view: a Snapshot as text with colors, for any width and height."""

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tweetrnn.reporting import headline
from tweetrnn.running.snapshot import name_of
from tweetrnn.running.words import progress, time_left

WIDE = 120  # columns from which there is room for a bar of each training
SHORTEST = 5  # columns of the bar
FAILURES = 4  # shown at once; the last ones


def view(snapshot, width, height, log=""):
    """Return a Snapshot for rich's Console, at most ``height`` lines of ``width`` columns.

    The last line is where Snakemake's output is: ``log``, if any.
    """
    parts = {
        "bar": [_bar(snapshot, width)],
        "notes": [_line(note, "yellow") for note in _idle(snapshot) + snapshot.notes],
        "report": _report(snapshot),
        "failures": _failures(snapshot, width, height),
        "log": [_line(f"Snakemake's output: {log}", "dim")] if log else [],
        "stages": _stages(snapshot, width),
    }
    best = _best(snapshot)
    room = height
    for name, lines in parts.items():  # the most urgent first
        parts[name] = lines[: max(room, 0)]
        room -= len(parts[name])
    best = best if len(best) <= room else []
    rows = [*_running(snapshot, room - len(best)), *best]
    return Group(
        *(parts["bar"] + parts["stages"]),
        *([_table(rows, width)] if rows else []),
        *(parts["failures"] + parts["notes"] + parts["report"] + parts["log"]),
    )


def _line(text, style=""):
    """Return one line, cut where the terminal ends; nothing in it is a command to the terminal."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return Text(text, style, no_wrap=True, overflow="ellipsis")


def _bar(snapshot, width):
    """Return the first line: name, trainings, bar, time left."""
    name, left = Text(snapshot.name or "starting", "bold"), time_left(snapshot)
    cells = [name, Text(progress(snapshot))] if snapshot.total else [name]
    room = width - sum(len(cell) + 2 for cell in cells) - len(left) - 2
    if room < SHORTEST or not snapshot.total:
        return _line("  ".join(filter(None, [*map(str, cells), left])), "bold")
    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_row(
        *cells, ProgressBar(snapshot.total, snapshot.done, width=room + 2 * (not left)), Text(left)
    )
    return row


def _report(snapshot):
    """Return a line with the report's path, a link."""
    if not snapshot.report:
        return []
    line = _line(f"The report: {snapshot.report}")
    line.stylize(f"link {headline.url(snapshot.report)}", len("The report: "))
    return [line]


def _idle(snapshot):
    """Return a line that says that nothing runs, although something is left to do."""
    stopped = len(snapshot.of("stopped"))
    if snapshot.running or snapshot.to_come or snapshot.of("running") or snapshot.complete:
        return []
    begun = f"; {stopped:,} stopped, which continue from their checkpoints" if stopped else ""
    return [f"nothing is running now{begun}"] if snapshot.name else []


def _stages(snapshot, width):
    """Return a line of the stages in each state, if there are any."""
    lines = []
    for word, names in (
        ("done", snapshot.finished),
        ("now", snapshot.running),
        ("to come", snapshot.to_come),
    ):
        if names:
            lines.append(_line(_cut(f"{word:9}", names, width)))
    return lines


def _cut(text, names, width):
    """Return ``text`` and as many names as there is room for, and how many more there are."""
    for shown in range(len(names), 0, -1):
        more = f" and {len(names) - shown} more" if shown < len(names) else ""
        line = f"{text}{', '.join(names[:shown])}{more}"
        if len(line) <= width:
            break
    return line


def _running(snapshot, room):
    """Return rows for ``_table`` of the trainings that run, as many as there is room for."""
    running = snapshot.of("running")
    if not running or room < 2:
        return []
    shown = running if len(running) < room else running[: room - 2]
    rows = [("running", "", "epoch", "val. accuracy", "bold")]
    for status in shown:
        epoch = f"{status.epoch} of {status.epochs}" if status.epoch else "starting"
        done = status.epoch / status.epochs if status.epoch else 0.0
        rows.append((name_of(status), done, epoch, _share(status.best), ""))
    if len(shown) < len(running):
        rows.append((f"and {len(running) - len(shown):,} more", "", "", "", "dim"))
    return rows


def _best(snapshot):
    """Return rows for ``_table`` of each cell's best training."""
    best = snapshot.best().values()
    if not best:
        return []
    head = "best" if snapshot.complete else "best so far"
    return [
        (head, "", "", "" if snapshot.of("running") else "val. accuracy", "bold"),
        *((name_of(status), "", "", _share(status.best), "") for status in best),
    ]


def _share(accuracy):
    return "" if accuracy is None else f"{accuracy:.4f}"


def _table(rows, width):
    """Return rows (name, done share, epoch, accuracy, style) as a table, each on one line."""
    wide, table = width >= WIDE, Table.grid(padding=(0, 2, 0, 0))
    others = [len(max((row[column] for row in rows), key=len)) for column in (2, 3)]
    room = width - sum(others) - 4 - (26 if wide else 0)
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=max(room, 10))
    if wide:
        table.add_column(width=24)
    for own in others:
        table.add_column(no_wrap=True, justify="right", min_width=own)
    for name, done, epoch, accuracy, style in rows:
        bar = ProgressBar(total=1.0, completed=done) if done != "" else ""
        indent = "" if style == "bold" else "  "
        cells = [Text(f"{indent}{name}"), bar, Text(epoch), Text(accuracy)]
        table.add_row(*(cells if wide else [cells[0], *cells[2:]]), style=style)
    return table


def _failures(snapshot, width, height):
    """Return lines of the last failures: what failed and why, and the path of its log, uncut."""
    failures = snapshot.failures
    if not failures:
        return []
    shown = failures[-max(1, min(FAILURES, height // 6)) :]
    before = len(failures) - len(shown)
    lines = [_line(f"failed{f', and {before:,} more before' if before else ''}", "bold red")]
    for failure in shown:
        lines.append(_line(": ".join(filter(None, [f"  {failure.title}", failure.error]))))
        log, room = f"see {failure.log}", max(width - 4, 10)
        lines += [_line(f"    {log[at : at + room]}") for at in range(0, len(log), room)]
    return lines
