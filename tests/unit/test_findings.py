"""Each section opens with its finding, which follows from the numbers."""

from types import SimpleNamespace

import pandas as pd
import pytest
from example_report import example_report
from tweetrnn.evaluation.comparison import (
    Effect,
    Interaction,
    Optimism,
    PairedCells,
    ReferenceRow,
    TuningBudget,
)
from tweetrnn.evaluation.statistics import describe
from tweetrnn.reporting.document import MINUS
from tweetrnn.reporting.sections import answer, sections_of
from tweetrnn.reporting.sections.data import corpus_in_words
from tweetrnn.reporting.sections.divergence import diverged
from tweetrnn.reporting.sections.effects import effects_in_words
from tweetrnn.reporting.sections.failures import classes_in_words, confident
from tweetrnn.reporting.sections.finalists import changes
from tweetrnn.reporting.sections.provenance import trained_on
from tweetrnn.reporting.sections.published import best_in_words as best_published
from tweetrnn.reporting.sections.real import ahead, range_in_words, winners_in_words
from tweetrnn.reporting.sections.reference import repeated
from tweetrnn.reporting.sections.robustness import gained, moved
from tweetrnn.reporting.sections.runs import best_in_words, cost_in_words, scores_in_words
from tweetrnn.reporting.sections.selection import budget_in_words, flattered
from tweetrnn.reporting.sections.slices import hardest

pytestmark = pytest.mark.slow  # writes whole reports

NBSP = "\u00a0"
EXPERIMENTS = {
    "one cell": {"cells": ["LSTM"], "on_other_splits": True},
    "three cells": {"cells": ["SimpleRNN", "LSTM", "GRU"]},
    "a sample without a test set": {"sample": 5, "part": "validation", "kind": "demo"},
    "one replicate": {"selected_replicates": 1},
}


@pytest.mark.parametrize("options", EXPERIMENTS.values(), ids=EXPERIMENTS)
def test_every_section_but_the_headline_opens_with_its_finding(options):
    for section in sections_of(example_report(**options))[1:]:
        first = section.blocks[0]
        assert (first.kind, first.role) == ("paragraph", "finding"), section.name
        assert first.text.endswith("."), section.name
        assert " None" not in first.text and "nan" not in first.text, section.name


# ------------------------------------------------------------------------------------ the answer


def tiles(experiment):
    return [(tile.title, tile.value, tile.detail) for tile in answer.tiles_of(experiment)]


def test_tiles_are_the_differences_and_the_cost_with_what_they_rest_on():
    experiment = example_report()
    (pair,) = experiment.comparison.primary.pairs
    pair.difference, pair.interval = 0.029, [0.011, 0.046]
    row = next(
        row
        for row in experiment.comparison.primary.against_baselines
        if (row.cell, row.baseline) == ("LSTM", "logistic_regression")
    )
    row.interval, row.no_claim, row.difference = None, "too few tweets", -0.012
    experiment.runs["seconds"] = experiment.runs["cell"].map({"LSTM": 6.5, "SimpleRNN": 2.5})
    assert tiles(experiment) == [
        (
            f"Accuracy, LSTM {MINUS} SimpleRNN",
            "+2.9 points",
            f"95{NBSP}% interval 1.1 to 4.6",
        ),
        (
            f"Accuracy, LSTM {MINUS} logistic regression",
            f"{MINUS}1.2 points",
            "no interval: too few tweets",
        ),
        (
            "Training time, LSTM relative to SimpleRNN",
            "2.6 times",
            "6.5 and 2.5 seconds on average, over the same 32 combinations",
        ),
    ]


def test_tiles_of_one_cell_are_its_accuracy_its_lead_and_its_time():
    titles = [title for title, _, _ in tiles(example_report(["LSTM"]))]
    expected = f"Accuracy, LSTM {MINUS} logistic regression"
    assert titles == ["LSTM, test accuracy", expected, "Training time of LSTM"]


def test_tiles_of_three_cells_are_of_the_best_and_the_runner_up():
    experiment = example_report(["SimpleRNN", "LSTM", "GRU"])
    accuracies = experiment.comparison.primary.accuracies
    best, second, _ = sorted(experiment.cells, key=lambda cell: -accuracies[cell].accuracy)
    assert tiles(experiment)[0][0] == f"Accuracy, {best} {MINUS} {second}"


