"""How the report was made, and how to reproduce it."""

from collections import Counter
from pathlib import PurePath
from urllib.parse import urlsplit

from tweetrnn.reporting import document as doc
from tweetrnn.yaml_text import as_yaml


def shareable(config):
    """Return a resolved config without what is private in its paths and URL; the rest as it is.

    Of a path outside the working folder only the file's name is kept; a URL loses its user,
    password and query.
    """
    corpus, predict, files = config["corpus"], config["predict"], config["predict"]["files"]
    short = {key: _shortened(corpus[key]) for key in ("path", "url") if key in corpus}
    if isinstance(files, dict):
        files = {name: _shortened(path) for name, path in files.items()}
    else:
        files = [_shortened(path) for path in files]
    return config | {"corpus": corpus | short, "predict": predict | {"files": files}}


def _shortened(location):
    """Return a path or a URL of the config without what is private in it."""
    if "://" in location:
        url = urlsplit(location)
        return url._replace(netloc=url.netloc.rpartition("@")[2], query="", fragment="").geturl()
    path = PurePath(location)
    outside = path.is_absolute() or location.startswith("~") or ".." in path.parts
    return f"…/{path.name}" if outside else location


def listing(config):
    """Return a resolved config as YAML, to be used again."""
    return as_yaml(shareable(config))


def blocks(experiment):
    """Return the section's blocks."""
    name, sha256 = experiment.config["name"], experiment.tokenized["sha256"]
    trainings = trainings_table(experiment.provenances)
    blocks = [
        doc.Paragraph(trained_on(trainings.rows), "finding"),
        trainings,
        rendering_table({"this workflow, commit": experiment.commit, **experiment.versions}),
        doc.Paragraph(
            f"To reproduce this report, check out the commit, save the config below in a file, "
            f"check that the input has the sha256 {sha256}, and run snakemake --cores all "
            f"--configfile FILE. The results are written to results/{name}. (The config is shown "
            "without folders outside the working folder and without users, passwords and queries "
            "of URLs.)"
        ),
        *([doc.Paragraph(checked_with(name))] if experiment.comparison else []),
        doc.Listing(listing(experiment.config), "The config in full"),
        doc.Figure(
            "rulegraph",
            "The workflow's rules as a graph: the corpus is tokenized, encoded and split; runs are "
            "trained, aggregated and selected, compared with the baselines, plotted and rendered.",
            "The workflow's rules",
            "An arrow leads from each rule to those that read its files. The rule demo runs only "
            "for an invented corpus.",
        ),
    ]
    if len(trainings.rows) > 1:
        text = "The last digits of the trainings may differ for that reason alone."
        blocks.insert(1, doc.Paragraph(text, "warning"))
    return blocks


def checked_with(name):
    """Return which commands check the report of the experiment ``name``."""
    return (
        "To check this report, run python -m tweetrnn verify report.html, which computes the "
        "headline again from the answers that the page carries and, with --corpus FILE, repeats "
        f"trainings of the selected models; or python -m tweetrnn verify results/{name}, which "
        "checks all results."
    )


def trained_on(rows):
    """Return whether all trainings had the same code, versions and processor.

    ``rows`` are those of the table of trainings.
    """
    if not rows:
        return "Nothing has been trained."
    total = sum(row["trainings"] for row in rows)
    if total == 1:
        return "There was one training."
    if len(rows) == 1:
        return f"{doc.whole(total)} trainings ran with the same code, versions and processor."
    return (
        f"The {doc.whole(total)} trainings ran with {len(rows)} different combinations of code, "
        "versions and processor."
    )


def rendering_table(versions):
    """Return the table of what made the page; ``versions`` is {what: version}."""
    rows = [{"what": what, "version": version} for what, version in versions.items()]
    columns = doc.columns(what="what", version="version")
    return doc.Table("rendering", "What this page was made with", columns, rows)


def trainings_table(provenances):
    """Return the table of what trainings ran on; ``provenances`` is {Run: facts}."""
    counts = Counter(
        tuple(sorted((key, str(value)) for key, value in facts.items()))
        for facts in provenances.values()
    )
    rows = [{**dict(facts), "trainings": count} for facts, count in counts.items()]
    keys = [key for key in (rows[0] if rows else {}) if key != "trainings"]
    columns = [
        *doc.columns(doc.whole, trainings="trainings"),
        *(doc.Column(key, key) for key in keys),
    ]
    return doc.Table("trainings", "What the trainings ran on", columns, rows)
