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


def settings(*keys, without=()):
    """The config that a stage reads, as JSON: only a change of these keys reruns it.

    A key is a section, all of it but the keys in ``without``, or SECTION.KEY.
    """
    chosen = {}
    for dotted in keys:
        section, _, key = dotted.partition(".")
        if key:
            chosen.setdefault(section, {})[key] = config[section][key]
        else:
            chosen[section] = config[section]
    for dotted in without:
        section, _, key = dotted.partition(".")
        chosen[section] = {k: v for k, v in chosen[section].items() if k != key}
    return json.dumps(chosen, sort_keys=True)


wildcard_constraints:
    cell="[A-Za-z0-9]+",
    combination=r"rnn[^/]+",
    replicate=r"\d+",
