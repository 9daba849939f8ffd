"""The texts at the end of the page, to be pasted elsewhere."""

import pytest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("title", ["The software", "Methods"])
def test_a_text_is_copied_as_it_is(open_page, full, title):
    page = open_page(full)
    quotation = page.locator("#cite").get_by_role("blockquote", name=title)
    text = quotation.locator("p").text_content()
    quotation.get_by_role("button", name="Copy", exact=True).click()
    quotation.get_by_role("button", name="Copied").wait_for()
    page.evaluate("() => document.body.append(document.createElement('textarea'))")
    page.locator("body > textarea").focus()
    page.keyboard.press("Control+v")
    assert page.locator("body > textarea").input_value() == text
    assert text.endswith(".") and "\n" not in text


def test_printed_texts_have_no_button(open_page, full):
    page = open_page(full)
    page.emulate_media(media="print")
    assert not page.locator("#cite button").first.is_visible()
