# The workflow is workflow/Snakefile; this file lets plain `snakemake` find it.
include: "workflow/Snakefile"


rule default:
    default_target: True
    input:
        rules.all.input,
