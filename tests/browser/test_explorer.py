"""The explorer of the runs in a browser: one selection in plot, table, curves and address."""

import itertools
import re

import pytest
from test_page import (
    DESK,
    MEGABYTE,
    PHONE,
    button,
    column_of,
    headings,
    rows_of,
    saved_csv,
    violations,
)

pytestmark = pytest.mark.browser

NONE = "No run matches these settings"
SELECTS = ("score", "against", "curve")
WIDE = {"width": 1280, "height": 2400}
# The milliseconds that a chip, by its number, takes until the page is laid out again.
PRESS = """(number) => {
  const chip = document.querySelectorAll("#explorer .filters button")[number];
  const begin = performance.now();
  chip.click();
  document.documentElement.getBoundingClientRect();
  return performance.now() - begin;
}"""


@pytest.fixture
def page(open_page, full):
    """The page of 64 runs, one of which has diverged; at its end it has not complained."""
    page = open_page(full, viewport=WIDE)
    yield page
    assert page.printed == [] and page.requests == [full.as_uri()]


def chip(page, factor, level):
    """Return the button of a factor's level."""
    group = page.get_by_role("group", name=factor, exact=True)
    return group.get_by_role("button", name=level, exact=True)


def status(page):
    return page.locator("#explorer").get_by_role("status").inner_text()


def dots(page):
    """Return {rank: whether it is selected} of the dots."""
    circles = page.locator("#explorer [role=option]").all()
    return {
        int(circle.get_attribute("aria-label").split(".")[0]): circle.get_attribute("aria-selected")
        == "true"
        for circle in circles
    }


def dot(page, rank):
    return page.locator(f"#explorer circle[aria-label^='{rank}.']")


def drawn(page):
    """Return the ranks of the runs whose curves are drawn, by the key."""
    texts = page.locator("#explorer .key li").all_inner_texts()
    return [int(text.split(".")[0]) for text in texts if text.strip()[0].isdigit()]


def curves(page):
    return page.locator("#explorer polyline")


def ticked(page):
    """Return the ranks of the rows that are ticked."""
    rows = page.locator("#table-runs tbody tr:has(input:checked) td:first-child")
    return sorted(int(text) for text in rows.all_inner_texts())


def selected(page):
    """Return the selected ranks, which plot, table and curves agree on."""
    of_plot = sorted(rank for rank, chosen in dots(page).items() if chosen)
    assert of_plot == ticked(page) == drawn(page)
    assert curves(page).count() == len(of_plot)
    return of_plot


def choose(page, what, option):
    """Choose what the charts show; ``what`` is one of SELECTS."""
    page.locator("#explorer select").nth(SELECTS.index(what)).select_option(option)


def address(page):
    """Return the address's fragment when it has followed."""
    page.wait_for_timeout(400)
    return page.evaluate("location.hash")


def heights(page, line):
    points = curves(page).nth(line).get_attribute("points").split()
    return [float(point.split(",")[1]) for point in points]


# ------------------------------------------------------------------------------- the selection


def test_each_cell_s_best_run_is_selected_at_first(page):
    scores = {"LSTM": {}, "SimpleRNN": {}}
    columns = [column_of(page, "runs", title) for title in ("cell", "best accuracy")]
    for rank, (cell, score) in enumerate(zip(*columns, strict=True), 1):
        scores[cell][rank] = -1 if score == "\u2013" else float(score)
    for ranks in scores.values():
        [chosen] = set(selected(page)) & set(ranks)
        assert ranks[chosen] == max(ranks.values())


def test_click_on_a_dot_selects_it_everywhere_and_again_nowhere(page):
    before = selected(page)
    dot(page, 40).click()
    assert selected(page) == sorted([*before, 40])
    dot(page, 40).click()
    assert selected(page) == before


def test_tick_in_the_table_selects_it_everywhere(page):
    before = selected(page)
    page.get_by_label("Select run 10", exact=True).check()
    assert selected(page) == sorted([*before, 10])
    page.get_by_role("button", name="Clear selection").click()
    assert selected(page) == []
    assert page.get_by_text("Click on a dot, or tick runs in the table.").is_visible()


