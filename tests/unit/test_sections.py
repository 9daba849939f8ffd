"""What the report says, shows and lists, for any number of cells and any state of the grid."""

import pytest
import yaml
from example_experiment import FEW_COMBINATIONS
from example_report import CLASSES, example_report
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn.config import resolve
from tweetrnn.evaluation.comparison import (
    Collapsed,
    LabelAgreement,
    PairedDivergence,
    TuningBudget,
)
from tweetrnn.evaluation.metrics import METRICS, PREDICTION_METRICS
from tweetrnn.evaluation.slices import CONFIDENCE
from tweetrnn.evaluation.statistics import describe
from tweetrnn.names import BASELINES, RANKINGS
from tweetrnn.reporting import figures
from tweetrnn.reporting.document import MINUS, described, percent, share, signed
from tweetrnn.reporting.sections import sections_of
from tweetrnn.reporting.sections.divergence import paired_in_words
from tweetrnn.reporting.sections.provenance import listing, shareable
from tweetrnn.reporting.sections.selection import leaders
from tweetrnn.reporting.verdict import DEMO, best_against_others

pytestmark = pytest.mark.slow  # writes whole reports

ORDER = [
    *("headline", "data", "top", "runs", "effects", "divergence"),
    *("real", "robustness", "failures", "slices", "disagreements", "ceiling"),
    *("reference", "cost", "provenance", "cite"),
]
EXPERIMENTS = {
    "one cell": {"cells": ["LSTM"]},
    "two cells": {},
    "three cells": {"cells": ["SimpleRNN", "LSTM", "GRU"]},
    "a baseline cell": {"baseline_cells": ["MeanOfWords"]},
    "a sample": {"sample": 5},
    "no test part": {"part": "validation"},
    "one replicate": {"selected_replicates": 1},
    "several runs of each combination": {"replicates": 2, **FEW_COMBINATIONS},
    "other splits": {"on_other_splits": True},
    "other splits and three cells": {
        "cells": ["SimpleRNN", "LSTM", "GRU"],
        "on_other_splits": True,
    },
    "partial": {"compared": False, "statuses": ["missing", "diverged", "missing"]},
    "nothing done": {"compared": False, "statuses": ["missing"] * 64},
}


@pytest.fixture(scope="module", params=EXPERIMENTS.values(), ids=EXPERIMENTS)
def any_experiment(request):
    return example_report(**request.param)


def tables(experiment):
    """Return {name: table} of the whole report."""
    return {table.name: table for section in sections_of(experiment) for table in section.tables()}


def paragraphs(experiment, name):
    """Return [(text, role)] of a section's paragraphs."""
    [section] = [section for section in sections_of(experiment) if section.name == name]
    return [(block.text, block.role) for block in section.blocks if block.kind == "paragraph"]


def finding(experiment, name):
    """Return the first finding of a section."""
    return next(text for text, role in paragraphs(experiment, name) if role == "finding")


def method(experiment, name):
    """Return the first paragraph on the method of a section."""
    return next(text for text, role in paragraphs(experiment, name) if role == "method")


def answer(experiment):
    """Return the report's Answer."""
    return sections_of(experiment)[0].blocks[0]


def cells_of(table, key):
    """Return what a table shows in one column."""
    [column] = [column for column in table.columns if column.key == key]
    return [column.show(row.get(key)) for row in table.rows]


def test_sections_come_in_their_order(any_experiment):
    shown = [section.name for section in sections_of(any_experiment)]
    asked = any_experiment.comparison and any_experiment.config["robustness"]["splits"]
    pairs = not any_experiment.comparison or any_experiment.comparison.disagreements
    needs = {"robustness": asked, "disagreements": pairs}
    assert shown == [name for name in ORDER if needs.get(name, True)]


def test_every_value_can_be_shown_and_sorted(any_experiment):
    for table in tables(any_experiment).values():
        for column in table.columns:
            for row in table.rows:
                assert column.show(row.get(column.key))
                assert isinstance(table.sort_value(row, column), str | int | float)


