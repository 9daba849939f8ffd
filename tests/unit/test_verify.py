"""The command verify: what it computes again, and which planted changes it finds."""

import html
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from finished_experiment import finish
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save
from tweetrnn.__main__ import main
from tweetrnn.files import (
    CHECKSUM,
    json_text,
    read_json,
    read_parquet,
    sha256_of,
    write_json,
    write_parquet,
)
from tweetrnn.grid import Run
from tweetrnn.results import Results
from tweetrnn.verification import evidence as evidences
from tweetrnn.verification import page as pages
from tweetrnn.verification.evidence import SCALE, packed, rounded, unpacked
from tweetrnn.verification.headline import contradiction, first_difference
from tweetrnn.verification.trainings import chosen, trainings

RUN = Run("LSTM", "rnn1-dense1-dropout0-reg0-lr1e-2", 2)  # a new replicate of the selected model

# --------------------------------------------------------------------------------- the pure parts


@given(st.lists(st.lists(st.integers(1, 10**6), min_size=3, max_size=3), min_size=1))
def test_rounded_probabilities_keep_the_most_probable_class(rows):
    p = np.float32(rows) / np.sum(rows, axis=1, keepdims=True, dtype=np.float32)
    whole = rounded(p)
    assert (whole.argmax(axis=1) == p.argmax(axis=1)).all()
    assert np.abs(whole / SCALE - p).max() <= 1.6 / SCALE


def test_more_probable_of_two_that_round_to_the_same_number_stays_first():
    p = np.float32([[0.4, 0.4000001, 0.2], [0.5, 0.5, 0.0], [0.2, 0.4, 0.4000001]])
    assert rounded(p).argmax(axis=1).tolist() == [1, 0, 2]


@pytest.mark.parametrize(("most", "kind"), [(0, "u1"), (255, "u1"), (256, "u2"), (70_000, "u4")])
def test_numbers_are_packed_as_briefly_as_they_fit_and_read_back(most, kind):
    array = np.array([[0, 1, most]])
    value = json.loads(json.dumps(packed(array)))
    assert value["kind"] == kind
    assert (unpacked(value, 1, None) == array).all()


@pytest.mark.parametrize(
    "change",
    [{"kind": "f4"}, {"shape": [4]}, {"shape": [2, 3]}, {"data": "AAA"}, {"data": "!"}],
)
def test_numbers_that_do_not_fit_their_shape_are_refused(change):
    value = packed(np.array([1, 2, 3])) | change
    with pytest.raises(ValueError):
        unpacked(value, 3)


def test_first_number_that_differs_is_named_and_the_others_are_counted():
    stated = {"a": [{"b": 0.5, "c": 1}], "d": None}
    assert first_difference(stated, {"a": [{"b": 0.5 + 1e-12, "c": 1}], "d": None}, "F") is None
    line = first_difference(stated, {"a": [{"b": 0.25, "c": 2}], "d": None}, "F")
    assert line == "F: a[0].b is 0.5, but the stored answers give 0.25 (and 1 more differ)"


def test_text_that_differs_is_quoted_beside_the_one_it_should_be():
    stated = ["LSTM was right 2.0 points more often.", "NB-SVM is right in 80 %."]
    assert contradiction(stated[:1], stated, "F") is None
    line = contradiction(["LSTM was right 2.1 points more often."], stated, "F")
    assert "it says “LSTM was right 2.0 points" in line and "give “LSTM was right 2.1" in line


def test_seed_decides_which_trainings_are_repeated():
    assert chosen(range(9), 3, seed=1) == chosen(range(9), 3, seed=1)
    assert len({tuple(chosen(range(9), 3, seed)) for seed in range(9)}) > 1
    assert chosen(range(9), 0, seed=1) == []
    assert chosen(range(9), 99, seed=1) == list(range(9))


# ---------------------------------------------------------------------------- a results folder

slow = pytest.mark.slow


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """The results of a small experiment; tests change copies of them."""
    folder = tmp_path_factory.mktemp("verify") / "small"
    finish(folder)
    return folder


@pytest.fixture
def results(once, tmp_path):
    shutil.copytree(once, tmp_path / "small")
    return Results(tmp_path / "small")


@pytest.fixture
def verify(capsys):
    """A function that runs the command; it returns (status, disagreements, all lines)."""

    def verify(*arguments):
        status = main(["verify", *map(str, arguments)])
        printed = capsys.readouterr()
        lines = (printed.out + printed.err).splitlines()
        return status, [line for line in lines if line.startswith("disagrees: ")], lines

    return verify