def test_a_time_that_is_unknown_has_no_tile():
    experiment = example_report()
    experiment.runs["seconds"] = float("nan")
    assert len(tiles(experiment)) == 2
    assert len(tiles(example_report(["LSTM"]))) == 3


def test_scope_counts_runs_epochs_tweets_and_splits():
    experiment = example_report(on_other_splits=True)
    experiment.config["training"]["epochs"] = 10
    assert answer.scope(experiment) == (
        "64 runs of the grid, 6 more with other seeds, 10 epochs each; 120 training, 120 "
        "validation and 120 test tweets; one split, checked on 8 others."
    )


def test_scope_of_an_unfinished_grid_says_how_much_is_done():
    experiment = example_report(compared=False, statuses=["missing", "diverged"], part="validation")
    experiment.config["training"]["epochs"] = 1
    assert answer.scope(experiment) == (
        "62 of 64 runs of the grid, 1 epoch each; 120 training and 120 validation tweets; one "
        "split."
    )


# --------------------------------------------------------------------------------- data and runs


def split_of(test=400, **classes):
    parts = {"train": {"tweets": sum(classes.values()), "classes": classes}}
    return {"parts": parts | {"validation": {"tweets": 300}, "test": {"tweets": test}}}


def test_corpus_is_told_by_size_and_balance_of_classes():
    assert corpus_in_words(split_of(positive=200, negative=800)) == (
        "The networks learn from 1,000 tweets and are judged on 400. Of the training tweets "
        f"80.0{NBSP}% are “negative” and 20.0{NBSP}% are “positive”."
    )
    assert "judged on 300" in corpus_in_words(split_of(test=0, positive=1, negative=1))


def test_of_many_classes_the_most_and_the_least_frequent_are_named():
    text = corpus_in_words(split_of(a=10, b=20, c=40, d=20, e=10))
    assert text.endswith(
        f"Of the 5 classes “c” is the most frequent in training (40.0{NBSP}%) and “e” the least "
        f"frequent (10.0{NBSP}%)."
    )


def runs_of(*runs, status="finished"):
    return pd.DataFrame(
        [{"cell": cell, "best_accuracy": value, "status": status} for cell, value in runs],
        columns=["cell", "best_accuracy", "status"],
    )


def of_runs(runs, **baselines):
    return SimpleNamespace(
        rank_by="best_accuracy", finished=runs, baseline_values=lambda ranking: baselines
    )


def test_runs_are_told_by_their_range_and_whose_the_best_are():
    runs = runs_of(*[("LSTM", 0.8)] * 7, *[("SimpleRNN", 0.7)] * 5)
    assert scores_in_words(of_runs(runs, majority=0.6, nb_svm=0.75)) == (
        "12 runs range from 0.700 to 0.800 in best validation accuracy; of the best 10, 7 are LSTM "
        "and 3 are SimpleRNN. Runs above each baseline: majority class 12, NB-SVM 7."
    )


def test_one_run_and_no_run_are_told_as_such():
    assert scores_in_words(of_runs(runs_of())) == "No run has finished."
    assert scores_in_words(of_runs(runs_of(("LSTM", 0.8)))) == (
        "One run has finished; its best validation accuracy is 0.800."
    )


def test_best_runs_are_named_with_the_better_cell_first():
    best = {
        "SimpleRNN": [{"best_accuracy": 0.7, "combination": "rnn1-dense2-dropout0-reg1-lr1e-3"}],
        "LSTM": [{"best_accuracy": 0.8, "combination": "rnn2-dense3-dropout1-reg0-lr1e-4"}],
    }
    experiment = SimpleNamespace(
        rank_by="best_accuracy", cells=list(best), best_runs=lambda cell: best.get(cell, [])
    )
    assert best_in_words(experiment) == (
        "Highest best validation accuracy of a single run: LSTM 0.800 (2 recurrent layers, 3 "
        "hidden dense layers, dropout, no L2, learning rate 1e-4); SimpleRNN 0.700 (1 recurrent "
        "layer, 2 hidden dense layers, no dropout, L2, learning rate 1e-3)."
    )
    experiment.cells = ["GRU"]
    assert best_in_words(experiment) == "No run has finished."


