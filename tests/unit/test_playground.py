"""What the page needs to read a tweet as the selected models do, and how near it comes to them."""

import base64
import json
import re

import numpy as np
import pytest
from example_playground import HOSTILE_WORDS, TOKENIZE, example_arrays, example_playground
from example_report import example_report, write_report
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from tweetrnn.data.tokenizers import TOKENIZERS
from tweetrnn.grid import Combination
from tweetrnn.reporting import playground
from tweetrnn.training.models import build

tables = arrays_of.arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.integers(1, 4).map(lambda gates: 2 * gates)),
    elements=st.floats(-1e3, 1e3, width=32),
)


@given(tables)
def test_rounding_is_off_by_half_a_step_at_most_and_keeps_zeros(table):
    unit, multiples, values = playground.rounded(table, 2)
    error = np.abs(playground.restored(unit, multiples, values) - table).reshape(len(table), -1, 2)
    assert (error <= 0.5001 * (unit * multiples)[:, :, None]).all()
    most = np.abs(table.astype(float)).max(axis=1, keepdims=True)
    assert (unit * multiples <= 1.0001 * (most / 127 + unit)).all()
    assert (values[table == 0] == 0).all()


def test_words_are_packed_as_bytes_with_a_scale_for_each_gate_and_all_else_as_it_is(monkeypatch):
    table = np.array([[127, -63.5, 0, 0], [0.5, 0.25, -127, 0]], np.float32)
    recurrent = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]], np.float32)
    arrays = {"rnn/kernel": table, "rnn/recurrent_kernel": recurrent, "rnn/bias": recurrent[0]}
    monkeypatch.setattr(playground, "EXACT", 1)
    [layer] = playground.packed(arrays)
    unit = layer["words"]["unit"]
    multiples = np.frombuffer(base64.b64decode(layer["words"]["multiples"]), "<u2")
    values = np.frombuffer(base64.b64decode(layer["words"]["values"]), np.int8).reshape(2, 4)
    assert unit == 1 / 65535
    assert multiples.tolist() == [65535, 0, 259, 65535]
    assert values.tolist() == [[127, -64, 0, 0], [127, 63, -127, 0]]
    exact = {"kernel": table[0], "recurrent_kernel": recurrent, "bias": recurrent[0]}
    for name, array in exact.items():
        assert (
            np.frombuffer(base64.b64decode(layer[name]), "<f4").tolist() == array.ravel().tolist()
        )


@pytest.mark.parametrize("cell", playground.STEPS)
@pytest.mark.parametrize(
    "combination", ["rnn1-dense1-dropout0-reg0-lr1e-3", "rnn3-dense2-dropout1-reg1-lr1e-3"]
)
def test_page_s_arithmetic_is_the_models(one_thread, cell, combination):
    import torch

    model = build(cell, Combination.parse(combination), 12, 3, seed=3, units=5)
    arrays = {name: weight.numpy() for name, weight in model.weights().items()}
    ids = np.random.default_rng(1).integers(0, 13, (9, 7))
    logits = model.forward(model.table, torch.from_numpy(ids.T.copy()))
    result = playground.probabilities(cell, playground.layers_of(arrays), ids)
    np.testing.assert_allclose(result, torch.softmax(logits, 1).numpy(), rtol=1e-4)


def test_agreement_counts_equal_labels_and_finds_the_largest_difference():
    arrays = example_arrays("LSTM", 40)
    ids = np.random.default_rng(1).integers(0, 41, (8, 5))
    computed = playground.probabilities("LSTM", playground.as_in_the_page(arrays), ids)
    same = playground.agreement("LSTM", arrays, ids, computed)
    assert same == {"tweets": 8, "equal_labels": 8, "largest_difference": 0}
    other = computed.copy()
    other[:2] = np.eye(3)[(computed[:2].argmax(axis=1) + 1) % 3]
    agreement = playground.agreement("LSTM", arrays, ids, other)
    assert agreement["equal_labels"] == 6
    assert agreement["largest_difference"] == np.abs(computed - other).max() > 0.5


def test_agreement_is_measured_on_no_more_tweets_than_it_takes(monkeypatch):
    monkeypatch.setattr(playground, "COMPARED", 5)
    monkeypatch.setattr(playground, "AT_A_TIME", 2)
    arrays, ids = example_arrays("LSTM", 40), np.random.default_rng(1).integers(0, 41, (8, 5))
    stored = playground.probabilities("LSTM", playground.as_in_the_page(arrays), ids)
    stored[5:] = np.nan
    result = playground.agreement("LSTM", arrays, ids, stored)
    assert result == {
        "tweets": 5,
        "equal_labels": 5,
        "largest_difference": pytest.approx(0, abs=1e-12),
    }


@pytest.mark.parametrize(
    "python, script",
    [
        (r"\w+\d", r"[\p{L}\p{N}_]+[\p{Nd}]"),
        (r"[\w\-]\#", r"[\p{L}\p{N}_\-]#"),
        (r"[^\W\d_][^\W\d][^\W_]", r"[\p{L}\p{Nl}\p{No}][\p{L}\p{Nl}\p{No}_][\p{L}\p{N}]"),
        (r"\U0001f3fb\u200d\x1f", r"\u{1f3fb}\u200d\x1f"),
        (r"(.)[.]\.", r"([^\n])[.]\."),
        (r"[\[\]a]a", r"[\[\]a]a"),
    ],
)
def test_pattern_is_translated(python, script):
    assert playground.javascript(re.compile(python)) == script


