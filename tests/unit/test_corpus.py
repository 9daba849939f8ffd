"""Which rows of a corpus are usable, and whether there are enough of them."""

import functools
import json
import unicodedata
from collections import Counter
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from example_corpus import HEADER, LABELS, as_csv, as_json_lines, rows
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn.config import load_schema, resolve
from tweetrnn.data.corpus import DEFAULTS, Corpus
from tweetrnn.data.demo import demo, tweets
from tweetrnn.errors import UserError


def make(folder, table, on_drop=None, **config):
    """Return the Corpus of a JSON Lines file with these rows."""
    (folder / "t.jsonl").write_text(as_json_lines(table))
    return Corpus(folder / "t.jsonl", config, on_drop)


def refusal(corpus):
    """Read a corpus and return the message of its check."""
    list(corpus)
    with pytest.raises(UserError) as caught:
        corpus.check()
    return str(caught.value)


def test_defaults_are_those_of_the_schema():
    known = load_schema()["properties"]["corpus"]["properties"]
    complete = resolve({"name": "x", "corpus": {"kind": "path", "path": "t.csv"}})["corpus"]
    assert complete == {"kind": "path", "path": "t.csv", **DEFAULTS}
    assert set(DEFAULTS) == {key for key in known if "url" in known[key].get("x-kinds", [])} - {
        "url",
        "sha256",
        "max_mb",
    }


def test_a_demo_corpus_needs_no_keys(tmp_path):
    demo(tmp_path / "t.csv", config={"corpus": {"tweets": 60}, "seed": 1})
    corpus = Corpus(tmp_path / "t.csv", {"kind": "demo"})
    texts = [(str(i), text, label) for i, text, label in tweets(60, seed=1)]
    assert [tuple(row[:3]) for row in corpus] == texts
    assert corpus.details.names == ["user", "time", "confidence", "slice_airline"]
    corpus.check()


def test_rows_are_counted_by_what_became_of_them(tmp_path):
    dropped = []
    table = [
        *rows(6),
        (7, "x", "?"),
        (8, "x", "mixed"),
        (9, "", "neutral"),
        (10, "last", "neutral"),
    ]
    corpus = make(
        tmp_path,
        table,
        lambda *row: dropped.append(row),
        ignore_labels=["mixed"],
        columns={"id": "tweet_id"},
    )
    assert list(corpus) == [*rows(6), ("10", "last", "neutral")]
    assert corpus.rows == 10
    assert corpus.kept == {"negative": 2, "neutral": 3, "positive": 2}
    assert corpus.ignored == {"mixed": 1}
    assert corpus.dropped == {"unknown label": 1, "empty text": 1}
    assert dropped == [(7, 7, "7", "unknown label"), (9, 9, "9", "empty text")]


