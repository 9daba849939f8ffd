"""How a text becomes tokens."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn.config import load_schema
from tweetrnn.data.tokenizers import TOKENIZERS, URL, tokenize_text, tweet, whitespace

AS_DEFAULT = {"tokens": "tweet", "fold_case": True, "unescape_entities": True}
AS_IS = {"tokens": "whitespace", "fold_case": False, "unescape_entities": False}
# Letters and signs that have a meaning in tweets, so that they often occur next to each other.
tweet_like = st.lists(
    st.sampled_from(
        [
            *[
                "a",
                "Z",
                "é",
                "e\u0301",
                "क\u094d",
                "ß",
                "0",
                "12",
                ".",
                ",",
                "!",
                "'",
                "’",
                "-",
                "_",
            ],
            *["@", "#", "&", ";", "&amp;", "&#", "<", ">", "http://", "www.", ".com", "/", ":"],
            *[")", "^", "👍", "🏽", "👩", "\u200d", "🇫", "🇮", "\ufe0f", "\u20e3"],
            *["\u200b", "\xad", "\n", " ", "\x1f"],
        ]
    ),
    max_size=40,
).map("".join)
any_text = st.one_of(tweet_like, st.text())
settings_of_stage = st.fixed_dictionaries(
    {
        "tokens": st.sampled_from(sorted(TOKENIZERS)),
        "fold_case": st.booleans(),
        "unescape_entities": st.booleans(),
    }
)


@given(any_text, settings_of_stage)
def test_no_token_is_empty_or_contains_white_space_or_control_characters(text, config):
    for token in tokenize_text(text, config):
        assert token
        assert token.split() == [token]
        if config["tokens"] == "tweet":
            assert not any(unicodedata.category(character) == "Cc" for character in token)


@given(any_text)
def test_whitespace_tokens_lose_nothing_but_white_space(text):
    assert "".join(whitespace(text)) == "".join(text.split())


@given(any_text)
def test_tweet_tokens_tokenized_again_are_the_same(text):
    tokens = tweet(text)
    assert tweet(" ".join(tokens)) == tokens


@given(st.text(st.characters(categories=["L", "Nd"])))
def test_a_text_of_letters_and_digits_is_one_token_that_keeps_them_all(text):
    tokens = tweet(text)
    assert len(tokens) == (1 if text else 0)
    assert set("".join(tokens)) == set(unicodedata.normalize("NFC", text))


letters = st.text(st.characters(categories=["L"]), min_size=1, max_size=5)


@given(st.lists(letters, min_size=2, max_size=4), st.sampled_from("\u200c\u200d"))
def test_joiners_inside_a_word_belong_to_it_and_those_around_it_do_not(parts, joiner):
    word = joiner.join(parts)
    [token] = tweet(word)
    assert token.count(joiner) == len(parts) - 1
    assert tweet(f"{joiner}{word}{joiner}") == [token]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Best flight ever", ["Best", "flight", "ever"]),
        ("@Airline you're late.", ["@Airline", "you're", "late", "."]),
        ("don’t “wait”…", ["don't", '"', "wait", '"', "..."]),
        ("#FAIL #fly2day", ["#FAIL", "#fly2day"]),
        ("@a_b@c", ["@a_b", "@c"]),
        ("well-known check-in", ["well-known", "check-in"]),
        ("sooooooo good!!!!!!", ["sooo", "good", "!!!"]),
        ("soo good!!", ["soo", "good", "!!"]),
        ("call 1-800-555-0100", ["call", "1-800-555-0100"]),
        ("at 3:45pm, $1,234.50", ["at", "3:45pm", ",", "$", "1,234.50"]),
        ("10000000 of 1111", ["10000000", "of", "1111"]),
        ("the U.S. at 6 a.m.", ["the", "U.S.", "at", "6", "a.m."]),
        ("see http://t.example/aB3, ok", ["see", URL, ",", "ok"]),
        ("(https://x.org/a?b=c&d#e).", ["(", URL, ")", "."]),
        ("www.fly.com/now and fly.com", [URL, "and", URL]),
        ("write to me@mail.fly.com!", ["write", "to", URL, "!"]),
        ("no.more late.Then", ["no", ".", "more", "late", ".", "Then"]),
        ("ok:) :-( ;D <3 ^_^ -__- :/", ["ok", ":)", ":-(", ";D", "<3", "^_^", "-__-", ":/"]),
        ("time:Depart", ["time", ":", "Depart"]),
        ("😂😂😂😂😂", ["😂", "😂", "😂"]),
        ("👏🏽❤️✈️", ["👏🏽", "❤", "✈"]),
        ("👩‍👩‍👧🤷‍♀️", ["👩‍👩‍👧", "🤷‍♀"]),
        ("🇫🇮🇸🇪", ["🇫🇮", "🇸🇪"]),
        ("1️⃣", ["1\u20e3"]),
        ("🏴󠁧󠁢󠁳󠁣󠁴󠁿!", ["🏴󠁧󠁢󠁳󠁣󠁴󠁿", "!"]),
        ("cafe\u0301 caf\u00e9", ["café", "café"]),
        ("सिन्धु की", ["सिन्धु", "की"]),
        ("مرحبا\u200f بالعالم", ["مرحبا", "بالعالم"]),
        ("flight\u200bis\xadlate", ["flight", "islate"]),
        ("飛行機\U000e0100遅い", ["飛行機遅い"]),
        ("<script>alert(1)</script>", ["<script>", "alert", "(", "1", ")", "</script>"]),
        ("a\x00b\x07", ["a", "b"]),
        ("\ufeff \u200d", []),
        ("", []),
    ],
)
def test_tweet_tokens(text, tokens):
    assert tweet(text) == tokens


@pytest.mark.parametrize(
    ("text", "changes", "tokens"),
    [
        ("Good &amp; BAD", {}, ["good", "&", "bad"]),
        ("Good &amp; BAD", {"fold_case": False}, ["Good", "&", "BAD"]),
        ("a &lt;3 b", {}, ["a", "<3", "b"]),
        ("a &lt;3 b", {"unescape_entities": False}, ["a", "&", "lt", ";", "3", "b"]),
        ("STRASSE straße", {}, ["strasse", "strasse"]),
        ("A &amp; b.", AS_IS, ["A", "&amp;", "b."]),
        ("one&nbsp;two", {"tokens": "whitespace"}, ["one", "two"]),
        ("&#" + "1" * 5000 + "; &amp; ok", {"tokens": "whitespace"}, None),
    ],
)
def test_config_chooses_case_and_entities(text, changes, tokens):
    expected = text.split() if tokens is None else tokens
    assert tokenize_text(text, AS_DEFAULT | changes) == expected


def test_piled_up_marks_are_cut_and_the_word_stays_one_token():
    (token,) = tweet("z" + "\u0301\u0323\u0302" * 100 + "algo")
    letters = unicodedata.normalize("NFD", token)
    assert [c for c in letters if c.isalpha()] == list("zalgo")
    assert len(letters) <= len("zalgo") + 30


def test_the_config_offers_exactly_the_existing_tokenizers():
    known = load_schema()["properties"]["tokenize"]["properties"]["tokens"]["enum"]
    assert sorted(known) == sorted(TOKENIZERS)


PATTERNS = [
    *["a", "1", "1.", "a.", "a-", "a'", "_.", "a1-_.", "@", "a@", "a.a@", "a+", ".com", "a.com."],
    *["http://", "http://((", "www.", "www.(", "://", "&", "&amp", "&#1", "&#x", "<a", "</"],
    *["^_", "-_", "(:", ":-", "$a", "é.", "ß", "İ", "\u0301", "\u0315\u0300", "क\u094d", "\u0344"],
    *["👩\u200d", "👏🏽", "🇫", "🏴\U000e0067", "\u20e3", "\u200b", "\xad", "\u1100\u1161"],
]


@pytest.mark.slow
@pytest.mark.parametrize("pattern", PATTERNS)
def test_time_grows_linearly_with_the_text(pattern):
    """Tenfold text in quadratic time would take a hundred times as long."""

    def seconds(size):
        text = (pattern * size)[:size]
        times = []
        for _ in range(3):
            start = time.process_time()
            tokenize_text(text, AS_DEFAULT)
            times.append(time.process_time() - start)
        return min(times)

    assert seconds(40_000) < 40 * seconds(4_000) + 0.02
