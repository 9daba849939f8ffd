"""Every mistake in a config is reported in one line: the key, its value, what was expected.

The cases are made from the schema, so that a new key is tested at once.
"""

import itertools
import math

import pytest
import yaml
from test_config import DEMO, URL, all_keys, base_of, with_change
from tweetrnn.config import read, resolve
from tweetrnn.errors import UserError

KEYS = list(all_keys())
# Values of each type, and what YAML may make of a typing error.
SAMPLES = {
    "object": [{"a": 1}],
    "array": [[], ["many"]],
    "string": ["many", "1,5", "12 units", ""],
    "number": [2.5, math.nan, math.inf],
    "integer": [7],
    "boolean": [True],
    "null": [],  # counts as absent
}
ALSO = {"number": ["integer"]}  # types whose values are of the other type, too


def shown(value):
    """Return a value as a message shows it."""
    if isinstance(value, str):
        return repr(value)
    return yaml.safe_dump(value, default_flow_style=True).split("\n")[0]


def mistakes_of(config):
    """Return the lines that report a config's mistakes, without the heading."""
    with pytest.raises(UserError) as caught:
        resolve(config)
    heading, *lines = str(caught.value).splitlines()
    assert heading == "the config has mistakes:"
    return [line.removeprefix("  ") for line in lines]


def types_of(known):
    kinds = known.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def of_wrong_type():
    for dotted, known, kinds in KEYS:
        types = types_of(known) or ["string"]
        types = {*types, *itertools.chain.from_iterable(ALSO.get(name, []) for name in types)}
        for name, values in SAMPLES.items():
            for value in () if name in types else values:
                yield base_of(kinds), dotted, value, known


def out_of_range():
    for dotted, known, kinds in KEYS:
        whole = "integer" in types_of(known)
        step = 1 if whole else 1e-9
        for bound, value, words in (
            ("minimum", lambda b: b - step, "at least"),  # noqa: B023
            ("maximum", lambda b: b + step, "at most"),  # noqa: B023
            ("exclusiveMinimum", lambda b: b, "more than"),
            ("exclusiveMaximum", lambda b: b, "less than"),
        ):
            if bound in known:
                limit = known[bound]
                yield base_of(kinds), dotted, value(limit), f"expected {words} {limit}"
        if whole or "number" in types_of(known):
            yield base_of(kinds), dotted, math.nan, "expected a"
            yield base_of(kinds), dotted, -math.inf, "expected"


def wrong_item():
    """Yield lists with one wrong entry, and lists with an entry twice."""
    for dotted, known, kinds in KEYS:
        if "items" not in known:
            continue
        items, good = known["items"], known["default"]
        wrong = ["many"] if types_of(items) not in (["string"], []) else [2]
        if "enum" in items:
            wrong = ["Perceptron"]
        wrong += [items["minimum"] - 1] if "minimum" in items else []
        wrong += [items["maximum"] * 2] if "maximum" in items else []
        wrong += [True] if types_of(items) in (["integer"], ["number"]) else []
        for value in wrong:
            yield base_of(kinds), dotted, [*good, value], f"{dotted}[{len(good)}]: "
        if known.get("uniqueItems") and good:
            yield base_of(kinds), dotted, [*good, good[0]], f"{dotted}: expected no value twice"


@pytest.mark.parametrize(("config", "dotted", "value", "known"), list(of_wrong_type()))
def test_value_of_another_type_is_reported(config, dotted, value, known):
    [line] = mistakes_of(with_change(config, dotted, value))
    assert line.startswith(f"{dotted}: ")
    assert shown(value) in line
    assert f"is not one of {', '.join(known['enum'])}" in line if "enum" in known else (
        ": expected " in line
    )  # fmt: skip


@pytest.mark.parametrize(("config", "dotted", "value", "expected"), list(out_of_range()))
def test_value_out_of_range_is_reported_with_the_range(config, dotted, value, expected):
    lines = mistakes_of(with_change(config, dotted, value))
    [line] = [line for line in lines if line.startswith(f"{dotted}: ")]
    assert expected in line and line.endswith(f", got {shown(value)}")


