"""The Markdown that shows a tweet's way through the pipeline."""

import pytest
from tweetrnn.reporting.trace import code, table


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "`plain`"),
        ("a `tick`", "`` a `tick` ``"),
        ("``two", "``` ``two ```"),
        ("two\nlines  here", "`two lines here`"),
        ("<b>", "`<b>`"),
    ],
)
def test_code_span_shows_any_text_in_one_line(text, expected):
    assert code(text) == expected


def test_pipe_in_a_cell_does_not_end_it():
    assert table(["a", "b"], ["x|y", "z"]) == "| a | b |\n| --- | --- |\n| x\\|y | z |"
