"""The demo corpus: the same bytes on every machine, and as difficult as the real tweets."""

import csv
import hashlib
import io
import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits
from tweetrnn.config import resolve
from tweetrnn.data import demo
from tweetrnn.data.demo import COLUMNS, tweets
from tweetrnn.data.tokenizers import tokenize_text
from tweetrnn.errors import UserError

AS_DEFAULT = {"tokens": "tweet", "fold_case": True, "unescape_entities": True}
SHA256 = "e7fb532276d4dfeb4d11480eed0d92deaa68ec6beca0934456b71ec682398533"
# Of the ids, texts and labels alone, which were the whole file until 1.0.0.
SHA256_OF_TWEETS = "462400f53bbd5de67bd3e8599a812ced23f71c7ff383b72fd2422e6010192aaf"


@pytest.fixture(scope="module")
def default():
    """The corpus of the embedded default: rows of (id, text, label)."""
    return list(tweets(4_000, seed=1))


@pytest.fixture(scope="module")
def tokens(default):
    """The default corpus's tokens, as the embedded default makes them."""
    return [tuple(tokenize_text(text, AS_DEFAULT)) for _, text, _ in default]


@pytest.fixture
def path(tmp_path):
    """The file with the corpus of the embedded default."""
    demo.demo(str(tmp_path / "demo.csv"), config={"corpus": {"tweets": 4_000}, "seed": 1})
    return tmp_path / "demo.csv"


def test_the_default_corpus_is_the_same_bytes_on_every_machine(path):
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA256


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def test_ids_texts_and_labels_are_the_same_bytes_as_without_other_columns(path):
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(row[:3] for row in rows_of(path))
    assert hashlib.sha256(stream.getvalue().encode()).hexdigest() == SHA256_OF_TWEETS


def test_the_file_has_the_tweets_as_csv_in_utf_8(path, default):
    header, *rows = rows_of(path)
    assert tuple(header) == COLUMNS
    assert [tuple(row[:3]) for row in rows] == [(str(i), text, label) for i, text, label in default]


def test_few_users_write_many_tweets_and_most_write_one_or_two(path):
    tweets_of = Counter(row[3] for row in rows_of(path)[1:])
    counts = np.array(sorted(tweets_of.values(), reverse=True))
    assert 1_500 < len(counts) < 2_500
    assert 30 < counts[0] < 200
    assert (counts <= 2).mean() > 0.7


def test_times_span_four_weeks_and_confidences_are_shares(path):
    _, *rows = rows_of(path)
    times = [datetime.fromisoformat(row[4]) for row in rows]
    assert timedelta(days=27) < max(times) - min(times) < timedelta(days=28)
    confidences = np.array([float(row[5]) for row in rows])
    assert confidences.min() > 0.33 and 0.6 < (confidences == 1).mean() < 0.8


def test_the_airline_is_the_one_that_a_tweet_addresses(path):
    airlines = {row[6] for row in rows_of(path)[1:]}
    assert len(airlines) == 8
    for _, text, *_, airline in rows_of(path)[1:]:
        addressed = [name for name in airlines if f"@{name.lower()}" in text.lower()]
        assert not addressed or airline in addressed


def test_a_repeated_id_has_the_same_user_and_time(path):
    of_id = defaultdict(set)
    for identifier, _, _, *details in rows_of(path)[1:]:
        of_id[identifier].add(tuple(details))
    assert len(of_id) < 4_000 and all(len(known) == 1 for known in of_id.values())


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
def test_texts_have_what_tweets_have(default, kind, pattern, least):
    share = sum(bool(re.search(pattern, text)) for _, text, _ in default) / len(default)
    assert share >= least, kind


def test_texts_have_typing_errors(default):
    words = Counter(re.findall(r"[a-z]+", " ".join(text for _, text, _ in default).lower()))
    assert sum(words[misspelt] for misspelt in misspellings("flight")) >= 5


def misspellings(word):
    """Return the word with one typing error: letters swapped, left out or doubled."""
    words = set()
    for at in range(1, len(word) - 1):
        a, b = word[at], word[at + 1]
        words |= {word[:at] + middle + word[at + 2 :] for middle in (b + a, b, a + a + b)}
    return words - {word}


def test_some_tweets_are_repeated_and_some_of_those_have_another_label(default, tokens):
    labels_of = {}
    for row, (*_, label) in zip(tokens, default, strict=True):
        labels_of.setdefault(row, []).append(label)
    repeated = [labels for labels in labels_of.values() if len(labels) > 1]
    assert 0.01 < sum(map(len, repeated)) / len(default) < 0.06
    assert sum(len(set(labels)) > 1 for labels in repeated) >= 3
    assert 10 < len(default) - len({identifier for identifier, *_ in default}) < 80


def test_lengths_are_similar_to_those_of_the_real_tweets(tokens):
    lengths = np.array([len(row) for row in tokens])
    assert 14 <= np.median(lengths) <= 22
    assert (lengths > 30).any()


def test_word_frequencies_roughly_follow_zipf_s_law(tokens):
    """The n-th word's frequency is proportional to 1/n, a slope of -1 on logarithmic axes."""
    counts = np.array(sorted(Counter(w for row in tokens for w in row).values(), reverse=True))
    ranks = np.arange(1, len(counts) + 1)
    slope, _ = np.polyfit(np.log(ranks[:500]), np.log(counts[:500]), 1)
    assert -1.3 < slope < -0.8
    assert 0.5 < (counts == 1).mean() < 0.8


def test_the_vocabulary_grows_with_the_corpus(tokens):
    sizes = [len({word for row in tokens[:count] for word in row}) for count in (500, 1_000, 4_000)]
    assert sizes[1] > 1.4 * sizes[0]
    assert sizes[2] > 2 * sizes[1]


def test_words_without_their_order_give_the_class_often_but_not_always(default, tokens):
    """TF-IDF and a logistic regression reach 0.80 on the real tweets."""
    labels = np.array([label for *_, label in default])
    words = TfidfVectorizer(analyzer=list, sublinear_tf=True).fit(tokens[:3_200])
    with threadpool_limits(1):
        model = LogisticRegression(C=3).fit(words.transform(tokens[:3_200]), labels[:3_200])
    accuracy = model.score(words.transform(tokens[3_200:]), labels[3_200:])
    assert 0.75 < accuracy < 0.9


def test_labels_are_sometimes_wrong_and_irony_is_negative(monkeypatch, default):
    def labels_of_complaints(rows):
        said = re.compile(r"(?i)never flying with you again|said nobody ever")
        return Counter(label for _, text, label in rows if said.search(text))

    assert 0.01 < 1 - share_of(labels_of_complaints(default), "negative") < 0.15
    monkeypatch.setattr(demo, "_MISLABELLED", 0)
    monkeypatch.setattr(demo, "_CONFLICTING", 0)
    assert share_of(labels_of_complaints(tweets(4_000, seed=1)), "negative") == 1


def share_of(counter, key):
    return counter[key] / counter.total()


@pytest.mark.parametrize("count", [0, -3, "many", 1.5])
def test_a_count_that_is_not_a_positive_integer_is_refused(count):
    with pytest.raises(UserError, match=r"corpus\.tweets: expected"):
        resolve({"name": "x", "corpus": {"kind": "demo", "tweets": count}})
