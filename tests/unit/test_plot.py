"""What the drawn files hold, for every shape of experiment."""

import json
import os
import re
import subprocess
import sys
import time
import tracemalloc
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
from example_experiment import FEW_COMBINATIONS, ONE_COMBINATION, SIX, example_experiment
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text
from tweetrnn import results_format
from tweetrnn.evaluation import tables
from tweetrnn.evaluation.comparison import to_json
from tweetrnn.evaluation.tables import finished, records
from tweetrnn.files import save_array, sha256_of, write_json
from tweetrnn.names import BASELINES
from tweetrnn.reporting import figures
from tweetrnn.reporting.canvas import (
    COLOUR_VARIABLES,
    INK,
    SVG,
    Look,
    arrange,
    save,
    spread_out,
    style,
    subplots,
    tidied,
    values,
)
from tweetrnn.reporting.figures import failures, ranking, recall
from tweetrnn.reporting.figures.calibration import FEW
from tweetrnn.reporting.verdict import best_against_others
from tweetrnn.results import Results

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.slow]
USERS_SETTINGS = """\
# Invalid, too: not UTF-8 (\xe9), no such key, no such backend
no.such.key: 1
backend: none
text.usetex: true
font.family: serif
font.size: 30
figure.facecolor: red
axes.prop_cycle: cycler('color', ['red'])
axes.grid: true
axes.linewidth: 9
savefig.bbox: tight
savefig.transparent: true
svg.fonttype: path
svg.hashsalt: mine
path.simplify: true
lines.linewidth: 7
xtick.labelsize: 3
legend.loc: center
"""
HREF = "{http://www.w3.org/1999/xlink}href"


def draw(name, experiment):
    """Return one figure of an experiment."""
    with style():
        return figures.draw(name, experiment)


def drawn(experiment):
    """Yield (name, figure) of an experiment."""
    for name in figures.names(experiment.config, compared=bool(experiment.comparison)):
        yield name, draw(name, experiment)


def files(experiment, folder):
    """Draw all figures of an experiment into a folder; return {name: its SVG's text}."""
    for name, figure in drawn(experiment):
        with style():
            save(figure, name, folder)
    return {path.stem: path.read_text() for path in sorted(folder.glob("*.svg"))}


def texts(figure):
    """Return all that a figure says."""
    with style():
        arrange(figure)  # a warning that something has no room is an error here
    return [
        artist.get_text() for artist in figure.findobj(lambda artist: hasattr(artist, "get_text"))
    ]


def words_of(svg):
    return " ".join(ElementTree.fromstring(svg).itertext()).split()


@pytest.fixture(scope="module")
def experiment():
    return example_experiment(top=1)


@pytest.fixture(scope="module")
def folder(experiment, tmp_path_factory, root):
    """The figures that the stage draws, in a process of a user with settings of their own."""
    results = Results(tmp_path_factory.mktemp("results"))
    settings = results.folder / "matplotlibrc"
    settings.write_text(USERS_SETTINGS, encoding="latin-1")
    variables = {"PYTHONPATH": str(root / "workflow"), "PYTHONHASHSEED": "99"}
    variables |= {"MATPLOTLIBRC": str(settings), "MPLBACKEND": "no such backend"}
    tables.write(experiment.runs, results.runs, results.runs_csv)
    tables.write(experiment.epochs, results.epochs, results.epochs_csv)
    digests = {name: sha256_of(getattr(results, name)) for name in ("runs", "epochs")}
    write_json(results.aggregate_facts, {"sha256": digests})
    write_json(results.baseline_metrics, experiment.baselines)
    write_json(results.comparison, to_json(experiment.comparison))
    save_array(results.offsets, experiment.offsets)
    write_json(results.token_facts, results_format.marked(experiment.tokenized))
    encoded = experiment.encoded | {"sha256": {"offsets": sha256_of(results.offsets)}}
    write_json(results.encode_facts, encoded)
    arguments = results.paths(["figures", "figure_facts"]) | {"results": str(results)}
    arguments |= {"memory_mb": 1500}
    command = ["plot", json.dumps(arguments), "--config", json.dumps(experiment.config)]
    subprocess.run(
        [sys.executable, "-m", "tweetrnn", *command],
        cwd=results.folder,  # matplotlib looks there first
        env=os.environ | variables,
        check=True,
    )
    return results.figures


