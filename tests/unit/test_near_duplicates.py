"""Near-duplicates: tweets that are the same apart from RT, handles, links and punctuation."""

import pytest
from example_corpus import TOKENIZE, as_json_lines, rows, run_tokenize, written
from tweetrnn.data.near_duplicates import content
from tweetrnn.data.tokenizers import tokenize_text

WHITESPACE = {"tokens": "whitespace", "fold_case": False, "unescape_entities": False}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("RT @ann: my flight is late!!", "my flight is late"),
        ("rt @ann rt @bob: late", "late"),
        (".@united late... http://t.example/abc", "late"),
        ("late (again) www.example.org", "late again"),
        ("late #united 😡", "late #united 😡"),
        ("the RT button", "the RT button"),
        ("@united @delta !!!", ""),
    ],
)
@pytest.mark.parametrize("config", [TOKENIZE | {"fold_case": False}, WHITESPACE])
def test_content_is_what_is_left_of_a_tweet(text, left, config):
    assert content(tokenize_text(text, config)) == left.split()


def test_near_duplicates_are_counted_beyond_the_exact_ones(tmp_path):
    texts = [
        "@united late again",
        "@united late again",  # an exact duplicate
        "RT @ann: @united late again!",
        "late again http://t.example/x",
        "@united on time",
        "@delta on time",
        "@united",
        "@delta",  # nothing is left of both, which makes them no near-duplicates
    ]
    table = [*rows(9), *((f"n{i}", text, "neutral") for i, text in enumerate(texts))]
    (tmp_path / "t.jsonl").write_text(as_json_lines(table))
    run_tokenize(tmp_path / "t.jsonl", tmp_path / "results")
    _, facts, _ = written(tmp_path / "results")
    assert (facts["duplicate_rows"], facts["duplicate_groups"]) == (1, 1)
    assert (facts["near_duplicate_rows"], facts["near_duplicate_groups"]) == (3, 2)
