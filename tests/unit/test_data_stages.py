"""Tokenize, encode and split together: what holds for any corpus, in whatever letters."""

from collections import Counter, defaultdict

import numpy as np
import pyarrow.parquet as pq
import pytest
from example_corpus import LABELS, as_json_lines, rows, run_encode, run_split, run_tokenize
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn.data.split import ARRAYS
from tweetrnn.files import read_json
from tweetrnn.sets import SETS

# Any letters, and few words over again, so that tweets repeat each other.
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    st.lists(
        st.sampled_from(["late", "Late", "😀", "é", "e\u0301", "!"]), min_size=1, max_size=3
    ).map(" ".join),
)
corpora = st.lists(st.tuples(texts, st.sampled_from(LABELS)), min_size=1, max_size=25).map(
    lambda drawn: [*rows(30), *((f"d{n}", *row) for n, row in enumerate(drawn))]
)
LENGTH = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder whose files are written anew by each example."""
    return tmp_path_factory.mktemp("stages")


def run(folder, table, tokens, method):
    """Run the three stages on rows; return the folder with what they wrote."""
    corpus, out = folder / "t.jsonl", folder / "out"
    out.mkdir(exist_ok=True)
    corpus.write_text(as_json_lines(table))
    config = {"tokens": tokens, "fold_case": True, "unescape_entities": True}
    assert run_tokenize(corpus, out, config, max_dropped=1) == 0
    assert run_encode(out, LENGTH) == 0
    assert run_split(out, method=method) == 0
    return out


def array(out, name):
    return np.load(out / name, allow_pickle=False)


anyhow = {
    "table": corpora,
    "tokens": st.sampled_from(["tweet", "whitespace"]),
    "method": st.sampled_from(["stratified", "random", "ordered"]),
}


@given(**anyhow)
def test_words_lead_back_to_the_tweets_and_parts_are_disjoint_complete_and_without_leak(
    folder, table, tokens, method
):
    out = run(folder, table, tokens, method)
    tweets = pq.read_table(out / "tweets").to_pylist()
    placed = pq.read_table(out / "rows").to_pylist()
    vocabulary = pq.read_table(out / "vocabulary").to_pydict()
    facts = read_json(out / "split_facts")

    assert sorted(row["row"] for row in placed) == list(range(len(tweets)))
    assert sum(facts["parts"][part]["tweets"] for part in SETS) == len(tweets)

    word_of = dict(zip(vocabulary["id"], vocabulary["word"], strict=True))
    for part in SETS:
        mine = [row for row in placed if row["part"] == part]
        sequences = array(out, f"{part}_sequences")
        assert sequences.shape == (len(mine), LENGTH)
        assert [LABELS[label] for label in array(out, f"{part}_labels")] == [
            tweets[row["row"]]["label"] for row in mine
        ]
        for row, ids in zip(mine, sequences.tolist(), strict=True):
            words = tweets[row["row"]]["tokens"][-LENGTH:]
            known = [word if word in word_of.values() else None for word in words]
            assert [word_of.get(i) for i in ids[LENGTH - len(words) :]] == known
            assert set(ids[: LENGTH - len(words)]) <= {facts["padding_id"]}

    training = [tweets[row["row"]]["tokens"] for row in placed if row["part"] == "train"]
    assert dict(zip(vocabulary["word"], vocabulary["count"], strict=True)) == Counter(
        word for row in training for word in row
    )
    parts_of = defaultdict(set)
    for row in placed:
        parts_of[tuple(tweets[row["row"]]["tokens"])].add(row["part"])
    leaking = [parts for parts in parts_of.values() if len(parts) > 1]
    assert len(leaking) == facts["straddling_groups"]
    assert method == "ordered" or not leaking


@pytest.mark.slow
@given(
    **anyhow | {"method": st.sampled_from(["stratified", "random"])},
    order=st.randoms(use_true_random=False),
)
def test_the_same_rows_in_another_order_give_the_same_parts(folder, table, tokens, method, order):
    def result(table):
        out = run(folder, table, tokens, method)
        tweets = pq.read_table(out / "tweets", columns=["id"])["id"].to_pylist()
        placed = pq.read_table(out / "rows").to_pylist()
        return (
            {name: (out / name).read_bytes() for name in (*ARRAYS, "vocabulary", "dictionary")},
            [(tweets[row["row"]], row["part"]) for row in placed],
            read_json(out / "split_facts")["parts"],
        )

    first = result(table)
    shuffled = list(table)
    order.shuffle(shuffled)
    assert result(shuffled) == first