@pytest.fixture(scope="module")
def svgs(folder):
    return {path.stem: path.read_text() for path in sorted(folder.glob("*.svg"))}


def test_every_name_is_drawn_as_svg_and_png(experiment, folder):
    expected = {
        f"{name}.{end}" for name in figures.names(experiment.config) for end in ("svg", "png")
    }
    assert {path.name for path in folder.iterdir()} == {*expected, "facts.json"}
    facts = json.loads((folder / "facts.json").read_text())["sha256"]
    assert facts == {name: sha256_of(folder / name) for name in expected}


def test_every_colour_is_of_the_palette(svgs):
    for name, svg in svgs.items():
        found = set(
            re.findall(r"#[0-9a-fA-F]{3,8}\b", re.sub(r'url\(#[^)]*\)|href="#[^"]*"', "", svg))
        )
        assert found and found <= set(COLOUR_VARIABLES), name


def test_nothing_is_drawn_in_a_colour_that_nobody_named(svgs):
    # An element without a fill is black, in the dark too.
    for name, svg in svgs.items():
        root = ElementTree.fromstring(svg)
        inside = {
            child
            for kind in ("defs", "clipPath")
            for d in root.iter(SVG + kind)
            for child in d.iter()
        }

        def check(element, inherited, name=name, inside=inside):
            style = inherited + element.get("style", "")
            if element.tag in {SVG + "path", SVG + "use", SVG + "text"} and element not in inside:
                assert re.search(r"fill: (none|#)", style), (name, ElementTree.tostring(element))
            for child in element:
                check(child, style)

        check(root, "")


def test_text_is_text_in_the_fonts_of_the_page(svgs):
    assert {"SimpleRNN", "LSTM", "majority", "accuracy"} <= set(words_of(svgs["primary"]))
    assert not any("font-family:" in svg for svg in svgs.values())


def test_no_two_svgs_share_an_id_and_every_reference_is_to_one_of_its_own(svgs):
    seen = set()
    for name, svg in svgs.items():
        elements = list(ElementTree.fromstring(svg).iter())
        ids = [element.get("id") for element in elements if element.get("id")]
        assert ids and len(ids) == len(set(ids)) and not seen & set(ids)
        assert all(id_.startswith(f"{name}-") for id_ in ids)
        seen |= set(ids)
        asked = re.findall(r"url\(#([^)]+)\)", svg)
        asked += [element.get(HREF)[1:] for element in elements if HREF in element.attrib]
        assert set(asked) == set(ids)


def test_no_svg_has_rules_for_the_whole_page_or_fetches_anything(svgs):
    for svg in svgs.values():
        assert "<style" not in svg and "<script" not in svg
        assert all(link.startswith(("#", "data:")) for link in re.findall(r'href="([^"]*)"', svg))


def test_same_data_give_the_same_bytes_in_another_process_of_a_user_with_own_settings(
    experiment, folder, tmp_path
):
    again = {"primary", "ranking", "paired", "failures", "curves-LSTM-1-loss"}
    for name, figure in drawn(experiment):
        if name in again:
            with style():
                save(figure, name, tmp_path)
            for end in ("svg", "png"):
                file = f"{name}.{end}"
                assert (tmp_path / file).read_bytes() == (folder / file).read_bytes(), file


def test_figures_of_64_runs_are_small(svgs):
    assert max(map(len, svgs.values())) < 50_000
    assert sum(map(len, svgs.values())) < 300_000


def test_text_is_large_enough_on_a_telephone(svgs):
    for name, svg in svgs.items():
        sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", svg)]
        width = float(re.search(r'width="([\d.]+)pt"', svg)[1])
        # On 336 pixels (360 without margins), each text is nearly 9 pixels high.
        assert min(sizes) * 336 / width >= 8.5, name


