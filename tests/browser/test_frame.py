"""The page's frame: contents, permalinks, terms, lines and paper; and the page of ``diff``."""

import pytest
from example_finished import write_finished
from test_page import DESK, PHONE, violations
from tweetrnn.__main__ import main

pytestmark = pytest.mark.browser


def current(page):
    """Return the links of the contents that are marked."""
    return page.eval_on_selector_all(
        "nav a[aria-current=true]", "links => links.map(link => link.hash)"
    )


def scroll_to(page, selector):
    """Bring an element to the window's top, and wait until the contents say so."""
    page.eval_on_selector(selector, "e => e.scrollIntoView({behavior: 'instant'})")
    page.wait_for_selector(f"nav a[aria-current][href='{selector}']")


# --------------------------------------------------------------------------------------- contents


@pytest.mark.parametrize("scripts", [True, False])
def test_contents_stay_in_view_beside_the_text(open_page, full, scripts):
    page = open_page(full, viewport={"width": 1100, "height": 900}, java_script_enabled=scripts)
    links = page.locator("nav a")
    page.mouse.wheel(0, 5000)
    assert links.count() > 12
    first, last = links.first.bounding_box(), links.last.bounding_box()
    assert first["y"] >= 0 and last["y"] + last["height"] <= 900
    assert first["x"] + first["width"] < page.locator("main").bounding_box()["x"]


def test_contents_mark_the_one_section_that_is_read(open_page, full):
    page = open_page(full)
    page.wait_for_selector("nav a[aria-current]")
    assert current(page) == ["#headline"]
    for section in ("#runs", "#provenance", "#terms"):
        scroll_to(page, section)
        assert current(page) == [section]


def test_contents_scroll_along_where_they_do_not_fit(open_page, full):
    page = open_page(full, viewport={"width": 1280, "height": 300})
    scroll_to(page, "#terms")
    link = page.locator("nav a").last.bounding_box()
    assert link["y"] + link["height"] <= 301


@pytest.mark.parametrize("scripts", [True, False])
def test_contents_are_folded_above_the_text_of_a_narrow_page(open_page, full, scripts):
    page = open_page(full, viewport=PHONE, java_script_enabled=scripts)
    assert not page.locator("nav a").first.is_visible()
    page.locator("nav summary").click()
    assert page.locator("nav a").first.is_visible()
    nav = page.locator("nav").bounding_box()
    assert nav["y"] + nav["height"] < page.locator("main").bounding_box()["y"] + 1


def test_tables_but_that_of_all_runs_fit_beside_the_contents(open_page, full):
    page = open_page(full)
    wide = page.eval_on_selector_all(
        ".scroll",
        """panes => panes.filter(p => p.checkVisibility() && p.scrollWidth > p.clientWidth)
             .map(pane => pane.parentElement.id)""",
    )
    assert set(wide) <= {"table-runs"}


# ------------------------------------------------------------------------------------- permalinks


def test_headings_tables_and_figures_link_to_themselves(open_page, full):
    page = open_page(full)
    hashes = page.eval_on_selector_all(
        ".permalink", "links => links.map(link => [link.hash, !!document.querySelector(link.hash)])"
    )
    assert all(found for _, found in hashes)
    for selector in ("main > section", "figure:not(.small)", ".table:not(.architecture .table)"):
        ids = page.eval_on_selector_all(selector, "all => all.map(e => e.id)")
        assert len(ids) > 10 and {f"#{own}" for own in ids} <= {one for one, _ in hashes}


@pytest.mark.parametrize("name", ["small", "full", "partial"])
def test_no_id_is_used_twice(open_page, request, name):
    page = open_page(request.getfixturevalue(name))
    ids = page.eval_on_selector_all("[id]", "all => all.map(e => e.id)")
    assert [own for own in set(ids) if ids.count(own) > 1] == []


def test_permalink_shows_on_hover_and_on_focus(open_page, full):
    page = open_page(full)
    opacity = "e => getComputedStyle(e, '::before').opacity"
    link = page.locator("#table-effects > .permalink")
    assert link.evaluate(opacity) == "0"
    page.locator("#table-effects td").first.hover()
    assert link.evaluate(opacity) == "1"
    heading = page.locator("#data h2 a")
    heading.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert heading.evaluate(opacity) == "1"
    page.keyboard.press("Enter")
    assert page.url.endswith("#data")


# ------------------------------------------------------------------------------------------ terms