def test_figures_are_those_that_are_drawn(any_experiment):
    experiment = any_experiment
    shown = {figure.name for section in sections_of(experiment) for figure in section.figures()}
    assert shown - {"rulegraph"} <= set(
        figures.names(experiment.config, compared=bool(experiment.comparison))
    )


def test_every_figure_has_an_alternative_text(any_experiment):
    shown = [figure for section in sections_of(any_experiment) for figure in section.figures()]
    assert shown and all(len(figure.alt) > 15 for figure in shown)


def test_every_metric_is_in_every_table_of_its_kind():
    found = tables(example_report())
    keys = {name: {column.key for column in table.columns} for name, table in found.items()}
    assert set(METRICS) <= keys["selected"] and set(METRICS) <= keys["replicates"]
    assert {*RANKINGS, *(f"{name}_at_best" for name in PREDICTION_METRICS)} <= keys["runs"]


def test_runs_are_listed_without_figures_of_the_test_part():
    table = tables(example_report())["runs"]
    assert len(table.rows) == 64
    assert not [column.key for column in table.columns if "test" in column.key + column.title]


def test_state_of_runs_is_a_column_where_not_all_have_finished():
    finished, partial = example_report(), example_report(compared=False, statuses=["diverged"])
    assert "status" not in [column.key for column in tables(finished)["runs"].columns]
    assert "diverged" in cells_of(tables(partial)["runs"], "status")


def test_a_sample_is_said_to_be_one():
    experiment = example_report(sample=5)
    [note, *_] = [text for text, role in paragraphs(experiment, "headline") if role == "note"]
    assert note.startswith("This is a sample: 5 of the grid's 32 combinations")
    assert "drawn at random by the seed 1" in note
    assert len(experiment.runs) == 10
    assert "are a random sample of the grid" in method(experiment, "effects")


def test_a_whole_grid_is_not_said_to_be_a_sample():
    assert not [t for t, _ in paragraphs(example_report(), "headline") if "This is a sample" in t]
    assert "not a random sample" in method(example_report(), "effects")


@pytest.mark.parametrize("table", ["effects", "interactions"])
def test_pairs_are_counted_with_how_many_are_possible_where_some_are_missing(table):
    sampled, whole = (tables(example_report(sample=n))[table] for n in (12, None))
    assert set(cells_of(sampled, "possible_pairs")) == {"16"}
    assert all(int(pairs) < 12 for pairs in cells_of(sampled, "pairs"))
    assert "possible_pairs" not in [column.key for column in whole.columns]
    assert set(cells_of(whole, "pairs")) == {"16"}


def test_replicates_of_a_grid_are_distinguished():
    experiment = example_report(replicates=2, **FEW_COMBINATIONS)
    assert set(cells_of(tables(experiment)["runs"], "replicate")) == {"1", "2"}


def test_runs_without_a_result_are_named_first():
    experiment = example_report(compared=False, statuses=["missing"] * 9 + ["diverged"])
    text, role = paragraphs(experiment, "headline")[0]
    assert text.startswith("10 of 64 runs have no result: SimpleRNN rnn") and role == "warning"
    assert text.count("(missing)") == 8 and "and 2 more" in text


def test_without_a_comparison_its_sections_say_that_it_is_missing():
    experiment = example_report(compared=False, statuses=["missing"])
    for name in ("effects", "real", "failures", "slices", "ceiling", "reference"):
        assert paragraphs(experiment, name) == [
            ("Shown when all trainings that it needs are done.", "note")
        ]
    assert "There is no comparison yet" in answer(experiment).sentence
    assert answer(experiment).tiles == []


def test_demo_corpus_is_said_first():
    assert answer(example_report(kind="demo")).warnings == [DEMO]


