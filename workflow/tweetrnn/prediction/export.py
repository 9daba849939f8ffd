"""Write a trained run as a folder to take away, or its weights alone for Keras.

The folder (weights, vocabulary, settings, a model card) is all that ``predict --model DIR`` needs.
Keras's weights are a .npz file in the order of a model's ``get_weights()``; in Python:
``model.set_weights([f[name] for name in f.files])`` with ``f = numpy.load(FILE)``.
"""

import logging
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tweetrnn.errors import UserError
from tweetrnn.files import naming, replacing, sha256_of, write_json, write_text
from tweetrnn.prediction.model_card import model_card
from tweetrnn.prediction.predictor import SETTINGS, VOCABULARY, WEIGHTS, settings_of_results
from tweetrnn.training import weights

log = logging.getLogger("tweetrnn")


def add_arguments(parser):
    """Add this command's options."""
    parser.epilog = __doc__.partition("\n\n")[2]
    weights.add_run_arguments(parser)
    parser.add_argument(
        "dir", nargs="?", type=Path, metavar="DIR", help="the folder to write, which is not there"
    )
    parser.add_argument(
        "--force", action="store_true", help="let the folder take an earlier export's place"
    )
    parser.add_argument("--keras", metavar="FILE", help="a file to write (.npz)")


@contextmanager
def new_folder(path, force):
    """Yield a folder beside ``path``, which becomes ``path`` when the block succeeds.

    Raises:
        UserError: ``path`` exists; with ``force``, it exists and is no exported folder.
    """
    if path.exists() or path.is_symlink():
        if not force:
            raise UserError(f"{path}: exists; name another folder, or replace it with --force")
        if not (path / SETTINGS).is_file():
            raise UserError(f"{path}: not a folder made by export, so that it is not replaced")
    path.parent.mkdir(parents=True, exist_ok=True)
    with naming(path):
        beside = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
    try:
        new, old = beside / "new", beside / "old"
        new.mkdir()  # mkdtemp's own is private
        yield new
        if path.exists():
            path.rename(old)
        new.rename(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def write_folder(folder, settings, vocabulary, best, card):
    """Write what ``predict --model`` reads, and the card.

    Args:
        folder: which exists.
        settings, vocabulary: of the predictor.
        best: the path of the weights.
        card: Markdown.
    """
    sources = {WEIGHTS: best, VOCABULARY: vocabulary}
    for name, source in sources.items():
        shutil.copyfile(source, folder / name)
    digests = {name: sha256_of(folder / name) for name in sources}
    write_json(folder / SETTINGS, {**settings, "sha256": digests})
    write_text(folder / "README.md", card)


def export_folder(options):
    """Write the run's folder.

    Raises:
        UserError: there is no such run, or the folder exists.
    """
    if options.weights != "best":
        raise UserError("--weights last: belongs to --keras; the model card tells of the best ones")
    results, run = weights.find_run(options, options.run)
    best = weights.weights_of(run)
    settings, vocabulary = settings_of_results(results)
    with new_folder(options.dir, options.force) as folder:
        write_folder(
            folder,
            {"run": str(run.name), **settings},
            vocabulary,
            best,
            model_card(results, run, settings),
        )
    log.info("%s: to %s; its README.md says what it is and how to use it", run.name, options.dir)


def export_keras(options):
    """Write the weights for Keras."""
    facts, arrays = weights.read(weights.find(options))
    with replacing(options.keras) as beside, beside.open("wb") as stream:
        np.savez(stream, *arrays.values())
    log.info(
        "%s %s: %d arrays to %s", facts["cell"], facts["combination"], len(arrays), options.keras
    )


def main(options):
    """Write what is asked for."""
    if options.dir is None and options.keras is None:
        raise UserError("name a folder to write, DIR, or a file for Keras with --keras")
    if options.dir:
        export_folder(options)
    if options.keras:
        export_keras(options)