def test_cost_compares_the_cells_over_equal_combinations():
    experiment = example_report()
    experiment.runs["seconds"] = experiment.runs["cell"].map({"LSTM": 2.0, "SimpleRNN": 5.0})
    experiment.runs["max_rss_mb"] = 300.0
    assert cost_in_words(experiment) == (
        "A training of SimpleRNN takes 2.5 times as long as one of LSTM (5.0 and 2.0 seconds on "
        "average, over the same 32 combinations). No training used more than 300 MB of memory; "
        "each requested 1,500 MB."
    )


def test_cost_of_nothing_is_told_as_such():
    experiment = example_report(compared=False, statuses=["missing"] * 64)
    assert cost_in_words(experiment) == "No training has been timed."


# ------------------------------------------------------------------------------ effects, divergence


def effect(differences, p_holm, kind=Effect, **fields):
    found = {"factor": "learning_rate", "low": 1e-4, "high": 1e-3, "possible_pairs": 2} | fields
    return kind(**found, p_holm=p_holm, **describe(differences))


def of_effects(effects, interactions=()):
    return SimpleNamespace(
        factor_effects=effects,
        interactions=list(interactions),
        level=0.95,
        select_by="best_accuracy",
    )


def test_clear_effects_are_named_the_largest_first():
    effects = [
        effect([0.05, 0.07], 0.01, cell="SimpleRNN"),
        effect([0.11, 0.12], 0.001, cell="LSTM"),
        effect([0.2, 0.2], 0.2, cell="LSTM", factor="dropout", low=False, high=True),
    ]
    different = effect([0.05, 0.05], 0.01, Interaction, first="LSTM", second="SimpleRNN")
    assert effects_in_words(of_effects(effects, [different])) == (
        "Clear effects on best validation accuracy: learning rate 1e-4 to 1e-3 in LSTM (+11.5 "
        "points); learning rate 1e-4 to 1e-3 in SimpleRNN (+6.0 points). The cells clearly differ "
        "in the effect of learning rate."
    )


def test_without_a_clear_effect_the_largest_is_named():
    effects = [
        effect([-0.02, -0.04], 0.4, cell="LSTM", factor="dropout", low=False, high=True),
        effect([0.01, 0.01], 1.0, cell="LSTM"),
    ]
    same = effect([0.0, 0.0], None, Interaction, first="LSTM", second="SimpleRNN")
    assert effects_in_words(of_effects(effects, [same])) == (
        "No hyperparameter has a clear effect on best validation accuracy; the largest is dropout "
        f"no to yes in LSTM ({MINUS}3.0 points). No effect clearly differs between cells."
    )


def test_without_pairs_there_is_no_effect():
    assert effects_in_words(of_effects([effect([], None, cell="LSTM")])) == (
        "No two finished combinations differ in one hyperparameter alone."
    )


def test_runs_whose_curves_diverge_are_counted_over_learning_rates():
    rows = [("A", 3, 16), ("A", 4, 15), ("B", 0, 2)]
    divergence = [
        SimpleNamespace(cell=cell, runs_that_part=parts, runs=runs) for cell, parts, runs in rows
    ]
    assert diverged(SimpleNamespace(divergence=divergence)) == (
        "The curves diverge in 7 of 31 A runs and 0 of 2 B runs."
    )


# ------------------------------------------------------------------------------------ is it real?


def paired(differences):
    combinations = [str(number) for number, _ in enumerate(differences)]
    return PairedCells(
        first="LSTM", second="SimpleRNN", combinations=combinations, **describe(differences)
    )


def test_combinations_in_which_each_cell_is_ahead_are_counted():
    pair = paired([0.01, 0.02, -0.04, 0.0])
    assert ahead(SimpleNamespace(paired_cells=[pair, paired([])])) == [
        "LSTM is ahead of SimpleRNN in 2 of 4 combinations and behind in 1."
    ]
    assert range_in_words(pair) == (
        "Over 4 combinations, LSTM scores 0.3 points lower than SimpleRNN on average "
        f"({MINUS}4.0 to +2.0)."
    )
    assert range_in_words(paired([])) == "No combination has finished in both LSTM and SimpleRNN."


