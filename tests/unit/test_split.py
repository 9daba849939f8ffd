"""Split: which tweets are in which set, and which words get a column."""

import zlib
from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from example_corpus import VOCABULARY
from example_tweets import LABELS, permuted, token_lists, write_tokenized
from hypothesis import given
from hypothesis import strategies as st
from small_experiment import run_stage
from tweetrnn.data.assign import assign, ordered_sets, overlap
from tweetrnn.data.units import majority_labels, mix
from tweetrnn.errors import UserError
from tweetrnn.files import read_json, sha256_of
from tweetrnn.results import SPLIT_ARRAYS, Results
from tweetrnn.sets import SETS

SPLIT = {
    "method": "stratified",
    "fractions": {"train": 0.5, "validation": 0.3, "test": 0.2},
    "slice": None,
    "value": None,
    "train_share": 1,
}


def group_of(row):
    """Return a hash of the tokens."""
    return zlib.crc32("\0".join(row).encode()) << 20


def encoded(folder, tokens, labels, *, groups=None, ids=None, known=None, length=6, names=LABELS):
    """Encode token lists; return the Results."""
    if groups is None:
        groups = [group_of(row) for row in tokens]
    write_tokenized(folder, tokens, labels, groups, ids, known, names=names)
    sequence = {"length": length, "padding": "left", "truncation": "left"}
    run_stage("encode", folder, {"sequence": sequence})
    return Results(folder)


def run_split(folder, split=(), vocabulary=(), seed=1):
    """Run the stage with some keys of these sections changed."""
    config = {"split": SPLIT | dict(split), "vocabulary": VOCABULARY | dict(vocabulary)}
    run_stage("split", folder, config | {"seed": seed})


def run(folder, tokens, labels, *, split=(), vocabulary=(), **given):
    """Encode and split token lists; return (facts, arrays by name, rows, vocabulary)."""
    results = encoded(folder, tokens, labels, **given)
    run_split(folder, split, vocabulary)
    arrays = {name: np.load(getattr(results, name)) for name in SPLIT_ARRAYS}
    tables = pq.read_table(results.rows), pq.read_table(results.vocabulary)
    return read_json(results.split_facts), arrays, *tables


def corpus(n, seed=0, words=40):
    """Return token lists and labels of n tweets; they are short, so that some are equal."""
    rng = np.random.default_rng(seed)
    tokens = [[f"w{i}" for i in rng.zipf(1.5, rng.integers(1, 7)) % words] for _ in range(n)]
    return tokens, rng.choice(LABELS, n, p=[0.6, 0.25, 0.15]).tolist()


groups_and_labels = st.lists(
    st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2)), min_size=1, max_size=80
).flatmap(lambda rows: st.lists(st.sampled_from(rows), min_size=len(rows), max_size=2 * len(rows)))
fractions = st.sampled_from(
    [
        {"train": 0.72, "validation": 0.18, "test": 0.1},
        {"train": 0.8, "validation": 0.2, "test": 0},
        {"train": 0.34, "validation": 0.33, "test": 0.33},
    ]
)


@given(
    rows=groups_and_labels,
    fractions=fractions,
    method=st.sampled_from(["stratified", "random"]),
    seed=st.integers(0, 2**32 - 1),
    data=st.data(),
)
def test_groups_stay_whole_and_row_order_does_not_matter(rows, fractions, method, seed, data):
    groups = np.array([group for group, _ in rows], dtype=np.uint64)
    labels = np.array([label for _, label in rows])
    ids = pa.array([str(i) for i in range(len(rows))])
    config = SPLIT | {"method": method, "fractions": fractions}
    tweets = {"group": groups, "label": labels, "id": ids}
    sets, order = assign(tweets, config, seed, 3)

    assert sorted(order.tolist()) == list(range(len(rows)))
    assert set(sets.tolist()) <= ({0, 1, 2} if fractions["test"] else {0, 1})
    assert overlap(groups, sets)[0] == 0
    largest = max(Counter(groups.tolist()).values())
    strata = 3 if method == "stratified" else 1
    for number, name in enumerate(SETS):
        assert abs((sets == number).sum() - fractions[name] * len(rows)) <= strata * largest

    shuffled = np.array(data.draw(st.permutations(range(len(rows)))))
    sets_again, order_again = assign(permuted(tweets, shuffled), config, seed, 3)
    assert np.array_equal(sets_again, sets[shuffled])
    assert np.array_equal(shuffled[order_again], order)


def test_sizes_and_class_shares_come_close_to_the_fractions():
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 2**64, 3000, dtype=np.uint64)
    labels = rng.choice(3, 3000, p=[0.63, 0.21, 0.16])
    tweets = {"group": groups, "label": labels, "id": pa.array([""] * 3000)}
    sets, _ = assign(tweets, SPLIT, 1, 3)
    for number, name in enumerate(SETS):
        share = SPLIT["fractions"][name]
        assert abs((sets == number).sum() - share * 3000) <= 1
        for label in range(3):
            count = (labels == label).sum()
            assert abs(((sets == number) & (labels == label)).sum() - share * count) <= 2


