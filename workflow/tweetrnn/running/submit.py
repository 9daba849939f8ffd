"""Run the workflow on a SLURM cluster: in one allocation, or with a job for each training."""

import logging
import shutil
from pathlib import Path

from tweetrnn.errors import UserError
from tweetrnn.running import ending, launch
from tweetrnn.supervision import slurm
from tweetrnn.supervision.allocation import Allocation
from tweetrnn.supervision.job_each import JobEach
from tweetrnn.supervision.ownership import Ownership

logger = logging.getLogger("tweetrnn")
PROFILES = {"allocation": "workflow/profiles/allocation", "jobs": "workflow/profiles/slurm"}
NUMBERS = [  # options: name, type (float: seconds), default and meaning
    ("poll", float, 15, "time between two questions to SLURM"),
    ("leaving", float, 300, "time in which a cancelled job must be gone"),
    ("outage", float, 3600, "time after which to give up if SLURM does not answer"),
    ("restarts", int, 3, "how often to start again after faults of the cluster"),
]  # fmt: skip


def add_arguments(parser):
    """Add this command's options."""
    launch.add_arguments(parser)
    parser.add_argument(
        "--way",
        choices=list(PROFILES),
        default="allocation",
        help="allocation: one SLURM job, in which every training is a job step (default); jobs: a "
        "SLURM job for each training, for trainings of ten minutes and more and for shared GPUs",
    )
    parser.add_argument(
        "--profile",
        type=Path,
        metavar="FOLDER",
        help=f"Snakemake's workflow profile (default: {' or '.join(PROFILES.values())})",
    )
    parser.add_argument(
        "--sbatch",
        metavar="OPTIONS",
        help='with an allocation: more options for sbatch, such as "--ntasks=32 --time=8:00:00"',
    )
    parser.add_argument(
        "--leftovers",
        choices=["cancel", "wait"],
        default="cancel",
        help="with jobs: what happens to a dead submission's running jobs: cancelled, to continue "
        "from their checkpoints, or waited for (default: cancel)",
    )
    parser.add_argument(
        "--verbose",
        action="store_true",
        help="print Snakemake's output, which otherwise goes to a file, instead of the progress",
    )
    for name, unit, default, summary in NUMBERS:
        metavar, help_text = ("N" if unit is int else "SECONDS"), f"{summary} (default: {default})"
        parser.add_argument(
            f"--{name}", type=unit, default=default, metavar=metavar, help=help_text
        )


def main(options):
    """Submit the workflow and stay until it is done; return the exit status."""
    launch.check_config(options)
    if options.sbatch and options.way == "jobs":
        raise UserError(
            "--sbatch is for an allocation; with --way jobs a job's resources are the profile's, "
            "or those of -- --set-resources ..."
        )
    options.profile = (options.profile or launch.ROOT / PROFILES[options.way]).absolute()
    if not (options.profile / "profile.yaml").is_file():
        raise UserError(
            f"{options.profile}: there is no profile.yaml in it; name a folder that has one"
        )
    for command in ("sbatch", "squeue"):
        if not shutil.which(command):
            raise UserError(
                f"there is no {command} on the PATH; is this a login node of a SLURM cluster?"
            )
    slurm.forget_users_settings()
    if options.way == "allocation":
        logger.warning("Submitting one SLURM job, in which each training is a job step")
        return ending.with_answer(Allocation(options).run())
    logger.warning("Submitting a SLURM job for each training")
    for path in (Path.cwd(), launch.ROOT, options.profile):
        if "$" in str(path):
            raise UserError(
                f"{path}: a job for each training cannot have $ in a path, which Snakemake's SLURM "
                "plugin would expand; use another folder, or --way allocation"
            )
    with Ownership.take(Path.cwd()) as ownership:
        return ending.with_answer(JobEach(options, ownership).run())
