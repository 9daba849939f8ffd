from tweetrnn.reporting.figures import caption_of, figure_names

FIGURES = figure_names(config)
TEMPLATES = sorted((PACKAGE / "reporting/templates").iterdir())


def for_snakemakes_report(name):
    """Return a figure's SVG with what Snakemake's own report says about it."""
    about = caption_of(name)
    return report(
        RESULTS.figure(name, "svg"),
        caption=f"../captions/{about['caption']}",
        category=about["category"],
        labels=about["labels"],
    )


rule plot:
    input:
        **at("runs", "epochs", "aggregate_facts", "baseline_metrics", "comparison"),
        **at("offsets", "encode_facts"),
    output:
        figures=[
            *map(for_snakemakes_report, FIGURES),
            *(RESULTS.figure(name, "png") for name in FIGURES),
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
            "training.replicates",
            memory_mb=TRAINING_MB,
        ),
    message:
        "Drawing the figures"
    shell:
        STAGE


rule render:
    input:
        of_grid("architecture", "parameters", "provenance"),
        of_selected("provenance", "timing"),
        of_selected("best", "parameters", "predictions", selected_run=True),
        **at("runs", "epochs", "aggregate_facts", "baseline_metrics", "comparison"),
        **at("token_facts", "encode_facts", "split_facts", "tweets"),
        **at("vocabulary", "validation_sequences"),
        figures=rules.plot.output.figures,
    output:
        **at("markdown", "summary"),
        html=report(
            RESULTS.html,
            caption="../captions/report.rst",
            category="Report",
            labels={"what": "the whole report"},
        ),
        images=directory(RESULTS.images),
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
            *(key for key in config if key != "predict"),
            code=code_digest("reporting.render", TEMPLATES),
            memory_mb=TRAINING_MB,
        ),
    message:
        "Writing the report to {output.html}"
    shell:
        STAGE


rule partial:
    # Neither input nor output: it starts no training, may run beside other jobs, shows what there
    # is each time that it is asked for, and never replaces the finished report.
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