def test_a_baseline_cell_is_called_by_its_name_in_words_and_shown_where_baselines_are():
    found = tables(example_report(baseline_cells=["MeanOfWords"]))
    mean = "mean of word vectors"
    models = cells_of(found["selected"], "model")
    assert models == ["SimpleRNN", "LSTM", mean, *(one.model for one in BASELINES.values())]
    differences = found["differences"]
    both = zip(cells_of(differences, "first"), cells_of(differences, "second"), strict=True)
    assert [first for first, second in both if second == mean] == ["SimpleRNN", "LSTM"]
    assert cells_of(found["runs"], "cell").count(mean) == 16
    assert cells_of(found["replicates"], "cell").count(mean) == 3
    assert cells_of(found["cost"], "cell") == ["SimpleRNN", "LSTM", mean]
    for name in ("divergence", "optimism", "effects", "classes"):
        assert mean not in str(found[name].rows) and "MeanOfWords" not in str(found[name].rows)


@pytest.mark.parametrize("c, end", [(0.1, "smallest"), (30, "largest")])
def test_a_best_c_at_an_end_of_its_grid_is_said(c, end):
    experiment = example_report()
    assert "value tried" not in str(paragraphs(experiment, "headline"))
    experiment.baselines["nb_svm"] |= {"C": c, "grid": [0.1, 3, 30], "at_edge": True}
    assert (
        f"NB-SVM does best on the validation set with C = {c:g}, the {end} value tried, so a value "
        "beyond it may be better.",
        "note",
    ) in paragraphs(experiment, "headline")


@pytest.mark.parametrize("cells", [["LSTM"], ["SimpleRNN", "LSTM"], ["SimpleRNN", "LSTM", "GRU"]])
def test_every_cell_and_every_pair_of_cells_has_its_place(cells):
    experiment = example_report(cells)
    found, pairs = tables(experiment), len(cells) * (len(cells) - 1) // 2
    assert cells_of(found["selected"], "model")[: len(cells)] == cells
    assert len(found["differences"].rows) == pairs + len(BASELINES) * len(cells)
    assert len(found["mcnemar"].rows if "mcnemar" in found else []) == pairs
    assert len(found["paired"].rows if "paired" in found else []) == pairs
    assert ("interactions" in found) == (pairs > 0)
    assert cells_of(found["divergence"], "cell") == [cell for cell in cells for _ in range(2)]
    assert len(found["paired_divergence"].rows if "paired_divergence" in found else []) == 3 * pairs
    assert cells_of(found["tuning_budget"], "cell") == cells
    titles = [
        block.title
        for section in sections_of(experiment)
        for block in section.blocks
        if block.kind == "cards"
    ]
    assert titles == [f"{cell}: the best 3" for cell in cells]


def test_best_runs_come_with_parameters_figure_and_architecture():
    experiment = example_report()
    [first, *_] = [
        card
        for section in sections_of(experiment)
        for block in section.blocks
        if block.kind == "cards"
        for card in block.cards
    ]
    best = experiment.runs[experiment.runs["cell"] == "SimpleRNN"].iloc[0]
    assert first.parameters == f"{best['reference_tuple']}: {described(best['combination'])}"
    assert first.value == f"{best['mean_accuracy']:.3f}"
    assert cells_of(first.architecture, "parameters") == ["1,234"]
    assert first.loss.name == "curves-SimpleRNN-1-loss"


def test_divergence_epoch_is_defined_and_set_beside_the_reference_s_claim():
    experiment = example_report()
    texts = [text for text, _ in paragraphs(experiment, "top")]
    assert any(text.startswith("The divergence epoch, dotted in the curves, is") for text in texts)
    table = tables(experiment)["divergence"]
    assert cells_of(table, "published") == ["2", "2", "4", "4"]
    assert cells_of(table, "learning_rate") == ["1e-4", "1e-3"] * 2


def test_the_reference_is_left_out_unless_the_config_asks_for_it():
    experiment = example_report()
    experiment.config["report"]["reference"] = False
    assert "reference" not in [section.name for section in sections_of(experiment)]
    assert "published" not in [column.key for column in tables(experiment)["divergence"].columns]
    assert method(experiment, "top").startswith("Runs are ranked by")


PUBLISHED = {"model": "SVM", "metric": "macro_f1", "value": 0.647, "source": "A paper", "note": ""}


