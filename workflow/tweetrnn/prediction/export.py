"""Write a trained run as a folder to take elsewhere, or its weights alone for Keras.

The folder (weights, vocabulary, settings, a model card) is all that ``predict --model DIR`` needs.
With --onnx it also has the model as ONNX, with what other programs need to use it: the model card
has the few lines that do so in Python.
Keras's weights are a .npz file in the order of a model's ``get_weights()``; in Python:
``model.set_weights([f[name] for name in f.files])`` with ``f = numpy.load(FILE)``.
"""

import logging
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from tweetrnn.errors import UserError
from tweetrnn.files import naming, replacing, sha256_of, write_json, write_text
from tweetrnn.prediction.model_card import imported_card, model_card
from tweetrnn.prediction.model_files import settings_of_results, weights_of
from tweetrnn.prediction.model_folder import (
    CARD,
    ONNX,
    READING,
    SETTINGS,
    VOCABULARY,
    WEIGHTS,
    check_replaceable,
)
from tweetrnn.prediction.onnx_model import as_onnx, require_onnx
from tweetrnn.prediction.predictor import load_model
from tweetrnn.prediction.reading import reading
from tweetrnn.prediction.run_options import add_run_arguments, find_run
from tweetrnn.training import weights

log = logging.getLogger("tweetrnn")


def add_arguments(parser):
    """Add this command's options."""
    parser.epilog = (__doc__ or "").partition("\n\n")[2]  # python -OO has none
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
    parser.add_argument(
        "--onnx", action="store_true", help="also write the model as ONNX into the folder"
    )
    parser.add_argument("--keras", metavar="FILE", help="a file to write (.npz)")


@contextmanager
def new_folder(path, force):
    """Yield a temporary folder, which becomes ``path`` when the block succeeds.

    Raises:
        UserError: ``path`` exists; with ``force``, it contains anything that export did not write.
    """
    if path.exists() or path.is_symlink():
        if not force:
            raise UserError(f"{path}: exists; name another folder, or replace it with --force")
        check_replaceable(path)
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
        for name in (SETTINGS, WEIGHTS, VOCABULARY, CARD, ONNX, READING):
            (old / name).unlink(missing_ok=True)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        for folder in (old, around):  # a file that came into the old one meanwhile stays
            with suppress(OSError):
                folder.rmdir()


def write_folder(folder, settings, vocabulary, best, card, onnx=False):
    """Write the files that ``predict --model`` reads, the model card (Markdown), and ONNX.

    ``settings`` are those of ModelFiles and the run's name; ``best`` is the path of the weights.
    """
    others = [WEIGHTS, VOCABULARY, CARD]
    for name, source in {WEIGHTS: best, VOCABULARY: vocabulary}.items():
        shutil.copyfile(source, folder / name)
    write_text(folder / CARD, card)
    if onnx:
        others += [ONNX, READING]
        write_json(folder / READING, reading(settings, vocabulary))
        (folder / ONNX).write_bytes(as_onnx(ONNX, load_model(best, settings)))
    digests = {name: sha256_of(folder / name) for name in others}
    write_json(folder / SETTINGS, {**settings, "sha256": digests})


def export_folder(results, run, kind, folder, force, onnx=False):
    """Write a Run's folder; with ``force`` it may replace an earlier export.

    ``kind``, best or a file of imported weights, is that of ``weights_of``; ``onnx`` adds the model
    as ONNX.
    """
    paths, settings = results.run(run), settings_of_results(results)
    path, origin = weights_of(paths, kind), "best" if kind == "best" else "imported"
    with new_folder(folder, force) as new:
        if origin == "best":
            card = model_card(results, paths, settings, onnx)
        else:
            card = imported_card(paths, settings, path, onnx)
        settings = {"run": str(run), "weights": origin, **settings}
        write_folder(new, settings, results.vocabulary, path, card, onnx)
    log.info("%s: exported to %s; its README.md explains what it is and how to use it", run, folder)


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
    if options.dir and options.weights == "last":
        raise UserError(
            "--weights last: only for --keras; the model card describes the best epoch's weights"
        )
    if options.onnx and options.dir is None:
        raise UserError("--onnx: name the folder to write, DIR; the ONNX file is part of it")
    if options.onnx:
        require_onnx()
    results, run = find_run(options)
    if options.dir:
        export_folder(results, run, options.weights, options.dir, options.force, options.onnx)
    if options.keras:
        export_keras(weights_of(results.run(run), options.weights), options.keras)
