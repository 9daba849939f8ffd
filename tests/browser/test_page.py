"""The report in a browser: what a reader can do with it, and what it never does."""

import csv
import io
import json
import re

import pytest

pytestmark = pytest.mark.browser
MEGABYTE = 1_000_000
WIDTHS = [360, 768, 1280, 1920]


def rows_of(page, table):
    """Return the texts of a table's rows, as they stand on the page."""
    return page.eval_on_selector_all(
        f"#table-{table} tbody tr",
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent.trim()))",
    )


def column_of(page, table, title):
    """Return the texts of one column, found by its heading."""
    heads = page.eval_on_selector_all(
        f"#table-{table} thead th", "heads => heads.map(head => head.textContent.trim())"
    )
    return [row[heads.index(title)] for row in rows_of(page, table)]


def downloaded(page, click):
    """Return the text of the file that a click saves."""
    with page.expect_download() as waiting:
        click()
    with open(waiting.value.path(), encoding="utf-8", newline="") as stream:
        return stream.read()


def test_page_is_small_and_asks_for_nothing(open_page, demo_page):
    assert demo_page.stat().st_size < 3 * MEGABYTE
    watched = open_page(demo_page)
    assert watched.printed == []
    assert watched.requests == [demo_page.as_uri()]


def test_policy_refuses_whatever_would_go_out(open_page, demo_page):
    page = open_page(demo_page).page
    refused = page.evaluate(
        """async () => {
          const refused = new Set();
          document.addEventListener(
            "securitypolicyviolation", event => refused.add(event.violatedDirective));
          document.body.append(Object.assign(new Image(), {src: "http://127.0.0.1:9/x.png"}));
          document.body.append(Object.assign(document.createElement("script"), {text: "0"}));
          await fetch("http://127.0.0.1:9/").catch(() => {});
          while (refused.size < 3) await new Promise(done => setTimeout(done, 20));
          return [...refused].sort();
        }"""
    )
    assert refused == ["connect-src", "img-src", "script-src-elem"]


def test_page_can_be_read_without_javascript(open_page, demo_page):
    page = open_page(demo_page, java_script_enabled=False).page
    assert page.locator("#table-runs tbody tr").count() == 64
    assert page.locator("figure svg").count() > 15
    assert page.locator(".verdict").first.is_visible()
    assert page.locator("button").count() == 0


def test_numbers_sort_as_numbers_and_missing_ones_come_last(open_page, demo_page):
    page = open_page(demo_page).page
    head = page.get_by_role("button", name="seconds")
    head.click()
    first = [float(text) for text in column_of(page, "runs", "seconds")]
    assert first == sorted(first)
    assert page.locator("#table-runs th[aria-sort=ascending]").inner_text().startswith("seconds")
    page.locator("#table-runs").get_by_role("button", name="divergence epoch").click()
    for order in ("ascending", "descending"):
        assert page.locator(f"#table-runs th[aria-sort={order}]").count() == 1
        texts = column_of(page, "runs", "divergence epoch")
        numbers = [int(text) for text in texts if text != "\u2013"]
        assert numbers == sorted(numbers, reverse=order == "descending")
        assert "\u2013" not in texts[: len(numbers)]
        page.locator("#table-runs").get_by_role("button", name="divergence epoch").click()


def test_filter_keeps_the_rows_that_hold_all_words(open_page, demo_page):
    page = open_page(demo_page).page
    page.get_by_label("Filter").fill("lstm 1e-3")
    assert page.get_by_text("16 of 64 rows").is_visible()
    rows = rows_of(page, "runs")
    assert len(rows) == 16 and all("LSTM" in row and "1e-3" in row for row in rows)


def test_long_table_comes_in_pages(open_page, demo_page):
    page = open_page(demo_page).page
    runs = page.locator("#table-runs")
    ranks = column_of(page, "runs", "rank")
    assert ranks == [str(rank) for rank in range(1, 51)]
    assert runs.get_by_role("button", name="Earlier").is_disabled()
    runs.get_by_role("button", name="Later").click()
    assert column_of(page, "runs", "rank") == [str(rank) for rank in range(51, 65)]
    assert runs.get_by_role("button", name="Later").is_disabled()
    assert runs.get_by_text("rows 51 to 64").is_visible()


def test_table_is_saved_as_csv_with_what_it_shows(open_page, demo_page):
    page = open_page(demo_page).page
    page.get_by_label("Filter").fill("simplernn 1e-4")
    save = page.locator("#table-runs").get_by_role("button", name="Save as CSV")
    head, *rows = csv.reader(io.StringIO(downloaded(page, save.click)))
    assert head[:2] == ["rank", "cell"] and len(rows) == 16
    assert {row[1] for row in rows} == {"SimpleRNN"}
    assert all(re.fullmatch(r"0\.\d{3}", row[head.index("mean accuracy")]) for row in rows)


