"""Stage render: report.html (one file), report.md (with a folder of images) and summary.json.

Next to them it writes the folder's description for other programs, a Workflow Run RO-Crate.
"""

import base64
import contextlib
import hashlib
import json
import re
import shutil
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import jinja2
from markupsafe import Markup

from tweetrnn.evaluation.cell_order import in_order, ordered
from tweetrnn.evaluation.comparison import to_json
from tweetrnn.files import check_digest, read_json, write_json, write_text
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.canvas import COLOUR_VARIABLES
from tweetrnn.reporting.crate import write_crate
from tweetrnn.reporting.experiment import Experiment
from tweetrnn.reporting.sections import sections_of
from tweetrnn.reporting.sections.provenance import shareable
from tweetrnn.reporting.table_files import write_tables
from tweetrnn.reporting.terms import Terms
from tweetrnn.results import Results
from tweetrnn.results_format import marked
from tweetrnn.verification.evidence import to_page

TEMPLATES = Path(__file__).resolve().parent / "templates"
NOT_PLOTTED = ("rulegraph",)  # figures in the folder of the templates, as SVG alone
# In the order in which they stand in the page.
STYLES = (
    "page.css",
    "answer.css",
    "contents.css",
    "terms.css",
    "tables.css",
    "figures.css",
    "cards.css",
    "explorer.css",
    "playground.css",
    "print.css",
)
SCRIPTS = (
    "page.js",
    "contents.js",
    "terms.js",
    "tables.js",
    "figures.js",
    "charts.js",
)
# By the kind of block.
SCRIPTS_OF_BLOCKS = ("answer", "explorer", "filters", "playground", "quotation")


def environment():
    """Return jinja2's environment: an undefined name is an error, and HTML is always escaped."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=lambda name: name.endswith(".html.j2"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["text"] = lambda value: Markup(doc.escape_html(value))
    templates.filters["inline"] = lambda value: Markup(doc.unbroken(doc.visible(value)))
    templates.filters["slug"] = slug
    templates.filters["md"] = doc.escape_markdown
    return templates


def slug(text):
    """Return a text as part of an id."""
    return re.sub(r"\W+", "-", text)


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
    return {
        figure.name: (TEMPLATES if figure.name in NOT_PLOTTED else plots) / f"{figure.name}.svg"
        for section in sections
        for figure in section.figures()
    }


def script_hash(script):
    """Return a script's source expression for a content-security policy."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"sha256-{digest}"


def for_script(value):
    """Return a value as JSON that can stand inside an HTML script element."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c"))


def read_templates(folder, names):
    """Return the text of several files of a folder of the templates."""
    return "".join((TEMPLATES / folder / name).read_text(encoding="utf-8") for name in names)


def script_for(sections):
    """Return the page's script: a block's part only where there is such a block."""
    kinds = {block.kind for section in sections for block in section.blocks}
    own = [f"{kind}.js" for kind in SCRIPTS_OF_BLOCKS if kind in kinds]
    return read_templates("scripts", [*SCRIPTS, *own])


def prose(terms):
    """Return a function that writes a text of a section as HTML, its terms linked."""

    def written(text, section):
        html = ""
        for piece, term in terms.pieces(doc.visible(text), section):
            shown = doc.unbroken(piece)
            html += f'<a class="term" href="#term-{slug(term)}">{shown}</a>' if term else shown
        return Markup(html)

    return written


def html_text(values, pictures, evidence=None):
    """Return report.html.

    Args:
        values: as for the Markdown.
        pictures: {name: path of an SVG}.
        evidence: what ``verify`` computes the headline from, a dict for JSON.
    """
    script, terms = script_for(values["sections"]), Terms()
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            **values,
            svg={name: recoloured(p.read_text(encoding="utf-8")) for name, p in pictures.items()},
            style=Markup(read_templates("styles", STYLES)),
            script=Markup(script),
            script_hash=script_hash(script),
            for_script=for_script,
            evidence=evidence,
            terms=terms,
            prose=prose(terms),
        )
    )


def summary_of(experiment, sections):
    """Return every figure that the page states: the config, answer, facts and tables' rows.

    The comparison is that of comparison.json, with the cells in the config's order.
    """
    comparison, robustness = experiment.comparison, experiment.robustness
    blocks = [block for section in sections for block in section.blocks]
    cards = [card for block in blocks if block.kind == "cards" for card in block.cards]
    return {
        "name": experiment.config["name"],
        "config": shareable(experiment.config),
        "answer": asdict(sections[0].blocks[0]),
        "headline": headline_of(sections[0]),
        "tokenized": experiment.tokenized,
        "encoded": experiment.encoded,
        "split": experiment.split,
        "baselines": experiment.baselines,
        "comparison": comparison and to_json(ordered(comparison, experiment.cells)),
        "robustness": robustness
        and asdict(replace(robustness, pairs=in_order(robustness.pairs, experiment.cells))),
        "playground": tried(experiment.playground),
        "tables": {table.name: table.rows for section in sections for table in section.tables()},
        "architectures": {card.architecture.name: card.architecture.rows for card in cards},
    }


def carried_by_page(experiment):
    """Return what the page carries for ``verify``, a dict for JSON; None in a partial report."""
    return experiment.evidence and to_page(
        experiment.evidence,
        experiment.comparison,
        shareable(experiment.config),
        experiment.tokenized["sha256"],
    )


def headline_of(section):
    """Return the texts of the report's first section: of its answer, then its paragraphs."""
    texts = []
    for block in section.blocks:
        if block.kind == "answer":
            texts += block.texts
        elif block.kind == "paragraph":
            texts.append(block.text)
    return texts


