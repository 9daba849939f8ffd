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
    """Return what ``read_parameters`` does; check files of the run, by their names in RUN_FILES.

    Raises:
        UserError: as ``read_parameters``, or one of the files is not the training's.
    """
    parameters = read_parameters(paths)
    for name in names:
        check_digest(getattr(paths, name), parameters["sha256"].get(name))
    return parameters
