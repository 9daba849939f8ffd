"""Verify a report's page by itself: its headline and, with the corpus, some of its trainings."""

import json
import tempfile
from pathlib import Path

import numpy as np

from tweetrnn.config import resolve
from tweetrnn.errors import UserError
from tweetrnn.evaluation.predictions import by_set, tweet_sets
from tweetrnn.files import read_json, read_parquet
from tweetrnn.verification import corpus as corpora
from tweetrnn.verification import page as pages
from tweetrnn.verification import retrain
from tweetrnn.verification.evidence import SCALE, from_page, numbers_of, rounded
from tweetrnn.verification.headline import (
    contradiction,
    first_difference,
    recompute,
    sentences,
    statements,
)
from tweetrnn.verification.trainings import Training, chosen
from tweetrnn.wording import listed
from tweetrnn.yaml_text import as_yaml


def verify_page(path, corpus, count, seed, findings):
    """Verify a page; ``count`` trainings of its selected models, drawn by ``seed``, are repeated.

    Args:
        path: of the page.
        corpus: the corpus's file; None to repeat no training, or those on an invented corpus.
        count: 0 for none.
    """
    page, value = pages.read(path)
    evidence = from_page(value, path)
    try:
        config = resolve(value.get("config"))
    except UserError as error:
        raise UserError(f"{path}: its config: {error}") from None
    check_headline(path, page, value, evidence, findings)
    if not count:
        return
    if corpus is None and config["corpus"]["kind"] != "demo":
        raise UserError("--runs: no training can be repeated without the corpus; add --corpus FILE")
    with tempfile.TemporaryDirectory() as folder:
        results = corpora.prepare(config, corpus, value["corpus"], Path(folder, "results"))
        if not check_tweets(path, results, evidence, findings):
            return
        candidates = list(evidence.runs())
        repeated = chosen(candidates, count, seed)
        findings.say(
            f"training {len(repeated):,} of the selected models' {len(candidates):,} runs again, "
            f"drawn by the seed {seed}"
        )
        for run in repeated:
            with findings.collecting():
                training = Training(results, config, run)
                check_training(path, training, evidence, Path(folder, "again"), findings)


def check_headline(path, page, value, evidence, findings):
    """Compute the headline from the evidence, and compare it with what the page states.

    ``value`` is the evidence as JSON.
    """
    before = len(findings.disagreements)
    found, baselines = recompute(evidence)
    numbers = json.loads(json.dumps(numbers_of(found.primary)))
    if line := first_difference(value["numbers"], numbers, f"{path}: its evidence"):
        findings.disagree(line)
    if line := contradiction(statements(found, baselines), page.stated, path):
        findings.disagree(line)
    if not any(value["corpus"] in text for text in page.texts):
        findings.disagree(f"{path}: its evidence is from another corpus than it states")
    if as_yaml(value["config"]) not in page.listings:
        findings.disagree(f"{path}: its evidence is of another config than it states")
    if len(findings.disagreements) == before:
        runs = sum(len(of.numbers) for of in evidence.cells.values())
        findings.say(
            f"headline: the answers of {runs} trainings to {found.tweets:,} {found.part} tweets, "
            f"which the page carries, give it: “{sentences(found, baselines)[0]}”"
        )


def check_tweets(path, results, evidence, findings):
    """Return whether the corpus gives the tweets of the evidence: their labels and duplicates."""
    facts = read_json(results.split_facts)
    sets = tweet_sets(read_parquet(results.rows, sha256=facts["sha256"]["rows"]).to_pandas())
    tweets = sets.get(evidence.part)
    groups = tweets and np.unique(tweets.groups, return_inverse=True)[1]
    same = (
        tweets
        and facts["labels"] == evidence.classes
        and np.array_equal(tweets.labels, evidence.labels)
        and np.array_equal(groups, evidence.groups)
    )
    if same:
        findings.say(f"tweets: the corpus gives the {evidence.part} set of the page")
    else:
        findings.disagree(
            f"{path}: the {evidence.part} set of its evidence is not what the corpus and the "
            "config give"
        )
    return same


def check_training(path, training, evidence, folder, findings):
    """Repeat a Training in a temporary folder, and compare its answers with the evidence."""
    cell, place = evidence.runs()[training.run]
    of = evidence.cells[cell]
    recorded, here = of.provenance[place], retrain.provenance_here(training.config)
    again = retrain.train_again(training, training.results, folder)
    predictions = by_set(read_parquet(again.predictions))
    if evidence.part not in predictions:
        findings.disagree(f"{path}: {training.run} diverges when it is trained again")
        return
    p = predictions[evidence.part][0]
    answers = int(np.count_nonzero(p.argmax(axis=1) != of.answers[place]))
    what, distance = "answers", None
    if of.probabilities is not None:
        what = "probabilities"
        distance = np.abs(rounded(p).astype(int) - of.probabilities[place]).max() / SCALE
    how = retrain.answers_in_words(distance, answers, len(p))
    if not answers and not distance:
        findings.say(f"{training.run}: the page's {what} are those that training gives again")
    elif other := retrain.other_kind(recorded, here):
        too_far = answers > retrain.MOST_OTHER_ANSWERS * len(p)
        line = f"{training.run}: trained on another kind of machine ({listed(other)}): {how}"
        findings.disagree(f"{path}: {line}") if too_far else findings.say(line)
    else:
        findings.disagree(
            f"{path}: the {what} of {training.run} are not those that training gives here again: "
            f"{how}{retrain.other_code(recorded, here)}"
        )
