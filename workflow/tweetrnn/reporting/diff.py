"""The command ``diff``: how finished experiments differ, as a table, Markdown or JSON."""

import json
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from textwrap import wrap

from tweetrnn.config import read, resolve, shown
from tweetrnn.errors import UserError
from tweetrnn.evaluation.cell_order import turned
from tweetrnn.evaluation.diff import Finished, config_differences, diff
from tweetrnn.evaluation.metrics import METRICS
from tweetrnn.files import read_json
from tweetrnn.names import RANKINGS, model_name
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.sections.provenance import shareable
from tweetrnn.results import Results
from tweetrnn.wording import listed

WIDTH = 100  # columns of a terminal
RUN = "python -m tweetrnn run --configfile"

# ------------------------------------------------------------------------- finding the experiments


def finished(argument):
    """Return the Finished experiment of a config file or a results folder.

    Raises:
        UserError: there is none, it has not finished, or its results are of another config or
            version.
    """
    path, config = Path(argument), None
    if path.is_dir():
        results, command = Results(path), f"{RUN} FILE (FILE is its config)"
    elif path.is_file():
        config = shareable(resolve(read(path)))
        results, command = Results.of(config), f"{RUN} {path}"
    else:
        raise UserError(f"{argument}: no such config file or results folder")
    if not results.summary.exists():
        raise UserError(
            f"{argument}: not finished, there is no {results.summary}; finish it with: {command}"
        )
    written = read_json(results.summary).get("config")
    if not written:
        raise UserError(
            f"{argument}: results of an older version of this program; renew them with: {command}"
        )
    if config and (changed := config_differences({"file": config, "results": written})):
        raise UserError(
            f"{argument}: the results in {results} were made with another {listed(list(changed))}; "
            f"renew them with: {command} (or compare them as they are: give the folder)"
        )
    return Finished(results, written)


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


def points_between(interval):
    """Return [0.01, 0.05] as ``1.0 to 5.0``; an en dash for None."""
    return doc.text(None) if interval is None else " to ".join(map(doc.points, interval))


def points(value):
    """Return 0.0213 as ``2.1``; an en dash for None."""
    return doc.text(None) if value is None else doc.points(value)


def blocks(found):
    """Yield the blocks, Paragraphs and Tables, of a Diff."""
    yield config_table(found)
    for name, headline in found.headlines.items():
        yield doc.Paragraph(described(name, headline))
    yield selected_table(found.headlines)
    yield models_table(found.headlines)
    pairs = cell_differences_table(found.headlines)
    if pairs.rows:
        yield pairs
    for shared in found.shared:
        yield from shared_blocks(shared, found.headlines)


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
        for pair in headline.pairs:
            better = turned(pair) if pair.difference < 0 else pair
            rows.append(
                {
                    "experiment": name,
                    "cells": f"{better.first} {doc.MINUS} {better.second}",
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
        *doc.columns(points, difference=title),
        *doc.columns(points_between, interval="95 % interval"),
    ]


def shared_blocks(shared, headlines):
    """Yield the blocks about the tweets that two experiments share; ``headlines`` are by name."""
    both = f"{shared.first} and {shared.second}"
    if not shared.tweets:
        yield doc.Paragraph(f"{both}: no test tweets in common.")
        return
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
    yield doc.Table("shared", caption, columns, rows)
    if headlines[shared.first].labels != headlines[shared.second].labels:
        yield doc.Paragraph(
            f"{both} tell different classes apart, and with fewer classes a tweet is easier to "
            "get right."
        )


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


# ----------------------------------------------------------------------------------------- command


def add_arguments(parser):
    """Add this command's options."""
    what = "a config file, or the folder results/NAME, of a finished experiment"
    parser.add_argument("first", metavar="A", help=what)
    parser.add_argument("others", nargs="+", metavar="B", help="the same of one or more others")
    parser.add_argument("--format", choices=FORMATS, default="table", help="(default: %(default)s)")


def main(options):
    """Print how the experiments differ."""
    experiments = by_name([finished(one) for one in (options.first, *options.others)])
    print(FORMATS[options.format](diff(experiments)))
