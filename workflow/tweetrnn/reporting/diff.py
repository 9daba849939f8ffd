"""The command ``diff``: how finished experiments differ, as text, Markdown, JSON or a page."""

import json
import tempfile
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from textwrap import wrap

from tweetrnn.config import shown
from tweetrnn.errors import UserError
from tweetrnn.evaluation.diff import diff
from tweetrnn.evaluation.metrics import METRICS
from tweetrnn.files import write_text
from tweetrnn.names import BASELINES, RANKINGS, model_name
from tweetrnn.reporting import canvas, diff_figure, figures, render
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.finding import finished
from tweetrnn.reporting.verdict import INTERVAL
from tweetrnn.wording import listed

WIDTH = 100  # columns of a terminal


def by_name(experiments):
    """Return {name: experiment}; where two have the same name, their folders are the names.

    Raises:
        UserError: an experiment is given twice.
    """
    names = [experiment.config["name"] for experiment in experiments]
    if len(set(names)) < len(names):
        names = [str(experiment.results) for experiment in experiments]
    if len(set(names)) < len(names):
        raise UserError(f"expected different experiments, got {listed(names)}")
    return dict(zip(names, experiments, strict=True))


# ------------------------------------------------------------------------------------------- words


def sections(found):
    """Return the Sections of a Diff: the results, then what they come from."""
    headlines, pairs = found.headlines, cell_differences_table(found.headlines)
    results = [
        *(doc.Paragraph(pairs_in_words(name, of), "finding") for name, of in headlines.items()),
        *(doc.Paragraph(described(name, of), "method") for name, of in headlines.items()),
        doc.Figure(
            "experiments", diff_figure.alt_text(headlines), diff_figure.TITLE, diff_figure.CAPTION
        ),
        models_table(headlines),
        *([pairs] if pairs.rows else []),
    ]
    shared = [
        block
        for number, of in enumerate(found.shared, 1)
        for block in shared_blocks(of, headlines, number)
    ]
    made = [
        doc.Section("results", "Each experiment's result", results),
        *([doc.Section("shared", "On the tweets of both test sets", shared)] if shared else []),
        doc.Section("selected", "What was selected", [selected_table(headlines)]),
        doc.Section("config", "The configs", [config_table(found)]),
    ]
    figures.number(made)
    return made


def blocks(found):
    """Return the blocks of all Sections of a Diff that are text."""
    of_all = [block for section in sections(found) for block in section.blocks]
    return [block for block in of_all if block.kind != "figure"]


def compared(first, second, difference, interval):
    """Return in words by how much the better of two models scored higher.

    ``difference`` and ``interval`` (or None) are of the first's accuracy - the second's.
    """
    if difference < 0:
        better = [-bound for bound in reversed(interval)] if interval else None
        return compared(second, first, -difference, better)
    shown = doc.points(difference)
    text = f"{first} scored {shown} points higher than {second}"
    if shown == "0.0":
        text = f"{first} scored the same as {second}"
    elif interval and interval[0] <= 0:
        text += ", but the data are also consistent with no difference"
    return text if interval is None else f"{text} ({INTERVAL} {doc.points_between(interval)})"


def pairs_in_words(name, headline):
    """Return an experiment's differences between cells in words, the better cell first."""
    texts = [
        compared(pair.first, pair.second, pair.difference, pair.interval) for pair in headline.pairs
    ] or ["there is one cell, and nothing to compare it with"]
    return f"In {name}, {doc.first_of(texts)}."


def config_table(found):
    """Return the table of the keys that differ; a Paragraph where none does."""
    if not found.config:
        return doc.Paragraph("The configs are equal but for their names.")
    columns = {f"value_{n}": name for n, name in enumerate(found.headlines)}
    rows = [
        {"key": key} | {k: shown(of[name]) for k, name in columns.items() if name in of}
        for key, of in found.config.items()
    ]
    columns = doc.columns(key="key", **columns)
    return doc.Table("config", "The configs, where they differ", columns, rows)


