from tweetrnn.config import files_to_predict

TO_PREDICT = {
    name: named_by_config(path, f"predict.files, {name}", "Correct its path, or remove it")
    for name, path in files_to_predict(config["predict"]["files"]).items()
}
ANSWERS = [str(RESULTS.answers(name)) for name in TO_PREDICT]


rule predict:
    input:
        of_selected("best", "parameters", selected_run=True),
        **at("token_facts", "split_facts", "vocabulary", "runs", "aggregate_facts", "selected"),
        file=lambda wildcards: TO_PREDICT[wildcards.name],
    output:
        answers=RESULTS.answers("{name}"),
    log:
        RESULTS.log("predict/{name}"),
    benchmark:
        RESULTS.benchmark("predict/{name}")
    wildcard_constraints:
        name="[A-Za-z0-9][A-Za-z0-9_.-]*",
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=TRAINING_MB,
        runtime=60,
    params:
        **stage("predict_file", "predict", without=["predict.files"]),
        content=lambda wildcards: content.digest(TO_PREDICT[wildcards.name]),
    message:
        "Predicting the tweets of {input.file}"
    shell:
        STAGE
