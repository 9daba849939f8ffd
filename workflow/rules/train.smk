TRAININGS = f"{RESULTS}/train"
BENCHMARKS = f"{RESULTS}/benchmarks/train"
TRAINING_MB = 1500
RUN = "{cell}/{combination}/{replicate}"
# Named here and not by rules.train.output, where a path is already what a storage makes of it.
TRAINED = {
    "history": f"{TRAININGS}/{RUN}/history.csv",
    "best": f"{TRAININGS}/{RUN}/best.safetensors",
    "last": f"{TRAININGS}/{RUN}/last.safetensors",
    "predictions": f"{TRAININGS}/{RUN}/predictions.parquet",
    "architecture": f"{TRAININGS}/{RUN}/architecture.json",
    "parameters": f"{TRAININGS}/{RUN}/parameters.json",
    "timing": f"{TRAININGS}/{RUN}/timing.json",
    "provenance": f"{TRAININGS}/{RUN}/provenance.json",
}
BENCHMARK = f"{BENCHMARKS}/{RUN}.tsv"


rule recipe:
    # What all trainings have in common. Snakemake has no record of a training that ended while
    # Snakemake was dead or cut off from the cluster; only an input that is newer tells then that
    # the training is out of date.
    output:
        f"{RESULTS}/recipe/train.json",
    log:
        f"{RESULTS}/logs/recipe.log",
    localrule: True
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=100,
        runtime=10,
    params:
        config=settings(
            "model",
            "training",
            "seed",
            without=[
                "training.replicates",
                "training.selected_replicates",
                "training.on_divergence",
            ],
        ),
        code=code_digest("training.train"),
    message:
        "Noting what all trainings have in common"
    shell:
        """printf '{{"code": "%s", "config": %s}}\n' {params.code} {params.config:q} """
        "> {output:q} 2> {log:q}"


rule train:
    input:
        **{
            f"{part}_{array}": rules.split.output[f"{part}_{array}"]
            for part in PARTS
            for array in ["sequences", "labels"]
        },
        facts=rules.split.output.facts,
        recipe=rules.recipe.output,
    output:
        **TRAINED,
    log:
        f"{RESULTS}/logs/train/{RUN}.log",
    benchmark:
        BENCHMARK
    conda:
        "../../envs/train.yaml"
    threads: config["training"]["threads"]
    resources:
        mem_mb=lambda wildcards, attempt: TRAINING_MB * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        config=rules.recipe.params.config,
        checkpoints=f"{RESULTS}/checkpoints/{RUN}",
        code=rules.recipe.params.code,
    message:
        "Training {wildcards.cell} {wildcards.combination}, replicate {wildcards.replicate}"
    shell:
        "python -m tweetrnn train --cell {wildcards.cell:q} --combination {wildcards.combination:q} "
        "--replicate {wildcards.replicate} "
        "--train-sequences {input.train_sequences:q} --train-labels {input.train_labels:q} "
        "--validation-sequences {input.validation_sequences:q} "
        "--validation-labels {input.validation_labels:q} "
        "--test-sequences {input.test_sequences:q} --test-labels {input.test_labels:q} "
        "--facts {input.facts:q} --history {output.history:q} --best {output.best:q} "
        "--last {output.last:q} --predictions {output.predictions:q} "
        "--architecture {output.architecture:q} --parameters {output.parameters:q} "
        "--timing {output.timing:q} --provenance {output.provenance:q} "
        "--checkpoint-dir {params.checkpoints:q} "
        "--code-digest {params.code} "
        "--config {params.config:q} --log {log:q}"


onsuccess:
    # Only now are trainings known to be done; a checkpoint is as large as four times the weights.
    for checkpoint in Path(RESULTS, "checkpoints").glob("*/*/*/checkpoint.safetensors"):
        run = checkpoint.parent.relative_to(f"{RESULTS}/checkpoints")
        if Path(TRAININGS, run, "history.csv").exists():
            shutil.rmtree(checkpoint.parent)
