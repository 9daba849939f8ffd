"""What the report says, shows and lists, for any number of cells and any state of the grid."""

import pytest
import yaml
from example_experiment import FEW_COMBINATIONS
from example_report import CLASSES, example_report
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn.config import resolve
from tweetrnn.evaluation.metrics import METRICS, PREDICTION_METRICS
from tweetrnn.names import BASELINES, RANKINGS
from tweetrnn.reporting import figures
from tweetrnn.reporting.document import MINUS, described
from tweetrnn.reporting.sections import sections_of
from tweetrnn.reporting.sections.provenance import listing, shareable
from tweetrnn.reporting.verdict import DEMO

ORDER = [
    *("headline", "data", "top", "runs", "effects"),
    *("real", "failures", "reference", "cost", "provenance"),
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


def cells_of(table, key):
    """Return what a table shows in one column."""
    [column] = [column for column in table.columns if column.key == key]
    return [column.show(row.get(key)) for row in table.rows]


def test_sections_come_in_their_order(any_experiment):
    assert [section.name for section in sections_of(any_experiment)] == ORDER


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
    [note] = [text for text, role in paragraphs(experiment, "headline") if role == "note"]
    assert note.startswith("This is a sample: 5 of the grid's 32 combinations")
    assert "drawn at random by the seed 1" in note
    assert len(experiment.runs) == 10
    assert "are a random sample of the grid" in paragraphs(experiment, "effects")[0][0]


def test_a_whole_grid_is_not_said_to_be_a_sample():
    assert [role for _, role in paragraphs(example_report(), "headline")] == ["verdict", "", ""]
    assert "not a random sample" in paragraphs(example_report(), "effects")[0][0]


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
    for name in ("effects", "real", "failures", "reference"):
        assert paragraphs(experiment, name) == [
            ("Shown when all trainings that it needs are done.", "note")
        ]
    assert "There is no comparison yet" in paragraphs(experiment, "headline")[1][0]


def test_demo_corpus_is_said_first():
    assert paragraphs(example_report(kind="demo"), "headline")[0] == (DEMO, "warning")


def test_a_baseline_cell_is_called_by_its_name_in_words_and_shown_where_baselines_are():
    found = tables(example_report(baseline_cells=["MeanOfWords"]))
    mean = "mean of word vectors"
    models = cells_of(found["selected"], "model")
    assert models == ["SimpleRNN", "LSTM", mean, *(one.model for one in BASELINES.values())]
    differences = found["differences"]
    both = zip(cells_of(differences, "first"), cells_of(differences, "second"), strict=True)
    assert [first for first, second in both if second == mean] == ["SimpleRNN", "LSTM"]
    assert cells_of(found["runs"], "model").count(mean) == 16
    assert cells_of(found["replicates"], "cell").count(mean) == 3
    assert cells_of(found["cost"], "cell") == ["SimpleRNN", "LSTM", mean]
    for name in ("divergence", "optimism", "effects", "classes"):
        assert mean not in str(found[name].rows) and "MeanOfWords" not in str(found[name].rows)


@pytest.mark.parametrize("c, end", [(0.1, "smallest"), (30, "largest")])
def test_a_best_c_at_an_end_of_its_grid_is_said(c, end):
    experiment = example_report()
    assert "of those tried" not in str(paragraphs(experiment, "headline"))
    experiment.baselines["nb_svm"] |= {"C": c, "grid": [0.1, 3, 30], "at_edge": True}
    assert (
        f"The C of NB-SVM that is best on validation, {c:g}, is the {end} of those tried, so one "
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
    assert cells_of(found["divergence"], "cell") == cells
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
    assert any(text.startswith("The divergence epoch is the first epoch after") for text in texts)
    assert cells_of(tables(experiment)["divergence"], "published") == ["about 2", "about 4"]


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
    experiment.split["seen_in_training"] = {"validation": 12, "test": 0}
    text, role = paragraphs(experiment, "data")[0]
    assert text.startswith("12 validation tweets have the same tokens as a training tweet")
    assert role == "warning"


def test_mixed_versions_of_trainings_are_warned_of():
    experiment = example_report()
    assert len(tables(experiment)["trainings"].rows) == 1
    next(iter(experiment.provenances.values()))["processor"] = "another one"
    assert paragraphs(experiment, "provenance")[0][1] == "warning"
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
    assert "fixed beforehand" in texts[0]
    assert "Everything from here on is exploratory." in texts
    assert "All of this is exploratory" in paragraphs(example_report(), "effects")[0][0]


def test_few_replicates_are_said_to_understate_what_seeds_contribute():
    for count, expected in ((3, True), (5, False)):
        text = paragraphs(example_report(selected_replicates=count), "real")[0][0]
        assert ("understates what the seeds contribute" in text) == expected


def test_combination_is_described_in_words():
    assert described("rnn1-dense3-dropout0-reg1-lr2.5e-4") == (
        "1 recurrent layer, 3 hidden dense layers, no dropout, L2, learning rate 2.5e-4"
    )


def test_differences_are_written_with_a_minus():
    found = tables(example_report())
    assert set(cells_of(found["interactions"], "who")) == {f"SimpleRNN {MINUS} LSTM"}
    assert f"first {MINUS} the second" in found["differences"].caption
