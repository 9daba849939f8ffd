"""How the report came about, and how to reproduce it."""

from pathlib import PurePath
from urllib.parse import urlsplit

import yaml

from tweetrnn.reporting.document import Column, Figure, Listing, Paragraph, Section, Table, whole


def shareable(value):
    """Return a config, or a value of one, without what is private.

    Of an absolute path only the file's name stays, of a URL neither user, password nor query.
    """
    if isinstance(value, dict):
        return {key: shareable(own) for key, own in value.items()}
    if isinstance(value, list):
        return [shareable(own) for own in value]
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        url = urlsplit(value)
        return url._replace(netloc=url.netloc.rpartition("@")[2], query="", fragment="").geturl()
    if isinstance(value, str) and value.startswith(("/", "~")):
        return f"…/{PurePath(value).name}"
    return value


def section(e):
    """Return the Section of an Experiment."""
    kinds = {}
    for run, own in e.provenances.items():
        key = tuple(sorted((k, str(v)) for k, v in own.items()))
        kinds.setdefault(key, []).append(run.cell)
    rows = [{**dict(key), "trainings": len(cells)} for key, cells in kinds.items()]
    columns = [Column("trainings", "trainings", whole)] + [
        Column(key, key) for key in (dict(next(iter(kinds))) if kinds else {})
    ]
    name = e.config["name"]
    blocks = []
    if len(rows) > 1:
        blocks.append(
            Paragraph(
                "The trainings ran under different versions, code or processors; their last digits "
                "may differ for that reason alone.",
                "warning",
            )
        )
    blocks += [
        Table("trainings", "What the trainings ran on", columns, rows),
        Table(
            "rendering",
            "What this page was made with",
            [Column("what", "what"), Column("version", "version")],
            [
                {"what": "this workflow, commit", "version": e.commit},
                *({"what": what, "version": version} for what, version in e.versions.items()),
            ],
        ),
        Paragraph(
            f"To reproduce it: check the commit out, put the config below into a file, make sure "
            f"that the input has the sha256 {e.tokenized['sha256']}, and run snakemake --cores all "
            f"--configfile FILE. The results are written to results/{name}. (Folders of absolute "
            "paths, and passwords and queries of URLs, are left out of it.)"
        ),
        Listing(
            yaml.safe_dump(shareable(e.config), sort_keys=False, allow_unicode=True),
            "The config in full",
        ),
        Figure(
            "rulegraph",
            "The workflow's rules as a graph: the corpus is tokenized, encoded and split; runs are "
            "trained, aggregated and selected, compared with the baselines, plotted and rendered.",
            "The workflow's rules",
        ),
    ]
    return Section("provenance", "Provenance", blocks)
