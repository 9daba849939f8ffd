"""Which figures there are, where they are in the report, and what they say in words."""

import re

import pytest
from example_experiment import FEW_COMBINATIONS, ONE_COMBINATION, SIX, example_experiment
from example_report import example_report
from tweetrnn.names import BASELINES
from tweetrnn.reporting import figures
from tweetrnn.reporting.canvas import CELL_COLOURS, CELL_MARKERS, COLOUR_VARIABLES
from tweetrnn.reporting.document import MINUS, points, share, signed
from tweetrnn.reporting.figures.cells import by_combination
from tweetrnn.reporting.sections import sections_of
from tweetrnn.reporting.verdict import best_against_others

pytestmark = pytest.mark.slow  # draws


@pytest.fixture(scope="module")
def experiment():
    return example_experiment()


@pytest.fixture(scope="module")
def unfinished():
    found = example_experiment(statuses=["missing"] * 64)
    found.baselines = None
    return found


def test_no_two_colours_share_a_hexadecimal_or_a_variable():
    cells = len(CELL_COLOURS)
    assert len(COLOUR_VARIABLES) == cells + 4
    assert len(set(COLOUR_VARIABLES.values())) == cells + 4
    assert len(CELL_MARKERS) == cells


@pytest.mark.parametrize("cell", SIX[:3])
def test_every_cell_has_two_curves_for_each_run_that_is_shown(cell):
    names = figures.names(example_experiment(SIX[:3], top=2, **ONE_COMBINATION).config)
    assert [name for name in names if name.startswith(f"curves-{cell}-")] == [
        f"curves-{cell}-1-loss",
        f"curves-{cell}-1-accuracy",
    ]


def test_names_are_distinct_and_fit_for_files_and_ids(experiment):
    names = figures.names(experiment.config)
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) for name in names)


def test_every_module_of_a_figure_is_listed(root):
    folder = root / "workflow/tweetrnn/reporting/figures"
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    listed = {module.__name__.rpartition(".")[2] for module in figures.FIGURES}
    assert listed == modules


def test_every_figure_has_a_caption_a_category_and_labels(experiment):
    captions = figures.captions(example_report().config)
    for name in figures.names(experiment.config):
        assert captions[name.partition("-")[0]].endswith(".")
        assert figures.category(name) and all(figures.labels(name).values())


def test_no_two_figures_of_a_category_have_the_same_labels(experiment):
    shown = [
        (figures.category(name), *figures.labels(name).items())
        for name in figures.names(experiment.config)
    ]
    assert len(set(shown)) == len(shown)


# ------------------------------------------------------------------------- in the report


def test_figures_are_numbered_in_the_report_s_order_and_curves_on_cards_are_one():
    blocks = [block for section in sections_of(example_report()) for block in section.blocks]
    numbers = [block.number for block in blocks if block.kind in ("figure", "cards")]
    assert numbers == list(range(1, len(numbers) + 1))
    on_cards = [c for b in blocks if b.kind == "cards" for c in b.cards]
    assert {figure.number for card in on_cards for figure in (card.loss, card.accuracy)} == {None}


def test_captions_of_the_report_are_those_of_snakemake_s():
    experiment = example_report()
    captions = figures.captions(experiment.config)
    shown = {f.name: f.caption for s in sections_of(experiment) for f in s.figures() if f.number}
    shown.pop("rulegraph")
    assert len(shown) > 10
    assert all(captions[name] == caption for name, caption in shown.items())


def test_captions_are_plain_words():
    # They are reStructuredText in Snakemake's own report, and text in ours.
    for caption in figures.captions(example_report().config).values():
        assert not re.search(r"[`*|\\\n]|_\b", caption)


def shown(experiment):
    """Return {section: names of its figures} of the report."""
    return {
        section.name: [figure.name for figure in section.figures()]
        for section in sections_of(experiment)
    }


@pytest.mark.parametrize("cells", [["LSTM"], ["SimpleRNN", "LSTM"], SIX[:3]])
def test_every_figure_of_an_experiment_is_drawn_and_in_the_report_once(cells):
    experiment = example_report(cells, top=1, **FEW_COMBINATIONS)
    names = [name for names in shown(experiment).values() for name in names]
    assert sorted(names) == sorted([*figures.names(experiment.config), "rulegraph"])


@pytest.mark.parametrize(
    "section, order",
    [
        ("headline", ["figure primary", "table selected"]),
        ("data", ["table parts", "figure lengths"]),
        ("runs", ["figure ranking", "figure cells", "table runs"]),
        ("failures", ["figure failures", "table classes", "figure recall", "table calibration"]),
        ("failures", ["table calibration", "figure calibration", "table wrong"]),
        ("ceiling", ["figure ceiling", "table confidence"]),
        ("reference", ["figure reference", "table reference"]),
        ("real", ["table ensembles", "figure ensembles"]),
        ("slices", ["table slices", "table slice_differences", "figure slices"]),
        ("real", ["table paired", "figure paired", "table optimism", "figure optimism"]),
        ("real", ["figure optimism", "table tuning_budget", "figure tuning_budget"]),
    ],
)
def test_figures_are_at_their_places_among_the_tables(section, order):
    blocks = {each.name: each.blocks for each in sections_of(example_report())}[section]
    found = [f"{b.kind} {b.name}" for b in blocks if b.kind in ("figure", "table")]
    assert [name for name in found if name in order] == order


def test_partial_report_has_the_figures_that_need_no_comparison():
    experiment = example_report(compared=False, statuses=["missing"])
    names = {name for names in shown(experiment).values() for name in names}
    assert names == {*figures.names(experiment.config, compared=False), "rulegraph"}
    assert not names & {
        "primary",
        "effects",
        "paired",
        "optimism",
        "failures",
        "calibration",
        "slices",
    }
    assert {"lengths", "ranking", "cells", "cost"} <= names


