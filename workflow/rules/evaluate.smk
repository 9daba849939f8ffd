rule baselines:
    input:
        tweets=rules.tokenize.output.tweets,
        rows=rules.split.output.rows,
        facts=rules.split.output.facts,
    output:
        metrics=f"{RESULTS}/baselines/metrics.json",
        predictions=f"{RESULTS}/baselines/predictions.parquet",
    log:
        f"{RESULTS}/logs/baselines.log",
    benchmark:
        f"{RESULTS}/benchmarks/baselines.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=30,
    params:
        config=settings("seed"),
        code=code_digest("evaluation.baselines"),
    message:
        "Scoring the majority class and a logistic regression"
    shell:
        "python -m tweetrnn baselines --tweets {input.tweets:q} --rows {input.rows:q} "
        "--facts {input.facts:q} --metrics {output.metrics:q} "
        "--predictions {output.predictions:q} --config {params.config:q} --log {log:q}"


rule aggregate:
    input:
        of_runs=of_grid(
            *[TRAINED[name] for name in ["history", "parameters", "timing", "predictions"]]
        ),
        benchmarks=of_grid(BENCHMARK),
    output:
        runs_csv=report(
            f"{RESULTS}/aggregate/runs.csv",
            caption="../captions/runs.rst",
            category="All runs",
            labels={"table": "All runs"},
        ),
        runs_parquet=f"{RESULTS}/aggregate/runs.parquet",
        epochs_csv=f"{RESULTS}/aggregate/epochs.csv",
        epochs_parquet=f"{RESULTS}/aggregate/epochs.parquet",
    log:
        f"{RESULTS}/logs/aggregate.log",
    benchmark:
        f"{RESULTS}/benchmarks/aggregate.tsv"
    localrule: True
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        train=folder_of_runs,
        benchmarks=lambda wildcards, input: str(Path(input.benchmarks[0]).parents[2]),
        config=settings("grid", "seed", "training.replicates", "report.rank_by"),
        code=code_digest("evaluation.aggregate"),
    message:
        "Gathering all runs in one table"
    shell:
        "python -m tweetrnn aggregate --train-dir {params.train:q} --benchmark-dir {params.benchmarks:q} "
        "--runs-csv {output.runs_csv:q} --runs-parquet {output.runs_parquet:q} "
        "--epochs-csv {output.epochs_csv:q} --epochs-parquet {output.epochs_parquet:q} "
        "--config {params.config:q} --log {log:q}"


checkpoint select:
    input:
        runs=rules.aggregate.output.runs_parquet,
    output:
        selected=f"{RESULTS}/select/selected.json",
    log:
        f"{RESULTS}/logs/select.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        config=settings(
            "grid.cell",
            "report.select_by",
            "training.replicates",
            "training.selected_replicates",
        ),
        code=code_digest("evaluation.select"),
    message:
        "Selecting each cell's best combination on validation"
    shell:
        "python -m tweetrnn select --runs {input.runs:q} --selected {output.selected:q} "
        "--config {params.config:q} --log {log:q}"


rule compare:
    input:
        selected=rules.select.output.selected,
        runs=rules.aggregate.output.runs_parquet,
        baselines=rules.baselines.output.predictions,
        rows=rules.split.output.rows,
        facts=rules.split.output.facts,
        replicates=of_selected(TRAINED["predictions"], TRAINED["parameters"]),
        of_runs=of_grid(TRAINED["predictions"]),
    output:
        comparison=f"{RESULTS}/compare/comparison.json",
    log:
        f"{RESULTS}/logs/compare.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare.tsv"
    localrule: True
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        train=folder_of_runs,
        config=settings("grid", "seed", "report.resamples", "report.show_tweets"),
        code=code_digest("evaluation.compare"),
    message:
        "Comparing the selected combinations"
    shell:
        "python -m tweetrnn compare --selected {input.selected:q} --runs {input.runs:q} "
        "--train-dir {params.train:q} --baselines {input.baselines:q} --rows {input.rows:q} "
        "--facts {input.facts:q} --comparison {output.comparison:q} "
        "--config {params.config:q} --log {log:q}"