def test_the_hash_is_splitmix64():
    # The first outputs of splitmix64 seeded with 1234567, as published with its C code.
    state = np.uint64(1234567) + np.arange(3, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    assert mix(state).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_another_seed_gives_other_sets():
    tweets = {"group": np.arange(1000, dtype=np.uint64), "label": np.zeros(1000, dtype=int)}
    tweets["id"] = pa.array([""] * 1000)
    one, two = (assign(tweets, SPLIT | {"method": "random"}, seed, 1)[0] for seed in (1, 2))
    assert 200 < np.count_nonzero(one != two) < 1000


def test_a_group_with_conflicting_labels_counts_as_its_majority():
    inverse = np.array([0, 0, 0, 1, 1, 2])
    labels = np.array([2, 2, 0, 1, 2, 0])
    assert majority_labels(inverse, labels, 3, 3).tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("rows", "fractions", "sizes"),
    [
        (11541, (0.8, 0.2, 0), [9232, 2309, 0]),
        (100, (0.29, 0.29, 0.42), [29, 29, 42]),  # 0.29 * 100 is 28.999999999999996
        (10, (0.7, 0.2, 0.1), [7, 2, 1]),
        (7, (0.5, 0.25, 0.25), [3, 2, 2]),
    ],
)
def test_an_ordered_split_cuts_where_the_decimal_fraction_says(rows, fractions, sizes):
    sets = ordered_sets(rows, dict(zip(SETS, fractions, strict=True)))
    assert np.bincount(sets, minlength=3).tolist() == sizes
    assert (np.diff(sets) >= 0).all()


def test_an_ordered_split_keeps_the_file_s_order_and_counts_tweets_in_several_sets(tmp_path):
    tokens = [["a"], ["b"], ["c"], ["a"], ["c"], ["c"], ["d"], ["d"], ["e"], ["f"]]
    labels = ["negative", "neutral", "positive"] * 3 + ["negative"]
    facts, arrays, rows, _ = run(tmp_path, tokens, labels, split={"method": "ordered"})
    assert rows["row"].to_pylist() == list(range(10))
    assert rows["part"].to_pylist() == ["train"] * 5 + ["validation"] * 3 + ["test"] * 2
    assert (facts["straddling_groups"], facts["straddling_rows"]) == (1, 3)
    assert facts["seen_in_training"] == {"validation": 1, "test": 0}
    assert arrays["train_labels"].tolist() == [0, 1, 2, 0, 1]


@given(
    tokens=token_lists.filter(lambda rows: len(rows) >= 6),
    method=st.sampled_from(["stratified", "random", "ordered"]),
    min_count=st.integers(1, 2),
    max_words=st.one_of(st.none(), st.integers(1, 5)),
    padding=st.sampled_from(["column", "zeros"]),
    unknown=st.sampled_from(["column", "zeros"]),
    fit_on=st.sampled_from(["train", "all"]),
)
def test_columns_are_exactly_for_the_words_that_the_config_asks_for(
    tmp_path_factory, tokens, method, min_count, max_words, padding, unknown, fit_on
):
    folder = tmp_path_factory.mktemp("split")
    groups = [group_of(row) for row in tokens]
    vocabulary = dict(
        fit_on=fit_on, min_count=min_count, max_words=max_words, padding=padding, unknown=unknown
    )
    try:
        facts, arrays, rows, columns = run(
            folder,
            tokens,
            ["only"] * len(tokens),
            groups=groups,
            names=["only"],
            split={"method": method, "fractions": {"train": 0.5, "validation": 0.5, "test": 0}},
            vocabulary=vocabulary,
        )
    except UserError:  # groups so large that a set is empty, or no word is frequent enough
        return

    rows = rows.to_pydict()
    assert sorted(rows["row"]) == list(range(len(tokens)))
    assert rows["group"] == [groups[row] for row in rows["row"]]
    fitted = [
        row for row, part in zip(rows["row"], rows["part"], strict=True) if fit_on in (part, "all")
    ]
    counts = Counter(word for row in fitted for word in tokens[row])
    kept = sorted(
        ((word, n) for word, n in counts.items() if n >= min_count), key=lambda x: (-x[1], x[0])
    )[:max_words]
    columns = columns.to_pydict()
    assert list(zip(columns["word"], columns["count"], strict=True)) == kept

    special = [name for name, kind in [("p", padding), ("u", unknown)] if kind == "column"]
    width = len(special) + len(kept)
    column = {word: i for i, (word, _) in enumerate(kept, len(special))}
    padding_id = special.index("p") if "p" in special else width
    unknown_id = special.index("u") if "u" in special else width
    assert (facts["width"], facts["padding_id"], facts["unknown_id"]) == (
        width,
        padding_id,
        unknown_id,
    )
    assert columns["id"] == list(column.values())
    for name in SETS:
        members = [row for row, part in zip(rows["row"], rows["part"], strict=True) if part == name]
        expected = [
            [padding_id] * (6 - len(ids)) + ids
            for ids in (
                [column.get(word, unknown_id) for word in tokens[row][-6:]] for row in members
            )
        ]
        assert arrays[f"{name}_sequences"].tolist() == expected
        words = [word for row in members for word in tokens[row]]
        assert facts["parts"][name]["tokens"] == len(words)
        assert facts["parts"][name]["unknown_tokens"] == sum(w not in column for w in words)


