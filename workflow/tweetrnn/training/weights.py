"""A trained run's weights: where they lie, and in which order Keras wants them."""

import difflib
import json
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from safetensors import SafetensorError, safe_open

from tweetrnn.errors import UserError
from tweetrnn.files import check_digest, damaged, read_json
from tweetrnn.grid import Run
from tweetrnn.results import RUN_FILES, Results

KINDS = ("best", "last")


def add_results_arguments(parser):
    """Add the options that name an experiment's results."""
    parser.add_argument(
        "--configfile",
        default="config/config.yaml",
        metavar="FILE",
        help="the experiment's config, whose name tells where its results lie "
        "(default: config/config.yaml)",
    )
    parser.add_argument(
        "--results",
        metavar="DIR",
        type=Path,
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
    parser.add_argument(
        "--weights", choices=KINDS, default="best", help="of which epoch (default: best)"
    )


def results_of(options):
    """Return the folder with the results of the experiment that the options name.

    Raises:
        UserError: the config is absent or has mistakes.
    """
    if options.results:
        return Results(options.results)
    from tweetrnn.config import read, resolve  # not needed where a rule names the results

    return Results.of(resolve(read(options.configfile)))


def find_run(options, text):
    """Return (the experiment's Results, the RunResults) of a run's folder or name.

    Raises:
        UserError: there is no such run.
    """
    folder = Path(text)
    if (folder / RUN_FILES["parameters"]).is_file():
        return Results.of_run(folder.resolve())
    results = results_of(options)
    name = f"{text.strip('/')}/1" if text.strip("/").count("/") == 1 else text.strip("/")
    known = sorted(map(str, results.trained_runs()))
    if name in known:
        return results, results.run(Run.parse(name))
    near = difflib.get_close_matches(text, known, n=1, cutoff=0)
    hint = f"; the nearest of {len(known)} is {near[0]}" if near else "; none is trained yet"
    raise UserError(
        f"RUN: no trained run {text!r} under {results.trainings}; expected CELL/COMBINATION or "
        f"CELL/COMBINATION/REPLICATE{hint}"
    )


def weights_of(run, kind="best"):
    """Return the path of a run's weights; ``run`` are its RunResults.

    Raises:
        UserError: they are missing, were damaged since, or the run diverged before there were any.
    """
    path = getattr(run, kind)
    parameters = read_json(run.parameters)
    if not path.is_file():
        raise UserError(f"{path}: no such file; the run is not trained yet")
    check_digest(path, parameters["sha256"][kind])
    if not parameters["best_epoch"]:
        raise UserError(f"{run.folder}: diverged in its first epoch; choose another run")
    return path


def find(options):
    """Return the path of the weights that the options of ``add_run_arguments`` name.

    Raises:
        UserError: there is no such run, it is not trained yet, or the file was damaged since.
    """
    _, run = find_run(options, options.run)
    return weights_of(run, options.weights)


def read(path):
    """Return (facts about the model, weights by name in Keras's order).

    Raises:
        UserError: the file is damaged or none of this pipeline's.
    """
    try:
        with safe_open(path, "numpy") as file:
            facts = json.loads((file.metadata() or {})["model"])
            return facts, {name: file.get_tensor(name) for name in facts["weights"]}
    except (SafetensorError, KeyError, ValueError) as error:
        raise damaged(path, error) from None


def read_npz(path):
    """Return the arrays of a .npz file in its order.

    Raises:
        UserError: the file is absent or not one.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return [file[name] for name in file.files]
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (OSError, EOFError, ValueError, AttributeError, BadZipFile) as error:
        raise UserError(
            f"{path}: not a .npz file of arrays ({error}); write it with "
            "numpy.savez(file, *model.get_weights())"
        ) from None
