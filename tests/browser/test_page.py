"""The report in a browser: what a reader can do with it, and what it never does."""

import csv
import io
import re

import pytest
from example_report import CLASSES, HOSTILE, TITLE
from tweetrnn.reporting.document import visible
from tweetrnn.reporting.tweet_text import displayed

pytestmark = pytest.mark.browser
MEGABYTE = 1_000_000
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


def rows_of(page, table):
    """Return the texts of a table's rows, as far as they are on the screen."""
    return page.eval_on_selector_all(
        f"#table-{table} tbody tr",
        """rows => rows.filter(row => row.checkVisibility())
             .map(row => [...row.cells].filter(cell => cell.checkVisibility())
               .map(cell => (cell.querySelector("bdi") ?? cell).textContent.trim()))""",
    )


def headings(page, table):
    """Return the headings of the columns that are on the screen."""
    return page.eval_on_selector_all(
        f"#table-{table} thead tr:last-child th",
        "heads => heads.filter(h => h.checkVisibility()).map(h => h.textContent.trim())",
    )


def column_of(page, table, title):
    """Return the texts of one column, found by its heading."""
    column = headings(page, table).index(title)
    return [row[column] for row in rows_of(page, table)]


def button(page, table, name):
    return page.locator(f"#table-{table}").get_by_role("button", name=name)


def downloaded(page, button):
    """Return the text of the file that a button saves."""
    with page.expect_download() as waiting:
        button.click()
    with open(waiting.value.path(), encoding="utf-8", newline="") as stream:
        return stream.read()


def saved_csv(page, table):
    """Return the rows, heading first, that a table's button saves."""
    return list(csv.reader(io.StringIO(downloaded(page, button(page, table, "Save as CSV")))))


def luminance(page, selector, quality):
    """Return a computed colour's relative luminance (WCAG 2.2)."""
    return luminance_of(
        page.eval_on_selector(selector, "(e, q) => getComputedStyle(e)[q]", quality)
    )


def luminance_of(colour):
    """Return the relative luminance of an rgb(...) colour (WCAG 2.2)."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Return the contrast of two luminances (WCAG 2.2)."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def violations(page, within=None):
    """Return what axe-core finds wrong, and contrasts that it cannot decide: [(rule, places)].

    ``within`` is the selector of the part to look at; the whole page takes seconds. It can decide
    none in a drawing (for that see the test of contrasts in figures), and none of
    what a pane that scrolls cuts off.
    """
    from axe_playwright_python.sync_playwright import Axe

    found = (
        Axe()
        .run(page, context=within, options={"resultTypes": ["violations", "incomplete"]})
        .response
    )
    undecided = [rule for rule in found["incomplete"] if rule["id"] == "color-contrast"]
    for rule in undecided:
        rule["nodes"] = _neither_drawn_nor_cut(page, rule["nodes"])
    rules = found["violations"] + [rule for rule in undecided if rule["nodes"]]
    return [(r["id"], [node["target"] for node in r["nodes"][:3]]) for r in rules]


def _neither_drawn_nor_cut(page, nodes):
    """Return those of axe's nodes that are in no drawing, and not partly outside a pane."""
    keep = page.evaluate(
        """selectors => selectors.map(selector => {
          const e = document.querySelector(selector);
          if (e.closest("svg")) return false;
          const pane = e.closest(".scroll")?.getBoundingClientRect();
          const own = e.getBoundingClientRect();
          return !(pane && (own.right > pane.right || own.left < pane.left
            || own.bottom > pane.bottom || own.top < pane.top));
        })""",
        [node["target"][0] for node in nodes],
    )
    return [node for node, kept in zip(nodes, keep, strict=True) if kept]


# --------------------------------------------------------------- what it asks for, says and needs


@pytest.mark.parametrize("name", ["small", "full", "many", "partial"])
def test_page_asks_for_nothing_and_complains_of_nothing(open_page, request, name):
    path = request.getfixturevalue(name)
    page = open_page(path)
    page.mouse.wheel(0, 30_000)
    page.emulate_media(color_scheme="dark")
    assert page.printed == []
    assert page.requests == [path.as_uri()]