def test_published_results_stand_beside_ours_in_their_metric():
    experiment = example_report()
    experiment.config["report"]["published"] = [PUBLISHED]
    table = tables(experiment)["published"]
    assert cells_of(table, "model")[1:] == [
        "LSTM",
        "majority baseline",
        "logistic regression",
        "NB-SVM with logistic loss",
        "SVM",
    ]
    mean = experiment.comparison.primary.accuracies["LSTM"].spread["test"]["macro_f1"].mean
    assert cells_of(table, "macro_f1")[1] == f"{mean:.3f}"
    assert cells_of(table, "macro_f1")[-1] == "0.647"
    assert cells_of(table, "source")[-2:] == ["this experiment", "A paper"]
    assert [column.key for column in table.columns] == ["model", "macro_f1", "source", "note"]


def test_published_accuracies_stand_beside_ours_with_their_intervals():
    experiment = example_report()
    experiment.config["report"]["published"] = [PUBLISHED | {"metric": "accuracy"}]
    table = tables(experiment)["published"]
    assert "to" in cells_of(table, "interval")[0] and cells_of(table, "interval")[-1] == "–"


def test_classes_shares_and_unknown_words_of_each_part_are_given():
    table = tables(example_report())["parts"]
    assert [column.title for column in table.columns][2:5] == CLASSES
    assert cells_of(table, "unknown_rate") == ["0.0\u00a0%", "4.0\u00a0%", "5.0\u00a0%"]


def test_absent_test_part_has_no_row():
    assert cells_of(tables(example_report(part="validation"))["parts"], "part") == [
        "train",
        "validation",
    ]


def test_duplicates_across_parts_are_warned_of():
    experiment = example_report()
    experiment.split |= {"method": "ordered", "seen_in_training": {"validation": 12, "test": 0}}
    text, role = paragraphs(experiment, "data")[1]
    assert text.startswith("12 validation tweets have the same tokens as a training tweet")
    assert role == "warning"


def test_mixed_versions_of_trainings_are_warned_of():
    experiment = example_report()
    assert len(tables(experiment)["trainings"].rows) == 1
    next(iter(experiment.provenances.values()))["processor"] = "another one"
    assert paragraphs(experiment, "provenance")[1][1] == "warning"
    assert sorted(cells_of(tables(experiment)["trainings"], "trainings")) == ["1", "69"]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@pytest.mark.parametrize(
    ("kind", "key", "value", "shown"),
    [
        ("path", "path", "/home/ann/T.csv", "…/T.csv"),
        ("path", "path", "~ann/T.csv", "…/T.csv"),
        ("path", "path", "../../home/ann/T.csv", "…/T.csv"),
        ("path", "path", "data/../../ann/T.csv", "…/T.csv"),
        ("path", "path", "data/T.csv", "data/T.csv"),
        ("url", "url", "https://ann:pw@a.example/T.csv?token=1#x", "https://a.example/T.csv"),
    ],
)
def test_config_is_listed_without_private_folders_users_and_secrets(kind, key, value, shown):
    corpus = {"kind": kind, key: value} | ({"sha256": "0" * 64} if kind == "url" else {})
    files = {"a": "~/a.csv", "b": "/x/b.csv", "c": "data/c.csv"}
    config = resolve({"name": "x", "corpus": corpus, "predict": {"files": files}})
    shared = shareable(config)
    assert shared["corpus"] == config["corpus"] | {key: shown}
    assert shared["predict"]["files"] == {"a": "…/a.csv", "b": "…/b.csv", "c": "data/c.csv"}
    config["predict"]["files"] = list(files.values())
    assert shareable(config)["predict"]["files"] == ["…/a.csv", "…/b.csv", "data/c.csv"]


def test_config_of_the_listing_is_the_config_in_full():
    corpus = {"kind": "path", "path": "t.csv", "delimiter": "/", "labels": ["/s", "~x", "no"]}
    corpus |= {"licence": "https://ann:pw@a.example/?q", "columns": {"text": "/home/text"}}
    config = {"name": "a", "corpus": corpus, "report": {"title": "/a/b"}}
    config = resolve(config | {"predict": {"files": {"x": "x.csv"}, "text_column": "/t"}})
    assert yaml.safe_load(listing(config)) == config


