"""The report of a finished small experiment: its figures, its picture of the rules."""

import html
import json
import os
import re
from xml.etree import ElementTree

import numpy as np
import pyarrow.parquet as pq
import pytest
from markdown_it import MarkdownIt
from rocrate.rocrate import ROCrate
from tweetrnn.config import read, resolve
from tweetrnn.files import sha256_of

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def results(finished_once):
    """The folder of the small experiment's results."""
    return finished_once.path / "results/small"


@pytest.fixture(scope="module")
def summary(results):
    """What the report says, for machines."""
    return json.loads((results / "report/summary.json").read_text())


def test_accuracy(results, run):
    """Return a training's share of right answers on the test part, from its stored predictions."""
    table = pq.read_table(results / "train" / run / "predictions.parquet").to_pylist()
    rows = [row for row in table if row["part"] == "test"]
    classes = [name for name in rows[0] if re.fullmatch(r"p\d+", name)]
    answers = [max(range(len(classes)), key=lambda k: row[f"p{k}"]) for row in rows]
    return np.mean([answer == row["label"] for answer, row in zip(answers, rows, strict=True)])


test_accuracy.__test__ = False


def test_headline_can_be_recomputed_from_the_stored_predictions(results, summary):
    selected = json.loads((results / "select/selected.json").read_text())
    accuracy = {
        cell: np.mean(
            [
                test_accuracy(results, f"{cell}/{choice['combination']}/{replicate}")
                for replicate in selected["replicates"]
            ]
        )
        for cell, choice in selected["cells"].items()
    }
    text = " ".join(summary["headline"])
    for cell, value in accuracy.items():
        assert f"{cell} {100 * value:.1f}\u00a0%" in text
    [pair] = summary["comparison"]["primary"]["pairs"]
    assert pair["difference"] == pytest.approx(accuracy[pair["first"]] - accuracy[pair["second"]])
    labels = np.load(results / "split/test_labels.npy")
    majority = np.bincount(np.load(results / "split/train_labels.npy")).argmax()
    assert f"is right in {100 * np.mean(labels == majority):.1f}\u00a0%" in text


def test_selection_is_by_best_validation_accuracy(results):
    selected = json.loads((results / "select/selected.json").read_text())
    for cell, choice in selected["cells"].items():
        best = {}
        for history in (results / "train" / cell).glob("*/1/history.csv"):
            header, *rows = (line.split(",") for line in history.read_text().splitlines())
            column = header.index("validation_accuracy")
            best[history.parent.parent.name] = max(float(row[column]) for row in rows)
        assert best[choice["combination"]] == max(best.values())


def test_page_states_the_tables_that_the_summary_holds(results, summary):
    page = (results / "report/report.html").read_text()
    for name, rows in summary["tables"].items():
        [body] = re.findall(rf'id="table-{name}".*?<tbody>(.*?)</tbody>', page, re.S)
        assert body.count("<tr>") == len(rows), name


def test_markdown_has_a_table_for_each_of_the_summary_and_its_images(results, summary):
    text = (results / "report/report.md").read_text()
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    tables = sum(token.type == "table_open" for token in tokens)
    shown = [name for name in summary["tables"]]
    assert tables == len(shown) + len(summary["architectures"])
    images = [
        child.attrs["src"]
        for token in tokens
        for child in token.children or ()
        if child.type == "image"
    ]
    assert images and all((results / "report" / source).is_file() for source in images)


def test_crate_describes_the_report_and_the_workflow_as_they_are(results, finished_once):
    folder, facts = results / "report", json.loads((results / "tokenize/facts.json").read_text())
    crate = ROCrate(folder)
    run = crate.root_dataset["mentions"]
    files = [crate.mainEntity, *run["object"][1:], *run["result"]]
    for file in files:
        assert file["sha256"] == sha256_of(folder / file.id), file.id
    written = {path for path in folder.rglob("[!.]*") if path.is_file()}  # .* is Snakemake's
    assert {folder / file.id for file in files} == written - {folder / "ro-crate-metadata.json"}
    source = finished_once.path / "workflow/Snakefile"
    assert (folder / crate.mainEntity.id).read_bytes() == source.read_bytes()
    corpus = run["object"][0]
    assert (corpus["name"], corpus["sha256"]) == ("demo.csv", facts["sha256"])
    assert corpus["sha256"] == sha256_of(results / "corpus/demo.csv")
    config = read(finished_once.path / "config/small.yaml")
    assert read(folder / "config.yaml") == resolve(config)