def test_letters_of_a_pattern_that_ignores_case_stand_for_all_that_python_takes_for_them():
    result = playground.javascript(re.compile(r"is[i]\s", re.IGNORECASE))
    assert result.startswith("[Ii\u0130\u0131][Ss\u017f][i][\\t-")


def test_tokenizers_of_the_page_are_the_pipeline_s():
    assert set(playground.PORTED_TOKENIZERS) <= set(TOKENIZERS)


# ------------------------------------------------------------------------------------- the page


def data_of(page):
    """Return what the page's script would read."""
    [text] = re.findall(
        r'<script type="application/json" id="playground-data">(.*?)</script>', page
    )
    return json.loads(text)


def page_with(example, folder):
    """Return report.html and report.md of an invented report with the Playground ``example``."""
    experiment = example_report()
    experiment.playground = example
    report = write_report(experiment, folder)
    return (report / "report.html").read_text(), (report / "report.md").read_text()


def test_hostile_words_stay_data(tmp_path):
    result = example_playground()
    page, _ = page_with(result, tmp_path)
    assert data_of(page) == result.data
    assert data_of(page)["words"].split(" ") == HOSTILE_WORDS
    assert page.count("<script") == 3


def test_page_without_a_playground_has_none_of_its_script(tmp_path):
    page, text = page_with(None, tmp_path)
    assert "Try it" not in page and "class Playground" not in page
    assert "Try it" not in text


def test_markdown_has_a_sentence_of_it(tmp_path):
    _, text = page_with(example_playground(), tmp_path)
    section = re.search(r"^## \d+\\\. Try it\n(.*?)^## ", text, re.M | re.S)[1].strip()
    assert section.startswith("Type a tweet into report.html") and "\n" not in section


def test_page_gives_the_agreement_and_the_summary_has_it(tmp_path):
    result = example_playground()
    page, _ = page_with(result, tmp_path)
    for row in result.agreement:
        sentence = f"{row['cell']} gives {row['equal_labels']} of 40 validation tweets"
        assert f"{sentence} ({2.5 * row['equal_labels']:.2f}\u00a0%)" in page
        assert f"{row['largest_difference']:.4f}" in page
    summary = json.loads((tmp_path / "report/summary.json").read_text())
    assert summary["playground"] == result.agreement


# --------------------------------------------------------------------------------- what is left out


def test_vocabulary_too_large_is_left_out_and_the_note_names_the_count_that_brings_it_below(
    monkeypatch,
):
    monkeypatch.setattr(playground, "ROOM", 150_000)
    words = [f"word{n}" for n in range(900)]
    counts = [max(1, 900 // (n + 1)) for n in range(900)]
    [note] = example_playground(words=words, counts=counts).notes
    advised = int(re.search(r"vocabulary\.min_count: (\d+) would bring it below", note)[1])
    kept = sum(count >= advised for count in counts)
    assert example_playground(words=words[:kept], counts=counts[:kept]).data
    more = sum(count >= advised - 1 for count in counts)
    assert more == len(words) or not example_playground(words=words[:more]).data
    assert "with the 900 words of the vocabulary it would take 0.3\u00a0MB" in note


def test_size_is_known_before_the_words_are_rounded():
    for count in (20, 400):
        words = [f"word{n}" for n in range(count)]
        result = example_playground(words=words).data
        models = [(cell, None, example_arrays(cell, count + 1), None) for cell in playground.STEPS]
        without = example_playground(words=[f"word{n}" for n in range(15)]).data
        expected = playground.bytes_of_words(words, models) - playground.bytes_of_words(
            words[:15], models
        )
        actual = playground.size_of(result) - playground.size_of(without)
        assert expected == pytest.approx(actual, rel=0.02, abs=50)


@pytest.mark.slow
def test_largest_playground_adds_no_more_than_a_page_may_grow_by(tmp_path, monkeypatch):
    def fits(count):
        return example_playground(words=[f"word{n}" for n in range(count)])

    result = next(p for p in map(fits, range(6300, 5500, -100)) if p.data)
    page, _ = page_with(result, tmp_path / "with")
    without, _ = page_with(None, tmp_path / "without")
    assert 1_300_000 < len(page.encode()) - len(without.encode()) <= 1_500_000


def test_models_too_large_by_themselves_get_no_advice_that_would_not_help(monkeypatch):
    monkeypatch.setattr(playground, "ROOM", 20_000)
    [note] = example_playground(words=["a", "b"]).notes
    assert "would take" in note and "min_count" not in note


def test_cell_that_the_page_cannot_compute_is_left_out_and_named():
    result = example_playground(cells=["LSTM", "Other"])
    assert [model["cell"] for model in result.data["models"]] == ["LSTM"]
    assert [row["cell"] for row in result.agreement] == ["LSTM"]
    assert result.notes == [
        "Other is not among what can be tried in this page, which computes SimpleRNN and LSTM."
    ]
    assert example_playground(cells=["Other"]).data is None


def test_unknown_tokenizer_leaves_it_out():
    result = example_playground(tokenize=TOKENIZE | {"tokens": "characters"})
    assert result.data is None and "the name characters (tokenize.tokens)" in result.notes[0]


def test_config_turns_it_off():
    assert playground.read(None, {"report": {"playground": False}}, None, None) is None
