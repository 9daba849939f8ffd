"""The playground in a browser: it reads tweets as the pipeline does, and judges as its models."""

import html
import html.entities
import itertools
import random
import re
import unicodedata

import numpy as np
import pytest
from example_playground import COMBINATION, HOSTILE_WORDS, example_arrays, example_playground
from example_report import example_report, write_report
from test_page import DESK, PHONE, contrast, luminance, violations
from tweetrnn.data.encode import fixed_length
from tweetrnn.data.tokenizers import tokenize_text
from tweetrnn.evaluation.predictions import read_predictions
from tweetrnn.evaluation.select import read_selection
from tweetrnn.files import read_parquet
from tweetrnn.reporting import playground
from tweetrnn.results import Results

pytestmark = pytest.mark.browser
SETTINGS = [
    {"tokens": tokens, "fold_case": fold, "unescape_entities": unescape}
    for tokens in playground.PORTED_TOKENIZERS
    for fold, unescape in itertools.product([True, False], repeat=2)
]
PIECES = [
    *("a", "Z", "é", "e\u0301", "क\u094d", "ß", "ẞ", "İ", "ı", "ſ", "K", "Σς", "ŉ", "ᾳ", "Ꭰꭰ"),
    *("0", "12", "²", "①", "٣", "Ⅷ", "½", ".", ",", "!", "'", "’", "“", "…", "-", "_", "~", "="),
    *("@", "#", "＠", "＃", "$", "&", ";", "&amp;", "&notit;", "&lt", "&#", "&#128514;", "&#x80;"),
    *("&#0", "&#xD800;", "&#x110000;", "&nbsp;", "&Tab;", "&NewLine;", "&fjlig;", "&;", "<", ">"),
    *("http://", "HTTPS://", "httpſ://", "www.", "WWW.", ".com", ".İnfo", ".ınt", ".uK", "/", "?"),
    *("x@y.example", "u.s.", "3:45pm", ":", ")", "(", "^_^", "¯\\_(ツ)_/¯", "<3", ":-(", ";D"),
    *("👍", "🏽", "👩", "\u200d", "🇫", "🇮", "\ufe0f", "\u20e3", "🏴", "\U000e0067", "\U000e007f"),
    *(
        "\u200b",
        "\u200c",
        "\xad",
        "\u202e",
        "\u2066",
        "\ufeff",
        "\U000e0100",
        "مرحبا",
        "שָׁלוֹם",
        "飛行",
    ),
    *(
        "\u0301" * 31,
        "\u0345",
        "\u1100\u1161",
        "\n",
        "\r",
        "\u2028",
        "\x85",
        "\xa0",
        "\x1c",
        "\x1f",
    ),
    *(
        " ",
        " ",
        "  ",
        "\x00",
        "\x07",
        "aaaaa",
        "!!!!!",
        "$1",
        "$&",
        "</script>",
        "<b>",
        "😂😂😂😂😂",
    ),
]
WHOLE = [
    "",
    "@Airline you’re LATE… #fail http://t.example/aB3?x=1&amp;y=2, soooooo late!!!! 😂😂😂😂",
    "&#" + "1" * 4300 + "; &amp; on",
    "&#" + "1" * 4301 + "; &amp; on",
    "&#x" + "f" * 5000 + "; &amp; on",
    "&CounterClockwiseContourIntegral; &amp" + "a" * 40,
    "z" + "\u0301\u0323\u0302" * 40 + "algo",
    "constructor __proto__ toString hasOwnProperty",
]


def strings(count, seed):
    """Return texts that chance put together of what means something in tweets."""
    rng = random.Random(seed)
    return ["".join(rng.choices(PIECES, k=rng.randint(1, 14))) for _ in range(count)]


def page_of(example, folder):
    """Return the page of an invented report with that Playground."""
    experiment = example_report(epochs=2, recurrent_layers=[1], dense_layers=[2])
    experiment.playground = example
    return write_report(experiment, folder) / "report.html"


