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

pytestmark = pytest.mark.slow  # writes whole reports

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
    section = re.search(r"^## \d+\\\. Try it\n(.*?)^<a id", text, re.M | re.S)[1].strip()
    assert section.startswith("Type a tweet into report.html") and "\n" not in section


def test_page_gives_the_agreement_and_the_summary_has_it(tmp_path):
    result = example_playground()
    page, _ = page_with(result, tmp_path)
    for row in result.agreement:
        sentence = f"{row['cell']} gives {row['equal_labels']} of 40 validation tweets"
        assert f"{sentence} ({2.5 * row['equal_labels']:.2f}\u00a0%)" in page
        assert f"{row['largest_difference']:.4f}" in page
    summary = json.loads((tmp_path / "report/summary.json").read_text())
    assert summary["playground"]["agreement"] == result.agreement
    assert summary["playground"]["words"]["coverage"] == result.cut.coverage


# ------------------------------------------------------------------------- the words of the page

WORDS = ["often", "@shown", "@stranger", "seldom", "rare", "rarer"]
COUNTS = [9, 6, 5, 2, 1, 1]


def chosen(room, words=WORDS, counts=COUNTS, tokens=30):
    """Return the Cut and the kept words, of which each takes 10 bytes."""
    sizes = np.full(len(words), 10)
    cut, kept = playground.choose_words(words, np.array(counts), sizes, room, tokens, ["@shown"])
    return cut, [word for word, stays in zip(words, kept, strict=True) if stays]


@pytest.mark.parametrize(
    "room, kept, minimum, rare, covered",
    [
        (50, ["often", "@shown", "seldom", "rare", "rarer"], 1, 0, 19),
        (49, ["often", "@shown", "seldom"], 2, 2, 17),
        (20, ["often", "@shown"], 5, 3, 15),
        (10, ["often"], 9, 5, 9),
        (9, [], 10, 6, 0),
    ],
)
def test_words_are_cut_at_the_smallest_count_that_fits_and_handles_of_people_always(
    room, kept, minimum, rare, covered
):
    cut, words = chosen(room)
    assert words == kept
    assert cut == playground.Cut(minimum, rare, 1, pytest.approx(covered / 30))


@pytest.mark.parametrize(
    "unknown_id, padding_id, new_unknown, new_padding, ids",
    [
        (5, 0, 3, 0, [0, 1, 3, 2, 3, 3]),  # padding is a column, unknown words are zeros
        (0, 5, 0, 3, [0, 1, 0, 2, 0, 3]),  # the other way round
    ],
)
def test_words_that_are_cut_become_the_unknown_word(
    unknown_id, padding_id, new_unknown, new_padding, ids
):
    split = {"width": 5, "unknown_id": unknown_id, "padding_id": padding_id}
    kernel = np.arange(5.0)[:, None]
    arrays = {"rnn/kernel": kernel, "rnn/bias": 0, "dense/kernel": 1}
    kept = np.array([True, False, True, False])
    facts, [model], new = playground.without_words(
        split, [("LSTM", None, arrays, 7)], np.arange(6)[None], kept
    )
    assert facts == {"width": 3, "unknown_id": new_unknown, "padding_id": new_padding}
    assert new.tolist() == [ids]
    assert model[2]["rnn/kernel"].ravel().tolist() == [0, 1, 3]
    assert len(arrays["rnn/kernel"]) == 5


@pytest.mark.parametrize("unknown", ["zeros", "column"])
def test_agreement_is_that_of_the_words_of_the_page(monkeypatch, unknown):
    words = [f"word{n}" for n in range(900)]
    counts = [max(1, 900 // (n + 1)) for n in range(900)]
    whole = example_playground(words=words, counts=counts, unknown=unknown)
    monkeypatch.setattr(playground, "ROOM", 150_000)
    result = example_playground(words=words, counts=counts, unknown=unknown)
    assert len(result.data["words"].split()) < 900 and result.cut.min_count > 1
    assert result.data["width"] == len(result.data["words"].split()) + 1 + (unknown == "column")
    for row, before in zip(result.agreement, whole.agreement, strict=True):
        assert row["largest_difference"] > 5 * before["largest_difference"]


def test_page_says_which_words_it_knows(tmp_path):
    result = example_playground(words=WORDS, counts=COUNTS, tokens=30)
    assert "Handles of people are unknown here; the other words cover 63.3\u00a0%" in page_with(
        result, tmp_path / "all"
    )[0].replace("  ", " ")
    result.cut = playground.Cut(3, 17, 2, 0.956)
    page, _ = page_with(result, tmp_path / "cut")
    assert (
        "Words that occur fewer than 3 times are unknown here, and so are handles of people; the "
        "others cover 95.6\u00a0% of the training tokens."
    ) in page
    assert "@stranger" not in data_of(page)["words"] and "@shown" in data_of(page)["words"]


def test_page_of_all_words_says_nothing_of_a_cut(tmp_path):
    page, _ = page_with(example_playground(), tmp_path)
    assert "of the training tokens" not in page


# --------------------------------------------------------------------------------- what is left out


def test_playground_whose_words_would_cover_too_little_is_left_out(monkeypatch):
    monkeypatch.setattr(playground, "ROOM", 150_000)
    words, counts = [f"word{n}" for n in range(900)], [1] * 900
    result = example_playground(words=words, counts=counts)
    assert result.data is None
    assert result.notes == [
        "A playground, in which to type a tweet, is left out of this page: the words that find "
        "room in it, 1.5\u00a0MB, cover only 0\u00a0% of the tokens."
    ]


def test_size_is_known_before_the_words_are_rounded():
    for count in (20, 400):
        words = [f"word{n}" for n in range(count)]
        result = example_playground(words=words).data
        models = [(cell, None, example_arrays(cell, count + 1), None) for cell in playground.STEPS]
        without = example_playground(words=words[:15]).data
        expected = playground.bytes_of_words(words, models)[15:].sum()
        actual = playground.size_of(result) - playground.size_of(without)
        assert expected == pytest.approx(actual, rel=0.02, abs=50)


def test_largest_playground_adds_no_more_than_a_page_may_grow_by(tmp_path):
    counts = [max(1, 99_000 // (n + 1)) for n in range(9000)]
    result = example_playground(words=[f"word{n}" for n in range(9000)], counts=counts)
    assert result.cut.rare
    page, _ = page_with(result, tmp_path / "with")
    without, _ = page_with(None, tmp_path / "without")
    assert 1_300_000 < len(page.encode()) - len(without.encode()) <= 1_500_000


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