def test_page_of_64_runs_is_small(full):
    assert full.stat().st_size < 3 * MEGABYTE


@pytest.mark.parametrize(
    "directive, attempt",
    [
        ("img-src", "document.body.append(Object.assign(new Image(), {src: URL}))"),
        ("connect-src", "fetch(URL).catch(() => null)"),
        ("connect-src", "navigator.sendBeacon(URL, 'x')"),
        ("connect-src", "new WebSocket(URL.replace('http', 'ws'))"),
        (
            "script-src-elem",
            "document.body.append(Object.assign(document.createElement('script'), {src: URL}))",
        ),
        (
            "script-src-elem",
            "document.body.append(Object.assign(document.createElement('script'), {text: '1'}))",
        ),
        (
            "frame-src",
            "document.body.append(Object.assign(document.createElement('iframe'), {src: URL}))",
        ),
        (
            "style-src-elem",
            "document.head.append(Object.assign("
            "document.createElement('link'), {rel: 'stylesheet', href: URL}))",
        ),
        ("font-src", "new FontFace('x', `url(${URL})`).load().catch(() => null)"),
    ],
)
def test_policy_refuses_whatever_would_go_out(open_page, small, directive, attempt):
    page = open_page(small)
    refused = page.evaluate(
        f"""() => {{
          const URL = "http://127.0.0.1:9/x";
          const refused = new Promise(done => document.addEventListener(
            "securitypolicyviolation", event => done(event.effectiveDirective)));
          try {{ {attempt} }} catch {{}}
          return Promise.race([refused, new Promise(done => setTimeout(done, 5000, "nothing"))]);
        }}"""
    )
    assert refused == directive


def test_page_can_be_read_without_javascript(open_page, full):
    page = open_page(full, java_script_enabled=False)
    assert page.locator("#table-runs tbody tr").count() == 64
    assert page.locator("figure svg").count() > 15
    assert page.locator("#answer .sentence").is_visible()
    assert page.locator("button").count() == 0
    assert not page.locator("#explorer").is_visible()
    assert page.locator("#figure-ranking").is_visible()


def test_hostile_texts_show_as_texts(open_page, full):
    page = open_page(full)
    assert page.title() == visible(TITLE)
    assert page.locator("main img, main b, main i, main a:not([href^='#'])").count() == 0
    assert set(column_of(page, "wrong", "tweet")) == {
        visible(displayed(text, ["@airline"])) for text in HOSTILE
    }
    assert set(column_of(page, "classes", "class")) == set(CLASSES)
    for name in CLASSES:
        assert page.locator("#figure-failures text", has_text=name).count() > 0


# ---------------------------------------------------------------------------------------- tables


def test_numbers_sort_as_numbers_and_missing_ones_come_last(open_page, full):
    page = open_page(full)
    directions = [("ascending", False), ("descending", True)]
    for title, missing, orders in (
        ("seconds", 0, directions),
        ("mean accuracy", 1, directions[::-1]),  # best first
    ):
        for order, descending in orders:
            button(page, "runs", title).click()
            assert page.locator(f"#table-runs th[aria-sort={order}]").inner_text() == title
            texts = column_of(page, "runs", title)
            numbers = [float(text) for text in texts[: 64 - missing]]
            assert numbers == sorted(numbers, reverse=descending)
            assert texts[64 - missing :] == ["\u2013"] * missing


def test_texts_sort_by_their_letters_and_equal_ones_keep_their_order(open_page, full):
    page = open_page(full)
    button(page, "runs", "cell").click()
    assert column_of(page, "runs", "cell") == ["LSTM"] * 32 + ["SimpleRNN"] * 32
    ranks = column_of(page, "runs", "rank")[:32]
    assert ranks == sorted(ranks, key=int)


