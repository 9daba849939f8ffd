"""The demo corpus: the same bytes everywhere, and as hard as the real tweets."""

import csv
import hashlib
import re
from collections import Counter

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits
from tweetrnn.__main__ import main
from tweetrnn.data import demo
from tweetrnn.data.demo import COLUMNS, tweets
from tweetrnn.data.tokenizers import tokenize_text

AS_DEFAULT = {"tokens": "tweet", "fold_case": True, "unescape_entities": True}
SHA256 = "462400f53bbd5de67bd3e8599a812ced23f71c7ff383b72fd2422e6010192aaf"


@pytest.fixture(scope="module")
def default():
    """The corpus of the embedded default: rows of (id, text, label)."""
    return list(tweets(4_000, seed=1))


@pytest.fixture(scope="module")
def tokens(default):
    """The default corpus's tokens, as the embedded default makes them."""
    return [tuple(tokenize_text(text, AS_DEFAULT)) for _, text, _ in default]


def write(path, count=4_000, seed=1):
    options = ["demo", "--tweets", str(count), "--seed", str(seed), "--output", str(path)]
    assert main([*options, "--log", str(path.with_suffix(".log"))]) == 0
    return path.read_bytes()


def test_the_default_corpus_is_the_same_bytes_on_every_machine(tmp_path):
    assert hashlib.sha256(write(tmp_path / "demo.csv")).hexdigest() == SHA256


def test_the_file_holds_the_tweets_as_csv_in_utf_8(tmp_path, default):
    write(tmp_path / "demo.csv")
    with (tmp_path / "demo.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert tuple(header) == COLUMNS
    assert [tuple(row) for row in rows] == [(str(i), text, label) for i, text, label in default]


def test_more_tweets_begin_with_the_same_ones_and_another_seed_gives_others():
    few = list(tweets(300, seed=5))
    assert list(tweets(500, seed=5))[:300] == few
    other = {text for _, text, _ in tweets(300, seed=6)}
    assert len(other & {text for _, text, _ in few}) < 30


def test_classes_have_about_the_shares_of_the_real_ones(default):
    shares = Counter(label for *_, label in default)
    for label, real in [("negative", 0.627), ("neutral", 0.212), ("positive", 0.161)]:
        assert shares[label] / 4_000 == pytest.approx(real, abs=0.02)


@pytest.mark.parametrize(
    ("kind", "pattern", "least"),
    [
        ("mention", r"@\w", 0.8),
        ("hashtag", r"#\w", 0.15),
        ("address", r"https?://", 0.05),
        ("emoji", r"[\U0001f000-\U0001faff\u2600-\u27bf]", 0.1),
        ("entity", r"&(amp|lt|gt);", 0.02),
        ("capitals", r"[A-Z ]{12,}", 0.02),
        ("line break", r"\n", 0.01),
        ("retweet", r"\bRT @", 0.01),
        ("elongation", r"([a-z])\1\1", 0.02),
        ("irony", r"(?i)for nothing|said nobody ever|just what I needed|way to lose", 0.01),
    ],
)
def test_texts_hold_what_tweets_hold(default, kind, pattern, least):
    share = sum(bool(re.search(pattern, text)) for _, text, _ in default) / len(default)
    assert share >= least, kind


def test_texts_hold_typing_errors(default):
    written = Counter(re.findall(r"[a-z]+", " ".join(text for _, text, _ in default).lower()))
    assert sum(written[slip] for slip in slips("flight")) >= 5


def slips(word):
    """Return what one slip of the finger makes of a word: letters swapped, lost or doubled."""
    found = set()
    for at in range(1, len(word) - 1):
        a, b = word[at], word[at + 1]
        found |= {word[:at] + middle + word[at + 2 :] for middle in (b + a, b, a + a + b)}
    return found - {word}


def test_some_tweets_come_again_and_some_of_those_have_another_label(default, tokens):
    labels = {}
    for row, (*_, label) in zip(tokens, default, strict=True):
        labels.setdefault(row, []).append(label)
    again = [found for found in labels.values() if len(found) > 1]
    assert 0.01 < sum(map(len, again)) / len(default) < 0.06
    assert sum(len(set(found)) > 1 for found in again) >= 3
    assert 10 < len(default) - len({identifier for identifier, *_ in default}) < 80


def test_lengths_are_about_those_of_the_real_tweets(tokens):
    lengths = np.array([len(row) for row in tokens])
    assert 14 <= np.median(lengths) <= 22
    assert (lengths > 30).any()


def test_word_frequencies_fall_about_as_zipf_s_law_says(tokens):
    """Zipf: the n-th word occurs in proportion to 1/n, a slope of -1 on logarithmic axes."""
    counts = np.array(sorted(Counter(w for row in tokens for w in row).values(), reverse=True))
    ranks = np.arange(1, len(counts) + 1)
    slope, _ = np.polyfit(np.log(ranks[:500]), np.log(counts[:500]), 1)
    assert -1.3 < slope < -0.8
    assert 0.5 < (counts == 1).mean() < 0.8


def test_the_vocabulary_grows_with_the_corpus(tokens):
    sizes = [len({word for row in tokens[:count] for word in row}) for count in (500, 1_000, 4_000)]
    assert sizes[1] > 1.4 * sizes[0]
    assert sizes[2] > 2 * sizes[1]


def test_words_without_their_order_tell_the_class_often_but_not_always(default, tokens):
    """TF-IDF and a logistic regression reach 0.80 on the real tweets."""
    labels = np.array([label for *_, label in default])
    words = TfidfVectorizer(analyzer=list, sublinear_tf=True).fit(tokens[:3_200])
    with threadpool_limits(1):
        model = LogisticRegression(C=3).fit(words.transform(tokens[:3_200]), labels[:3_200])
    accuracy = model.score(words.transform(tokens[3_200:]), labels[3_200:])
    assert 0.75 < accuracy < 0.9


def test_labels_are_sometimes_wrong_and_irony_is_complaint(monkeypatch, default):
    def labels_of_complaints(rows):
        said = re.compile(r"(?i)never flying with you again|said nobody ever")
        return Counter(label for _, text, label in rows if said.search(text))

    assert 0.01 < 1 - share_of(labels_of_complaints(default), "negative") < 0.15
    monkeypatch.setattr(demo, "_MISLABELLED", 0)
    monkeypatch.setattr(demo, "_CONFLICTING", 0)
    assert share_of(labels_of_complaints(tweets(4_000, seed=1)), "negative") == 1


def share_of(counter, key):
    return counter[key] / counter.total()


@pytest.mark.parametrize("count", ["0", "-3", "many", "1.5"])
def test_a_count_that_is_none_is_refused(tmp_path, capsys, count):
    with pytest.raises(SystemExit) as stop:
        main(["demo", "--tweets", count, "--seed", "1", "--output", str(tmp_path / "x.csv")])
    assert stop.value.code == 2
    assert "expected a whole number of at least 1" in capsys.readouterr().err
    assert not (tmp_path / "x.csv").exists()
