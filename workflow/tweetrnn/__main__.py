"""The command line: ``python -m tweetrnn STAGE``."""

import argparse
import importlib
import logging
import os
import sys
import threading
import time

from tweetrnn.errors import Stopped, UserError, note
from tweetrnn.guard import LOOKED_AFTER, STOPPED_STATUS, Guard

# {command: (its module, what it does)}; the stages in the order in which a tweet meets them.
COMMANDS = {
    "run": ("running.run", "run the workflow on this machine, safe to start again after any kill"),
    "submit": ("running.submit", "run the workflow on a SLURM cluster, watched over"),
    "status": ("running.status", "tell how far the trainings are (--watch: until they are done)"),
    "config": ("config", "check a config file and show it completed; without one, list all keys"),
    "demo": ("data.demo", "write the demo corpus"),
    "download": ("data.download", "fetch a corpus and check its sha256"),
    "tokenize": ("data.tokenize", "read and check a corpus, split its tweets into tokens"),
    "encode": ("data.encode", "make the dictionary and the id sequences"),
    "split": ("data.split", "divide tweets into train, validation and test; fix the vocabulary"),
    "train": ("training.train", "train one run"),
    "baselines": ("evaluation.baselines", "score the majority class and a logistic regression"),
    "aggregate": ("evaluation.aggregate", "gather all runs in one ranked table"),
    "select": ("evaluation.select", "choose each cell's best combination on validation"),
    "compare": ("evaluation.compare", "compare the selected combinations, and describe the grid"),
    "plot": ("reporting.plot", "draw the figures"),
    "render": ("reporting.render", "write the HTML and the Markdown report"),
    "headline": ("reporting.headline", "print where a report lies and what it says first"),
    "trace": ("reporting.trace", "follow one tweet through the stages"),
    "predict": ("prediction.predict", "say what a trained model makes of tweets"),
    "export": (
        "prediction.export",
        "write a trained run as a folder to take away, or its weights in Keras's order",
    ),
    "import-keras": ("prediction.import_keras", "take weights from Keras into a run's format"),
}


def _log_to(path):
    """Send everything to the log file, warnings and worse to the terminal as well."""
    logger = logging.getLogger("tweetrnn")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for earlier in logger.handlers[:]:  # of another call in this process, as tests make them
        logger.removeHandler(earlier)
        earlier.close()
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(terminal)
    if path:
        terminal.setLevel(logging.WARNING)
        file = logging.FileHandler(path, encoding="utf-8")
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        file.handleError = lambda record: None  # on a full disk, the result's own error is told
        logger.addHandler(file)


def _end_with(supervisor):
    """End this process soon after the process ``supervisor``, which alone wants its files.

    Otherwise a stage whose Snakemake was killed would put its file over one made since.
    """
    guard = Guard(supervisor)

    def watch():
        while True:
            try:
                guard.poll()
            except Stopped:
                os._exit(STOPPED_STATUS)
            time.sleep(LOOKED_AFTER)

    threading.Thread(target=watch, daemon=True).start()


def _tell(message):
    """Tell what went wrong, on the terminal and in the log; return the exit status."""
    message = f"error: {message}"
    logging.getLogger("tweetrnn").error(message)
    note(message)
    return 1


def _lacks_memory(error):
    """Whether an exception means that memory ran out; torch has no class of its own for the CPU."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "allocate memory" in str(error)
    )


def main(argv=None):
    """Run one stage; return the exit status (1 for a user's mistake, told in one message)."""
    parser = argparse.ArgumentParser(
        prog="python -m tweetrnn",
        description="The pipeline's stages, and what else can be done with it. STAGE --help "
        "explains a stage's options.",
    )
    stages = parser.add_subparsers(dest="command", required=True, metavar="STAGE")
    arguments = sys.argv[1:] if argv is None else argv
    for name, (path, summary) in COMMANDS.items():
        stage = stages.add_parser(name, help=summary, description=summary)
        if arguments[:1] == [name]:  # no other one is imported: torch alone costs seconds
            module = importlib.import_module(f"tweetrnn.{path}")
            module.add_arguments(stage)
            stage.set_defaults(main=module.main)
        stage.add_argument(
            "--log", metavar="FILE", help="write progress there, not to the terminal"
        )
    options = parser.parse_args(arguments)
    supervisor = os.environ.get("TWEETRNN_SUPERVISOR")
    if supervisor and options.command != "train":  # which stops by itself, with a checkpoint
        _end_with(int(supervisor))
    try:
        _log_to(options.log)
        return options.main(options) or 0
    except UserError as error:
        return _tell(error)
    except BrokenPipeError:
        return 1
    except OSError as error:  # a full disk, a read-only folder: the machine's fault, not the code's
        path = error.filename2 or error.filename  # of a copy or a move, where it goes
        where = f"{path}: " if path else ""
        return _tell(f"{where}{error.strerror or error}; mend that and run again")
    except (MemoryError, RuntimeError) as error:
        if not _lacks_memory(error):
            raise
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        return _tell(
            f"memory ran out ({reason}); run fewer jobs at once (--cores), or choose a smaller "
            "training.batch_size or model.units"
        )


if __name__ == "__main__":
    sys.exit(main())
