import gc
import json
import os
import shlex
import shutil
import sys
from pathlib import Path

WORKFLOW = Path(workflow.current_basedir).parent
sys.path.insert(0, str(WORKFLOW))

from tweetrnn.code import code_digest
from tweetrnn.config import resolve, results_folder
from tweetrnn.data.download import file_name
from tweetrnn.errors import UserError
from tweetrnn.grid import combinations
from tweetrnn.parts import PARTS
from tweetrnn.running.quiet import OwnWords

logger.addFilter(OwnWords())
gc.set_threshold(100_000, 50, 100)  # jobs by the thousand live to the end: look seldom for garbage

try:
    config = resolve(config)
except UserError as error:
    sys.exit(f"error: {error}")

RESULTS = str(results_folder(config))
CELLS = config["grid"]["cell"]
COMBINATIONS = [combination.name for combination in combinations(config)]
REPLICATES = range(1, config["training"]["replicates"] + 1)

# Not params: where the workflow lies, in which process, and what becomes of a training that
# diverges must not decide what is rerun.
shell.prefix(
    f"set -euo pipefail; export PYTHONPATH={shlex.quote(str(WORKFLOW))}; "
    f"export TWEETRNN_SUPERVISOR={os.getpid()}; "
    f"export TWEETRNN_ON_DIVERGENCE={config['training']['on_divergence']}; "
)


def require(path, key, hint):
    """End with one message if the file that the config names under ``key`` is absent.

    What a storage holds, only Snakemake can tell.
    """
    if not workflow.storage_settings.default_storage_provider and not Path(path).is_file():
        sys.exit(f"error: {key}: there is no file {path} (relative to {Path.cwd()}). {hint}")


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


def of_grid(*patterns):
    """These files of each training of the grid: a function, or else every job would list them."""
    return lambda wildcards: expand(
        patterns, cell=CELLS, combination=COMBINATIONS, replicate=REPLICATES
    )


def of_selected(*patterns, further=True):
    """These files of the selected combinations' further trainings, known once select has run.

    Not ``further``: of the selected runs themselves.
    """

    def files(wildcards):
        with checkpoints.select.get().output.selected.open() as stream:
            selected = json.load(stream)
        return [
            path
            for cell, choice in selected["cells"].items()
            for path in expand(
                patterns,
                cell=cell,
                combination=choice["combination"],
                replicate=selected["replicates"] if further else choice["replicate"],
            )
        ]

    return files


def folder_of_runs(wildcards, input):
    """The folder with CELL/COMBINATION/REPLICATE/, wherever the inputs of_runs lie."""
    return str(Path(input.of_runs[0]).parents[3])


def for_snakemakes_report(stem):
    """A figure as Snakemake's own report shows it."""
    about = caption_of(stem)
    return report(
        f"{RESULTS}/plot/{stem}.svg",
        caption=f"{CAPTIONS}/{about['caption']}",
        category=about["category"],
        labels=about["labels"],
    )


def if_there(option, path):
    """An option with a file that may not be made yet, or nothing."""
    return f"{option} {shlex.quote(str(path))}" if Path(str(path)).is_file() else ""


wildcard_constraints:
    cell="[A-Za-z0-9]+",
    combination=r"rnn[^/]+",
    replicate=r"\d+",