def test_long_table_comes_in_pages(open_page, many):
    page = open_page(many)
    seen = []
    assert button(page, "runs", "Earlier").is_disabled()
    for first in range(1, 257, 50):
        last = min(first + 49, 256)
        assert page.locator("#table-runs").get_by_text(f"rows {first} to {last}").is_visible()
        ranks = column_of(page, "runs", "rank")
        assert len(ranks) == last - first + 1
        seen += ranks
        if last < 256:
            button(page, "runs", "Later").click()
    assert seen == [str(rank) for rank in range(1, 257)]
    assert button(page, "runs", "Later").is_disabled()
    button(page, "runs", "rank").click()
    assert page.locator("#table-runs").get_by_text("rows 1 to 50").is_visible()


def test_heading_and_rank_stay_while_the_table_of_runs_scrolls(open_page, full):
    page = open_page(full, viewport=PHONE)
    page.eval_on_selector("#table-runs .scroll", "pane => pane.scrollTo(300, 600)")
    pane = page.locator("#table-runs .scroll").bounding_box()
    groups = page.locator("#table-runs thead").bounding_box()
    head = page.locator("#table-runs thead tr:last-child th").first.bounding_box()
    assert head["x"] == pytest.approx(pane["x"], abs=1)
    assert groups["y"] == pytest.approx(pane["y"], abs=1)
    assert page.locator("#table-runs td:first-child").nth(30).bounding_box()["x"] == head["x"]


def test_table_of_many_pages_is_saved_whole(open_page, many):
    assert len(saved_csv(open_page(many), "runs")) == 257


def test_numbers_in_a_saved_table_can_be_read_as_numbers(open_page, full):
    page = open_page(full)
    head, *rows = saved_csv(page, "effects")
    values = [float(row[head.index("mean difference")]) for row in rows]
    assert min(values) < 0 < max(values)
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("parameters", exact=True).check()
    head, *rows = saved_csv(page, "runs")
    assert {row[head.index("parameters")] for row in rows} == {"1234"}


def test_saved_tweets_hold_no_formula(open_page, full):
    [_, *rows] = saved_csv(open_page(full), "wrong")
    tweets = {row[0] for row in rows}
    assert "'=cmd() -1+2" in tweets
    assert not [text for text in tweets if text.startswith(("=", "+", "-", "@"))]


# --------------------------------------------------------------------------------------- figures


# ----------------------------------------------------------------- colours, widths, keyboard, paper


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_ground(open_page, full, scheme):
    page = open_page(full, color_scheme=scheme)
    ground = luminance(page, "body", "backgroundColor")
    assert (ground < 0.05) == (scheme == "dark")
    assert contrast(ground, luminance(page, "body", "color")) > 7
    assert contrast(ground, luminance(page, "caption", "color")) > 4.5
    assert contrast(ground, luminance(page, "nav a", "color")) > 4.5
    for figure in ("ranking", "lengths", "failures", "curves-LSTM-1-loss"):
        assert contrast(ground, luminance(page, f"#figure-{figure} text", "fill")) > 7


def test_figures_have_no_colour_that_dark_mode_could_not_change(open_page, full):
    page = open_page(full, color_scheme="dark")
    light = page.eval_on_selector_all(
        "figure svg *",
        """all => all.flatMap(e => [e.getAttribute("fill"), e.getAttribute("stroke"),
             e.style.fill, e.style.stroke]).filter(c => c && /^(#|rgb|black|white)/.test(c))""",
    )
    assert light == []


