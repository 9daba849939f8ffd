rule render:
    input:
        rules.aggregate.output,
        rules.baselines.output,
    output:
        html=f"{RESULTS}/report/report.html",
    shell:
        "false"
