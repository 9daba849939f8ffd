"""A run in words: one line of its progress, and the sentences at its end."""

from tweetrnn.running.snapshot import seconds_by_stage
from tweetrnn.wording import counted


def duration(seconds):
    """Return seconds in words: ``40 s``, ``12 min``, ``3 h 20 min``."""
    seconds = round(seconds)
    if seconds < 100:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def time_left(snapshot):
    """Return how long the trainings will take, in words; "" if nobody knows."""
    seconds = snapshot.seconds_left()
    return "" if seconds is None or seconds < 1 else f"about {duration(seconds)} left"


def progress(snapshot):
    """Return how many trainings are done, in words."""
    if snapshot.complete:
        return f"all {counted(snapshot.total, 'training')} done"
    return f"{snapshot.done:,} of {counted(snapshot.total, 'training')}"


def line_of(snapshot):
    """Return a Snapshot as one line, "" before there is anything to say."""
    if not snapshot.total:
        return ""
    running, failed = len(snapshot.of("running")), len(snapshot.failures)
    parts = [
        progress(snapshot) if snapshot.complete else f"{progress(snapshot)} done",
        f"{running} running" if running else "",
        f"{failed} failed" if failed else "",
        f"now {', '.join(snapshot.running)}" if snapshot.running and not running else "",
        time_left(snapshot),
        *snapshot.notes,
    ]
    return "; ".join(part for part in parts if part)


def stage_times(events):
    """Return the time of each stage as a line of text, "" if none has ended."""
    parts = [
        f"{rule} {duration(seconds)}{f' in {count} jobs' if count > 1 else ''}"
        for rule, (count, seconds) in seconds_by_stage(events).items()
    ]
    return f"Time per stage: {', '.join(parts)}" if parts else ""
