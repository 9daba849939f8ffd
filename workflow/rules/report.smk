from tweetrnn.reporting import figures

ROBUSTNESS = list(at("robustness").values()) if SPLITS else []
# The report's crate has a copy of it. (A checkout's would be copied for this process alone.)
SNAKEFILE = str(
    CHECKOUT / "workflow/Snakefile" if CHECKOUT else workflow.source_path("../Snakefile")
)
TEMPLATES = sorted(path for path in (PACKAGE / "reporting/templates").rglob("*") if path.is_file())


rule plot:
    input:
        at("runs", "epochs", "aggregate_facts", "baseline_metrics", "comparison").values(),
        ROBUSTNESS,
        at("offsets", "encode_facts", "token_facts").values(),
    output:
        **at("figure_facts"),
        figures=[
            RESULTS.figure(name, suffix)
            for name in figures.names(config)
            for suffix in ("svg", "png")
        ],
    log:
        RESULTS.log("plot"),
    benchmark:
        RESULTS.benchmark("plot")
    localrule: True
    conda:
        "../../envs/report.yaml"
    resources:
        **LIGHT,
    params:
        **stage(
            "plot",
            "grid",
            "report.top",
            "report.rank_by",
            "report.published",
            "report.reference",
            "training.replicates",
            "training.selected_replicates",
            "robustness",
            "split",
            "seed",
            memory_mb=TRAINING_MB,
        ),
    message:
        "Drawing the figures"
    shell:
        STAGE


rule render:
    input:
        of_grid("architecture", "parameters", "provenance"),
        of_selected("parameters", "predictions", "provenance", "timing"),
        of_selected("best", "parameters", "predictions", selected_run=True),
        at("runs", "epochs", "aggregate_facts", "comparison").values(),
        at("baseline_metrics", "baseline_predictions").values(),
        ROBUSTNESS,
        at("token_facts", "encode_facts", "split_facts", "rows", "tweets").values(),
        at("vocabulary", "validation_sequences").values(),
        **at("figure_facts"),
        figures=rules.plot.output.figures,
    output:
        **at("markdown", "summary", "crate", "used_config", "used_workflow"),
        tables=directory(RESULTS.tables),
        html=report(
            RESULTS.html,
            caption="../captions/report.rst",
            category="Report",
            labels={"what": "the whole report"},
        ),
        images=report(
            directory(RESULTS.images),
            patterns=["{figure,(?!rulegraph).+}.svg"],
            caption="../captions/figure.rst",
            category=lambda wildcards: figures.category(wildcards.figure),
            labels=lambda wildcards: figures.labels(wildcards.figure),
        ),
    log:
        RESULTS.log("render"),
    benchmark:
        RESULTS.benchmark("render")
    localrule: True
    conda:
        "../../envs/report.yaml"
    resources:
        **LIGHT,
    params:
        **stage(
            "render",
            *config,  # which the report prints
            code=code_digest("reporting.render", [*TEMPLATES, SNAKEFILE]),
            places={"snakefile": SNAKEFILE},
            memory_mb=TRAINING_MB,
        ),
        captions=lambda wildcards: figures.captions(config),
    message:
        "Writing the report to {output.html}"
    shell:
        STAGE


rule partial:
    # Without input and output it starts no training, can run next to other jobs, runs each time
    # that it is asked for, and never replaces the finished report.
    log:
        RESULTS.log("partial"),
    localrule: True
    conda:
        "../../envs/report.yaml"
    resources:
        **LIGHT,
    params:
        **stage("partial", *config, results=str(LOCAL), memory_mb=TRAINING_MB),
    message:
        "Writing a report of what there is"
    shell:
        STAGE