SHAPES = {
    "one run": dict(cells=["LSTM"], selected_replicates=1, **ONE_COMBINATION),
    "one combination, no test part": dict(part="validation", **ONE_COMBINATION),
    "six cells, six classes, replicates": dict(
        cells=SIX, classes="abcdef", replicates=2, top=1, **ONE_COMBINATION
    ),
    "two classes, another ranking": dict(
        classes=("no", "yes"), rank_by="best_macro_f1", top=1, **FEW_COMBINATIONS
    ),
    "diverged and missing runs": dict(
        statuses=["diverged"] * 3 + ["missing"] * 2, top=1, **FEW_COMBINATIONS
    ),
    "a cell without a finished run": dict(statuses=["diverged"] * 8, top=1, **FEW_COMBINATIONS),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_figure_of_every_shape_is_drawn(shape):
    experiment = example_experiment(**SHAPES[shape])
    for name, figure in drawn(experiment):
        assert "".join(texts(figure)), name


@pytest.mark.parametrize("name", ["primary", "paired"])
def test_titles_of_cells_with_long_names_have_room(name):
    cells = ["SimpleRNN", "LSTM", "GRU", "BidirectionalLSTM"]
    figure = draw(name, example_experiment(cells, top=1, **FEW_COMBINATIONS))
    with style():
        arrange(figure)
    titles = [axes._left_title for axes in figure.axes]
    boxes = [title.get_window_extent() for title in titles if title.get_text()]
    assert len(boxes) > 3
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 for box in boxes)
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


@pytest.mark.parametrize("cells", [("LSTM",), ("SimpleRNN", "LSTM")])
def test_unfinished_grid_says_in_each_figure_what_is_missing(cells):
    experiment = example_experiment(cells, statuses=["missing"] * 64, top=1)
    experiment.baselines = None
    experiment.offsets = experiment.offsets[:1]
    for name, figure in drawn(experiment):
        assert re.search("no |not ", " ".join(texts(figure))), name


def test_two_thousand_runs_take_seconds_and_stay_small(tmp_path):
    rates = [round(1e-3 * 1.01**step, 8) for step in range(62)]
    experiment = example_experiment(learning_rate=rates, top=3, epochs=10)
    assert len(experiment.runs) == 1984
    start = time.process_time()
    svgs = files(experiment, tmp_path)
    assert time.process_time() - start < 20
    assert max(map(len, svgs.values())) < 300_000


def test_hostile_class_name_is_shown_as_text(tmp_path):
    names = ("$x$", "<b>&amp;</b>", "\u202eevil\x07")
    experiment = example_experiment(["LSTM"], classes=names, top=1, **ONE_COMBINATION)
    with style():
        save(figures.draw("failures", experiment), "failures", tmp_path)
    shown = list(ElementTree.parse(tmp_path / "failures.svg").getroot().itertext())
    assert {"$x$", "<b>&amp;</b>"} <= set(shown)
    assert any(text.startswith("<U+202E>evil") for text in shown)


# ---------------------------------------------------------------- what is where in the drawings


def points(axes, marker):
    """Return the set of (x, y) of all lines of an axes that have this marker."""
    return {
        (round(float(x), 9), round(float(y), 9))
        for line in axes.lines
        if line.get_marker() == marker
        for x, y in line.get_xydata()
    }


def test_primary_shows_every_accuracy_at_its_place_and_every_replicate(experiment):
    model = experiment.comparison.primary.accuracies["LSTM"]
    shown = points(draw("primary", experiment).axes[0], "s")
    assert (round(model.accuracy, 9), 1.0) in shown
    replicates = {round(run.test["accuracy"], 9) for run in model.replicates}
    assert replicates <= {x for x, y in shown if y != 1.0}


def test_primary_draws_each_interval(experiment):
    (pair,) = experiment.comparison.primary.pairs
    lines = [line.get_xdata() for line in draw("primary", experiment).axes[1].lines]
    assert any(np.array_equal(line, pair.interval) for line in lines)


