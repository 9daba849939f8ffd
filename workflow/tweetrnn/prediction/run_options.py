"""Command-line options that name an experiment and one of its trained runs."""

import difflib
import os
import shlex
from pathlib import Path

from tweetrnn.config import read, resolve
from tweetrnn.errors import UserError
from tweetrnn.files import SNAKEMAKE_OPTIONS
from tweetrnn.grid import Run
from tweetrnn.results import RUN_FILES, Results
from tweetrnn.results_format import check


def add_results_arguments(parser):
    """Add the options that name an experiment's results."""
    parser.add_argument(
        "--configfile",
        default="config/config.yaml",
        metavar="FILE",
        help="the config of the experiment (default: config/config.yaml)",
    )
    parser.add_argument(
        "--results",
        metavar="DIR",
        type=Results,
        help="the experiment's results, such as results/demo, instead of a config",
    )


def add_run_arguments(parser):
    """Add the options that name a trained run's weights."""
    parser.add_argument(
        "run",
        metavar="RUN",
        help="a run's folder, or CELL/COMBINATION or CELL/COMBINATION/REPLICATE of the experiment",
    )
    add_results_arguments(parser)
    add_weights_argument(parser)


def add_weights_argument(parser):
    """Add the option that names weights for a run's network."""
    parser.add_argument(
        "--weights",
        default="best",
        metavar="WHICH",
        help="best or last, the run's own after that epoch, or a file that import-keras wrote for "
        "the run (default: best)",
    )


def results_of(options):
    """Return the Results of the experiment that the options name.

    Raises:
        OtherVersionError: another version wrote them.
    """
    if not options.results:
        return results_of_config(options.configfile)
    check(options.results)
    return options.results


def results_of_config(path):
    """Return the Results of a config file, which messages say how to make again.

    Raises:
        OtherVersionError: another version wrote them.
    """
    os.environ[SNAKEMAKE_OPTIONS] = f"--configfile {shlex.quote(str(path))}"
    results = Results.of(resolve(read(path)))
    check(results)
    return results


def find_run(options):
    """Return the Results and the Run that the options name; ``options.run`` is a folder or a name.

    Raises:
        UserError: there is no such run.
    """
    folder, name = Path(options.run), options.run.strip("/")
    if (folder / RUN_FILES["parameters"]).is_file():
        results, run = Results.of_run(folder.resolve())
        check(results)
        return results, run
    results = results_of(options)
    name = f"{name}/1" if name.count("/") == 1 else name
    trained = sorted(map(str, results.trained_runs()))
    if name in trained:
        return results, Run.parse(name)
    near = difflib.get_close_matches(name, trained, n=1, cutoff=0)
    hint = f"; the nearest of {len(trained)} is {near[0]}" if near else "; none is trained yet"
    raise UserError(
        f"RUN: no trained run {options.run!r} under {results.trainings}; expected CELL/COMBINATION "
        f"or CELL/COMBINATION/REPLICATE{hint}"
    )