def described(name, headline):
    """Return what an experiment's values are measured on, and what its selection looked at."""
    no_test_set = " (there is no test set, so its values are optimistic)"
    optimistic = no_test_set if headline.part == "validation" else ""
    return (
        f"{name}: {doc.whole(headline.tweets)} {headline.part} tweets{optimistic}; classes "
        f"{listed(headline.labels)}; each cell's combination selected by "
        f"{RANKINGS[headline.select_by]}."
    )


def selected_table(headlines):
    """Return the table of the selected combinations."""
    rows = [
        {"experiment": name, "cell": cell, **vars(model)}
        for name, headline in headlines.items()
        for cell, model in headline.models.items()
        if model.combination
    ]
    columns = [
        *doc.columns(experiment="experiment", cell="cell", combination="combination"),
        *doc.columns(doc.whole, parameters="parameters", replicates="replicates"),
    ]
    return doc.Table("selected", "The selected combinations", columns, rows)


def models_table(headlines):
    """Return the table of all models' scores on their experiment's test set."""
    metrics = dict.fromkeys(metric for of in headlines.values() for metric in of.metrics)
    rows = [
        {
            **model.scores,
            "experiment": name,
            "model": model_name(key),
            "accuracy": model.accuracy,
            "interval": model.interval,
        }
        for name, headline in headlines.items()
        for key, model in headline.models.items()
    ]
    columns = [
        *doc.columns(experiment="experiment", model="model"),
        *doc.columns(doc.share, accuracy="accuracy"),
        *doc.columns(doc.between, interval="95 % interval"),
        *doc.columns(doc.share, **{metric: METRICS[metric].heading for metric in metrics}),
    ]
    caption = "The selected models (means over their new replicates) and the baselines"
    return doc.Table("models", caption, columns, rows)


def cell_differences_table(headlines):
    """Return the table of the cells' differences, each the better cell's accuracy - the other's."""
    rows = []
    for name, headline in headlines.items():
        for better in diff_figure.better_first(headline):
            rows.append(
                {
                    "experiment": name,
                    "cells": doc.cells_of(better),
                    "difference": better.difference,
                    "interval": better.interval,
                }
            )
    columns = [*doc.columns(experiment="experiment", cells="cells"), *difference_columns()]
    caption = "Differences in accuracy between the cells, in percentage points"
    return doc.Table("cells", caption, columns, rows)


def difference_columns(title="difference"):
    """Return the columns of a difference in percentage points and its interval."""
    return [
        *doc.columns(doc.points, difference=title),
        *doc.columns(doc.points_between, interval="95 % interval"),
    ]


def shared_blocks(shared, headlines, number):
    """Yield the blocks about the tweets that two experiments share.

    ``headlines`` are by name; ``number`` is that of the table.
    """
    both = f"{shared.first} and {shared.second}"
    if not shared.tweets:
        yield doc.Paragraph(f"{both}: no test tweets in common.")
        return
    yield doc.Paragraph(shared_in_words(shared), "finding")
    rows = []
    for model in shared.models:
        first, second = model.accuracies
        names = {"model": model_name(model.model), "first": first, "second": second}
        rows.append(vars(model) | names)
    columns = [
        *doc.columns(model="model"),
        *doc.columns(doc.share, first=shared.first, second=shared.second),
        *difference_columns("difference, points"),
    ]
    caption = (
        f"The {doc.whole(shared.tweets)} tweets ({doc.whole(shared.groups)} groups of duplicates) "
        f"in the test sets of both {both}: mean accuracy over replicates, and {shared.second}'s "
        f"minus {shared.first}'s"
    )
    yield doc.Table(f"shared-{number}", caption, columns, rows)
    if headlines[shared.first].labels != headlines[shared.second].labels:
        yield doc.Paragraph(
            f"{both} tell different classes apart, and with fewer classes a tweet is easier to "
            "get right."
        )


