"""The tweets on which two cells disagree, against answers found by hand."""

import numpy as np
import pandas as pd
import pytest
from example_report import example_report, write_report
from tweetrnn.evaluation import disagreements as module
from tweetrnn.evaluation.disagreements import disagreements, majority, surest_first
from tweetrnn.evaluation.predictions import TweetSet
from tweetrnn.reporting.sections import sections_of
from tweetrnn.reporting.sections.disagreements import sentence

NAMES = ["negative", "neutral", "positive"]
LABELS = np.array([0, 1, 2, 0, 1])
TWEETS = TweetSet(LABELS, groups=np.array([5, 6, 7, 5, 8]), corpus_rows=np.arange(5) + 100)
FOUND = [("airline", pd.Categorical(["one", "two", None, "one", "two"]))]


def sure(answers, probability):
    """Return (N, 3) probabilities: this one of each answer, the rest equally of the others."""
    p = np.full((len(answers), 3), (1 - np.asarray(probability)[:, None]) / 2)
    p[np.arange(len(answers)), answers] = probability
    return p.astype(np.float32)


#                right, right, wrong, wrong, wrong | right, wrong, right, wrong, wrong
WORSE = sure([0, 1, 0, 1, 0], [0.9, 0.9, 0.9, 0.9, 0.6])[None]
BETTER = sure([0, 0, 2, 0, 2], [0.9, 0.8, 0.7, 0.6, 0.5])[None]


def example(count=1, cells=None):
    """Return the Disagreements of two cells, each with one replicate."""
    return disagreements(cells or {"A": WORSE, "B": BETTER}, TWEETS, NAMES, FOUND, count)


@pytest.mark.parametrize(
    "answers, probabilities, expected",
    [
        ([0, 1, 1], [0.9, 0.5, 0.5], 1),
        ([0, 1], [0.9, 0.5], 0),
        ([1, 0], [0.9, 0.5], 1),
        ([2, 0, 2, 0], [0.6, 0.9, 0.6, 0.9], 0),
    ],
)
def test_majority_is_the_answer_of_most_replicates_then_the_most_probable(
    answers, probabilities, expected
):
    replicates = np.stack([sure([a], [p]) for a, p in zip(answers, probabilities, strict=True)])
    assert majority(replicates).tolist() == [expected]


def test_tweets_on_which_the_cells_disagree_are_counted_by_who_is_right():
    found = example()
    assert found.cells == ["B", "A"]
    assert found.tweets == 4
    assert found.right == {"B": 2, "A": 1}
    assert found.neither == 1
    assert {row.row for row in found.listed} == {1, 2, 3, 4}


def test_row_has_the_tweet_s_number_label_answers_and_slices():
    row = next(row for row in example().listed if row.row == 2)
    assert row.corpus_row == 102 and row.label == "positive"
    assert row.answers == {"A": "negative", "B": "positive"}
    assert row.probabilities == {"A": pytest.approx(0.9), "B": pytest.approx(0.7)}
    assert row.slices == {"airline": None}


def test_probability_is_the_mean_over_all_replicates():
    cells = {"A": np.concatenate([WORSE, WORSE, BETTER]), "B": BETTER}
    row = next(row for row in example(cells=cells).listed if row.row == 2)
    assert row.answers["A"] == "negative"
    assert row.probabilities["A"] == pytest.approx((0.9 + 0.9 + 0.15) / 3)


def test_surest_of_each_kind_are_shown_first_and_one_of_a_group():
    order, shown = surest_first(
        np.array([1.0, 1.5, 1.4, 1.3, 0.7]),
        kinds=np.array([0, 0, 0, 1, 1]),
        groups=np.array([1, 2, 2, 3, 4]),
        count=2,
    )
    assert shown.tolist() == [True, True, False, True, True]
    assert order.tolist() == [1, 3, 0, 4, 2]


@pytest.mark.parametrize("count, rows", [(0, set()), (1, {1, 2, 4}), (2, {1, 2, 3, 4})])
def test_no_more_texts_of_a_kind_are_shown_than_asked_for(count, rows):
    assert {row.row for row in example(count).listed if row.shown} == rows


def test_all_are_counted_where_not_all_are_listed(monkeypatch):
    monkeypatch.setattr(module, "MOST", 3)
    found = example()
    assert (found.tweets, len(found.listed)) == (4, 3)


def test_two_most_accurate_of_several_cells_are_compared():
    third = sure(LABELS, [0.9] * 5)[None]
    assert example(cells={"A": WORSE, "C": third, "B": BETTER}).cells == ["C", "B"]
    assert example(cells={"A": WORSE}) is None


# ----------------------------------------------------------------------------------- the section


def section(experiment):
    """Return the report's section, None without one."""
    return next((s for s in sections_of(experiment) if s.name == "disagreements"), None)


def test_finding_says_how_often_they_disagree_and_who_is_right():
    assert sentence(example(), 5, "test") == (
        "B and A disagree on 4 of 5 test tweets: B alone is right on 2, A alone on 1, neither on 1."
    )


def test_cells_that_never_disagree_have_a_sentence_and_no_table():
    experiment = example_report()
    first, second = experiment.comparison.disagreements.cells
    experiment.comparison.disagreements = example(cells={first: WORSE, second: WORSE})
    [only] = section(experiment).blocks
    assert only.role == "finding" and f"agree on all {experiment.comparison.tweets}" in only.text


def test_single_cell_has_no_such_section():
    assert section(example_report(["LSTM"])) is None


def test_table_has_all_rows_and_texts_of_the_shown_ones_alone():
    experiment = example_report()
    found, [table] = experiment.comparison.disagreements, section(experiment).tables()
    assert len(table.rows) == found.tweets == len(found.listed)
    assert sum(bool(row["text"]) for row in table.rows) == sum(r.shown for r in found.listed) == 3
    assert table.brief == table.rows[:3]
    counts = {**found.right, "neither": found.neither}
    for who, count in counts.items():
        assert sum(row["right"] == who for row in table.rows) == count


def test_rows_can_be_filtered_by_who_is_right_and_by_slice():
    experiment = example_report()
    blocks = section(experiment).blocks
    [filters] = [block for block in blocks if block.kind == "filters"]
    titles = ["right", "label", "airline", "tokens", "English negation", "label confidence"]
    assert [title for title, _, _ in filters.choices] == titles
    assert filters.choices[0][1] == [*experiment.comparison.disagreements.cells, "neither"]
    for title, values, of_rows in filters.choices[2:]:
        rows = experiment.comparison.disagreements.listed
        assert of_rows == [row.slices[title] for row in rows]
        assert set(of_rows) - {None} == set(values)


def test_licence_stands_next_to_the_texts():
    for name in ("disagreements", "failures"):
        [found] = [s for s in sections_of(example_report()) if s.name == name]
        texts = [block.text for block in found.blocks if block.kind == "paragraph"]
        assert "Licence of the tweets: none | <b>at all</b>." in texts


def test_markdown_has_the_rows_with_a_text(tmp_path):
    experiment = example_report()
    text = (write_report(experiment, tmp_path) / "report.md").read_text()
    table = text.split("Where they disagree")[-1].split("##")[0]
    assert sum(line.startswith("|") for line in table.splitlines()) == 2 + 3
