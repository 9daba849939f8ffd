"""The report's folder is a Workflow Run RO-Crate: whole, true, and the same but for its times."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from example_report import HOSTILE, example_report, write_report
from rocrate.rocrate import ROCrate
from tweetrnn.config import read, resolve
from tweetrnn.files import sha256_of
from tweetrnn.reporting.crate import MEDIA_TYPES, PROFILES, write_crate

pytestmark = pytest.mark.slow  # writes whole reports

CORPUS = {"file": "tweets of <b>May</b>.csv", "bytes": 123, "sha256": "0123456789abcdef" * 4}
TIMES = r'"(datePublished|endTime)": "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"'
NAMES = ("report.html", "report.md", "summary.json", "images", "tables")


def example(**corpus):
    """Return an Experiment whose facts and config the crate needs; ``corpus`` is the config's."""
    experiment = example_report()
    experiment.tokenized |= CORPUS
    for facts in experiment.provenances.values():
        facts["torch"] = "2.13.0+cpu"
    experiment.versions = {"processor": "A", "python": "3.11.7", "snakemake": "9.27.1"}
    if corpus:
        experiment.config |= {"corpus": resolve({"name": "x", "corpus": corpus})["corpus"]}
    return experiment


def written(experiment, folder):
    """Write a report with its crate below ``folder``; return the folder of both."""
    report, snakefile = write_report(experiment, folder), folder / "Snakefile"
    snakefile.write_text("rule all:\n")
    write_crate(
        experiment,
        "There is an answer.",
        [report / name for name in NAMES],
        crate=report / "ro-crate-metadata.json",
        used_config=report / "config.yaml",
        used_workflow=report / "workflow/Snakefile",
        snakefile=snakefile,
    )
    return report


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report's folder, its crate as the library reads it, and the crate's text."""
    folder = written(example(), tmp_path_factory.mktemp("crate"))
    text = (folder / "ro-crate-metadata.json").read_text(encoding="utf-8")
    return SimpleNamespace(folder=folder, crate=ROCrate(folder), text=text)


def ids(entities):
    return [entity.id for entity in entities]


def test_root_has_what_the_profiles_require(report):
    root = report.crate.root_dataset
    assert {"name", "description", "datePublished", "license"} <= root.keys()
    assert set(ids(root["conformsTo"])) == PROFILES.keys()
    metadata = json.loads(report.text)["@graph"]
    [descriptor] = [entity for entity in metadata if entity["@id"] == "ro-crate-metadata.json"]
    assert {profile["@id"] for profile in descriptor["conformsTo"]} == {
        "https://w3id.org/ro/crate/1.1",
        "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
    }


def test_main_entity_is_the_workflow_which_the_run_used(report):
    workflow = report.crate.mainEntity
    assert workflow.type == ["File", "SoftwareSourceCode", "ComputationalWorkflow"]
    assert (workflow["programmingLanguage"]["name"], workflow.id) == (
        "Snakemake",
        "workflow/Snakefile",
    )
    run = report.crate.root_dataset["mentions"]
    assert (run.type, run["instrument"]) == ("CreateAction", workflow)
    versions = {e["name"]: e["softwareVersion"] for e in workflow["softwareRequirements"]}
    assert versions.keys() == {"tweetrnn", "python", "snakemake", "torch"}
    assert (versions["torch"], versions["snakemake"]) == ("2.13.0+cpu", "9.27.1")
    assert {e.type for e in workflow["softwareRequirements"]} == {"SoftwareApplication"}


def test_every_file_is_described_by_its_size_and_digest(report):
    described = {entity.id: entity for entity in report.crate.data_entities if "sha256" in entity}
    paths = [path for path in report.folder.rglob("*") if path.is_file()]
    names = {path.relative_to(report.folder).as_posix(): path for path in paths}
    assert described.keys() == names.keys() - {"ro-crate-metadata.json"}
    for name, entity in described.items():
        assert entity["sha256"] == sha256_of(names[name])
        assert int(entity["contentSize"]) == names[name].stat().st_size
    assert set(ids(report.crate.root_dataset["hasPart"])) == described.keys()
    assert {Path(name).suffix for name in names} - {""} == MEDIA_TYPES.keys()


def test_results_of_the_run_are_the_files_of_the_report(report):
    run = report.crate.root_dataset["mentions"]
    expected = {
        path.relative_to(report.folder).as_posix()
        for name in NAMES
        for path in [report.folder / name, *(report.folder / name).glob("*")]
        if path.is_file()
    }
    assert len(expected) > 10 and set(ids(run["result"])) == expected


def test_corpus_is_described_and_not_packed(report):
    run = report.crate.root_dataset["mentions"]
    corpus, config = run["object"]
    assert (corpus.id, config.id) == ("#corpus", "config.yaml")
    assert (corpus["name"], corpus["sha256"]) == (CORPUS["file"], CORPUS["sha256"])
    assert corpus["license"] == "none | <b>at all</b>"
    assert "#corpus" not in ids(report.crate.root_dataset["hasPart"])


def test_config_of_the_crate_can_be_used_again(report):
    assert resolve(read(report.folder / "config.yaml")) == example().config


def test_crate_holds_no_tweet_no_path_of_the_machine_and_nothing_private(tmp_path, report):
    for tweet in HOSTILE:
        assert tweet not in report.text and json.dumps(tweet)[1:-1] not in report.text
    secret = {"kind": "url", "url": "https://me:secret@x.org/t.csv?key=1", "sha256": "0" * 64}
    folder = written(example(**secret), tmp_path)
    assert "https://x.org/t.csv" in (folder / "ro-crate-metadata.json").read_text()
    for name in ("ro-crate-metadata.json", "config.yaml"):
        text = (folder / name).read_text()
        assert not {"secret", "key=1"} & set(re.findall(r"secret|key=1", text))
        assert str(tmp_path) not in text and not re.search(r'["\s]/(?!/)', text)


def test_crate_is_the_same_again_but_for_its_times(tmp_path, report):
    again = (written(example(), tmp_path) / "ro-crate-metadata.json").read_text(encoding="utf-8")
    first, second = (re.sub(TIMES, r'"\1": ""', text) for text in (report.text, again))
    assert first == second and first.count('"datePublished": ""') == 1
