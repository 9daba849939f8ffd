"""Show how far the trainings of an experiment are, while they run here or on a cluster."""

import sys
import time
from collections import Counter
from datetime import timedelta

from tweetrnn.config import read, resolve
from tweetrnn.results import Results
from tweetrnn.results_format import check, renewing
from tweetrnn.running import events, screen
from tweetrnn.running.snapshot import Follower
from tweetrnn.running.trainings import DONE, STATES, best_by_cell, seconds_left

SHOWN = 50  # lines of trainings in one state


def lines(statuses, results, more=0):
    """Yield lines of text: totals, the best run of each cell, then what needs attention.

    ``more`` trainings follow, which a selection will name.
    """
    counts = Counter(status.state for status in statuses)
    totals = [f"{counts[state]} {state}" for state in reversed(STATES) if counts[state]]
    yield f"{len(statuses)} trainings: {', '.join(totals)}"
    seconds = seconds_left(statuses, more)
    finished = not more and all(status.state in DONE for status in statuses)
    if seconds is not None:
        yield f"time left: about {timedelta(seconds=round(seconds))}, at the present speed"
    elif not counts["running"] and not finished:
        yield "nothing is running now"
    for cell, best in best_by_cell(statuses).items():
        yield (
            f"best {cell}{'' if finished else ' so far'}: validation accuracy {best.best:.4f}, "
            f"{best.run.combination}, replicate {best.run.replicate}"
        )
    if results.html.exists():
        yield f"report: {results.html}"
    for state in ("failed", "stopped", "running"):
        found = [line(status) for status in statuses if status.state == state]
        yield from found[:SHOWN]
        if len(found) > SHOWN:
            yield f"  and {len(found) - SHOWN} more {state}"


def line(status):
    """Return a RunStatus as a line of text."""
    text = f"  {status.state:8} {status.split and status.split + ' '}{status.run}"
    if status.epochs:
        text += f"  epoch {status.epoch} of {status.epochs}, validation accuracy {status.best:.4f}"
    return f"{text}  {status.error}" if status.error else text


def add_arguments(parser):
    """Add this command's options."""
    parser.epilog = "States: " + "; ".join(f"{name}: {what}" for name, what in STATES.items())
    help_text = "the experiment's config (default: %(default)s)"
    parser.add_argument(
        "--configfile", default="config/config.yaml", metavar="FILE", help=help_text
    )
    watch_help = "show it again and again (default: every 5 seconds) until all trainings are done"
    seconds = {"type": float, "nargs": "?", "const": 5.0, "metavar": "SECONDS"}
    parser.add_argument("--watch", **seconds, help=watch_help)


def main(options):
    """Show the status, once or until all trainings are done."""
    config = resolve(read(options.configfile))
    results = Results.of(config)
    check(results, renewing(options.configfile))
    terminal = screen.terminal(sys.stdout)
    while True:
        command = events.of_running_command(results)
        follower = Follower(command, [(config, results)])
        snapshot = follower.look()
        if results.html.exists():
            snapshot.report = results.html
        if not terminal:
            print("\n".join(lines(snapshot.trainings, results, snapshot.more)), flush=True)
        elif options.watch:
            terminal.show(snapshot)
        else:
            terminal.show_once(snapshot)
        done = all(status.state in DONE for status in snapshot.trainings)
        if not options.watch or (done and not command):
            return
        try:
            time.sleep(options.watch)
        except KeyboardInterrupt:
            return
