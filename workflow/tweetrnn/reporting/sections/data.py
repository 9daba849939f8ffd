"""What the networks learned from."""

from tweetrnn.reporting.document import Column, Paragraph, Section, Table, percent, whole
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


def section(experiment):
    """Return the Section of an Experiment."""
    columns = [Column("fact", "fact"), Column("value", "value")]
    rows = [{"fact": fact, "value": value} for fact, value in facts_of(experiment)]
    blocks = [Table("data", "The corpus", columns, rows), sets_table(experiment.split)]
    seen = experiment.split["seen_in_training"]
    if any(seen.values()):
        leaks = [f"{whole(count)} {part}" for part, count in seen.items() if count]
        text = (
            f"{listed(leaks)} tweets have the same tokens as a training tweet: an ordered split "
            "does not keep duplicates together."
        )
        blocks.insert(0, Paragraph(text, "warning"))
    return Section("data", "Data", blocks)


def facts_of(experiment):
    """Return [(fact, value)] of the corpus."""
    t, s = experiment.tokenized, experiment.split
    length = t["length"]
    return [
        ("rows read", whole(t["rows_read"])),
        ("tweets kept", whole(t["kept"])),
        ("rows dropped", f"{whole(sum(t['dropped'].values()))}{reasons(t['dropped'])}"),
        ("rows left out by label", f"{whole(sum(t['ignored'].values()))}{reasons(t['ignored'])}"),
        (
            "duplicates (the same tokens as an earlier tweet)",
            f"{whole(t['duplicate_rows'])} rows in {whole(t['duplicate_groups'])} groups, of which "
            f"{whole(t['conflicting_groups'])} carry conflicting labels",
        ),
        ("rows that repeat an identifier", whole(t["duplicate_ids"])),
        (
            "tokens in a tweet",
            f"median {whole(length['median'])}, 95 % within {whole(length['p95'])}, longest "
            f"{whole(length['max'])}",
        ),
        (
            f"tweets cut to the sequence length, {s['sequence_length']}",
            whole(experiment.encoded["cut_tweets"]),
        ),
        ("distinct words", whole(experiment.encoded["words"])),
        ("one-hot width", whole(s["width"])),
        ("vocabulary fitted on", FITTED_ON[s["fit_on"]]),
        ("split", METHODS[s["method"]]),
        ("input sha256", t["sha256"]),
        ("licence", t["licence"]),
    ]


def reasons(counts):
    """Return counts by reason as ``: empty text 3, ...``, nothing without any."""
    each = ", ".join(f"{reason} {whole(count)}" for reason, count in counts.items())
    return f": {each}" if each else ""


def sets_table(split):
    """Return the table of the sets' sizes, class shares and unknown words."""
    rows = []
    for name, facts in split["parts"].items():
        if facts["tweets"]:
            shares = [count / facts["tweets"] for count in facts["classes"].values()]
            rows.append(
                {
                    "part": name,
                    "tweets": facts["tweets"],
                    **{f"share_{n}": share for n, share in enumerate(shares)},
                    "unknown_rate": facts["unknown_rate"],
                    "classes": facts["classes"],
                }
            )
    columns = [
        Column("part", "part"),
        Column("tweets", "tweets", whole),
        *(Column(f"share_{n}", name, percent) for n, name in enumerate(split["labels"])),
        Column("unknown_rate", "unknown words", percent),
    ]
    return Table("parts", "The parts", columns, rows)
