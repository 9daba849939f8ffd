"""The split's methods that go by users, times, slices or given sets, and smaller training sets."""

import hashlib
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from example_corpus import SPLIT, run_encode, run_split, run_tokenize
from example_tweets import permuted, write_tokenized
from hypothesis import given
from hypothesis import strategies as st
from small_experiment import run_stage
from tweetrnn.config import load_schema, resolve
from tweetrnn.data.assign import GIVEN, LEFT_OUT, METHODS, assign, overlap
from tweetrnn.data.units import joined_by_users
from tweetrnn.errors import UserError
from tweetrnn.files import read_json
from tweetrnn.results import Results
from tweetrnn.wording import split_in_words

FRACTIONS = {"train": 0.5, "validation": 0.3, "test": 0.2}
AIRLINES = ["American", "Delta", None]
TRAIN, VALIDATION, TEST = range(3)


def as_tweets(rows):
    """Return tweets as ``assign`` takes them, of (group, label, user, time, airline, set)."""
    group, label, user, time, airline, set_ = zip(*rows, strict=True)
    return {
        "group": np.array(group, dtype=np.uint64),
        "label": np.array(label),
        "id": pa.array([str(n) for n in range(len(rows))]),
        "user": np.array(user),
        "time": np.array(time, dtype="datetime64[s]"),
        "slice": np.array(airline, dtype=object),
        "set": list(set_),
    }


def section(method, **changes):
    """Return the config's section."""
    keys = {"method": method, "fractions": FRACTIONS, "slice": "airline", "value": "American"}
    return SPLIT | keys | changes


rows_of_tweets = st.lists(
    st.tuples(
        st.integers(0, 2**64 - 1),
        st.integers(0, 2),
        st.integers(-1, 9),
        st.integers(0, 50),
        st.sampled_from(AIRLINES),
        st.sampled_from(list(GIVEN)),
    ),
    min_size=6,
    max_size=60,
).flatmap(lambda rows: st.lists(st.sampled_from(rows), min_size=len(rows), max_size=2 * len(rows)))
seeds = st.integers(0, 2**32 - 1)


def divided(tweets, split, seed=1):
    """Return the sets, (N,); none where ``held_out`` has nothing to hold out or to train on."""
    try:
        return assign(tweets, split, seed, 3)[0]
    except UserError:
        return None


@given(rows=rows_of_tweets, seed=seeds)
def test_no_user_and_no_group_is_in_two_sets_when_grouped(rows, seed):
    tweets = as_tweets(rows)
    sets = divided(tweets, section("grouped"), seed)
    assert overlap(tweets["group"], sets)[0] == 0
    of_user = defaultdict(set)
    for user, number in zip(tweets["user"].tolist(), sets.tolist(), strict=True):
        of_user[user].add(number)
    of_user.pop(-1, None)  # unknown users connect nothing
    assert all(len(numbers) == 1 for numbers in of_user.values())


def test_users_and_duplicates_connect_in_several_steps():
    groups = np.array([5, 5, 7, 7, 9, 9, 3, 1], dtype=np.uint64)
    users = np.array([0, 1, 1, 2, 2, 3, -1, -1])
    assert joined_by_users(groups, users).tolist() == [5, 5, 5, 5, 5, 5, 3, 1]


def test_grouped_sets_have_about_their_sizes_and_class_shares():
    rng = np.random.default_rng(1)
    rows = [
        (int(rng.integers(2**63)), int(rng.choice(3, p=[0.6, 0.25, 0.15])), user, 0, None, None)
        for user in rng.integers(0, 1_500, 3_000).tolist()
    ]
    tweets = as_tweets(rows)
    sets = divided(tweets, section("grouped"))
    for number, share in enumerate(FRACTIONS.values()):
        members = sets == number
        assert members.mean() == pytest.approx(share, abs=0.01)
        assert (tweets["label"][members] == 0).mean() == pytest.approx(0.6, abs=0.05)


