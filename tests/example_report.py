"""An invented experiment, whole, whose every text tries to be more than text; and its report."""

from itertools import combinations as pairs_of

import numpy as np
from example_experiment import example_experiment
from tweetrnn.config import resolve
from tweetrnn.evaluation import exploratory
from tweetrnn.evaluation.primary import spread
from tweetrnn.evaluation.select import further_runs
from tweetrnn.evaluation.statistics import mcnemar
from tweetrnn.reporting import render
from tweetrnn.reporting.canvas import save, style
from tweetrnn.reporting.experiment import Experiment, masked, pointed_at
from tweetrnn.reporting.plot import draw

HOSTILE = [
    "<script>document.title='owned'</script> @stranger",
    "<img src=x onerror=\"document.title='owned'\">",
    "a | b `code` **bold** [x](http://example.org) <!-- -->",
    "\u202eturned\u202c & &lt; \x01 {{ 7 * 7 }}",
    "=cmd() -1+2",
    "+1 @stranger https://example.org/?q=1&r=2",
]
CLASSES = ["<b>bad</b>", "so|so", "`good`"]
TITLE = "A <i>title</i> | & more </script>"
SCORES = {"accuracy": 0.7, "binary_accuracy": 0.8, "macro_f1": 0.6}
STAND_IN = """<?xml version="1.0"?>
<svg width="20pt" height="10pt" viewBox="0 0 20 10" xmlns="http://www.w3.org/2000/svg">
<text x="1" y="8" fill="#1b1f24">{name}</text><path d="M0 0h9" stroke="#0B62A4"/></svg>
"""


def completed(comparison, config, runs):
    """Return ``example_experiment``'s comparison with what the report reads besides."""
    part, cells = comparison["part"], list(comparison["selected"])
    judged = ["validation"] if part == "validation" else ["validation", "test"]
    for name, own in comparison["primary"]["accuracies"].items():
        if name not in cells:
            own["scores"] = {each: SCORES | {"accuracy": own["accuracy"]} for each in judged}
            continue
        own["combination"] = comparison["selected"][name]["combination"]
        own["diverged_replicates"] = 0
        for row in own["replicates"]:
            row |= {each: SCORES | row[part] for each in judged}
        own["spread"] = {
            each: {name: spread([row[each][name] for row in own["replicates"]]) for name in SCORES}
            for each in judged
        }
    for own in comparison["failures"].values():
        for mistake in own["confidently_wrong"]:
            mistake["corpus_row"] = mistake["row"]
    rights = np.arange(120) % 3 > 0, np.arange(120) % 5 > 0
    return comparison | {
        "tweets": 120,
        "groups": 118,
        "resamples": 100,
        "mcnemar": [
            {"first": one, "second": other, **mcnemar(*rights)} for one, other in pairs_of(cells, 2)
        ],
        "rankings": exploratory.ranking_agreement(runs, config["grid"]["cell"]),
        "divergence": exploratory.divergence(runs, config["grid"]["cell"]),
        "reference": exploratory.beside_published(runs, SCORES),
    }


def example_report(cells=("SimpleRNN", "LSTM"), part="test", compared=True, kind="path", **options):
    """Return an ``Experiment`` on hostile tweets; ``options`` are example_experiment's.

    Args:
        part: what the comparison judges; without a test part "validation".
        compared: whether there is a comparison, and baselines.
        kind: the corpus's.
    """
    made = example_experiment(cells, CLASSES, part, **options)
    config = resolve(
        {
            "name": "made",
            "corpus": {"kind": "demo"},
            "report": {"title": TITLE, "show_handles": ["@airline"]},
        }
    )
    for section, own in made.config.items():
        config[section] = config[section] | own
    comparison = completed(made.comparison, config, made.runs) if compared else None
    done = [row for row in made.runs if row["status"] != "missing"]
    names = [(row["cell"], row["combination"], row["replicate"]) for row in done]
    further = []
    if comparison:
        further = further_runs(comparison["selected"], comparison["replicates"])
    counts = dict.fromkeys(CLASSES, 40)
    no_test = part == "validation"
    return Experiment(
        config=config,
        runs=made.runs,
        epochs=made.epochs,
        baselines={
            "majority": {"label": CLASSES[0], "validation": SCORES, "test": SCORES},
            "logistic_regression": {"C": 3.0, "validation": SCORES, "test": SCORES},
        }
        if compared
        else None,
        tokenized={
            "kind": kind,
            "licence": "none | <b>at all</b>",
            "sha256": "0123456789abcdef" * 4,
            "rows_read": 12345,
            "kept": 12000,
            "dropped": {"empty text": 345},
            "ignored": {},
            "duplicate_rows": 7,
            "duplicate_groups": 3,
            "conflicting_groups": 1,
            "duplicate_ids": 2,
            **made.tokenized,
        },
        encoded={"words": 4321, "cut_tweets": 17},
        split={
            "width": 4001,
            "sequence_length": 30,
            "labels": CLASSES,
            "method": "stratified",
            "fit_on": "train",
            "seen_in_training": {"validation": 0, "test": 0},
            "parts": {
                name: {
                    "tweets": 0 if empty else 120,
                    "classes": counts,
                    "unknown_rate": None if empty else rate,
                }
                for name, rate, empty in (
                    ("train", 0.0, False),
                    ("validation", 0.04, False),
                    ("test", 0.05, no_test),
                )
            },
        },
        comparison=comparison,
        architectures={
            name: [{"layer": "rnn (RNN)", "output_shape": "(None, 32)", "parameters": 1234}]
            for name in names
        },
        provenances={
            name: {"code": "abc", "processor": "A | B", "threads": 1} for name in names + further
        },
        replicates=[{"cell": name[0], "seconds": 61.5} for name in further],
        tweets={
            row: masked(HOSTILE[number % len(HOSTILE)], ["@airline"])
            for number, row in enumerate(pointed_at(comparison) if comparison else [])
        },
        memory_mb=1500,
        commit="f" * 40,
        versions={"python": "3.11"},
    )


def write_stand_ins(names, folder):
    """Write a tiny SVG and PNG for every figure."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.svg").write_text(STAND_IN.format(name=name))
        (folder / f"{name}.png").write_bytes(f"PNG of {name}".encode())


def write_figures(experiment, folder):
    """Draw every figure of a made experiment."""
    offsets = np.concatenate([[0], np.random.default_rng(1).poisson(17, 500).cumsum()])
    e = experiment
    with style():
        for name, figure in draw(
            e.runs, e.epochs, e.baselines, offsets, e.comparison, e.memory_mb, e.config
        ):
            save(figure, name, folder)


def write_report(experiment, folder, figures=None):
    """Write an experiment's report, with stand-ins for figures unless some are given."""
    if figures is None:
        figures = folder / "plot"
        write_stand_ins(render.picture_paths(render.sections_of(experiment), figures), figures)
    render.write(experiment, figures, folder / "report")
    return folder / "report"