def test_the_arrays_are_the_same_bytes_under_any_row_order(tmp_path):
    tokens, labels = corpus(400)
    ids = [str(i * 7919 % 1000) for i in range(400)]
    groups = {}
    by_row = [groups.setdefault(tuple(row), 12345 + 77 * len(groups)) for row in tokens]
    facts, arrays, rows, _ = run(tmp_path, tokens, labels, ids=ids, groups=by_row)
    shuffled = np.random.default_rng(1).permutation(400)
    facts_again, arrays_again, rows_again, _ = run(
        tmp_path,
        [tokens[i] for i in shuffled],
        [labels[i] for i in shuffled],
        ids=[ids[i] for i in shuffled],
        groups=[by_row[i] for i in shuffled],
    )
    for name, array in arrays.items():
        assert np.array_equal(array, arrays_again[name]), name
    assert facts["parts"] == facts_again["parts"]
    assert [ids[i] for i in rows["row"].to_pylist()] == [
        ids[shuffled[i]] for i in rows_again["row"].to_pylist()
    ]
    members = defaultdict(set)
    for group, part in zip(rows["group"].to_pylist(), rows["part"].to_pylist(), strict=True):
        members[group].add(part)
    assert max(map(len, members.values())) == 1
    assert max(Counter(by_row).values()) > 1  # or the line above shows nothing


def test_without_a_test_set_its_arrays_are_empty(tmp_path):
    tokens, labels = corpus(60)
    facts, arrays, _, _ = run(
        tmp_path,
        tokens,
        labels,
        split={"fractions": {"train": 0.8, "validation": 0.2, "test": 0}},
    )
    assert arrays["test_sequences"].shape == (0, 6)
    assert arrays["test_labels"].shape == (0,)
    assert facts["parts"]["test"]["tweets"] == 0


def test_a_set_without_tweets_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"fractions\.test: 0\.2 of 2 tweets leaves no tweet"):
        run(tmp_path, [["a"], ["b"]], ["negative"] * 2, names=["negative"])


def test_duplicates_that_leave_no_tweet_for_a_set_are_said_to_stay_together(tmp_path):
    tokens = [["a"]] * 5 + [["b"]] * 5
    with pytest.raises(UserError, match=r"of 10 tweets \(2 different ones: tweets with the same"):
        run(tmp_path, tokens, ["negative"] * 10, names=["negative"])


def test_training_without_a_class_is_refused(tmp_path):
    labels = ["negative"] * 9 + ["positive"]
    with pytest.raises(UserError, match="no tweet of class 'positive', of which the corpus has 1"):
        run(
            tmp_path,
            [[f"w{i}"] for i in range(10)],
            labels,
            names=["negative", "positive"],
            split={"method": "ordered"},
        )


def test_a_rare_class_reaches_training_when_stratified(tmp_path):
    labels = ["negative"] * 30 + ["positive"]
    facts, _, _, _ = run(
        tmp_path, [[f"w{i}"] for i in range(31)], labels, names=["negative", "positive"]
    )
    assert facts["parts"]["train"]["classes"]["positive"] == 1


def test_a_vocabulary_without_words_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"vocabulary\.min_count: no word occurs 9 times"):
        run(
            tmp_path,
            [[f"w{i}"] for i in range(30)],
            ["negative"] * 30,
            names=["negative"],
            vocabulary={"min_count": 9},
        )


@pytest.fixture(scope="module")
def to_split(tmp_path_factory):
    """Results with encoded tweets, which each test leaves as they were."""
    return encoded(tmp_path_factory.mktemp("encoded"), *corpus(60))


@pytest.mark.parametrize(
    "name", ["tweets", "dictionary", "sequences", "words", "offsets", "labels"]
)
@given(position=st.integers(0), bit=st.integers(0, 7))
def test_a_flipped_bit_in_an_input_is_refused(to_split, name, position, bit):
    path = getattr(to_split, name)
    whole = path.read_bytes()
    position %= len(whole)
    path.write_bytes(whole[:position] + bytes([whole[position] ^ 1 << bit]) + whole[position + 1 :])
    try:
        with pytest.raises(UserError, match=rf"{path.name}: damaged .*delete the file and run"):
            run_split(to_split)
    finally:
        path.write_bytes(whole)
    assert not to_split.split_facts.parent.exists()


def test_the_facts_have_the_sha256_of_every_file(tmp_path):
    results = encoded(tmp_path, *corpus(60))
    run_split(tmp_path)
    names = ["tweets", *SPLIT_ARRAYS, "rows", "vocabulary"]
    digests = {name: sha256_of(getattr(results, name)) for name in names}
    assert read_json(results.split_facts)["sha256"] == digests
