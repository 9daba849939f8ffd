"""A trained run's weights: where they lie, and in which order Keras wants them."""

import difflib
import json
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from safetensors import SafetensorError, safe_open

from tweetrnn.errors import UserError
from tweetrnn.files import check_digest, damaged, read_json

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
        return options.results
    # Where a rule names the results, nobody needs it.
    from tweetrnn.config import read, resolve, results_folder

    return results_folder(resolve(read(options.configfile)))


def find_run(options, run):
    """Return (the experiment's results, the run's folder) of a run's folder or name.

    Raises:
        UserError: there is no such run.
    """
    folder = Path(run)
    if (folder / "parameters.json").is_file():
        return Path(folder, "../../../..").resolve(), folder
    results = results_of(options)
    trainings = results / "train"
    folder = trainings / run
    if run.strip("/").count("/") == 1:
        folder = folder / "1"
    if (folder / "parameters.json").is_file():
        return results, folder
    known = sorted(
        path.parent.relative_to(trainings).as_posix()
        for path in trainings.glob("*/*/*/parameters.json")
    )
    near = difflib.get_close_matches(run, known, n=1, cutoff=0)
    hint = f"; the nearest of {len(known)} is {near[0]}" if near else "; none is trained yet"
    raise UserError(
        f"RUN: no trained run {run!r} under {trainings}; expected CELL/COMBINATION or "
        f"CELL/COMBINATION/REPLICATE{hint}"
    )


def weights_of(folder, kind="best"):
    """Return the path of the weights in a run's folder.

    Raises:
        UserError: they are absent, were damaged since, or the run diverged before there were any.
    """
    path = folder / f"{kind}.safetensors"
    parameters = read_json(folder / "parameters.json")
    if not path.is_file():
        raise UserError(f"{path}: no such file; the run is not trained yet")
    check_digest(path, parameters["sha256"][kind])
    if not parameters["best_epoch"]:
        raise UserError(f"{folder}: diverged in its first epoch and learnt nothing; choose another")
    return path


def find(options):
    """Return the path of the weights that the options of ``add_run_arguments`` name.

    Raises:
        UserError: there is no such run, it is not trained yet, or the file was damaged since.
    """
    _, folder = find_run(options, options.run)
    return weights_of(folder, options.weights)


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