def test_hover_on_a_dot_shows_its_run_and_marks_its_row(page):
    dot(page, 10).hover()
    tooltip = page.get_by_role("tooltip")
    row = next(row for row in rows_of(page, "runs") if row[0] == "10")
    text = tooltip.inner_text().replace("\u2011", "-")
    assert text.startswith(f"10. {row[1]}: recurrent layers {row[2]}, dense layers {row[3]}")
    score = row[headings(page, "runs").index("best accuracy")]
    assert f"best validation accuracy {score}" in text
    assert page.locator("#table-runs tr.hovered td").first.inner_text().strip() == "10"
    page.mouse.move(0, 0)
    assert not tooltip.is_visible() and page.locator("tr.hovered").count() == 0


def test_hover_on_a_row_marks_its_dot(page):
    rings = page.locator("#explorer .above circle:not(.mark)")
    before = rings.count()
    page.locator("#table-runs tbody tr").nth(9).hover()
    assert rings.count() == before + 1
    ring, circle = rings.last, dot(page, 10)
    assert ring.get_attribute("cx") == circle.get_attribute("cx")


def test_hover_on_a_curve_shows_its_run_and_value(page):
    chart = page.locator("#explorer svg[role=img]")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    x, y = curves(page).first.get_attribute("points").split()[1].split(",")
    page.mouse.move(box["x"] + float(x), box["y"] + float(y))
    text = page.get_by_role("tooltip").inner_text()
    assert re.search(r"epoch 2: 0\.\d{3}$", text) and text.startswith(f"{drawn(page)[0]}. ")


def test_dots_are_reached_by_the_keyboard_and_described(page):
    stops = page.locator("#explorer circle[tabindex='0']")
    assert stops.count() == 1
    stops.focus()
    scores = []
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight"):
        page.keyboard.press(key)
        text = page.get_by_role("tooltip").inner_text()
        scores.append(float(re.search(r"accuracy ([\d.]+)", text)[1]))
    assert scores[0] >= scores[1] <= scores[2]
    rank = int(text.split(".")[0])
    before = selected(page)
    page.keyboard.press("Enter")
    assert selected(page) == sorted({*before} ^ {rank})
    assert page.evaluate("document.activeElement.ariaLabel").startswith(f"{rank}. ")


def test_run_without_a_result_is_listed_but_cannot_be_selected(page):
    chip(page, "status", "diverged").click()
    assert len(rows_of(page, "runs")) == 1 and dots(page) == {}
    assert page.locator("#table-runs tbody input").is_disabled()


# ----------------------------------------------------------------------------------- the filters


@pytest.mark.parametrize(
    "factor, level, count",
    [
        ("cell", "LSTM", 32),
        ("recurrent layers", "2", 32),
        ("dense layers", "3", 32),
        ("dropout", "yes", 32),
        ("L2", "no", 32),
        ("learning rate", "1e-3", 32),
        ("status", "finished", 63),
    ],
)
def test_filter_of_a_factor_is_one_of_plot_and_table_and_curves(page, factor, level, count):
    before = selected(page)
    chip(page, factor, level).click()
    assert chip(page, factor, level).get_attribute("aria-pressed") == "true"
    assert set(column_of(page, "runs", factor)) == {level}
    ranks = [int(rank) for rank in column_of(page, "runs", "rank")]
    assert len(ranks) == count and status(page).startswith(f"{count} of 64 runs")
    assert set(dots(page)) <= set(ranks) and len(dots(page)) >= count - 1
    assert selected(page) == [rank for rank in before if rank in ranks]
    page.get_by_role("button", name="Reset filters").click()
    assert status(page) == "64 of 64 runs" and selected(page) == before


def test_replicates_are_a_filter_where_there_are_several(open_page, many):
    page = open_page(many)
    chip(page, "replicate", "3").click()
    assert set(column_of(page, "runs", "replicate")) == {"3"}
    assert status(page).startswith("64 of 256 runs")


def test_levels_of_one_factor_add_up_and_factors_narrow_down(page):
    chip(page, "learning rate", "1e-3").click()
    chip(page, "dropout", "yes").click()
    assert status(page).startswith("16 of 64 runs")
    chip(page, "dropout", "no").click()
    assert status(page).startswith("32 of 64 runs")


def test_status_counts_selected_runs_that_the_filters_hide(page):
    chip(page, "cell", "LSTM").click()
    assert status(page) == "32 of 64 runs; 1 of the selected not among them"


