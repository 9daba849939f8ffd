"""Verify an experiment's results folder: its files, its headline, and some of its trainings."""

import json
import tempfile
from dataclasses import asdict

from tweetrnn.evaluation.primary import primary
from tweetrnn.evaluation.select import Selection, read_selection
from tweetrnn.files import read_json
from tweetrnn.reporting import document as doc
from tweetrnn.verification import digests, retrain
from tweetrnn.verification import page as pages
from tweetrnn.verification.evidence import evidence_of, stored, to_page
from tweetrnn.verification.headline import (
    contradiction,
    first_difference,
    recompute,
    row_text,
    sentences,
    statements,
    tile_text,
)
from tweetrnn.verification.trainings import chosen, trainings
from tweetrnn.wording import listed


def verify_results(experiment, count, seed, findings):
    """Verify a Finished experiment; ``count`` trainings, drawn by ``seed``, are repeated."""
    results = experiment.results
    candidates = trainings(results, experiment.config)
    checked, messages = digests.check(results, candidates)
    findings.say(
        f"files: {checked - len(messages):,} of {checked:,} are as they were written, those of "
        f"{len(candidates):,} trainings among them"
    )
    for message in messages:
        findings.disagree(message)
    with findings.collecting("headline: not computed, because a file is damaged"):
        check_headline(experiment, findings)
    repeated = chosen(candidates, count, seed)
    if repeated:
        findings.say(
            f"training {len(repeated):,} of {len(candidates):,} again, drawn by the seed {seed}: "
            f"{listed(retrain.SAME)}"
        )
    for training in repeated:
        with findings.collecting(), tempfile.TemporaryDirectory() as folder:
            check_training(training, folder, findings)


# ----------------------------------------------------------------------------------- the headline


def check_headline(experiment, findings):
    """Compute the headline from the stored predictions, and compare it with what is stated."""
    results, comparison = experiment.results, experiment.comparison
    before, classes = len(findings.disagreements), experiment.split["labels"]
    selection = read_selection(results.selected)
    if (selection.cells, selection.replicates) != (comparison.selected, comparison.replicates):
        findings.disagree(f"{results.comparison}: it compares others than {results.selected} says")
    predictions = stored(results, comparison)
    evidence = evidence_of(predictions, results, comparison, classes)
    found, baselines = recompute(evidence)
    numbers = {"part": found.part, "tweets": found.tweets, "groups": found.groups}
    numbers["primary"] = asdict_as_json(primary_of(predictions, comparison, classes))
    summary = read_json(results.summary)
    check_numbers(results.comparison, read_json(results.comparison), numbers, findings)
    check_numbers(results.summary, summary["comparison"], numbers, findings)
    texts = statements(found, baselines)
    check_texts(results.summary, texts_of(summary), texts, findings)
    check_markdown(results.markdown, sentences(found, baselines), findings)
    with findings.collecting():
        page, carried = pages.read(results.html)
        check_texts(results.html, page.stated, texts, findings)
        sha256 = read_json(results.token_facts)["sha256"]
        if carried != to_page(evidence, comparison, experiment.config, sha256):
            findings.disagree(f"{results.html}: its evidence is not that of the stored predictions")
    if len(findings.disagreements) == before:
        runs = sum(len(of.numbers) for of in evidence.cells.values())
        findings.say(
            f"headline: the stored predictions of {runs} trainings give it again: "
            f"“{sentences(found, baselines)[0]}”"
        )


def primary_of(predictions, comparison, classes):
    """Return the Primary analysis of Stored predictions, as ``compare`` makes it."""
    selected = comparison.selected, comparison.selected_baselines
    selection = Selection(comparison.select_by, comparison.replicates, *selected, runs_sha256="")
    cells = {
        cell: {run.replicate: by_set for run, by_set in runs.items()}
        for cell, runs in predictions.cells.items()
    }
    sets = predictions.sets
    return primary(selection, cells, predictions.baselines, sets, comparison.part, classes)


def asdict_as_json(value):
    """Return a dataclass as it is read back from JSON."""
    return json.loads(json.dumps(asdict(value)))


def without_absent(value):
    """Return a JSON value without keys that are None, which some files leave out."""
    if isinstance(value, dict):
        return {key: without_absent(item) for key, item in value.items() if item is not None}
    return [without_absent(item) for item in value] if isinstance(value, list) else value


def check_numbers(path, stated, found, findings):
    """Compare the numbers of a Comparison, as the file ``path`` states it, with what was found."""
    stated = {key: stated.get(key) for key in found}
    if line := first_difference(without_absent(stated), without_absent(found), path):
        findings.disagree(line)


def check_texts(path, stated, expected, findings):
    """Compare the texts that the file ``path`` states with the expected ones."""
    if line := contradiction(expected, stated, path):
        findings.disagree(line)


def texts_of(summary):
    """Return the texts of the first section that summary.json states."""
    rows = [
        [row["model"], doc.share(row["accuracy"]), doc.between(row["interval"])]
        for row in summary["tables"]["selected"]
    ]
    tiles = [tile_text(**tile) for tile in summary["answer"]["tiles"]]
    return list(map(doc.visible, [*summary["headline"], *tiles, *map(row_text, rows)]))


def check_markdown(path, expected, findings):
    """Compare the paragraphs of report.md with the expected sentences."""
    if not path.is_file():
        findings.disagree(f"{path}: no such file")
        return
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    stated = [line.removeprefix("**").removesuffix("**") for line in lines]
    check_texts(path, stated, list(map(doc.escape_markdown, expected)), findings)


# ---------------------------------------------------------------------------------- the trainings


def check_training(training, folder, findings):
    """Repeat a Training in a temporary folder, and compare its files with the stored ones."""
    stored_files = training.results.run(training.run)
    recorded = read_json(stored_files.provenance)
    here = retrain.provenance_here(training.config)
    again = retrain.train_again(training, training.results, folder)
    different = retrain.different_files(stored_files, again)
    if not different:
        findings.say(f"{stored_files.folder}: the same, byte for byte")
        return
    distance = retrain.distance(stored_files, again)
    how = distance.in_words() if distance else "they cannot be compared"
    if other := retrain.other_kind(recorded, here):
        how = f"{how} ({listed(other)})"
        settings = retrain.different_settings(stored_files, again)
        if settings or not distance or distance.too_far:
            findings.disagree(
                f"{stored_files.folder}: {listed(settings or different)} of another training: {how}"
            )
        else:
            findings.say(f"{stored_files.folder}: trained on another kind of machine: {how}")
            check_predictions(training, stored_files, findings)
        return
    findings.disagree(
        f"{stored_files.folder}: {listed(different)} {'is' if len(different) == 1 else 'are'} not "
        f"what training gives here again: {how}{retrain.other_code(recorded, here)}"
    )


def check_predictions(training, stored_files, findings):
    """Compare a Training's stored predictions with what its stored weights give."""
    rounding = retrain.without_training(training, training.results, stored_files)
    if rounding > retrain.ROUNDING:
        findings.disagree(
            f"{stored_files.folder}: its best weights do not give its predictions, but "
            f"probabilities that differ by up to {rounding:.2g}"
        )
