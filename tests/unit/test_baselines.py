"""Baselines: against sums done by hand and scikit-learn called from outside."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from example_tweets import LABELS, write_tweets
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from tweetrnn.errors import UserError
from tweetrnn.evaluation import baselines
from tweetrnn.evaluation.metrics import METRICS
from tweetrnn.files import read_json, sha256_of, write_json
from tweetrnn.results import Results

CUES = [["bad", "late"], ["ok", "so"], ["great", "love"]]


def example_rows(n, seed=0):
    """Return token lists with a cue for their label in most of them, and the labels."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    tokens = []
    for label in labels:
        words = [f"w{i}" for i in rng.integers(0, 20, 4)]
        tokens.append([*words, CUES[label][rng.integers(2)]] if rng.random() < 0.8 else words)
    return tokens, labels


def split_in(folder, n=240, test=40):
    """Write what baselines reads; return the Results."""
    results = Results(folder)
    for path in (results.tweets, results.rows):
        path.parent.mkdir()
    tokens, labels = example_rows(n)
    write_tweets(results.tweets, tokens, [LABELS[label] for label in labels])
    sets = np.repeat(["train", "validation", "test"], [n - 60 - test, 60, test])
    order = np.random.default_rng(1).permutation(n)
    rows = {
        "row": order,
        "part": pa.array(sets.tolist()),
        "label": labels[order].astype(np.int32),
        "group": order.astype(np.uint64),
    }
    pq.write_table(pa.table(rows), results.rows)
    digests = {name: sha256_of(getattr(results, name)) for name in ("tweets", "rows")}
    write_json(results.split_facts, {"labels": LABELS, "sha256": digests})
    return results


def run_stage(results):
    """Run the stage; return baseline_metrics."""
    names = ("tweets", "rows", "split_facts", "baseline_metrics", "baseline_predictions")
    baselines.baselines(**{name: getattr(results, name) for name in names}, config={})
    return read_json(results.baseline_metrics)


def test_scores_are_those_of_the_stored_predictions_and_beat_the_majority(tmp_path):
    results = split_in(tmp_path)
    scores = run_stage(results)
    table = pq.read_table(results.baseline_predictions).to_pandas()
    rows = pq.read_table(results.rows).to_pandas()
    for (baseline, part), found in table.groupby(["baseline", "part"]):
        truth = rows.label[rows.part == part].to_numpy()
        assert (found.label.to_numpy() == truth).all()
        assert found.row.tolist() == list(range(len(truth)))
        guesses = found[["p0", "p1", "p2"]].to_numpy()
        assert guesses.sum(axis=1) == pytest.approx(1, abs=1e-6)
        accuracy = (guesses.argmax(axis=1) == truth).mean()
        assert scores[baseline][part]["accuracy"] == pytest.approx(accuracy)
        assert scores[baseline][part].keys() == METRICS.keys()
    assert scores["majority"]["label"] == "negative"
    for part in ("validation", "test"):
        share = (rows.label[rows.part == part] == 0).mean()
        assert scores["majority"][part]["accuracy"] == pytest.approx(share)
        # Right about both entries that say no, wrong about two where the label is another.
        assert scores["majority"][part]["binary_accuracy"] == pytest.approx((1 + 2 * share) / 3)
        for name in ("logistic_regression", "nb_svm"):
            better = scores[name][part]["accuracy"]
            assert better > scores["majority"][part]["accuracy"] + 0.1


def test_the_same_input_gives_the_same_bytes(tmp_path):
    results = split_in(tmp_path)
    paths = [results.baseline_metrics, results.baseline_predictions]
    run_stage(results)
    first = [path.read_bytes() for path in paths]
    run_stage(results)
    assert [path.read_bytes() for path in paths] == first


def test_the_metrics_say_which_predictions_they_are_of(tmp_path):
    results = split_in(tmp_path)
    digests = run_stage(results)["sha256"]
    assert digests == {"predictions": sha256_of(results.baseline_predictions)}


@pytest.mark.parametrize("name", ["tweets", "rows"])
def test_tweets_or_rows_of_another_split_are_refused(tmp_path, name):
    results = split_in(tmp_path)
    path = getattr(results, name)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(UserError, match=rf"{name}\.parquet: damaged \(its sha256 is"):
        run_stage(results)


def test_without_a_test_set_its_scores_are_null(tmp_path):
    scores = run_stage(split_in(tmp_path, test=0))
    assert scores["majority"]["test"] is None
    assert scores["logistic_regression"]["test"] is None
    assert scores["nb_svm"]["test"] is None