def test_empty_result_says_so_and_can_be_undone(page):
    chip(page, "status", "diverged").click()
    chip(page, "cell", "LSTM").click()
    assert status(page).startswith(NONE)
    [[text]] = rows_of(page, "runs")
    assert text.startswith(NONE)
    page.locator("#table-runs").get_by_role("button", name="Reset filters").click()
    assert len(rows_of(page, "runs")) == 64
    assert page.evaluate("document.activeElement.closest('.filters') !== null")


# ---------------------------------------------------------------------------- the plot and curves


def test_dots_stand_where_their_scores_are(page):
    title = headings(page, "runs").index("best macro-F1")
    choose(page, "score", "best validation macro-F1")
    rows = [row for row in rows_of(page, "runs") if row[title] != "\u2013"]
    places = [(float(row[title]), float(dot(page, row[0]).get_attribute("cx"))) for row in rows]
    (low, left), (high, right) = min(places), max(places)
    for score, x in places:
        assert x == pytest.approx(
            left + (right - left) * (score - low) / (high - low), abs=0.6 * (right - left) / 100
        )


def test_rows_can_be_cells_by_a_factor(page):
    choose(page, "against", "cell and dropout")
    names = page.locator("#explorer svg:not([role]) text").all_text_contents()
    assert {"LSTM, dropout no", "LSTM, dropout yes", "SimpleRNN, dropout yes"} <= set(names)


@pytest.mark.parametrize(
    "option, column", [("training time, seconds", "seconds"), ("parameters", "parameters")]
)
def test_scores_can_be_seen_against_costs_with_the_baselines(page, option, column):
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label(column, exact=True).check()
    choose(page, "against", option)
    texts = page.locator("#explorer svg:not([role]) text").all_text_contents()
    assert {option, "best validation accuracy", "majority class", "NB-SVM"} <= set(texts)
    costs = [float(text.replace(",", "")) for text in column_of(page, "runs", column)]
    shown = dots(page)
    places = sorted(
        (cost, float(dot(page, rank).get_attribute("cx")))
        for rank, cost in enumerate(costs, 1)
        if rank in shown
    )
    xs = [x for _, x in places]
    assert len(xs) == 63 and all(a <= b + 1.5 for a, b in itertools.pairwise(xs))
    dot(page, min(shown)).hover(force=True)  # another one may cover it
    assert re.search(rf"{option} [\d.,]+$", page.get_by_role("tooltip").inner_text())


def test_no_baseline_stands_beside_a_mean_over_epochs(page):
    lines = page.locator("#explorer line.baseline")
    assert lines.count() == 3
    choose(page, "score", "mean validation accuracy")
    assert lines.count() == 0


def test_drawn_curves_go_through_their_values(page):
    page.get_by_role("button", name="Clear selection").click()
    page.get_by_label("Select run 3", exact=True).check()
    values = page.evaluate(
        """JSON.parse(document.getElementById("explorer-data").textContent)
             .curves.validation_accuracy[2]"""
    )
    ys = heights(page, 0)
    scale = (ys[0] - ys[-1]) / (values[-1] - values[0])
    assert scale > 0
    for value, y in zip(values, ys, strict=True):
        assert y == pytest.approx(ys[0] - scale * (value - values[0]), abs=0.01)


def test_curves_are_of_the_chosen_quantity(page):
    before = heights(page, 0)
    choose(page, "curve", "training loss")
    assert heights(page, 0) != before
    image = page.locator("#explorer svg[role=img]")
    assert image.get_attribute("aria-label") == "training loss by epoch of 2 selected runs"


def test_cells_have_the_same_colours_in_plot_and_curves_and_figures(page):
    page.get_by_role("button", name="Clear selection").click()
    cells = column_of(page, "runs", "cell")
    for number, cell in enumerate(["SimpleRNN", "LSTM"]):
        rank = 2 + cells[1:].index(cell)
        page.get_by_label(f"Select run {rank}", exact=True).check()
        assert curves(page).get_attribute("stroke") == f"var(--cell-{number})"
        assert dot(page, rank).get_attribute("stroke") == f"var(--cell-{number})"
        page.get_by_label(f"Select run {rank}", exact=True).uncheck()