@given(title=TEXTS, labels=st.lists(TEXTS, min_size=2, unique=True), column=TEXTS, licence=TEXTS)
def test_any_text_of_the_config_is_listed_exactly(title, labels, column, licence):
    corpus = {"kind": "path", "path": "t.csv", "labels": labels, "licence": licence}
    predict = {"text_column": column}
    config = {"name": "a", "corpus": corpus, "report": {"title": title}, "predict": predict}
    assert yaml.safe_load(listing(resolve(config))) == resolve(config)


def test_primary_analysis_is_separated_from_what_is_exploratory():
    texts = [text for text, _ in paragraphs(example_report(), "real")]
    assert "fixed in the code; nothing was preregistered" in texts[1]
    assert "Everything from here on is exploratory." in texts
    assert "All of this is exploratory" in method(example_report(), "effects")


@pytest.mark.parametrize(
    "count, expected", [(1, "leave out what other seeds would change"), (3, "poorly known")]
)
def test_few_replicates_are_said(count, expected):
    assert expected in method(example_report(selected_replicates=count), "real")
    assert expected not in method(example_report(selected_replicates=5), "real")


def test_the_table_says_why_there_is_no_interval():
    experiment = example_report()
    [pair] = experiment.comparison.primary.pairs
    pair.no_claim, pair.interval = "too few tweets", None
    table = tables(experiment)["differences"]
    assert cells_of(table, "claim")[0] == "too few tweets"
    assert cells_of(table, "interval")[0] == "–"


def test_scores_of_classes_come_with_their_range_over_replicates():
    several, one = (example_report(selected_replicates=n) for n in (3, 1))
    recall = several.comparison.failures["SimpleRNN"].per_class[CLASSES[0]].recall
    expected = f"{recall.mean:.3f} ({recall.min:.3f} to {recall.max:.3f})"
    assert cells_of(tables(several)["classes"], "recall")[0] == expected
    assert "(" not in "".join(cells_of(tables(one)["classes"], "recall"))


def test_mistakes_say_how_many_replicates_share_them():
    found = set(cells_of(tables(example_report())["wrong"], "wrong"))
    assert found <= {"2 of 3 replicates", "3 of 3 replicates"}
    single = tables(example_report(selected_replicates=1))["wrong"]
    assert set(cells_of(single, "wrong")) == {"1 of 1 replicate"}


def test_mcnemar_says_in_how_many_pairs_it_finds_a_difference():
    experiment = example_report()
    [test] = experiment.comparison.mcnemar
    test.first_ahead, test.second_ahead = 2 / 9, 5 / 9
    texts = " ".join(text for text, _ in paragraphs(experiment, "real"))
    assert (
        "McNemar's test finds LSTM better in 2 and SimpleRNN better in 5 of 9 pairs of replicates"
    ) in texts
    assert "not independent evidence" in texts


def test_collapsed_replicates_of_each_cell_are_counted():
    experiment = example_report()
    none = ("No replicate has collapsed to a single class.", "finding")
    assert none in paragraphs(experiment, "real")
    model = experiment.comparison.primary.accuracies["SimpleRNN"]
    model.collapsed_replicates = [Collapsed(replicate=2, answer="bad", share=1.0)]
    found = (
        "Collapsed to a single class: 1 of 3 SimpleRNN replicates and 0 of 3 LSTM replicates.",
        "finding",
    )
    assert found in paragraphs(experiment, "real")


def test_ensembles_are_compared_from_the_more_accurate_cell_s_side():
    experiment = example_report()
    [pair] = experiment.comparison.ensembles.pairs
    pair.single_difference, pair.difference, pair.instability = 0.05, 0.02, 0.03
    pair.interval = [-0.02, 0.06]
    assert (
        f"Averaging over seeds changes LSTM {MINUS} SimpleRNN from +5.0 to +2.0 points (95\u00a0% "
        f"interval {MINUS}2.0 to 6.0)."
    ) in [text for text, _ in paragraphs(experiment, "real")]


def test_one_replicate_makes_no_ensemble():
    experiment = example_report(selected_replicates=1)
    assert "ensembles" not in tables(experiment)
    assert not any("ensemble" in text for text, _ in paragraphs(experiment, "real"))