@pytest.fixture(scope="module")
def example_page(tmp_path_factory):
    """The page of random models on a hostile vocabulary."""
    return page_of(example_playground(), tmp_path_factory.mktemp("example"))


def rows(page):
    """Return the texts of the playground's table."""
    return page.eval_on_selector_all(
        "#playground tbody tr",
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))",
    )


# ------------------------------------------------------------------------------------ tokenizers


def tokens_in(page, texts, settings):
    """Return the tokens that the page finds in each text."""
    return page.evaluate(
        "([texts, t]) => texts.map(text => tokensOf(text, t))",
        [texts, playground.tokenizer(settings)],
    )


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: "-".join(map(str, s.values())))
def test_page_finds_the_tokens_that_the_pipeline_finds(open_page, example_page, settings):
    texts = WHOLE + PIECES + strings(600, seed=1)
    page = open_page(example_page)
    for text, found in zip(texts, tokens_in(page, texts, settings), strict=True):
        assert found == tokenize_text(text, settings), repr(text)


def test_page_knows_every_character_as_the_pipeline_does(open_page, example_page):
    """Only characters in Python's version of Unicode: a browser may know newer ones."""
    known = [
        chr(code)
        for code in range(0x110000)
        if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co")
    ]
    assert len(known) > 140_000
    page = open_page(example_page)
    texts = [
        " ".join(f"a{c}b 1{c}{c}{c}{c}2" for c in known[start : start + 500])
        for start in range(0, len(known), 500)
    ]
    for start in range(0, len(texts), 50):
        some = texts[start : start + 50]
        for text, found in zip(some, tokens_in(page, some, SETTINGS[0]), strict=True):
            assert found == tokenize_text(text, SETTINGS[0])


def test_page_knows_every_entity_as_python_does(open_page, example_page):
    names = [f"&{name}" for name in html.entities.html5]
    numbers = [f"&#{n};" for n in [*range(0x3000), *range(0xD7F0, 0xE010), *range(0xFDC0, 0xFE00)]]
    numbers += [f"&#x{n:X}" for n in (0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFD, 0x10FFFF, 0x110000)]
    texts = [text + after for text in names + numbers for after in ("", "a", ";", "=")]
    assert open_page(example_page).evaluate("texts => texts.map(unescaped)", texts) == [
        html.unescape(text) for text in texts
    ]


@pytest.mark.parametrize("padding", ["left", "right"])
@pytest.mark.parametrize("truncation", ["left", "right"])
def test_page_pads_and_cuts_as_the_pipeline_does(open_page, example_page, padding, truncation):
    page = open_page(example_page)
    settings = {"sequence_length": 4, "padding": padding, "truncation": truncation, "padding_id": 0}
    for length in range(8):
        ids = list(range(1, length + 1))
        expected = fixed_length(ids, [length], 4, padding, truncation)[0].tolist()
        assert page.evaluate("([ids, s]) => sequenceOf(ids, s)", [ids, settings]) == expected


# ----------------------------------------------------------------------------------- arithmetic


@pytest.mark.parametrize("cell", playground.STEPS)
@pytest.mark.parametrize("combination", ["rnn1-dense1-dropout0-reg0-lr1e-3", COMBINATION])
def test_page_computes_as_numpy_does_with_the_same_weights(
    open_page, example_page, cell, combination
):
    arrays = example_arrays(cell, 40, combination=combination, units=5)
    ids = np.random.default_rng(1).integers(0, 41, (20, 7))
    found = open_page(example_page).evaluate(
        """([cell, packed, ids]) => {
             const model = {cell, layers: packed.map(layerOf)};
             return ids.map(row => probabilitiesOf(model, row)); }""",
        [cell, playground.packed(arrays), ids.tolist()],
    )
    expected = playground.probabilities(cell, playground.as_in_the_page(arrays), ids)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.fixture(scope="module")
