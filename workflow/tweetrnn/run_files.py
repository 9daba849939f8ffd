"""Read a run's files as those that its training wrote: all of one run, and undamaged."""

from dataclasses import asdict

from tweetrnn.files import check_digest, damaged, read_json


def read_parameters(paths):
    """Return what a run's parameters.json holds, a dict (``paths``: its RunResults).

    Raises:
        UserError: the file is absent, damaged or another run's.
    """
    parameters = read_json(paths.parameters)
    for key, value in asdict(paths.run).items():
        if parameters.get(key) != value:
            raise damaged(paths.parameters, f"its {key} is {parameters.get(key)!r}, not {value!r}")
    return parameters


def check(paths, *names):
    """Raise UserError if files of a run, by their names in RUN_FILES, are not the training's."""
    digests = read_parameters(paths)["sha256"]
    for name in names:
        check_digest(getattr(paths, name), digests[name])