def test_combination_is_described_in_words():
    assert described("rnn1-dense3-dropout0-reg1-lr2.5e-4") == (
        "1 recurrent layer, 3 hidden dense layers, no dropout, L2, learning rate 2.5e-4"
    )


def test_differences_are_written_with_a_minus():
    found = tables(example_report())
    assert set(cells_of(found["interactions"], "who")) == {f"LSTM {MINUS} SimpleRNN"}
    assert f"first {MINUS} the second" in found["differences"].caption


def test_slices_are_shown_with_every_model_and_difference():
    experiment = example_report()
    found, expected = tables(experiment), experiment.comparison.slices
    assert len(found["slices"].rows) == len(expected) == 10
    first = expected[0]
    low, high = first.accuracies["LSTM"].interval
    shown = f"{share(first.accuracies['LSTM'].accuracy)} ± {share((high - low) / 2)}"
    assert cells_of(found["slices"], "LSTM")[0] == shown
    assert {"SimpleRNN", "majority", "logistic_regression"} <= found["slices"].rows[0].keys()
    assert len(found["slice_differences"].rows) == 10


def test_slices_without_enough_tweets_have_no_interval():
    experiment = example_report()
    [few] = [row for row in experiment.comparison.slices if row.value == "21 to 30"]
    assert few.groups < 30
    found = tables(experiment)
    place = [row["value"] for row in found["slices"].rows].index("21 to 30")
    assert cells_of(found["slices"], "LSTM")[place] == share(few.accuracies["LSTM"].accuracy)
    assert cells_of(found["slice_differences"], "interval")[place] == "\u2013"


def test_differences_on_slices_have_the_sign_of_the_headline():
    experiment = example_report()
    found = tables(experiment)["slice_differences"]
    assert set(cells_of(found, "who")) == {f"LSTM {MINUS} SimpleRNN"}
    expected = [signed(row.difference) for row in experiment.comparison.slice_differences]
    assert cells_of(found, "difference") == expected


def test_slices_that_differ_are_named_first():
    experiment = example_report()
    for row in experiment.comparison.slice_differences:
        row.p_holm = None if row.p_holm is None else 1.0
    text = finding(experiment, "slices")
    assert "is more than chance after Holm's correction; the largest" in text
    best, *_, pair = next(best_against_others(experiment.comparison))
    row = experiment.comparison.slice_differences[0]
    row.p_holm, row.difference, row.interval = 0.01, 0.25, [0.1, 0.4]
    numbers = "25.0 points (10.0 to 40.0)"
    if best != pair.first:
        numbers = f"{MINUS}25.0 points ({MINUS}40.0 to {MINUS}10.0)"
    text = finding(experiment, "slices")
    assert text.startswith("1 of ") and "is more than chance after Holm's correction" in text
    pair_in_words = f"{row.first} {MINUS} {row.second}"
    assert f"{row.name}: {row.value}, {pair_in_words} {numbers}." in text


def test_one_cell_has_accuracies_on_slices_and_nothing_to_compare():
    found = tables(example_report(["LSTM"]))
    assert "slices" in found and "slice_differences" not in found


def test_agreement_of_labels_stands_beside_the_accuracy():
    experiment = example_report()
    experiment.comparison.ceiling.same_id = LabelAgreement(
        pairs=155, agreed=137, share=137 / 155, interval=[0.824, 0.925], best_accuracy=[0.824, 0.96]
    )
    text = finding(experiment, "ceiling")
    accuracy = experiment.comparison.primary.accuracies["LSTM"].accuracy
    assert f"{percent(accuracy)} (LSTM)" in text
    assert "between 82.4 and 96.0\u00a0%" in text
    text = method(experiment, "ceiling")
    assert "agreed in 88.4\u00a0% of 155 pairs (95\u00a0% interval 82.4 to 92.5\u00a0%)" in text
    assert "not drawn at random" in text


