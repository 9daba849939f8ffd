TRAINING_MB = 1500
TRAINING_CODE = code_digest("training.fit")  # not the locks and guards around it
TRAINING = stage(
    "train",
    *("model", "training", "seed"),
    without=[
        f"training.{key}"
        for key in (
            "replicates",
            "selected_replicates",
            "finalists",
            "finalist_replicates",
            "on_divergence",
        )
    ],
    code=TRAINING_CODE,
    code_digest=TRAINING_CODE,
    checkpoints=str(LOCAL_ANY.checkpoints),
)


rule recipe:
    # What all trainings have in common. Snakemake has no record of a training that ended while
    # Snakemake was dead or cut off from the cluster. Such a training is out of date only if an
    # input is newer, so this file is rewritten when the code or the config changes.
    output:
        **at("recipe"),
    log:
        RESULTS.log("recipe"),
    localrule: True
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=100,
        runtime=10,
    params:
        code=TRAINING["code"],
        config=TRAINING["config"],
    message:
        "Noting what all trainings have in common"
    shell:
        """printf '{{"code": "%s", "config": %s}}\n' {params.code} {params.config:q} """
        "> {output:q} 2> {log:q}"


rule train:
    input:
        at("recipe").values(),
        **at(*SPLIT_ARRAYS, "split_facts", of=ANY),
    output:
        **of_run(*RUN_FILES),
    log:
        ANY.run(RUN).log,
    benchmark:
        ANY.run(RUN).benchmark
    conda:
        "../../envs/train.yaml"
    threads: config["training"]["threads"]
    resources:
        mem_mb=memory(TRAINING_MB),
        runtime=60,  # no more for a retry, which continues from a checkpoint
    params:
        **TRAINING,
    message:
        "Training {wildcards.cell} {wildcards.combination}, replicate {wildcards.replicate}"
    shell:
        STAGE