def snapshot(folder):
    """Return {path: (bytes, time of the last change)} of all that is below a folder."""
    return {
        path: (path.is_file() and path.read_bytes(), path.stat().st_mtime_ns)
        for path in Path(folder).rglob("*")
    }


def change_weight(paths):
    """Change one of a run's best weights a little."""
    with safe_open(paths.best, "numpy") as file:
        tensors = {name: file.get_tensor(name).copy() for name in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    tensors["lstm/kernel"][3, 2] += 0.001
    paths.best.write_bytes(save(tensors, metadata))


def change_prediction(paths):
    """Let a run give one test tweet another class."""
    table = read_parquet(paths.predictions)
    rows = table.to_pandas()
    at = rows.index[rows["part"] == "test"][3]
    columns = [name for name in table.column_names if name[0] == "p" and name[1:].isdigit()]
    p = rows.loc[at, columns].to_numpy(dtype=np.float32)
    right = int(p.argmax()) == rows.loc[at, "label"]
    p = np.zeros(len(p), np.float32)
    p[(rows.loc[at, "label"] + right) % len(p)] = 1  # wrong instead of right, or right
    rows.loc[at, columns] = p
    changed = pa.Table.from_pandas(rows, schema=table.schema, preserve_index=False)
    write_parquet(paths.predictions, changed)


def adjust_digest(paths, name):
    """Record the sha256 that a run's file has now, as somebody who hides a change would."""
    parameters = read_json(paths.parameters)
    parameters["sha256"][name] = sha256_of(getattr(paths, name))
    write_json(paths.parameters, parameters)


@slow
def test_finished_experiment_agrees_and_nothing_in_it_changes(results, verify):
    before = snapshot(results)
    status, disagreements, lines = verify(results, "--runs", "1")
    assert (status, disagreements) == (0, [])
    answer = read_json(results.summary)["answer"]["sentence"]
    assert any(line.startswith("headline: ") and answer in line for line in lines)
    assert sum(line.endswith(": the same, byte for byte") for line in lines) == 1
    assert lines[-1] == f"{results}: everything that was checked agrees"
    assert snapshot(results) == before


@slow
def test_other_trainings_are_repeated_with_another_seed(results, verify):
    def repeated(seed):
        _, _, lines = verify(results, "--runs", "1", "--seed", seed)
        return [line for line in lines if line.endswith("byte for byte")]

    assert repeated(1) != repeated(2)


@slow
@pytest.mark.parametrize("change", [change_weight, change_prediction])
def test_planted_change_is_found_by_its_digest(results, verify, change):
    change(results.run(RUN))
    status, [line], _ = verify(results, "--runs", "0")
    name = "best.safetensors" if change is change_weight else "predictions.parquet"
    assert status == 1 and f"{RUN}/{name}: damaged (its sha256 is" in line


@slow
def test_planted_weight_with_its_digest_adjusted_is_found_by_training_again(results, verify):
    change_weight(results.run(RUN))
    adjust_digest(results.run(RUN), "best")
    assert verify(results, "--runs", "0")[0] == 0
    status, [line], _ = verify(results, "--runs", "all")
    assert status == 1 and f"{RUN}: parameters and best are not what training gives" in line
    assert "1 of " in line and "weights differ, by at most 0.001" in line


@slow
def test_planted_prediction_with_its_digest_adjusted_is_found_by_the_headline(results, verify):
    change_prediction(results.run(RUN))
    adjust_digest(results.run(RUN), "predictions")
    status, lines, _ = verify(results, "--runs", "0")
    assert status == 1
    files = (results.comparison, results.summary, results.html)
    for path in files:
        assert any(line.startswith(f"disagrees: {path}: ") for line in lines)
    assert "primary.accuracies.LSTM.accuracy is" in lines[0]


@slow
@pytest.mark.parametrize(
    "name", ["train_sequences", "dictionary", "runs", "baseline_predictions", "comparison"]
)
def test_damaged_file_of_a_stage_is_found(results, verify, name):
    path = getattr(results, name)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    status, _, lines = verify(results, "--runs", "0")
    assert status == 1
    assert len([line for line in lines if f"{path}: damaged" in line]) == 1


@slow
def test_number_changed_in_the_report_is_found(results, verify):
    answer = read_json(results.summary)["answer"]["tiles"][0]["value"]
    page = results.html.read_text(encoding="utf-8")
    results.html.write_text(page.replace(html.escape(answer), "+9.9 points", 1), encoding="utf-8")
    status, lines, _ = verify(results, "--runs", "0")
    assert status == 1
    assert all(f"{results.html}: it says “" in line for line in lines) and "9.9 points" in lines[0]


@slow
def test_results_of_another_processor_are_compared_within_a_distance(results, verify):
    paths = results.run(RUN)
    for run in results.trained_runs():
        path = results.run(run).provenance
        write_json(path, read_json(path) | {"processor": "Another 9000"})
    assert verify(results, "--runs", "0")[1] == [
        f"disagrees: {results.html}: its evidence is not that of the stored predictions"
    ]  # which has the processor, too
    change_weight(paths)
    adjust_digest(paths, "best")
    _, _, lines = verify(results, "--runs", "all")
    [line] = [line for line in lines if "another kind of machine" in line]
    assert line.startswith(f"{paths.folder}: trained on another kind of machine: 1 of ")
    assert "processor Another 9000, here " in line


@slow
def test_weights_that_do_not_give_the_predictions_are_found_on_another_processor(results, verify):
    paths = results.run(RUN)
    write_json(paths.provenance, read_json(paths.provenance) | {"processor": "Another 9000"})
    with safe_open(paths.best, "numpy") as file:
        tensors = {name: file.get_tensor(name).copy() for name in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    next(tensors[name] for name in tensors if tensors[name].shape == (3,))[1] += 0.05
    paths.best.write_bytes(save(tensors, metadata))
    adjust_digest(paths, "best")
    _, lines, _ = verify(results, "--runs", "all")
    assert any(f"{RUN}: its best weights do not give its predictions" in line for line in lines)


@slow
def test_trainings_are_those_of_the_grid_and_the_new_replicates(results):
    found = trainings(results, read_json(results.summary)["config"])
    assert {one.run for one in found} == set(results.trained_runs())


# --------------------------------------------------------------------------------------- a page


def carried(page):
    """Return a page's evidence as a JSON value."""
    return pages.read(page)[1]


def replace_evidence(page, change, adjust=True):
    """Change a page's evidence by a function; ``adjust`` its checksum, too."""
    text = page.read_text(encoding="utf-8")
    value = carried(page)
    change(value)
    if adjust:
        value.pop(CHECKSUM)
        value = json.loads(json_text(value))
    written = json.dumps(value).replace("<", "\\u003c")
    text = re.sub(
        r'(id="evidence">).*?(</script>)', lambda found: found[1] + written + found[2], text
    )
    page.write_text(text, encoding="utf-8")


def change_answer(value):
    """Let the first LSTM replicate of an evidence give a tweet another class."""
    of = value["cells"]["LSTM"]
    p = unpacked(of["probabilities"], None, None, None)
    labels = unpacked(value["labels"], None)
    right = int(p[0, 3].argmax()) == labels[3]
    p[0, 3] = 0
    p[0, 3, (labels[3] + right) % p.shape[2]] = SCALE
    of["probabilities"] = packed(p)


@pytest.fixture
def page(once, tmp_path):
    """A copy of the report, without the results that it is of."""
    return Path(shutil.copy(once / "report/report.html", tmp_path / "page.html"))


@slow
def test_page_s_headline_follows_from_the_answers_that_it_carries(once, page, verify):
    status, disagreements, lines = verify(page)
    answer = read_json(Results(once).summary)["answer"]["sentence"]
    assert (status, disagreements) == (0, []) and answer in lines[0]


@slow
def test_page_carries_no_text_of_a_tweet_and_no_identifier(once, page):
    tweets = read_parquet(Results(once).tweets, ["id", "text"]).to_pylist()
    carried_text = json.dumps(carried(page))
    assert not [tweet for tweet in tweets if tweet["text"] in carried_text]
    assert set(carried(page)) == {
        *("format", "part", "classes", "planned", "compared", "numbers", "corpus", "config"),
        *("labels", "groups", "baselines", "cells", CHECKSUM),
    }


@slow
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.9999])
def test_page_that_is_cut_off_is_said_to_be(page, verify, kept):
    content = page.read_bytes()
    page.write_bytes(content[: int(kept * len(content))])
    status, _, lines = verify(page)
    assert status == 1 and "the page is cut off" in lines[-1]


