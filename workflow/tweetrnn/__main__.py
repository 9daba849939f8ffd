"""The command line: ``python -m tweetrnn COMMAND``."""

import argparse
import importlib
import io
import logging
import os
import sys
import threading
import time

from tweetrnn import stages
from tweetrnn.errors import Stopped, UserError, repeat_at_end
from tweetrnn.supervision.guard import CHECK_INTERVAL, STOPPED_STATUS, Guard
from tweetrnn.wording import listed

# {command: (its module, what it does)}, for people; rules run the stages of stages.py.
COMMANDS = {
    "run": ("running.run", "run the workflow on this machine; safe to start again after any kill"),
    "submit": (
        "running.submit",
        "run the workflow on a SLURM cluster; safe to start again after any fault",
    ),
    "status": ("running.status", "show how far the trainings are (--watch: until they are done)"),
    "config": (
        "running.show_config",
        "check a config file and show it completed; without one, list all keys",
    ),
    "headline": ("reporting.headline", "print where a report is and its first sentences"),
    "diff": ("reporting.diff", "compare finished experiments: configs, results, shared tweets"),
    "trace": ("reporting.trace", "follow one tweet through the stages"),
    "predict": ("prediction.predict", "predict the class of tweets with a trained model"),
    "export": (
        "prediction.export",
        "write a trained run as a folder to take elsewhere, or its weights in Keras's order",
    ),
    "import-keras": ("prediction.import_keras", "convert Keras's weights, for predict and export"),
}


class _Closed(io.TextIOBase):
    """Stands for standard output that the caller has closed."""

    def write(self, text):
        """Say so, as soon as something is printed."""
        raise UserError("standard output is closed; send it to a file or to /dev/null")

    def reconfigure(self, **how):
        """Do nothing."""


def _prepare_streams():
    """Let no letter that the terminal lacks, and no closed stream, end in a traceback."""
    sys.stdout = sys.stdout or _Closed()
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115 - open to the end
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # pytest's have none
            stream.reconfigure(errors="backslashreplace")


def _log_to(path):
    """Log to the file ``path``, and warnings and errors to the terminal as well.

    Without a file, everything goes to the terminal.
    """
    logger = logging.getLogger("tweetrnn")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for handler in logger.handlers[:]:  # of an earlier call in this process, as in tests
        logger.removeHandler(handler)
        handler.close()
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(terminal)
    if path:
        terminal.setLevel(logging.WARNING)
        file = logging.FileHandler(path, encoding="utf-8")
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        file.handleError = lambda record: None  # on a full disk, the result's error is reported
        logger.addHandler(file)


def _end_with(supervisor):
    """End this process soon after its ``supervisor``, the only process that needs its files.

    Otherwise a stage whose Snakemake was killed could overwrite files written later.
    """
    guard = Guard(supervisor)

    def watch():
        while True:
            try:
                guard.poll()
            except Stopped:
                os._exit(STOPPED_STATUS)
            time.sleep(CHECK_INTERVAL)

    threading.Thread(target=watch, daemon=True).start()


def _fail(message):
    """Report what went wrong, on the terminal and in the log; return the exit status."""
    message = f"error: {message}"
    logging.getLogger("tweetrnn").error(message)
    repeat_at_end(message)
    return 1


def _is_out_of_memory(error):
    """Whether an exception means that memory ran out; torch has no such class for the CPU."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "allocate memory" in str(error)
    )


class _Command(argparse.ArgumentParser):
    """Parses a command's arguments, which options may stand between."""

    _mixing = False  # parse_known_intermixed_args calls parse_known_args

    def parse_known_args(self, args=None, namespace=None):
        """Return (the options, what is left over)."""
        if self._mixing or "--" in args:  # after it, everything is an argument
            return super().parse_known_args(args, namespace)
        self._mixing = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False

    def error(self, message):
        """End with a message that helps with values that look like options."""
        if "expected one argument" in message:
            message += "; a value that begins with - is written --option=-value"
        super().error(message)


def parse(arguments):
    """Return (command or stage, a function that runs it, its log file) of a command line."""
    if arguments[:1] and arguments[0] in stages.STAGES:
        stage, values, config, log = stages.parse(arguments)
        return stage, lambda: stages.run(stage, values, config), log
    parser = argparse.ArgumentParser(
        prog="python -m tweetrnn",
        description="The pipeline's commands; COMMAND --help explains the options of one. "
        f"(The workflow's rules run the stages {listed(list(stages.STAGES))}.)",
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=_Command
    )
    for name, (path, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        if arguments[:1] == [name]:  # import no other module: torch alone takes seconds
            module = importlib.import_module(f"tweetrnn.{path}")
            module.add_arguments(command)
            command.set_defaults(main=module.main)
        command.add_argument(
            "--log", metavar="FILE", help="write progress to this file, not to the terminal"
        )
    options = parser.parse_args(arguments)
    return options.command, lambda: _run_command(options, arguments), options.log


def _run_command(options, arguments):
    """Run a command, unless an option is empty: it would pass for one that is left out."""
    for name, value in vars(options).items():
        if value == "":
            option = f"--{name.replace('_', '-')}"
            given = any(argument.partition("=")[0] == option for argument in arguments)
            raise UserError(f"{option if given else name.upper()}: expected a value, got ''")
    return options.main(options)


def main(argv=None):
    """Run one command or stage; return the exit status (1 after a user's mistake)."""
    _prepare_streams()
    try:
        name, run, log = parse(sys.argv[1:] if argv is None else argv)
        supervisor = os.environ.get("TWEETRNN_SUPERVISOR", "")
        if supervisor and name != "train":  # train stops by itself, with a checkpoint
            _end_with(supervisor)
        _log_to(log)
        return run() or 0
    except UserError as error:
        return _fail(error)
    except BrokenPipeError:
        return 1
    except OSError as error:  # a full disk, a read-only folder: the machine's fault, not the code's
        path = error.filename2 or error.filename  # of a copy or a move, where it goes
        where = f"{path}: " if path else ""
        return _fail(f"{where}{error.strerror or error}; fix that and run again")
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        return _fail(
            f"memory ran out ({reason}); run fewer jobs at once (--cores), or choose a smaller "
            "training.batch_size or model.units"
        )


if __name__ == "__main__":
    sys.exit(main())
