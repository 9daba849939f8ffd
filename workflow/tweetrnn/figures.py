"""Which figures an experiment has, what each says, and the colours they share with the page."""

# Every hue is drawn in this exact hexadecimal; the page replaces it by the CSS variable of the
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

# What a column of runs.parquet measures, in words for axes and headings.
RANKINGS = {
    "mean_accuracy": "mean validation accuracy",
    "best_accuracy": "best validation accuracy",
    "last_accuracy": "last validation accuracy",
    "best_macro_f1": "best validation macro-F1",
    "mean_binary_accuracy": "mean validation binary accuracy",
}
METRICS = {"accuracy": "accuracy", "binary_accuracy": "binary accuracy", "macro_f1": "macro-F1"}
FACTORS = {
    "recurrent_layers": "recurrent layers",
    "dense_layers": "hidden dense layers",
    "dropout": "dropout",
    "regularization": "L2 regularisation",
    "learning_rate": "learning rate",
}


def metric_of(ranking):
    """Return the metric that a ranking column is made of: ``mean_accuracy`` -> ``accuracy``."""
    return ranking.split("_", 1)[1]


def curve_metric(ranking):
    """Return the metric that accuracy curves show: the binary one where runs are ranked by it."""
    return "binary_accuracy" if metric_of(ranking) == "binary_accuracy" else "accuracy"


def shown(config):
    """Return how many runs of each cell are shown in full: ``report.top``, or all if fewer."""
    runs = config["training"]["replicates"]
    for factor in FACTORS:
        runs *= len(config["grid"][factor])
    return min(config["report"]["top"], runs)


def figure_names(config):
    """Return the figures' file names without ending, in the report's order.

    ``config`` needs the sections grid, report and training; the names depend on nothing else, so
    that a workflow knows them before any run is done.
    """
    return [
        "lengths",
        *(
            f"curves-{cell}-{place}-{quantity}"
            for cell in config["grid"]["cell"]
            for place in range(1, shown(config) + 1)
            for quantity in ("loss", "accuracy")
        ),
        "ranking",
        "cells",
    ]


# name (up to its first dash): caption file, category, what it is
_CAPTIONS = {
    "lengths": ("lengths.rst", "Data", "Tweet lengths"),
    "curves": ("curves.rst", "Top runs", "Curves"),
    "ranking": ("ranking.rst", "All runs", "All runs, ranked"),
    "cells": ("cells.rst", "All runs", "The cells side by side"),
}


def caption_of(name):
    """Return where Snakemake's own report puts a figure: its caption file, category and labels."""
    kind, *rest = name.split("-")
    caption, category, title = _CAPTIONS[kind]
    labels = {"figure": title}
    if kind == "curves":
        cell, place, quantity = rest
        labels = {"cell": cell, "place": place, "quantity": quantity}
    return {"caption": caption, "category": category, "labels": labels}
