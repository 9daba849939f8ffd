"""A small experiment on invented tweets, run in this process to its report; figures are stand-ins.

Unlike the results of ``example_finished``, all its numbers follow from its trainings.
"""

from example_report import write_stand_ins
from small_experiment import run_stage
from tweetrnn import grid
from tweetrnn.code import PACKAGE
from tweetrnn.config import resolve
from tweetrnn.evaluation.select import further_runs, read_selection
from tweetrnn.files import sha256_of, write_json
from tweetrnn.reporting import figures
from tweetrnn.results import Results

SMALL = {
    "name": "small",
    "corpus": {"kind": "demo", "tweets": 500},
    "grid": {
        "recurrent_layers": [1],
        "dense_layers": [1],
        "dropout": [False],
        "regularization": [False],
        "learning_rate": [0.01],
    },
    "model": {"units": 8, "dense_units": [8]},
    "training": {"epochs": 8, "selected_replicates": 2, "finalist_replicates": 0},
    "report": {"top": 1, "resamples": 100, "playground": False},
}


def finish(results, **changes):
    """Run the experiment; return its resolved config. ``changes`` are sections of the config."""
    results, config = Results(results), resolve(SMALL | changes)
    corpus = str(results.corpus("demo.csv"))

    def run(*names, **arguments):
        for name in names:
            run_stage(name, results, config, **arguments)

    run("demo", "tokenize", corpus=corpus)
    run("encode", "split", "baselines")
    for one in grid.runs(config):
        train(results, config, one)
    run("aggregate", "shortlist", "select")
    selection = read_selection(results.selected)
    for one in further_runs(selection.choices, selection.replicates):
        train(results, config, one)
    run("compare")
    names = figures.names(config)
    write_stand_ins(names, results.figures)
    drawn = [results.figure(name, suffix) for name in names for suffix in ("svg", "png")]
    write_json(results.figure_facts, {"sha256": {path.name: sha256_of(path) for path in drawn}})
    run("render", memory_mb=1500, snakefile=str(PACKAGE.parent / "Snakefile"))
    return config


def train(results, config, run):
    """Train a Run, and write what Snakemake measures of it."""
    names = {"cell": run.cell, "combination": run.combination, "replicate": str(run.replicate)}
    where = {"checkpoints": str(results.checkpoints), "code_digest": "this"}
    assert run_stage("train", results, config, run, **names, **where) == 0
    benchmark = results.run(run).benchmark
    benchmark.parent.mkdir(parents=True, exist_ok=True)
    benchmark.write_text("s\th:m:s\tmax_rss\tmax_vms\n1.5\t0:00:01\t321.25\t900.0\n")
