"""Tweets as tokenize writes them, for the tests of the stages after it."""

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from tweetrnn.data import details
from tweetrnn.files import sha256_of, write_json
from tweetrnn.results import Results
from tweetrnn.results_format import marked

LABELS = ["negative", "neutral", "positive"]
# Any text but lone surrogates, which UTF-8 cannot encode; few letters, so that words repeat.
words = st.one_of(
    st.sampled_from(["a", "b", "B", "é", "😀"]),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3),
)
token_lists = st.lists(st.lists(words, max_size=9), min_size=1, max_size=12).filter(any)


def write_tweets(path, tokens, labels=None, groups=None, ids=None, known=None):
    """Write a tweets.parquet as tokenize does; ``known`` are columns of details."""
    n = len(tokens)
    table = {
        "id": pa.array([str(i) for i in range(n)] if ids is None else ids, pa.string()),
        "text": pa.array(["" for _ in range(n)], pa.string()),
        "label": pa.array(["negative"] * n if labels is None else labels, pa.string()),
        "tokens": pa.array(tokens, pa.list_(pa.string())),
        "group": pa.array(range(n) if groups is None else groups, pa.uint64()),
    }
    for name, kind in details.SCHEMA.items():
        table[name] = pa.nulls(n, kind)
    for name, values in (known or {}).items():
        table[name] = pa.array(values, details.SCHEMA.get(name, pa.string()))
    pq.write_table(pa.table(table), path)


def write_tokenized(results, tokens, *columns, names=LABELS):
    """Write tweets and facts as tokenize does; ``columns`` are those of ``write_tweets``."""
    results = Results(results)
    results.tweets.parent.mkdir(parents=True, exist_ok=True)
    write_tweets(results.tweets, tokens, *columns)
    facts = {"labels": names, "tweets_sha256": sha256_of(results.tweets)}
    write_json(results.token_facts, marked(facts))


def permuted(tweets, order):
    """Return tweets, as ``assign`` takes them, in another order."""
    moved = {}
    for name, column in tweets.items():
        if isinstance(column, list):
            moved[name] = [column[i] for i in order]
        else:
            moved[name] = column.take(order)  # of numpy and of pyarrow
    return moved
