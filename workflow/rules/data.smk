CORPUS = {
    "demo": f"{RESULTS}/corpus/demo.csv",
    "url": f"{RESULTS}/corpus/{file_name(config['corpus'].get('url', ''))}",
    "path": config["corpus"].get("path"),
}[config["corpus"]["kind"]]

if config["corpus"]["kind"] == "path":
    require(
        CORPUS,
        "corpus.path",
        "README.md says where the real tweets can be had; name another place with "
        "--config corpus='{path: FILE}'",
    )


if config["corpus"]["kind"] == "demo":

    rule demo:
        output:
            CORPUS,
        log:
            f"{RESULTS}/logs/demo.log",
        localrule: True
        conda:
            "../../envs/data.yaml"
        resources:
            mem_mb=500,
            runtime=10,
        params:
            tweets=config["corpus"]["tweets"],
            seed=config["seed"],
            code=code_digest("data.demo"),
        message:
            "Inventing {params.tweets} tweets"
        shell:
            "python -m tweetrnn demo --tweets {params.tweets} --seed {params.seed} "
            "--output {output:q} --log {log:q}"


if config["corpus"]["kind"] == "url":

    rule download:
        output:
            CORPUS,
        log:
            f"{RESULTS}/logs/download.log",
        localrule: True
        conda:
            "../../envs/data.yaml"
        resources:
            mem_mb=500,
            runtime=60,
        params:
            url=config["corpus"]["url"],
            sha256=config["corpus"]["sha256"],
            code=code_digest("data.download"),
        message:
            "Downloading the corpus"
        shell:
            "python -m tweetrnn download --url {params.url:q} --sha256 {params.sha256} "
            "--output {output:q} --log {log:q}"


rule tokenize:
    input:
        corpus=CORPUS,
    output:
        tweets=f"{RESULTS}/tokenize/tweets.parquet",
        facts=f"{RESULTS}/tokenize/facts.json",
        dropped=f"{RESULTS}/tokenize/dropped.csv",
    log:
        f"{RESULTS}/logs/tokenize.log",
    benchmark:
        f"{RESULTS}/benchmarks/tokenize.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        config=settings(
            "corpus",
            "tokenize",
            without=["corpus.path", "corpus.url", "corpus.sha256", "corpus.tweets"],
        ),
        code=code_digest("data.tokenize"),
    message:
        "Splitting the tweets of {input.corpus} into tokens"
    shell:
        "python -m tweetrnn tokenize --corpus {input.corpus:q} --tweets {output.tweets:q} "
        "--facts {output.facts:q} --dropped {output.dropped:q} "
        "--config {params.config:q} --log {log:q}"


rule encode:
    input:
        tweets=rules.tokenize.output.tweets,
        facts=rules.tokenize.output.facts,
    output:
        dictionary=f"{RESULTS}/encode/dictionary.parquet",
        sequences=f"{RESULTS}/encode/sequences.npy",
        words=f"{RESULTS}/encode/words.npy",
        offsets=f"{RESULTS}/encode/offsets.npy",
        labels=f"{RESULTS}/encode/labels.npy",
        facts=f"{RESULTS}/encode/facts.json",
    log:
        f"{RESULTS}/logs/encode.log",
    benchmark:
        f"{RESULTS}/benchmarks/encode.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        config=settings("sequence"),
        code=code_digest("data.encode"),
    message:
        "Encoding tweets as sequences of word ids"
    shell:
        "python -m tweetrnn encode --tweets {input.tweets:q} --token-facts {input.facts:q} "
        "--dictionary {output.dictionary:q} --sequences {output.sequences:q} "
        "--words {output.words:q} --offsets {output.offsets:q} --labels {output.labels:q} "
        "--facts {output.facts:q} --config {params.config:q} --log {log:q}"


rule split:
    input:
        tweets=rules.tokenize.output.tweets,
        dictionary=rules.encode.output.dictionary,
        sequences=rules.encode.output.sequences,
        words=rules.encode.output.words,
        offsets=rules.encode.output.offsets,
        labels=rules.encode.output.labels,
        facts=rules.encode.output.facts,
    output:
        **{
            f"{part}_{array}": f"{RESULTS}/split/{part}_{array}.npy"
            for part in PARTS
            for array in ["sequences", "labels"]
        },
        rows=f"{RESULTS}/split/rows.parquet",
        vocabulary=f"{RESULTS}/split/vocabulary.parquet",
        facts=f"{RESULTS}/split/facts.json",
    log:
        f"{RESULTS}/logs/split.log",
    benchmark:
        f"{RESULTS}/benchmarks/split.tsv"
    localrule: True
    conda:
        "../../envs/data.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        config=settings("split", "vocabulary", "seed"),
        code=code_digest("data.split"),
    message:
        "Dividing tweets into train, validation and test"
    shell:
        "python -m tweetrnn split --tweets {input.tweets:q} --dictionary {input.dictionary:q} "
        "--sequences {input.sequences:q} --words {input.words:q} --offsets {input.offsets:q} "
        "--labels {input.labels:q} --encode-facts {input.facts:q} "
        "--train-sequences {output.train_sequences:q} --train-labels {output.train_labels:q} "
        "--validation-sequences {output.validation_sequences:q} "
        "--validation-labels {output.validation_labels:q} "
        "--test-sequences {output.test_sequences:q} --test-labels {output.test_labels:q} "
        "--rows {output.rows:q} --vocabulary {output.vocabulary:q} --facts {output.facts:q} "
        "--config {params.config:q} --log {log:q}"