def shared_in_words(shared):
    """Return how the cells that two experiments have in common did on the tweets they share."""
    texts = [
        compared(
            f"the {model.model} of {shared.second}",
            f"the {model.model} of {shared.first}",
            model.difference,
            model.interval,
        )
        for model in shared.models
        if model.difference is not None and model.model not in BASELINES
    ]
    found = doc.first_of(texts) or "the experiments have no cell in common"
    return f"On the {doc.whole(shared.tweets)} tweets in both test sets, {found}."


# ----------------------------------------------------------------------------------------- formats


def rows_of(table):
    """Return a Table as rows of texts, the first of headings."""
    rows = [[column.show(row.get(column.key)) for column in table.columns] for row in table.rows]
    return [[column.title for column in table.columns], *rows]


def aligned(table):
    """Return a Table as lines of text; cells that make it wider than WIDTH are wrapped."""
    rows = [[doc.visible(text) for text in row] for row in rows_of(table)]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    while sum(widths) + 2 * (len(widths) - 1) > WIDTH:
        widths[widths.index(max(widths))] -= 1
    lines = []
    for row in [rows[0], ["-" * width for width in widths], *rows[1:]]:
        wrapped = [wrap(cell, width) for cell, width in zip(row, widths, strict=True)]
        for line in zip_longest(*wrapped, fillvalue=""):
            cells = (
                cell.rjust(width) if column.numeric else cell.ljust(width)
                for cell, width, column in zip(line, widths, table.columns, strict=True)
            )
            lines.append("  ".join(cells).rstrip())
    return lines


def as_markdown(found):
    """Return the blocks as Markdown, a blank line between any two."""
    texts = []
    for block in found:
        if block.kind == "paragraph":
            texts.append(doc.escape_markdown(block.text))
            continue
        head, *rows = ([doc.escape_markdown(text) for text in row] for row in rows_of(block))
        numbers = sum(column.numeric for column in block.columns)
        texts += [doc.escape_markdown(block.caption), doc.markdown_table(head, rows, numbers)]
    return "\n\n".join(texts)


def as_text(found):
    """Return the blocks as text for a terminal of WIDTH columns, a blank line between any two."""
    texts = []
    for block in found:
        if block.kind == "paragraph":
            texts.append("\n".join(wrap(doc.visible(block.text), WIDTH)))
        else:
            texts.append("\n".join([*wrap(block.caption, WIDTH), *aligned(block)]))
    return "\n\n".join(texts)


FORMATS = {
    "table": lambda found: as_text(blocks(found)),
    "markdown": lambda found: as_markdown(blocks(found)),
    "json": lambda found: json.dumps(asdict(found), indent=2, ensure_ascii=False),
}


def write_page(found, path):
    """Write a page like a report's: the sections, with a figure of the experiments."""
    values = {
        "title": "Experiments compared",
        "subject": "Experiments",
        "name": listed(list(found.headlines)),
        "sections": sections(found),
    }
    with tempfile.TemporaryDirectory() as folder:
        with canvas.style():
            canvas.save(diff_figure.draw(found.headlines), "experiments", Path(folder))
        pictures = {"experiments": Path(folder, "experiments.svg")}
        write_text(path, render.html_text(values, pictures))


# ----------------------------------------------------------------------------------------- command


def add_arguments(parser):
    """Add this command's options."""
    what = "a config file, or the folder results/NAME, of a finished experiment"
    parser.add_argument("first", metavar="A", help=what)
    parser.add_argument("others", nargs="+", metavar="B", help="the same of one or more others")
    parser.add_argument("--format", choices=FORMATS, default="table", help="(default: %(default)s)")
    parser.add_argument("--html", metavar="FILE", help="also write a page like a report's")


def main(options):
    """Print how the experiments differ."""
    experiments = by_name([finished(one) for one in (options.first, *options.others)])
    found = diff(experiments)
    if options.html:
        write_page(found, Path(options.html))
    print(FORMATS[options.format](found))