def test_large_units_are_not_rather_in_training_than_small_ones():
    sizes = np.array([1, 50] * 500)
    rows = [
        (user * 100 + n, 0, user, 0, None, None)
        for user in range(1_000)
        for n in range(sizes[user])
    ]
    sets = divided(as_tweets(rows), section("grouped"))
    first = np.cumsum(sizes) - sizes
    small, large = sets[first[sizes == 1]], sets[first[sizes == 50]]
    assert (small == TRAIN).mean() == pytest.approx((large == TRAIN).mean(), abs=0.1)


@given(rows=rows_of_tweets, seed=seeds)
def test_a_temporal_split_goes_by_each_group_s_earliest_time(rows, seed):
    tweets = as_tweets(rows)
    sets = divided(tweets, section("temporal"), seed)
    assert overlap(tweets["group"], sets)[0] == 0
    earliest = {}
    for group, time in zip(tweets["group"].tolist(), tweets["time"], strict=True):
        earliest[group] = min(time, earliest.get(group, time))
    times = np.array([earliest[group] for group in tweets["group"].tolist()])
    for one, two in ((TRAIN, VALIDATION), (VALIDATION, TEST), (TRAIN, TEST)):
        if (sets == one).any() and (sets == two).any():
            assert times[sets == one].max() <= times[sets == two].min()


def test_tweets_without_a_time_are_refused_with_their_number():
    rows = [(n, 0, 0, "NaT" if n < 3 else n, None, None) for n in range(10)]
    with pytest.raises(UserError, match=r"time of every tweet, but 3 of 10 tweets have none"):
        assign(as_tweets(rows), section("temporal"), 1, 3)


@given(rows=rows_of_tweets, seed=seeds)
def test_a_held_out_value_and_its_duplicates_are_the_test_set(rows, seed):
    tweets = as_tweets(rows)
    sets = divided(tweets, section("held_out"), seed)
    if sets is None:
        return
    groups = {
        g
        for g, airline in zip(tweets["group"], tweets["slice"], strict=True)
        if airline == "American"
    }
    assert (sets == TEST).tolist() == [group in groups for group in tweets["group"]]
    assert overlap(tweets["group"], sets)[0] == 0