def tried(playground):
    """Return which words a Playground knows and how it agrees with the models; None without."""
    if not playground or not playground.data:
        return None
    return {"words": asdict(playground.cut), "agreement": playground.agreement}


def copy_images(pictures, folder):
    """Put the SVGs and PNGs of all figures into ``folder``, whole or not at all.

    Markdown shows the PNGs, Snakemake's own report the SVGs.
    """
    with replacing_folder(folder) as temporary:
        for name, path in pictures.items():
            shutil.copy(path, temporary)
            if name not in NOT_PLOTTED:
                shutil.copy(path.with_suffix(".png"), temporary)


@contextlib.contextmanager
def replacing_folder(folder):
    """Yield an empty folder that takes the place of ``folder`` if no error follows."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        yield temporary
        temporary.chmod(0o755)
        if folder.is_symlink():
            folder.unlink()  # what it leads to is not this report's
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def write(experiment, figures, html, markdown, summary, images, tables):
    """Write an Experiment's report, return its sections; paths as for ``render``."""
    sections = sections_of(experiment)
    pictures = picture_paths(sections, figures)
    copy_images(pictures, images)
    values = {
        "title": experiment.config["report"]["title"],
        "subject": "Experiment",
        "name": experiment.config["name"],
        "sections": sections,
    }
    write_text(html, html_text(values, pictures, carried_by_page(experiment)))
    template = environment().get_template("report.md.j2")
    write_text(markdown, template.render(**values, not_plotted=NOT_PLOTTED))
    write_json(summary, marked(summary_of(experiment, sections)))
    with replacing_folder(tables) as folder:
        write_tables([table for section in sections for table in section.tables()], folder)
    return sections


def render(
    results,
    figures,
    figure_facts,
    html,
    markdown,
    summary,
    images,
    tables,
    *,
    config,
    memory_mb,
    partial=False,
    crate=None,
    used_config=None,
    used_workflow=None,
    snakefile=None,
):
    """Write the report.

    Args:
        results: the folder with all results, of which those of nearly all stages are read.
        figures, figure_facts: what ``plot`` wrote.
        config: all of it but what only ``predict`` reads.
        memory_mb, partial: as for Experiment.
        crate, used_config, used_workflow, snakefile: as for ``write_crate``; a partial report has
            no crate.
    """
    for name, sha256 in read_json(figure_facts)["sha256"].items():
        check_digest(Path(figures, name), sha256)
    experiment = Experiment(Results(results), config, memory_mb, partial)
    written = [Path(path) for path in (html, markdown, summary, images, tables)]
    sections = write(experiment, Path(figures), *written)
    if crate:
        others = {"used_config": used_config, "used_workflow": used_workflow}
        answer = " ".join(sections[0].blocks[0].texts)
        write_crate(experiment, answer, written, crate=crate, snakefile=snakefile, **others)