def test_negative_number_is_a_number_in_a_saved_csv(open_page, demo_page):
    page = open_page(demo_page).page
    save = page.locator("#table-effects").get_by_role("button", name="Save as CSV")
    head, *rows = csv.reader(io.StringIO(downloaded(page, save.click)))
    values = [float(row[head.index("mean difference")]) for row in rows]
    assert min(values) < 0 < max(values)


def test_figure_is_saved_as_svg_with_colours_of_its_own(open_page, demo_page):
    page = open_page(demo_page).page
    save = page.get_by_role("button", name="Save figure ranking as SVG")
    svg = downloaded(page, save.click)
    assert svg.startswith("<svg") and "var(" not in svg and "#0b62a4" in svg


def test_picked_runs_are_drawn(open_page, demo_page):
    page = open_page(demo_page).page
    lines = page.locator("#curves > svg polyline")
    before = lines.count()
    page.get_by_label("Show the curves of run 10").check()
    assert lines.count() == before + 1
    assert "10. " in page.locator("#curves .key").inner_text()
    page.get_by_label("Show the curves of run 10").uncheck()
    assert lines.count() == before
    drawn = lines.first.get_attribute("points")
    page.locator("#curves select").select_option("train_loss")
    assert lines.first.get_attribute("points") != drawn
    page.get_by_role("button", name="Clear").click()
    assert lines.count() == 0


def test_sorting_works_with_the_keyboard_alone(open_page, demo_page):
    page = open_page(demo_page).page
    page.locator("#table-runs th button").first.focus()
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    assert page.locator("#table-runs th[aria-sort=ascending]").inner_text().strip() == focused
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


def test_keyboard_can_skip_to_the_headline(open_page, demo_page):
    page = open_page(demo_page).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the headline"


@pytest.mark.parametrize("scheme, dark", [("light", False), ("dark", True)])
def test_page_follows_the_reader_s_colours(open_page, demo_page, scheme, dark):
    page = open_page(demo_page, color_scheme=scheme).page
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", colour)[:3])) / 3
    assert (brightness < 60) == dark
    axis = page.evaluate(
        "getComputedStyle(document.querySelector('#figure-ranking svg text')).fill"
    )
    assert (sum(map(int, re.findall(r"\d+", axis)[:3])) / 3 > 200) == dark


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_but_tables_scrolls_sideways(open_page, demo_page, width):
    page = open_page(demo_page, viewport={"width": width, "height": 800}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_violation(open_page, demo_page, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    viewport = {"width": width, "height": 800}
    # The policy would refuse axe's own script as well.
    page = open_page(demo_page, color_scheme=scheme, viewport=viewport, bypass_csp=True).page
    page.get_by_role("button", name="best accuracy").first.click()
    found = Axe().run(page)
    shown = [
        (v["id"], [node["target"] for node in v["nodes"][:3]]) for v in found.response["violations"]
    ]
    assert shown == []


def test_printed_page_has_every_run_and_no_buttons(open_page, demo_page):
    page = open_page(demo_page).page
    page.emulate_media(media="print")
    assert not page.locator(".bar").first.is_visible()
    assert not page.locator("nav").is_visible()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert len(rows_of(page, "runs")) == 64
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert len(rows_of(page, "runs")) == 50
    assert page.pdf().startswith(b"%PDF")


def test_hostile_tweets_and_labels_show_as_text(open_page, hostile):
    watched = open_page(hostile / "report.html")
    assert watched.printed == [] and len(watched.requests) == 1
    page = watched.page
    assert page.title() == "A <i>title</i> & more"
    assert page.locator("main img, main b, main i:not(svg *), main script:not([type])").count() == 0
    tweets = " ".join(column_of(page, "wrong", "tweet"))
    for text in ["<script>document.title='owned'</script>", "a | b `code`", "<U+202E>turned", "@…"]:
        assert text in tweets
    assert "stranger" not in page.content()
    assert {"<b>bad</b>", "so|so", "`good`"} <= set(column_of(page, "classes", "class"))


def test_saved_tweets_hold_no_formula(open_page, hostile):
    page = open_page(hostile / "report.html").page
    save = page.locator("#table-wrong").get_by_role("button", name="Save as CSV")
    for row in csv.reader(io.StringIO(downloaded(page, save.click))):
        assert not [cell for cell in row if cell.startswith(("=", "@", "+"))]


def test_summary_holds_every_row_of_the_page(open_page, demo_page):
    summary = json.loads((demo_page.parent / "summary.json").read_text())
    page = open_page(demo_page, java_script_enabled=False).page
    for name, rows in summary["tables"].items():
        assert page.locator(f"#table-{name} tbody tr").count() == len(rows), name
