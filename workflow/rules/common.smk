import gc
import json
import os
import shlex
import socket
import sys
import warnings
from pathlib import Path

from snakemake.common import SNAKEFILE_CHOICES
from snakemake.common.configfile import load_configfile
from snakemake.io import flag
from snakemake.path_modifier import PATH_MODIFIER_FLAG
from snakemake.utils import update_config

from tweetrnn import content
from tweetrnn.code import PACKAGE, code_digest
from tweetrnn.config import read, resolve
from tweetrnn.errors import UserError
from tweetrnn.files import SNAKEMAKE_OPTIONS
from tweetrnn.grid import Run, runs
from tweetrnn.other_splits import other_splits, runs_on
from tweetrnn.results import RUN_FILES, Results
from tweetrnn.running import events, launch
from tweetrnn.running.quiet import FinishedCheckpoints, MissingFiles, ShortErrors, ShortJobs
from tweetrnn.stages import STAGES, check_arguments, parameters
from tweetrnn.supervision import in_allocation

logger.addFilter(ShortErrors())
logger.addFilter(ShortJobs())
logger.addFilter(MISSING := MissingFiles())
warnings.simplefilter("ignore", ResourceWarning)  # Snakemake's; PYTHONWARNINGS may make them errors
gc.set_threshold(100_000, 50, 100)  # thousands of jobs live to the end: rarely look for garbage


def merged(load):
    """Return what the config files and the command line say; ``load`` reads a file."""
    whole = {}
    for path in workflow.overwrite_configfiles or workflow.configfiles:
        update_config(whole, load(path))
    update_config(whole, workflow.config_settings.config)
    return whole


try:
    # Snakemake takes the last of two equal keys, and YAML's word for it that a label is a number.
    # A Snakefile around this one may have changed the config, or used YTE: then it stays.
    if config == merged(load_configfile) and "__use_yte__" not in (exact := merged(read)):
        config = exact
    config = resolve(config)
except UserError as error:
    sys.exit(f"error: {error}")

SPLITS = other_splits(config)
# The wildcard {experiment} is its name or, for its stages on another split, NAME/splits/SPLIT.
CONFIGS = {config["name"]: config}
CONFIGS |= {f"{config['name']}/splits/{name}": split.config for name, split in SPLITS.items()}
RESULTS = Results.of(config)
ANY = Results("results/{experiment}")
# The same folders as Snakemake sees them when this workflow is a module with a prefix.
LOCAL, LOCAL_ANY = (
    Results(workflow.modifier.path_modifier.replace_prefix(str(results)))
    for results in (RESULTS, ANY)
)
RUN = Run("{cell}", "{combination}", "{replicate}")
JOBS = ("train", "baselines")  # stages that are jobs of their own on a cluster
LIGHT = {"mem_mb": 2000, "runtime": 30}  # resources of a stage that takes seconds
STAGE = (
    # For srun, if it is a job step: unlike params, resources can grow with each attempt.
    "SLURM_MEM_PER_NODE={resources.mem_mb} {params.environment} {params.step} "
    "{params.python} -m tweetrnn {params.stage} {params.arguments:q} "
    "--config {params.config:q} --log {log:q}"
)


def same_experiment():
    """Return the options with which Snakemake, started here again, makes the same experiment."""
    usual = next((path for path in SNAKEFILE_CHOICES if Path(path).exists()), os.devnull)
    main, changed = workflow.main_snakefile, workflow.config_settings.config
    return shlex.join(
        [
            *([] if os.path.samefile(usual, main) else ["--snakefile", main]),
            *(["--configfile"] if workflow.overwrite_configfiles else []),
            *map(str, workflow.overwrite_configfiles),
            *(["--config"] if changed else []),
            *(f"{key}={json.dumps(value)}" for key, value in changed.items()),
        ]
    )


SAME_EXPERIMENT = same_experiment()


def at(*names, of=RESULTS):
    """Return {name: path} of files, by their names in results.py."""
    return {name: str(getattr(of, name)) for name in names}


def of_run(*names, run=RUN, of=ANY):
    """Return {name: path} of a run's files; by default their paths contain a run's wildcards."""
    return {name: str(getattr(of.run(run), name)) for name in names}


def experiment_of(wildcards):
    """Return a job's wildcard {experiment}, a key of CONFIGS."""
    return wildcards.get("experiment", config["name"])


def local_results(wildcards):
    """Return the Results that a job's outputs belong to, as Snakemake sees them."""
    return Results(str(LOCAL_ANY.folder).replace("{experiment}", experiment_of(wildcards)))


if workflow.is_main_process:
    logger.addFilter(FinishedCheckpoints(local_results, [LOCAL, *map(LOCAL.on, SPLITS)]))
events.record(logger, config, LOCAL, local_results, workflow)