def test_a_row_can_be_dropped_after_it_was_yielded(tmp_path):
    dropped = []
    corpus = make(tmp_path, rows(6), lambda *row: dropped.append(row))
    for identifier, _, _ in corpus:
        if identifier == "1004":
            corpus.drop("no tokens")
    assert corpus.kept == {"negative": 2, "neutral": 1, "positive": 2}
    assert dropped == [(5, 5, "1004", "no tokens")]


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([*LABELS, "mixed", " neutral ", "\ud800", "a\0b", "\u2003"]),
    st.lists(st.integers(), max_size=2),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder whose file each example overwrites."""
    return tmp_path_factory.mktemp("corpus")


@given(table=st.lists(st.tuples(values, values, values), min_size=1, max_size=12))
def test_every_row_is_kept_or_ignored_or_dropped_and_listed_once(folder, table):
    listed = []
    corpus = make(folder, table, lambda *row: listed.append(row), ignore_labels=["mixed"])
    if table and all(value and isinstance(value, list | dict) for value in table[0]):
        with pytest.raises(UserError, match="an object of columns or lists"):
            list(corpus)
        return
    kept = list(corpus)
    assert corpus.rows == len(table)
    assert len(kept) == corpus.kept.total()
    assert Counter(label for *_, label in kept) == +corpus.kept
    assert len(listed) == corpus.dropped.total()
    assert len(kept) + corpus.ignored.total() + len(listed) == len(table)
    for identifier, text, label in kept:
        assert (identifier + text).encode().decode() == identifier + text
        assert text.strip()
        assert label in LABELS


@pytest.mark.parametrize(
    ("value", "identifier"),
    [
        (570306133677760513, "570306133677760513"),
        ("007", "007"),
        (True, "true"),
        (None, ""),
        (float("nan"), ""),
        (1.5, "1.5"),
        ([1, "é"], '[1, "é"]'),
        ({"$oid": "507f"}, '{"$oid": "507f"}'),
        ("half \ud83d", "half \ufffd"),
        ("\ud83d\ude00", "😀"),
    ],
)
def test_ids_are_text_and_empty_where_missing(tmp_path, value, identifier):
    assert list(make(tmp_path, [(value, "x", "neutral")])) == [(identifier, "x", "neutral")]


def test_labels_may_be_numbers(tmp_path):
    corpus = make(tmp_path, [(1, "a", 0), (2, "b", 4), (3, "c", True)], labels=["0", "4", "true"])
    assert [label for *_, label in corpus] == ["0", "4", "true"]
    corpus.check()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("?", "unknown label"),
        (7, "unknown label"),
        ("", "missing label"),
        (" ", "missing label"),
        (None, "missing label"),
        (float("nan"), "missing label"),
        ({"a": 1}, "label is not text"),
    ],
)
def test_a_row_with_an_unusable_label_is_dropped(tmp_path, value, reason):
    corpus = make(tmp_path, [(1, "x", value)])
    assert list(corpus) == []
    assert corpus.dropped == {reason: 1}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "empty text"),
        (" \u2003\n", "empty text"),
        (None, "empty text"),
        (7, "text is not text"),
        (["a"], "text is not text"),
        ("x" * 100_001, "text too long"),
        ("a\0", "NUL character in the text"),
    ],
)
def test_a_row_with_an_unusable_text_is_dropped(tmp_path, value, reason):
    corpus = make(tmp_path, [(1, value, "neutral")])
    assert list(corpus) == []
    assert corpus.dropped == {reason: 1}


def test_a_text_of_the_maximum_length_is_kept(tmp_path):
    assert len(list(make(tmp_path, [(1, "x" * 100_000, "neutral")]))) == 1


def test_max_dropped_is_the_largest_share_of_rows_that_may_be_dropped(tmp_path):
    unusable = [(n, "", "neutral") for n in range(3)]
    corpus = make(tmp_path, [*rows(97), *unusable], max_dropped=0.03)
    list(corpus)
    corpus.check()
    message = refusal(make(tmp_path, [*rows(97), *unusable], max_dropped=0.0299))
    assert "3 of 100 rows cannot be used (3 %, and corpus.max_dropped allows 2.99 %)" in message


def test_the_message_has_the_most_frequent_reasons_first_with_three_rows_each(tmp_path):
    table = [*rows(9), *[(1, "", "neutral")] * 2, *[(1, 5, "neutral")] * 1_000]
    message = refusal(make(tmp_path, table))
    assert message.index("text is not text: 1,000; row 12 (line 12), row 13 (line 13)") < (
        message.index("empty text: 2; row 10 (line 10), row 11 (line 11)\n")
    )
    assert "row 14 (line 14), ...\n" in message
    assert "row 15" not in message


def test_a_missing_class_is_reported_together_with_the_unknown_labels_that_explain_it(tmp_path):
    message = refusal(make(tmp_path, [(1, "a", "Negative"), (2, "b", "neutral")]))
    assert "no row has the label 'negative', 'positive'" in message
    assert "'Negative' (1), 'neutral' (1)" in message


def test_of_thousands_of_labels_the_message_has_the_ten_most_frequent(tmp_path):
    table = [*rows(9), *((1, "x", f"label {n}") for n in range(5_000)), (2, "x", "label 7")]
    message = refusal(make(tmp_path, table))
    assert "'label 7' (2), 'label 0' (1)" in message
    assert "and 990 more" in message
    assert len(message) < 1_000


def test_a_class_whose_rows_were_all_dropped_is_refused(tmp_path):
    table = [(i, None if label == "positive" else text, label) for i, text, label in rows(30)]
    message = refusal(make(tmp_path, table, max_dropped=1))
    assert "every row with the label 'positive' had to be dropped" in message


def test_a_key_may_be_missing_in_some_json_objects(tmp_path):
    whole = dict(zip(HEADER, rows(1)[0], strict=True))
    without = {key: value for key, value in whole.items() if key != "tweet_id"}
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(o) + "\n" for o in (without, whole)))
    assert [identifier for identifier, *_ in Corpus(tmp_path / "t.jsonl", {})] == ["1", "1000"]


def write(path, table):
    """Write a DataFrame in the format of the file's ending."""
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    elif path.suffix == ".jsonl":
        table.to_json(path, orient="records", lines=True)
    else:
        table.to_parquet(path)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("columns", [{}, {"id": None}])
def test_rows_without_an_id_column_are_numbered_and_labels_may_be_integers(
    tmp_path, ending, columns
):
    path = tmp_path / f"t.{ending}"
    table = pd.DataFrame({"text": ["a", "", "c"], "label": [0, 4, 4]})
    write(path, table)
    config = {"labels": ["0", "4"], "columns": {"label": "label", **columns}}
    assert list(Corpus(path, config)) == [("1", "a", "0"), ("3", "c", "4")]


def test_a_column_for_the_id_that_the_config_names_must_exist(tmp_path):
    (tmp_path / "t.csv").write_text(as_csv(rows(3)))
    with pytest.raises(UserError, match="no column 'key'"):
        list(Corpus(tmp_path / "t.csv", {"columns": {"id": "key"}}))


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (pa.array([Decimal("1.50"), None]), ["1.50", ""]),
        (pa.array([1, None], pa.timestamp("ns")), ["1970-01-01 00:00:00.000000001", ""]),
        (pa.array([1, None], pa.date32()), ["1970-01-02", ""]),
        (pa.array([[1, 2], None]), ["[1, 2]", ""]),
        (pa.array([{"a": Decimal(1)}, None]), ['{"a": "1"}', ""]),
        (pa.array([b"\x01\xff", None]), ["01ff", ""]),
    ],
)
def test_ids_of_any_parquet_type_are_text(tmp_path, ids, expected):
    columns = {"tweet_id": ids, "text": ["a", "b"], "airline_sentiment": ["neutral"] * 2}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    assert [row[0] for row in Corpus(tmp_path / "t.parquet", {})] == expected


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_composed_and_decomposed_labels_and_columns_are_the_same(tmp_path, ending, forms):
    in_config, in_file = (functools.partial(unicodedata.normalize, form) for form in forms)
    path = tmp_path / f"t.{ending}"
    table = pd.DataFrame({in_file("né"): ["1", "2"], "text": ["a", "b"], "l": [in_file("né"), "x"]})
    write(path, table)
    columns = {"id": in_config("né"), "label": "l"}
    config = {"labels": ["x", in_config("né")], "columns": columns}
    assert list(Corpus(path, config)) == [("1", "a", in_config("né")), ("2", "b", "x")]
