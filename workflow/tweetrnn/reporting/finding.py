"""Find a finished experiment by its config file or its results folder."""

from pathlib import Path

from tweetrnn.config import read, resolve
from tweetrnn.errors import UserError
from tweetrnn.evaluation.diff import Finished, config_differences
from tweetrnn.reporting.sections.provenance import shareable
from tweetrnn.results import Results
from tweetrnn.results_format import read_marked
from tweetrnn.wording import listed

RUN = "python -m tweetrnn run --configfile"


def finished(argument):
    """Return the Finished experiment of a config file or a results folder.

    Raises:
        UserError: there is none, it has not finished, or its results are of another config or
            version.
    """
    path, config = Path(argument), None
    if path.is_dir():
        reject_part(argument, path)
        results, command = Results(path), f"{RUN} FILE (FILE is its config)"
    elif path.is_file():
        config = shareable(resolve(read(path)))
        results, command = Results.of(config), f"{RUN} {path}"
    else:
        raise UserError(f"{argument}: no such config file or results folder")
    if not results.summary.exists():
        raise UserError(
            f"{argument}: not finished, there is no {results.summary}; finish it with: {command}"
        )
    summary = read_marked(results.summary, command)
    written = summary["config"]
    if summary.get("comparison", True) is None:
        raise UserError(
            f"{argument}: a partial report; expected a finished experiment: finish it with: "
            f"{command}"
        )
    if config and (changed := config_differences({"file": config, "results": written})):
        raise UserError(
            f"{argument}: the results in {results} were made with another {listed(list(changed))}; "
            f"renew them with: {command} (or take them as they are: give the folder)"
        )
    return Finished(results, written)


def reject_part(argument, folder):
    """Raise UserError if a folder is not an experiment's, but lies in one."""
    split = Results(folder).split
    whole = folder.parents[1] if split else folder.parent
    if split or Results(whole).summary.exists():
        what = f"the split {split} of an experiment" if split else "a part of an experiment"
        raise UserError(
            f"{argument}: this is {what}; expected the folder of a whole one: {whole} (its report "
            "compares its splits)"
        )