def test_primary_can_be_drawn_without_a_single_interval():
    experiment = example_experiment(**ONE_COMBINATION)
    primary = experiment.comparison.primary
    estimates = [*primary.accuracies.values(), *primary.pairs, *primary.against_baselines]
    for estimate in estimates:
        estimate.interval = None
    lines = [line for axes in draw("primary", experiment).axes for line in axes.lines]
    assert all(line.get_linestyle() != "-" or len(set(line.get_xdata())) == 1 for line in lines)


def test_primary_says_that_validation_is_where_the_models_were_selected():
    experiment = example_experiment(part="validation", **ONE_COMBINATION)
    assert "accuracy on validation, where selected" in " ".join(texts(draw("primary", experiment)))


def test_effects_show_every_difference_and_each_mean(experiment):
    (axes,) = draw("effects", experiment).axes
    effects = [effect for effect in experiment.comparison.factor_effects if effect.cell == "LSTM"]
    expected = sorted(round(value, 9) for effect in effects for value in effect.differences)
    assert sorted(x for x, _ in points(axes, "s")) == sorted(set(expected))
    ends = {round(float(x), 9) for line in axes.lines for x in line.get_xdata()}
    assert {round(effect.mean, 9) for effect in effects} <= ends


def test_paired_differences_are_sorted_and_split_at_zero(experiment):
    (axes,) = draw("paired", experiment).axes
    above, below = (patch.get_data().values for patch in axes.patches)
    (pair,) = experiment.comparison.paired_cells
    assert (above + below).tolist() == sorted(pair.differences, reverse=True)
    assert (above >= 0).all() and (below <= 0).all()


def test_confusion_squares_are_shaded_by_the_share_of_their_row(experiment):
    axes = draw("failures", experiment).axes[1]
    counts = np.array(experiment.comparison.failures["LSTM"].confusion)
    shades = np.array([patch.get_alpha() for patch in axes.patches])
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert np.allclose(shades / shades.max(), shares.ravel() / shares.max())
    assert shades.max() <= failures.SHADE


def test_many_classes_have_a_list_of_confusions_instead_of_a_matrix():
    classes = [f"class {number}" for number in range(40)]
    experiment = example_experiment(classes=classes, top=1, **ONE_COMBINATION)
    (axes,) = draw("failures", experiment).axes
    rows = axes.get_yticklabels()
    assert len(rows) == failures.MOST_CONFUSIONS and not axes.patches
    matrices = [model.confusion for model in experiment.comparison.failures.values()]
    largest = failures.largest(np.mean(matrices, axis=0), classes, 1)
    assert rows[0].get_text().split(" \u2192\n") == [*next(iter(largest))]


def test_largest_confusions_are_ordered_and_leave_out_what_never_happened():
    found = failures.largest([[9, 2, 0], [0, 9, 3], [0, 0, 9]], ["a", "b", "c"])
    assert list(found.items()) == [(("b", "c"), 3), (("a", "b"), 2)]


def test_recall_shows_each_class_of_each_cell_in_one_row(experiment):
    (axes,) = draw("recall", experiment).axes
    of_lstm = experiment.comparison.failures["LSTM"].per_class.values()
    expected = {(round(scores.recall.mean, 9), row) for row, scores in enumerate(of_lstm)}
    assert points(axes, "s") == expected


def test_recall_of_many_classes_shows_those_with_most_tweets():
    classes = [f"class {number}" for number in range(40)]
    experiment = example_experiment(classes=classes, top=1, **ONE_COMBINATION)
    scores = experiment.comparison.failures["LSTM"].per_class
    chosen = recall.classes_shown(recall.by_cell(experiment))
    others = set(classes) - set(chosen)
    assert len(chosen) == recall.MOST_CLASSES
    assert min(scores[name].support for name in chosen) >= max(
        scores[name].support for name in others
    )


def test_three_hundred_classes_take_little_memory():
    # As a matrix they took 3.2 GB.
    classes = [f"class {number}" for number in range(300)]
    experiment = example_experiment(classes=classes, top=1, **ONE_COMBINATION)
    tracemalloc.start()
    for name in ("failures", "recall"):
        draw(name, experiment)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 50e6


