"""An invented experiment, whole, whose every text tries to be more than text; and its report."""

from example_experiment import example_experiment
from tweetrnn.config import resolve
from tweetrnn.evaluation.metrics import METRICS
from tweetrnn.evaluation.tables import names
from tweetrnn.reporting import figures, render
from tweetrnn.reporting.tweet_text import displayed

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
SCORES = dict.fromkeys(METRICS, 0.7)
STAND_IN = """<?xml version="1.0"?>
<svg width="20pt" height="10pt" viewBox="0 0 20 10" xmlns="http://www.w3.org/2000/svg">
<text x="1" y="8" font-size="1" fill="#1b1f24">{name}</text>
<path d="M0 0h9" stroke="#0B62A4"/></svg>
"""


def example_report(cells=("SimpleRNN", "LSTM"), part="test", compared=True, kind="path", **options):
    """Return an Experiment on hostile tweets.

    Args:
        part: the set that the comparison is judged on; without a test set "validation".
        compared: whether there are a comparison and baselines.
        kind: the corpus's.
        options: as for example_experiment.
    """
    experiment = example_experiment(cells, CLASSES, part, **options)
    whole = resolve(
        {
            "name": "made",
            "corpus": {"kind": "demo"},
            "report": {"title": TITLE, "show_handles": ["@airline"], "reference": True},
        }
    )
    experiment.config = whole | {
        key: whole[key] | value if isinstance(value, dict) else value
        for key, value in experiment.config.items()
    }
    experiment.baselines = {
        "majority": {"label": CLASSES[0], "validation": SCORES, "test": SCORES},
        **{
            name: {"C": 3.0, "grid": [1, 3], "at_edge": False, "validation": SCORES, "test": SCORES}
            for name in ("logistic_regression", "nb_svm")
        },
    }
    if not compared:
        experiment.partial, experiment.comparison, experiment.baselines = True, None, None
    experiment.tokenized |= {
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
        "near_duplicate_rows": 9,
        "near_duplicate_groups": 4,
        "users": 5000,
        "time": {"first": "2026-01-05T00:00:00Z", "last": "2026-02-01T23:59:59Z"},
        "missing": {"user": 0, "time": 12, "slice_airline": 30},
    }
    experiment.encoded |= {"words": 4321, "cut_tweets": 17}
    experiment.split = split_facts(no_test=part == "validation")
    experiment.architecture = lambda run: [
        {"layer": "rnn (RNN)", "output_shape": "(None, 32)", "parameters": 1234}
    ]
    trained = names(experiment.runs[experiment.runs["status"] != "missing"])
    ran_on = {"code": "abc", "processor": "A | B", "threads": 1}
    experiment.provenances = {run: dict(ran_on) for run in [*trained, *experiment.new_runs]}
    experiment.new_seconds = dict.fromkeys(experiment.new_runs, 61.5)
    if experiment.comparison:
        experiment.tweets = {
            row: displayed(HOSTILE[number % len(HOSTILE)], ["@airline"])
            for number, row in enumerate(experiment.shown_rows)
        }
    experiment.playground = experiment.evidence = None
    experiment.commit = "f" * 40
    experiment.versions = {"python": "3.11"}
    return experiment


def split_facts(no_test):
    """Return the split's facts, with or without a test set."""
    counts = dict.fromkeys(CLASSES, 40)
    rates = {"train": 0.0, "validation": 0.04, "test": 0.05}
    slices = {"airline": {"": 10, "<b>Quillon</b>": 60, "Marzipan": 50}}
    parts = {
        name: {"tweets": 120, "classes": counts, "unknown_rate": rate, "slices": slices}
        for name, rate in rates.items()
    }
    if no_test:
        none = {"airline": dict.fromkeys(slices["airline"], 0)}
        parts["test"] |= {"tweets": 0, "unknown_rate": None, "slices": none}
    return {
        "width": 4001,
        "sequence_length": 30,
        "labels": CLASSES,
        "method": "stratified",
        "slice": None,
        "value": None,
        "train_share": 1,
        "fit_on": "train",
        "seen_in_training": {"validation": 0, "test": 0},
        "parts": parts,
    }


def write_stand_ins(names, folder):
    """Write a tiny SVG and PNG for every figure."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.svg").write_text(STAND_IN.format(name=name))
        (folder / f"{name}.png").write_bytes(f"PNG of {name}".encode())


def write_report(experiment, folder, plots=None):
    """Write an experiment's report, with stand-ins for figures unless their folder is given."""
    if plots is None:
        plots = folder / "plot"
        write_stand_ins(figures.names(experiment.config), plots)
    report = folder / "report"
    files = [
        report / name for name in ("report.html", "report.md", "summary.json", "images", "tables")
    ]
    render.write(experiment, plots, *files)
    return report