def test_the_rest_is_divided_in_the_proportion_of_training_and_validation():
    rows = [(n, n % 3 // 2, 0, 0, AIRLINES[n % 10 > 0], None) for n in range(1_000)]
    tweets = as_tweets(rows)
    sets = divided(tweets, section("held_out"))
    assert np.bincount(sets).tolist() == [562, 338, 100]  # 900 * 5 / 8 is 562.5
    assert tweets["label"][sets == VALIDATION].mean() == pytest.approx(1 / 3, abs=0.01)


@pytest.mark.parametrize(
    ("airlines", "value", "message"),
    [
        (["Delta", "United", None], "american", r"no tweet has the value 'american' in the slice "
         r"'airline'; its values are 'Delta', 'United'"),
        (["Delta"], "Delta", "every tweet has the value 'Delta' in the slice 'airline'"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_held_out_is_refused(airlines, value, message):
    rows = [(n, 0, 0, 0, airlines[n % len(airlines)], None) for n in range(9)]
    with pytest.raises(UserError, match=message):
        assign(as_tweets(rows), section("held_out", value=value), 1, 3)


@given(rows=rows_of_tweets, seed=seeds)
def test_given_sets_are_respected(rows, seed):
    tweets = as_tweets(rows)
    sets = divided(tweets, section("given"), seed)
    assert sets.tolist() == [GIVEN[name] for name in tweets["set"]]


@pytest.mark.parametrize(
    ("name", "number"),
    [("Train", 0), ("training", 0), ("VAL", 1), ("valid", 1), ("dev", 1), ("Development", 1),
     ("validation", 1), ("TEST", 2)],
)  # fmt: skip
def test_sets_have_the_names_that_benchmarks_use(name, number):
    rows = [(n, 0, 0, 0, None, name) for n in range(3)]
    assert divided(as_tweets(rows), section("given")).tolist() == [number] * 3


def test_other_names_of_sets_are_refused_with_their_numbers():
    names = ["train", "holdout", "holdout", None, "x"]
    rows = [(n, 0, 0, 0, None, name) for n, name in enumerate(names)]
    with pytest.raises(UserError, match=r"other values: '' \(1\), 'holdout' \(2\), 'x' \(1\)"):
        assign(as_tweets(rows), section("given"), 1, 3)


@given(
    rows=rows_of_tweets,
    method=st.sampled_from(list(METHODS)),
    shares=st.lists(st.floats(0.01, 1), min_size=2, max_size=2).map(sorted),
    seed=seeds,
)
def test_a_smaller_share_of_the_training_set_is_in_a_larger_one(rows, method, shares, seed):
    tweets = as_tweets(rows)
    whole = divided(tweets, section(method), seed)
    if whole is None:
        return
    small, large = (divided(tweets, section(method, train_share=share), seed) for share in shares)
    assert set(np.flatnonzero(small == TRAIN)) <= set(np.flatnonzero(large == TRAIN))
    for sets in (small, large):
        assert np.array_equal(sets[whole != TRAIN], whole[whole != TRAIN])
        assert set(sets[whole == TRAIN].tolist()) <= {TRAIN, LEFT_OUT}
        of_group = defaultdict(set)
        for group, number in zip(tweets["group"].tolist(), sets.tolist(), strict=True):
            of_group[group].add(number)
        assert not [found for found in of_group.values() if {TRAIN, LEFT_OUT} <= found]


@pytest.mark.parametrize("method", ["stratified", "random", "temporal"])
@pytest.mark.parametrize("share", [0.1, 0.5, 1])
def test_a_share_of_the_training_set_has_its_size_and_class_shares(method, share):
    rng = np.random.default_rng(2)
    labels = rng.choice(3, 4_000, p=[0.6, 0.25, 0.15]).tolist()
    rows = [(int(rng.integers(2**63)), label, 0, n, None, None) for n, label in enumerate(labels)]
    tweets = as_tweets(rows)
    sets = divided(tweets, section(method, train_share=share))
    assert (sets == TRAIN).sum() == pytest.approx(share * 2_000, abs=2)
    rarest = tweets["label"] == 2
    near = pytest.approx(rarest.mean(), abs=0.003 if method == "stratified" else 0.05)
    assert rarest[sets == TRAIN].mean() == near


@given(
    rows=rows_of_tweets,
    method=st.sampled_from([name for name in METHODS if name != "ordered"]),
    share=st.sampled_from([0.3, 1]),
    seed=seeds,
    data=st.data(),
)
def test_the_order_of_the_rows_does_not_matter(rows, method, share, seed, data):
    tweets, split = as_tweets(rows), section(method, train_share=share)
    if divided(tweets, split, seed) is None:
        return
    sets, order = assign(tweets, split, seed, 3)
    shuffled = np.array(data.draw(st.permutations(range(len(rows)))))
    again, order_again = assign(permuted(tweets, shuffled), split, seed, 3)
    assert np.array_equal(again, sets[shuffled])
    assert np.array_equal(shuffled[order_again], order)
    assert sorted(order.tolist()) == np.flatnonzero(sets != LEFT_OUT).tolist()


def test_the_config_offers_exactly_the_methods_that_there_are():
    known = load_schema()["properties"]["split"]["properties"]["method"]["enum"]
    assert set(known) == set(METHODS)
    facts = SPLIT | {"slice": "a", "value": "b", "train_share": 0.25}
    texts = {split_in_words(facts | {"method": method}) for method in known}
    assert len(texts) == len(METHODS)
    assert all(text.endswith("25\u00a0% of the training set is used") for text in texts)


# As version 1.0.0 divided the default demo corpus.
BEFORE = {
    "stratified": "3767338821a1d8b7781d060e296a350201329499e52f2eb6ca3956cb7c3ea708",
    "random": "a90bddfe1cb8cf7e80728761fd260ae594a72a32816d0f85bb86ea85319bf82d",
    "ordered": "04fcc3f3dac305228b3e532d3c111d947ef665fba92de1c9f269d74eade9b365",
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The Results of the default demo corpus, encoded; each test makes its own split."""
    folder = tmp_path_factory.mktemp("demo")
    config = resolve({"name": "x", "corpus": {"kind": "demo"}})
    for stage in ("demo", "tokenize"):
        run_stage(stage, folder, config, corpus=str(folder / "demo.csv"))
    run_encode(folder)
    return Results(folder)


@pytest.mark.parametrize("method", BEFORE)
def test_the_first_three_methods_divide_tweets_as_they_always_did(demo, method):
    run_split(demo, method=method)
    rows = pq.read_table(demo.rows, columns=["row", "part"]).to_pylist()
    assert hashlib.sha256(repr(rows).encode()).hexdigest() == BEFORE[method]


@pytest.mark.parametrize(
    "split",
    [
        {"method": "grouped"},
        {"method": "temporal"},
        {"method": "held_out", "slice": "airline", "value": "FlyQuillon"},
    ],
    ids=lambda split: split["method"],
)
def test_the_demo_corpus_can_be_divided_by_what_it_knows(demo, split):
    run_split(demo, **split)
    facts = read_json(demo.split_facts)
    assert (facts["straddling_groups"], facts["left_out"]) == (0, 0)
    assert {key: facts[key] for key in split} == split
    tweets, rows = pq.read_table(demo.tweets).to_pandas(), pq.read_table(demo.rows).to_pandas()
    sets = rows.set_index("row")["part"].sort_index()
    for name, part in facts["parts"].items():
        members = tweets[(sets == name).to_numpy()]
        counted = members["slice_airline"].value_counts().to_dict()
        assert {v: n for v, n in part["slices"]["airline"].items() if n} == counted
    if split["method"] == "held_out":
        assert facts["parts"]["train"]["slices"]["airline"]["FlyQuillon"] == 0


def test_left_out_tweets_are_in_no_file_of_the_split(demo):
    run_split(demo, train_share=0.25)
    facts, rows = read_json(demo.split_facts), pq.read_table(demo.rows)
    assert facts["parts"]["train"]["tweets"] == pytest.approx(720, abs=2)
    assert facts["left_out"] == 4_000 - len(rows)
    assert len(np.load(demo.train_labels)) == facts["parts"]["train"]["tweets"]
    assert facts["parts"]["validation"]["tweets"] == pytest.approx(720, abs=2)


def given_corpus(folder, sets):
    """Encode tweets of given sets, of which the first two are equal."""
    groups = [0, *range(len(sets) - 1)]
    tokens = [[f"w{group}"] for group in groups]
    labels = ["negative", "positive"] * (len(sets) // 2)
    known = {"set": sets}
    write_tokenized(folder, tokens, labels, groups, None, known, names=["negative", "positive"])
    run_encode(folder)
    return Results(folder)


def test_duplicates_in_several_given_sets_stay_and_are_warned_of(tmp_path, caplog):
    results = given_corpus(tmp_path, ["train", "dev", "train", "train", "dev", "test"])
    run_split(results, method="given")
    facts = read_json(results.split_facts)
    assert [part["tweets"] for part in facts["parts"].values()] == [3, 2, 1]
    assert (facts["straddling_groups"], facts["seen_in_training"]["validation"]) == (1, 1)
    assert "1 groups of equal tweets are in more than one set, as the split method given" in (
        caplog.text
    )


def test_given_sets_may_lack_a_test_set_and_nothing_else(tmp_path):
    results = given_corpus(tmp_path, ["train", "train", "dev", "dev"])
    run_split(results, method="given")
    assert read_json(results.split_facts)["parts"]["test"]["tweets"] == 0
    results = given_corpus(tmp_path, ["train", "train", "test", "test"])
    with pytest.raises(UserError, match="given leaves no tweet for the validation set"):
        run_split(results, method="given")


def test_a_given_corpus_goes_through_all_stages(tmp_path):
    rows = [f"tweet {n},{['negative', 'positive'][n % 2]},{['train', 'dev', 'test'][n % 3]}"
            for n in range(30)]  # fmt: skip
    (tmp_path / "t.csv").write_text("text,label,part\n" + "\n".join(rows) + "\n")
    run_tokenize(
        tmp_path / "t.csv",
        tmp_path / "results",
        columns={"label": "label", "set": "part"},
        labels=["negative", "positive"],
    )
    run_encode(tmp_path / "results")
    run_split(tmp_path / "results", method="given")
    facts = read_json(Results(tmp_path / "results").split_facts)
    assert [part["tweets"] for part in facts["parts"].values()] == [10, 10, 10]
