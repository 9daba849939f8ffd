"""The command diff: how finished experiments differ."""

import json
import re

import pytest
import yaml
from example_finished import write_finished
from tweetrnn.__main__ import main
from tweetrnn.errors import UserError
from tweetrnn.evaluation import comparison as comparisons
from tweetrnn.evaluation.diff import config_differences, diff, matched
from tweetrnn.files import read_json, write_json
from tweetrnn.reporting.diff import (
    FORMATS,
    WIDTH,
    by_name,
    cell_differences_table,
    compared,
    finished,
)
from tweetrnn.results import Results

pytestmark = pytest.mark.slow  # draws

TWEETS = [(str(n), f"tweet {n}", ("negative", "positive")[n % 2]) for n in range(1, 101)]
COMMON = TWEETS[40:]
OTHERS = [(str(n), f"tweet {n}", "neutral") for n in range(101, 141)]
RIGHT, WRONG = True, False


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two experiments whose test sets share COMMON: SimpleRNN is in both, LSTM and GRU in one."""
    root = tmp_path_factory.mktemp("diff")
    rights = {"SimpleRNN": [[WRONG] * 40 + [RIGHT] * 60] * 2, "LSTM": [[RIGHT] * 100] * 2}
    write_finished(root / "one", TWEETS, rights, "one")
    halves = [[RIGHT] * 70 + [WRONG] * 30, [RIGHT] * 100]
    rights = {"SimpleRNN": halves, "GRU": [[WRONG] * 100] * 2}
    write_finished(root / "two", [*OTHERS, *COMMON[::-1]], rights, "two", select_by="best_macro_f1")
    return root / "one", root / "two"


@pytest.fixture(scope="module")
def found(folders):
    return diff(by_name([finished(folder) for folder in folders]))


def printed(capsys, *arguments):
    """Return what ``tweetrnn diff`` prints."""
    assert main(["diff", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def paragraph(text, beginning):
    """Return the paragraph or table of a text that begins so."""
    [one] = [block for block in text.split("\n\n") if block.startswith(beginning)]
    return one


# --------------------------------------------------------------------------------------- configs


def test_only_keys_that_differ_are_listed_dotted():
    configs = {
        "a": {"name": "a", "seed": 1, "split": {"fractions": {"train": 0.7}}, "files": {}},
        "b": {"name": "b", "seed": 1, "split": {"fractions": {"train": 0.8}}, "files": {}},
    }
    assert config_differences(configs) == {"split.fractions.train": {"a": 0.7, "b": 0.8}}


def test_key_that_an_experiment_lacks_differs():
    configs = {"a": {"split": {"seed": 6}}, "b": {"split": {}}, "c": {"split": {"seed": 6}}}
    assert config_differences(configs)["split.seed"] == {"a": 6, "c": 6}


# ------------------------------------------------------------------------------------ the results


def test_headline_is_that_of_the_comparison(found, folders):
    comparison = comparisons.read(Results(folders[0]).comparison)
    one, model = found.headlines["one"], found.headlines["one"].models["LSTM"]
    accuracy = comparison.primary.accuracies["LSTM"]
    assert (one.tweets, one.pairs) == (comparison.tweets, comparison.primary.pairs)
    assert (model.accuracy, model.interval) == (accuracy.accuracy, accuracy.interval)
    assert model.scores["macro_f1"] == accuracy.spread["test"]["macro_f1"].mean
    assert model.combination == "rnn1-dense2-dropout0-reg1-lr1e-3" and model.parameters == 1234
    assert list(one.models) == ["SimpleRNN", "LSTM", "majority", "logistic_regression", "nb_svm"]


def test_metrics_shown_are_those_of_the_selection_and_of_published_results(tmp_path):
    row = {"model": "SVM", "metric": "balanced_accuracy", "value": 0.6, "source": "a paper"}
    write_finished(tmp_path, TWEETS, {"LSTM": [[RIGHT] * 100]}, published=[row])
    data = read_json(Results(tmp_path).comparison)
    write_json(Results(tmp_path).comparison, data | {"select_by": "best_macro_f1"})
    found = diff({"one": finished(tmp_path)})
    assert found.headlines["one"].metrics == ["macro_f1", "balanced_accuracy"]


def test_difference_of_cells_is_the_better_s_minus_the_other_s(found):
    for row in cell_differences_table(found.headlines).rows:
        low, high = row["interval"]
        assert row["difference"] >= 0 and low <= row["difference"] <= high
        better, other = row["cells"].split(" − ")
        models = found.headlines[row["experiment"]].models
        assert row["difference"] == models[better].accuracy - models[other].accuracy


# ------------------------------------------------------------------------------- the shared tweets


def places(found):
    return list(zip(found["first"], found["second"], strict=True))


def test_tweets_are_matched_by_id_text_and_label_in_any_order(tmp_path):
    changed = [("1", "other text", "positive"), ("2", "tweet 2", "neutral"), ("x", *TWEETS[2][1:])]
    for name, tweets in (("a", TWEETS), ("b", [*changed, *TWEETS[:2:-1]])):
        write_finished(tmp_path / name, tweets, {"LSTM": [[RIGHT] * len(tweets)]})
    a, b = (finished(tmp_path / name).test_tweets for name in "ab")
    assert places(matched(a, b)) == [(3 + n, 99 - n) for n in range(97)]


def test_rows_that_are_the_same_tweet_are_matched_one_to_one(tmp_path):
    for name, tweets in (("a", [TWEETS[0]] * 3), ("b", [TWEETS[1], *[TWEETS[0]] * 2])):
        write_finished(tmp_path / name, tweets, {"LSTM": [[RIGHT] * 3]})
    a, b = (finished(tmp_path / name).test_tweets for name in "ab")
    assert places(matched(a, b)) == [(0, 1), (1, 2)]


def test_accuracies_on_shared_tweets_are_means_over_replicates(found):
    [shared] = found.shared
    models = {row.model: row for row in shared.models}
    assert (shared.tweets, shared.groups) == (60, 60)
    assert models["SimpleRNN"].accuracies == [1.0, 0.75]
    assert models["LSTM"].accuracies == [1.0, None] and models["GRU"].accuracies == [None, 0.0]
    assert list(models) == ["SimpleRNN", "LSTM", "GRU", "majority", "logistic_regression", "nb_svm"]


def test_difference_on_shared_tweets_is_the_second_s_minus_the_first_s(found):
    models = {row.model: row for row in found.shared[0].models}
    assert models["SimpleRNN"].difference == -0.25
    low, high = models["SimpleRNN"].interval
    assert low < -0.25 < high
    assert models["majority"].difference == 0 and models["majority"].interval is None
    assert models["LSTM"].difference is None and models["LSTM"].interval is None


@pytest.mark.parametrize("tweets", [OTHERS, []], ids=["other tweets", "no test set"])
def test_absence_of_shared_tweets_is_said(folders, tmp_path, capsys, tweets):
    write_finished(tmp_path, tweets, {"LSTM": [[RIGHT] * len(tweets)]}, "three")
    text = printed(capsys, folders[0], tmp_path)
    assert paragraph(text, "one and three") == "one and three: no test tweets in common."


# ------------------------------------------------------------------------------------ the formats


def test_table_says_what_differs(folders, capsys):
    text = printed(capsys, *folders)
    differs = paragraph(text, "The configs")
    assert "report.select_by  'best_accuracy'  'best_macro_f1'" in differs
    assert len(differs.splitlines()) == 4
    shared = paragraph(text, "The 60 tweets")
    [row] = [line for line in shared.splitlines() if line.startswith("SimpleRNN")]
    assert row.split()[1:4] == ["1.000", "0.750", "−25.0"]


def test_table_fits_the_terminal_whatever_it_holds(tmp_path):
    for n in (1, 2, 3):
        name = f"{'long-name-of-an-experiment' * 2}-{n}"
        rights = {"SimpleRNN": [[RIGHT] * 100], "LSTM": [[RIGHT] * 100]}
        write_finished(tmp_path / str(n), TWEETS, rights, name, title="a word " * 40 * n)
    found = diff(by_name([finished(tmp_path / str(n)) for n in (1, 2, 3)]))
    assert max(map(len, FORMATS["table"](found).splitlines())) <= WIDTH


def test_models_without_a_test_set_are_said_to_be_optimistic(tmp_path, folders, capsys):
    write_finished(tmp_path, [], {"LSTM": [[]]}, "three", part="validation")
    text = printed(capsys, folders[0], tmp_path)
    assert "no test set, so its values are optimistic" in paragraph(text, "three: ")
    assert "optimistic" not in paragraph(text, "one: ")


def test_results_are_said_in_words_the_better_cell_first(folders, found, capsys):
    text = printed(capsys, *folders)
    [pair] = found.headlines["two"].pairs
    better = pair.first if pair.difference >= 0 else pair.second
    assert paragraph(text, "In two, ").startswith(f"In two, {better} scored ")
    shared = paragraph(text, "On the 60 tweets in both test sets, ").replace("\n", " ")
    assert (
        "the SimpleRNN of one scored 25.0 points higher than the SimpleRNN of two, but the data "
        "are also consistent with no difference (95\u00a0% " in shared
    )


@pytest.mark.parametrize(
    ("difference", "interval", "expected"),
    [
        (0.05, [0.01, 0.09], "A scored 5.0 points higher than B (95 % interval 1.0 to 9.0)"),
        (
            -0.05,
            [-0.09, 0.01],
            "B scored 5.0 points higher than A, but the data are "
            "also consistent with no difference (95 % interval −1.0 to 9.0)",
        ),
        (0.05, None, "A scored 5.0 points higher than B"),
        (0.0004, None, "A scored the same as B"),
    ],
)
def test_difference_in_words_is_never_negative(difference, interval, expected):
    assert compared("A", "B", difference, interval).replace("\u00a0", " ") == expected


def test_markdown_has_the_same_tables(folders, capsys):
    text = printed(capsys, *folders, "--format", "markdown")
    assert "| SimpleRNN | 1.000 | 0.750 | −25.0 | " in text
    assert len(re.findall(r"^\| ---", text, re.M)) == 5


def test_json_has_the_numbers_unrounded(folders, found, capsys):
    data = json.loads(printed(capsys, *folders, "--format", "json"))
    assert list(data) == ["config", "headlines", "shared"]
    interval = data["headlines"]["one"]["models"]["LSTM"]["interval"]
    assert interval == found.headlines["one"].models["LSTM"].interval
    assert data["shared"][0]["models"][0]["accuracies"] == [1.0, 0.75]


def test_page_has_all_tables_a_figure_and_unique_ids(folders, tmp_path, capsys):
    write_finished(tmp_path / "three", TWEETS, {"LSTM": [[RIGHT] * 100]}, "three", title="<b>x</b>")
    text = printed(capsys, *folders, tmp_path / "three", "--html", tmp_path / "diff.html")
    assert text.startswith("In one, ")
    page = (tmp_path / "diff.html").read_text(encoding="utf-8")
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert {"figure-experiments", "table-models", "table-config", "table-shared-3"} <= set(ids)
    assert "&lt;b&gt;x" in page and "<b>x" not in page


# -------------------------------------------------------------------------------------- the errors


@pytest.fixture
def config_file(tmp_path, monkeypatch):
    """The config file, relative to the working folder, of a finished experiment."""
    monkeypatch.chdir(tmp_path)
    config = write_finished("results/one", TWEETS, {"LSTM": [[RIGHT] * 100]})
    path = tmp_path / "one.yaml"
    path.write_text(yaml.safe_dump(config))
    return path.relative_to(tmp_path)


def test_config_file_stands_for_its_results(config_file):
    assert finished(config_file).config == finished("results/one").config


def test_unfinished_experiment_is_an_error_that_names_the_command(config_file):
    Results("results/one").summary.unlink()
    command = "finish it with: python -m tweetrnn run --configfile one.yaml$"
    with pytest.raises(UserError, match=f"^one.yaml: not finished, .*summary.json; {command}"):
        finished(config_file)
    with pytest.raises(UserError, match="run --configfile FILE"):
        finished("results/one")


def test_results_of_another_config_are_an_error(config_file):
    changed = yaml.safe_load(config_file.read_text()) | {"seed": 7}
    config_file.write_text(yaml.safe_dump(changed))
    with pytest.raises(UserError, match=r"made with another seed; renew them with: .* one\.yaml"):
        finished(config_file)


def test_results_of_an_older_version_are_an_error(config_file):
    summary = read_json("results/one/report/summary.json")
    write_json("results/one/report/summary.json", {"name": summary["name"]})
    with pytest.raises(UserError, match=r"written by an older version .* with: .* one\.yaml"):
        finished(config_file)


def test_no_experiment_is_an_error(tmp_path):
    with pytest.raises(UserError, match="no such config file or results folder"):
        finished(tmp_path / "absent")


def test_part_of_an_experiment_is_an_error_that_names_the_whole(folders):
    split = Results(folders[0]).on("temporal")
    for part in (split.folder, split.folder.parent, Results(folders[0]).html.parent):
        part.mkdir(parents=True, exist_ok=True)
        with pytest.raises(UserError, match=f"expected the folder of a whole one: {folders[0]} "):
            finished(part)


def test_equal_names_are_told_apart_by_their_folders_but_no_experiment_is_compared_with_itself(
    tmp_path,
):
    for name in "ab":
        write_finished(tmp_path / name, TWEETS, {"LSTM": [[RIGHT] * 100]})
    a, b = (finished(tmp_path / name) for name in "ab")
    assert list(by_name([a, b])) == [str(tmp_path / name) for name in "ab"]
    with pytest.raises(UserError, match="expected different experiments"):
        by_name([a, a])
