"""A run's files are read only if they are that run's."""

import shutil

import pytest
from tweetrnn import run_files
from tweetrnn.errors import UserError
from tweetrnn.files import sha256_of, write_json
from tweetrnn.grid import Run
from tweetrnn.results import RUN_FILES, Results

COMBINATION = "rnn1-dense2-dropout0-reg0-lr1e-3"
RUN = Run("LSTM", COMBINATION, 1)
OTHERS = [
    Run("SimpleRNN", COMBINATION, 1),
    Run("LSTM", COMBINATION.replace("rnn1", "rnn2"), 1),
    Run("LSTM", COMBINATION, 2),
]


def write_run(results, run):
    """Write a run's files, with its name for their content; return their paths."""
    paths = results.run(run)
    paths.folder.mkdir(parents=True)
    for name in ("best", "predictions"):
        getattr(paths, name).write_text(str(run))
    digests = {name: sha256_of(getattr(paths, name)) for name in ("best", "predictions")}
    write_json(paths.parameters, vars(run) | {"sha256": digests})
    return paths


def test_files_of_the_run_are_accepted(tmp_path):
    paths = write_run(Results(tmp_path), RUN)
    assert run_files.read_parameters(paths)["cell"] == "LSTM"
    run_files.check(paths, "best", "predictions")


@pytest.mark.parametrize("other", OTHERS, ids=str)
@pytest.mark.parametrize("swapped", [["predictions"], ["best"], ["best", "predictions"]])
def test_file_of_another_run_is_refused_by_name(tmp_path, other, swapped):
    results = Results(tmp_path)
    paths, theirs = write_run(results, RUN), write_run(results, other)
    for name in swapped:
        shutil.copy(getattr(theirs, name), getattr(paths, name))
    with pytest.raises(UserError, match=f"{RUN_FILES[swapped[0]]}: damaged .*its sha256"):
        run_files.check(paths, *swapped)


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_all_files_of_another_run_are_refused(tmp_path, other):
    results = Results(tmp_path)
    paths, theirs = write_run(results, RUN), write_run(results, other)
    shutil.rmtree(paths.folder)
    shutil.copytree(theirs.folder, paths.folder)
    with pytest.raises(UserError, match=f"{paths.parameters}: damaged \\(its "):
        run_files.check(paths, "best")