def test_without_a_tweet_that_was_labelled_twice_that_is_said():
    experiment = example_report()
    ceiling, none = experiment.comparison.ceiling, dict.fromkeys(["share", "interval"])
    none = LabelAgreement(pairs=0, agreed=0, best_accuracy=None, **none)
    ceiling.same_id = ceiling.same_tokens = none
    assert paragraphs(experiment, "ceiling")[0][0].startswith("No tweet was labelled twice")


def test_accuracy_by_confidence_stands_beside_the_agreement():
    table = tables(example_report())["confidence"]
    assert cells_of(table, "value") == ["< 0.65", "0.65 to < 1", "1"]


def test_without_confidence_there_is_no_table_of_it():
    experiment = example_report()
    slices = experiment.comparison.slices
    experiment.comparison.slices = [row for row in slices if row.name != CONFIDENCE]
    assert "confidence" not in tables(experiment)


def test_every_difference_of_cells_is_the_better_cell_s_minus_the_other_s():
    found = tables(example_report())  # where LSTM is the better one
    for name in ("differences", "paired", "mcnemar", "paired_divergence"):
        assert (found[name].rows[0]["first"], found[name].rows[0]["second"]) == (
            "LSTM",
            "SimpleRNN",
        ), name


def test_differences_are_in_points_in_every_table():
    experiment = example_report()
    found = tables(experiment)
    (pair,) = experiment.comparison.primary.pairs
    assert cells_of(found["differences"], "difference")[0] == f"+{100 * pair.difference:.1f}"
    for name in ("differences", "paired", "effects", "interactions"):
        assert "in points" in found[name].caption


def test_rounding_is_explained_once():
    texts = [
        block.text
        for section in sections_of(example_report())
        for block in section.blocks
        if block.kind == "paragraph"
    ]
    assert len([text for text in texts if "computed before rounding" in text]) == 1


def test_selected_models_come_with_size_time_and_tested_epochs():
    table = tables(example_report())["selected"]
    assert cells_of(table, "parameters") == ["1,234"] * 2 + ["\u2013"] * 3
    assert cells_of(table, "seconds")[:2] == ["61.5", "61.5"]
    assert cells_of(table, "epochs")[0] == "4, 2, 3"


def test_seconds_are_of_the_replicates_that_did_not_diverge():
    experiment = example_report()
    first, *rest = experiment.comparison.primary.accuracies["LSTM"].replicates
    experiment.comparison.primary.accuracies["LSTM"].replicates = rest
    for run in experiment.new_seconds:
        experiment.new_seconds[run] = 1.0 if run.replicate == first.replicate else 10.0
    assert cells_of(tables(experiment)["selected"], "seconds")[:2] == ["7.0", "10.0"]


def test_optimism_stands_beside_the_selected_combination_trained_again():
    experiment = example_report()
    table = tables(experiment)["optimism"]
    again = experiment.comparison.primary.accuracies["LSTM"].spread["validation"]["accuracy"]
    apparent = experiment.comparison.selection_optimism["LSTM"].apparent
    row = table.rows[1]
    assert (row["retrained"], row["retrained_range"]) == (again.mean, [again.min, again.max])
    assert row["retrained_optimism"] == pytest.approx(apparent - again.mean)
    text = " ".join(text for text, _ in paragraphs(experiment, "real"))
    assert "This leaves out luck with the seed" in text


def pair_of_epochs(differences, **missing):
    """Return a PairedDivergence of LSTM and SimpleRNN over all learning rates."""
    counts = {"only_first_parts": 0, "only_second_parts": 0, "neither_parts": 0} | missing
    return PairedDivergence(
        first="LSTM",
        second="SimpleRNN",
        learning_rate=None,
        **counts,
        **describe(differences),
    )


def test_which_cell_diverges_later_follows_from_the_numbers():
    assert paired_in_words(pair_of_epochs([2, 1, 0, -1])) == (
        "Where both diverge, those of LSTM do so 0.5 epochs later than those of SimpleRNN (median "
        "over 4 combinations: later in 2, earlier in 1, at the same epoch in 1)."
    )
    assert "do so 1 epoch earlier than those" in paired_in_words(pair_of_epochs([-1, -1]))
    assert "do so at the same epoch as those" in paired_in_words(pair_of_epochs([0, 0]))
    assert "In no combination" in paired_in_words(pair_of_epochs([], only_first_parts=3))


