"""Write a trained run as a folder to take elsewhere, or its weights alone for Keras.

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
from tweetrnn.prediction.model_files import SETTINGS, VOCABULARY, WEIGHTS, of_runs, weights_of
from tweetrnn.prediction.run_options import add_run_arguments, find_run
from tweetrnn.training import weights

log = logging.getLogger("tweetrnn")


def add_arguments(parser):
    """Add this command's options."""
    parser.epilog = __doc__.partition("\n\n")[2]
    add_run_arguments(parser)
    parser.add_argument(
        "dir",
        nargs="?",
        type=Path,
        metavar="DIR",
        help="the folder to write, which must not exist yet",
    )
    parser.add_argument(
        "--force", action="store_true", help="let the folder replace an earlier export"
    )
    parser.add_argument("--keras", metavar="FILE", help="a file to write (.npz)")


@contextmanager
def new_folder(path, force):
    """Yield a temporary folder, which becomes ``path`` when the block succeeds.

    Raises:
        UserError: ``path`` exists; with ``force``, it exists and was not written by export.
    """
    if path.exists() or path.is_symlink():
        if not force:
            raise UserError(f"{path}: exists; name another folder, or replace it with --force")
        if not (path / SETTINGS).is_file():
            raise UserError(f"{path}: not replaced, since export did not write this folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    with naming(path):
        around = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
    try:
        new, old = around / "new", around / "old"
        new.mkdir()  # the one from mkdtemp is private
        yield new
        if path.exists():
            path.rename(old)
        new.rename(path)
    finally:
        shutil.rmtree(around, ignore_errors=True)


def write_folder(folder, settings, vocabulary, best, card):
    """Write the files that ``predict --model`` reads, and the model card (Markdown).

    ``settings`` are those of ModelFiles and the run's name; ``best`` is the path of the weights.
    """
    sources = {WEIGHTS: best, VOCABULARY: vocabulary}
    for name, source in sources.items():
        shutil.copyfile(source, folder / name)
    digests = {name: sha256_of(folder / name) for name in sources}
    write_json(folder / SETTINGS, {**settings, "sha256": digests})
    write_text(folder / "README.md", card)


def export_folder(results, run, folder, force):
    """Write a Run's folder; with ``force`` it may replace an earlier export."""
    files = of_runs(results, [run])
    [(name, best)] = files.weights.items()
    with new_folder(folder, force) as new:
        card = model_card(results, results.run(run), files.settings)
        write_folder(new, {"run": name, **files.settings}, files.vocabulary, best, card)
    log.info(
        "%s: exported to %s; its README.md explains what it is and how to use it", name, folder
    )


def export_keras(path, file):
    """Write the weights in ``path`` as a .npz ``file`` for Keras."""
    facts, arrays = weights.read(path)
    with replacing(file) as temporary, temporary.open("wb") as stream:
        np.savez(stream, *arrays.values())
    log.info("%s %s: %d arrays to %s", facts["cell"], facts["combination"], len(arrays), file)


def main(options):
    """Write what the options ask for."""
    if options.dir is None and options.keras is None:
        raise UserError("name a folder to write, DIR, or a file for Keras with --keras")
    if options.dir and options.weights != "best":
        raise UserError(
            "--weights last: only for --keras; the model card describes the best epoch's weights"
        )
    results, run = find_run(options)
    if options.dir:
        export_folder(results, run, options.dir, options.force)
    if options.keras:
        export_keras(weights_of(results.run(run), options.weights), options.keras)
