"""Know an input by its content.

Snakemake compares contents only of inputs that are newer than the outputs. A file that was replaced
by one with an older date (``mv``, ``unzip``, ``cp -p``) would pass for the old one.
"""

import json
import stat
from contextlib import suppress
from pathlib import Path

from tweetrnn.files import sha256_of, write_text

KNOWN = Path(".snakemake/tweetrnn/digests.json")  # {path: [size and times of the file, its sha256]}


def digest(path):
    """Return the sha256 of a file, which is read only if it has changed since the last time.

    Of a file that is not there now, such as a storage's or a rule's temporary one, it is the last
    one known; of one that was never seen or cannot be read it is empty.
    """
    known, before, sha256 = {}, None, ""
    with suppress(OSError, ValueError, TypeError):  # not there, or damaged
        known = dict(json.loads(KNOWN.read_text(encoding="utf-8")))
        before, sha256 = known.get(str(path), (before, sha256))
    with suppress(OSError):
        found = Path(path).stat()
        now = [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
        if stat.S_ISREG(found.st_mode) and now != before:  # a pipe can be read only once
            sha256 = sha256_of(path)
            with suppress(OSError):  # a folder that is read-only, such as during a dry run
                write_text(KNOWN, json.dumps(known | {str(path): [now, sha256]}))
    return sha256