# ----------------------------------------------------------------------- alternative texts


def test_every_figure_has_a_sentence_of_its_own(experiment):
    names = figures.names(experiment.config)
    texts = {figures.alt_text(name, experiment) for name in names}
    assert len(texts) == len(names)
    assert all(20 < len(text) < 500 and text.endswith(".") for text in texts)


def test_every_figure_of_an_unfinished_grid_has_a_sentence(unfinished):
    for name in figures.names(unfinished.config, compared=False):
        assert figures.alt_text(name, unfinished).endswith(".")


def test_primary_text_gives_the_difference_and_its_interval(experiment):
    (pair,) = experiment.comparison.primary.pairs
    low, high = map(signed, pair.interval)
    expected = f"LSTM {MINUS} SimpleRNN {signed(pair.difference)} ({low} to {high})."
    assert (pair.first, pair.difference > 0) == ("LSTM", True)
    assert expected in figures.alt_text("primary", experiment)


def test_primary_text_of_a_difference_without_interval_has_no_brackets(experiment):
    [pair] = experiment.comparison.primary.pairs
    pair.interval = None
    expected = f"LSTM {MINUS} SimpleRNN {signed(pair.difference)}."
    assert expected in figures.alt_text("primary", experiment)


def test_primary_text_gives_all_baselines(experiment):
    text = figures.alt_text("primary", experiment)
    for name, baseline in BASELINES.items():
        value = experiment.comparison.primary.accuracies[name].accuracy
        assert f"{baseline.label} {share(value)}" in text


def test_ranking_text_counts_the_runs_above_a_baseline():
    experiment = example_experiment(rank_by="best_accuracy")
    above = (experiment.runs["best_accuracy"] > 0.78).sum()
    assert f"{above} above the logistic regression's 0.780" in figures.alt_text(
        "ranking", experiment
    )


def test_ranking_by_a_mean_over_epochs_counts_against_no_baseline(experiment):
    assert "above the" not in figures.alt_text("ranking", experiment)


@pytest.mark.parametrize("name", ["ranking", "cells"])
@pytest.mark.parametrize("rank_by, said", [("mean_accuracy", False), ("best_accuracy", True)])
def test_captions_speak_of_baselines_only_where_they_are_drawn(name, rank_by, said):
    config = example_report(rank_by=rank_by, **FEW_COMBINATIONS).config
    assert ("he baselines" in figures.captions(config)[name]) == said


def test_cells_text_counts_where_each_cell_is_highest(experiment):
    runs = experiment.runs.pivot(index="combination", columns="cell", values="mean_accuracy")
    ahead = (runs["LSTM"] > runs["SimpleRNN"]).sum()
    assert f"LSTM in {ahead}." in figures.alt_text("cells", experiment)


def test_a_baseline_cell_is_among_the_runs_but_not_beside_the_cells():
    experiment = example_experiment(baseline_cells=["MeanOfWords"])
    assert "mean of word vectors" in figures.alt_text("primary", experiment)
    assert "mean of word vectors 16 runs" in figures.alt_text("cost", experiment)
    assert figures.alt_text("ranking", experiment).startswith("80 runs")
    assert list(by_combination(experiment).columns) == ["LSTM", "SimpleRNN"]
    assert not [name for name in figures.names(experiment.config) if "MeanOfWords" in name]
    for name in figures.names(experiment.config):
        assert len(figures.alt_text(name, experiment)) < 500


def test_curve_text_says_where_the_curves_part():
    experiment = example_experiment()
    first = experiment.runs.index[experiment.runs["cell"] == "LSTM"][0]
    experiment.runs.loc[first, "divergence_epoch"] = 3
    assert "diverge at epoch 3" in figures.alt_text("curves-LSTM-1-loss", experiment)


def test_failures_text_shows_direction_overrides_in_class_names():
    hostile = example_experiment(classes=("\u202eevil", "good"), **ONE_COMBINATION)
    assert "<U+202E>evil" in figures.alt_text("failures", hostile)


def test_slices_text_gives_the_largest_difference_and_its_slice(experiment):
    best, other, sign, _ = next(best_against_others(experiment.comparison))
    rows = [row for row in experiment.comparison.slice_differences if row.interval]
    largest = max(rows, key=lambda row: sign * row.difference)
    text = figures.alt_text("slices", experiment)
    assert f"{best} {MINUS} {other} from" in text
    assert f"{points(sign * largest.difference)} points" in text
    assert text.endswith(f"where {largest.name}: {largest.value}.")


def test_cost_text_says_what_was_asked_for(experiment):
    assert "Asked for: 1,500 MB." in figures.alt_text("cost", experiment)


def test_combinations_are_ordered_by_their_mean_over_cells_and_replicates():
    experiment = example_experiment(["LSTM", "GRU"], replicates=2, **FEW_COMBINATIONS)
    values = {("a", "LSTM", 1): 0.5, ("a", "LSTM", 2): 0.7, ("b", "LSTM", 1): 0.9}
    values |= {("b", "GRU", 1): 0.5, ("a", "GRU", 1): None}
    experiment.runs = experiment.runs.head(len(values)).assign(
        combination=[name for name, _, _ in values],
        cell=[cell for _, cell, _ in values],
        replicate=[replicate for _, _, replicate in values],
        mean_accuracy=list(values.values()),
        status=["diverged" if value is None else "finished" for value in values.values()],
    )
    table = by_combination(experiment)
    assert list(table.index) == ["b", "a"]
    assert table["LSTM"].tolist() == [pytest.approx(0.9), pytest.approx(0.6)]
    assert table["GRU"].isna().tolist() == [False, True]
