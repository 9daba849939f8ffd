"""What the networks learned from."""

from itertools import groupby

from tweetrnn.evaluation.composition import contrasts, shares
from tweetrnn.reporting import document as doc
from tweetrnn.wording import listed, split_in_words

FITTED_ON = {
    "train": "the training set",
    "all": "all tweets, validation and test included, as in the reference",
}
MANY_CLASSES = 4  # of more than these only the most and the least frequent are named
# The methods that let duplicates be in several sets.
STRADDLED = {"ordered": "an ordered split does", "given": "the corpus's own sets do"}


def blocks(experiment):
    """Return the section's blocks."""
    rows = [{"fact": fact, "value": value} for fact, value in facts_of(experiment)]
    columns = doc.columns(fact="fact", value="value")
    split = experiment.split
    tables = [doc.Table("data", "The corpus", columns, rows), sets_table(split)]
    finding = doc.Paragraph(corpus_in_words(split), "finding")
    return [finding, *warnings(split), *tables, *slices_table(split["parts"])]


def corpus_in_words(split):
    """Return how many tweets train and judge the networks, and how the classes are balanced."""
    sizes = {name: facts["tweets"] for name, facts in split["parts"].items()}
    judged = "test" if sizes["test"] else "validation"
    text = (
        f"The networks learn from {doc.whole(sizes['train'])} tweets and are judged on "
        f"{doc.whole(sizes[judged])}. "
    )
    counts = split["parts"]["train"]["classes"]
    ordered = sorted(counts, key=counts.get, reverse=True)
    shares = {name: f"{doc.percent(counts[name] / sizes['train'])}" for name in ordered}
    if len(ordered) <= MANY_CLASSES:
        each = [f"{shares[name]} are “{name}”" for name in ordered]
        return f"{text}Of the training tweets {listed(each)}."
    first, last = ordered[0], ordered[-1]
    return (
        f"{text}Of the {len(ordered)} classes “{first}” is the most frequent in training "
        f"({shares[first]}) and “{last}” the least frequent ({shares[last]})."
    )


def warnings(split):
    """Return the Paragraphs on duplicates in several sets, and on sets made of different slices."""
    seen = split["seen_in_training"]
    if any(seen.values()):
        leaks = [f"{doc.whole(count)} {part}" for part, count in seen.items() if count]
        text = (
            f"{listed(leaks)} tweets have the same tokens as a training tweet: "
            f"{STRADDLED[split['method']]} not keep duplicates together."
        )
        yield doc.Paragraph(text, "warning")
    for name, found in groupby(contrasts(split["parts"]), lambda contrast: contrast.slice):
        sentences = " ".join(map(difference, found))
        intended = split["method"] == "held_out" and split["slice"] == name
        role = "note" if intended else "warning"
        yield doc.Paragraph(f"The sets differ by {name}. {sentences}", role)


def difference(contrast):
    """Return a Contrast as a sentence."""
    more, less = ({"train": "training"}.get(name, name) for name in (contrast.more, contrast.less))
    value = contrast.value or f"without {contrast.slice}"
    high, low = (
        f"{share:.0%}".replace("%", "\u00a0%")
        for share in (contrast.share_more, contrast.share_less)
    )
    if contrast.share_more <= 0.5:
        return f"{value} is {high} of the {more} set and {low} of the {less} set."
    mostly = f"all {value}" if contrast.share_more == 1 else f"mostly {value} ({high})"
    if contrast.share_less:
        return f"The {more} set is {mostly}, compared with {low} of the {less} set."
    return f"The {more} set is {mostly}, which the {less} set does not contain."


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
        (
            "near-duplicates (the same apart from RT, handles, links and punctuation)",
            f"{whole(tokenized['near_duplicate_rows'])} more rows in "
            f"{whole(tokenized['near_duplicate_groups'])} groups",
        ),
        ("rows that repeat an identifier", whole(tokenized["duplicate_ids"])),
        *users_and_times(tokenized),
        ("tokens in a tweet", tokens),
        (
            f"tweets cut to the sequence length, {split['sequence_length']}",
            whole(experiment.encoded["cut_tweets"]),
        ),
        ("distinct words", whole(experiment.encoded["words"])),
        ("one-hot width", whole(split["width"])),
        ("vocabulary fitted on", FITTED_ON[split["fit_on"]]),
        ("split", split_in_words(split)),
        ("input sha256", tokenized["sha256"]),
        ("licence", tokenized["licence"]),
    ]


def users_and_times(tokenized):
    """Yield (fact, value) of the users and the times, where the corpus has them."""
    missing = {
        name: f"; {doc.whole(count)} tweets without" if count else ""
        for name, count in tokenized["missing"].items()
    }
    if tokenized["users"] is not None:
        yield "users", doc.whole(tokenized["users"]) + missing["user"]
    if tokenized["time"]:
        first, last = (
            tokenized["time"][end].removesuffix("Z").replace("T", " ") for end in ("first", "last")
        )
        yield "time of the tweets (UTC)", f"{first} to {last}{missing['time']}"


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
        *doc.columns(part="set"),
        *doc.columns(doc.whole, tweets="tweets"),
        *doc.columns(doc.percent, **{f"share_{n}": name for n, name in enumerate(split["labels"])}),
        *doc.columns(doc.percent, unknown_rate="unknown words"),
    ]
    return doc.Table("parts", "The sets", columns, rows)


def slices_table(parts):
    """Return the table of the shares of each slice's values in the sets, in a list; none without.

    ``parts`` are those of the split's facts. The values come by how many tweets have them.
    """
    of_sets = {name: facts["slices"] for name, facts in parts.items() if facts["tweets"]}
    rows = []
    for name in parts["train"]["slices"]:
        counts = {part: slices[name] for part, slices in of_sets.items()}
        total = {value: sum(c[value] for c in counts.values()) for value in counts["train"]}
        portions = {part: shares(by_value) for part, by_value in counts.items()}
        rows += [
            {"slice": name, "value": value or None, "tweets": total[value]}
            | {part: portion[value] for part, portion in portions.items()}
            for value in sorted(total, key=total.get, reverse=True)
        ]
    columns = [
        *doc.columns(slice="slice", value="value"),
        *doc.columns(doc.whole, tweets="tweets"),
        *doc.columns(doc.percent, **{part: part for part in of_sets}),
    ]
    return [doc.Table("composition", "What the sets are made of", columns, rows)] if rows else []
