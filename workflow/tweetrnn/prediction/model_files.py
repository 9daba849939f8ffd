"""The files that a prediction needs: weights, a vocabulary, and how training read its tweets.

These are the files of an experiment's results; those of a folder written by ``export`` are in
``model_folder``.
"""

import shlex
from dataclasses import dataclass
from pathlib import Path

from tweetrnn.errors import UserError
from tweetrnn.evaluation.select import read_selection
from tweetrnn.evaluation.tables import KEY, finished, mean_figures, names, read_runs
from tweetrnn.files import check_digest, damaged, read_json
from tweetrnn.results_format import read_marked
from tweetrnn.run_files import check
from tweetrnn.training.weights import read_header


@dataclass
class ModelFiles:
    """One model, or several that vote: settings, the vocabulary's path, {run: path of its weights}.

    The settings: ``tokenize`` (the config's section), ``sequence`` (length, padding, truncation),
    ``padding_id``, ``unknown_id`` and ``width`` (the split's), ``labels``, ``text_column``.
    """

    settings: dict
    vocabulary: Path
    weights: dict


def of_runs(results, runs, kind="best"):
    """Return the ModelFiles of trained Runs; ``kind`` as of ``weights_of``."""
    suffix = {"best": "", "last": " after its last epoch"}.get(kind, f" with the weights {kind}")
    weights = {f"{run}{suffix}": weights_of(results.run(run), kind) for run in runs}
    return ModelFiles(settings_of_results(results), results.vocabulary, weights)


def settings_of_results(results):
    """Return the settings of an experiment's results, whose vocabulary is checked.

    Raises:
        UserError: the experiment has no split yet, or its files belong to different executions of
            its stages.
    """
    if not results.token_facts.is_file() or not results.split_facts.is_file():
        raise unfinished(results)
    tokens, split = read_marked(results.token_facts), read_json(results.split_facts)
    if "tokenize" not in tokens or tokens["tweets_sha256"] != split["sha256"]["tweets"]:
        raise damaged(results.token_facts, "it does not belong to the same tweets as the split")
    check_digest(results.vocabulary, split["sha256"]["vocabulary"])
    return {
        "tokenize": tokens["tokenize"],
        "sequence": {
            "length": split["sequence_length"],
            **{key: split[key] for key in ("padding", "truncation")},
        },
        **{key: split[key] for key in ("padding_id", "unknown_id", "width", "labels")},
        "text_column": tokens["text_column"],
    }


def weights_of(paths, kind="best"):
    """Return the path of weights for a run's network (``paths``: its RunResults).

    ``kind`` is ``best`` or ``last``, the run's own after that epoch, or the path of a file that
    import-keras wrote for the run.

    Raises:
        UserError: they are missing, damaged or made for another network, or the run diverged in its
            first epoch.
    """
    if kind not in ("best", "last"):
        return _imported(paths, Path(kind))
    if not check(paths, kind)["best_epoch"]:
        raise UserError(f"{paths.folder}: diverged in its first epoch; choose another run")
    return getattr(paths, kind)


def _imported(paths, path):
    """Return the path of an imported weights file, if it was made for the network of a run."""
    if not path.is_file():
        raise UserError(
            f"--weights {path}: no such file; expected best, last or a file that import-keras wrote"
        )
    (made_for, shapes), (facts, expected) = read_header(path), read_header(weights_of(paths))
    if made_for != facts or shapes != expected:
        raise UserError(
            f"{path}: not made for the network of {paths.run}; make it with: python -m tweetrnn "
            f"import-keras FILE {shlex.quote(str(paths.folder))} --output {shlex.quote(str(path))}"
        )
    return path


def best_runs(results, count):
    """Return the ``count`` Runs of the grid with the best validation accuracy, best first.

    Runs of baselines are not among them.

    Raises:
        UserError: there are fewer finished runs, or nothing is selected yet.
    """
    runs = finished(_selected_from(results)[0])
    if not 0 < count <= len(runs):
        raise UserError(
            f"--top {count}: expected 1 to {len(runs)}, the finished runs of the grid in {results}"
        )
    order = {"best_accuracy": False} | dict.fromkeys(KEY, True)  # whether it ascends
    return names(runs.sort_values(list(order), ascending=list(order.values())).head(count))


def selected_run(results):
    """Return the selected Run to predict with.

    Its combination is the one of the cells' selected combinations with the best validation
    accuracy (the mean over replicates), its replicate the one that the stage select chose.

    Raises:
        UserError: nothing is selected yet.
    """
    runs, selection = _selected_from(results)
    accuracy = mean_figures(runs, "best_accuracy")

    def mean_accuracy(cell):
        return accuracy.get((cell, selection.cells[cell].combination), 0)

    return selection.selected_run(max(selection.cells, key=mean_accuracy))


def _selected_from(results):
    """Return (the runs of the cells that are compared, the Selection), once there is one."""
    if not results.selected.is_file():
        raise unfinished(results)
    runs = read_runs(results.runs, results.aggregate_facts)
    selection = read_selection(results.selected, runs)
    return runs[runs["cell"].isin(selection.cells)], selection


def unfinished(results):
    """Return the UserError for results that lack what a prediction needs."""
    return UserError(
        f"{results}: no finished experiment there; run the workflow first (make run), or name "
        "another one (--configfile), a trained run (--run) or a folder written by export (--model)"
    )
