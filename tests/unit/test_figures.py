"""What figures there are and what they say in words."""

import re
from types import SimpleNamespace

import jinja2
import pytest
from docutils.core import publish_parts
from example_experiment import ONE_COMBINATION, SIX, example_experiment
from tweetrnn.config import resolve
from tweetrnn.reporting import figures
from tweetrnn.reporting.document import share, signed


@pytest.fixture(scope="module")
def experiment():
    return example_experiment()


@pytest.fixture(scope="module")
def unfinished():
    found = example_experiment(statuses=["missing"] * 64)
    found.baselines = None
    return found


def test_no_two_colours_share_a_hexadecimal_or_a_variable():
    cells = len(figures.CELL_COLOURS)
    assert len(figures.COLOUR_VARIABLES) == cells + 4
    assert len(set(figures.COLOUR_VARIABLES.values())) == cells + 4
    assert len(figures.CELL_MARKERS) == cells


@pytest.mark.parametrize("cell", SIX[:3])
def test_every_cell_has_two_curves_for_each_run_that_is_shown(cell):
    names = figures.figure_names(example_experiment(SIX[:3], top=2, **ONE_COMBINATION).config)
    assert [name for name in names if name.startswith(f"curves-{cell}-")] == [
        f"curves-{cell}-1-loss",
        f"curves-{cell}-1-accuracy",
    ]


def test_names_are_distinct_and_fit_for_files_and_ids(experiment):
    names = figures.figure_names(experiment.config)
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", name) for name in names)


def test_every_figure_has_a_caption_file_a_category_and_labels(root, experiment):
    for name in figures.figure_names(experiment.config):
        about = figures.caption_of(name)
        assert (root / "workflow/captions" / about["caption"]).read_text().strip()
        assert about["category"] and all(about["labels"].values())


CORPORA = {
    "demo": {"corpus": {"kind": "demo"}},
    "a sample": {"corpus": {"kind": "demo"}, "grid": {"sample": 5}},
    "no test part": {
        "corpus": {"kind": "path", "path": "x.csv"},
        "split": {"fractions": {"train": 0.8, "validation": 0.2, "test": 0}},
    },
}


@pytest.mark.parametrize("corpus", CORPORA)
def test_every_caption_is_valid_for_snakemakes_report(root, corpus):
    config = resolve({"name": "some", **CORPORA[corpus]})
    for path in (root / "workflow/captions").glob("*.rst"):
        template = jinja2.Template(path.read_text(), undefined=jinja2.StrictUndefined)
        text = template.render(snakemake=SimpleNamespace(config=config))
        publish_parts(text, writer="html", settings_overrides={"halt_level": 2})


def test_only_invented_tweets_are_said_to_be_invented(root):
    text = (root / "workflow/captions/workflow.rst").read_text()
    told = {
        corpus: jinja2.Template(text).render(
            snakemake=SimpleNamespace(config=resolve({"name": "some", **CORPORA[corpus]}))
        )
        for corpus in CORPORA
    }
    assert "are invented" in told["demo"] and "are invented" not in told["no test part"]


def test_no_two_figures_of_a_category_have_the_same_labels(experiment):
    told = [figures.caption_of(name) for name in figures.figure_names(experiment.config)]
    shown = [(about["category"], *about["labels"].items()) for about in told]
    assert len(set(shown)) == len(shown)


def test_every_figure_has_a_sentence_of_its_own(experiment):
    names = figures.figure_names(experiment.config)
    texts = {figures.alt_text(name, experiment) for name in names}
    assert len(texts) == len(names)
    assert all(20 < len(text) < 500 and text.endswith(".") for text in texts)


def test_every_figure_of_an_unfinished_grid_has_a_sentence(unfinished):
    for name in figures.figure_names(unfinished.config):
        assert figures.alt_text(name, unfinished).endswith(".")


@pytest.mark.parametrize("name", figures.FROM_COMPARISON)
def test_figure_without_a_comparison_says_that_there_is_none(unfinished, name):
    assert figures.alt_text(name, unfinished) == figures.NOT_COMPARED


def test_primary_text_tells_the_difference_and_its_interval(experiment):
    (pair,) = experiment.comparison["primary"]["pairs"]
    low, high = map(signed, pair["interval"])
    told = f"SimpleRNN less LSTM {signed(pair['difference'])} ({low} to {high})."
    assert told in figures.alt_text("primary", experiment)


def test_primary_text_tells_both_baselines(experiment):
    text = figures.alt_text("primary", experiment)
    for key, name in figures.BASELINES.items():
        value = experiment.comparison["primary"]["accuracies"][key]["accuracy"]
        assert f"{name} {share(value)}" in text


def test_ranking_text_counts_the_runs_above_a_baseline(experiment):
    above = sum(run["mean_accuracy"] > 0.78 for run in experiment.runs)
    assert f"{above} above the logistic regression's 0.780" in figures.alt_text(
        "ranking", experiment
    )


def test_cells_text_counts_where_each_cell_is_highest(experiment):
    of = {(run["cell"], run["combination"]): run["mean_accuracy"] for run in experiment.runs}
    ahead = sum(of["LSTM", name] > of["SimpleRNN", name] for cell, name in of if cell == "LSTM")
    assert f"LSTM in {ahead}." in figures.alt_text("cells", experiment)


def test_curve_text_tells_where_the_curves_part(experiment):
    run = figures.runs_of(experiment.runs, "LSTM")[0]
    run["divergence_epoch"] = 3
    assert "part at epoch 3" in figures.alt_text("curves-LSTM-1-loss", experiment)


def test_failures_text_shows_direction_overrides_in_class_names():
    hostile = example_experiment(classes=("\u202eevil", "good"), **ONE_COMBINATION)
    assert "<U+202E>evil" in figures.alt_text("failures", hostile)


def test_cost_text_tells_what_was_asked_for(experiment):
    assert "Asked for: 1,500 MB." in figures.alt_text("cost", experiment)


@pytest.mark.parametrize(
    "factor, value, text",
    [
        ("learning_rate", 0.001, "1e-3"),
        ("learning_rate", 0.00025, "2.5e-4"),
        ("dropout", True, "yes"),
        ("regularization", False, "no"),
        ("dense_layers", 3, "3"),
    ],
)
def test_level_is_written_as_in_the_reference(factor, value, text):
    assert figures.level_text(factor, value) == text


def test_combinations_are_ordered_by_their_mean_over_cells_and_replicates():
    runs = [
        {"status": "finished", "combination": name, "cell": cell, "f": value}
        for name, cell, value in [
            ("a", "LSTM", 0.5),
            ("a", "LSTM", 0.7),
            ("b", "LSTM", 0.9),
            ("b", "GRU", 0.5),
        ]
    ]
    runs.append({"status": "diverged", "combination": "a", "cell": "GRU", "f": None})
    found = figures.combination_figures(runs, "f")
    assert list(found) == ["b", "a"] and found["a"] == {"LSTM": pytest.approx(0.6)}