PUBLISHED = [
    {"model": "LSTM", "metric": "accuracy", "value": 0.8, "source": "A", "note": ""},
    {"model": "<b>BERT</b>", "metric": "accuracy", "value": 0.9, "source": "B", "note": ""},
    {"model": "SVM", "metric": "balanced_accuracy", "value": 0.6, "source": "B", "note": ""},
]


def test_published_results_are_in_the_rows_of_our_models_with_that_name():
    experiment = example_experiment(published=PUBLISHED, **ONE_COMBINATION)
    axes = draw("published", experiment).axes
    assert len(axes) == 2
    rows = [label.get_text() for label in axes[0].get_yticklabels()]
    assert points(axes[0], "D") == {(0.8, rows.index("LSTM")), (0.9, rows.index("<b>BERT</b>"))}
    ours = experiment.comparison.primary.accuracies["LSTM"].accuracy
    assert points(axes[0], "s") == {(round(ours, 9), rows.index("LSTM"))}


def test_reference_figures_have_the_majority_s_line_under_each_reading(experiment):
    reference = experiment.comparison.reference
    for axes, metric in zip(
        draw("reference", experiment).axes, ("accuracy", "binary_accuracy"), strict=True
    ):
        assert {x for x, _ in points(axes, "D")} == {row.published for row in reference.rows}
        lines = {float(x) for line in axes.lines for x in line.get_xdata()}
        assert reference.majority[metric] in lines


def test_ensembles_show_what_averaging_gains(experiment):
    (axes,) = draw("ensembles", experiment).axes
    together = set(experiment.comparison.ensembles.accuracies.values())
    assert {x for x, _ in points(axes, "d")} == {round(value, 9) for value in together}


def test_ceiling_draws_the_band_of_the_best_possible_accuracy(experiment):
    (axes,) = draw("ceiling", experiment).axes
    (band,) = axes.patches
    ends = [band.get_x(), band.get_x() + band.get_width()]
    assert ends == pytest.approx(experiment.comparison.ceiling.same_id.best_accuracy)


def test_calibration_shows_the_bins_that_have_tweets(experiment):
    above, below = draw("calibration", experiment).axes
    failures = experiment.comparison.failures["LSTM"]
    bins = failures.calibration.bins
    expected = {(round(b.confidence, 9), round(b.accuracy, 9)) for b in bins if b.tweets}
    assert points(above, "s") == expected
    means = [b.tweets / failures.replicates for b in bins]
    assert below.patches[1].get_data().values.tolist() == means


def test_calibration_joins_the_bins_of_many_tweets_alone(experiment):
    above, _ = draw("calibration", experiment).axes
    bins = experiment.comparison.failures["LSTM"].calibration.bins
    few = [b for b in bins if 0 < b.tweets < 3 * FEW]
    joined, small = (line for line in above.lines if line.get_marker() == "s")
    assert few and len(small.get_xdata()) == len(few) and small.get_linestyle() == "None"
    assert len(joined.get_xdata()) == sum(b.tweets >= 3 * FEW for b in bins) > 1


def test_calibration_shows_each_replicate_as_a_light_line(experiment):
    above, _ = draw("calibration", experiment).axes
    replicates = experiment.comparison.failures["LSTM"].calibration.replicates
    expected = []
    for bins in replicates:
        expected += [b.accuracy for b in bins if b.tweets >= FEW] + [np.nan]
    _, light = (line.get_ydata() for line in above.lines if line.get_alpha())
    assert np.array_equal(light, expected, equal_nan=True)


def test_optimism_shows_apparent_and_corrected(experiment):
    (axes,) = draw("optimism", experiment).axes
    optimism = experiment.comparison.selection_optimism["LSTM"]
    assert round(optimism.apparent, 9) in {x for x, _ in points(axes, "x")}
    assert (round(optimism.corrected, 9), 1.0) in points(axes, "s")


def test_optimism_shows_each_replicate_on_the_validation_set(experiment):
    (axes,) = draw("optimism", experiment).axes
    replicates = experiment.comparison.primary.accuracies["LSTM"].replicates
    expected = {(round(each.validation["accuracy"], 9), 1.25) for each in replicates}
    assert expected <= points(axes, "s")


