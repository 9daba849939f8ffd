"""A tweet is read as training reads it and predicted by the model that is asked for."""

import csv
import gzip
import io
import json
import re
import shlex
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small_experiment
from example_corpus import LABELS, as_csv, as_json_lines, rows
from hypothesis import given, settings
from hypothesis import strategies as st
from test_bad_corpus import parquet
from tweetrnn.__main__ import main
from tweetrnn.config import resolve
from tweetrnn.errors import UserError
from tweetrnn.evaluation import tables
from tweetrnn.files import read_json, read_parquet, sha256_of, write_json
from tweetrnn.grid import Run
from tweetrnn.prediction import predict_file
from tweetrnn.prediction.model_files import best_runs, settings_of_results
from tweetrnn.prediction.predictor import Encoder, majority
from tweetrnn.results import Results
from tweetrnn.sets import SETS

TWEET = "tweet number 7 @united"
TINY = {"training": {"epochs": 1}, "model": {"units": 4}}
SHALLOW = "rnn1-dense2-dropout0-reg0-lr1e-2"


@pytest.fixture(scope="module")
def results(tmp_path_factory, one_thread):
    """The Results of an experiment with two trained runs, of which one is selected."""
    folder = tmp_path_factory.mktemp("experiment")
    corpus, results = folder / "tweets.csv", Results(folder / "results/small")
    corpus.write_text(as_csv(rows()))
    small_experiment.prepare(results, corpus, **TINY)
    for cell in ("SimpleRNN", "LSTM"):
        small_experiment.train_run(results, corpus, cell, SHALLOW, **TINY)
    runs = pd.DataFrame(
        [("SimpleRNN", 0.6, "finished"), ("LSTM", 0.7, "finished"), ("GRU", 0.9, "diverged")],
        columns=["cell", "best_accuracy", "status"],
    ).assign(combination=SHALLOW, replicate=1)
    tables.write(runs, results.runs, results.runs_csv)
    write_json(results.aggregate_facts, {"sha256": {"runs": sha256_of(results.runs)}})
    cells = {
        cell: {"combination": SHALLOW, "figure": figure, "replicate": 1, "candidates": 1}
        for cell, figure in (("SimpleRNN", 0.9), ("LSTM", 0.1))  # of another metric
    }
    selection = {"select_by": "mean_accuracy", "replicates": [2]}
    selection |= {"cells": cells, "baseline_cells": {}}
    digest = tables.digest_of(tables.read_runs(results.runs, results.aggregate_facts))
    write_json(results.selected, selection | {"runs_sha256": digest})
    return results


def answers(capsys, results, *arguments):
    """Return the answers of a command that must succeed, as dicts, and its messages."""
    capsys.readouterr()
    assert main(["predict", "--results", str(results), "--to", "jsonl", *map(str, arguments)]) == 0
    printed = capsys.readouterr()
    return [json.loads(line) for line in printed.out.splitlines()], printed.err


def refused(capsys, *arguments):
    """Return the message, in one line, of a command that must fail and write nothing."""
    capsys.readouterr()
    assert main(["predict", *map(str, arguments)]) == 1
    printed = capsys.readouterr()
    assert not printed.out
    lines = [line for line in printed.err.splitlines() if not line.startswith("Model: ")]
    assert len(lines) == 1
    return lines[0]


# ---------------------------------------------------------------- as training reads its tweets

letters = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    st.lists(
        st.sampled_from(["late", "Late", "😀", "é", "e\u0301", "&amp;", "!"]),
        min_size=1,
        max_size=8,
    ).map(" ".join),
)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """A folder whose files each example overwrites."""
    return tmp_path_factory.mktemp("stages")