def validation(finished_once):
    """The small experiment's validation set: texts, sequences, and each cell's probabilities."""
    results = Results(finished_once.path / "results/small")
    rows, tweets = (read_parquet(path).to_pandas() for path in (results.rows, results.tweets))
    selection = read_selection(results.selected)
    stored = {
        cell: read_predictions(results.run(selection.selected_run(cell)))["validation"][0]
        for cell in selection.cells
    }
    return (
        tweets["text"][rows["row"][rows["part"] == "validation"]].tolist(),
        np.load(results.validation_sequences).tolist(),
        stored,
    )


def test_page_gives_the_validation_tweets_their_labels(open_page, small, validation):
    texts, sequences, stored = validation
    page = open_page(small)
    found = page.evaluate(
        """texts => {
             const data = JSON.parse(document.getElementById("playground-data").textContent);
             const playground = new Playground(data);
             const ids = texts.map(text => playground.read(text).ids);
             return {cells: data.models.map(model => model.cell),
                     sequences: ids.map(row => sequenceOf(row, data)),
                     judged: ids.map(row => playground.judge(row))}; }""",
        texts,
    )
    assert found["sequences"] == sequences
    assert found["cells"] == list(stored) == ["SimpleRNN", "LSTM"]
    said = page.locator("#try > .note").inner_text()
    for number, cell in enumerate(found["cells"]):
        computed = np.array([each[number] for each in found["judged"]])
        equal = np.sum(computed.argmax(axis=1) == stored[cell].argmax(axis=1))
        assert equal >= 0.995 * len(texts)
        difference = np.abs(computed - stored[cell]).max()
        assert difference < 0.02
        assert re.search(
            rf"{cell} gives {equal} of {len(texts)} validation tweets .*? {difference:.4f}",
            said,
        )


# ------------------------------------------------------------------------------ what a reader sees


def test_reader_sees_each_word_with_probabilities_that_sum_to_one(open_page, small):
    page = open_page(small)
    page.get_by_label("Type a tweet").fill("Zyzzyva, thanks for the FLIGHT!!!!!! 😂")
    shown = rows(page)
    words = ["zyzzyva unknown", ",", "thanks", "for", "the", "flight", "!!!", "😂"]
    assert [row[0] for row in shown[:1] + shown[2:7]] == words[:1] + words[2:7]
    assert [row[0].removesuffix(" unknown") for row in shown[1:]] == words[1:]
    for row in shown:
        for model in (row[1:4], row[4:7]):
            assert sum(map(float, model)) == pytest.approx(1, abs=0.011)


def test_last_row_is_the_tweet_as_a_whole_and_the_verdict_is_its_largest(
    open_page, small, validation
):
    texts, _, stored = validation
    page = open_page(small)
    for number in (0, 7):
        page.get_by_label("Type a tweet").fill(texts[number])
        last = [float(text) for text in rows(page)[-1][1:]]
        expected = [*stored["SimpleRNN"][number], *stored["LSTM"][number]]
        assert last == pytest.approx(expected, abs=0.025)
        labels = ["negative", "neutral", "positive"]
        assert page.locator("#playground [role=status]").inner_text() == ", ".join(
            f"{cell}: {labels[stored[cell][number].argmax()]}" for cell in stored
        )


def test_earlier_rows_are_what_the_tweet_up_to_there_would_get(open_page, small):
    page = open_page(small)
    box = page.get_by_label("Type a tweet")
    box.fill("my bag is lost")
    whole = rows(page)
    box.fill("my bag")
    assert rows(page) == whole[:2]


def test_largest_probability_of_each_model_stands_out(open_page, small):
    page = open_page(small)
    page.get_by_label("Type a tweet").fill("so late")
    for row, bold in zip(
        rows(page),
        page.eval_on_selector_all(
            "#playground tbody tr",
            "rows => rows.map(row => [...row.cells].map(cell => cell.className === 'most'))",
        ),
        strict=True,
    ):
        for first in (1, 4):
            numbers, marked = row[first : first + 3], bold[first : first + 3]
            assert marked.count(True) == 1 and numbers[marked.index(True)] == max(numbers)


