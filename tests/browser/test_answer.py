"""The answer at the top of the page: read, copied, printed, and inside Snakemake's report."""

import pytest
from example_report import example_report, write_report

pytestmark = pytest.mark.browser
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The page of one cell on a demo corpus without a test set, which has two warnings."""
    experiment = example_report(["LSTM"], part="validation", kind="demo")
    return write_report(experiment, tmp_path_factory.mktemp("demo")) / "report.html"


def texts(page):
    """Return the warnings, the sentence and the scope."""
    return page.locator("#answer p").all_text_contents()


def copied(page):
    """Click the button and return what a reader would paste."""
    page.locator("#answer").get_by_role("button", name="Copy", exact=True).click()
    page.locator("#answer").get_by_role("button", name="Copied").wait_for()
    page.evaluate("() => document.body.append(document.createElement('textarea'))")
    page.locator("body > textarea").focus()
    page.keyboard.press("Control+v")
    return page.locator("body > textarea").input_value()


@pytest.mark.parametrize("name", ["full", "partial", "demo"])
def test_sentence_and_scope_are_copied_with_the_warnings(open_page, request, name):
    page = open_page(request.getfixturevalue(name))
    assert copied(page) == "\n".join(texts(page))
    assert page.printed == []
    assert len(page.requests) == 1


def test_copying_works_where_there_is_no_clipboard(open_page, full):
    page = open_page(full)
    page.evaluate("() => Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    assert copied(page) == "\n".join(texts(page))
    assert page.locator("textarea").count() == 1  # that of the test alone


def test_button_says_copy_again_and_keeps_the_focus(open_page, full):
    page = open_page(full)
    page.evaluate("() => Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    button = page.locator("#answer button")
    button.focus()
    page.keyboard.press("Enter")
    page.locator("#answer").get_by_role("button", name="Copied").wait_for()
    assert page.evaluate(
        "() => document.activeElement === document.querySelector('#answer button')"
    )
    page.locator("#answer").get_by_role("button", name="Copy", exact=True).wait_for()


def test_a_refused_copy_is_said(open_page, full):
    page = open_page(full)
    page.evaluate("() => Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.evaluate("() => (document.execCommand = () => false)")
    page.locator("#answer button").click()
    page.get_by_role("button", name="Not copied: select the text instead").wait_for()


@pytest.mark.parametrize("viewport", [PHONE, DESK])
def test_sentence_and_numbers_are_on_the_first_screen(open_page, full, viewport):
    page = open_page(full, viewport=viewport)
    for selector in ("#answer .sentence", "#answer .value >> nth=0"):
        box = page.locator(selector).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= viewport["width"]
        if viewport is DESK:
            assert box["y"] + box["height"] < viewport["height"]


def test_answer_can_be_read_without_javascript_and_has_no_button(open_page, full):
    page = open_page(full, java_script_enabled=False)
    assert page.locator("#answer .sentence").is_visible()
    assert page.locator("#answer button").count() == 0


def test_printed_answer_has_no_button(open_page, full):
    page = open_page(full)
    page.emulate_media(media="print")
    assert page.locator("#answer .scope").is_visible()
    assert not page.locator("#answer button").is_visible()


def test_report_opens_inside_snakemake_s_own(open_page, finished):
    finished.run("--report", "all.html")
    page = open_page(finished.path / "all.html")
    page.get_by_role("link", name="Report").last.click()
    page.locator("table tbody a").first.click()
    inside = page.frame_locator("iframe")
    inside.locator("#answer .sentence").wait_for()
    inside.locator("nav summary").click()
    inside.locator("nav a", has_text="Provenance").click()
    assert inside.locator("#provenance").is_visible()
    assert not [text for text in page.printed if "tailwind" not in text]
