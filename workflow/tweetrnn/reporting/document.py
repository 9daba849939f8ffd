"""The elements of a report: sections of blocks, which the HTML and the Markdown template show.

A block contains values, not markup; a column says how its numbers are written. ``visible`` and the
two ``escape`` functions make hostile text harmless.
"""

import functools
import html
import itertools
import re
import unicodedata
from dataclasses import asdict, dataclass, field, replace

from tweetrnn.grid import Combination, scientific
from tweetrnn.names import model_label

INVISIBLE = "\u200c\u200d\ufe0e\ufe0f"  # joiners and variation selectors, which emoji need
MINUS = "\u2212"
_SPACES = re.compile(r"[ \t\n\v\f\r]+")  # not those that keep a number and its unit together


def visible(text):
    """Return text on one line in which control and direction characters show as ``<U+202E>``."""
    return "".join(
        f"<U+{ord(c):04X}>"
        if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") and c not in INVISIBLE
        else c
        for c in _SPACES.sub(" ", text).strip(" ")
    )


def escape_html(text):
    """Return text as HTML that shows just that text, direction included."""
    return html.escape(visible(text))


# What must not be torn apart at the end of a line: 1e-3, 95 % interval, 1.1 to 4.6.
_WHOLE = re.compile(
    r"(\w*\de-\d+|\d+[ \u00a0]% intervals?|\d[\d.,]* %"
    rf"|[+{MINUS}]?\d[\d.,]* to [+{MINUS}]?\d[\d.,]*(?<=\d))"
)


def unbroken(text):
    """Return visible text as HTML, with elements where a line must not end inside it."""
    pieces = map(html.escape, _WHOLE.split(text))
    return "".join(
        f'<span class="whole">{piece}</span>' if number % 2 else piece
        for number, piece in enumerate(pieces)
    )


# Characters with a meaning inside a line, at its beginning, and in addresses that become links.
_INSIDE = re.compile(r"[\\`*_\[\]<>~&$|]")
_BEGINNING = re.compile(r"^(\d*)([.)](?=\s|$)|[+-](?=[\s+-]|$)|[#=])")
_LINK = re.compile(r"(?<=[A-Za-z])(:)(?=/)|(?<=www)(\.)", re.IGNORECASE)


def escape_markdown(text):
    """Return text as Markdown (GFM, table cells too) that shows just that text.

    CommonMark lets every ASCII punctuation character be escaped; pipes are entities, since tables
    are cut before anything else is read.
    """
    escaped = _INSIDE.sub(
        lambda match: "&#124;" if match[0] == "|" else f"\\{match[0]}", visible(text)
    )
    return _LINK.sub(r"\\\g<0>", _BEGINNING.sub(r"\1\\\2", escaped))


def markdown_table(head, rows, numbers=0):
    """Return a Markdown table of texts; the last ``numbers`` columns are aligned to the right."""
    bars = ["---"] * (len(head) - numbers) + ["---:"] * numbers
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, bars, *rows])


# ------------------------------------------------------------------------------ numbers as text

ROUNDING = (
    "Differences are in percentage points and computed before rounding: the last digit may differ "
    "from that of the rounded figures' difference."
)


def text(value):
    """Return a value as it is; an en dash for None."""
    return "\u2013" if value is None else str(value)


def _or_dash(write):
    """Let a function write None as an en dash, and minus signs for hyphens."""

    @functools.wraps(write)
    def written(value):
        return text(None) if value is None else write(value).replace("-", MINUS)

    return written


@_or_dash
def whole(value):
    """Return 12345 as ``12,345``."""
    return f"{value:,.0f}"


@_or_dash
def share(value):
    """Return 0.7931 as ``0.793``."""
    return f"{value:.3f}"


@_or_dash
def points(value):
    """Return 0.0213 as ``2.1``: percentage points without a unit, with the digits of ``share``."""
    digits = float(f"{value:.3f}") + 0.0  # which makes -0.0 plain
    return f"{100 * digits:.1f}"


@_or_dash
def percent(value):
    """Return 0.7931 as ``79.3 %``."""
    return f"{points(value)}\u00a0%"


@_or_dash
def signed(value):
    """Return a difference, 0.0213, in percentage points: ``+2.1``; ``0.0`` if it rounds to it."""
    shown = points(value)
    return shown if shown == "0.0" or shown.startswith(MINUS) else f"+{shown}"


@_or_dash
def between(value):
    """Return [low, high] as ``0.771 to 0.812``."""
    return f"{share(value[0])} to {share(value[1])}"