def test_crate_holds_no_tweet_and_no_path_of_the_machine(results, finished_once):
    text = (results / "report/ro-crate-metadata.json").read_text(encoding="utf-8")
    tweets = pq.read_table(results / "tokenize/tweets.parquet", columns=["text"])["text"]
    assert not [tweet for tweet in tweets.to_pylist() if json.dumps(tweet)[1:-1] in text]
    assert str(finished_once.path) not in text and not re.search(r'["\s]/(?!/)', text)


def reachable(edges):
    """Return the transitive closure of a set of (from, to)."""
    closure = set(edges)
    while more := {(a, d) for a, b in closure for c, d in closure if b == c} - closure:
        closure |= more
    return closure


def test_picture_of_the_rules_is_the_workflow_s_own(root, fresh):
    picture = ElementTree.parse(root / "workflow/tweetrnn/reporting/templates/rulegraph.svg")
    names, drawn = {}, []
    for group in picture.iter(f"{SVG}g"):
        if group.get("class") == "node":
            names[group.find(f"{SVG}title").text] = group.find(f"{SVG}text").text
        elif group.get("class") == "edge":
            drawn.append(group.find(f"{SVG}title").text.split("->"))
    dot = fresh.snakemake("all", "--rulegraph").stdout
    labels = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', dot, re.M))
    edges = re.findall(r"^\s*(\d+) -> (\d+)", dot, re.M)
    assert reachable({(names[a], names[b]) for a, b in drawn}) == reachable(
        {(labels[a], labels[b]) for a, b in edges}
    ), "redraw it with: make rulegraph"


def read_variable(page, name):
    """Return the value of one of the variables in Snakemake's own report."""
    return json.loads(re.search(rf"^ *var {name} = ([{{\"].*[}}\"]);?$", page, re.M)[1])


def test_report_of_snakemake_has_the_figures_and_tables_with_their_captions(finished):
    finished.run("--report", "all.html")
    page = (finished.path / "all.html").read_text()
    results = {result["name"]: result for result in read_variable(page, "results").values()}
    drawn = {path.name for path in (finished.path / "results/small/plot").glob("*.svg")}
    assert set(results) == {*drawn, "report.html", "runs.csv"}
    assert results["ranking.svg"]["labels"] == {"figure": "All runs, ranked"}
    assert "Every run of the grid" in results["ranking.svg"]["caption"]
    curve = results["curves-LSTM-1-loss.svg"]
    assert curve["labels"] == {"cell": "LSTM", "place": "1", "quantity": "loss"}
    assert "marks the minimum of the validation loss" in curve["caption"]
    listed = [
        item
        for subcategories in read_variable(page, "categories").values()
        for items in subcategories.values()
        for item in items
    ]
    assert sorted(listed) == sorted(set(listed))


def test_first_page_of_snakemake_s_report_gives_the_result(finished, summary):
    finished.run("--report", "all.html")
    first = read_variable((finished.path / "all.html").read_text(), "workflow_desc")
    answer = summary["answer"]
    for text in (answer["sentence"], answer["scope"], *answer["warnings"]):
        assert text in html.unescape(first)


def test_another_title_is_in_the_report_within_ten_seconds(finished):
    def seconds(title):
        """Of processors, which other programs may keep from this one meanwhile."""
        finished.write_config(report={"title": title})
        before = os.times()
        finished.run()
        after = os.times()
        assert title in (finished.path / "results/small/report/report.html").read_text()
        taken = zip(after[2:4], before[2:4], strict=True)  # by commands, user and system
        return sum(end - start for end, start in taken)

    assert min(map(seconds, ["Quite another title", "A third title", "A fourth"])) < 10


def test_playground_can_be_turned_off_and_nothing_but_the_report_is_made_again(finished):
    page = finished.path / "results/small/report/report.html"
    assert 'id="playground"' in page.read_text()
    finished.write_config(report={"playground": False})
    assert finished.planned() == {"render": 1}
    finished.run()
    assert 'id="playground"' not in page.read_text()


def test_partial_report_says_what_is_missing_and_leaves_the_finished_one_alone(finished):
    results = finished.path / "results/small"
    page = (results / "report/report.html").read_bytes()
    missing = next((results / "train/LSTM").glob("*/1/parameters.json"))
    missing.unlink()
    finished.run("--nolock", "partial")
    partial = re.sub("<[^>]+>", "", (results / "partial/report/report.html").read_text())
    assert "1 of 4 runs have no result" in partial
    assert f"LSTM {missing.parent.parent.name} (missing)" in partial
    assert (results / "report/report.html").read_bytes() == page
    assert not missing.exists()
