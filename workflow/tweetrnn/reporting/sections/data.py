"""What the networks learned from."""

from tweetrnn.reporting.document import Column, Paragraph, Section, Table, percent, whole
from tweetrnn.wording import listed


def section(e):
    """Return the Section of an Experiment."""
    t, s = e.tokenized, e.split
    length = t["length"]
    facts = [
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
            f"{whole(e.encoded['cut_tweets'])}",
        ),
        ("distinct words", whole(e.encoded["words"])),
        ("one-hot width", whole(s["width"])),
        (
            "vocabulary fitted on",
            "all tweets, validation and test included, as in the reference"
            if s["fit_on"] == "all"
            else "the training part",
        ),
        ("split", split_in_words(s)),
        ("input sha256", t["sha256"]),
        ("licence", t["licence"]),
    ]
    blocks = [
        Table(
            "data",
            "The corpus",
            [Column("fact", "fact"), Column("value", "value")],
            [{"fact": fact, "value": value} for fact, value in facts],
        ),
        sets_table(e),
    ]
    seen = s["seen_in_training"]
    if any(seen.values()):
        leaks = [f"{whole(count)} {part}" for part, count in seen.items() if count]
        blocks.insert(
            0,
            Paragraph(
                f"{listed(leaks)} tweets have the same tokens as a training tweet: an ordered "
                "split does not keep duplicates together.",
                "warning",
            ),
        )
    return Section("data", "Data", blocks)


def reasons(counts):
    """Return counts by reason as ``: empty text 3, ...``, nothing without any."""
    each = ", ".join(f"{reason} {whole(count)}" for reason, count in counts.items())
    return f": {each}" if each else ""


def split_in_words(s):
    """Return how the sets were made."""
    how = {
        "stratified": "at random with equal class shares; duplicates stay together",
        "random": "at random; duplicates stay together",
        "ordered": "in the order of the file, unshuffled",
    }
    return how[s["method"]]


def sets_table(e):
    """Return the table of the sets' sizes, class shares and unknown words."""
    rows = []
    for name, own in e.split["parts"].items():
        if own["tweets"]:
            shares = [count / own["tweets"] for count in own["classes"].values()]
            rows.append(
                {
                    "part": name,
                    "tweets": own["tweets"],
                    **{f"share_{n}": share for n, share in enumerate(shares)},
                    "unknown_rate": own["unknown_rate"],
                    "classes": own["classes"],
                }
            )
    columns = [
        Column("part", "part"),
        Column("tweets", "tweets", whole),
        *(Column(f"share_{n}", name, percent) for n, name in enumerate(e.split["labels"])),
        Column("unknown_rate", "unknown words", percent),
    ]
    return Table("parts", "The parts", columns, rows)
