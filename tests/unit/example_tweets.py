"""Invented tweets as tokenize writes them, for the tests of the stages after it."""

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

LABELS = ["negative", "neutral", "positive"]
# Any text but lone surrogates, which UTF-8 cannot hold; few letters, so that words repeat.
words = st.one_of(
    st.sampled_from(["a", "b", "B", "é", "😀"]),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3),
)
token_lists = st.lists(st.lists(words, max_size=9), min_size=1, max_size=12).filter(any)


def write_tweets(path, tokens, labels=None, groups=None, ids=None):
    """Write a tweets.parquet as tokenize does."""
    n = len(tokens)
    table = {
        "id": pa.array([str(i) for i in range(n)] if ids is None else ids, pa.string()),
        "text": pa.array(["" for _ in range(n)], pa.string()),
        "label": pa.array(["negative"] * n if labels is None else labels, pa.string()),
        "tokens": pa.array(tokens, pa.list_(pa.string())),
        "group": pa.array(range(n) if groups is None else groups, pa.uint64()),
    }
    pq.write_table(pa.table(table), path)