def test_charts_are_drawn_again_for_another_width_and_not_stuck_where_hidden(page):
    charts = page.locator("#explorer svg.chart")
    wide = charts.first.get_attribute("viewBox")
    page.set_viewport_size(PHONE)
    page.wait_for_function(
        "wide => document.querySelector('#explorer svg').getAttribute('viewBox') !== wide", arg=wide
    )
    for chart in charts.all():
        assert chart.bounding_box()["width"] <= PHONE["width"]
    page.emulate_media(media="print")
    page.set_viewport_size(DESK)
    page.wait_for_function("innerWidth === 1280 && document.querySelector('#explorer polyline')")


# ------------------------------------------------------------------------------------- the table


def test_first_click_on_a_score_sorts_the_best_first_and_keeps_the_filter(page):
    chip(page, "learning rate", "1e-4").click()
    button(page, "runs", "best macro-F1").click()
    *texts, last = column_of(page, "runs", "best macro-F1")
    scores = [float(text) for text in texts]
    assert len(scores) == 31 and scores == sorted(scores, reverse=True) and last == "\u2013"


@pytest.mark.parametrize("name", ["full", "many", "partial"])
def test_table_fits_where_the_contents_stand_beside_it(open_page, request, name):
    page = open_page(request.getfixturevalue(name), viewport=DESK)
    page.eval_on_selector("main", "main => main.style.maxWidth = '60rem'")
    pane = page.locator("#table-runs .scroll")
    assert pane.evaluate("pane => pane.scrollWidth <= pane.clientWidth")


def test_columns_are_chosen_and_their_groups_follow(page):
    page.get_by_text("Columns", exact=True).click()
    groups = page.locator("#table-runs .groups th")
    assert groups.all_inner_texts() == ["settings", "validation scores", "training"]
    scores = groups.nth(1)
    assert scores.get_attribute("colspan") == "3"
    assert "memory, MB" not in headings(page, "runs")
    page.get_by_label("memory, MB").check()
    assert "memory, MB" in headings(page, "runs")
    for score in ("mean accuracy", "best accuracy", "best macro-F1"):
        page.get_by_label(score, exact=True).uncheck()
    assert not {"mean accuracy", "best accuracy"} & set(headings(page, "runs"))
    assert groups.last.is_visible() and not scores.is_visible()


def test_csv_is_what_the_table_shows(page):
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("seconds", exact=True).uncheck()
    chip(page, "cell", "SimpleRNN").click()
    chip(page, "learning rate", "1e-4").click()
    button(page, "runs", "best accuracy").click()
    head, *rows = saved_csv(page, "runs")
    assert head == headings(page, "runs") and "seconds" not in head
    assert [row[0] for row in rows] == column_of(page, "runs", "rank") and len(rows) == 16
    scores = [row[head.index("best accuracy")] for row in rows if row[head.index("best accuracy")]]
    assert scores == sorted(scores, reverse=True)
    chip(page, "status", "diverged").click()
    head, row = saved_csv(page, "runs")
    assert row[head.index("mean accuracy")] == "" and row[head.index("status")] == "diverged"


def test_printed_table_has_all_pages_and_the_chosen_columns(open_page, many):
    page = open_page(many)
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("seconds", exact=True).uncheck()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(rows_of(page, "runs")) == 256 and "seconds" not in headings(page, "runs")
    assert page.locator("#explorer button:visible, #explorer select:visible").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert len(rows_of(page, "runs")) == 50


# ----------------------------------------------------------------------------------- the address


def test_address_restores_the_view(page, open_page, full):
    assert page.evaluate("location.hash") == ""
    chip(page, "cell", "LSTM").click()
    chip(page, "dropout", "yes").click()
    choose(page, "against", "training time, seconds")
    choose(page, "score", "best validation macro-F1")
    button(page, "runs", "best macro-F1").click()
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("memory, MB").check()
    page.get_by_role("button", name="Clear selection").click()
    page.locator("#table-runs tbody input").first.check()
    shown = (selected(page), headings(page, "runs"), rows_of(page, "runs"), dots(page))
    fragment = address(page)
    assert fragment.startswith("#runs?cell=LSTM&dropout=yes&") and "sort=-best_macro_f1" in fragment
    other = open_page(full)
    other.goto("about:blank")  # a reload might go back to where the page was
    other.goto(full.as_uri() + fragment)
    assert shown == (selected(other), headings(other, "runs"), rows_of(other, "runs"), dots(other))
    assert abs(other.locator("#runs").bounding_box()["y"]) < 100
    assert address(other) == fragment