@pytest.mark.parametrize(
    "better, expected",
    [
        ([0.9, 0.95, 0.99], [("A", "1 to 3")]),
        ([0.1, 0.55, 0.99], [("B", "1 to 2"), ("A", "3")]),
        ([0.5, 0.6, 0.7], [("A", "1 to 3")]),  # equals: the first
    ],
)
def test_the_cell_with_the_highest_expectation_is_told_by_number_of_combinations(better, expected):
    budgets = {
        "A": TuningBudget(expected_best=better, sd=[0, 0, 0]),
        "B": TuningBudget(expected_best=[0.5, 0.6, 0.7], sd=[0, 0, 0]),
    }
    assert leaders(budgets) == expected


def test_budget_is_shown_for_powers_of_two_and_for_all_combinations():
    table = tables(example_report())["tuning_budget"]
    numbers = [column.title for column in table.columns if column.title.startswith("best of")]
    assert numbers == [f"best of {n}" for n in (1, 2, 4, 8, 16, 32)]


@pytest.mark.parametrize("replicates, said", [(1, False), (2, True)])
def test_best_run_may_be_of_another_combination_where_replicates_are_averaged(replicates, said):
    experiment = example_report(replicates=replicates, **FEW_COMBINATIONS)
    text = " ".join(text for text, _ in paragraphs(experiment, "real"))
    assert ("the best run may be of another" in text) == said


def corpus_facts(experiment):
    """Return {fact: value} of the table of the corpus."""
    table = tables(experiment)["data"]
    return dict(zip(cells_of(table, "fact"), cells_of(table, "value"), strict=True))


def composed(**sets):
    """Return an example report whose sets have these tweets by airline."""
    experiment = example_report()
    values = {value for counts in sets.values() for value in counts}
    for name, counts in sets.items():
        by_value = {value: counts.get(value, 0) for value in sorted(values)}
        experiment.split["parts"][name] |= {
            "tweets": sum(counts.values()),
            "slices": {"airline": by_value},
        }
    return experiment


def test_what_the_sets_are_made_of_is_given_with_the_most_frequent_value_first():
    table = tables(
        composed(
            train={"A": 10, "B": 30}, validation={"A": 5, "B": 15}, test={"A": 3, "B": 6, "": 1}
        )
    )["composition"]
    assert cells_of(table, "value") == ["B", "A", "–"]
    assert cells_of(table, "test") == ["60.0\u00a0%", "30.0\u00a0%", "10.0\u00a0%"]
    assert [role for _, role in paragraphs(example_report(), "data")] == ["finding"]


def test_sets_of_different_slices_are_warned_of():
    experiment = composed(
        train={"American": 0, "United": 900}, validation={"American": 198, "United": 2}, test={}
    )
    [_, (text, role)] = paragraphs(experiment, "data")
    assert role == "warning"
    assert text == (
        "The sets differ by airline. The validation set is mostly American (99\u00a0%), which the "
        "training set does not contain."
    )


def test_a_slice_that_is_held_out_is_a_note():
    experiment = composed(train={"United": 900}, validation={"United": 100}, test={"American": 100})
    experiment.split |= {"method": "held_out", "slice": "airline", "value": "American"}
    [_, (text, role)] = paragraphs(experiment, "data")
    assert role == "note"
    assert text.endswith("The test set is all American, which the training set does not contain.")
    split = corpus_facts(experiment)["split"]
    assert "the test set has all tweets whose airline is American" in split


def test_users_times_and_near_duplicates_are_given_where_the_corpus_has_them():
    experiment = example_report()
    found = corpus_facts(experiment)
    assert found["users"] == "5,000"
    assert found["time of the tweets (UTC)"] == (
        "2026-01-05 00:00:00 to 2026-02-01 23:59:59; 12 tweets without"
    )
    assert "9 more rows in 4 groups" in found.values()
    experiment.tokenized |= {"users": None, "time": None, "missing": {}}
    assert not {"users", "time of the tweets (UTC)"} & corpus_facts(experiment).keys()
