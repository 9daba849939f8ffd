"""Cuts what Snakemake adds to a failed stage's own message down to what helps."""

import logging
import re

from tweetrnn.errors import repeat_at_end

KILLED = re.compile(r"died with <Signals\.(\w+): \d+>")
STAGE = "-m tweetrnn "  # in a stage's command line; a module's neighbours have other rules


def _event(record):
    """Return the name of Snakemake's event that a record tells of, or None."""
    return getattr(getattr(record, "event", None), "name", None)


class ShortErrors(logging.Filter):
    """For Snakemake's logger: a failed stage has said what is wrong, its command line adds nothing.

    A stage that was killed could not say so: then the message is made here.
    """

    def filter(self, record):
        """Change or refuse a record; whatever Snakemake words in another way stays as it is."""
        event = _event(record)
        if event == "JOB_ERROR" and STAGE in str(record.shellcmd):
            record.input, record.output, record.shellcmd = [], [], None
            record.rule_msg = "stands above, and in the log"
        elif event == "ERROR" and getattr(record, "exception", None) == "RuleException":
            if STAGE not in str(record.msg):
                return True
            if found := KILLED.search(str(record.msg)):
                record.msg = (
                    f"error: a job was killed ({found[1]}). If nobody did it, memory ran out: run "
                    "fewer jobs at once (--cores), or choose a smaller training.batch_size or "
                    "model.units. The same command goes on from the last checkpoint."
                )
                repeat_at_end(record.msg)
            return bool(found) or "returned non-zero exit status" not in str(record.msg)
        return True


class MissingFiles(logging.Filter):
    """For Snakemake's logger: where a file is missing that the config names, say which key it is.

    Whether a file is missing is for Snakemake to say: another rule or a storage may have it.
    """

    def __init__(self):
        super().__init__()
        self.messages = {}  # {path: the message}

    def filter(self, record):
        """Replace Snakemake's message by that of the first file that it lists."""
        if _event(record) == "ERROR" and record.exception == "MissingInputException":
            for line in str(record.msg).splitlines():
                if message := self.messages.get(line.strip()):
                    record.msg = f"error: {message}"
                    break
        return True