@pytest.mark.parametrize(("config", "dotted", "value", "expected"), list(wrong_item()))
def test_wrong_or_repeated_entry_of_a_list_is_reported_with_its_place(
    config, dotted, value, expected
):
    [line] = mistakes_of(with_change(config, dotted, value))
    assert line.startswith(expected)


@pytest.mark.parametrize(
    ("dotted", "known", "kinds"), KEYS, ids=lambda v: v if type(v) is str else ""
)
def test_misspelled_key_is_reported_with_the_one_that_was_meant(dotted, known, kinds):
    section, _, key = dotted.rpartition(".")
    slip = f"{section}.{key[:1]}{key}".lstrip(".")
    lines = mistakes_of(with_change(base_of(kinds), slip, known.get("default", "x")))
    assert f"{slip}: unknown key; did you mean {key}?" in lines


@pytest.mark.parametrize("section", sorted({key.partition(".")[0] for key, *_ in KEYS} - {"name"}))
@pytest.mark.parametrize("value", ["many", 1, [1], True])
def test_section_that_is_not_a_mapping_is_reported(section, value):
    if section == "seed" and value in (1, True):
        value = "many"
    [line] = mistakes_of(with_change(DEMO, section, value))
    assert line.startswith(f"{section}: expected ") and shown(value) in line


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "/x", "a/b", "a b", "é", "-a", "a\n", "a;b"]
)
def test_name_that_is_not_a_plain_folder_name_is_refused(name):
    [line] = mistakes_of(with_change(DEMO, "name", name))
    assert line.startswith("name: expected text of the form ") and repr(name) in line


@pytest.mark.parametrize("digest", ["0" * 63, "0" * 65, "g" * 64, "A" * 64, "0" * 64 + "\n"])
def test_text_that_is_not_a_sha256_is_refused(digest):
    [line] = mistakes_of(with_change(URL, "corpus.sha256", digest))
    assert line.startswith("corpus.sha256: expected text of the form ")


@pytest.mark.parametrize(
    "url", ["x.org/t.csv", "ftp://x.org/t.csv", "file:///etc/passwd", "http://"]
)
def test_address_that_is_not_http_is_refused(url):
    [line] = mistakes_of(with_change(URL, "corpus.url", url))
    assert line.startswith("corpus.url: expected text of the form ") and repr(url) in line


@pytest.mark.parametrize(
    "fractions",
    [
        {"train": 0.8},
        {"train": 0.5, "validation": 0.5, "test": 0.5},
        {"train": 0.1, "validation": 0.1, "test": 0.1},
        {"train": 72, "validation": 18, "test": 10},
        {"train": "72%"},
        {"train": 0},
        {"validation": 0, "train": 0.9},
        {"test": -0.1, "train": 0.92},
        {"test": 1},
    ],
    ids=str,
)
def test_impossible_fractions_are_reported(fractions):
    config = DEMO
    for part, share in fractions.items():
        config = with_change(config, f"split.fractions.{part}", share)
    lines = mistakes_of(config)
    assert all(line.startswith("split.fractions") for line in lines)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E-3", 0.001),
        ("1.0e-3", 0.001),
        ("'0.001'", 0.001),
        (".5", 0.5),
        ("1", 1),
    ],
)
def test_number_is_recognised_however_yaml_reads_it(text, value):
    config = with_change(DEMO, "grid.learning_rate", yaml.safe_load(f"[{text}]"))
    assert resolve(config)["grid"]["learning_rate"] == [value]


@pytest.mark.parametrize(
    "text", ["1e-3x", "1e", "0,001", "1_000.5", "0x1p-3", "one", ".nan", ".inf"]
)
def test_text_that_is_not_a_number_is_reported(text):
    config = with_change(DEMO, "grid.learning_rate", [yaml.safe_load(text)])
    lines = mistakes_of(config)
    assert lines[0].startswith("grid.learning_rate[0]: expected ")


