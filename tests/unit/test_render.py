"""report.html, report.md and summary.json: whole, alike, harmless, and asking nobody."""

import base64
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import jinja2
import pytest
from docutils.core import publish_parts
from example_report import CLASSES, HOSTILE, TITLE, example_report, write_report, write_stand_ins
from markdown_it import MarkdownIt
from tweetrnn.config import resolve
from tweetrnn.errors import UserError
from tweetrnn.evaluation.tables import finished
from tweetrnn.files import write_json
from tweetrnn.reporting import figures, render
from tweetrnn.reporting.canvas import COLOUR_VARIABLES
from tweetrnn.reporting.document import visible
from tweetrnn.reporting.sections import sections_of
from tweetrnn.reporting.tweet_text import displayed

pytestmark = pytest.mark.slow  # writes whole reports

EXPERIMENTS = {
    "two cells": {},
    "one cell": {"cells": ["LSTM"]},
    "three cells without a test part": {"cells": ["A", "B", "C"], "part": "validation"},
    "partial": {"compared": False, "statuses": ["missing", "diverged"]},
}


class Page(HTMLParser):
    """What a browser would see: elements with attributes, scripts, and tables' texts."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.scripts, self.texts, self.tables = [], [], [], {}
        self._table = self._row = self._cell = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append((tag, attributes))
        if tag == "script":
            self.scripts.append("")
        elif tag == "div" and attributes.get("id", "").startswith("table-"):
            self._table = self.tables.setdefault(attributes["id"].removeprefix("table-"), [])
        elif tag == "tr":
            # A row of headings above those of columns is thrown away.
            rows = [] if attributes.get("class") == "groups" else self._table
            rows.append([])
            self._row = rows[-1]
        elif tag in ("td", "th"):
            self._row.append("")
            self._cell = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data):
        if self.elements and self.elements[-1][0] == "script" and self.scripts[-1] == "":
            self.scripts[-1] = data
        self.texts.append(data)
        if self._cell:
            self._row[-1] += data


class Rendered:
    """An experiment, its sections and its report's folder."""

    def __init__(self, experiment, folder):
        self.experiment, self.sections = experiment, sections_of(experiment)
        self.folder = write_report(experiment, folder)
        self.html = (self.folder / "report.html").read_text()
        self.page = Page(self.html)
        self.markdown = (self.folder / "report.md").read_text()
        self.summary = json.loads((self.folder / "summary.json").read_text())


