"""Write the report: report.html (one file), report.md (images beside it) and summary.json."""

import base64
import hashlib
import json
import re
import shutil
import tempfile
from pathlib import Path

import jinja2
from markupsafe import Markup

from tweetrnn.files import replacing, write_json, write_text
from tweetrnn.reporting import document, experiment
from tweetrnn.reporting.figures import COLOUR_VARIABLES
from tweetrnn.reporting.sections import sections_of
from tweetrnn.results import Results

TEMPLATES = Path(__file__).resolve().parent / "templates"
DRAWN_BY_HAND = ("rulegraph",)  # figures that lie beside the templates


def environment():
    """Return jinja2's environment: an undefined name is an error, HTML is escaped by itself."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=lambda name: name.endswith(".html.j2"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters["text"] = lambda value: Markup(document.escape_html(value))
    found.filters["md"] = document.escape_markdown
    return found


def recoloured(svg):
    """Return an SVG for a page: no XML prologue, colours as CSS variables, no fixed size."""
    svg = svg[svg.index("<svg") :]
    for colour, variable in COLOUR_VARIABLES.items():
        svg = re.sub(re.escape(colour), f"var({variable})", svg, flags=re.IGNORECASE)
    head, rest = svg.split(">", 1)
    head = re.sub(r'\s(width|height)="[^"]*"', "", head)
    return Markup(f'{head} aria-hidden="true" focusable="false">{rest}')


def picture_paths(sections, plots):
    """Return {name: SVG path} of all figures that the sections show."""

    def figures(blocks):
        for block in blocks:
            if block.kind == "figure":
                yield block.name
            elif block.kind == "cards":
                for card in block.cards:
                    yield from (card.loss.name, card.accuracy.name)

    return {
        name: (TEMPLATES if name in DRAWN_BY_HAND else plots) / f"{name}.svg"
        for section in sections
        for name in figures(section.blocks)
    }


def script_hash(script):
    """Return a script's source expression for a content-security policy."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"sha256-{digest}"


def for_script(value):
    """Return a value as JSON that can stand inside an HTML script element."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c"))


def script_for(sections):
    """Return the page's script: the playground's part only where there is one."""
    kinds = {block.kind for section in sections for block in section.blocks}
    names = ["report.js", *(["playground.js"] if "playground" in kinds else [])]
    return "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names)


def html_text(sections, pictures, config):
    """Return report.html; ``pictures`` are paths of SVGs by name."""
    script = script_for(sections)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            title=config["report"]["title"],
            name=config["name"],
            sections=sections,
            svg={name: recoloured(p.read_text(encoding="utf-8")) for name, p in pictures.items()},
            style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
            script=Markup(script),
            script_hash=script_hash(script),
            for_script=for_script,
        )
    )


def markdown_text(sections, config):
    """Return report.md, whose images lie in ``images``."""
    return (
        environment()
        .get_template("report.md.j2")
        .render(
            title=config["report"]["title"],
            name=config["name"],
            sections=sections,
            drawn_by_hand=DRAWN_BY_HAND,
        )
    )


def summary_of(found, sections):
    """Return every figure that the page states: the headline, the facts, and the tables' rows."""
    cards = [
        card
        for section in sections
        for block in section.blocks
        if block.kind == "cards"
        for card in block.cards
    ]
    return {
        "name": found.config["name"],
        "headline": [b.text for b in sections[0].blocks if b.kind == "paragraph"],
        "tokenized": found.tokenized,
        "encoded": found.encoded,
        "split": found.split,
        "baselines": found.baselines,
        "comparison": found.comparison,
        "playground": found.playground.agreement if found.playground else [],
        "tables": {table.name: table.rows for section in sections for table in section.tables()},
        "architectures": {card.architecture.name: card.architecture.rows for card in cards},
    }


def copy_images(pictures, folder):
    """Put PNGs (SVGs where there is none) of all figures into ``folder``, whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        for name, path in pictures.items():
            source = path if name in DRAWN_BY_HAND else path.with_suffix(".png")
            shutil.copyfile(source, beside / f"{name}{source.suffix}")
        beside.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        beside.rename(folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def write(found, figures, html, markdown, summary, images):
    """Write an Experiment's report; ``figures`` is the folder of its figures."""
    sections = sections_of(found)
    pictures = picture_paths(sections, figures)
    copy_images(pictures, images)
    with replacing(html) as beside:
        beside.write_text(html_text(sections, pictures, found.config), encoding="utf-8")
    write_text(markdown, markdown_text(sections, found.config))
    write_json(summary, summary_of(found, sections))


def render(
    results,
    runs,
    epochs,
    aggregate_facts,
    token_facts,
    encode_facts,
    split_facts,
    tweets,
    figures,
    html,
    markdown,
    summary,
    images,
    *,
    config,
    memory_mb,
    baseline_metrics=None,
    comparison=None,
    vocabulary=None,
    validation_sequences=None,
):
    """Write the report; without a comparison, a partial one.

    Args:
        results: the folder with all results, of which the runs' are read.
        runs, epochs, aggregate_facts: what aggregate wrote.
        token_facts, tweets: what tokenize wrote.
        encode_facts: what encode wrote.
        split_facts, vocabulary, validation_sequences: what split wrote.
        figures: the folder of the figures.
        html, markdown, summary, images: to write: the report.
        config: all of it.
        memory_mb: the memory that a training asks for.
        baseline_metrics, comparison: what baselines and compare wrote, or None.
    """
    found = experiment.read(
        Results(results),
        runs,
        epochs,
        aggregate_facts,
        token_facts,
        encode_facts,
        split_facts,
        tweets,
        baseline_metrics,
        comparison,
        vocabulary,
        validation_sequences,
        memory_mb,
        config,
    )
    write(found, Path(figures), Path(html), Path(markdown), Path(summary), Path(images))