def test_long_tweet_is_said_to_be_cut(open_page, example_page):
    page = open_page(example_page)
    page.get_by_label("Type a tweet").fill("one two three four five six seven")
    assert "Of more than 6 words the last ones are read." in (
        page.locator("#playground [role=status]").inner_text()
    )
    assert len(rows(page)) == 7


def test_empty_tweet_has_no_table(open_page, example_page):
    page = open_page(example_page)
    page.get_by_label("Type a tweet").fill(" \u200b ")
    assert page.locator("#playground [role=status]").inner_text() == "No word yet."
    assert not page.locator("#playground table").is_visible()


@pytest.mark.parametrize("text", [*HOSTILE_WORDS, "<img src=x onerror=document.title='owned'>"])
def test_hostile_tweets_and_labels_show_as_texts(open_page, example_page, text):
    page = open_page(example_page)
    title = page.title()
    page.get_by_label("Type a tweet").fill(f"{text} <b>x</b>")
    assert page.title() == title and page.printed == []
    assert (
        page.locator("#playground b, #playground img, #playground script:not([type])").count() == 0
    )
    heads = page.locator("#playground thead tr").last.locator("th").all_inner_texts()
    assert heads == ["word", *["<b>bad</b>", "so|so", "`good`"] * 2]
    assert len(rows(page)) > 2


def test_typing_asks_for_nothing(open_page, example_page):
    page = open_page(example_page)
    page.get_by_label("Type a tweet").press_sequentially(
        "see https://example.org/x &copy; <img src=x>"
    )
    assert page.requests == [example_page.as_uri()]
    assert page.printed == []


def test_without_javascript_it_says_that_it_needs_it(open_page, example_page):
    page = open_page(example_page, java_script_enabled=False)
    assert page.get_by_text("Here it needs JavaScript, which is off.").is_visible()
    assert not page.locator("#playground").is_visible()


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_no_part_of_it_is_wider_than_the_screen(open_page, small, width):
    page = open_page(small, viewport={"width": width, "height": 800})
    page.get_by_label("Type a tweet").fill("x" * 300 + " " + "late " * 40)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_all_probabilities_of_two_models_fit_a_telephone(open_page, small):
    page = open_page(small, viewport=PHONE)
    pane = page.locator("#playground .scroll")
    assert pane.evaluate("pane => pane.scrollWidth - pane.clientWidth") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_finds_no_violation_after_typing(open_page, example_page, scheme, viewport):
    page = open_page(example_page, color_scheme=scheme, viewport=viewport, bypass_csp=True)
    page.get_by_label("Type a tweet").fill("so late, unknown " * 5)
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_numbers_stand_out_from_their_bars(open_page, example_page, scheme):
    page = open_page(example_page, color_scheme=scheme)
    ground, ink = luminance(page, "body", "backgroundColor"), luminance(page, "body", "color")
    for cell in range(2):
        page.evaluate(
            """cell => { document.querySelector("#probe")?.remove();
                 const probe = document.createElement("i");
                 probe.id = "probe";
                 probe.style.color = `var(--cell-${cell})`;
                 document.body.append(probe); }""",
            cell,
        )
        bar = luminance(page, "#probe", "color")
        assert contrast(ink, ground + 0.28 * (bar - ground)) > 4.5


def test_keyboard_reaches_the_tweet_and_its_focus_is_visible(open_page, example_page):
    page = open_page(example_page)
    page.locator("#tweet").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "tweet"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_printed_page_shows_the_typed_tweet_and_its_table(open_page, example_page):
    page = open_page(example_page, color_scheme="dark")
    page.get_by_label("Type a tweet").fill("my bag is lost")
    page.emulate_media(media="print")
    assert luminance(page, "#playground td", "color") < 0.05
    assert page.locator("#playground table").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_note_stands_where_the_vocabulary_is_too_large(open_page, tmp_path, monkeypatch):
    monkeypatch.setattr(playground, "ROOM", 20_000)
    page = open_page(page_of(example_playground(), tmp_path))
    assert page.get_by_text("A playground, in which to type a tweet, is left out").is_visible()
    assert page.locator("#playground").count() == 0
    assert page.printed == []
