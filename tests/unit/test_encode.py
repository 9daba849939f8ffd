"""Encode: dictionary order, fixed-length rows, and what is written."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq
import pytest
from example_tweets import token_lists, write_tokenized
from hypothesis import given
from hypothesis import strategies as st
from small_experiment import run_stage
from tweetrnn.data import encode
from tweetrnn.errors import UserError
from tweetrnn.files import read_json
from tweetrnn.results import Results

ARRAYS = ("sequences", "words", "offsets", "labels")
SEQUENCE = {"length": 4, "padding": "left", "truncation": "left"}


def run(folder, tokens, labels=None, sequence=SEQUENCE):
    """Encode token lists; return (facts, arrays by name, dictionary as a dict of lists)."""
    write_tokenized(folder, tokens, labels)
    run_stage("encode", folder, {"sequence": sequence})
    results = Results(folder)
    arrays = {name: np.load(getattr(results, name)) for name in ARRAYS}
    dictionary = pq.read_table(results.dictionary).to_pydict()
    return read_json(results.encode_facts), arrays, dictionary


def pad(ids, length, padding, truncation):
    """Return the row of a tweet's ids, in plain Python."""
    ids = ids[-length:] if truncation == "left" else ids[:length]
    zeros = [0] * (length - len(ids))
    return zeros + ids if padding == "left" else ids + zeros


@given(
    tokens=token_lists,
    length=st.integers(1, 10),
    padding=st.sampled_from(["left", "right"]),
    truncation=st.sampled_from(["left", "right"]),
)
def test_ids_stand_for_the_words_and_rows_are_padded_and_cut_as_configured(
    tmp_path_factory, tokens, length, padding, truncation
):
    folder = tmp_path_factory.mktemp("encode")
    sequence = {"length": length, "padding": padding, "truncation": truncation}
    facts, arrays, dictionary = run(folder, tokens, sequence=sequence)

    word_of = dict(zip(dictionary["id"], dictionary["word"], strict=True))
    offsets = arrays["offsets"]
    ids = [arrays["words"][a:b].tolist() for a, b in pairwise(offsets)]
    assert [[word_of[i] for i in row] for row in ids] == tokens
    assert arrays["sequences"].tolist() == [pad(row, length, padding, truncation) for row in ids]
    assert facts["cut_tweets"] == sum(len(row) > length for row in tokens)
    assert facts["cut_tokens"] == sum(max(len(row) - length, 0) for row in tokens)

    counts = Counter(word for row in tokens for word in row)
    assert list(zip(dictionary["word"], dictionary["count"], strict=True)) == sorted(
        counts.items(), key=lambda item: (-item[1], item[0])
    )
    assert dictionary["id"] == list(range(1, len(counts) + 1))


def test_words_split_over_batches_are_counted_together(tmp_path, monkeypatch):
    tokens = [["b", "a"], ["c", "b"], ["a", "b", "b"], [], ["c"]]
    whole = run(tmp_path, tokens)
    monkeypatch.setattr(encode, "BATCH", 2)
    pieces = run(tmp_path, tokens)
    assert pieces[0] == whole[0]
    assert whole[2] == {"word": ["b", "a", "c"], "count": [4, 2, 2], "id": [1, 2, 3]}


def test_labels_become_their_positions_in_the_config(tmp_path):
    _, arrays, _ = run(tmp_path, [["a"]] * 3, ["positive", "negative", "neutral"])
    assert arrays["labels"].tolist() == [2, 0, 1]
    assert {name: array.dtype for name, array in arrays.items()} == {
        "sequences": np.int32,
        "words": np.int32,
        "offsets": np.int64,
        "labels": np.int32,
    }


def test_a_label_that_is_not_in_the_facts_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"tweets\.parquet: damaged .*'mixed'"):
        run(tmp_path, [["a"]], ["mixed"])


@pytest.mark.parametrize("tokens", [[], [[], []]])
def test_a_corpus_without_words_is_refused(tmp_path, tokens):
    with pytest.raises(UserError, match="expected tweets with words"):
        run(tmp_path, tokens)
    assert not list(tmp_path.rglob("*.npy"))


def test_the_same_tweets_give_the_same_bytes(tmp_path):
    def encoded():
        run(tmp_path, [["a", "b"], ["b"]])
        return {path.name: path.read_bytes() for path in (tmp_path / "encode").iterdir()}

    first = encoded()
    assert set(first) == {f"{name}.npy" for name in ARRAYS} | {"dictionary.parquet", "facts.json"}
    assert encoded() == first


@pytest.fixture(scope="module")
def tokenized(tmp_path_factory):
    """Results with tweets, which each test leaves as they were."""
    folder = tmp_path_factory.mktemp("tokenized")
    write_tokenized(folder, [["a", "b"], ["b"]])
    return Results(folder)


@given(position=st.integers(0), bit=st.integers(0, 7), cut=st.booleans())
def test_damaged_tweets_are_refused(tokenized, position, bit, cut):
    whole = tokenized.tweets.read_bytes()
    position %= len(whole)
    end = b"" if cut else bytes([whole[position] ^ 1 << bit]) + whole[position + 1 :]
    tokenized.tweets.write_bytes(whole[:position] + end)
    try:
        with pytest.raises(UserError, match=r"tweets\.parquet: damaged \(its sha256"):
            run_stage("encode", tokenized, {"sequence": SEQUENCE})
    finally:
        tokenized.tweets.write_bytes(whole)
    assert not tokenized.encode_facts.exists()