def optimism(apparent, corrected):
    difference = None if corrected is None else apparent - corrected
    return Optimism(
        apparent=apparent,
        corrected=corrected,
        optimism=difference,
        interval=None,
        resamples=100,
        runs=2,
        selected_most_often=[],
    )


def test_points_by_which_selection_flatters_are_told():
    again = SimpleNamespace(spread={"validation": {"accuracy": SimpleNamespace(mean=0.75)}})
    comparison = SimpleNamespace(
        selection_optimism={"A": optimism(0.82, 0.80), "B": optimism(0.80, None)},
        primary=SimpleNamespace(accuracies={"B": again}),
    )
    assert flattered(comparison) == (
        "Choosing the best run on the validation set flatters its validation accuracy by 2.0 "
        "points for A and 5.0 points for B."
    )


def test_which_cell_is_expected_to_be_ahead_depends_on_the_number_of_combinations():
    budgets = {
        "A": TuningBudget(expected_best=[0.5, 0.6, 0.7], sd=[0, 0, 0]),
        "B": TuningBudget(expected_best=[0.4, 0.65, 0.75], sd=[0, 0, 0]),
    }
    comparison = SimpleNamespace(tuning_budget=budgets, select_by="best_accuracy")
    assert budget_in_words(comparison) == (
        "Expected to be ahead, by number of combinations tried: A with 1 and B with 2 to 3."
    )
    del budgets["B"]
    assert budget_in_words(comparison) == (
        "For A the expected best validation accuracy rises from 0.500 with one combination tried "
        "at random to 0.700 with 3."
    )


@pytest.mark.parametrize(
    "runs, expected",
    [
        (
            ["A 1", "A 1", "A 1"],
            "All 3 ranking rules put the same run of the compared cells first.",
        ),
        (
            ["A 1", "A 2", "A 1"],
            "The 3 ranking rules put 2 different runs of the compared cells first, all of them A "
            "runs.",
        ),
        (
            ["A 1", "A 2", "B 1"],
            "The 3 ranking rules put 3 different runs of the compared cells first, of more than "
            "one cell.",
        ),
    ],
)
def test_whether_ranking_rules_agree_on_the_best_run_is_told(runs, expected):
    winners = {
        str(rule): SimpleNamespace(cell=run[0], combination=run[2], replicate=1)
        for rule, run in enumerate(runs)
    }
    rankings = {"all": SimpleNamespace(winners=winners)}
    assert winners_in_words(SimpleNamespace(rankings=rankings)) == expected


def test_cells_whose_finalists_changed_the_selection_are_named():
    def choice(combination):
        first = SimpleNamespace(combination="first")
        return SimpleNamespace(finalists=[first], combination=combination)

    selected = {"A": choice("first"), "B": choice("second")}
    assert changes(SimpleNamespace(selected=selected)) == (
        "For B, training the finalists again selected another combination than the best of the "
        "grid."
    )
    del selected["B"]
    assert "confirmed" in changes(SimpleNamespace(selected=selected))


# --------------------------------------------------------------------- other splits, failures, ...


def test_largest_change_on_other_splits_is_named():
    def level(kind, model, change):
        return SimpleNamespace(kind=kind, model=model, change=change)

    levels = [level("stratified", "LSTM", 0.01), level("temporal", "nb_svm", -0.04)]
    assert moved(SimpleNamespace(levels=levels)) == (
        f"Accuracies change most on later tweets: NB-SVM by {MINUS}4.0 points."
    )
    levels = [level("stratified", "LSTM", 0.0)]
    assert moved(SimpleNamespace(levels=levels)) == "On other splits the accuracies are the same."


def test_one_cell_s_gain_from_more_training_data_is_told():
    sizes = [
        SimpleNamespace(model="LSTM", tweets=tweets, accuracy=accuracy)
        for tweets, accuracy in ((1000, 0.8), (100, 0.6))
    ]
    sizes.append(SimpleNamespace(model="majority", tweets=10, accuracy=0.5))
    assert gained(sizes, ["LSTM"]) == (
        f"LSTM scores 60.0{NBSP}% with 100 training tweets and 80.0{NBSP}% with 1,000."
    )