@pytest.mark.parametrize("name", ["small", "full", "partial"])
@pytest.mark.parametrize("width", [320, 360, 768, 1280, 1920])
def test_nothing_but_tables_scrolls_sideways(open_page, request, name, width):
    page = open_page(request.getfixturevalue(name), viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = page.eval_on_selector_all(
        "h1, h2, h3, p, figure, dl, summary, .bar",
        """(all, width) => all.filter(e => e.checkVisibility() && !e.closest(".scroll")
             && e.getBoundingClientRect().right > width + 1).map(e => e.outerHTML.slice(0, 80))""",
        width,
    )
    assert cut == []


def test_texts_in_figures_can_be_read_on_a_telephone(open_page, full):
    page = open_page(full, viewport=PHONE)
    sizes = page.eval_on_selector_all(
        "figure svg text",
        """all => all.filter(e => e.checkVisibility() && e.textContent.trim())
             .map(e => [e, e.getScreenCTM()])
             .map(([e, m]) => [Math.hypot(m.a, m.b) * parseFloat(getComputedStyle(e).fontSize),
                               e.closest("figure").id])""",
    )
    assert min(sizes)[0] > 6.5, min(sizes)


def test_sorting_works_with_the_keyboard_alone(open_page, full):
    page = open_page(full)
    page.locator("#table-runs th button").first.focus()
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    assert page.locator("#table-runs th[aria-sort=ascending]").inner_text().strip() == focused
    assert page.evaluate("document.activeElement.textContent") == focused


@pytest.mark.parametrize(
    "selector",
    [
        "nav a",
        "th button",
        "#table-runs tbody input",
        "#explorer .filters button",
        "#explorer circle[tabindex='0']",
        "#table-runs .scroll",
        ".save",
        "main summary",
        "select",
    ],
)
def test_focus_is_visible(open_page, full, selector):
    page = open_page(full)
    page.locator(selector).first.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("selector => document.activeElement.matches(selector)", selector)
    style = page.evaluate(
        """() => { const s = getComputedStyle(document.activeElement);
                   return [s.outlineStyle, parseFloat(s.outlineWidth)]; }"""
    )
    assert style[0] == "solid" and style[1] >= 2


def test_keyboard_can_skip_to_the_headline(open_page, full):
    page = open_page(full)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the headline"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.url.endswith("#headline")


def test_only_panes_that_scroll_are_stops_of_the_keyboard(open_page, full):
    page = open_page(full)
    assert page.locator("#table-runs .scroll").get_attribute("tabindex") == "0"
    assert page.locator("#table-parts .scroll").get_attribute("tabindex") == "-1"
    page.set_viewport_size(PHONE)
    page.wait_for_selector("#table-parts .scroll[tabindex='0']")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_printed_page_is_light_and_whole_and_has_no_buttons(open_page, many, scheme):
    page = open_page(many, color_scheme=scheme)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("button:not(th button):visible, nav:visible, input:visible").count() == 0
    assert len(rows_of(page, "runs")) == 256
    assert luminance(page, "body", "color") < 0.05
    assert page.eval_on_selector("#table-runs .scroll", "e => e.scrollHeight - e.clientHeight") < 2
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [
        ("full", 390, "dark"),
        ("full", 768, "light"),
        ("full", 1100, "dark"),
        ("full", 1600, "light"),
        ("small", 360, "light"),
        ("small", 1280, "dark"),
        ("partial", 360, "light"),
        ("partial", 1280, "dark"),
    ],
)
def test_axe_finds_no_violation(open_page, request, name, width, scheme):
    path, viewport = request.getfixturevalue(name), {"width": width, "height": 900}
    # The policy would refuse axe's own script as well.
    page = open_page(path, color_scheme=scheme, viewport=viewport, bypass_csp=True)
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_in_figures_stand_out_from_the_page(open_page, full, scheme):
    page = open_page(full, color_scheme=scheme)
    ground = luminance(page, "body", "backgroundColor")
    fills = page.eval_on_selector_all(
        "svg text", "all => [...new Set(all.map(e => getComputedStyle(e).fill))]"
    )
    for fill in fills:
        assert contrast(ground, luminance_of(fill)) > 4.5, fill


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_after_the_page_was_used(open_page, many, scheme):
    page = open_page(many, color_scheme=scheme, bypass_csp=True)
    button(page, "runs", "best accuracy").click()
    page.locator("#explorer").get_by_role("button", name="LSTM").click()
    page.locator("#table-runs tbody input").nth(5).check()
    button(page, "runs", "Later").click()
    for summary in page.locator("main summary").all():
        summary.click()
    assert violations(page) == []


def test_axe_finds_no_violation_without_javascript_s_additions(open_page, full, tmp_path):
    plain = tmp_path / "plain.html"
    text = full.read_text()
    plain.write_text(text[: text.rindex("<script>")] + "</body></html>")
    page = open_page(plain, bypass_csp=True)
    assert page.locator("button").count() == 0
    assert violations(page) == []
