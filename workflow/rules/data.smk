from tweetrnn.data.download import file_name
from tweetrnn.results import SPLIT_ARRAYS

# What a downloaded corpus must still be when it is read.
EXPECTED = {}
CORPUS_SOURCE = [f"corpus.{key}" for key in ("path", "url", "sha256", "max_mb", "tweets")]


if config["corpus"]["kind"] == "path":
    CORPUS = named_by_config(
        config["corpus"]["path"],
        "corpus.path",
        "docs/data.md says where to get the real tweets; name another file with "
        "--config corpus='{path: FILE}'",
    )


if config["corpus"]["kind"] == "demo":
    CORPUS = str(RESULTS.corpus("demo.csv"))

    rule demo:
        output:
            corpus=CORPUS,
        log:
            RESULTS.log("demo"),
        localrule: True
        conda:
            "../../envs/data.yaml"
        resources:
            **LIGHT,
        params:
            **stage("demo", "corpus.tweets", "seed"),
        message:
            "Inventing tweets"
        shell:
            STAGE


if config["corpus"]["kind"] == "url":
    CORPUS = str(RESULTS.corpus(file_name(config["corpus"]["url"])))
    EXPECTED = {"sha256": config["corpus"]["sha256"]}

    rule download:
        output:
            corpus=CORPUS,
        log:
            RESULTS.log("download"),
        localrule: True
        conda:
            "../../envs/data.yaml"
        resources:
            **LIGHT,
        params:
            **stage("download", "corpus.url", "corpus.sha256", "corpus.max_mb"),
        message:
            "Downloading the corpus"
        shell:
            STAGE


rule tokenize:
    input:
        corpus=CORPUS,
    output:
        **at("tweets", "token_facts", "dropped"),
    log:
        RESULTS.log("tokenize"),
    benchmark:
        RESULTS.benchmark("tokenize")
    localrule: True
    conda:
        "../../envs/data.yaml"
    resources:
        **LIGHT,
    params:
        **stage("tokenize", "corpus", "tokenize", without=CORPUS_SOURCE, **EXPECTED),
        # Not a function of the input, which Snakemake would not record.
        content=lambda wildcards: content.digest(CORPUS),
    message:
        "Splitting the tweets of {input.corpus} into tokens"
    shell:
        STAGE


rule encode:
    input:
        **at("tweets", "token_facts"),
    output:
        **at("dictionary", "sequences", "words", "offsets", "labels", "encode_facts"),
    log:
        RESULTS.log("encode"),
    benchmark:
        RESULTS.benchmark("encode")
    localrule: True
    conda:
        "../../envs/data.yaml"
    resources:
        **LIGHT,
    params:
        **stage("encode", "sequence"),
    message:
        "Encoding tweets as sequences of word ids"
    shell:
        STAGE


rule split:
    input:
        **at("tweets", "dictionary", "sequences", "words", "offsets", "labels", "encode_facts"),
    output:
        **at(*SPLIT_ARRAYS, "rows", "vocabulary", "split_facts", of=ANY),
    log:
        ANY.log("split"),
    benchmark:
        ANY.benchmark("split")
    localrule: True
    conda:
        "../../envs/data.yaml"
    resources:
        **LIGHT,
    params:
        **stage("split", "split", "vocabulary", "seed"),
    message:
        "Splitting the tweets into training, validation and test set"
    shell:
        STAGE
