"""Encode: dictionary order, fixed-length rows, and what is written."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq
import pytest
from example_tweets import LABELS, token_lists, write_tweets
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn.__main__ import main
from tweetrnn.data import encode
from tweetrnn.errors import UserError
from tweetrnn.files import read_json, sha256_of, write_json

SEQUENCE = {"length": 4, "padding": "left", "truncation": "left"}


def run(folder, tokens, labels=None, sequence=SEQUENCE):
    """Encode token lists; return (facts, arrays by name, dictionary as a dict of lists)."""
    write_tweets(folder / "tweets.parquet", tokens, labels)
    outputs = {
        name: folder / (f"{name}.parquet" if name == "dictionary" else f"{name}.npy")
        for name in encode.OUTPUTS
    }
    facts = encode.encode(folder / "tweets.parquet", LABELS, sequence, outputs)
    arrays = {name: np.load(path) for name, path in outputs.items() if path.suffix == ".npy"}
    return facts, arrays, pq.read_table(outputs["dictionary"]).to_pydict()


def pad(ids, length, padding, truncation):
    """The rows in plain Python."""
    ids = ids[-length:] if truncation == "left" else ids[:length]
    zeros = [0] * (length - len(ids))
    return zeros + ids if padding == "left" else ids + zeros


@given(
    tokens=token_lists,
    length=st.integers(1, 10),
    padding=st.sampled_from(["left", "right"]),
    truncation=st.sampled_from(["left", "right"]),
)
def test_ids_lead_back_to_the_words_and_rows_are_padded_and_cut_as_asked(
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


def test_labels_become_their_positions(tmp_path):
    _, arrays, _ = run(tmp_path, [["a"]] * 3, ["positive", "negative", "neutral"])
    assert arrays["labels"].tolist() == [2, 0, 1]
    assert {name: array.dtype for name, array in arrays.items()} == {
        "sequences": np.int32,
        "words": np.int32,
        "offsets": np.int64,
        "labels": np.int32,
    }


def test_a_label_that_the_facts_do_not_know_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"tweets\.parquet: damaged .*'mixed'"):
        run(tmp_path, [["a"]], ["mixed"])


@pytest.mark.parametrize("tokens", [[], [[], []]])
def test_a_corpus_without_words_is_refused(tmp_path, tokens):
    with pytest.raises(UserError, match="expected tweets with words"):
        run(tmp_path, tokens)
    assert not list(tmp_path.glob("*.npy"))


def test_the_command_writes_the_same_bytes_twice_and_tells_of_damage(tmp_path, capsys):
    write_tweets(tmp_path / "tweets.parquet", [["a", "b"], ["b"]])
    digest = sha256_of(tmp_path / "tweets.parquet")
    write_json(tmp_path / "token_facts.json", {"labels": LABELS, "tweets_sha256": digest})
    arguments = ["encode", "--tweets", f"{tmp_path}/tweets.parquet"]
    arguments += ["--token-facts", f"{tmp_path}/token_facts.json"]
    for name in (*encode.OUTPUTS, "facts"):
        arguments += [f"--{name}", f"{tmp_path}/{name}"]
    arguments += [
        "--config",
        '{"sequence": {"length": 3, "padding": "left", "truncation": "left"}}',
    ]
    names = [*encode.OUTPUTS, "facts"]

    assert main(arguments) == 0
    first = {name: (tmp_path / name).read_bytes() for name in names}
    assert main(arguments) == 0
    assert {name: (tmp_path / name).read_bytes() for name in names} == first
    assert read_json(tmp_path / "facts")["words"] == 2

    whole = (tmp_path / "tweets.parquet").read_bytes()
    flipped = bytes([*whole[:99], whole[99] ^ 1, *whole[100:]])
    for damaged in (whole[: len(whole) // 2], flipped):
        (tmp_path / "tweets.parquet").write_bytes(damaged)
        assert main(arguments) == 1
        assert "tweets.parquet: damaged" in capsys.readouterr().err