@pytest.fixture(scope="module", params=EXPERIMENTS.values(), ids=EXPERIMENTS)
def any_report(request, tmp_path_factory):
    return Rendered(example_report(**request.param), tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return Rendered(example_report(), tmp_path_factory.mktemp("report"))


def shown_rows(table, rows=None):
    """Return what a table shows, row by row; ``rows`` are all of its rows."""
    rows = table.rows if rows is None else rows
    return [[c.show(row.get(c.key)) for c in table.columns] for row in rows]


# --------------------------------------------------------------------------------------- HTML


def test_policy_allows_this_very_script_and_nothing_from_elsewhere(report):
    [policy] = [
        attributes["content"]
        for tag, attributes in report.page.elements
        if tag == "meta"
        and "content" in attributes
        and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    [script] = [text for text in report.page.scripts if text.startswith('"use strict"')]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert rules == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "script-src": f"'sha256-{digest}'",
    }


def test_page_names_nothing_that_a_browser_would_fetch(any_report):
    fetching = {"src", "srcset", "action", "formaction", "data", "poster", "background", "ping"}
    for tag, attributes in any_report.page.elements:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form", "audio", "video")
        assert not fetching & set(attributes), (tag, attributes)
        for name in ("href", "xlink:href"):
            assert attributes.get(name, "#").startswith("#")
    style = re.search(r"<style>(.*?)</style>", any_report.html, re.S)[1]
    assert "@import" not in style and "url(" not in style


def test_hostile_texts_make_no_element(report):
    tags = [tag for tag, _ in report.page.elements]
    assert tags.count("script") == 2 and "img" not in tags and "i" not in tags
    assert tags.count("b") == 1  # around the experiment's name
    handlers = [
        name
        for _, attributes in report.page.elements
        for name in attributes
        if name.startswith("on")
    ]
    assert handlers == []


def test_hostile_texts_show_as_texts_in_the_page(report):
    tweets = [row[0] for row in report.page.tables["wrong"][1:]]
    assert set(tweets) == {visible(displayed(text, ["@airline"])) for text in HOSTILE}
    assert {row[1] for row in report.page.tables["classes"][1:]} == set(CLASSES)
    assert visible(TITLE) in report.page.texts


def test_page_shows_every_table_whole(any_report):
    for section in any_report.sections:
        for table in section.tables():
            head, *rows = any_report.page.tables[table.name]
            assert head == [column.title for column in table.columns]
            assert rows == [[visible(text) for text in row] for row in shown_rows(table)]


def test_identifiers_in_the_page_are_unique(any_report):
    ids = [attributes["id"] for _, attributes in any_report.page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_every_link_leads_to_a_place_in_the_page(any_report):
    ids = {attributes["id"] for _, attributes in any_report.page.elements if "id" in attributes}
    assert {
        attributes["href"][1:] for tag, attributes in any_report.page.elements if tag == "a"
    } <= ids


def test_every_picture_has_an_alternative_text(any_report):
    pictures = [
        attributes for _, attributes in any_report.page.elements if attributes.get("role") == "img"
    ]
    assert pictures and all(attributes["aria-label"] for attributes in pictures)


@pytest.mark.parametrize("colour", [*COLOUR_VARIABLES, *(c.upper() for c in COLOUR_VARIABLES)])
def test_figures_take_the_page_s_colours(colour):
    svg = f'<?xml version="1.0"?>\n<svg width="9pt" viewBox="0 0 9 9"><g fill="{colour}"/></svg>'
    assert render.recoloured(svg) == (
        '<svg viewBox="0 0 9 9" aria-hidden="true" focusable="false">'
        f'<g fill="var({COLOUR_VARIABLES[colour.lower()]})"/></svg>'
    )


def test_other_colours_and_inner_sizes_stay():
    svg = '<svg height="1"><rect width="5" fill="#123456"/></svg>'
    assert '<rect width="5" fill="#123456"/>' in render.recoloured(svg)


@pytest.mark.parametrize("text", ["</script><script>", "<!--", "\u2028 \u2029", '"\\', "]]>"])
def test_json_in_a_script_element_cannot_end_it_and_says_the_same(text):
    written = render.for_script({text: [text]})
    assert "<" not in written
    assert json.loads(written) == {text: [text]}


def test_curves_in_the_page_are_those_of_the_finished_runs(any_report):
    [data] = [text for text in any_report.page.scripts if not text.startswith('"use strict"')]
    curves = json.loads(data)["curves"]["validation_accuracy"]
    ranks = finished(any_report.experiment.runs)["rank"].tolist()
    assert [rank for rank, values in enumerate(curves, 1) if values] == ranks
    assert {len(values) for values in curves if values} == {4}


# ----------------------------------------------------------------------------------- Markdown


def parsed(text):
    """Return (tables as rows of inline tokens, images' paths, all inline children)."""
    tables, images, children = [], [], []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type == "inline":
            children += token.children
            images += [child.attrs["src"] for child in token.children if child.type == "image"]
            if tables and tables[-1] and token.level >= 4:
                tables[-1][-1].append(token)
    return tables, images, children


def plain(token):
    """Return an inline token's text."""
    return "".join(child.content for child in token.children)


def test_markdown_s_tables_have_the_rows_and_columns_of_their_data(any_report):
    tables, _, _ = parsed(any_report.markdown)
    wide = [table for section in any_report.sections for table in section.tables()]
    blocks = [b for section in any_report.sections for b in section.blocks if b.kind == "cards"]
    wide += [card.architecture for block in blocks for card in block.cards]
    assert len(tables) == len(wide)
    read = [[[plain(cell) for cell in row] for row in table] for table in tables]
    for table in wide:
        head = [visible(column.title) for column in table.columns]
        rows = shown_rows(table, table.rows_in_markdown)
        expected = [head] + [[visible(text) for text in row] for row in rows]
        assert expected in read, table.name


def test_markdown_s_images_are_beside_it(any_report):
    _, images, _ = parsed(any_report.markdown)
    beside = {path.name for path in (any_report.folder / "images").iterdir()}
    assert {source.removeprefix("images/") for source in images} <= beside


def test_images_are_those_of_the_report_alone(any_report):
    _, images, _ = parsed(any_report.markdown)
    beside = {path.stem for path in (any_report.folder / "images").iterdir()}
    assert {Path(source).stem for source in images} == beside


def test_markdown_shows_each_figure_that_the_page_shows(any_report):
    _, images, _ = parsed(any_report.markdown)
    shown = {attributes["id"] for tag, attributes in any_report.page.elements if tag == "figure"}
    assert {f"figure-{Path(source).stem}" for source in images} == shown


def test_markdown_and_page_show_the_captions_of_figures(any_report):
    shown = [figure for section in any_report.sections for figure in section.figures()]
    captions = [
        visible(f"Figure {figure.number}. {figure.title}. {figure.caption}")
        for figure in shown
        if figure.number
    ]
    tokens = MarkdownIt("commonmark").enable("table").parse(any_report.markdown)
    paragraphs = [plain(token) for token in tokens if token.type == "inline"]
    assert captions and set(captions) <= set(paragraphs)
    page = " ".join("".join(any_report.page.texts).split())
    assert [caption for caption in captions if caption not in page] == []


def test_markdown_holds_neither_markup_nor_links_of_others(any_report):
    _, _, children = parsed(any_report.markdown)
    kinds = {child.type for child in children}
    allowed = {"text", "text_special", "softbreak", "image", "strong_open", "strong_close"}
    assert kinds - {"html_inline", "link_open", "link_close"} <= allowed
    anchors = {f'<a id="{section.name}">' for section in any_report.sections}
    html = {child.content for child in children if child.type == "html_inline"}
    assert html == anchors | {"</a>"}
    links = {child.attrs["href"] for child in children if child.type == "link_open"}
    assert links == {f"#{section.name}" for section in any_report.sections}


def test_markdown_is_headed_as_the_page_is(any_report):
    tokens = MarkdownIt("commonmark").enable("table").parse(any_report.markdown)
    heads = [
        (token.tag, plain(after))
        for token, after in itertools.pairwise(tokens)
        if token.type == "heading_open" and token.tag in ("h1", "h2")
    ]
    titles = [f"{number}. {s.title}" for number, s in enumerate(any_report.sections, 1)]
    assert heads == [("h1", visible(TITLE))] + [("h2", title) for title in titles]


def test_markdown_says_what_the_page_says(any_report):
    tokens = MarkdownIt("commonmark").enable("table").parse(any_report.markdown)
    said = [plain(token) for token in tokens if token.type == "inline"]
    for section in any_report.sections:
        for block in section.blocks:
            if block.kind == "paragraph":
                assert visible(block.text) in said
            elif block.kind == "answer":
                assert {visible(text) for text in block.texts} <= set(said)
                tiles = [f"{t.title}: {t.value} ({t.detail})" for t in block.tiles]
                assert {visible(text) for text in tiles} <= set(said)


# ------------------------------------------------------------------------- summary and images


def test_summary_holds_every_number_of_the_page_s_tables(any_report):
    for section in any_report.sections:
        for table in section.tables():
            rows = any_report.summary["tables"][table.name]
            read = [[visible(c.show(row.get(c.key))) for c in table.columns] for row in rows]
            assert read == any_report.page.tables[table.name][1:]


def test_summary_holds_the_architectures_of_the_best_runs(any_report):
    architectures = any_report.summary["architectures"]
    assert {name for name in any_report.page.tables if name.startswith("architecture-")} == set(
        architectures
    )
    for name, rows in architectures.items():
        assert [[r["layer"], r["output_shape"], f"{r['parameters']:,}"] for r in rows] == (
            any_report.page.tables[name][1:]
        )


def test_summary_holds_the_config_as_the_report_lists_it(report):
    assert report.summary["config"]["report"]["title"] == TITLE
    assert report.summary["config"]["grid"]["cell"] == ["SimpleRNN", "LSTM"]


def test_summary_holds_the_headline(report):
    assert report.summary["headline"]
    for text in report.summary["headline"]:
        assert visible(text) in "".join(report.page.texts)
    assert report.summary["comparison"]["primary"]["pairs"]


def test_images_are_replaced_as_a_whole(tmp_path):
    write_stand_ins(["one", "two"], tmp_path / "plot")
    pictures = {name: tmp_path / f"plot/{name}.svg" for name in ("one", "two")}
    (tmp_path / "images").mkdir()
    (tmp_path / "images/stale.png").touch()
    render.copy_images(pictures, tmp_path / "images")
    assert {path.name for path in (tmp_path / "images").iterdir()} == {
        f"{name}.{suffix}" for name in ("one", "two") for suffix in ("svg", "png")
    }
    assert (tmp_path / "images/one.png").read_bytes() == b"PNG of one"


def test_missing_figure_leaves_the_images_as_they_were_and_nothing_beside_them(tmp_path):
    write_stand_ins(["one"], tmp_path / "plot")
    pictures = {name: tmp_path / f"plot/{name}.svg" for name in ("one", "lost")}
    (tmp_path / "images").mkdir()
    (tmp_path / "images/old.png").touch()
    with pytest.raises(FileNotFoundError):
        render.copy_images(pictures, tmp_path / "images")
    assert {path.name for path in tmp_path.iterdir()} == {"plot", "images"}
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["old.png"]


# ----------------------------------------------------------------------- Snakemake's own report

CONFIGS = {
    "demo": {"corpus": {"kind": "demo"}},
    "a sample": {"corpus": {"kind": "demo"}, "grid": {"sample": 5}},
    "no test set": {
        "corpus": {"kind": "path", "path": "x.csv"},
        "split": {"fractions": {"train": 0.8, "validation": 0.2, "test": 0}},
    },
}


def captions_of(root, name, page=None):
    """Return {what: its caption} of Snakemake's own report, as it renders them.

    ``page`` is the path of report.html, once it is among the report's results.
    """
    results = [SimpleNamespace(target="report.html", path=page)] if page else []
    config = resolve({"name": "some", **CONFIGS[name]})
    captions = {}
    for path in (root / "workflow/captions").glob("*.rst"):
        template = jinja2.Template(path.read_text(), undefined=jinja2.StrictUndefined)
        for figure in figures.names(config) if path.stem == "figure" else [None]:
            snakemake = SimpleNamespace(
                config=config,
                params=SimpleNamespace(captions=figures.captions(config)),
                wildcards=SimpleNamespace(figure=figure),
            )
            captions[figure or path.stem] = template.render(
                snakemake=snakemake, categories={"Report": {"Other": results}}
            )
    return captions


@pytest.mark.parametrize("name", CONFIGS)
def test_every_caption_is_valid_for_snakemakes_report(root, name):
    captions = captions_of(root, name)
    assert len(captions) > 20 and {"primary", "curves-LSTM-1-loss", "workflow"} <= set(captions)
    for text in captions.values():
        assert text.strip()
        publish_parts(text, writer="html", settings_overrides={"halt_level": 2})


@pytest.mark.parametrize("name", ["report", "partial_report"])
def test_first_page_of_snakemakes_report_states_the_answer(root, report, name, tmp_path):
    if name == "partial_report":
        report = Rendered(example_report(**EXPERIMENTS["partial"]), tmp_path)
    answer = report.sections[0].blocks[0]
    text = captions_of(root, "demo", report.folder / "report.html")["workflow"]
    page = Page(publish_parts(text, writer="html", settings_overrides={"halt_level": 2})["body"])
    shown = {*answer.texts, *(tile.value for tile in answer.tiles)}
    assert {visible(text) for text in shown} <= set(page.texts)


@pytest.mark.parametrize(
    "caption, words, said",
    [
        ("workflow", "drawn at random", ["a sample"]),
        ("primary", "optimistic", ["no test set"]),
        ("effects", "not a random sample", ["demo", "no test set"]),
    ],
)
def test_captions_say_what_holds_for_the_experiment_alone(root, caption, words, said):
    assert [name for name in CONFIGS if words in captions_of(root, name)[caption]] == said


def test_figure_that_plot_did_not_draw_is_refused(tmp_path):
    (tmp_path / "primary.svg").write_text("<svg/>")
    write_json(tmp_path / "facts.json", {"sha256": {"primary.svg": "0" * 64}})
    paths = [tmp_path / name for name in ("html", "md", "json", "images", "tables")]
    with pytest.raises(UserError, match=r"primary\.svg: damaged"):
        render.render(
            *(tmp_path, tmp_path, tmp_path / "facts.json", *paths), config={}, memory_mb=1
        )
