"""benchmarks/real.py: the values of the presets, and their tables in the docs."""

import pytest
import yaml
from tweetrnn.reporting.sections import SECTIONS

HEADLINE = {  # as diff prints it
    "part": "test",
    "tweets": 60,
    "metrics": ["macro_f1"],
    "models": {
        "LSTM": {"combination": "rnn1", "scores": {"accuracy": 0.8, "macro_f1": 0.7}},
        "majority": {"combination": None, "scores": {"accuracy": 0.5, "macro_f1": 0.2}},
    },
    "pairs": [{"first": "SimpleRNN", "second": "LSTM", "difference": -0.03}],
}


@pytest.fixture
def real(root, monkeypatch):
    monkeypatch.syspath_prepend(root / "benchmarks")
    return __import__("real")


def test_values_are_counts_scores_and_differences(real):
    values = {name: row["value"] for name, row in real.values_of(HEADLINE).items()}
    assert values == {
        "test tweets": 60,
        "LSTM, accuracy": 0.8,
        "LSTM, macro_f1": 0.7,
        "majority, accuracy": 0.5,
        "majority, macro_f1": 0.2,
        "SimpleRNN - LSTM, accuracy": -0.03,
    }


@pytest.mark.parametrize(
    ("name", "off", "wrong"),
    [
        ("test tweets", 1, True),
        ("LSTM, accuracy", 0.019, False),
        ("LSTM, accuracy", -0.021, True),
        ("majority, accuracy", 0.003, True),
    ],
)
def test_value_is_wrong_beyond_its_tolerance(real, name, off, wrong):
    stored, found = real.values_of(HEADLINE), real.values_of(HEADLINE)
    found[name]["value"] += off
    lines = list(real.mistakes({"emotion": found}, {"emotion": stored}))
    assert [line.startswith(f"emotion, {name}: ") for line in lines] == [True] * wrong


def test_value_that_is_stored_or_found_alone_is_wrong(real):
    stored, found = real.values_of(HEADLINE), real.values_of(HEADLINE)
    del found["majority, accuracy"], stored["test tweets"]
    assert list(real.mistakes({"emotion": found}, {"emotion": stored})) == [
        "emotion, majority, accuracy: only among the values that are stored",
        "emotion, test tweets: only among the values that are found",
    ]


def test_values_are_stored_on_request_and_compared_otherwise(real, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(real, "VALUES", tmp_path / "real.json")
    found = {"emotion": real.values_of(HEADLINE)}
    with pytest.raises(SystemExit, match="make real UPDATE=1 writes it"):
        real.check(found, update=False)
    real.check(found, update=True)
    real.check(found, update=False)
    assert "All values are as stored" in capsys.readouterr().out
    found["emotion"]["LSTM, accuracy"]["value"] = 0.5
    with pytest.raises(SystemExit, match=r"LSTM, accuracy: 0\.5000, expected 0\.8000 ± 0\.02"):
        real.check(found, update=False)


def test_block_of_a_page_is_replaced_and_the_rest_stays(real):
    page = "a\n<!-- real: x -->\nold\n<!-- real: end -->\nb\n<!-- real: y -->\n<!-- real: end -->\n"
    once = real.with_block(page, "x", "| new \\1 |\n")
    assert once == page.replace("\nold\n", "\n\n| new \\1 |\n\n")
    assert real.with_block(once, "x", "| new \\1 |\n") == once
    with pytest.raises(SystemExit, match="expected <!-- real: z -->"):
        real.with_block(page, "z", "")


def test_page_has_the_markers_of_every_block(real, root):
    page = (root / real.PAGE).read_text(encoding="utf-8")
    blocks = ["presets", *real.PRESETS, *real.REFERENCE]
    for name in blocks:
        assert page.count(f"<!-- real: {name} -->") == 1
        real.with_block(page, name, "")
    assert page.count(real.END) == len(blocks)


def test_sections_of_a_report_are_taken_without_pictures(real):
    one = '## 1\\. One\n\ntext\n\n![alt](a.png)\n\nmore\n\n<a id="two"></a>\n'
    report = f"# T\n\n{one}\n## 2\\. Two\n\nend\n"
    assert real.sections_of(report, ["One"]) == "**One**\n\ntext\n\nmore"
    with pytest.raises(SystemExit, match="no section 'Three'"):
        real.sections_of(report, ["Three"])


def test_every_section_that_is_taken_is_one_of_the_report(real):
    titles = {title for title, *_ in SECTIONS.values()}
    assert titles.issuperset(title for names in real.SECTIONS.values() for title in names)


def test_missing_tweets_are_named_before_anything_runs(real, tmp_path):
    with pytest.raises(SystemExit, match=r"semeval2017\.csv, .*docs/data\.md says where to get"):
        real.main(["--data", str(tmp_path)])


def test_presets_read_the_files_that_are_expected(real, root):
    for preset, name in real.PRESETS.items():
        config = yaml.safe_load((root / f"config/{preset}.yaml").read_text())
        assert config["name"] == preset and config["corpus"]["path"] == f"data/{name}"
