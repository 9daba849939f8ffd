"""Cuts what Snakemake adds to a failed stage's own message down to what helps."""

import logging
import re

from tweetrnn.errors import repeat_at_end

KILLED = re.compile(r"died with <Signals\.(\w+): \d+>")


class ShortErrors(logging.Filter):
    """For Snakemake's logger: a failed stage has said what is wrong, its command line adds nothing.

    A stage that was killed could not say so: then the message is made here.
    """

    def filter(self, record):
        """Change or refuse a record; whatever Snakemake words in another way stays as it is."""
        event = getattr(getattr(record, "event", None), "name", None)
        if event == "JOB_ERROR":
            record.input, record.output, record.shellcmd = [], [], None
            record.rule_msg = "stands above, and in the log"
        elif event == "ERROR" and getattr(record, "exception", None) == "RuleException":
            if found := KILLED.search(str(record.msg)):
                record.msg = (
                    f"error: a job was killed ({found[1]}). If nobody did it, memory ran out: run "
                    "fewer jobs at once (--cores), or choose a smaller training.batch_size or "
                    "model.units. The same command goes on from the last checkpoint."
                )
                repeat_at_end(record.msg)
            return bool(found) or "returned non-zero exit status" not in str(record.msg)
        return True
