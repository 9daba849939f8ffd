"""Figures of the page: values under the pointer, and what is saved."""

import csv
import io
import json
import struct

import pytest
from example_report import example_report

NAMES = ["ranking", "effects", "failures", "curves-LSTM-1-loss"]


def data_of(page, name):
    """Return the columns, panels and marks that a figure holds."""
    return json.loads(page.locator(f"#figure-{name} metadata").text_content())


def place_of(page, name, mark):
    """Return where a mark is on the screen, a column at half its panel's height."""
    page.locator(f"#figure-{name} svg").scroll_into_view_if_needed()
    panel, x, y, *_ = mark
    if y is None:
        _, top, _, bottom = data_of(page, name)["panels"][panel]
        y = (top + bottom) / 2
    return page.locator(f"#figure-{name} svg").evaluate(
        """(svg, [x, y]) => {
             const point = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
             return [point.x, point.y];
           }""",
        [x, y],
    )


def hover(page, name, mark):
    """Put the pointer on a mark of a figure; return the lines of the tooltip."""
    page.mouse.move(*place_of(page, name, mark))
    return page.locator("#tooltip").inner_text().splitlines()


def lines_of(columns, values):
    """Return the tooltip's lines of a mark."""
    told = zip(columns, values, strict=True)
    return [f"{c}: {v}".replace(": -", ": \u2212") for c, v in told if v is not None]


def saved(page, name, kind):
    """Return the bytes of a figure that is saved."""
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Save figure {name} as {kind}", exact=True).click()
    assert download.value.suggested_filename == f"figure-{name}.{kind.lower()}"
    with open(download.value.path(), "rb") as file:
        return file.read()


@pytest.mark.parametrize("name", [*NAMES, "lengths", "cost"])
def test_pointer_on_a_mark_shows_its_values(open_page, full, name):
    page = open_page(full)
    data = data_of(page, name)
    mark = data["marks"][0]
    assert hover(page, name, mark) == lines_of(data["columns"], mark[3:])
    ring = page.locator(f"#figure-{name} .ring")
    assert ring.count() == (mark[2] is not None)
    assert page.printed == [] and len(page.requests) == 1


def test_values_are_those_of_the_run(open_page, full):
    page = open_page(full)
    best = example_report(statuses=["finished", "diverged"]).finished.iloc[0]
    [mark] = [m for m in data_of(page, "ranking")["marks"] if m[3] == 1]
    told = dict(line.split(": ") for line in hover(page, "ranking", mark))
    assert told["cell"] == best["cell"]
    assert float(told["learning rate"]) == best["learning_rate"]
    assert told["dropout"] == ("yes" if best["dropout"] else "no")
    assert float(told["mean validation accuracy"]) == pytest.approx(best["mean_accuracy"], abs=1e-4)


def test_values_vanish_away_from_the_marks_and_with_escape(open_page, full):
    page = open_page(full)
    mark = data_of(page, "primary")["marks"][0]
    hover(page, "primary", mark)
    page.keyboard.press("Escape")
    assert page.locator("#tooltip").is_hidden()
    hover(page, "primary", mark)
    page.locator("h1").hover()
    assert page.locator("#tooltip").is_hidden()
    assert page.locator(".ring").count() == 0


def test_touched_values_stay_until_something_else_is_touched(open_page, full):
    page = open_page(full, has_touch=True, viewport={"width": 390, "height": 800})
    data = data_of(page, "primary")
    mark = data["marks"][0]
    page.touchscreen.tap(*place_of(page, "primary", mark))
    assert page.locator("#tooltip").inner_text().splitlines() == lines_of(data["columns"], mark[3:])
    page.locator("#figure-primary figcaption").tap()
    assert page.locator("#tooltip").is_hidden()


def test_hostile_class_names_are_text_in_the_tooltip(open_page, full):
    page = open_page(full)
    data = data_of(page, "recall")
    lines = hover(page, "recall", data["marks"][0])
    assert "class: <b>bad</b>" in lines
    assert page.locator("#tooltip b").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figure_is_saved_as_svg_in_light_colours(open_page, full, scheme):
    page = open_page(full, color_scheme=scheme)
    svg = saved(page, "ranking", "SVG").decode()
    assert svg.startswith("<svg") and 'xmlns="http://www.w3.org/2000/svg"' in svg
    assert "var(" not in svg
    assert "#0b62a4" in svg and "#fffefd" in svg and "#6fb4ee" not in svg


def test_saved_svg_is_a_picture_by_itself(open_page, full, tmp_path):
    file = tmp_path / "saved.svg"
    file.write_bytes(saved(open_page(full), "cells", "SVG"))
    alone = open_page(file)
    assert alone.printed == []
    assert alone.evaluate("document.documentElement.getBoundingClientRect().width") > 100


def test_figure_is_saved_as_a_large_light_png(open_page, full):
    page = open_page(full, color_scheme="dark")
    png = saved(page, "failures", "PNG")
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    _, _, wide, high = map(float, page.get_attribute("#figure-failures svg", "viewBox").split())
    assert width >= 2 * wide and height / width == pytest.approx(high / wide, abs=0.01)
    corner = page.evaluate(
        """async bytes => {
             const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
             const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
             const context = canvas.getContext("2d");
             context.drawImage(bitmap, 0, 0);
             return [...context.getImageData(2, 2, 1, 1).data];
           }""",
        list(png),
    )
    assert corner == [255, 254, 253, 255]
    assert page.printed == []


@pytest.mark.parametrize("name", NAMES)
def test_data_of_a_figure_are_saved_as_csv(open_page, full, name):
    page = open_page(full)
    data = data_of(page, name)
    head, *rows = csv.reader(io.StringIO(saved(page, name, "CSV").decode()))
    assert head == data["columns"]
    expected = [["" if v is None else str(v) for v in mark[3:]] for mark in data["marks"]]
    assert [[number(v) for v in row] for row in rows] == [
        [number(v) for v in row] for row in expected
    ]


def number(text):
    """Return a text as the number that it is, if it is one."""
    try:
        return float(text)
    except ValueError:
        return text


def test_every_figure_can_be_saved_and_its_data_where_it_has_some(open_page, full):
    page = open_page(full)
    figures = page.locator("figure")
    assert figures.count() > 20
    for kind in ("SVG", "PNG"):
        assert page.get_by_role("button", name=f"as {kind}").count() == figures.count()
    with_data = page.locator("figure:has(metadata)").count()
    assert page.locator("figure").get_by_role("button", name="as CSV").count() == with_data
    without = page.locator("figure:not(:has(metadata))").evaluate_all("all => all.map(f => f.id)")
    assert without == ["figure-rulegraph"]


def test_every_figure_has_a_number_and_a_caption(open_page, full):
    page = open_page(full)
    starts = page.locator("figcaption strong, .figcaption strong").all_inner_texts()
    assert [text.split(".")[0] for text in starts] == [
        f"Figure {n}" for n in range(1, len(starts) + 1)
    ]
    assert page.locator("figure:not(.small):not(:has(figcaption))").count() == 0
