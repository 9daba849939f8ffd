# Trainings that do nothing, for slurm_overhead.py: as many files as real ones have, and started in
# the same way.
import json
import resource

from tweetrnn.results import RUN_FILES
from tweetrnn.supervision import in_allocation

RUN = "train/{cell}/{combination}/{replicate}"


rule all:
    input:
        [f"train/LSTM/empty/{number}/history.csv" for number in range(int(config["trainings"]))],


rule train:
    output:
        [f"{RUN}/{file}" for file in RUN_FILES.values()],
    log:
        f"logs/{RUN}.log",
    benchmark:
        f"benchmarks/{RUN}.tsv"
    resources:
        mem_mb=1500,
        runtime=5,
    params:
        step=lambda wildcards, input, threads: in_allocation.step(threads, gpus=0),
    shell:
        "SLURM_MEM_PER_NODE={resources.mem_mb} {params.step} touch {output} 2> {log}"


onsuccess:
    used = resource.getrusage(
        resource.RUSAGE_SELF
    )  # of the main process, not of what it starts
    with open("main.json", "w") as stream:
        json.dump({"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024}, stream)
