"""The stages that rules run: each is a function, and a rule's named files are its arguments.

A rule runs ``python -m tweetrnn STAGE ARGUMENTS --config CONFIG --log FILE``. ARGUMENTS is a JSON
object with the function's arguments by name, CONFIG a JSON object with the sections of the config
that the stage reads; common.smk builds both.
"""

import argparse
import ast
import functools
import importlib
import json

from tweetrnn.code import file_of

# {stage: the module with its function, which has the stage's name}, in the order of the data.
STAGES = {
    "demo": "data.demo",
    "download": "data.download",
    "tokenize": "data.tokenize",
    "encode": "data.encode",
    "split": "data.split",
    "train": "training.train",
    "baselines": "evaluation.baselines",
    "aggregate": "evaluation.aggregate",
    "shortlist": "evaluation.shortlist",
    "select": "evaluation.select",
    "compare": "evaluation.compare",
    "robustness": "evaluation.robustness",
    "plot": "reporting.plot",
    "render": "reporting.render",
    "partial": "reporting.partial",
    "predict_file": "prediction.predict_file",
}


@functools.cache
def parameters(stage):
    """Return (names, required names) of the arguments that a stage's function accepts.

    Read from its source, so that nothing is imported: torch alone costs seconds.
    """
    tree = ast.parse(file_of(STAGES[stage]).read_text(encoding="utf-8"))
    signature = next(
        node.args for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == stage
    )
    names = [argument.arg for argument in signature.args + signature.kwonlyargs]
    no_default = [None] * (len(signature.args) - len(signature.defaults))
    defaults = [*no_default, *signature.defaults, *signature.kw_defaults]
    return names, [name for name, default in zip(names, defaults, strict=True) if default is None]


def check_arguments(stage, names):
    """Raise TypeError unless a stage's function can be called with the arguments of these names."""
    accepted, required = parameters(stage)
    unknown = sorted(set(names) - set(accepted))
    missing = sorted(set(required) - set(names))
    if unknown or missing:
        raise TypeError(
            f"{STAGES[stage]}.{stage} does not fit its rule: "
            f"unknown arguments {unknown}, missing arguments {missing}"
        )


def _json_object(text):
    value = json.loads(text)
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"expected a JSON object, got {text}")
    return value


def parse(command_line):
    """Return (stage, arguments, config, log) of a rule's command line, a list of strings."""
    parser = argparse.ArgumentParser(prog="python -m tweetrnn")
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("arguments", type=_json_object)
    parser.add_argument("--config", type=_json_object, default={})
    parser.add_argument("--log")
    options = parser.parse_args(command_line)
    try:
        check_arguments(options.stage, [*options.arguments, "config"])
    except TypeError as error:
        parser.error(str(error))
    return options.stage, options.arguments, options.config, options.log


def run(stage, arguments, config):
    """Run a stage; return its exit status."""
    function = getattr(importlib.import_module(f"tweetrnn.{STAGES[stage]}"), stage)
    return function(**arguments, config=config) or 0
