rule baselines:
    input:
        **at("tweets"),
        **at("rows", "split_facts", of=ANY),
    output:
        **at("baseline_metrics", "baseline_predictions", of=ANY),
    log:
        ANY.log("baselines"),
    benchmark:
        ANY.benchmark("baselines")
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=memory(2000),
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
        **at("runs", "epochs", "epochs_csv", "aggregate_facts", of=ANY),
        runs_csv=report(
            ANY.runs_csv,
            caption="../captions/runs.rst",
            category="All runs",
            labels=lambda wildcards: {"table": "All runs", "experiment": wildcards.experiment},
        ),
    log:
        ANY.log("aggregate"),
    benchmark:
        ANY.benchmark("aggregate")
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


checkpoint shortlist:
    input:
        **at("runs", "aggregate_facts", of=ANY),
    output:
        **at("finalists", of=ANY),
    log:
        ANY.log("shortlist"),
    localrule: True
    conda:
        "../../envs/report.yaml"
    resources:
        **LIGHT,
    params:
        **stage(
            "shortlist",
            "grid.cell",
            "grid.baseline_cells",
            "report.select_by",
            "training.finalists",
            "training.finalist_replicates",
        ),
    message:
        "Listing each cell's best combinations, to train them again"
    shell:
        STAGE


checkpoint select:
    input:
        of_finalists("history", "parameters", "timing", "predictions", "benchmark"),
        **at("runs", "aggregate_facts", "finalists", of=ANY),
    output:
        **at("selected", of=ANY),
    log:
        ANY.log("select"),
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
        **at("tweets", "rows", "split_facts"),
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


rule robustness:
    input:
        of_other_splits("predictions", "parameters"),
        at("selected", "runs", "aggregate_facts").values(),
        [
            path
            for name, split in SPLITS.items()
            if split.reselects
            for path in at("runs", "aggregate_facts", of=RESULTS.on(name)).values()
        ],
        [
            path
            for split in SPLITS
            for path in at(
                "rows",
                "split_facts",
                "baseline_metrics",
                "baseline_predictions",
                of=RESULTS.on(split),
            ).values()
        ],
        **at("comparison", "split_facts"),
    output:
        **at("robustness", "split_scores", "split_scores_csv"),
    log:
        RESULTS.log("robustness"),
    benchmark:
        RESULTS.benchmark("robustness")
    localrule: True
    conda:
        "../../envs/report.yaml"
    resources:
        **LIGHT,
    params:
        **stage("robustness", "grid", "split", "seed", "robustness", "training.replicates"),
    message:
        "Comparing the selected combinations on other splits"
    shell:
        STAGE
