"""The report's folder as a Workflow Run RO-Crate, which other programs can read.

``ro-crate-metadata.json`` says which workflow wrote which files from what, with which software. It
follows Workflow Run Crate 0.5 (w3id.org/ro/wfrun/workflow/0.5) and what that is based on: Process
Run Crate 0.5, Workflow RO-Crate 1.0 and RO-Crate 1.1. The corpus is described by its name and
digest, and is no part of it. When the same report is written again, only its two times differ.
"""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

from tweetrnn import __version__
from tweetrnn.files import replacing, sha256_of, write_text
from tweetrnn.reporting.sections.provenance import listing, shareable

VERSION = "1.1"  # of RO-Crate, on which the profiles are based
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
TERMS = {"sha256": "http://schema.org/sha256"}  # which the context of version 1.1 lacks
MIT = "https://spdx.org/licenses/MIT"  # of the workflow
PYTHON = "https://www.python.org/"
MEDIA_TYPES = {  # of what a report consists of; those that the machine knows may differ
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".yaml": "application/yaml",
}


def write_crate(experiment, answer, results, *, crate, used_config, used_workflow, snakefile):
    """Write the crate's metadata, the config and the workflow's Snakefile next to the report.

    Args:
        experiment: the Experiment.
        answer: the report's, as text.
        results: the paths of the report's files and folders, next to ``crate``.
        crate, used_config, used_workflow: the paths to write.
        snakefile: the path of the workflow's.
    """
    write_text(used_config, listing(experiment.config))
    with replacing(used_workflow) as temporary:
        shutil.copyfile(snakefile, temporary)
    files = []
    for path in map(Path, results):
        files += sorted(path.iterdir()) if path.is_dir() else [path]
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    described = described_by(
        experiment, answer, Path(crate).parent, files, Path(used_config), Path(used_workflow), now
    )
    text = json.dumps(described, indent=2, ensure_ascii=False, sort_keys=True)
    write_text(crate, text + "\n")


def described_by(experiment, answer, folder, files, used_config, used_workflow, now):
    """Return the crate's metadata, JSON-LD as a dict.

    Args:
        experiment, answer: as for ``write_crate``.
        folder: that of the crate, in which all files are.
        files: the workflow's outputs.
        used_config, used_workflow: the files with its config and its Snakefile.
        now: the time, in ISO 8601.
    """
    from rocrate.model import ContextEntity
    from rocrate.rocrate import ROCrate

    crate = ROCrate(version=VERSION)
    crate.metadata.extra_terms = TERMS
    name, versions = experiment.config["name"], versions_of(experiment)

    def add(identifier, kind, /, **properties):
        return crate.add(ContextEntity(crate, identifier, {"@type": kind, **properties}))

    def add_file(path, **properties):
        return crate.add_file(path, where(path), properties=facts_of(path) | properties)

    def where(path):
        return path.relative_to(folder).as_posix()

    add(MIT, "CreativeWork", name="MIT License", identifier="MIT")
    of_workflow = {"name": "tweetrnn", "version": __version__, "license": {"@id": MIT}}
    workflow = crate.add_workflow(
        used_workflow,
        where(used_workflow),
        properties=facts_of(used_workflow) | of_workflow,
        main=True,
        lang="snakemake",
        lang_version=versions.get("snakemake"),
    )
    workflow["softwareRequirements"] = [
        add(
            "#tweetrnn",
            "SoftwareApplication",
            name="tweetrnn",
            description="The rules and the code of the workflow's stages",
            softwareVersion=__version__,
            identifier=experiment.commit,
        ),
        *(
            add(
                page := PYTHON if software == "python" else f"https://pypi.org/project/{software}/",
                "SoftwareApplication",
                name=software,
                url=page,
                softwareVersion=version,
            )
            for software, version in versions.items()
        ),
    ]
    config = add_file(used_config, description="The config of the experiment, complete")
    action = add(
        "#run",
        "CreateAction",
        name=f"Run of the experiment {name}",
        description=f"snakemake --cores all --configfile {where(used_config)}",
        instrument=workflow,
        object=[add("#corpus", "CreativeWork", **corpus_of(experiment)), config],
        result=[add_file(path) for path in files],
        endTime=now,
    )
    root = crate.root_dataset
    for key, value in {
        "name": f"Report of the experiment {name}",
        "description": answer,
        "datePublished": now,
        "license": add("#licence", "CreativeWork", **licence_of(experiment)),
        "conformsTo": [
            add(page, "CreativeWork", name=profile, version=page.rpartition("/")[2])
            for page, profile in PROFILES.items()
        ],
        "mentions": action,
    }.items():
        root[key] = value
    return crate.metadata.generate()


def facts_of(path):
    """Return what is said of a file."""
    return {
        "name": path.name,
        "contentSize": str(path.stat().st_size),
        "sha256": sha256_of(path),
        "encodingFormat": MEDIA_TYPES.get(path.suffix, "text/plain"),
    }


def versions_of(experiment):
    """Return {package: version} of what trained and of what made the report, also of Python."""
    versions = {name: text for name, text in experiment.versions.items() if text[:1].isdigit()}
    trained = {facts["torch"] for facts in experiment.provenances.values()}
    return {**versions, "torch": ", ".join(sorted(trained))}


def corpus_of(experiment):
    """Return what is said of the corpus."""
    tokenized, corpus = experiment.tokenized, shareable(experiment.config)["corpus"]
    return {
        "name": tokenized["file"],
        "description": f"The corpus, {tokenized['rows_read']} rows; it is not part of this crate",
        "contentSize": str(tokenized["bytes"]),
        "sha256": tokenized["sha256"],
        "license": tokenized["licence"],
        **({"url": corpus["url"]} if corpus["kind"] == "url" else {}),
    }


def licence_of(experiment):
    """Return what is said of the licence of the crate as a whole."""
    return {
        "name": experiment.tokenized["licence"],
        "description": "The licence of the corpus, from which the report quotes. The workflow's is "
        "the MIT License.",
    }
