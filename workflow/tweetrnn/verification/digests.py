"""Check the files of an experiment against what the stages that wrote them recorded."""

from pathlib import Path

from tweetrnn.errors import UserError
from tweetrnn.files import check_digest, damaged, read_json
from tweetrnn.results import FILES, Results
from tweetrnn.run_files import read_parameters

# JSON files that hold the sha256 of others, and those that have only their own checksum.
OF_A_SPLIT = ("split_facts", "baseline_metrics", "aggregate_facts")
FACTS = ("token_facts", "encode_facts", *OF_A_SPLIT, "figure_facts")
OTHERS = ("finalists", "selected", "comparison", "summary")
OF_A_RUN = ("history", "best", "last", "predictions", "architecture")


def check(results, trainings):
    """Check all files of a finished experiment that have a digest or a checksum.

    Args:
        results: the experiment's Results.
        trainings: all its Trainings.

    Returns:
        (how many files were checked, the messages about those that are not as written).
    """
    messages, files = [], {}

    def add(recorded, *arguments):
        try:
            files.update(recorded(*arguments))
        except UserError as error:
            messages.append(str(error))

    for name in (*FACTS, *OTHERS):
        add(recorded_in, results, name)
    for folder in dict.fromkeys(one.results.folder for one in trainings):
        on = Results(folder)
        for name in OF_A_SPLIT if folder != results.folder else ():
            if getattr(on, name).exists():  # its kind decides which it has
                add(recorded_in, on, name)
    for one in trainings:
        add(recorded_by_run, one.results.run(one.run))
    for path, digest in files.items():
        add(_check_one, path, digest)
    return len(files), messages


def _check_one(path, digest):
    if digest is not None:
        check_digest(path, digest)
    return {}


def recorded_in(results, name):
    """Return {path: its sha256} of what a file of facts has recorded, by the facts' name in FILES.

    The file itself, whose checksum is right, is among them, with None.

    Raises:
        UserError: the file is absent, damaged or of another version.
    """
    path = getattr(results, name)
    facts, found = read_json(path), {path: None}
    if name == "token_facts":
        return found | {results.tweets: facts.get("tweets_sha256")}
    if name in OTHERS:
        return found
    if not isinstance(facts.get("sha256"), dict):
        raise damaged(path, "it has no sha256 of the files that were written with it")
    for key, digest in facts["sha256"].items():
        if name == "figure_facts":
            found[Path(results.figures, key)] = digest
        elif name == "baseline_metrics":
            found[results.baseline_predictions] = digest
        elif key in FILES and getattr(results, key).parent == path.parent:
            found[getattr(results, key)] = digest
    return found


def recorded_by_run(paths):
    """Return {path: its sha256} of a run's files as ``recorded_in``; ``paths`` its RunResults.

    Raises:
        UserError: one of its JSON files is absent or damaged.
    """
    digests = read_parameters(paths)["sha256"]
    for path in (paths.timing, paths.provenance):
        read_json(path)
    found = dict.fromkeys((paths.parameters, paths.timing, paths.provenance))
    return found | {getattr(paths, name): digests.get(name, "") for name in OF_A_RUN}
