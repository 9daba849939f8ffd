"""The table of disagreements in a browser: its lists, and how a tweet gets to the playground."""

import pytest
from example_playground import example_playground
from example_report import example_report, write_report
from test_page import DESK, PHONE, violations
from tweetrnn.reporting.sections.disagreements import who_is_right

pytestmark = pytest.mark.browser
TABLE = "#table-disagreements"


@pytest.fixture(scope="module")
def experiment():
    """An invented experiment on hostile tweets, with a playground."""
    made = example_report(epochs=2, recurrent_layers=[1], dense_layers=[2])
    made.playground = example_playground()
    return made


@pytest.fixture(scope="module")
def page_file(experiment, tmp_path_factory):
    """Its page."""
    return write_report(experiment, tmp_path_factory.mktemp("disagreements")) / "report.html"


def shown(page):
    """Return the numbers of the tweets in the rows that are shown."""
    numbers = page.locator(f"{TABLE} tbody tr:visible td:first-child").all_inner_texts()
    return [int(number) for number in numbers]


def expected(experiment, fits):
    """Return the numbers of the disagreements of an Experiment that fit."""
    return [row.row for row in experiment.comparison.disagreements.listed if fits(row)]


def test_all_disagreements_are_shown_at_first(open_page, page_file, experiment):
    page = open_page(page_file)
    rows = expected(experiment, lambda row: True)
    assert shown(page) == rows
    assert page.locator("#disagreements [role=status]").first.inner_text() == (
        f"{len(rows)} of {len(rows)} tweets"
    )


def test_list_keeps_the_tweets_on_which_one_cell_is_right_or_neither(
    open_page, page_file, experiment
):
    page = open_page(page_file)
    lists = page.get_by_label("right", exact=True)
    options = lists.locator("option").all_inner_texts()
    assert {"all", "SimpleRNN", "LSTM"} <= set(options)
    for who in options[1:]:
        lists.select_option(who)
        assert shown(page) == expected(experiment, lambda row, who=who: who_is_right(row) == who)
    lists.select_option("all")
    assert shown(page) == expected(experiment, lambda row: True)
    assert page.printed == [] and page.requests == [page_file.as_uri()]


def test_lists_of_slices_keep_what_fits_all_of_them(open_page, page_file, experiment):
    page = open_page(page_file)
    lists = page.locator("#disagreements .filters")
    lists.get_by_label("airline").select_option("<b>Air</b> | one")
    lists.get_by_label("English negation").select_option("yes")
    wanted = expected(
        experiment,
        lambda row: (
            row.slices["airline"] == "<b>Air</b> | one" and row.slices["English negation"] == "yes"
        ),
    )
    assert shown(page) == wanted
    assert 0 < len(wanted) < experiment.comparison.disagreements.tweets
    assert lists.get_by_role("status").inner_text().startswith(f"{len(wanted)} of ")


def test_sorting_keeps_the_chosen_rows(open_page, page_file, experiment):
    page = open_page(page_file)
    page.get_by_label("right", exact=True).select_option("SimpleRNN")
    rows = shown(page)
    page.locator(f"{TABLE} th").first.get_by_role("button").click()
    assert sorted(rows) in (shown(page), shown(page)[::-1])
    page.get_by_label("right", exact=True).select_option("LSTM")
    wanted = expected(experiment, lambda row: who_is_right(row) == "LSTM")
    assert sorted(shown(page)) == sorted(wanted)


@pytest.mark.parametrize("table", [TABLE, "#table-wrong"])
def test_click_on_a_tweet_loads_it_into_the_playground_and_goes_there(open_page, page_file, table):
    page = open_page(page_file, reduced_motion="reduce")
    title = page.title()
    tweets = page.locator(f"{table} button.load")
    assert tweets.count() > 1
    for number in range(tweets.count()):
        text = tweets.nth(number).evaluate("b => b.parentNode.querySelector('bdi').textContent")
        tweets.nth(number).click()
        assert page.locator("#tweet").input_value() == text.replace("@\u2026", "@someone")
    assert page.evaluate("document.activeElement.id") == "tweet"
    assert abs(page.locator("#try").bounding_box()["y"]) < 200
    assert page.title() == title
    assert page.printed == [] and page.requests == [page_file.as_uri()]


def test_tweet_is_loaded_with_the_keyboard(open_page, page_file):
    page = open_page(page_file)
    tweet = page.locator(f"{TABLE} button.load").first
    tweet.focus()
    page.keyboard.press("Enter")
    assert page.locator("#tweet").input_value()
    assert page.evaluate("document.activeElement.id") == "tweet"


def test_without_a_playground_tweets_are_plain_text(open_page, tmp_path):
    page = open_page(write_report(example_report(), tmp_path) / "report.html")
    assert page.locator("button.load").count() == 0
    assert len(page.locator(f"{TABLE} td:last-child").first.inner_text()) > 1
    assert page.printed == []


def test_without_javascript_all_rows_are_there_and_no_lists(open_page, page_file, experiment):
    page = open_page(page_file, java_script_enabled=False)
    assert shown(page) == expected(experiment, lambda row: True)
    assert not page.locator("#disagreements .filters").is_visible()


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_part_of_it_is_wider_than_the_screen(open_page, page_file, width):
    page = open_page(page_file, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


# test_page.py has all four of the page as it opens.
@pytest.mark.parametrize(
    "viewport, scheme", [(PHONE, "dark"), (DESK, "light")], ids=["phone-dark", "desk-light"]
)
def test_axe_finds_no_violation_and_no_undecided_contrast(open_page, page_file, scheme, viewport):
    page = open_page(page_file, color_scheme=scheme, viewport=viewport, bypass_csp=True)
    page.get_by_label("right", exact=True).select_option("LSTM")
    page.locator("#playground .words button").first.click()
    for section in ("#disagreements", "#try"):
        assert violations(page, section) == []
