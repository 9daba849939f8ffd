"""What all figures share: size, style, colours, the cells' looks, and how a figure becomes files.

Every distinction made by a colour is made by a marker, a line style or a place as well. All figures
but the curves have one width, so that their texts are equally large on a page, and are narrow
enough to be read on a telephone.

A drawing registers what each of its marks shows (``values``). The SVG carries that with the marks'
places, so that a page can show the values of the mark under the pointer and save them as a table.

numpy and matplotlib are imported only where something is drawn: the workflow's rules read the
figures' names and titles, and must not wait for them.
"""

import io
import json
import os
import re
import textwrap
from contextlib import chdir, contextmanager
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

from tweetrnn.files import replacing, write_text
from tweetrnn.names import BASELINES, FACTORS, model_label
from tweetrnn.reporting.document import visible

# Each colour is drawn in this exact hexadecimal; the page replaces it by the CSS variable of the
# same name and so recolours the figures for a dark background. No two may be equal.
INK = "#1b1f24"
MUTED = "#59626d"
GRID = "#d9dde2"
PAPER = "#fffefd"
# Cells take these in the config's order: distinct in hue for the usual colour-vision deficiencies,
# and distinct without any colour by their markers.
CELL_COLOURS = ("#0b62a4", "#bd4f0c", "#0a7a5c", "#914a84", "#7a6a00", "#4a5fc1")
CELL_MARKERS = ("o", "s", "^", "D", "v", "P")
# Every second cell's marker is hollow.
COLOUR_VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--grid",
    PAPER: "--paper",
    **{colour: f"--cell-{n}" for n, colour in enumerate(CELL_COLOURS)},
}
WIDTH = 4.2  # inches
SMALL = 8  # points, the smallest text
CROWDED = 600  # an SVG with more markers than this holds them as a picture
STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
    "font.size": 9,
    "text.parse_math": False,  # a class may be called $positive$
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "figure.facecolor": PAPER,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "legend.borderpad": 0,
    "legend.columnspacing": 1.2,
    "legend.handletextpad": 0.5,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "figure.constrained_layout.h_pad": 0.05,
    "figure.constrained_layout.w_pad": 0.05,
    "svg.fonttype": "none",  # text stays text: small, selectable, in the page's own fonts
    "svg.hashsalt": "tweetrnn",
    "path.simplify": True,
}
SVG = "{http://www.w3.org/2000/svg}"
ElementTree.register_namespace("", SVG[1:-1])
ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
BASELINE_LINES = {
    "majority": (0, (1, 1.5)),
    "logistic_regression": (0, (6, 2)),
    "nb_svm": (0, (6, 2, 1, 2)),
}
BASELINE_MARKERS = {"majority": "x", "logistic_regression": "*", "nb_svm": "p"}


def _matplotlib():
    """Return matplotlib, which has read no settings of the user's: they may be invalid.

    It looks for a matplotlibrc in the working folder first: here that is the one it brings along.
    """
    [folder] = find_spec("matplotlib").submodule_search_locations
    os.environ.pop("MPLBACKEND", None)
    with chdir(Path(folder, "mpl-data")):
        import matplotlib
    return matplotlib


@contextmanager
def style():
    """Let matplotlib draw as all figures are drawn, whatever the user's own settings are."""
    matplotlib = _matplotlib()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


class Look:
    """The colour, the marker and the line of each cell; ``cells`` are in the config's order.

    Baseline cells come last, so that the others look the same without them.
    """

    def __init__(self, cells):
        self.number = {cell: n % len(CELL_COLOURS) for n, cell in enumerate(cells)}

    def colour(self, cell):
        """Return a cell's colour; for a baseline that of text."""
        return CELL_COLOURS[self.number[cell]] if cell in self.number else INK

    def marker(self, cell):
        """Return keyword arguments for a line or marker of this cell or baseline."""
        colour = self.colour(cell)
        if cell not in self.number:
            return {"color": colour, "marker": BASELINE_MARKERS[cell]}
        return {
            "color": colour,
            "marker": CELL_MARKERS[self.number[cell]],
            "markerfacecolor": PAPER if self.number[cell] % 2 else colour,
            "markeredgecolor": colour,
        }

    def dots(self, cell):
        """Return keyword arguments for markers without a line between them."""
        return self.marker(cell) | {"linestyle": "none"}

    def line(self, cell):
        """Return keyword arguments for a line of this cell: its colour and dashes."""
        dashes = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (3, 1)), (0, (8, 2)))
        return {"color": self.colour(cell), "linestyle": dashes[self.number[cell]]}


