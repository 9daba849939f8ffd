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
from test_page import DESK, PHONE, luminance, violations
from tweetrnn.data.encode import fixed_length
from tweetrnn.data.tokenizers import tokenize_text
from tweetrnn.evaluation.predictions import read_predictions
from tweetrnn.evaluation.select import read_selection
from tweetrnn.files import read_parquet
from tweetrnn.reporting import playground
from tweetrnn.reporting.sections.playground import EXAMPLES
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


WORD_BY_WORD, MEMORY = "#playground .scroll:not(.memory)", "#playground .memory"


def rows(page, table=WORD_BY_WORD):
    """Return the texts of one of the playground's tables."""
    return page.eval_on_selector_all(
        f"{table} tbody tr",
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
             return ids.map(row => passOf(model, row).probabilities); }""",
        [cell, playground.packed(arrays), ids.tolist()],
    )
    expected = playground.probabilities(cell, playground.as_in_the_page(arrays), ids)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def steps_of(cell, layers, ids):
    """Return the gates and states of a model's last recurrent layer, {name: (T, units)}."""
    recurrent = [layer for layer in layers if "recurrent_kernel" in layer]
    steps = None
    for layer in recurrent:
        inputs = steps["h"] @ layer["kernel"] if steps else layer["kernel"][ids]
        h = c = np.zeros((1, len(layer["recurrent_kernel"])))
        all_steps = []
        for x in inputs:
            z = x + h @ layer["recurrent_kernel"] + layer["bias"]
            h, c = playground.STEPS[cell](z, h, c)
            step = {"h": h}
            if cell == "LSTM":
                i, f, g, o = np.split(z, 4, axis=1)
                gates = {"i": i, "f": f, "o": o}
                step |= {name: playground.sigmoid(gate) for name, gate in gates.items()}
                step |= {"g": np.tanh(g), "c": c}
            all_steps.append(step)
        steps = {name: np.vstack([step[name] for step in all_steps]) for name in all_steps[0]}
    return steps


@pytest.mark.parametrize("cell", playground.STEPS)
@pytest.mark.parametrize("combination", ["rnn1-dense1-dropout0-reg0-lr1e-3", COMBINATION])
def test_page_s_gates_and_states_are_numpy_s(open_page, example_page, cell, combination):
    arrays = example_arrays(cell, 40, combination=combination, units=5)
    ids = np.random.default_rng(1).integers(0, 40, 7)
    found = open_page(example_page).evaluate(
        """([cell, packed, ids]) => passOf({cell, layers: packed.map(layerOf)}, ids).steps.map(
             step => Object.fromEntries(Object.entries(step).map(([k, v]) => [k, [...v]])))""",
        [cell, playground.packed(arrays), ids.tolist()],
    )
    expected = steps_of(cell, playground.as_in_the_page(arrays), ids)
    assert [set(step) for step in found] == [set(expected)] * len(ids)
    for name, values in expected.items():
        np.testing.assert_allclose([step[name] for step in found], values, rtol=0, atol=1e-12)


@pytest.fixture(scope="module")
def validation(finished_once):
    """The small experiment's validation set: texts, words by place, and each cell's probabilities.

    The place of padding and of a word that the models do not know has an empty text.
    """
    results = Results(finished_once.path / "results/small")
    rows, tweets = (read_parquet(path).to_pandas() for path in (results.rows, results.tweets))
    vocabulary = read_parquet(results.vocabulary).to_pandas()
    words = dict(zip(vocabulary["id"], vocabulary["word"], strict=True))
    sequences = np.load(results.validation_sequences)
    selection = read_selection(results.selected)
    stored = {
        cell: read_predictions(results.run(selection.selected_run(cell)))["validation"][0]
        for cell in selection.cells
    }
    return (
        tweets["text"][rows["row"][rows["part"] == "validation"]].tolist(),
        [[words.get(column, "") for column in row] for row in sequences.tolist()],
        stored,
    )


