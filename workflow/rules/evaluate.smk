rule baselines:
    input:
        **at("tweets", "rows", "split_facts"),
    output:
        **at("baseline_metrics", "baseline_predictions"),
    log:
        RESULTS.log("baselines"),
    benchmark:
        RESULTS.benchmark("baselines")
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=30,
    params:
        **stage("baselines"),
    message:
        "Scoring the majority class, a logistic regression and NB-SVM"
    shell:
        STAGE


rule aggregate:
    input:
        of_grid("history", "parameters", "timing", "predictions", "benchmark"),
    output:
        **at("runs", "epochs", "epochs_csv", "aggregate_facts"),
        runs_csv=report(
            RESULTS.runs_csv,
            caption="../captions/runs.rst",
            category="All runs",
            labels={"table": "All runs"},
        ),
    log:
        RESULTS.log("aggregate"),
    benchmark:
        RESULTS.benchmark("aggregate")
    localrule: True
    conda:
        "../../envs/report.yaml"
    resources:
        **LIGHT,
    params:
        **stage("aggregate", "grid", "seed", "training.replicates", "report.rank_by"),
    message:
        "Collecting all runs in one table"
    shell:
        STAGE


checkpoint select:
    input:
        **at("runs", "aggregate_facts"),
    output:
        **at("selected"),
    log:
        RESULTS.log("select"),
    localrule: True
    conda:
        "../../envs/report.yaml"
    resources:
        **LIGHT,
    params:
        **stage(
            "select",
            "grid.cell",
            "grid.baseline_cells",
            "report.select_by",
            "training.replicates",
            "training.selected_replicates",
        ),
    message:
        "Selecting each cell's best combination on validation"
    shell:
        STAGE


rule compare:
    input:
        of_grid("predictions", "parameters"),
        of_selected("predictions", "parameters"),
        **at("selected", "runs", "aggregate_facts", "baseline_metrics", "baseline_predictions"),
        **at("rows", "split_facts"),
    output:
        **at("comparison"),
    log:
        RESULTS.log("compare"),
    benchmark:
        RESULTS.benchmark("compare")
    localrule: True
    conda:
        "../../envs/report.yaml"
    resources:
        **LIGHT,
    params:
        **stage("compare", "grid", "seed", "report.resamples", "report.show_tweets"),
    message:
        "Comparing the selected combinations"
    shell:
        STAGE