def test_same_number_written_in_two_ways_is_a_repeated_entry():
    for values in (["1e-3", 0.001], [1, 1.0], ["1", 1]):
        [line] = mistakes_of(with_change(DEMO, "grid.learning_rate", values))
        assert line.startswith("grid.learning_rate: expected no value twice")


def test_whole_number_with_a_decimal_point_is_a_whole_number():
    config = resolve(with_change(DEMO, "grid.recurrent_layers", [1.0, 2.0]))
    assert [type(value) for value in config["grid"]["recurrent_layers"]] == [int, int]


def test_cell_that_does_not_exist_is_reported_with_the_known_ones():
    [line] = mistakes_of(with_change(DEMO, "grid.cell", ["Perceptron"]))
    known = "SimpleRNN, LSTM, GRU, BidirectionalLSTM"
    assert line.startswith(f"grid.cell[0]: 'Perceptron' is not one of {known}")
    [line] = mistakes_of(with_change(DEMO, "grid.cell", ["LSTM", "SimpelRNN"]))
    assert line.endswith("did you mean SimpleRNN?")


def test_a_cell_is_either_compared_or_a_baseline():
    [line] = mistakes_of(with_change(DEMO, "grid.baseline_cells", ["GRU", "LSTM"]))
    assert line == (
        "grid.baseline_cells: LSTM is in grid.cell as well; a cell is either compared or a baseline"
    )


@pytest.mark.parametrize(
    ("key", "layers", "hint"),
    [
        ("cell", [1, 2], "name it in grid.baseline_cells"),
        ("cell", [2], "leave it out, or add 1 to grid.recurrent_layers"),
        ("baseline_cells", [3, 2], "leave it out, or add 1 to grid.recurrent_layers"),
    ],
)
def test_a_cell_without_recurrence_has_one_layer(key, layers, hint):
    config = with_change(DEMO, f"grid.{key}", ["MeanOfWords"])
    [line] = mistakes_of(with_change(config, "grid.recurrent_layers", layers))
    most = max(layers) if key == "cell" else min(layers)
    assert line == (
        f"grid.{key}: MeanOfWords is not recurrent and cannot have {most} recurrent layers; {hint}"
    )


@pytest.mark.parametrize("length", [0, -1])
def test_sequence_without_words_is_refused(length):
    [line] = mistakes_of(with_change(DEMO, "sequence.length", length))
    assert line == f"sequence.length: expected at least 1, got {length}"


def test_all_mistakes_are_reported_at_once_one_per_line():
    config = with_change(DEMO, "training.epochs", 0)
    config = with_change(config, "grid.cell", [])
    config = with_change(config, "modle", {})
    lines = mistakes_of(config)
    assert sorted(line.split(":")[0] for line in lines) == ["grid.cell", "modle", "training.epochs"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: [demo", "not YAML: while parsing a flow sequence"),
        (b"name: a\n\tseed: 1", "not YAML: while scanning"),
        (b"name: a\nname: b", "not YAML: the key name appears twice"),
        (b"training: {epochs: 1, epochs: 2}", "not YAML: the key epochs appears twice"),
        (b"a: !!python/object/apply:os.system [true]", "not YAML: could not determine a constr"),
        (b"? [a, b]\n: 1", "not YAML: "),
        (b"", "expected a mapping of keys"),
        (b"demo", "expected a mapping of keys"),
        (b"- demo", "expected a mapping of keys"),
        (b"name: \xff", "cannot be read ('utf-8' codec"),
    ],
)
def test_file_that_is_not_a_config_is_refused_with_its_name(tmp_path, content, message):
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ") and message in str(caught.value)


def test_missing_config_is_reported_with_its_name(tmp_path):
    with pytest.raises(UserError, match=r"c\.yaml: the config cannot be read \(.*No such file"):
        read(tmp_path / "c.yaml")


@pytest.mark.parametrize("text", ["\ud800", "caf\udce9.csv"])
def test_text_that_utf_8_cannot_encode_is_refused(text):
    [line] = mistakes_of(DEMO | {"report": {"title": text}})
    assert f"report.title: {text!r} contains half a surrogate pair; write the whole" in line