def test_page_gives_the_validation_tweets_their_labels(open_page, small, validation):
    texts, words, stored = validation
    page = open_page(small)
    found = page.evaluate(
        """texts => {
             const data = JSON.parse(document.getElementById("playground-data").textContent);
             const playground = new Playground(data);
             const ids = texts.map(text => playground.read(text).ids);
             const words = new Map([...playground.ids].map(([word, id]) => [id, word]));
             return {cells: data.models.map(model => model.cell),
                     words: ids.map(row => sequenceOf(row, data).map(id => words.get(id) ?? "")),
                     judged: ids.map(row => playground.judge(row))}; }""",
        texts,
    )
    handles = {word for row in words for word in row if word.startswith("@")}
    assert found["words"] == [[("" if w in handles else w) for w in row] for row in words]
    assert found["cells"] == list(stored) == ["SimpleRNN", "LSTM"]
    said = page.locator("#try > .note").last.inner_text()
    for number, cell in enumerate(found["cells"]):
        computed = np.array([each[number] for each in found["judged"]])
        equal = np.sum(computed.argmax(axis=1) == stored[cell].argmax(axis=1))
        assert equal >= 0.95 * len(texts)
        difference = np.abs(computed - stored[cell]).max()
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
            f"{WORD_BY_WORD} tbody tr",
            "rows => rows.map(row => [...row.cells].map(cell => cell.className === 'most'))",
        ),
        strict=True,
    ):
        for first in (1, 4):
            numbers, marked = row[first : first + 3], bold[first : first + 3]
            assert marked.count(True) == 1 and numbers[marked.index(True)] == max(numbers)


def test_tweet_shown_first_is_read_at_once(open_page, small):
    page = open_page(small)
    assert len(rows(page)) > 5
    assert page.locator("#playground [role=status]").inner_text().startswith("SimpleRNN: ")
    assert not page.locator("#playground .warning").is_visible()


def test_example_is_read_when_it_is_clicked(open_page, small):
    page = open_page(small)
    for text in EXAMPLES:
        page.get_by_role("button", name=text, exact=True).click()
        assert page.locator("#tweet").input_value() == text
        words = [row[0].removesuffix(" unknown") for row in rows(page)]
        assert words == tokenize_text(text, SETTINGS[0])
    assert page.printed == [] and page.requests == [small.as_uri()]


@pytest.mark.parametrize(
    "text, warned", [("late zyzzyva qwrtz", True), ("late flight qwrtz", False), ("", False)]
)
def test_most_words_unknown_are_warned_of(open_page, small, text, warned):
    page = open_page(small)
    page.get_by_label("Type a tweet").fill(text)
    assert page.locator("#playground .warning").is_visible() == warned


def chip(page, word):
    """Return the button of a word."""
    return page.locator("#playground .words button").filter(
        has=page.locator("bdi", has_text=re.compile(f"^{re.escape(word)}$"))
    )


def contributions(page, word):
    """Return what a word adds to each model's answer."""
    shown = chip(page, word).locator("small").all_inner_texts()
    return [float(text.replace("\u2212", "-")) for text in shown]


def test_word_that_is_left_out_is_struck_through_and_the_answer_is_that_without_it(
    open_page, small
):
    page = open_page(small)
    box = page.get_by_label("Type a tweet")
    box.fill("my bag is never late")
    whole = rows(page)
    box.fill("my bag is late")
    without = rows(page)
    box.fill("my bag is never late")
    chip(page, "never").click()
    assert rows(page) == without
    assert chip(page, "never").get_attribute("aria-pressed") == "true"
    assert "line-through" in chip(page, "never").evaluate("b => getComputedStyle(b).textDecoration")
    assert contributions(page, "never") == []
    page.keyboard.press("Enter")  # the focus stays on the word
    assert rows(page) == whole
    assert chip(page, "never").get_attribute("aria-pressed") == "false"
    assert page.printed == [] and page.requests == [small.as_uri()]


def test_contribution_is_the_change_of_the_answer_s_probability(open_page, small):
    page = open_page(small)
    page.get_by_label("Type a tweet").fill("thanks for the great flight")
    found, last = contributions(page, "great"), [float(text) for text in rows(page)[-1][1:]]
    chip(page, "great").click()
    without = [float(text) for text in rows(page)[-1][1:]]
    for number in range(2):
        answer = 3 * number + int(np.argmax(last[3 * number : 3 * number + 3]))
        assert found[number] == pytest.approx(last[answer] - without[answer], abs=0.011)
    assert any(found)


def test_word_stays_left_out_while_one_types_on(open_page, small):
    page = open_page(small)
    box = page.get_by_label("Type a tweet")
    box.fill("my bag is never late")
    chip(page, "never").click()
    box.fill("my bag is never late again")
    assert [row[0].removesuffix(" unknown") for row in rows(page)] == [
        "my",
        "bag",
        "is",
        "late",
        "again",
    ]
    box.fill("so my bag is never late")
    assert len(rows(page)) == 6


