"""What Snakemake's messages lead to: short errors, and no checkpoints of finished trainings."""

import logging
import re
import shutil

from tweetrnn.errors import repeat_at_end
from tweetrnn.grid import Run

KILLED = re.compile(r"died with <Signals\.(\w+): \d+>")
# The traceback of an OSError.
OF_A_FILE = re.compile(r"Traceback \(most recent.*\n\w+: \[Errno \d+\] ([^\n]+)", re.DOTALL)
SEE_LOG = "see above, and the log"
STAGE = "-m tweetrnn "  # in a stage's command; an outer workflow's rules have other commands


def _event(record):
    """Return the name of the Snakemake event that a log record is about, or None."""
    return getattr(getattr(record, "event", None), "name", None)


class ShortErrors(logging.Filter):
    """For Snakemake's logger: leaves out a failed stage's command, since the stage has said why.

    A stage that was killed could not say why; its message is written here. So is that of Snakemake
    itself about a file that it cannot write, instead of a traceback.
    """

    def filter(self, record):
        """Change or drop a record of a failed stage; all others stay as they are."""
        event = _event(record)
        if event == "JOB_ERROR" and STAGE in str(record.shellcmd):
            record.input, record.output, record.shellcmd = [], [], None
            # A cluster's reason, without sbatch's command line; locally there is none.
            reason = str(record.rule_msg or "").partition("\n    sbatch call:")[0]
            record.rule_msg = reason or SEE_LOG
        elif (
            event == "ERROR"
            and getattr(record, "exception", None) == "RuleException"
            and STAGE in str(record.msg)
        ):
            if match := KILLED.search(str(record.msg)):
                record.msg = (
                    f"error: a job was killed ({match[1]}). If nobody killed it, memory ran out: "
                    "run fewer jobs at once (--cores), or choose a smaller training.batch_size or "
                    "model.units. The same command continues from the last checkpoint."
                )
                repeat_at_end(record.msg)
            return bool(match) or "returned non-zero exit status" not in str(record.msg)
        elif event == "ERROR" and (match := OF_A_FILE.fullmatch(str(record.msg).rstrip())):
            record.msg = f"error: {match[1]}; fix that and run again"
            repeat_at_end(record.msg)
        return True


class ShortJobs(logging.Filter):
    """For Snakemake's logger: shortens what it says of a job that begins, whose logs have it all.

    Lists of paths, also those in a job's reason, become their first and the number of the others.
    """

    def filter(self, record):
        """Change or drop a record of a job that begins; all others stay as they are."""
        event = _event(record)
        if record.msg == "Select jobs to execute...":  # the next lines say which
            return False
        if event == "JOB_INFO" and (STAGE in str(record.shellcmd) or record.shellcmd is None):
            record.input, record.output = shortened(record.input), shortened(record.output)
            parts = str(record.reason).split("; ")
            record.reason = "; ".join(
                f"{what}: {', '.join(shortened(paths.split(', ')))}" if paths else what
                for what, _, paths in (part.partition(": ") for part in parts)
            )
        return True


def shortened(paths):
    """Return a list of paths as one of at most two texts: the first, and how many more."""
    return list(paths) if len(paths) < 3 else [f"{paths[0]} and {len(paths) - 1} more"]


class FinishedCheckpoints(logging.Filter):
    """For Snakemake's logger: removes a training's checkpoint once its job is done.

    Not the job itself, because only now is it known not to be tried again. A checkpoint is four
    times as large as the weights. When all jobs are done, what a killed Snakemake left is removed,
    too; onsuccess would not run where the workflow is a module.

    Args:
        results_of: the function that returns the Results of a wildcard {experiment}.
        all_results: the Results of all experiments.
    """

    def __init__(self, results_of, all_results=()):
        super().__init__()
        self.results_of, self.all_results = results_of, all_results
        self.trainings = {}  # Snakemake's job number: RunResults

    def filter(self, record):
        """Note a training's job, or remove its checkpoint; keep the record."""
        event = _event(record)
        if event == "JOB_INFO" and {"cell", "combination", "replicate"} <= {*record.wildcards}:
            wildcards = dict(record.wildcards)
            run = Run(*(wildcards[key] for key in ("cell", "combination", "replicate")))
            self.trainings[record.jobid] = self.results_of(wildcards).run(run)
        elif event == "JOB_FINISHED" and record.job_id in self.trainings:
            self._remove(self.trainings.pop(record.job_id))
        elif event == "PROGRESS" and record.done == record.total:
            for results in self.all_results:
                for path in results.checkpoints.glob("*/*/*/checkpoint.safetensors"):
                    run = Run.parse(str(path.parent.relative_to(results.checkpoints)))
                    self._remove(results.run(run))
        return True

    def _remove(self, paths):
        if paths.history.exists():
            shutil.rmtree(paths.checkpoint, ignore_errors=True)


class MissingFiles(logging.Filter):
    """For Snakemake's logger: if a file of the config is missing, says which key names it.

    Only Snakemake knows whether it is missing: another rule or a storage may have it.
    """

    def __init__(self):
        super().__init__()
        self.messages = {}  # {path: the message}

    def filter(self, record):
        """Replace Snakemake's message by that of a listed file that has one."""
        if _event(record) == "ERROR" and record.exception == "MissingInputException":
            for path, message in self.messages.items():  # a path may have several lines
                if re.search(rf"\n +{re.escape(path)}(\n|\Z)", str(record.msg)):
                    record.msg = f"error: {message}"
                    repeat_at_end(record.msg)
        return True
