"""The files that a prediction needs: weights, a vocabulary, and how training read its tweets.

They come from an experiment's results or from a folder written by ``export``.
"""

from dataclasses import dataclass
from pathlib import Path

from tweetrnn.errors import UserError
from tweetrnn.evaluation.select import mean_figures, read_selection
from tweetrnn.evaluation.tables import KEY, finished, names, read_runs
from tweetrnn.files import check_digest, damaged, read_json

# The files of an exported folder, besides its README.md.
SETTINGS, WEIGHTS, VOCABULARY = "config.json", "weights.safetensors", "vocabulary.parquet"


@dataclass
class ModelFiles:
    """One model, or several that vote: settings, the vocabulary's path, {run: path of its weights}.

    The settings: ``tokenize`` (the config's section), ``sequence`` (length, padding, truncation),
    ``padding_id``, ``unknown_id`` and ``width`` (the split's), ``labels``, ``text_column``.
    """

    settings: dict
    vocabulary: Path
    weights: dict


def of_runs(results, runs):
    """Return the ModelFiles of trained Runs."""
    weights = {str(run): weights_of(results.run(run)) for run in runs}
    return ModelFiles(settings_of_results(results), results.vocabulary, weights)


def of_folder(folder):
    """Return the ModelFiles of a folder written by ``export``."""
    path = Path(folder, SETTINGS)
    if not path.is_file():
        raise UserError(
            f"{folder}: there is no {SETTINGS} in it; expected a folder written by: "
            "python -m tweetrnn export RUN DIR"
        )
    settings = read_json(path)
    if not isinstance(settings, dict) or "sha256" not in settings:
        raise damaged(path, "it is not what export writes")
    for name, digest in settings["sha256"].items():
        check_digest(Path(folder, name), digest)
    weights = {settings["run"]: Path(folder, WEIGHTS)}
    return ModelFiles(settings, Path(folder, VOCABULARY), weights)


def settings_of_results(results):
    """Return the settings of an experiment's results, whose vocabulary is checked.

    Raises:
        UserError: the experiment has no split yet, or its files belong to different executions of
            its stages.
    """
    if not results.token_facts.is_file() or not results.split_facts.is_file():
        raise unfinished(results)
    tokens, split = read_json(results.token_facts), read_json(results.split_facts)
    if "tokenize" not in tokens or tokens["tweets_sha256"] != split["sha256"]["tweets"]:
        raise UserError(
            f"{results.token_facts}: does not belong to the same tweets as the split; "
            "run the workflow again"
        )
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
    """Return the path of a run's weights (``paths``: its RunResults) of the best or last epoch.

    Raises:
        UserError: they are missing or damaged, or the run diverged in its first epoch.
    """
    path, parameters = getattr(paths, kind), read_json(paths.parameters)
    if not path.is_file():
        raise UserError(f"{path}: no such file; the run is not trained yet")
    check_digest(path, parameters["sha256"][kind])
    if not parameters["best_epoch"]:
        raise UserError(f"{paths.folder}: diverged in its first epoch; choose another run")
    return path


def best_runs(results, count):
    """Return the ``count`` Runs of the grid with the best validation accuracy, best first.

    Runs of baselines are not among them.

    Raises:
        UserError: there are fewer finished runs, or nothing is selected yet.
    """
    runs = finished(_runs(results))
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
    accuracy = mean_figures(_runs(results), "best_accuracy")
    selection = read_selection(results.selected)

    def mean_accuracy(cell):
        return accuracy.get((cell, selection.cells[cell].combination), 0)

    return selection.selected_run(max(selection.cells, key=mean_accuracy))


def _runs(results):
    """Return the runs of the cells that are compared, once the best combinations are selected."""
    if not results.selected.is_file():
        raise unfinished(results)
    runs = read_runs(results.runs, results.aggregate_facts)
    return runs[runs["cell"].isin(read_selection(results.selected).cells)]


def unfinished(results):
    """Return the UserError for results that lack what a prediction needs."""
    return UserError(
        f"{results}: no finished experiment there; run the workflow first (make run), or name "
        "another one (--configfile), a trained run (--run) or a folder written by export (--model)"
    )
