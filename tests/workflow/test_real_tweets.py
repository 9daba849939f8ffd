"""The presets on the real tweets, compared with the reference report and the data's card."""

import csv
import functools
import random
from collections import Counter

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from small_experiment import completed, prepare
from tweetrnn.evaluation.composition import contrasts
from tweetrnn.files import read_json
from tweetrnn.grid import Combination
from tweetrnn.results import SPLIT_ARRAYS, Results
from tweetrnn.sets import SETS

CLASSES = {"negative": 9178, "neutral": 3099, "positive": 2363}


class Stages:
    """What tokenize, encode and split make of a corpus under a preset."""

    def __init__(self, folder, corpus, sections):
        prepare(folder, corpus, **sections)
        self.sections, self.config = sections, completed(corpus, sections)
        self.results = Results(folder)
        self.tokens = read_json(self.results.token_facts)
        self.encoded = read_json(self.results.encode_facts)
        self.split = read_json(self.results.split_facts)

    def array(self, name):
        """Return one of split's arrays."""
        return np.load(getattr(self.results, name), allow_pickle=False)


@pytest.fixture(scope="module")
def preset(root, tweets_csv, tmp_path_factory):
    """Return a function of a preset's name: the Stages on the real tweets, which run once each."""

    @functools.cache
    def run(name):
        sections = yaml.safe_load((root / f"config/{name}.yaml").read_text())
        return Stages(tmp_path_factory.mktemp(name), tweets_csv, sections)

    return run


@pytest.fixture(scope="module")
def rows(tweets_csv):
    """The file's rows as Python's own csv reads them."""
    with tweets_csv.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("name", ["airline", "reference-three-class", "reference-two-class"])
def test_every_row_is_read_and_none_dropped(preset, name):
    facts = preset(name).tokens
    left_out = {"neutral": 3099} if name == "reference-two-class" else {}
    assert facts["sha256"] == "ea94b23f41892b290dec3330bb8cf9cb6b8bc669eaae5f3a84c40f7b0de8f15e"
    assert facts["bytes"] == 3_421_431
    assert facts["rows_read"] == 14_640
    assert facts["dropped"] == {}
    assert facts["ignored"] == left_out
    assert facts["classes"] == {k: n for k, n in CLASSES.items() if k not in left_out}
    assert facts["kept"] == sum(facts["classes"].values())


def test_texts_are_those_that_csv_reads(preset, rows):
    tweets = pq.read_table(preset("airline").results.tweets, columns=["id", "text", "label"])
    assert tweets["id"].to_pylist() == [row["tweet_id"] for row in rows]
    assert tweets["text"].to_pylist() == [row["text"] for row in rows]
    assert tweets["label"].to_pylist() == [row["airline_sentiment"] for row in rows]


def test_lengths_in_words_are_those_of_the_data_card(preset):
    length = preset("reference-three-class").tokens["length"]
    assert (length["median"], length["p95"], length["max"]) == (19, 27, 36)


@pytest.mark.parametrize(
    ("name", "repeats", "conflicting"), [("reference-three-class", 216, 59), ("airline", 265, 100)]
)
def test_repeats_are_counted_by_tokens(preset, rows, name, repeats, conflicting):
    """213 rows repeat an earlier text exactly, 3 more apart from white space, and 49 more apart
    from case, addresses and the like."""
    exact = len(rows) - len({row["text"] for row in rows})
    facts = preset(name).tokens
    assert exact == 213
    assert facts["duplicate_rows"] == repeats
    assert facts["conflicting_rows"] == conflicting
    assert facts["duplicate_ids"] == len(rows) - len({row["tweet_id"] for row in rows}) == 155


def test_users_times_and_slices_are_those_of_the_file(preset, rows):
    facts, sets = preset("airline").tokens, preset("airline").split["parts"].values()
    assert facts["users"] == len({row["name"] for row in rows}) == 7_701
    assert facts["time"] == {"first": "2015-02-17T07:36:05Z", "last": "2015-02-24T19:53:37Z"}
    assert set(facts["missing"].values()) | set(facts["unreadable"].values()) == {0}
    airlines = sum((Counter(part["slices"]["airline"]) for part in sets), Counter())
    assert airlines == Counter(row["airline"] for row in rows)