@pytest.fixture
def definition(open_page, full):
    """A page with one of its terms on the screen, the term and its definition."""

    def prepare(**options):
        page = open_page(full, **options)
        term = page.locator("#real .term").first
        term.scroll_into_view_if_needed()
        text = page.locator(f"{term.get_attribute('href')} dd").inner_text()
        return page, term, text

    return prepare


def test_hover_shows_a_term_s_definition_until_the_mouse_leaves_both(definition):
    page, term, text = definition(viewport=DESK)
    tip = page.locator("#tooltip")
    term.hover()
    assert tip.inner_text() == text
    assert term.get_attribute("aria-describedby") == "tooltip"
    tip.hover()
    assert tip.is_visible()
    page.locator("nav a").first.hover()
    assert not tip.is_visible()


def test_focus_shows_a_term_s_definition_and_escape_hides_it(definition):
    page, term, text = definition()
    term.focus()
    assert page.locator("#tooltip").inner_text() == text
    page.keyboard.press("Escape")
    assert not page.locator("#tooltip").is_visible()
    term.blur()
    term.focus()
    page.keyboard.press("Tab")
    assert (
        page.locator("#tooltip").inner_text() != text or not page.locator("#tooltip").is_visible()
    )


def test_first_touch_shows_a_term_s_definition_and_the_second_leads_to_it(definition):
    page, term, text = definition(viewport=PHONE, has_touch=True)
    term.tap()
    assert page.locator("#tooltip").inner_text() == text
    assert "#" not in page.url
    box = page.locator("#tooltip").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
    term.tap()
    assert page.url.endswith(term.get_attribute("href"))


def test_term_leads_to_its_definition_without_scripts(open_page, full):
    page = open_page(full, java_script_enabled=False)
    page.locator("#real .term").first.click()
    assert "#term-" in page.url
    assert page.locator("#terms :target dd").is_visible()


# ------------------------------------------------------------------------- ends of lines and paper


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_line_ends_within_a_number(open_page, full, width):
    page = open_page(full, viewport={"width": width, "height": 900})
    torn = page.eval_on_selector_all(
        ".whole", "all => all.filter(e => e.getClientRects().length > 1).map(e => e.textContent)"
    )
    assert torn == []


def test_headings_of_tables_are_printed_on_each_page(open_page, many):
    """Chromium repeats no heading that has a box of a button or that scrolls."""
    page = open_page(many)
    page.emulate_media(media="print")
    assert page.eval_on_selector("#table-runs thead", "e => getComputedStyle(e).display") == (
        "table-header-group"
    )
    boxes = page.eval_on_selector_all(
        "th button", "all => [...new Set(all.map(e => getComputedStyle(e).display))]"
    )
    assert boxes == ["contents"]
    kept = page.eval_on_selector_all(
        "#table-runs th", "all => all.filter(e => getComputedStyle(e).position !== 'static').length"
    )
    assert kept == 0


def test_printed_page_has_the_config_and_a_boxed_warning(open_page, full):
    page = open_page(full)
    page.emulate_media(media="print")
    assert page.locator("pre").is_visible()
    assert "learning_rate" in page.locator("pre").inner_text()
    border = page.eval_on_selector(".warning", "e => getComputedStyle(e).borderTopStyle")
    assert border == "solid"


# ------------------------------------------------------------------------------- the page of diff


@pytest.fixture(scope="module")
def diff_page(tmp_path_factory):
    """The page that compares three invented experiments."""
    folder = tmp_path_factory.mktemp("diff")
    tweets = [(str(n), f"tweet {n}", ("negative", "positive")[n % 2]) for n in range(100)]
    rights = {"SimpleRNN": [[True] * 60 + [False] * 40] * 2, "LSTM": [[True] * 100] * 2}
    for name in ("one", "two", "three"):
        write_finished(folder / name, tweets, rights, name, title=f"<b>{name}</b>")
    folders = [str(folder / name) for name in ("one", "two", "three")]
    assert main(["diff", *folders, "--html", str(folder / "diff.html")]) == 0
    return folder / "diff.html"


@pytest.mark.parametrize(
    ("width", "scheme"), [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")]
)
def test_page_of_diff_opens_clean(open_page, diff_page, width, scheme):
    viewport = {"width": width, "height": 900}
    page = open_page(diff_page, viewport=viewport, color_scheme=scheme, bypass_csp=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.printed == [] and page.requests == [diff_page.as_uri()]
    assert page.locator("#figure-experiments svg").is_visible()
    assert page.locator("main b").count() == 0
    assert violations(page) == []