@_or_dash
def whole_between(value):
    """Return [low, high] as ``1 to 4``."""
    return f"{whole(value[0])} to {whole(value[1])}"


@_or_dash
def signed_between(value):
    """Return differences [low, high] in percentage points: ``−1.2 to +3.4``."""
    return f"{signed(value[0])} to {signed(value[1])}"


@_or_dash
def points_between(value):
    """Return [low, high] in percentage points without signs: ``1.0 to 5.0``."""
    return f"{points(value[0])} to {points(value[1])}"


def cells_of(pair):
    """Return what the difference of two cells is: ``LSTM \u2212 SimpleRNN``."""
    return f"{pair.first} {MINUS} {pair.second}"


@_or_dash
def spread(value):
    """Return a mean, a minimum and a maximum as ``0.712 (0.690 to 0.731)``."""
    mean, low, high = value
    return share(mean) if low == high else f"{share(mean)} ({between([low, high])})"


@_or_dash
def p_value(value):
    """Return 0.01234 as ``0.012``, smaller ones as ``< 0.001``."""
    return f"{value:.3f}" if value >= 0.001 else "<\u00a00.001"


def p_values(value):
    """Return a minimum, a median and a maximum as ``0.012 (< 0.001 to 0.034)``."""
    low, median, high = map(p_value, value)
    return f"{median} ({low} to {high})"


def p_in_words(p):
    """Return 0.01234 as ``= 0.012``, smaller ones as ``< 0.001``."""
    shown = p_value(p)
    return shown if shown.startswith("<") else f"=\u00a0{shown}"


@_or_dash
def decimal(value):
    """Return 12.345 as ``12.3``."""
    return f"{round(value, 1) + 0.0:,.1f}"


@_or_dash
def ratio(value):
    """Return 2.612 as ``2.6`` and 0.383 as ``0.38``."""
    return f"{value:,.1f}" if value >= 1 else f"{value:.2f}"


@_or_dash
def yes(value):
    """Return true and false as ``yes`` and ``no``."""
    return "yes" if value else "no"


def level(value):
    """Return a factor's level: True as ``yes``, 2 as ``2`` and 0.001 as ``1e-3``."""
    if isinstance(value, bool):
        return yes(value)
    return scientific(value) if isinstance(value, float) else f"{value}"


def described(combination):
    """Return a combination, given by its name, in words."""
    c = Combination.parse(combination)
    parts = [
        f"{c.recurrent_layers} recurrent layer" + "s" * (c.recurrent_layers > 1),
        f"{c.dense_layers} hidden dense layer" + "s" * (c.dense_layers > 1),
        "dropout" if c.dropout else "no dropout",
        "L2" if c.regularization else "no L2",
        f"learning rate {combination.rpartition('-lr')[2]}",
    ]
    return ", ".join(parts)


def runs_in_words(count):
    """Return 1 as ``1 run`` and 2 as ``2 runs``."""
    return "1 run" if count == 1 else f"{count} runs"


def average_seconds(seconds, first, second):
    """Return two cells' mean seconds in words; ``seconds`` is what ``paired_seconds`` returns."""
    means = seconds.mean()
    return (
        f"{decimal(means[first])} and {decimal(means[second])} seconds on average, over "
        f"{same_combinations(len(seconds))}"
    )


def same_combinations(count):
    """Return 1 as ``the same combination`` and 2 as ``the same 2 combinations``."""
    return "the same combination" if count == 1 else f"the same {whole(count)} combinations"


def first_of(texts, most=6):
    """Return the first texts, separated by semicolons, and how many more there are."""
    more = f"; and {len(texts) - most} more" if len(texts) > most else ""
    return "; ".join(texts[:most]) + more


# ------------------------------------------------------------------------------------- blocks


@dataclass
class Paragraph:
    """Prose. ``role`` is finding (of a section), warning, method, note or nothing."""

    text: str
    role: str = ""
    kind = "paragraph"


@dataclass
class Tile:
    """One number of the answer: what it is, its value, and its interval or what it rests on."""

    title: str
    value: str
    detail: str


@dataclass
class Answer:
    """The report's answer, to be quoted: a sentence, the numbers behind it, and its scope.

    ``warnings`` say what limits it and stand above it.
    """

    warnings: list
    sentence: str
    tiles: list
    scope: str
    kind = "answer"

    @property
    def texts(self):
        """Its texts without the tiles, which is what a reader copies."""
        return [*self.warnings, self.sentence, self.scope]


