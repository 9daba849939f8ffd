"""Text shows as just that text, in HTML and in Markdown, and numbers are written one way."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tweetrnn.reporting import document
from tweetrnn.reporting.document import Column, Table, escape_html, escape_markdown, visible

GFM = MarkdownIt("commonmark").enable("table")
HOSTILE = st.text(
    st.one_of(st.characters(), st.sampled_from("|\\`*_[]<>()#+-.!~&:/@w1 \n\t=;{}$")), max_size=40
)


def shown(tokens):
    """Return the text that Markdown shows; fail if anything but text comes of it."""
    children = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in children} <= {"text", "text_special"}
    return "".join(child.content for child in children)


@given(HOSTILE)
def test_markdown_shows_the_text_in_a_paragraph(text):
    assert shown(GFM.parse(escape_markdown(text))) == visible(text).strip()


@given(HOSTILE)
def test_markdown_shows_the_text_in_a_table_cell(text):
    tokens = GFM.parse(f"| a | b |\n|---|---|\n| {escape_markdown(text)} | x |\n")
    cells = [token for token in tokens if token.type == "inline"]
    assert len(cells) == 4
    assert shown(cells[2:3]) == visible(text).strip()


@pytest.mark.parametrize(
    ("show", "value", "expected"),
    [
        (document.spread, [0.5, 0.25, 0.75], "0.500 (0.250 to 0.750)"),
        (document.spread, [0.5, 0.5, 0.5], "0.500"),
        (document.p_values, [1e-9, 0.012, 0.7], "0.012 (<\u00a00.001 to 0.700)"),
    ],
)
def test_a_middle_value_is_written_with_its_range(show, value, expected):
    assert show(value) == expected


@pytest.mark.parametrize("text", ["www.example.org", "https://example.org/x", "<a@b.org>"])
def test_address_becomes_no_link_in_markdown(text):
    linking = MarkdownIt("commonmark")
    assert "<a " not in linking.render(escape_markdown(text))
    assert not re.search(r"https:/|www\.", escape_markdown(text))


@given(HOSTILE)
def test_html_shows_the_text(text):
    escaped = escape_html(text)
    assert not set(escaped) & set("<>\"'")
    assert html.unescape(escaped) == visible(text)


def test_direction_and_control_characters_are_made_visible():
    assert visible("a\u202eb\x00c\u2066d") == "a<U+202E>b<U+0000>c<U+2066>d"


def test_joined_emoji_stay_whole():
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f"
    assert visible(family) == family


def test_lines_become_one():
    assert visible("one\n\n two\tthree ") == "one two three"


def test_number_and_unit_stay_together():
    assert visible("79.3\u00a0%") == "79.3\u00a0%"


@pytest.mark.parametrize(
    "show, value, expected",
    [
        ("whole", 12345, "12,345"),
        ("share", 0.7931, "0.793"),
        ("percent", 0.7931, "79.3\u00a0%"),
        ("signed", 0.0213, "+2.1"),
        ("signed", -0.0213, "\u22122.1"),
        ("signed", -0.0001, "0.0"),
        ("points", 0.0213, "2.1"),
        ("between", [0.771, 0.812], "0.771 to 0.812"),
        ("signed_between", [-0.012, 0.034], "\u22121.2 to +3.4"),
        ("whole_between", [1, 4], "1 to 4"),
        ("p_value", 0.01234, "0.012"),
        ("p_value", 0.0004, "<\u00a00.001"),
        ("p_in_words", 0.01234, "=\u00a00.012"),
        ("p_in_words", 0.0004, "<\u00a00.001"),
        ("decimal", 1234.56, "1,234.6"),
        ("yes", True, "yes"),
        ("yes", False, "no"),
        *((name, None, "\u2013") for name in ("whole", "share", "signed", "p_value", "yes")),
    ],
)
def test_numbers_are_written_one_way(show, value, expected):
    assert getattr(document, show)(value) == expected


@given(st.integers(0, 10**5))
def test_percentages_have_the_digits_of_shares(number):
    value = number / 10**5
    digits = [shown.replace(".", "") for shown in (document.share(value), document.percent(value))]
    assert int(digits[0]) == int(digits[1].removesuffix("\u00a0%"))


def test_table_sorts_intervals_by_their_lower_end_and_missing_values_apart():
    table = Table("t", "", [Column("x", "x", document.between)], [])
    [column] = table.columns
    assert table.sort_value({"x": [0.2, 0.4]}, column) == 0.2
    assert table.sort_value({"x": None}, column) == ""


# ------------------------------------------------------------------------------ ends of lines


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("a rate of 1e-3, or rnn1-lr1e-4", ["1e-3", "lr1e-4"]),
        ("a 95\u00a0% interval of \u22121.0 to 7.3.", ["95\u00a0% interval", "\u22121.0 to 7.3"]),
        (
            "+1.1 to +4.6 points, 12,345 to 99,999, 95 % of 3",
            ["+1.1 to +4.6", "12,345 to 99,999", "95 %"],
        ),
        ("from 3 to none, e-mail, A-4", []),
    ],
)
def test_lines_do_not_end_within_numbers_that_belong_together(text, whole):
    shown = document.unbroken(text)
    assert re.findall(r'<span class="whole">(.*?)</span>', shown) == whole
    assert re.sub(r"<.*?>", "", shown) == text


def test_text_with_whole_numbers_is_still_escaped():
    assert document.unbroken("<b>1e-3</b> & 1") == (
        '&lt;b&gt;<span class="whole">1e-3</span>&lt;/b&gt; &amp; 1'
    )


@pytest.mark.parametrize(
    "count, words", [(1, "the same combination"), (2_000, "the same 2,000 combinations")]
)
def test_equal_combinations_are_counted_in_words(count, words):
    assert document.same_combinations(count) == words
