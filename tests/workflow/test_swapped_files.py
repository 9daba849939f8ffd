"""Files of another run, selection or figure do not get into the results."""

import shutil

import pytest

COMBINATION, OTHER = "rnn1-dense2-dropout0-reg0-lr1e-3", "rnn1-dense2-dropout1-reg0-lr1e-3"
RUNS = "results/small/train"


@pytest.mark.parametrize(
    ("file", "other", "says"),
    [
        (
            f"{RUNS}/LSTM/{COMBINATION}/1/predictions.parquet",
            f"{RUNS}/LSTM/{OTHER}/1/predictions.parquet",
            f"LSTM/{COMBINATION}/1/predictions.parquet: damaged",
        ),
        (
            f"{RUNS}/LSTM/{COMBINATION}/1",
            f"{RUNS}/SimpleRNN/{COMBINATION}/1",
            f"LSTM/{COMBINATION}/1/parameters.json: damaged",
        ),
        (
            "results/small/plot/primary.svg",
            "results/small/plot/lengths.svg",
            "plot/primary.svg: damaged",
        ),
    ],
)
def test_swapped_file_is_refused_and_named_and_nothing_is_reported(finished, file, other, says):
    path, source = finished.path / file, finished.path / other
    report = finished.path / "results/small/report/report.html"
    before = report.read_bytes()
    if path.is_dir():
        shutil.rmtree(path)
        shutil.copytree(source, path, copy_function=shutil.copy)  # with a new time
    else:
        shutil.copy(source, path)
    done = finished.run(check=False)
    assert done.returncode != 0
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not report.exists() or report.read_bytes() == before