def test_tuning_budget_shows_each_number_of_combinations(experiment):
    (axes,) = draw("tuning_budget", experiment).axes
    expected = experiment.comparison.tuning_budget["LSTM"].expected_best
    assert points(axes, "s") == {(n, round(value, 9)) for n, value in enumerate(expected, 1)}


@pytest.mark.parametrize("name, panel", [("primary", 1), ("effects", 0), ("paired", 0)])
def test_differences_are_drawn_in_points(experiment, name, panel):
    figure = draw(name, experiment)
    axis = figure.axes[panel]
    axis = axis.yaxis if name == "paired" else axis.xaxis
    assert axis.get_major_formatter()(-0.0125, 0) == "\u22121.25"
    assert any("points" in text for text in texts(figure))


@pytest.mark.parametrize("name", ["ranking", "cells"])
@pytest.mark.parametrize("rank_by, lines", [("mean_accuracy", 0), ("best_accuracy", 2)])
def test_baselines_are_no_lines_beside_means_over_epochs(name, rank_by, lines):
    figure = draw(name, example_experiment(top=1, rank_by=rank_by, **FEW_COMBINATIONS))
    labels = [line.get_label() for axes in figure.axes for line in axes.lines]
    assert len([label for label in labels if re.match("majority|logistic", label)]) == lines


def test_cost_figure_has_a_row_and_a_median_for_each_number_of_recurrent_layers(experiment):
    (upper, _) = draw("cost", experiment).axes
    ends = {float(x) for line in upper.lines for x in line.get_xdata()}
    runs = experiment.runs[experiment.runs["cell"] == "LSTM"]
    assert set(runs.groupby("recurrent_layers")["seconds"].median()) <= ends
    rows = [label.get_text() for label in upper.get_yticklabels()]
    assert {"LSTM, 1 layer", "LSTM, 2 layers"} <= set(rows)


def test_lengths_figure_draws_the_quantiles_and_the_length_of_a_sequence(experiment):
    (axes,) = draw("lengths", experiment).axes
    drawn_at = {line.get_label(): line.get_xdata()[0] for line in axes.lines}
    assert drawn_at == {"networks read 30": 30.5, "median 17": 17, "95 % have at most 28": 28}


def test_ranking_shows_the_finished_runs_and_counts_the_others():
    experiment = example_experiment(statuses=["diverged"] * 3 + ["missing"] * 2)
    figure = draw("ranking", experiment)
    shown = points(figure.axes[0], "o") | points(figure.axes[0], "s")
    expected = {
        (run["rank"], round(run["mean_accuracy"], 9)) for run in records(finished(experiment.runs))
    }
    assert len(expected) == 59 and shown == expected
    assert "runs, best first (5 without result)" in texts(figure)


def test_ranking_puts_a_mark_beneath_each_run_for_each_choice(experiment):
    axes = draw("ranking", experiment).axes[1]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    row = labels.index("dropout")
    marked = {int(x) for line in axes.lines for x, y in line.get_xydata() if abs(y - row) < 0.5}
    assert marked == set(experiment.runs["rank"][experiment.runs["dropout"]])


def test_level_rows_of_many_levels_are_shared_by_neighbours(experiment):
    runs = experiment.runs.head(50).assign(learning_rate=np.geomspace(1e-5, 1e-2, 50))
    rows = [levels for _, factor, levels in ranking.level_rows(runs) if factor == "learning_rate"]
    assert len(rows) == ranking.MOST_LEVELS
    assert sorted(level for levels in rows for level in levels) == sorted(runs["learning_rate"])


def test_ranking_and_primary_draw_the_runs_of_a_baseline_cell():
    experiment = example_experiment(baseline_cells=["MeanOfWords"])
    for name in ("ranking", "primary", "cost"):
        assert "mean of word vectors" in " ".join(texts(draw(name, experiment))).replace("\n", " ")


