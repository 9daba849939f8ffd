"""What all figures share: size, style, the cells' looks, and how a figure becomes files.

Colours are those of ``figures``: the report's page turns each into a CSS variable. Every
distinction made by a colour is made by a marker, a line style or a place as well. All figures but
the curves have one width, so that their texts are equally large on a page, and are narrow enough
to be read on a telephone.
"""

import io
import re
from xml.etree import ElementTree

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tweetrnn.files import replacing, write_text
from tweetrnn.reporting.figures import CELL_COLOURS, CELL_MARKERS, GRID, INK, MUTED, PAPER

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
BASELINE_LINES = {"majority": (0, (1, 1.5)), "logistic_regression": (0, (6, 2))}
BASELINE_MARKERS = {"majority": "x", "logistic_regression": "*"}


def style():
    """Return a context in which matplotlib draws as all figures are drawn."""
    return matplotlib.rc_context(STYLE)


class Look:
    """The colour, the marker and the line of each cell, in the config's order."""

    def __init__(self, cells):
        self.number = {cell: n % len(CELL_COLOURS) for n, cell in enumerate(cells)}

    def colour(self, cell):
        """Return a cell's colour; that of text for what is no cell."""
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
        """Return keyword arguments that tell the lines of cells apart, by colour and dashes."""
        dashes = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (3, 1)), (0, (8, 2)))
        return {"color": self.colour(cell), "linestyle": dashes[self.number[cell]]}


def canvas(height, rows=1, columns=1, width=WIDTH, **grid):
    """Return a figure of so many inches without pyplot's global state, and its axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, **grid)


def note(text, width=WIDTH):
    """Return a figure that is empty but for the reason why."""
    figure, axes = canvas(1.0, width=width)
    axes.text(0.5, 0.5, text, ha="center", va="center", color=MUTED, transform=axes.transAxes)
    axes.set_axis_off()
    return figure


def limits(values, pad=0.06):
    """Return axis limits around all finite values; ``values`` may hold None."""
    values = np.array(values, dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = values.min(), values.max()
    room = (high - low) * pad or 0.01
    return low - room, high + room


def spread_out(count, height):
    """Return (count,) offsets within ± height / 2 that keep neighbours apart, always the same."""
    golden = (np.sqrt(5) - 1) / 2
    return ((np.arange(1, count + 1) * golden) % 1 - 0.5) * height


def ticks(axes, x, y, height, **line):
    """Draw a vertical tick at each (x, y), all of them as one path."""
    x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    gap = np.full(len(x), np.nan)
    axes.plot(
        np.column_stack([x, x, gap]).ravel(),
        np.column_stack([y - height / 2, y + height / 2, gap]).ravel(),
        solid_capstyle="butt",
        **line,
    )


def legend(figure, columns=3, **options):
    """Draw the figure's legend above everything."""
    figure.legend(loc="outside upper left", ncols=columns, **options)


def _flatten(element):
    """Take away what draws nothing: groups that say nothing, empty definitions, white space."""
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


def tidied(svg, name):
    """Return an SVG that can stand in one page beside others, at about half its length.

    Ids that are used become ``name`` and a number, others go; so do rules for the whole page,
    which become attributes of the drawing, and digits beyond a hundredth of a point. The fonts are
    an attribute of the drawing too, so that a page's style can set its own.
    """
    root = ElementTree.fromstring(svg)
    fonts = f"'{STYLE['font.sans-serif'][0]}', sans-serif"
    used = dict.fromkeys(re.findall(r'(?:url\(|href=")#([^)"]+)', svg))
    ids = {old: f"{name}-{number}" for number, old in enumerate(used)}
    for element in root.iter():
        if (own := element.attrib.pop("id", None)) in ids:
            element.set("id", ids[own])
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
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def arrange(figure):
    """Lay a figure out once and for all, however it is drawn then.

    The solver of the layout adds up in the order of addresses in memory, so that its last digits
    differ from run to run; they are rounded away.
    """
    figure.get_layout_engine().execute(figure)
    figure.set_layout_engine("none")
    for axes in figure.axes:
        axes.set_position(np.round(axes.get_position(original=True).bounds, 6))


def save(figure, name, folder):
    """Write ``name.svg`` and ``name.png`` without dates, versions or program names."""
    arrange(figure)
    with replacing(folder / f"{name}.png") as beside:
        figure.savefig(beside, format="png", dpi=160, metadata={"Software": None})
    stream = io.StringIO()
    figure.savefig(stream, format="svg", dpi=150, metadata={"Date": None, "Creator": None})
    write_text(folder / f"{name}.svg", tidied(stream.getvalue(), name))
