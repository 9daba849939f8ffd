import json
import os
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

WORKFLOW = Path(workflow.current_basedir).parent
sys.path.insert(0, str(WORKFLOW))

from tweetrnn.code import code_digest
from tweetrnn.config import resolve
from tweetrnn.errors import UserError
from tweetrnn.grid import combinations

try:
    config = resolve(config)
except UserError as error:
    raise WorkflowError(str(error))

RESULTS = f"results/{config['name']}"
CELLS = config["grid"]["cell"]
COMBINATIONS = [combination.name for combination in combinations(config["grid"])]
REPLICATES = range(1, config["training"]["replicates"] + 1)
PARTS = ["train", "validation", "test"]

# A global and not a param: where the workflow lies must not decide what is rerun.
TWEETRNN = f"PYTHONPATH={shlex.quote(str(WORKFLOW))} python -m tweetrnn"
SUPERVISOR = os.getpid()


def settings(*sections, without=()):
    """The config sections that a stage reads, as JSON: only a change of these reruns it."""
    chosen = {section: config[section] for section in sections}
    for section, key in (dotted.split(".") for dotted in without):
        chosen[section] = {k: v for k, v in chosen[section].items() if k != key}
    return json.dumps(chosen, sort_keys=True)


wildcard_constraints:
    cell="[A-Za-z0-9]+",
    combination=r"rnn[^/]+",
    replicate=r"\d+",