def test_cells_figure_shows_each_cell_in_the_row_of_its_combination(experiment):
    axes = draw("cells", experiment).axes[1]
    of = {run["mean_accuracy"]: run["combination"] for run in records(experiment.runs)}
    rows = {}
    for marker in "os":
        for x, y in points(axes, marker):
            value = min(of, key=lambda known: abs(known - x))
            rows.setdefault(y, []).append(of[value])
    assert all(len(found) == 2 and len(set(found)) == 1 for found in rows.values())
    assert len(rows) == 32


def test_curves_of_one_quantity_share_their_scale(experiment):
    names = [name for name in figures.names(experiment.config) if name.endswith("-loss")]
    losses = [draw(name, experiment).axes[0].get_ylim() for name in names]
    assert len(losses) == 2 and len(set(losses)) == 1


def test_curve_marks_the_divergence_epoch():
    experiment = example_experiment(top=1)
    experiment.runs["divergence_epoch"] = 2
    figure = draw("curves-LSTM-1-loss", experiment)
    assert "validation loss stops falling: epoch 2" in texts(figure)
    assert any(list(line.get_xdata()) == [2, 2] for line in figure.axes[0].lines)


def test_lengths_histogram_counts_every_tweet_once():
    counts = np.array([1, 1, 2, 5, 5, 5, 400])
    experiment = example_experiment(["LSTM"], **ONE_COMBINATION)
    experiment.offsets = np.concatenate([[0], counts.cumsum()])
    (axes,) = draw("lengths", experiment).axes
    assert axes.patches[0].get_data().values.sum() == len(counts)


@given(st.integers(1, 3000), st.floats(0.01, 10))
def test_dots_are_spread_within_their_row(count, height):
    places = spread_out(count, height)
    assert len(np.unique(places)) == count and (np.abs(places) <= height / 2).all()


@given(st.sampled_from([*SIX, *BASELINES]))
def test_what_is_no_cell_is_drawn_in_ink(name):
    look = Look(SIX)
    assert (look.marker(name)["color"] == INK) == (name not in SIX)


def test_tidied_svg_keeps_what_is_drawn(tmp_path):
    with style():
        figure, axes = subplots(2)
        axes.plot([0, 1, 2], [0, 1, 0], "o", color=INK)
        axes.set_title("a &  b")
        path = tmp_path / "raw.svg"
        figure.savefig(path)
    raw = path.read_text()
    tidy = tidied(raw, "name")
    assert len(tidy) < 0.6 * len(raw)
    for kind in ("path", "use", "text", "clipPath"):
        assert tidy.count(f"<{kind}") == raw.count(f"<{kind}")
    assert [element.text for element in ElementTree.fromstring(tidy).iter(f"{SVG}text")] == [
        element.text for element in ElementTree.fromstring(raw).iter(f"{SVG}text")
    ]


def test_slices_show_each_difference_that_has_an_interval(experiment):
    (axes,) = draw("slices", experiment).axes
    _, _, sign, _ = next(best_against_others(experiment.comparison))
    rows = [row for row in experiment.comparison.slice_differences if row.interval]
    assert 0 < len(rows) < len(experiment.comparison.slice_differences)
    expected = {(round(100 * sign * row.difference, 9), place) for place, row in enumerate(rows)}
    assert points(axes, "d") == expected
    lines = [sorted(line.get_xdata()) for line in axes.lines]
    for row in rows:
        ends = sorted(100 * sign * end for end in row.interval)
        assert any(np.array_equal(line, ends) for line in lines)


# ------------------------------------------------------------------------- values and places


WIDE = dict(
    cells=["SimpleRNN", "LSTM", "BidirectionalLSTM"],
    classes=("a very long name of a class", "another long name", "x"),
    published=PUBLISHED,
    on_other_splits=True,
    top=1,
    **FEW_COMBINATIONS,
)


def registered(figure, axes):
    """Return the set of (x, y) in an axes for which values are registered."""
    return {(round(x, 9), round(y, 9)) for its, x, y, _ in figure.marks if its is axes}


def marked(axes):
    """Return the set of (x, y) of all marks, without those of the legend."""
    return {
        (round(float(x), 9), round(float(y), 9))
        for line in axes.lines
        if line.get_marker() not in ("", "None", None)
        for x, y in line.get_xydata()
    }