@dataclass
class Column:
    """A table's column: the key of its values, its heading, and how they are written.

    Attributes:
        group: the heading above those of a group of neighbouring columns.
        first: ``descending`` where the highest values are the best ones, so that the first click
            on the heading puts them on top.
        extra: whether the reader has to ask for it, where there is JavaScript.
    """

    key: str
    title: str
    show: callable = text
    group: str = ""
    first: str = "ascending"
    extra: bool = False

    @property
    def numeric(self):
        """Whether values are numbers (or intervals), to be aligned and sorted as such."""
        return self.show not in (text, yes, model_label)


def columns(show=text, /, **headings):
    """Return the Columns of {key: heading} whose values are all written the same way."""
    return [Column(key, heading, show) for key, heading in headings.items()]


def grouped(group, columns, extra=()):
    """Return Columns under one heading; ``extra`` are the keys of those to be asked for."""
    return [replace(c, group=group, extra=c.key in extra) for c in columns]


@dataclass
class Table:
    """Rows are dicts; keys that no column names are for machines (summary.json) alone."""

    name: str
    caption: str
    columns: list
    rows: list
    tools: bool = False  # whether its columns can be chosen, where there is JavaScript
    brief: list | None = None  # the rows that the Markdown has, if not all
    kind = "table"

    def groups(self):
        """Return [(heading, columns)] above the columns' headings; none without groups."""
        groups = itertools.groupby(self.columns, lambda column: column.group)
        counted = [(group, len(list(columns))) for group, columns in groups]
        return counted if any(group for group, _ in counted) else []

    @property
    def rows_in_markdown(self):
        """The rows that the Markdown has."""
        return self.rows if self.brief is None else self.brief

    def sort_value(self, row, column):
        """Return what a row is sorted by in a column."""
        value = row.get(column.key)
        if isinstance(value, list | tuple):
            value = value[0]
        if isinstance(value, bool):
            return int(value)
        return "" if value is None else value


@dataclass
class Filters:
    """Lists above a table, where there is JavaScript; each keeps the rows with one value.

    ``choices`` are [(title, values, the value of each row)]; None is no value.
    """

    table: str
    choices: list
    kind = "filters"


@dataclass
class Figure:
    """A drawn figure, by its file's name without ending.

    Its number is its place in the report. One on a card has neither number nor title nor caption:
    its Cards have them.
    """

    name: str
    alt: str
    title: str = ""
    caption: str = ""
    number: int | None = None
    kind = "figure"


@dataclass
class Card:
    """One run in full, as a row of the reference's table."""

    place: int
    parameters: str
    value: str
    architecture: Table
    loss: Figure
    accuracy: Figure
    kind = "card"


@dataclass
class Cards:
    """The reference's table of one cell: a heading, the name of its figure, and its cards.

    All curves together are one figure of the report, with a number and a caption.
    """

    title: str
    value_title: str
    cards: list
    caption: str
    number: int | None = None
    kind = "cards"


@dataclass
class Explorer:
    """The runs of a table to filter, plot and compare, where there is JavaScript.

    It reads the table itself, whose first column is the runs' rank, from 1.

    Attributes:
        table: the Table's name.
        cells: what the table calls the cells, in the order of their colours.
        factors: keys of the columns to filter by, the cell's first.
        scores, costs: {key: title} of the columns to plot, and to plot scores against.
        baselines: {score: {baseline: value}}.
        score: the one to begin with.
        selected: the ranks to begin with.
        curves: {quantity: a list over the epochs for every run, None for one without a result}.
        quantities: {quantity: title}.
    """

    table: str
    cells: list
    factors: list
    scores: dict
    costs: dict
    baselines: dict
    score: str
    selected: list
    curves: dict
    quantities: dict
    kind = "explorer"

    @property
    def data(self):
        """What the script reads, as a dict."""
        return asdict(self)


@dataclass
class Playground:
    """Where a reader types a tweet: what the script reads, tweets to begin with, its accuracy.

    It is in the page alone, and there where there is JavaScript.
    """

    data: dict
    examples: list
    agreement: str
    kind = "playground"


@dataclass
class Listing:
    """Preformatted text."""

    text: str
    title: str
    kind = "listing"


@dataclass
class Quotation:
    """A text to be pasted elsewhere as it is, with a title; no term in it is linked."""

    title: str
    text: str
    kind = "quotation"


@dataclass
class Section:
    """A headed part of the report."""

    name: str
    title: str
    blocks: list = field(default_factory=list)

    def tables(self):
        """Return its tables."""
        return (block for block in self.blocks if block.kind == "table")

    def figures(self):
        """Yield its figures, those on cards too."""
        for block in self.blocks:
            if block.kind == "figure":
                yield block
            elif block.kind == "cards":
                for card in block.cards:
                    yield from (card.loss, card.accuracy)
