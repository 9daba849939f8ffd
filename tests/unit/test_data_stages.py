"""Tokenize, encode and split together: what is true of any corpus, in any script."""

from collections import Counter, defaultdict

import numpy as np
import pyarrow.parquet as pq
import pytest
from example_corpus import LABELS, as_json_lines, rows, run_encode, run_split, run_tokenize
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn.files import read_json
from tweetrnn.results import SPLIT_ARRAYS, Results
from tweetrnn.sets import SETS

# Any letters, or a few words, so that tweets repeat each other.
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
    """A folder whose files each example overwrites."""
    return tmp_path_factory.mktemp("stages")


def run(folder, table, tokens, method):
    """Run the three stages on rows; return their Results."""
    results = Results(folder / "results")
    (folder / "t.jsonl").write_text(as_json_lines(table))
    config = {"tokens": tokens, "fold_case": True, "unescape_entities": True}
    run_tokenize(folder / "t.jsonl", results, config, max_dropped=1)
    run_encode(results, LENGTH)
    run_split(results, method=method)
    return results


any_corpus = {
    "table": corpora,
    "tokens": st.sampled_from(["tweet", "whitespace"]),
    "method": st.sampled_from(["stratified", "random", "ordered"]),
}


@given(**any_corpus)
def test_words_lead_back_to_the_tweets_and_sets_are_disjoint_complete_and_without_leak(
    folder, table, tokens, method
):
    results = run(folder, table, tokens, method)
    tweets = pq.read_table(results.tweets).to_pylist()
    rows_of_sets = pq.read_table(results.rows).to_pylist()
    vocabulary = pq.read_table(results.vocabulary).to_pydict()
    facts = read_json(results.split_facts)

    assert sorted(row["row"] for row in rows_of_sets) == list(range(len(tweets)))
    assert sum(facts["parts"][name]["tweets"] for name in SETS) == len(tweets)

    word_of = dict(zip(vocabulary["id"], vocabulary["word"], strict=True))
    for name in SETS:
        members = [tweets[row["row"]] for row in rows_of_sets if row["part"] == name]
        sequences = np.load(getattr(results, f"{name}_sequences"))
        assert sequences.shape == (len(members), LENGTH)
        labels = np.load(getattr(results, f"{name}_labels"))
        assert [LABELS[label] for label in labels] == [tweet["label"] for tweet in members]
        for tweet, ids in zip(members, sequences.tolist(), strict=True):
            words = tweet["tokens"][-LENGTH:]
            known = [word if word in word_of.values() else None for word in words]
            assert [word_of.get(i) for i in ids[LENGTH - len(words) :]] == known
            assert set(ids[: LENGTH - len(words)]) <= {facts["padding_id"]}

    training = [tweets[row["row"]]["tokens"] for row in rows_of_sets if row["part"] == "train"]
    assert dict(zip(vocabulary["word"], vocabulary["count"], strict=True)) == Counter(
        word for row in training for word in row
    )
    sets_of = defaultdict(set)
    for row in rows_of_sets:
        sets_of[tuple(tweets[row["row"]]["tokens"])].add(row["part"])
    leaking = [names for names in sets_of.values() if len(names) > 1]
    assert len(leaking) == facts["straddling_groups"]
    assert method == "ordered" or not leaking


@pytest.mark.slow
@given(
    **any_corpus | {"method": st.sampled_from(["stratified", "random"])},
    order=st.randoms(use_true_random=False),
)
def test_the_same_rows_in_another_order_give_the_same_sets(folder, table, tokens, method, order):
    def result(table):
        results = run(folder, table, tokens, method)
        ids = pq.read_table(results.tweets, columns=["id"])["id"].to_pylist()
        rows_of_sets = pq.read_table(results.rows).to_pylist()
        files = (*SPLIT_ARRAYS, "vocabulary", "dictionary")
        return (
            {name: getattr(results, name).read_bytes() for name in files},
            [(ids[row["row"]], row["part"]) for row in rows_of_sets],
            read_json(results.split_facts)["parts"],
        )

    first = result(table)
    shuffled = list(table)
    order.shuffle(shuffled)
    assert result(shuffled) == first
