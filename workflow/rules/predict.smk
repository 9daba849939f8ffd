from tweetrnn.config import files_to_predict

TO_PREDICT = files_to_predict(config["predict"]["files"])
PREDICTED = [f"{RESULTS}/predict/{name}.csv" for name in TO_PREDICT]

for name, path in TO_PREDICT.items():
    require(path, f"predict.files, {name}", "Mend its path, or take it out")


rule predict:
    input:
        tweets=lambda wildcards: TO_PREDICT[wildcards.name],
        token_facts=rules.tokenize.output.facts,
        split_facts=rules.split.output.facts,
        vocabulary=rules.split.output.vocabulary,
        runs=rules.aggregate.output.runs_parquet,
        selected=rules.select.output.selected,
        of_runs=of_selected(TRAINED["best"], TRAINED["parameters"], further=False),
    output:
        f"{RESULTS}/predict/{{name}}.csv",
    log:
        f"{RESULTS}/logs/predict/{{name}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/predict/{{name}}.tsv"
    wildcard_constraints:
        name="[A-Za-z0-9][A-Za-z0-9_.-]*",
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=TRAINING_MB,
        runtime=60,
    params:
        results=lambda wildcards, input: str(Path(input.selected).parents[1]),
        column=config["predict"]["text_column"]
        or config["corpus"].get("columns", {"text": "text"})["text"],
        code=code_digest("prediction.predict"),
    message:
        "Predicting the tweets of {input.tweets}"
    shell:
        "python -m tweetrnn predict --results {params.results:q} --input {input.tweets:q} "
        "--text-column {params.column:q} --output {output:q} --log {log:q}"
