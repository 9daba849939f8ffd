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

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
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


def html(sections, pictures, config):
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


def markdown(sections, config):
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


def summary(found, sections):
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


def write(found, plots, folder):
    """Write an Experiment's report into ``folder``; ``plots`` is the folder of its figures."""
    sections = sections_of(found)
    pictures = picture_paths(sections, plots)
    copy_images(pictures, folder / "images")
    with replacing(folder / "report.html") as beside:
        beside.write_text(html(sections, pictures, found.config), encoding="utf-8")
    write_text(folder / "report.md", markdown(sections, found.config))
    write_json(folder / "summary.json", summary(found, sections))


def add_arguments(parser):
    """Add this stage's options."""
    for name, what in (
        ("runs", "aggregate's runs (Parquet)"),
        ("epochs", "aggregate's epochs (Parquet)"),
        ("token-facts", "tokenize's facts (JSON)"),
        ("encode-facts", "encode's facts (JSON)"),
        ("split-facts", "split's facts (JSON)"),
        ("tweets", "tokenize's tweets (Parquet)"),
        ("train-dir", "the trainings' folder"),
        ("plots", "the folder of the figures"),
    ):
        parser.add_argument(f"--{name}", required=True, metavar="PATH", type=Path, help=what)
    for name in ("baselines", "comparison"):
        parser.add_argument(
            f"--{name}", metavar="FILE", help=f"the {name} (JSON); without it a partial report"
        )
    for name, what in (
        ("vocabulary", "split's one-hot columns (Parquet)"),
        ("validation-sequences", "split's validation part (npy)"),
    ):
        parser.add_argument(
            f"--{name}", metavar="FILE", help=f"{what}; needed where there is a comparison"
        )
    parser.add_argument(
        "--memory-mb", required=True, type=int, help="what a training asks for, in MB"
    )
    parser.add_argument("--output-dir", required=True, metavar="DIR", type=Path)
    parser.add_argument("--config", required=True, type=json.loads, help="the config in full")


def main(options):
    """Run the stage."""
    write(experiment.read(options, options.config), options.plots, options.output_dir)