def test_address_of_the_first_view_is_plain(page):
    chip(page, "cell", "LSTM").click()
    assert address(page) == "#runs?cell=LSTM"
    chip(page, "cell", "LSTM").click()
    assert address(page) == "#runs"


def test_address_can_change_while_the_page_is_open(page):
    page.evaluate("location.hash = '#runs?cell=LSTM&selected='")
    page.wait_for_function("document.querySelectorAll('#table-runs tbody tr').length === 32")
    assert selected(page) == []
    page.evaluate("location.hash = '#cost'")
    assert len(rows_of(page, "runs")) == 32


def test_many_changes_write_the_address_seldom(page):
    writes = page.evaluate(
        """async () => {
          let writes = 0;
          const replace = history.replaceState;
          history.replaceState = (...all) => { writes++; replace.apply(history, all); };
          const chip = document.querySelector("#explorer .filters button");
          for (let n = 0; n < 40; n++) chip.click();
          await new Promise(done => setTimeout(done, 600));
          return writes;
        }"""
    )
    assert writes == 1 and page.evaluate("history.length") <= 2


@pytest.mark.parametrize(
    "fragment",
    [
        "#runs?",
        "#runs?cell=%3Cscript%3E&dropout=maybe&score=__proto__&against=constructor",
        "#runs?selected=0,-1,99999,1e3,abc,__proto__&sort=--x&columns=",
        "#runs?sort=-nothing&columns=%E0%A4%A&cell=%",
        "#runs?__proto__=x&constructor=y&filters=z&curve=<img src=x>",
        "#runs?" + "cell=LSTM&" * 3000 + "selected=" + "1," * 5000,
    ],
)
def test_hostile_address_does_nothing_bad(open_page, full, fragment):
    page = open_page(full)
    page.goto(full.as_uri() + fragment)
    page.reload()
    assert page.printed == [] and {url.split("#")[0] for url in page.requests} == {full.as_uri()}
    assert page.locator("#explorer img").count() == 0
    assert len(rows_of(page, "runs")) in (32, 64) and len(headings(page, "runs")) >= 1
    chip(page, "dropout", "yes").click()
    assert set(column_of(page, "runs", "cell")) <= {"LSTM", "SimpleRNN"}


def test_link_to_the_view_is_copied(open_page, full):
    page = open_page(full)
    page.evaluate("navigator.clipboard.writeText = async text => { window.copied = text; }")
    chip(page, "cell", "LSTM").click()
    page.get_by_role("button", name="Copy link to this view").click()
    assert page.get_by_role("button", name="Link copied").is_visible()
    assert page.evaluate("copied") == full.as_uri() + "#runs?cell=LSTM"


# ---------------------------------------------------------------------------- many runs and others


def test_page_of_2048_runs_is_small_and_quick(open_page, thousands):
    assert thousands.stat().st_size < 10 * MEGABYTE
    page = open_page(thousands)
    assert status(page) == "2048 of 2048 runs"
    assert page.locator("#explorer [role=option]").count() == 2048
    # The quickest of many: other programs may be busy at the same time.
    assert min(page.evaluate(PRESS, number) for number in [0, 0, 1, 1, 2, 2, 3, 3] * 4) < 100
    assert page.printed == []


def test_partial_page_has_an_explorer_of_what_there_is(open_page, partial):
    page = open_page(partial, viewport=WIDE)
    assert status(page) == "96 of 96 runs" and len(dots(page)) == 94
    assert len(selected(page)) == 3
    assert page.locator("#explorer line.baseline").count() == 0
    chip(page, "status", "missing").click()
    assert len(rows_of(page, "runs")) == 1 and page.printed == []


# test_page.py has all four of the page as it opens.
@pytest.mark.parametrize(
    "viewport, scheme", [(PHONE, "dark"), (DESK, "light")], ids=["phone-dark", "desk-light"]
)
def test_axe_finds_no_violation_in_a_used_explorer(open_page, full, scheme, viewport):
    page = open_page(full, color_scheme=scheme, viewport=viewport, bypass_csp=True)
    page.locator("#table-runs summary").click()
    chip(page, "status", "diverged").click()
    chip(page, "cell", "LSTM").click()
    assert violations(page, "#runs") == []
    page.goto(page.url.split("#")[0] + "#runs?cell=LSTM&against=seconds&selected=4,5")
    assert violations(page, "#runs") == []
