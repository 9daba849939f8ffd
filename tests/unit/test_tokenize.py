"""Tokenize: tweets with their tokens, and facts about a corpus."""

import csv
from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from example_corpus import TOKENIZE, as_csv, as_json_lines, contents, rows, run_tokenize, written
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn.data import tokenize
from tweetrnn.data.demo import tweets as demo_tweets
from tweetrnn.data.tokenizers import tokenize_text
from tweetrnn.files import sha256_of
from tweetrnn.results import Results

AS_IS = {"tokens": "whitespace", "fold_case": False, "unescape_entities": False}


def run(folder, table, config=TOKENIZE, **changes):
    """Tokenize rows; return (tweets, facts, dropped)."""
    (folder / "t.jsonl").write_text(as_json_lines(table))
    run_tokenize(folder / "t.jsonl", folder / "results", config, **changes)
    return written(folder / "results")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder whose files each example overwrites."""
    return tmp_path_factory.mktemp("tokenize")


@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=9),
    config=st.sampled_from([TOKENIZE, AS_IS]),
)
def test_text_and_tokens_come_back_from_parquet_as_they_were(folder, texts, config):
    table = [*rows(3), *((str(n), text, "neutral") for n, text in enumerate(texts))]
    tweets, facts, dropped = run(folder, table, config, max_dropped=1)
    left_out = {int(row) - 1 for row, *_ in dropped}
    kept = [row for number, row in enumerate(table) if number not in left_out]
    assert [(t["id"], t["text"], t["label"]) for t in tweets] == kept
    assert [t["tokens"] for t in tweets] == [tokenize_text(text, config) for _, text, _ in kept]
    assert facts["kept"] == len(kept)
    for number in left_out:
        text = table[number][1]
        assert not text.strip() or "\0" in text or not tokenize_text(text, config)


def test_facts_say_what_was_read_kept_ignored_and_dropped(tmp_path):
    table = [*rows(9), ("1", "x", "mixed"), ("2", "", "neutral"), ("3", "x", "?")]
    _, facts, dropped = run(
        tmp_path, table, ignore_labels=["mixed"], max_dropped=0.2, licence="CC0"
    )
    assert {key: facts[key] for key in list(facts)[:13]} == {  # the others come from the Tally
        "kind": "path",
        "file": "t.jsonl",
        "file_format": "jsonl",
        "licence": "CC0",
        "sha256": sha256_of(tmp_path / "t.jsonl"),
        "bytes": (tmp_path / "t.jsonl").stat().st_size,
        "tweets_sha256": sha256_of(Results(tmp_path / "results").tweets),
        "labels": ["negative", "neutral", "positive"],
        "rows_read": 12,
        "kept": 9,
        "dropped": {"empty text": 1, "unknown label": 1},
        "ignored": {"mixed": 1},
        "classes": {"negative": 3, "neutral": 3, "positive": 3},
    }
    assert dropped == [["11", "11", "2", "empty text"], ["12", "12", "3", "unknown label"]]


def test_tweets_with_the_same_tokens_are_counted_as_repeats_and_all_kept(tmp_path):
    table = [
        ("1", "Late again!", "negative"),
        ("2", "late  AGAIN !", "negative"),
        ("2", "late again!", "positive"),
        ("3", "on time", "positive"),
        ("3", "on time", "positive"),
        ("", "hm", "neutral"),
        ("", "hm?", "neutral"),
    ]
    tweets, facts, _ = run(tmp_path, table)
    assert len(tweets) == len(table)
    assert (facts["groups"], facts["duplicate_rows"], facts["duplicate_groups"]) == (4, 3, 2)
    assert (facts["conflicting_groups"], facts["conflicting_rows"]) == (1, 3)
    assert facts["duplicate_ids"] == 2
    _, facts, _ = run(tmp_path, table, AS_IS)
    assert (facts["groups"], facts["duplicate_rows"], facts["conflicting_rows"]) == (6, 1, 0)


tallied = st.lists(
    st.tuples(
        st.integers(0, 5), st.sampled_from("abc"), st.integers(1, 40), st.sampled_from(" 12")
    ),  # group, label, length, id; half as many contents as groups
    min_size=1,
    max_size=30,
)


@given(tallied, st.integers(1, 30))
def test_counts_are_those_of_a_plain_count_in_batches_of_any_size(rows, size):
    tally = tokenize.Tally(list("abc"))
    for start in range(0, len(rows), size):
        groups, labels, lengths, ids = zip(*rows[start : start + size], strict=True)
        tally.add(
            np.array(groups, dtype=np.uint64),
            labels,
            np.array(lengths, dtype=np.int32),
            tokenize.hashes(name.strip() for name in ids),
            np.array(groups, dtype=np.uint64) // 2,
        )
    of_group = defaultdict(list)
    for group, label, *_ in rows:
        of_group[group].append(label)
    lengths = sorted(length for *_, length, _ in rows)
    conflicting = [labels for labels in of_group.values() if len(set(labels)) > 1]
    ids = Counter(name for *_, name in rows if name.strip())

    groups_of = Counter(group // 2 for group in of_group)

    def quantile(share):
        return next(x for n, x in enumerate(lengths, 1) if n >= share * len(lengths))

    assert tally.facts() == {
        "groups": len(of_group),
        "duplicate_rows": len(rows) - len(of_group),
        "duplicate_groups": sum(len(labels) > 1 for labels in of_group.values()),
        "conflicting_groups": len(conflicting),
        "conflicting_rows": sum(map(len, conflicting)),
        "duplicate_ids": ids.total() - len(ids),
        "near_duplicate_groups": sum(count > 1 for count in groups_of.values()),
        "near_duplicate_rows": len(of_group) - len(groups_of),
        "length": {
            "min": lengths[0],
            "median": quantile(0.5),
            "p95": quantile(0.95),
            "max": lengths[-1],
        },
    }


@given(st.lists(st.lists(st.text("ab", min_size=1), min_size=1), min_size=2, max_size=20))
def test_tweets_share_a_group_exactly_if_they_share_their_tokens(tokens):
    groups = tokenize.hashes("\x1f".join(row) for row in tokens).tolist()
    assert len(set(groups)) == len(set(map(tuple, tokens)))
    assert len(set(zip(groups, map(tuple, tokens), strict=True))) == len(set(groups))


def test_hashes_are_blake2b_on_every_machine():
    # As b2sum --length 64 prints it for an empty text.
    assert tokenize.hashes([""])[0].tobytes().hex() == "e4a6a0577479b2b4"
    assert tokenize.hashes([]).shape == (0,)


def test_the_size_of_batches_does_not_change_what_is_written(tmp_path, monkeypatch):
    table = [(str(i), text, label) for i, text, label in demo_tweets(300, seed=1)]
    whole = run(tmp_path, table)
    monkeypatch.setattr(tokenize, "BATCH", 7)
    pieces = run(tmp_path, table)
    assert pq.ParquetFile(Results(tmp_path / "results").tweets).num_row_groups == 43
    assert pieces[0] == whole[0]
    assert pieces[1] | {"tweets_sha256": ""} == whole[1] | {"tweets_sha256": ""}


def test_the_same_corpus_gives_the_same_bytes(tmp_path):
    run(tmp_path, rows())
    before = contents(tmp_path / "results")
    run(tmp_path, rows())
    assert contents(tmp_path / "results") == before
    results = Results(tmp_path / "results")
    assert set(before) == {results.tweets, results.token_facts, results.dropped}


def test_the_file_has_the_schema_that_the_next_stages_read(tmp_path):
    run(tmp_path, rows())
    assert pq.read_schema(Results(tmp_path / "results").tweets).equals(tokenize.SCHEMA)
    assert tokenize.SCHEMA.field("tokens").type == pa.list_(pa.string())


def test_ids_of_dropped_rows_are_listed_as_they_are(tmp_path):
    odd = ['say "hi", you', "two\nlines", "a\rb", "é😀", ""]
    run(tmp_path, [*rows(), *((i, "", "neutral") for i in odd)], max_dropped=0.1)
    listing = Results(tmp_path / "results").dropped
    with listing.open(encoding="utf-8", newline="") as stream:
        assert [row["id"] for row in csv.DictReader(stream)] == odd


def test_tweets_without_tokens_are_dropped_for_that_reason(tmp_path):
    (tmp_path / "t.csv").write_text(as_csv([*rows(), ("1", "\u200d", "neutral")]))
    run_tokenize(tmp_path / "t.csv", tmp_path / "results")
    assert written(tmp_path / "results")[2] == [["201", "202", "1", "no tokens"]]


@pytest.mark.parametrize(
    ("corpus", "licence"),
    [
        ({"kind": "demo"}, "invented by this program; nobody's tweets"),
        ({"kind": "path", "licence": "CC0"}, "CC0"),
    ],
)
def test_the_licence_is_that_of_the_corpus(corpus, licence):
    assert tokenize.licence_of(corpus) == licence
