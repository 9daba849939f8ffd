"""A small experiment in this process, stage by stage, under the paths that the workflow uses."""

from importlib import import_module

from tweetrnn.config import resolve
from tweetrnn.grid import Run
from tweetrnn.results import Results
from tweetrnn.stages import STAGES, parameters

COMBINATION = "rnn2-dense2-dropout1-reg1-lr1e-2"


def run_stage(name, results, config, run=None, **arguments):
    """Call a stage's function as its rule does, with paths as texts; return what it returns.

    Args:
        name: the stage.
        results: the folder of the experiment's results.
        config: what the stage reads.
        run: the Run whose files it reads or writes, if any.
        arguments: those that are no files of the results.
    """
    accepted, _ = parameters(name)
    arguments |= Results(results).paths(accepted, run)
    arguments |= {"results": str(results)} if "results" in accepted else {}
    function = getattr(import_module(f"tweetrnn.{STAGES[name]}"), name)
    return function(**arguments, config=config)


def completed(file, sections):
    """Return the config of an experiment on a corpus file, with these sections of the config."""
    corpus = {"kind": "path", "path": str(file)} | sections.get("corpus", {})
    return resolve({"name": "small"} | sections | {"corpus": corpus})


def _only(config, *keys):
    return {key: config[key] for key in keys}


def prepare(results, file, **sections):
    """Run the stages before the trainings on a corpus file; ``results`` is the experiment's."""
    config = completed(file, sections)
    run_stage("tokenize", results, _only(config, "corpus", "tokenize"), corpus=str(file))
    run_stage("encode", results, _only(config, "sequence"))
    run_stage("split", results, _only(config, "split", "vocabulary", "seed"))


def train_run(results, file, cell="LSTM", combination=COMBINATION, replicate=1, **sections):
    """Train one run after ``prepare``; return its folder, a Path."""
    config = completed(file, sections)
    run = Run(cell, combination, int(replicate))
    status = run_stage(
        "train",
        results,
        _only(config, "model", "training", "seed"),
        run,
        cell=cell,
        combination=combination,
        replicate=str(replicate),
        checkpoints=str(Results(results).checkpoints),
    )
    assert status == 0
    return Results(results).run(run).folder