def test_memory_has_a_row_a_word_and_a_stripe_for_each_gate_and_state(open_page, small):
    page = open_page(small)
    page.get_by_label("Type a tweet").fill("my bag is late")
    found = rows(page, MEMORY)
    assert [row[0].removesuffix(" unknown") for row in found] == [
        *("padding", "my", "bag", "is", "late")
    ]
    heads = page.locator(f"{MEMORY} thead tr").last.locator("th").all_inner_texts()
    gates = ["input gate", "forget gate", "output gate", "candidate", "memory", "state"]
    assert heads == ["word", "state", *gates]
    sizes = np.array([row[1:] for row in found], dtype=float)
    assert (sizes >= 0).all() and (sizes[:, 1:4] <= 1).all() and (sizes[:, 1:4] > 0).all()
    stripe = page.locator(f"{MEMORY} tbody .stripe").last
    assert "linear-gradient" in stripe.evaluate("i => getComputedStyle(i).backgroundImage")
    assert stripe.bounding_box()["width"] > 50
    title = page.locator(f"{MEMORY} tbody td").last.get_attribute("title")
    assert title == f"state after late, mean size: {found[-1][-1]}"


@pytest.mark.parametrize(
    "padding, text, expected",
    [
        ("left", "a b", ["padding", "a", "b"]),
        ("right", "a b", ["a", "b", "padding"]),
        ("left", "a b c d e f g", ["b", "c", "d", "e", "f", "g"]),
    ],
)
def test_memory_shows_where_the_padding_is(open_page, tmp_path, padding, text, expected):
    example = example_playground()
    example.data["padding"] = padding
    page = open_page(page_of(example, tmp_path))
    page.get_by_label("Type a tweet").fill(text)
    assert [row[0].removesuffix(" unknown") for row in rows(page, MEMORY)] == expected


def test_long_tweet_is_said_to_be_cut(open_page, example_page):
    page = open_page(example_page)
    page.get_by_label("Type a tweet").fill("one two three four five six seven")
    assert "Only the last 6 words are read." in (
        page.locator("#playground [role=status]").inner_text()
    )
    assert len(rows(page)) == 7


def test_empty_tweet_has_no_table(open_page, example_page):
    page = open_page(example_page)
    page.get_by_label("Type a tweet").fill(" \u200b ")
    assert page.locator("#playground [role=status]").inner_text() == "No word yet."
    assert not page.locator("#playground .results").is_visible()


@pytest.mark.parametrize("text", [*HOSTILE_WORDS, "<img src=x onerror=document.title='owned'>"])
def test_hostile_tweets_and_labels_show_as_texts(open_page, example_page, text):
    page = open_page(example_page)
    title = page.title()
    page.get_by_label("Type a tweet").fill(f"{text} <b>x</b>")
    assert page.title() == title and page.printed == []
    assert (
        page.locator("#playground b, #playground img, #playground script:not([type])").count() == 0
    )
    heads = page.locator(f"{WORD_BY_WORD} thead tr").last.locator("th").all_inner_texts()
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
    assert page.get_by_text("This part needs JavaScript, which is turned off.").is_visible()
    assert not page.locator("#playground").is_visible()


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_no_part_of_it_is_wider_than_the_screen(open_page, small, width):
    page = open_page(small, viewport={"width": width, "height": 800})
    page.get_by_label("Type a tweet").fill("x" * 300 + " " + "late " * 40)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_all_probabilities_of_two_models_fit_a_telephone(open_page, small):
    page = open_page(small, viewport=PHONE)
    pane = page.locator(WORD_BY_WORD)
    assert pane.evaluate("pane => pane.scrollWidth - pane.clientWidth") == 0


# test_page.py has all four of the page as it opens.
@pytest.mark.parametrize(
    "viewport, scheme", [(PHONE, "dark"), (DESK, "light")], ids=["phone-dark", "desk-light"]
)
def test_axe_finds_no_violation_after_typing(open_page, example_page, scheme, viewport):
    page = open_page(example_page, color_scheme=scheme, viewport=viewport, bypass_csp=True)
    page.get_by_label("Type a tweet").fill("so late, unknown " * 5)
    assert violations(page, "#try") == []


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
    assert luminance(page, f"{WORD_BY_WORD} tbody td", "color") < 0.05
    for table in (WORD_BY_WORD, MEMORY):
        assert page.locator(f"{table} table").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_note_stands_where_the_vocabulary_is_too_large(open_page, tmp_path, monkeypatch):
    monkeypatch.setattr(playground, "ROOM", 20_000)
    page = open_page(page_of(example_playground(), tmp_path))
    assert page.get_by_text("A playground, in which to type a tweet, is left out").is_visible()
    assert page.locator("#playground").count() == 0
    assert page.printed == []