@slow
def test_prediction_changed_in_a_page_is_found(page, verify):
    replace_evidence(page, change_answer, adjust=False)
    status, _, lines = verify(page)
    assert status == 1 and "its evidence is damaged" in lines[-1]


@slow
def test_prediction_changed_in_a_page_with_its_checksum_is_found_by_the_headline(page, verify):
    replace_evidence(page, change_answer)
    status, lines, _ = verify(page)
    assert status == 1
    assert f"{page}: its evidence: accuracies.LSTM.accuracy is" in lines[0]


@slow
def test_probability_changed_in_a_page_is_found_by_training_again(once, page, verify):
    def change(value):
        of = value["cells"]["LSTM"]
        p = unpacked(of["probabilities"], None, None, None)
        p[1, 5, p[1, 5].argmax()] += 9  # the same answer
        of["probabilities"] = packed(p)

    replace_evidence(page, change)
    assert verify(page)[0] == 0
    corpus = Results(once).corpus("demo.csv")
    status, [line], _ = verify(page, "--corpus", corpus, "--runs", "all")
    assert status == 1 and "the probabilities of LSTM/" in line and "differ by at most" in line


@slow
def test_page_s_trainings_are_repeated_from_its_very_corpus(once, page, verify, tmp_path):
    corpus = Results(once).corpus("demo.csv")
    for arguments in (["--corpus", corpus, "--runs", "1"], ["--runs", "1"]):  # invented again
        status, disagreements, lines = verify(page, *arguments)
        assert (status, disagreements) == (0, [])
        assert sum("are those that training gives again" in line for line in lines) == 1
    other = tmp_path / "other.csv"
    other.write_bytes(corpus.read_bytes() + b"\n")
    status, _, lines = verify(page, "--corpus", other)
    assert status == 1
    assert lines[-1].startswith(f"error: {other}: its sha256 is {sha256_of(other)}, but the report")