@pytest.mark.slow
@settings(max_examples=25)
@given(
    table=st.lists(st.tuples(letters, st.sampled_from(LABELS)), min_size=1, max_size=15).map(
        lambda drawn: [*rows(30), *((f"d{n}", *row) for n, row in enumerate(drawn))]
    ),
    tokenize=st.fixed_dictionaries(
        {
            "tokens": st.sampled_from(["tweet", "whitespace"]),
            "fold_case": st.booleans(),
            "unescape_entities": st.booleans(),
        }
    ),
    sequence=st.fixed_dictionaries(
        {
            "length": st.sampled_from([1, 4]),
            "padding": st.sampled_from(["left", "right"]),
            "truncation": st.sampled_from(["left", "right"]),
        }
    ),
    vocabulary=st.fixed_dictionaries(
        {
            "fit_on": st.sampled_from(["train", "all"]),
            "max_words": st.sampled_from([None, 3]),
            "padding": st.sampled_from(["column", "zeros"]),
            "unknown": st.sampled_from(["column", "zeros"]),
        }
    ),
)
def test_raw_texts_give_the_sequences_that_split_wrote(
    scratch, table, tokenize, sequence, vocabulary
):
    corpus, results = scratch / "t.jsonl", Results(scratch / "results")
    corpus.write_text(as_json_lines(table))
    small_experiment.prepare(
        results,
        corpus,
        corpus={"max_dropped": 1},
        tokenize=tokenize,
        sequence=sequence,
        vocabulary=vocabulary,
    )
    text_of = {identifier: text for identifier, text, _ in table}
    tweets = read_parquet(results.tweets).to_pylist()
    rows_of_sets = read_parquet(results.rows).to_pylist()
    encoder, facts = (
        Encoder(settings_of_results(results), results.vocabulary),
        read_json(results.split_facts),
    )
    for name in SETS:
        texts = [text_of[tweets[row["row"]]["id"]] for row in rows_of_sets if row["part"] == name]
        sequences, tokens, unknowns = encoder.encode(texts)
        written = np.load(getattr(results, f"{name}_sequences"))
        assert np.array_equal(sequences, written)
        assert tokens.sum() == facts["parts"][name]["tokens"]
        assert unknowns.sum() == facts["parts"][name]["unknown_tokens"]


def test_half_a_surrogate_pair_is_read_as_in_a_corpus(results):
    encoder = Encoder(settings_of_results(results), results.vocabulary)
    one, other = (encoder.encode([text]) for text in ("tweet \ud83d", "tweet \ufffd"))
    assert np.array_equal(one[0], other[0])


# ------------------------------------------------------------------------------------ votes

votes = st.integers(1, 5).flatmap(
    lambda models: st.lists(
        st.lists(
            st.lists(st.integers(0, 8).map(lambda n: n / 8), min_size=3, max_size=3),
            min_size=models,
            max_size=models,
        ),
        min_size=1,
        max_size=4,
    )
)


@given(votes)
def test_most_votes_win_and_the_higher_mean_breaks_a_tie(texts):
    classes, most = majority(np.array(texts).transpose(1, 0, 2))
    for models, number, count in zip(texts, classes, most, strict=True):
        given_votes = [model.index(max(model)) for model in models]
        counts = [given_votes.count(k) for k in range(3)]
        means = [sum(model[k] for model in models) / len(models) for k in range(3)]
        assert counts[number] == max(counts) == count
        for k in range(3):
            if counts[k] == count:
                assert means[k] <= means[number] + 1e-12


def test_vote_gives_the_models_mean_probabilities_and_its_count(capsys, results):
    [one], _ = answers(capsys, results, "--run", f"LSTM/{SHALLOW}", TWEET)
    [other], _ = answers(capsys, results, "--run", f"SimpleRNN/{SHALLOW}/1", TWEET)
    [both], messages = answers(capsys, results, "--top", 2, TWEET)
    names = [f"probability_{label}" for label in LABELS]
    for name in names:
        assert both[name] == pytest.approx((one[name] + other[name]) / 2, abs=2e-7)
    agree = one["predicted"] == other["predicted"]
    assert both["votes"] == (2 if agree else 1) and "votes" not in one
    assert f"Model: LSTM/{SHALLOW}/1, SimpleRNN/{SHALLOW}/1" in messages