def settings(*keys, without=(), config=config):
    """Return the config that a stage reads, as JSON: only a change of these keys reruns it.

    A key is a section, or SECTION.KEY; ``without`` are SECTION.KEY to leave out.
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


def stage(name, *keys, without=(), code=None, places=None, **constants):
    """Return the params of a rule that runs the stage ``name`` with the shell command STAGE.

    The arguments of the stage's function are the rule's named inputs and outputs (for a list of
    files, their folder), its wildcards, and ``constants``. The rule only waits for files without a
    name; a function that reads them takes ``results``, the folder of all results.

    Args:
        keys, without: the config that it reads, as for ``settings``.
        code: the digest of its code, if that is not its module's.
        places: {argument: path} of files outside the results. Where they are must not cause reruns.
    """
    chosen = {
        experiment: settings(*keys, without=without, config=config)
        for experiment, config in CONFIGS.items()
    }

    def arguments(wildcards, input, output):
        values = {key: value for key, value in wildcards.items() if key != "experiment"}
        for paths in (input, output):
            for key, path in paths.items():
                values[key] = str(path) if isinstance(path, str) else os.path.dirname(path[0])
        if "results" in parameters(name)[0] and "results" not in constants:
            # A file's path begins with the results folder, wherever a storage plugin has put it.
            path = str([*input, *output][0])
            folder = f"results/{experiment_of(wildcards)}"
            values["results"] = path[: path.rindex(folder)] + folder
        for key, value in constants.items():
            at_split = isinstance(value, str) and "{experiment}" in value
            values[key] = value.format(**wildcards) if at_split else value
        values |= places or {}
        check_arguments(name, [*values, "config"])
        return json.dumps(values)

    return {
        "stage": name,
        "arguments": arguments,
        # Functions, because Snakemake would look for wildcards in a string.
        "config": lambda wildcards: chosen[experiment_of(wildcards)],
        "constants": lambda wildcards: json.dumps(constants, sort_keys=True),
        "code": code or code_digest(STAGES[name]),
        "environment": environment,
        "python": python,
        "step": step if name in JOBS else "",
    }


def environment(wildcards, input):
    """Return the environment variables of a stage's command.

    The workflow's location, the process that runs it and the action on a diverged training must not
    cause reruns. They are in a param that depends on the input: Snakemake does not record those.
    """
    variables = {
        "TWEETRNN_SUPERVISOR": f"{os.getpid()}@{socket.gethostname()}",
        "TWEETRNN_ON_DIVERGENCE": config["training"]["on_divergence"],
        SNAKEMAKE_OPTIONS: SAME_EXPERIMENT,
        **launch.PYTHON,
    }
    if CHECKOUT:
        own = str(PACKAGE.parent)
        given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        variables["PYTHONPATH"] = os.pathsep.join([own, *(p for p in given if p not in ("", own))])
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())


def python(wildcards, input):
    """Return the Python that runs Snakemake; in a rule's own environment, the one there."""
    if workflow.deployment_settings.deployment_method:
        return "python"
    return shlex.quote(sys.executable)


def step(wildcards, input, threads, resources):
    """Return the command that makes a stage a job step; "" outside of an allocation."""
    return in_allocation.step(threads, resources.get("gpu", 0))


def memory(mb):
    """Return a job's memory, a function of the attempt."""
    return lambda wildcards, attempt: in_allocation.at_most(mb * attempt)


def of_runs(names, runs, of):
    """Return these files of Runs, a list of paths."""
    return [path for run in runs for path in of_run(*names, run=run, of=of).values()]


def of_grid(*names):
    """Return these files of every run of the grid, as an input function."""

    def files(wildcards):
        experiment = experiment_of(wildcards)
        return of_runs(names, runs(CONFIGS[experiment]), Results(f"results/{experiment}"))

    return files


def decision(checkpoint, results):
    """Return what a checkpoint (shortlist or select) wrote for these Results, when it has."""
    experiment = str(results.folder.relative_to("results"))
    [path] = getattr(checkpoints, checkpoint).get(experiment=experiment).output
    with path.open() as stream:
        return json.load(stream)


def of_finalists(*names):
    """Return these files of the runs to select from, besides the grid's, as an input function."""

    def files(wildcards):
        results = Results(f"results/{wildcards.experiment}")
        finalists = decision("shortlist", results)
        chosen = [
            Run(cell, combination, number)
            for cell, combinations in finalists["cells"].items()
            for combination in combinations
            for number in finalists["replicates"]
        ]
        return of_runs(names, chosen, results)

    return files


def choices(results):
    """Return what select wrote, with the key choices for all cells, the baselines' last."""
    selected = decision("select", results)
    return selected | {"choices": selected["cells"] | selected["baseline_cells"]}


def of_selected(*names, selected_run=False, results=RESULTS):
    """Return these files of the selected combinations' new replicates, as an input function.

    With ``selected_run``: those of the selected runs themselves. They are known after select.
    """

    def files(wildcards):
        selected = choices(results)
        chosen = [
            Run(cell, choice["combination"], number)
            for cell, choice in selected["choices"].items()
            for number in ([choice["replicate"]] if selected_run else selected["replicates"])
        ]
        return of_runs(names, chosen, results)

    return files


def of_other_splits(*names):
    """Return these files of all runs on other splits that are compared, as an input function."""

    def files(wildcards):
        selected = {
            cell: choice["combination"] for cell, choice in choices(RESULTS)["choices"].items()
        }
        paths = []
        for split in SPLITS.values():
            results = RESULTS.on(split.name)
            if split.reselects:
                paths += of_selected(*names, results=results)(wildcards)
            else:
                paths += of_runs(names, runs_on(split, selected, config), results)
        return paths

    return files


def named_by_config(path, key, hint):
    """Return a file that the config names under ``key``, as an input of a rule.

    Its path is relative to the working folder, whatever a module's prefix. If it is missing and no
    rule makes it, the message is about ``key``; ``hint`` says what to do.
    """
    path = path if "://" in path else os.path.normpath(path)  # Snakemake finds no file at a//b
    MISSING.messages[path] = (
        f"{key}: there is no file {path} (relative to {Path.cwd()}), and no rule makes it. {hint}"
    )
    stored = workflow.modifier.path_modifier.apply_default_storage(path)
    return flag(stored, PATH_MODIFIER_FLAG)


wildcard_constraints:
    experiment=f"{config['name']}(/splits/[^/]+)?",
    cell="[A-Za-z0-9]+",
    combination=r"rnn[^/]+",
    replicate=r"\d+",