@slow
def test_config_or_corpus_other_than_the_page_states_is_found(page, verify):
    def change(value):
        value["config"]["training"]["epochs"] += 1
        value["corpus"] = "0" * 64

    replace_evidence(page, change)
    _, lines, _ = verify(page)
    assert [line.rsplit(": ", 1)[1] for line in lines] == [
        "its evidence is from another corpus than it states",
        "its evidence is of another config than it states",
    ]


@slow
def test_large_test_set_has_answers_instead_of_probabilities_or_none(results, once, monkeypatch):
    config = read_json(results.summary)["config"]
    from tweetrnn.reporting.experiment import Experiment

    experiment = Experiment(results, config, memory_mb=1500)
    evidence, comparison = experiment.evidence, experiment.comparison

    def written(room):
        monkeypatch.setattr(evidences, "ROOM", room)
        return evidences.to_page(evidence, comparison, config, "0" * 64)

    whole = written(450_000)
    tweets = len(evidence.labels)
    answers = written(6 * tweets)
    assert set(answers["cells"]["LSTM"]) == {"combination", "replicates", "provenance", "answers"}
    read = [evidences.from_page(value, "page") for value in (whole, answers)]
    for cell in ("SimpleRNN", "LSTM"):
        assert (read[0].cells[cell].answers == read[1].cells[cell].answers).all()
    with pytest.raises(evidences.UserError, match="test set is too large for a page"):
        evidences.from_page(written(0), "page")


# ----------------------------------------------------------------------------------- what is not


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\0", b"<html><p>Hello</p></html>", b"<script id='evidence'>{</script>"],
)
def test_foreign_page_is_one_message(tmp_path, verify, content):
    page = tmp_path / "page.html"
    page.write_bytes(content)
    status, disagreements, [line] = verify(page)
    assert (status, disagreements) == (1, []) and line.startswith(f"error: {page}: ")


@pytest.mark.parametrize("value", [{}, [], {"format": 2}, {"format": 1, "labels": []}])
def test_page_with_other_evidence_is_one_message(tmp_path, verify, value):
    page = tmp_path / "page.html"
    page.write_text(f'<script id="evidence">{json.dumps(value)}</script>', encoding="utf-8")
    status, _, [line] = verify(page)
    assert status == 1 and "its evidence is" in line


@slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda summary: {"name": "small"}, "written by an older version of this workflow"),
        (lambda summary: summary | {"comparison": None}, "a partial report"),
    ],
)
def test_older_or_partial_results_are_one_message(results, verify, change, message):
    write_json(results.summary, change(read_json(results.summary)))
    status, _, [line] = verify(results)
    assert status == 1 and message in line


@slow
def test_unfinished_experiment_and_wrong_options_are_one_message(results, page, verify, tmp_path):
    results.summary.unlink()
    assert "not finished, there is no" in verify(results)[2][0]
    assert "no such results folder or report.html" in verify(tmp_path / "absent")[2][0]
    assert "--corpus: is for a report.html" in verify(results, "--corpus", page)[2][0]
    assert "--corpus: there is no file" in verify(page, "--corpus", tmp_path / "no")[2][-1]


@pytest.mark.parametrize("number", ["some", "-1", "1.5"])
def test_number_of_trainings_is_whole_or_all(capsys, number):
    with pytest.raises(SystemExit, match="2"):
        main(["verify", "x", f"--runs={number}"])
    assert f"expected a whole number or all, got '{number}'" in capsys.readouterr().err