# --------------------------------------------------------------------------------- which model


def test_default_is_the_selected_run_with_the_best_validation_accuracy(capsys, results):
    found, messages = answers(capsys, results, TWEET)
    assert f"Model: LSTM/{SHALLOW}/1\n" in messages
    assert found == answers(capsys, results, "--run", f"LSTM/{SHALLOW}", TWEET)[0]


def test_best_runs_are_finished_ones_by_validation_accuracy(results):
    assert best_runs(results, 2) == [Run("LSTM", SHALLOW, 1), Run("SimpleRNN", SHALLOW, 1)]
    for count in (0, 3):
        with pytest.raises(UserError, match=f"--top {count}: expected 1 to 2, the finished runs"):
            best_runs(results, count)


def test_config_names_the_results(capsys, results, monkeypatch):
    folder = results.folder.parent.parent
    monkeypatch.chdir(folder)
    (folder / "x.yaml").write_text("name: small\ncorpus: {kind: demo}\n")
    assert main(["predict", "--configfile", "x.yaml", TWEET]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["label", *LABELS, "unknown", "text"] and line.endswith(TWEET)


@pytest.mark.parametrize("option", ["--run", "--text-column", "--input", "--configfile"])
def test_empty_option_is_not_the_default(capsys, option):
    for empty in ([option, ""], [f"{option}="]):
        with pytest.raises(SystemExit, match="2"):
            main(["predict", TWEET, *empty])
        assert f"argument {option}: expected a value, got ''" in capsys.readouterr().err


def test_unfinished_experiment_is_reported(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yaml").write_text("name: x\ncorpus: {kind: demo}\n")
    message = refused(capsys, "--configfile", "x.yaml", TWEET)
    assert "results/x: no finished experiment there; run the workflow first" in message
    assert "no finished experiment" in refused(capsys, "--results", tmp_path, "--top", 2, TWEET)


def test_unknown_run_is_reported_with_the_nearest(capsys, results):
    message = refused(capsys, "--results", results, "--run", f"LSTN/{SHALLOW}", TWEET)
    assert f"no trained run 'LSTN/{SHALLOW}'" in message
    assert f"the nearest of 2 is LSTM/{SHALLOW}/1" in message


def test_run_without_a_finished_epoch_is_refused(capsys, results):
    path = results.run(Run("LSTM", SHALLOW, 1)).parameters
    before, parameters = path.read_bytes(), read_json(path)
    write_json(path, parameters | {"best_epoch": None})
    try:
        assert "diverged in its first epoch" in refused(capsys, "--results", results, TWEET)
    finally:
        path.write_bytes(before)


def test_weights_of_another_vocabulary_are_refused(capsys, results):
    path = results.split_facts
    before, facts = path.read_bytes(), read_json(path)
    write_json(path, facts | {"width": facts["width"] + 1})
    try:
        message = refused(capsys, "--results", results, TWEET)
        assert f"made for {facts['width']} one-hot columns" in message
    finally:
        path.write_bytes(before)


def test_folder_that_is_not_a_model_is_reported(capsys, tmp_path):
    message = refused(capsys, "--model", tmp_path, TWEET)
    assert (
        "there is no config.json in it; expected a folder written by: python -m tweetrnn export"
        in message
    )


# ------------------------------------------------------------------------------ files and texts


def test_other_columns_are_kept_in_the_input_s_order(capsys, results, tmp_path):
    path, out = tmp_path / "t.tsv", tmp_path / "out.csv"
    path.write_text("n\ttext\tlast\n1\ttweet number 3\tx\n2\ttweet\ty\n")
    options = ["predict", "--results", str(results), "--input", str(path), "--output", str(out)]
    assert main(options) == 0
    assert capsys.readouterr().out == ""
    found = list(csv.DictReader(io.StringIO(out.read_text())))
    assert list(found[0])[:4] == ["n", "text", "last", "predicted"]
    assert [(row["n"], row["text"], row["last"]) for row in found] == [
        ("1", "tweet number 3", "x"),
        ("2", "tweet", "y"),
    ]
    for row in found:
        values = {label: float(row[f"probability_{label}"]) for label in LABELS}
        assert sum(values.values()) == pytest.approx(1, abs=1e-6)
        assert row["predicted"] == max(values, key=values.get)


def test_several_batches_give_the_same_as_one_batch(capsys, results, tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text(as_csv(rows(25)))
    whole, _ = answers(capsys, results, "--input", path)
    batches = predict_file.batches
    monkeypatch.setattr(predict_file, "batches", lambda rows: batches(rows, 7))
    parts, _ = answers(capsys, results, "--input", path)
    assert [row["text"] for row in parts] == [row[1] for row in rows(25)]
    for one, other in zip(whole, parts, strict=True):
        for name, value in one.items():
            assert other[name] == (pytest.approx(value, abs=1e-6) if name[0] == "p" else value)


def test_compressed_input_with_another_delimiter_is_read(capsys, results, tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(f"n;text\n1;{TWEET}\n".encode()))
    [row], _ = answers(capsys, results, "--input", path)
    assert (row["n"], row["text"]) == ("1", TWEET)


def test_parquet_is_read_and_answered_as_csv_unless_asked_otherwise(capsys, results, tmp_path):
    path = tmp_path / "t.parquet"
    moment = pa.array([0], pa.timestamp("ns"))
    table = {"n": [[1, 2]], "at": moment, "raw": [b"\xff"], "d": [Decimal("1.50")], "text": [TWEET]}
    pq.write_table(pa.table(table), path)
    assert main(["predict", "--results", str(results), "--input", str(path)]) == 0
    [row] = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["n"], row["raw"], row["d"], row["text"]) == ("[1, 2]", "ff", "1.50", TWEET)
    [row], _ = answers(capsys, results, "--input", path)
    assert (row["n"], row["raw"], row["d"]) == ([1, 2], "ff", "1.50")
    assert row["at"] == "1970-01-01 00:00:00.000000000"


@pytest.mark.parametrize(
    ("name", "content", "option"),
    [
        ("t.tsv", f'text\tn\n"{TWEET}\t1\n', "quoting"),
        ("t.csv", f'n,text\n1, "{TWEET}, so"\n', "skip-blanks"),
        ("t.csv", f"n,text\n1,{TWEET}\\, so\n", "backslash"),
        ("t.csv", f"n,text\n1,{TWEET} \xe9\n".encode("latin-1"), "encoding"),
        ("t.csv", f"n,text\n1,{TWEET} \u201c\n".encode("cp1252"), "encoding"),
        ("t.csv", f"n,text\n1,{TWEET}\n".encode("utf-16-be"), "encoding"),
        ("t.csv", json.dumps({"text": TWEET, "n": 1}), "format"),
        ("t.csv", parquet({"text": [TWEET], "n": [1]}), "format"),
        ("t.txt", f"n,text\n1,{TWEET}\n", "format"),
        ("t.csv", f"n\ttweet\n1\t{TWEET}\n", "delimiter"),
    ],
)
def test_advice_about_a_file_makes_it_readable(
    capsys, results, tmp_path, monkeypatch, name, content, option
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    column = "tweet" if b"tweet\n" in (tmp_path / name).read_bytes()[:9] else "text"
    command = ["--results", results, "--input", name]
    message = refused(capsys, *command)
    advised = re.findall(r"--[a-z-]+(?: (?!or\b)[^\s,;]+)?", message)
    [advice] = [each for each in advised if option in each]
    [row], _ = answers(capsys, results, *command[2:], "--text-column", column, *shlex.split(advice))
    assert TWEET in row[column] and str(row["n"]) == "1"


def test_a_tab_may_be_written_as_in_a_config(capsys, results, tmp_path):
    (tmp_path / "t.csv").write_text(f"a,text\tn\n{TWEET}\t1\n")
    options = ["--input", tmp_path / "t.csv", "--text-column", "a,text", "--delimiter", r"\t"]
    [row], _ = answers(capsys, results, *options)
    assert (row["a,text"], row["n"]) == (TWEET, "1")


def test_standard_input_is_read_in_the_named_format(capsys, results, monkeypatch):
    stream = io.BytesIO(b'{"tweet": "tweet number 4", "n": [1]}\n{"tweet": null}\n')
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream))
    options = ["--input", "-", "--format", "jsonl", "--text-column", "tweet"]
    (first, second), messages = answers(capsys, results, *options)
    assert first["n"] == [1] and first["predicted"] in LABELS
    assert second == dict.fromkeys(second)  # no answer
    assert "1 of 2 texts have no word, and so no label" in messages


def test_share_of_unknown_words_is_given_and_most_of_them_cause_a_warning(capsys, results):
    found, messages = answers(capsys, results, "tweet xyzzy", "tweet xyzzy plugh")
    assert [row["unknown_words"] for row in found] == [0.5, 0.6667]
    assert "in 1 of 2 texts most words are unknown to the model" in messages
    _, messages = answers(capsys, results, "tweet number 4")
    assert "unknown" not in messages


@pytest.mark.parametrize(
    "content, options, message",
    [
        ("text\na\n", ["a text"], "give tweets as arguments, or a file"),
        ("id,tweet\n1,a\n", [], "no column 'text'"),
        (b"text\n\xff\n", [], "line 2: the byte 0xff is not utf-8"),
        ("", [], "empty; expected a header and one row for each tweet"),
        ("text,predicted\na,b\n", [], "has a column 'predicted' already"),
        ("text\na\n", ["--format", "jsonl"], "line 1: not a JSON object"),
    ],
)
def test_mistake_in_the_input_is_one_line_and_nothing_is_written(
    capsys, results, tmp_path, monkeypatch, content, options, message
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    command = ["--results", results, "--input", "t.csv", "--output", "out.csv", *options]
    assert message in refused(capsys, *command)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "options, message",
    [
        ([], "give tweets as arguments, or a file of them with --input"),
        (["--input", "absent.csv"], "there is no file absent.csv"),
        (["--input", "-"], "--format: name the format of standard input, one of csv, tsv, jsonl"),
        ([TWEET, "--output", "x.txt"], "'.txt' stands for none of the formats"),
    ],
)
def test_missing_input_or_format_is_reported(capsys, results, options, message):
    assert message in refused(capsys, "--results", results, *options)


def test_mistake_far_down_leaves_an_earlier_output_as_it_was(capsys, results, tmp_path):
    path, out = tmp_path / "t.csv", tmp_path / "out.csv"
    path.write_text("text\n" + "tweet\n" * 9000 + "a,b\n")
    out.write_text("earlier")
    message = refused(capsys, "--results", results, "--input", path, "--output", out)
    assert "line 9002" in message and out.read_text() == "earlier"


@pytest.mark.parametrize(
    "files, message",
    [
        ({"a": "x.xlsx"}, "predict.files.a: expected text of the form"),
        ({"a/b": "x.csv"}, "predict.files: 'a/b' is not a valid name"),
        (["x/t.csv", "y/t.tsv"], "predict.files: two files have the same name"),
        (["../-.csv"], "predict.files: '-' is not a valid name"),
    ],
)
def test_files_that_cannot_be_predicted_are_reported_beforehand(files, message):
    with pytest.raises(UserError) as caught:
        resolve({"name": "x", "corpus": {"kind": "demo"}, "predict": {"files": files}})
    assert message in str(caught.value)
