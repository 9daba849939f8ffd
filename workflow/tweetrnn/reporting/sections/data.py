"""What the networks learned from."""

from tweetrnn.reporting import document as doc
from tweetrnn.wording import listed

FITTED_ON = {
    "train": "the training part",
    "all": "all tweets, validation and test included, as in the reference",
}
METHODS = {
    "stratified": "at random with equal class shares; duplicates stay together",
    "random": "at random; duplicates stay together",
    "ordered": "in the order of the file, unshuffled",
}


def blocks(experiment):
    """Return the section's blocks."""
    rows = [{"fact": fact, "value": value} for fact, value in facts_of(experiment)]
    columns = doc.columns(fact="fact", value="value")
    blocks = [doc.Table("data", "The corpus", columns, rows), sets_table(experiment.split)]
    seen = experiment.split["seen_in_training"]
    if any(seen.values()):
        leaks = [f"{doc.whole(count)} {part}" for part, count in seen.items() if count]
        text = (
            f"{listed(leaks)} tweets have the same tokens as a training tweet: an ordered split "
            "does not keep duplicates together."
        )
        blocks.insert(0, doc.Paragraph(text, "warning"))
    return blocks


def facts_of(experiment):
    """Return [(fact, value)] of the corpus."""
    tokenized, split, whole = experiment.tokenized, experiment.split, doc.whole
    length = tokenized["length"]
    duplicates = (
        f"{whole(tokenized['duplicate_rows'])} rows in {whole(tokenized['duplicate_groups'])} "
        f"groups, of which {whole(tokenized['conflicting_groups'])} carry conflicting labels"
    )
    tokens = (
        f"median {whole(length['median'])}, 95 % within {whole(length['p95'])}, longest "
        f"{whole(length['max'])}"
    )
    return [
        ("rows read", whole(tokenized["rows_read"])),
        ("tweets kept", whole(tokenized["kept"])),
        ("rows dropped", with_reasons(tokenized["dropped"])),
        ("rows left out by label", with_reasons(tokenized["ignored"])),
        ("duplicates (the same tokens as an earlier tweet)", duplicates),
        ("rows that repeat an identifier", whole(tokenized["duplicate_ids"])),
        ("tokens in a tweet", tokens),
        (
            f"tweets cut to the sequence length, {split['sequence_length']}",
            whole(experiment.encoded["cut_tweets"]),
        ),
        ("distinct words", whole(experiment.encoded["words"])),
        ("one-hot width", whole(split["width"])),
        ("vocabulary fitted on", FITTED_ON[split["fit_on"]]),
        ("split", METHODS[split["method"]]),
        ("input sha256", tokenized["sha256"]),
        ("licence", tokenized["licence"]),
    ]


def with_reasons(counts):
    """Return counts by reason as ``3: empty text 2, no label 1``; as ``0`` without any."""
    each = ", ".join(f"{reason} {doc.whole(count)}" for reason, count in counts.items())
    return doc.whole(sum(counts.values())) + (f": {each}" if each else "")


def sets_table(split):
    """Return the table of the sets' sizes, class shares and unknown words."""
    rows = [
        {
            "part": name,
            "tweets": facts["tweets"],
            **{
                f"share_{n}": count / facts["tweets"]
                for n, count in enumerate(facts["classes"].values())
            },
            "unknown_rate": facts["unknown_rate"],
            "classes": facts["classes"],
        }
        for name, facts in split["parts"].items()
        if facts["tweets"]
    ]
    columns = [
        *doc.columns(part="part"),
        *doc.columns(doc.whole, tweets="tweets"),
        *doc.columns(doc.percent, **{f"share_{n}": name for n, name in enumerate(split["labels"])}),
        *doc.columns(doc.percent, unknown_rate="unknown words"),
    ]
    return doc.Table("parts", "The parts", columns, rows)