def scores(**recalls):
    return SimpleNamespace(
        per_class={
            name: SimpleNamespace(recall=SimpleNamespace(mean=recall), support=recall is not None)
            for name, recall in recalls.items()
        }
    )


@pytest.mark.parametrize(
    "recalls, expected",
    [
        (
            {"bad": 0.9, "so": 0.5, "good": 0.6, "absent": None},
            f"A finds 90.0{NBSP}% of the “bad” tweets, but only 50.0{NBSP}% of the “so” ones.",
        ),
        (
            {"bad": 0.9, "good": 0.85},
            f"A finds 90.0{NBSP}% of the “bad” tweets, and 85.0{NBSP}% of the “good” ones.",
        ),
        ({"bad": 0.9, "good": 0.9}, f"A finds 90.0{NBSP}% of the tweets of each class."),
    ],
)
def test_classes_that_a_cell_finds_and_misses_are_named(recalls, expected):
    assert classes_in_words("A", scores(**recalls)) == expected


def test_confidence_is_compared_with_accuracy():
    def model(confidence):
        mean = SimpleNamespace(mean=confidence)
        return SimpleNamespace(calibration=SimpleNamespace(mean_confidence=mean))

    accuracy = SimpleNamespace(accuracy=0.8)
    comparison = SimpleNamespace(
        failures={"A": model(0.85), "B": model(0.79)},
        primary=SimpleNamespace(accuracies={"A": accuracy, "B": accuracy}),
    )
    assert confident(comparison) == (
        "On average A is overconfident by 5.0 points and B is underconfident by 1.0 points."
    )


def test_single_cell_s_hardest_and_easiest_slice_are_named():
    def row(value, accuracy, interval):
        estimate = SimpleNamespace(accuracy=accuracy, interval=interval)
        return SimpleNamespace(name="tokens", value=value, accuracies={"A": estimate})

    slices = [row("1", 0.7, [0, 1]), row("2", 0.9, [0, 1]), row("3", 0.1, None)]
    comparison = SimpleNamespace(selected={"A": None}, slices=slices)
    assert hardest(comparison) == (
        f"A is right least often where tokens: 1 (70.0{NBSP}%), and most often where tokens: 2 "
        f"(90.0{NBSP}%)."
    )
    comparison.slices = slices[2:]
    assert hardest(comparison) == "No slice has enough tweets for an interval."


def test_best_published_value_stands_beside_our_best():
    own = [{"model": "LSTM", "macro_f1": 0.7}, {"model": "NB-SVM", "macro_f1": 0.72}]
    published = [
        {"model": "SVM", "metric": "macro_f1", "value": 0.65, "source": "A paper"},
        {"model": "CNN", "metric": "accuracy", "value": 0.99, "source": "A paper"},
    ]
    assert best_published("macro_f1", own, published) == (
        "The best macro-F1 here is 0.720 (NB-SVM), the best published one 0.650 (SVM, A paper)."
    )


def test_reference_s_figures_stand_beside_ours_and_the_majority_class():
    def row(published, accuracy):
        ours = {"mean_accuracy": accuracy, "mean_binary_accuracy": None}
        return ReferenceRow(
            cell="A", combination="", reference_tuple="", published=published, ours=ours
        )

    majority = {"accuracy": 0.63, "binary_accuracy": 0.75}
    reference = SimpleNamespace(majority=majority, rows=[row(0.857, 0.7), row(0.876, 0.8)])
    assert repeated(reference) == (
        "The reference report gives its combinations 0.857 to 0.876; here they reach accuracy "
        "0.700 to 0.800 (majority class 0.630)."
    )
    reference.rows = [row(0.857, None)]
    assert repeated(reference).endswith("none of them has finished here.")


@pytest.mark.parametrize(
    "counts, expected",
    [
        ([], "Nothing has been trained."),
        ([1], "There was one training."),
        ([70], "70 trainings ran with the same code, versions and processor."),
        (
            [69, 1],
            "The 70 trainings ran with 2 different combinations of code, versions and processor.",
        ),
    ],
)
def test_whether_trainings_ran_alike_is_told(counts, expected):
    assert trained_on([{"trainings": count} for count in counts]) == expected
