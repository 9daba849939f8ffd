"""A trained run's weights: where they lie, and in which order Keras wants them."""

import json
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import yaml
from safetensors import SafetensorError, safe_open

from tweetrnn.errors import UserError
from tweetrnn.files import check_digest, damaged, read_json

KINDS = ("best", "last")


def add_run_arguments(parser):
    """Add the options that name a trained run's weights."""
    parser.add_argument(
        "run",
        metavar="RUN",
        help="a run's folder, or CELL/COMBINATION or CELL/COMBINATION/REPLICATE of the experiment",
    )
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
    parser.add_argument(
        "--weights", choices=KINDS, default="best", help="of which epoch (default: best)"
    )


def _results_of(configfile):
    try:
        return Path("results", yaml.safe_load(Path(configfile).read_text("utf-8"))["name"])
    except (OSError, UnicodeError, yaml.YAMLError, KeyError, TypeError) as error:
        raise UserError(
            f"{configfile}: cannot tell the experiment's name ({error}); "
            "name a config with --configfile, or RUN as a run's folder"
        ) from None


def find(options):
    """Return the path of the weights that the options of ``add_run_arguments`` name.

    Raises:
        UserError: there is no such run, it is not trained yet, or the file was damaged since.
    """
    run, folder = options.run, Path(options.run)
    if not folder.is_dir():
        trainings = (options.results or _results_of(options.configfile)) / "train"
        folder = trainings / run
        if run.strip("/").count("/") == 1:
            folder = folder / "1"
        if not folder.is_dir():
            known = sorted(str(path.relative_to(trainings)) for path in trainings.glob("*/*/*/"))
            hint = f"; there are {known[0]} and {len(known) - 1} more" if known else ""
            raise UserError(
                f"RUN: no run {run!r} under {trainings}; expected CELL/COMBINATION or "
                f"CELL/COMBINATION/REPLICATE{hint}"
            )
    path = folder / f"{options.weights}.safetensors"
    if not path.is_file():
        raise UserError(f"{path}: no such file; the run is not trained yet")
    check_digest(path, read_json(folder / "parameters.json")["sha256"][options.weights])
    return path


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
