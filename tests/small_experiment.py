"""A small experiment in this process, stage by stage, under the paths that the workflow uses."""

import json

from small_training import path_of
from tweetrnn.__main__ import main
from tweetrnn.config import resolve
from tweetrnn.data import encode, split
from tweetrnn.training import outputs

COMBINATION = "rnn2-dense2-dropout1-reg1-lr1e-2"


def completed(file, sections):
    """Return the config of an experiment on a file; ``sections`` are the config's own."""
    corpus = {"kind": "path", "path": str(file)} | sections.get("corpus", {})
    return resolve({"name": "small"} | sections | {"corpus": corpus})


def run_stage(results, name, paths, config, options=()):
    """Run a stage as its command line; ``paths`` are by option, ``config`` is what it reads."""
    files = [text for key, path in paths.items() for text in (f"--{key}", str(path))]
    own = ["--config", json.dumps(config), "--log", str(results / "log")]
    assert main([name, *files, *options, *own]) == 0


def places(folder, names, suffix):
    """Return {option: path} of files in a folder."""
    return {name.replace("_", "-"): folder / f"{name}{suffix}" for name in names}


def prepare(results, file, **sections):
    """Run the stages before the trainings on a corpus file; ``results`` is the experiment's."""
    config = completed(file, sections)
    results.mkdir(parents=True, exist_ok=True)
    tokenized, encoded, divided = (results / name for name in ("tokenize", "encode", "split"))
    own = places(tokenized, ["facts"], ".json") | places(tokenized, ["dropped"], ".csv")
    tweets = places(tokenized, ["tweets"], ".parquet")
    read = {key: config[key] for key in ("corpus", "tokenize")}
    run_stage(results, "tokenize", {"corpus": file, **tweets, **own}, read)

    words = places(encoded, encode.OUTPUTS, ".npy") | places(encoded, ["dictionary"], ".parquet")
    facts = {"token-facts": tokenized / "facts.json", "facts": encoded / "facts.json"}
    run_stage(results, "encode", {**tweets, **words, **facts}, {"sequence": config["sequence"]})

    own = places(divided, split.ARRAYS, ".npy") | places(
        divided, ["rows", "vocabulary"], ".parquet"
    )
    facts = {"encode-facts": encoded / "facts.json", "facts": divided / "facts.json"}
    read = {key: config[key] for key in ("split", "vocabulary", "seed")}
    run_stage(results, "split", {**tweets, **words, **own, **facts}, read)


def train_run(results, file, cell="LSTM", combination=COMBINATION, replicate=1, **sections):
    """Train one run after ``prepare``; return its folder."""
    config = completed(file, sections)
    run = results / "train" / cell / combination / str(replicate)
    paths = places(results / "split", split.ARRAYS, ".npy")
    paths |= {name: path_of(run, name) for name in outputs.OUTPUTS}
    paths |= {"facts": results / "split/facts.json", "checkpoint-dir": results / "checkpoints"}
    names = ["--cell", cell, "--combination", combination, "--replicate", str(replicate)]
    read = {key: config[key] for key in ("model", "training", "seed")}
    run_stage(results, "train", paths, read, names)
    return run