def subplots(height, rows=1, columns=1, width=WIDTH, **grid):
    """Return a figure, ``height`` and ``width`` in inches, and its axes; without pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.marks = []  # (axes, x, y, row), see ``values``
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, **grid)


def note(text, width=WIDTH):
    """Return a figure with nothing but a text: why there is nothing to show."""
    figure, axes = subplots(1.0, width=width)
    text = textwrap.fill(text, 50)
    axes.text(0.5, 0.5, text, ha="center", va="center", color=MUTED, transform=axes.transAxes)
    axes.set_axis_off()
    return figure


def values(axes, x, y, rows):
    """Register what marks show: a dict of values by column for each mark.

    Numbers are given as they are to be read, differences in percentage points.

    Args:
        axes: where the marks are.
        x, y: their places, in data coordinates. A column (of a histogram, say), which is hit at
            any height, has None for y.
        rows: the dicts; a figure's columns are all their keys.
    """
    import numpy as np

    for at_x, at_y, row in zip(
        *np.broadcast_arrays(x, np.nan if y is None else y), rows, strict=True
    ):
        axes.figure.marks.append((axes, float(at_x), float(at_y), row))


def settings(run):
    """Return what a run, a dict, is made of, by column."""
    made_of = {"cell": model_label(run["cell"])} | {FACTORS[name]: run[name] for name in FACTORS}
    return made_of | {"replicate": run["replicate"]}


def limits(values, pad=0.06):
    """Return axis limits around all finite values; ``values`` may hold None or NaN."""
    import numpy as np

    values = np.array(values, dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = values.min(), values.max()
    room = (high - low) * pad or 0.01
    return low - room, high + room


def spread_out(count, height):
    """Return (count,) offsets within ± height / 2, of which neighbours differ; always the same."""
    import numpy as np

    golden = (np.sqrt(5) - 1) / 2
    return ((np.arange(1, count + 1) * golden) % 1 - 0.5) * height


def ticks(axes, x, y, height, **line):
    """Draw a vertical tick at each (x, y), all of them as one path."""
    import numpy as np

    x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    gap = np.full(len(x), np.nan)
    axes.plot(
        np.column_stack([x, x, gap]).ravel(),
        np.column_stack([y - height / 2, y + height / 2, gap]).ravel(),
        solid_capstyle="butt",
        **line,
    )


def rows(axes, labels):
    """Give the axes one row for each label, from top to bottom."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def whole_numbers(axis, **options):
    """Put an axis's ticks at whole numbers."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, **options))


def points(axis):
    """Label an axis of differences, which are shares of 1, in percentage points."""
    from matplotlib.ticker import FuncFormatter

    def label(value, _):
        return f"{round(100 * value, 6) + 0.0:g}".replace("-", "\u2212")

    axis.set_major_formatter(FuncFormatter(label))


def with_interval(column, value, interval, unit=1):
    """Return an estimate and the ends of its interval (or None) by column, as multiples."""
    low, high = interval or (None, None)
    estimated = {column: value, "95 % interval from": low, "to": high}
    return {key: one if one is None else unit * one for key, one in estimated.items()}


def estimate(axes, row, value, interval, style, text, described):
    """Draw an estimate with its interval (or None), its number at the right, and its values."""
    if interval is not None:
        axes.plot(interval, [row, row], color=style["color"], solid_capstyle="butt")
    axes.plot([value], [row], **style | {"linestyle": "none", "markersize": 6})
    values(axes, [value], [row], [described])
    axes.text(1.02, row, text, transform=axes.get_yaxis_transform(), va="center", fontsize=SMALL)


def dumbbells(axes, rows, look, describe):
    """Draw a row for each {cell: value}: a mark for each cell, and a line that joins them.

    ``describe(row's number, cell)`` returns the values that a mark shows.
    """
    for place, row in enumerate(rows):
        axes.plot([min(row.values()), max(row.values())], [place] * 2, color=MUTED, linewidth=1.0)
    for cell in [cell for cell in look.number if any(cell in row for row in rows)]:
        places = [place for place, row in enumerate(rows) if cell in row]
        x = [rows[place][cell] for place in places]
        axes.plot(x, places, label=model_label(cell), **look.dots(cell))
        values(axes, x, places, [describe(place, cell) for place in places])


def baseline_lines(axes, values, vertical=False):
    """Draw {baseline: value} as lines over the whole axes, labelled with name and value."""
    for name, value in values.items():
        draw = axes.axvline if vertical else axes.axhline
        line = {"color": INK, "linewidth": 1.1, "linestyle": BASELINE_LINES[name]}
        draw(value, label=f"{BASELINES[name].label} {value:.3f}", **line)


def legend(figure, columns=3, **options):
    """Draw the figure's legend above everything, in lines of so many entries."""
    entries = [
        entry
        for axes in figure.axes
        for entry in zip(*axes.get_legend_handles_labels(), strict=True)
    ]
    if not entries:
        return
    by_column = [entry for column in range(columns) for entry in entries[column::columns]]
    handles, labels = zip(*by_column, strict=True)
    figure.legend(handles, labels, loc="outside upper left", ncols=columns, **options)


def _flatten(element):
    """Remove what draws nothing: groups without attributes, empty definitions, white space."""
    for child in element:
        _flatten(child)
    kept = []
    for child in element:
        tag = child.tag.removeprefix(SVG)
        if tag == "g" and not child.attrib:
            kept += child
        elif tag not in ("metadata", "style") and (len(child) or tag != "defs"):
            kept.append(child)
        if tag != "text":
            child.text = None
        child.tail = None
    element[:] = kept
    styles = {child.get("style") for child in kept}
    if len(kept) > 1 and len(styles) == 1 and all(child.tag == f"{SVG}use" for child in kept):
        element.set("style", kept[0].get("style"))
        for child in kept:
            del child.attrib["style"]


def shown(value):
    """Return a registered value as it is written: with four digits, or as harmless text."""
    if value is None or isinstance(value, str):
        return value and visible(value)
    if str(value) in ("True", "False"):  # of Python or numpy
        return "yes" if value else "no"
    return int(value) if value == int(value) else float(f"{value:.4g}")


def data_of(figure):
    """Return the registered values of a figure and the places of their marks, for JSON.

    ``columns`` are the values' names; ``panels`` the axes' [left, top, right, bottom] and ``marks``
    [panel, x, y, *values] with places in the SVG's units, y None for a column.
    """
    import numpy as np

    panels = list(dict.fromkeys(axes for axes, *_ in figure.marks))
    columns = list(dict.fromkeys(key for *_, row in figure.marks for key in row))
    scale, height = 72 / figure.dpi, 72 * figure.get_figheight()

    def place(x, y):
        return [round(float(x) * scale, 1), round(height - float(y) * scale, 1)]

    marks = []
    for axes, x, y, row in figure.marks:
        column = np.isnan(y)
        at = place(*axes.transData.transform((x, axes.get_ylim()[0] if column else y)))
        at = [at[0], None] if column else at
        marks.append([panels.index(axes), *at, *(shown(row.get(key)) for key in columns)])
    boxes = [axes.bbox.extents for axes in panels]
    boxes = [[*place(left, top), *place(right, bottom)] for left, bottom, right, top in boxes]
    return {"columns": columns, "panels": boxes, "marks": marks}


def tidied(svg, name, data=None):
    """Return an SVG that can be put into one page with others, at about half its length.

    ``data`` becomes its metadata, as JSON.

    Ids that are used become ``name`` and a number; other ids, style rules for the whole page and
    digits beyond a hundredth of a point are removed. The fonts become an attribute of the drawing,
    so that a page's style can set others.
    """
    root = ElementTree.fromstring(svg)
    fonts = f"'{STYLE['font.sans-serif'][0]}', sans-serif"
    used = dict.fromkeys(re.findall(r'(?:url\(|href=")#([^)"]+)', svg))
    ids = {old: f"{name}-{number}" for number, old in enumerate(used)}
    for element in root.iter():
        if (old := element.attrib.pop("id", None)) in ids:
            element.set("id", ids[old])
        for key, value in element.items():
            if key == "id":
                continue
            if key.endswith("href") and value.startswith("#"):
                value = f"#{ids[value[1:]]}"
            elif key == "clip-path":
                value = f"url(#{ids[value.removeprefix('url(#').removesuffix(')')]})"
            elif key == "style":
                value = value.replace(f"font-family: {fonts}; ", "")
            else:
                value = re.sub(r"(\.\d\d)\d+", r"\1", " ".join(value.split()))
            element.set(key, value)
        if element.get("transform", "").startswith("rotate(-0 "):
            del element.attrib["transform"]
    _flatten(root)
    root.set("font-family", fonts)
    root.set("stroke-linejoin", "round")
    if data:
        metadata = ElementTree.SubElement(root, f"{SVG}metadata")
        metadata.text = json.dumps(data, separators=(",", ":"))
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def arrange(figure):
    """Fix a figure's layout, so that every format has the same.

    The layout's solver adds up in the order of addresses in memory, so that its last digits differ
    from run to run; they are rounded away.
    """
    import numpy as np

    figure.get_layout_engine().execute(figure)
    figure.set_layout_engine("none")
    for axes in figure.axes:
        axes.set_position(np.round(axes.get_position(original=True).bounds, 6))


def save(figure, name, folder):
    """Write ``name.svg`` and ``name.png`` without dates, versions or program names."""
    arrange(figure)
    with replacing(folder / f"{name}.png") as temporary:
        figure.savefig(temporary, format="png", dpi=160, metadata={"Software": None})
    stream = io.StringIO()
    figure.savefig(stream, format="svg", dpi=150, metadata={"Date": None, "Creator": None})
    data = data_of(figure) if figure.marks else None
    write_text(folder / f"{name}.svg", tidied(stream.getvalue(), name, data))
