#!/bin/bash
# The SLURM job in which everything runs. A site or an experiment may change the lines of SBATCH;
# `make slurm SBATCH="--ntasks=32"` and SLURM's own variables (SBATCH_PARTITION, SBATCH_ACCOUNT,
# SBATCH_TIMELIMIT) go before them. docs/cluster.md describes it.

# Trainings at the same time, on one node or several
#SBATCH --ntasks=16
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=1500M
#SBATCH --time=4:00:00
# A GPU for each training (without it they use CPUs, which are as fast for networks of this size):
##SBATCH --gpus-per-task=1

# A minute before the time limit the trainings write checkpoints and the job is queued again.
#SBATCH --signal=B:USR1@60
#SBATCH --requeue
#SBATCH --open-mode=append

exec "$@"