def test_the_two_class_preset_validates_on_an_airline_that_it_does_not_train_on(preset):
    [found] = contrasts(preset("reference-two-class").split["parts"])
    assert (found.value, found.more, found.less) == ("American", "validation", "train")
    assert (round(found.share_more, 2), found.share_less) == (0.99, 0)


@pytest.mark.parametrize("name", ["airline", "reference-three-class"])
def test_sets_have_the_configured_sizes_and_share_no_tweet(preset, name):
    stages = preset(name)
    for part in SETS:
        share = stages.config["split"]["fractions"][part]
        facts = stages.split["parts"][part]
        assert facts["tweets"] == pytest.approx(share * 14_640, abs=2)
        assert stages.array(f"{part}_sequences").shape == (facts["tweets"], 30)
        if stages.config["split"]["method"] == "stratified":
            for label, count in CLASSES.items():
                assert facts["classes"][label] == pytest.approx(share * count, abs=6)
    assert stages.split["straddling_groups"] == 0
    assert stages.split["seen_in_training"] == {"validation": 0, "test": 0}


def test_the_vocabulary_of_the_airline_preset_is_fitted_on_training_alone(preset):
    stages = preset("airline")
    assert stages.split["fit_on"] == "train"
    assert stages.split["words_unseen_in_training"] > 0
    assert stages.split["vocabulary_words"] == (
        stages.encoded["words"] - stages.split["words_unseen_in_training"]
    )
    assert stages.split["parts"]["train"]["unknown_tokens"] == 0
    assert 0.02 < stages.split["parts"]["validation"]["unknown_rate"] < 0.06


def test_the_vocabulary_of_the_three_class_preset_is_fitted_on_all_tweets(preset, rows):
    stages = preset("reference-three-class")
    words = {word for row in rows for word in row["text"].split()}
    assert stages.split["vocabulary_words"] == len(words) == 30_105
    assert stages.split["parts"]["validation"]["unknown_tokens"] == 0
    assert stages.split["parts"]["test"]["tweets"] == 0


def test_the_two_class_preset_has_the_reference_s_one_hot_width_and_split(preset, rows):
    stages = preset("reference-two-class")
    kept = [row for row in rows if row["airline_sentiment"] != "neutral"]
    words = {word for row in kept[:9_232] for word in row["text"].split()}
    assert stages.split["width"] == len(words) == 22_020
    assert stages.split["padding_id"] == stages.split["unknown_id"] == 22_020  # all-zero vectors
    sizes = {part: stages.split["parts"][part]["tweets"] for part in SETS}
    assert sizes == {"train": 9_232, "validation": 2_309, "test": 0}
    assert pq.read_table(stages.results.rows)["row"].to_pylist() == list(range(11_541))
    assert stages.split["parts"]["validation"]["classes"]["negative"] / 2_309 == pytest.approx(
        0.854, abs=5e-4
    )


def test_the_two_class_preset_gives_the_layer_sizes_that_the_reference_prints(preset):
    from tweetrnn.training.models import build  # here, since torch takes seconds to import

    stages = preset("reference-two-class")
    model = build(
        "LSTM",
        Combination.parse("rnn2-dense2-dropout0-reg0-lr1e-3"),
        stages.split["width"],
        len(stages.split["labels"]),
    )
    assert [row["parameters"] for row in model.summary(50)] == [2_822_784, 8_320, 1_056, 528, 34]


def test_the_same_tweets_in_another_order_give_the_same_sets(preset, rows, tmp_path):
    first = preset("airline")
    with (tmp_path / "shuffled.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(random.Random(1).sample(rows, len(rows)))
    again = Stages(tmp_path / "results", tmp_path / "shuffled.csv", first.sections)
    for name in SPLIT_ARRAYS:
        assert np.array_equal(first.array(name), again.array(name)), name
    assert pq.read_table(first.results.vocabulary).equals(pq.read_table(again.results.vocabulary))
