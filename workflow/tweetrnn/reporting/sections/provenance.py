"""How the report was made, and how to reproduce it."""

from collections import Counter
from pathlib import PurePath
from urllib.parse import urlsplit

import yaml

from tweetrnn.reporting import document as doc


def shareable(value):
    """Return a config, or a value of one, without what is private.

    Of an absolute path only the file's name is kept; a URL loses its user, password and query.
    """
    if isinstance(value, dict):
        return {key: shareable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shareable(item) for item in value]
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        url = urlsplit(value)
        return url._replace(netloc=url.netloc.rpartition("@")[2], query="", fragment="").geturl()
    if isinstance(value, str) and value.startswith(("/", "~")):
        return f"…/{PurePath(value).name}"
    return value


def blocks(experiment):
    """Return the section's blocks."""
    name, sha256 = experiment.config["name"], experiment.tokenized["sha256"]
    trainings = trainings_table(experiment.provenances)
    config = yaml.safe_dump(shareable(experiment.config), sort_keys=False, allow_unicode=True)
    blocks = [
        trainings,
        rendering_table({"this workflow, commit": experiment.commit, **experiment.versions}),
        doc.Paragraph(
            f"To reproduce it: check the commit out, put the config below into a file, make sure "
            f"that the input has the sha256 {sha256}, and run snakemake --cores all "
            f"--configfile FILE. The results are written to results/{name}. (Folders of absolute "
            "paths, and passwords and queries of URLs, are left out of it.)"
        ),
        doc.Listing(config, "The config in full"),
        doc.Figure(
            "rulegraph",
            "The workflow's rules as a graph: the corpus is tokenized, encoded and split; runs are "
            "trained, aggregated and selected, compared with the baselines, plotted and rendered.",
            "The workflow's rules",
        ),
    ]
    if len(trainings.rows) > 1:
        text = (
            "The trainings ran under different versions, code or processors; their last digits may "
            "differ for that reason alone."
        )
        blocks.insert(0, doc.Paragraph(text, "warning"))
    return blocks


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
