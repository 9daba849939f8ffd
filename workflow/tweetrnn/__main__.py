"""The command line: ``python -m tweetrnn COMMAND``."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # as with python -P: a random.py in the working folder is not Python's

import argparse
import atexit
import gc
import importlib
import logging
import os
import resource
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from itertools import takewhile

from tweetrnn import stages, streams
from tweetrnn.errors import Stopped, UserError, out_of_memory, repeat_at_end
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
    "headline": ("reporting.headline", "print an experiment's answer, and where its report is"),
    "diff": ("reporting.diff", "compare finished experiments: configs, results, shared tweets"),
    "verify": (
        "verification.verify",
        "check a finished experiment or its report.html: files, headline, trainings again",
    ),
    "trace": ("reporting.trace", "follow one tweet through the stages"),
    "predict": ("prediction.predict", "predict the class of tweets with a trained model"),
    "export": (
        "prediction.export",
        "write a trained run as a folder to take elsewhere, or its weights in Keras's order",
    ),
    "import-keras": ("prediction.import_keras", "convert Keras's weights, for predict and export"),
}
# Those that import numpy and more, and the bytes of address space that this takes: arrow alone
# reserves a gigabyte.
HEAVY = {*COMMANDS, *stages.STAGES} - {"submit", "status", "config", "headline"}
LEAST_MEMORY = 2.2e9


def _check_memory_limit(name):
    """Raise UserError where the limit of memory is so low that libraries crash, or wait forever.

    ``name`` is the command or stage.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if name in HEAVY and limit != resource.RLIM_INFINITY and limit < LEAST_MEMORY:
        raise UserError(
            f"{name}: memory is limited to {limit / 1e6:,.0f} MB (ulimit -v); expected at least "
            f"{LEAST_MEMORY / 1e6:,.0f} MB; raise the limit"
        )


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


def _message_about(error):
    """Return the message about an exception that is not the code's fault; None of another."""
    if isinstance(error, UserError):
        return str(error)
    if reason := out_of_memory(error):
        return (
            f"memory ran out ({reason}); raise its limit (ulimit -v), run fewer jobs at once "
            "(--cores), or choose a smaller training.batch_size or model.units"
        )
    if isinstance(error, OSError):  # a full disk, a read-only folder
        path = error.filename2 or error.filename  # of a copy or a move, where it goes
        where = f"{path}: " if path else ""
        return f"{where}{error.strerror or error}; fix that and run again"
    if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":
        return f"{error.object}: expected a path or text in UTF-8; rename the file or folder"
    if isinstance(error, ModuleNotFoundError) and not f"{error.name}".startswith("tweetrnn"):
        return (
            f"{sys.executable} has no Python package {error.name}; use the Python of the "
            "environment that make run installs, .venv/bin/python"
        )
    return None


class _Parser(argparse.ArgumentParser):
    """Parses options, of which each has its full name and is given once."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, allow_abbrev=False, **kwargs)

    def print_help(self, file=None):
        """Print the help; unlike argparse's, it fails if that cannot be written."""
        print(self.format_help(), end="", file=file)

    def _get_value(self, action, text):
        # An empty value would pass for an option that is left out; a tweet may be empty.
        if text == "" and action.nargs not in ("*", argparse.PARSER):
            raise argparse.ArgumentError(action, "expected a value, got ''")
        return super()._get_value(action, text)

    def error(self, message):
        """End with a message that helps with values that look like options."""
        if "expected one argument" in message:
            message += "; a value that begins with - is written --option=-value"
        super().error(message)


class _Command(_Parser):
    """Parses a command's arguments, which options may stand between."""

    _mixing = False  # parse_known_intermixed_args calls parse_known_args

    def parse_known_args(self, args=None, namespace=None):
        """Return (the options, what is left over)."""
        if self._mixing:
            return super().parse_known_args(args, namespace)
        for option, number in Counter(_given(args)).items():
            if option in self._option_string_actions and number > 1:
                self.error(f"{option} is given {number} times; give it once")
        if "--" in args:  # after it, everything is an argument
            return super().parse_known_args(args, namespace)
        self._mixing = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False


def _given(arguments):
    """Return the options of a command line, without their values."""
    options = takewhile(lambda argument: argument != "--", arguments)
    return [option.partition("=")[0] for option in options if option.startswith("-")]


def parse(arguments):
    """Return (command or stage, a function that runs it, its log file) of a command line."""
    if arguments[:1] and arguments[0] in stages.STAGES:
        stage, values, config, log = stages.parse(arguments)
        return stage, lambda: stages.run(stage, values, config), log
    parser = _Parser(
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
            _check_memory_limit(name)
            module = importlib.import_module(f"tweetrnn.{path}")
            module.add_arguments(command)
            command.set_defaults(main=module.main)
        command.add_argument(
            "--log", metavar="FILE", help="write progress to this file, not to the terminal"
        )
    options = parser.parse_args(arguments)
    return options.command, lambda: options.main(options), options.log


def _run(argv):
    """Run one command or stage; return the exit status."""
    name, run, log = parse(argv)
    supervisor = os.environ.get("TWEETRNN_SUPERVISOR", "")
    if supervisor and name != "train":  # train stops by itself, with a checkpoint
        _end_with(supervisor)
    _log_to(log)
    if name in stages.STAGES:
        _check_memory_limit(name)
    return run() or 0


def main(argv=None):
    """Run one command or stage; return the exit status (1 after a user's mistake)."""
    streams.prepare()
    try:
        try:
            return _run(sys.argv[1:] if argv is None else argv)
        finally:
            streams.finish()
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:
        if message := _message_about(error):
            return _fail(message)
        raise


def _leave(status):
    """End this process with ``status``, without taking torch's modules apart.

    That takes up to half a second and frees nothing that the system does not.
    """
    atexit._run_exitfuncs()  # temporary folders of libraries
    with suppress(OSError, ValueError):  # standard error is closed or full
        sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    gc.set_threshold(100_000, 50, 100)  # imports make little garbage: rarely look for it
    _leave(main())
