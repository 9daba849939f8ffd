"""Which version wrote an experiment's results: the only module that decides whether they are read.

The first and the last JSON file of the workflow, tokenize's facts and the report's summary, have
the number of the format. Those of version 1 have none.
"""

import os
import shlex

from tweetrnn.errors import UserError
from tweetrnn.files import SNAKEMAKE_OPTIONS, read_json

FORMAT = 2  # the version after whose change commands no longer read the results before it
_KEY = "format"


class OtherVersionError(UserError):
    """Results that another version of this workflow wrote."""


def marked(facts):
    """Return the facts of a JSON file, a dict, with the number of this version's format."""
    return {_KEY: FORMAT, **facts}


def read_marked(path, renew=None):
    """Return the facts in a JSON file that was written with ``marked``, without the number.

    ``renew`` is the command that writes the results again.

    Raises:
        OtherVersionError: another version wrote it.
        UserError: as ``read_json``.
    """
    facts = read_json(path)
    found = facts.pop(_KEY, 1) if isinstance(facts, dict) else 1
    if found != FORMAT:
        raise other_version(path, found, renew)
    return facts


def check(results, renew=None):
    """Raise OtherVersionError if Results that are there are of another version.

    ``renew`` is the command that writes them again.
    """
    if results.token_facts.exists():
        read_marked(results.token_facts, renew)


def other_version(path, found=1, renew=None):
    """Return the OtherVersionError about a file of the results.

    Args:
        found: the number of its format.
        renew: the command that writes the results again.
    """
    if found == 1:
        todo = renew or renewing()
        return OtherVersionError(
            f"{path}: written by an older version of this workflow, which this one cannot read; "
            f"write all results again with: {todo}"
        )
    return OtherVersionError(
        f"{path}: its format is {found!r}, and this version of the workflow reads {FORMAT}; use "
        "the version that wrote it"
    )


def renewing(configfile=None):
    """Return the command that writes an experiment's results again."""
    options = os.environ.get(SNAKEMAKE_OPTIONS, "--configfile CONFIG")
    if configfile:
        options = f"--configfile {shlex.quote(str(configfile))}"
    return f"snakemake --cores all {options}".rstrip()
