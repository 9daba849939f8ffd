"""Whatever YAML a config file contains: it is refused with a short message of ours, or valid, and
then it is the same config again after it was printed."""

import json
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from test_config import VALUES, all_keys, base_of
from tweetrnn.config import read, resolve, types_of
from tweetrnn.errors import UserError
from tweetrnn.reporting.sections.provenance import listing, shareable
from tweetrnn.yaml_text import as_yaml

LONGEST = 3_000  # characters of a message
SECONDS = 3  # of the CPU; usually milliseconds
NUMBERS = [
    *["0", "-0", "010", "0x1F", "0b11", "0o17", "1_000", "1:30", "190:20:30", "+1", "1e3", "1.e+3"],
    *["1e-3", ".5", "5.", "1e999", "-.inf", ".nan", ".NaN", "\uff14", "\u0661", "1e" + "9" * 300],
    *["9" * 400, "9" * 5_000, "-" + "9" * 5_000, "0x" + "f" * 5_000, "0." + "1" * 5_000],
]
WORDS = [
    *["yes", "no", "on", "off", "y", "n", "true", "True", "TRUE", "null", "~", "Null", "", "="],
    *["<<", "2020-01-01", "2020-02-30", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43 -5"],
]
TAGGED = [
    *["!!binary aGVsbG8=", "!!binary '*'", "!!set {a, b}", "!!omap [a: 1]", "!!pairs [a: 1, a: 2]"],
    *["!!python/object:os.system x", "!!python/tuple [1]", "!!python/name:os.system", "!x y"],
    *["!!int x", "!!int ''", "!!float x", "!!bool x", "!!null x", "!!timestamp x", "!!str 1"],
    *["!!str [a]", "!!map [a]", "!!seq {a: 1}", "!!merge x", "!!value =", "! 1", "!<a> b"],
    "!!" + "x" * 100_000,
]
TEXTS = [
    *['"{x}"', '"{"', "'{wildcards.a}'", '"%(a)s"', '"${HOME}"', '"$(id)"', '"`id`"', "'a''b'"],
    *['"\\0"', '"\\x07"', '"\\x1b[31m"', '"\\x7f"', '"\\x85"', '"\\u2028"', '"\\ufeff"', '"a\\nb"'],
    *[
        '"\\ud800"',
        '"\\udfff\\ud800"',
        '"\\ud83d\\ude00"',
        '"\\U0001F600"',
        '"\\udc80"',
        '"  "',
        '" a "',
    ],
    *['"e\\u0301"', '"\\u202e"', "'-'", "'---'", "'a: b'", "'# a'", "'*'", "'&a'", "'!a'", '"/"'],
    "'a\\'",
    "'" + "x" * 100_000 + "'",
]
NODES = [
    *["[]", "{}", "[[]]", "[{}]", "{a: 1}", "{1: a}", "{null: 1}", "{true: 1}", "{1.5: 1}"],
    *["{[a]: 1}", "{? {a: b} : 1}", "{a: 1, a: 2}", "{'a': 1, a: 2}", "{1: a, '1': b}"],
    *[
        "{1: a, 1.0: b}",
        "{2020-01-01: 1}",
        "&x [*x]",
        "&x {a: *x}",
        "{? &x [a] : *x}",
        "&x {<<: *x}",
    ],
    *["{<<: {a: 1}}", "{<<: [{a: 1}, {b: 2}]}", "{<<: 1}", "{<<: [1]}", "{<<: {a: 1}, <<: {b: 1}}"],
    *["*none", "&x 1", "[&x a, *x]", "[&x a, &x b, *x]", "[a", "{a", "a: b: c", "]", "@", "%", "`"],
    *[
        "|",
        ">",
        "? a",
        "- a",
        "--- a",
        "...",
        "[" * 3_000 + "]" * 3_000,
        "{a: " * 3_000 + "}" * 3_000,
    ],
    "[" + "x, " * 3_000 + "x]",
    f"[{', '.join(map(str, range(3_000)))}]",
    f"{{{', '.join(f'k{n}: 1' for n in range(3_000))}}}",
    "{" + "k" * 100_000 + ": 1}",
    "[&n0 [x, x, x], " + ", ".join(f"&n{n + 1} [*n{n}, *n{n}, *n{n}]" for n in range(30)) + "]",
    "[&n0 {x: 1}, " + ", ".join(f"&n{n + 1} {{<<: [*n{n}, *n{n}]}}" for n in range(30)) + "]",
]
raw = st.sampled_from([*NUMBERS, *WORDS, *TAGGED, *TEXTS, *NODES])
dumped = VALUES.map(
    lambda value: (
        yaml.safe_dump(value, default_flow_style=True, width=10**9).split("\n...")[0].strip()
    )
)
snippets = raw | dumped | st.lists(raw, max_size=3).map(lambda items: f"[{', '.join(items)}]")
keys = st.sampled_from(list(all_keys()))


def flow(config):
    """Return a dict of dicts as YAML in one line; its texts are YAML already."""
    if isinstance(config, dict):
        return "{" + ", ".join(f"{key}: {flow(value)}" for key, value in config.items()) + "}"
    return config


@st.composite
def files(draw):
    """Draw the text of a config file with hostile values at some keys."""
    first, _, kinds = draw(keys)
    config = {"name": "demo", "corpus": {k: f"'{v}'" for k, v in base_of(kinds)["corpus"].items()}}
    for dotted in [first, *draw(st.lists(keys.map(lambda key: key[0]), max_size=2))]:
        path = dotted.split(".")
        path = path[: draw(st.sampled_from([len(path), len(path), 1]))]
        *sections, last = [*path, *draw(st.sampled_from([[]] * 6 + [["x"], ["'0'"], [draw(raw)]]))]
        here = config
        for section in sections:
            if not isinstance(here.get(section), dict):
                here[section] = {}
            here = here[section]
        here[last] = draw(snippets)
    return flow(config)


LISTS = {"corpus.labels", "corpus.ignore_labels", "corpus.columns.slices"}
TEXT_KEYS = sorted(
    {
        key
        for key, known, kinds in all_keys()
        if "string" in types_of(known) and "path" in (kinds or ["path"])
    }
    - {"name", "corpus.path"}
    | LISTS
    | {"report.published"}
)
any_text = st.one_of(
    st.sampled_from([*NUMBERS[:20], *WORDS, *TEXTS]),
    st.text(max_size=6).map(json.dumps),
    st.text(max_size=6).map(
        lambda text: (
            yaml.safe_dump(text, allow_unicode=True, width=10**9)
            .removesuffix("\n")
            .removesuffix("\n...")
        )
    ),
)


@st.composite
def files_of_texts(draw):
    """Draw the text of a config file with hostile texts where any text is right."""
    config = {"name": "demo", "corpus": {"kind": "path", "path": "a.csv"}}
    for dotted in draw(st.lists(st.sampled_from(TEXT_KEYS), min_size=1, max_size=3)):
        section, *sections, last = dotted.split(".")
        here = config.setdefault(section, {})
        for name in sections:
            here = here.setdefault(name, {})
        if dotted == "report.published":
            keys = ("model", "source", "note")
            entry = {key: draw(any_text) for key in keys} | {"metric": "accuracy", "value": "1"}
            here[last] = f"[{flow(entry)}]"
        elif dotted in LISTS:
            here[last] = f"[{', '.join(draw(st.lists(any_text, min_size=2, max_size=4)))}]"
        else:
            here[last] = draw(any_text)
    return flow(config)


def resolved(load):
    """Return what ``resolve`` makes of a loaded config, or None if it is refused as it should."""
    start = time.process_time()
    try:
        return resolve(load())
    except UserError as error:
        assert 0 < len(str(error)) < LONGEST
        assert str(error).replace("\n", "").isprintable()
    finally:
        assert time.process_time() - start < SECONDS


def check(text, path):
    """Check that a config file is refused with a message, or valid and the same when printed."""
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    if config := resolved(lambda: read(path)):
        assert resolve(json.loads(json.dumps(config))) == config  # as a stage gets it
        for text, expected in (
            (as_yaml(config), config),
            (listing(config), shareable(config)),
        ):
            path.write_text(text, encoding="utf-8", newline="")
            assert resolve(read(path)) == expected


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("config") / "c.yaml"


@pytest.mark.slow
@given(files())
def test_any_value_at_any_key(path, text):
    check(text, path)


@given(files_of_texts())
def test_any_text_where_texts_are_expected(path, text):
    check(text, path)


@pytest.mark.slow
@given(keys, snippets)
def test_any_value_on_the_command_line_of_snakemake(key, snippet):
    from snakemake.cli import parse_config  # takes seconds
    from snakemake.utils import update_config

    dotted, _, kinds = key
    section, _, rest = dotted.partition(".")
    for name in reversed(rest.split(".") if rest else []):
        snippet = f"{{{name}: {snippet}}}"
    config = json.loads(json.dumps(base_of(kinds)))
    update_config(config, parse_config([f"{section}={snippet}"]))
    if config := resolved(lambda: config):
        assert resolve(json.loads(json.dumps(config))) == config
