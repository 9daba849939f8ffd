from tweetrnn.reporting.figures import caption_of, figure_names

FIGURES = figure_names(config)
PARTIAL = f"{RESULTS}/partial"
CAPTIONS = f"{workflow.current_basedir}/../captions"
TEMPLATES = sorted((WORKFLOW / "templates").iterdir())


rule plot:
    input:
        runs=rules.aggregate.output.runs_parquet,
        epochs=rules.aggregate.output.epochs_parquet,
        baselines=rules.baselines.output.metrics,
        offsets=rules.encode.output.offsets,
        encode_facts=rules.encode.output.facts,
        comparison=rules.compare.output.comparison,
    output:
        [for_snakemakes_report(stem) for stem in FIGURES],
        [f"{RESULTS}/plot/{stem}.png" for stem in FIGURES],
    log:
        f"{RESULTS}/logs/plot.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot.tsv"
    localrule: True
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        folder=lambda wildcards, output: os.path.dirname(output[0]),
        memory=TRAINING_MB,
        config=settings("grid", "report.top", "report.rank_by", "training.replicates"),
        code=code_digest("reporting.plot"),
    message:
        "Drawing the figures"
    shell:
        "python -m tweetrnn plot --runs {input.runs:q} --epochs {input.epochs:q} "
        "--baselines {input.baselines:q} --offsets {input.offsets:q} "
        "--encode-facts {input.encode_facts:q} "
        "--comparison {input.comparison:q} --memory-mb {params.memory} "
        "--output-dir {params.folder:q} --config {params.config:q} --log {log:q}"


rule render:
    input:
        runs=rules.aggregate.output.runs_parquet,
        epochs=rules.aggregate.output.epochs_parquet,
        baselines=rules.baselines.output.metrics,
        token_facts=rules.tokenize.output.facts,
        encode_facts=rules.encode.output.facts,
        split_facts=rules.split.output.facts,
        tweets=rules.tokenize.output.tweets,
        comparison=rules.compare.output.comparison,
        plots=rules.plot.output,
        of_runs=of_grid(TRAINED["architecture"], TRAINED["provenance"]),
        replicates=of_selected(TRAINED["provenance"], TRAINED["timing"]),
        vocabulary=rules.split.output.vocabulary,
        validation_sequences=rules.split.output.validation_sequences,
        playground=of_selected(
            TRAINED["best"], TRAINED["parameters"], TRAINED["predictions"], further=False
        ),
    output:
        html=report(
            f"{RESULTS}/report/report.html",
            caption=f"{CAPTIONS}/report.rst",
            category="Report",
            labels={"what": "the whole report"},
        ),
        markdown=f"{RESULTS}/report/report.md",
        summary=f"{RESULTS}/report/summary.json",
        images=directory(f"{RESULTS}/report/images"),
    log:
        f"{RESULTS}/logs/render.log",
    benchmark:
        f"{RESULTS}/benchmarks/render.tsv"
    localrule: True
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        plots=lambda wildcards, input: os.path.dirname(input.plots[0]),
        train=folder_of_runs,
        folder=lambda wildcards, output: os.path.dirname(output.html),
        memory=TRAINING_MB,
        config=settings(*[key for key in config if key != "predict"]),
        code=code_digest("reporting.render", TEMPLATES),
    message:
        "Writing the report to {output.html}"
    shell:
        "python -m tweetrnn render --runs {input.runs:q} --epochs {input.epochs:q} "
        "--baselines {input.baselines:q} --token-facts {input.token_facts:q} "
        "--encode-facts {input.encode_facts:q} --split-facts {input.split_facts:q} "
        "--tweets {input.tweets:q} --comparison {input.comparison:q} "
        "--vocabulary {input.vocabulary:q} "
        "--validation-sequences {input.validation_sequences:q} "
        "--plots {params.plots:q} --train-dir {params.train:q} --memory-mb {params.memory} "
        "--output-dir {params.folder:q} "
        "--config {params.config:q} --log {log:q}"


rule partial:
    # Neither input nor output: it starts no training, may run beside other jobs, shows what there
    # is each time that it is asked for, and never takes the finished report's place.
    log:
        f"{RESULTS}/logs/partial.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        folder=PARTIAL,
        train=TRAININGS,
        benchmarks=BENCHMARKS,
        token_facts=rules.tokenize.output.facts,
        encode_facts=rules.encode.output.facts,
        split_facts=rules.split.output.facts,
        tweets=rules.tokenize.output.tweets,
        offsets=rules.encode.output.offsets,
        baselines=lambda wildcards: if_there("--baselines", rules.baselines.output.metrics),
        memory=TRAINING_MB,
        config=json.dumps(config, sort_keys=True),
    message:
        "Writing what there is to {params.folder}/report/report.html"
    shell:
        "RUNS={params.folder:q}/aggregate/runs EPOCHS={params.folder:q}/aggregate/epochs && "
        "python -m tweetrnn aggregate --allow-missing --train-dir {params.train:q} "
        "--benchmark-dir {params.benchmarks:q} --runs-csv $RUNS.csv --runs-parquet $RUNS.parquet "
        "--epochs-csv $EPOCHS.csv --epochs-parquet $EPOCHS.parquet "
        "--config {params.config:q} --log {log:q} && "
        "python -m tweetrnn plot --runs $RUNS.parquet --epochs $EPOCHS.parquet {params.baselines} "
        "--offsets {params.offsets:q} --encode-facts {params.encode_facts:q} "
        "--memory-mb {params.memory} "
        "--output-dir {params.folder:q}/plot --config {params.config:q} --log {log:q} && "
        "python -m tweetrnn render --runs $RUNS.parquet --epochs $EPOCHS.parquet {params.baselines} "
        "--token-facts {params.token_facts:q} --encode-facts {params.encode_facts:q} "
        "--split-facts {params.split_facts:q} --tweets {params.tweets:q} "
        "--plots {params.folder:q}/plot --train-dir {params.train:q} --memory-mb {params.memory} "
        "--output-dir {params.folder:q}/report --config {params.config:q} --log {log:q}"