def test_majority_ties_go_to_the_lowest_class():
    probabilities = baselines.majority_probabilities(np.array([2, 1, 1, 2]), 3, 2)
    assert probabilities.tolist() == [[0, 1, 0], [0, 1, 0]]


def test_features_are_single_tokens_and_pairs_whatever_is_in_them():
    features = baselines.vectorizer().fit([["A", "a", "#x!"], ["a"]])
    assert sorted(features.get_feature_names_out()) == ["#x!", "A", "A a", "a", "a #x!"]


MODELS = {
    "logistic_regression": baselines.logistic_regression,
    "nb_svm": baselines.nb_svm,
}
models = pytest.mark.parametrize("name", list(MODELS))


def tuned(name, texts, labels, grid):
    """Return the Tuned of a model on the same texts as training and validation set."""
    counts = CountVectorizer().fit_transform(texts)
    both = ("train", "validation")
    sets = dict.fromkeys(both, counts), dict.fromkeys(both, np.array(labels))
    return baselines.tune(name, MODELS[name](), grid, *sets)


@models
def test_ties_of_c_go_to_the_smaller(name):
    assert tuned(name, ["yes", "no"] * 20, [1, 0] * 20, [0.3, 3, 30]).c == 0.3


@models
def test_a_best_c_at_an_end_of_the_grid_is_recorded_and_warned_of(name, caplog):
    found = tuned(name, ["yes", "no"] * 20, [1, 0] * 20, [0.3, 3, 30])
    assert found.at_edge
    assert "the best C, 0.3, is the smallest of those tried" in caplog.text


# A word that most examples of the smaller class have: a small C does not trust it.
UNSURE = ["rare"] * 3 + ["common"] * 9


@models
def test_a_best_c_within_the_grid_causes_no_warning(name, caplog):
    found = tuned(name, UNSURE, [1] * 3 + [0] * 9, [1e-6, 100, 1000])
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert (found.c, found.at_edge, warnings) == (100, False, [])


def test_the_metrics_say_which_c_was_chosen_from_which(tmp_path):
    scores = run_stage(split_in(tmp_path))
    for name, grid in baselines.GRIDS.items():
        found = scores[name]
        assert found["grid"] == list(grid) == sorted(grid)
        assert found["at_edge"] == (found["C"] in (grid[0], grid[-1]))


def test_log_count_ratios_are_naive_bayes_s():
    """Two examples of class 1 (one says it twice, which counts once) and one of class 0."""
    counts = csr_matrix([[2, 1, 0], [1, 0, 0], [0, 1, 3]])
    ratios = baselines.LogCountRatios().fit(counts, np.array([1, 1, 0]))
    p, q = np.array([3, 2, 1]) / 6, np.array([1, 2, 2]) / 5
    r = np.log(p / q)
    assert ratios.transform(counts).toarray() == pytest.approx(
        np.array([[r[0], r[1], 0], [r[0], 0, 0], [0, r[1], r[2]]])
    )


def test_nb_svm_is_one_class_against_the_rest_with_probabilities_that_sum_to_1():
    tokens, labels = example_rows(200)
    counts = baselines.vectorizer().fit_transform(tokens)
    model = baselines.nb_svm().set_params(estimator__logisticregression__tol=1e-8)
    found = model.fit(counts, labels).predict_proba(counts)
    each = []
    for label in range(3):
        one = labels == label
        x = baselines.LogCountRatios().fit(counts, one).transform(counts)
        each.append(LogisticRegression(tol=1e-8).fit(x, one).predict_proba(x)[:, 1])
    expected = np.column_stack(each)
    assert found == pytest.approx(expected / expected.sum(axis=1, keepdims=True), abs=1e-3)


def test_a_fit_that_continues_from_a_smaller_c_ends_where_one_from_the_start_ends():
    tokens, labels = example_rows(200)
    counts = baselines.vectorizer().fit_transform(tokens)
    continued = baselines.logistic_regression()
    for c in (0.1, 1, 10):
        continued.set_params(logisticregression__C=c).fit(counts, labels)
    whole = make_pipeline(TfidfTransformer(), LogisticRegression(C=10, tol=1e-8, max_iter=10_000))
    expected = whole.fit(counts, labels).predict_proba(counts)
    assert continued.predict_proba(counts) == pytest.approx(expected, abs=1e-3)
