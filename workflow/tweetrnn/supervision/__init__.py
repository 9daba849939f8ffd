"""What keeps runs safe when processes, machines or a cluster fail.

A reader who wants to know what is computed can skip this folder: no result depends on it. Locally,
``ownership`` lets one Snakemake at a time run in a folder, and ``guard`` stops a training in time
to save a checkpoint and lets one process at a time write a run. On SLURM, ``submission`` is what
the two ways to submit have in common; ``allocation`` and ``in_allocation`` are one way,
``job_each`` and ``stand_ins`` the other.
"""