def test_every_mark_has_its_values():
    for name, figure in drawn(example_experiment(**WIDE)):
        assert figure.marks, name
        for axes in figure.axes:
            assert marked(axes) <= registered(figure, axes), name


def test_every_column_of_a_histogram_has_its_values(experiment):
    for name in ("lengths", "paired"):
        figure = draw(name, experiment)
        values = [row for *_, row in figure.marks]
        key = "tweets" if name == "lengths" else "difference, points"
        of_patches = sum(patch.get_data().values for patch in figure.axes[0].patches)
        scale = 100 if name == "paired" else 1
        assert [row[key] for row in values] == pytest.approx((scale * of_patches).tolist())


def test_svg_holds_the_values_at_the_places_of_their_marks(tmp_path):
    with style():
        figure, axes = subplots(2)
        axes.plot([0, 1, 2], [5, 7, 6], "o", color=INK)
        values(axes, [0, 1, 2], [5, 7, 6], [{"a": 1, "b": "<x>"}, {"a": 0.123456}, {"c": True}])
        save(figure, "name", tmp_path)
    root = ElementTree.parse(tmp_path / "name.svg").getroot()
    data = json.loads(root.find(f"{SVG}metadata").text)
    assert data["columns"] == ["a", "b", "c"]
    assert [mark[3:] for mark in data["marks"]] == [
        [1, "<x>", None],
        [0.1235, None, None],
        [None, None, "yes"],
    ]
    marks = [(float(use.get("x")), float(use.get("y"))) for use in root.iter(f"{SVG}use")]
    for place in data["marks"]:
        assert any(place[1:3] == pytest.approx(mark, abs=0.06) for mark in marks)


def test_hostile_values_are_harmless_text(tmp_path):
    with style():
        figure, axes = subplots(2)
        values(axes, [0], None, [{"a": "</metadata><script>\u202e\x07"}])
        save(figure, "name", tmp_path)
    text = (tmp_path / "name.svg").read_text()
    assert "<script" not in text and "\x07" not in text and "\u202e" not in text
    ElementTree.fromstring(text)


def overlaps(figure):
    """Return the pairs of texts that overlap, and the texts that leave the figure."""
    with style():
        arrange(figure)
        figure.draw_without_rendering()  # which places the legend
        shown = []
        for text in figure.findobj(Text):
            # Turned texts overlap with their boxes alone.
            if text.get_visible() and text.get_text().strip() and not text.get_rotation() % 90:
                shown.append(text)
    hidden = {id(label) for axes in figure.axes for label in hidden_labels(axes)}
    shown = [
        (text.get_text(), text.get_window_extent()) for text in shown if id(text) not in hidden
    ]
    pairs = {
        (one, other)
        for (one, a), (other, b) in combinations(shown, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1.5
    }
    beyond = {text for text, box in shown if min(*box.min, *(figure.bbox.max - box.max)) < -1}
    return pairs, beyond


def hidden_labels(axes):
    """Yield the labels of ticks that an axes has, but does not draw."""
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        used = axis.get_major_ticks() if axes.axison else []
        used = [tick for tick in used if low - 1e-9 <= tick.get_loc() <= high + 1e-9]
        for tick in axis.majorTicks:
            if tick not in used:
                yield from (tick.label1, tick.label2)


@pytest.mark.parametrize(
    "options",
    [
        WIDE,
        dict(part="validation", cells=["SimpleRNN", "BidirectionalLSTM"], top=1, **ONE_COMBINATION),
        dict(learning_rate=[1e-5, 1e-4, 1e-3, 1e-2], recurrent_layers=[1, 2, 3], top=1),
        dict(classes=[f"class {n}" for n in range(12)], top=1, **ONE_COMBINATION),
    ],
    ids=["three cells, long names", "no test set", "many levels", "twelve classes"],
)
def test_no_two_texts_of_a_figure_overlap_and_none_leaves_it(options):
    for name, figure in drawn(example_experiment(**options)):
        assert overlaps(figure) == (set(), set()), name
