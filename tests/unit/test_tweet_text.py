"""Displayed tweets: no handle of a person, and no HTML entity."""

import pytest
from tweetrnn.reporting.tweet_text import displayed, masked


@pytest.mark.parametrize(
    "text, expected",
    [
        ("@stranger hello", "@… hello"),
        ("thanks @Airline!", "thanks @Airline!"),
        ("thanks @AIRLINE and @airlines", "thanks @AIRLINE and @…"),
        (".@a_b's flight,@c", ".@…'s flight,@…"),
        ("write to me@home.org", "write to me@….org"),
        ("RT@stranger: no", "RT@…: no"),
        ("@naïve_ünïcode", "@…"),
        ("\uff20stranger", "@…"),
        ("at 5 @ gate 3", "at 5 @ gate 3"),
    ],
)
def test_handles_of_people_are_masked_and_those_that_may_be_shown_stay(text, expected):
    assert masked(text, ["@airline"]) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("late &amp; lost &lt;3", "late & lost <3"),
        ("&#64;stranger hello", "@… hello"),
        ("&#" + "1" * 4301 + "; &amp;", "&#" + "1" * 4301 + "; &amp;"),
    ],
)
def test_entities_are_decoded_before_handles_are_masked(text, expected):
    assert displayed(text, []) == expected
