"""The configuration: checked against the schema, completed with its defaults."""

import copy
import difflib
import functools
import itertools
import json
import math
import os
import re
import shlex
import unicodedata
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from tweetrnn.data import demo
from tweetrnn.errors import UserError
from tweetrnn.evaluation.metrics import METRICS
from tweetrnn.names import RANKINGS
from tweetrnn.other_splits import REPEATABLE, other_splits
from tweetrnn.training.cells import CELLS
from tweetrnn.wording import listed

SCHEMA_PATH = Path(__file__).resolve().parent / "config.schema.yaml"

# Text that means something else where text is not expected: YAML 1.1 reads 1e-3 (no dot) as text,
# and Snakemake reads everything inside --config key='{...}' as text.
_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WORDS = {"true": True, "false": False, "null": None}
_LONGEST = 100_000  # Linux allows 128 KiB in one argument
_MOST = _LONGEST // 2  # values: each takes two characters or more
_DEEPEST = 100  # levels of a config file; the schema has five
_NAME = 100  # characters of a key in a message
_SHOWN = 20  # mistakes in a message
TYPE_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping of keys",
    "null": "null",
}


def _pattern(validator, pattern, value, schema):
    """As in JSON Schema: ``$`` is the very end of a text, not the place before a last newline."""
    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield ValidationError("pattern")


def _unique_items(validator, unique, value, schema):
    """As in JSON Schema, in linear time."""
    if isinstance(value, list):
        keys = {item if type(item) in (int, float, str) else (repr(item),) for item in value}
        if len(keys) < len(value):
            yield ValidationError("uniqueItems")


# No number is true or false, nor YAML's .nan and .inf, which would pass every comparison.
_TYPES = Draft202012Validator.TYPE_CHECKER.redefine_many(
    {
        "number": lambda _, value: (
            type(value) is int or (type(value) is float and math.isfinite(value))
        ),
        "integer": lambda _, value: type(value) is int,
    }
)
_CHECKS = {"pattern": _pattern, "uniqueItems": _unique_items}
_Validator = extend(Draft202012Validator, _CHECKS, type_checker=_TYPES)


@functools.cache
def load_schema():
    """Return the schema as a dict, read once; callers must not change it.

    The file leaves out what ``grid.cell`` and ``grid.baseline_cells`` accept, the names of the
    cells in ``training.cells``, what ``report.rank_by`` and ``report.select_by`` accept, the
    RANKINGS in ``names``, and what ``report.published`` accepts as a metric, the METRICS in
    ``evaluation.metrics``.
    """
    schema = yaml.safe_load(SCHEMA_PATH.read_text(encoding="utf-8"))
    for key in ("cell", "baseline_cells"):
        schema["properties"]["grid"]["properties"][key]["items"] = {"enum": list(CELLS)}
    report = schema["properties"]["report"]["properties"]
    for key in ("rank_by", "select_by"):
        report[key]["enum"] = list(RANKINGS)
    report["published"]["items"]["properties"]["metric"]["enum"] = list(METRICS)
    return schema


def types_of(schema):
    """Return the names of the types that a part of the schema allows."""
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else types


# ------------------------------------------------------------------------------ completing


def _complete(value, schema, kind):
    """Return a value with defaults filled in and text read as the numbers that it stands for.

    A text's surrogate pairs, as which JSON may write a character, become that character.

    ``value`` is a part of the config and ``schema`` that part's; unknown keys stay, to be reported
    later. ``kind`` is the config's corpus.kind: other kinds' keys get no default.
    """
    types = types_of(schema)
    if isinstance(value, str) and types and "string" not in types:
        value = _meaning(value, types)
    if isinstance(value, str):
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(value, float) and "integer" in types and value.is_integer():
        value = int(value)  # 2.0 is a whole number in JSON Schema, too
    if isinstance(value, list) and "items" in schema:
        return [_complete(item, schema["items"], kind) for item in value]
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    completed = {}
    for key, known in schema["properties"].items():
        absent = value.get(key) in (None, "null") and "null" not in types_of(known)
        if key in value and not absent:
            completed[key] = _complete(value[key], known, kind)
        elif "default" in known and kind in known.get("x-kinds", [kind]):
            completed[key] = _complete(copy.deepcopy(known["default"]), known, kind)
    return completed | {key: item for key, item in value.items() if key not in schema["properties"]}


def _meaning(text, types):
    """Return what a text stands for where the schema expects ``types``; itself if nothing."""
    if "integer" in types and _INTEGER.fullmatch(text) and len(text) < 1000:  # Python's own bound
        return int(text)  # is 4,300 digits
    if "number" in types and _NUMBER.fullmatch(text):
        return float(text)
    if {"boolean", "null"} & set(types):
        return _WORDS.get(text.lower(), text)
    return text


# ------------------------------------------------------------------------------ checking


def _where(path):
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = str(part)
            text += f"{'.' if text else ''}{name if len(name) <= _NAME else shown(name)}"
    return text or "the config"


def mistakes_in(value, schema, language="YAML"):
    """Return a line for each place where a value violates a schema: key, value, what was expected.

    Of many, the last line says that there are more. ``language`` is the one that the value was
    written in.
    """
    errors = sorted(_Validator(schema).iter_errors(value), key=lambda e: list(map(str, e.path)))
    wrong_types = {tuple(error.path) for error in errors if error.validator == "type"}
    lines = (
        line
        for error in errors
        if error.validator == "type" or tuple(error.path) not in wrong_types
        for line in _explain(error, language)
    )
    lines = dict.fromkeys(itertools.islice(lines, _SHOWN + 1))  # missing keys: each names all
    return [*itertools.islice(lines, _SHOWN), *["..."] * (len(lines) > _SHOWN)]


def _explain(error, language):
    """Yield a line for each mistake that violates the schema."""
    path, schema, value = [*error.absolute_path], error.schema, error.instance
    match error.validator:
        case "additionalProperties":
            known = list(schema["properties"])
            for key in sorted(set(value) - set(known), key=str):
                hint = _nearest(key, known) or f"known keys: {', '.join(known)}"
                yield f"{_where([*path, str(key)])}: unknown key; {hint}"
        case "required":
            for key in (key for key in error.validator_value if key not in value):
                description = schema["properties"][key]["description"]
                yield f"{_where([*path, key])}: missing; {description}"
        case "type":
            expected = " or ".join(TYPE_NAMES[name] for name in types_of(schema))
            as_text = "string" in types_of(schema) and not isinstance(value, (dict, list))
            hint = f", as {language} read it; write it in quotes" if as_text else ""
            yield f"{_where(path)}: expected {expected}, got {shown(value)}{hint}"
        case "enum":
            choices = [str(choice) for choice in error.validator_value]
            hint = _nearest(value, choices)
            yield (
                f"{_where(path)}: {shown(value)} is not one of {', '.join(choices)}"
                f"{'; ' if hint else ''}{hint}"
            )
        case limit:
            expected = _LIMITS[limit].format(error.validator_value)
            yield f"{_where(path)}: expected {expected}, got {shown(value)}"


_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minItems": "at least {} entries",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "pattern": "text of the form {}",
    "uniqueItems": "no value twice",
}


def _nearest(text, known):
    """Return a question that names the known text nearest to ``text``; empty if none is near."""
    near = difflib.get_close_matches(str(text), known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else ""


def _start(value, most=32):
    """Return the start of a value: of a list or a dict the first entries, fewer of inner ones."""
    if isinstance(value, dict):
        return {key: _start(item, most // 2) for key, item in itertools.islice(value.items(), most)}
    return [_start(item, most // 2) for item in value[:most]] if type(value) is list else value


def shown(value):
    """Return a value as YAML in one line, short enough for a message."""
    try:
        is_text = isinstance(value, str)
        text = repr(value) if is_text else yaml.safe_dump(_start(value), default_flow_style=True)
    except yaml.YAMLError:
        text = str(value)
    text = " ".join(text.removesuffix("\n").removesuffix("\n...").split("\n")).strip()
    return text if len(text) <= 60 else text[:57] + "..."


def _check_corpus(corpus, schema):
    """Yield what is wrong with the corpus's keys for its kind."""
    kind, known = corpus["kind"], schema["properties"]["corpus"]["properties"]
    for key in known:
        kinds = known[key].get("x-kinds", [kind])
        if key in corpus and kind not in kinds:
            yield (
                f"corpus.{key}: belongs to kind {' or '.join(kinds)}, but corpus.kind is {kind}; "
                f"remove the key (or set it to null), or change the kind"
            )
    for key in {"path": ["path"], "url": ["url", "sha256"]}.get(kind, []):
        if key not in corpus:
            description = known[key]["description"]
            yield f"corpus.{key}: missing, and kind {kind} needs it; {description}"
    try:
        urlsplit(corpus.get("url", ""))
    except ValueError as error:
        yield f"corpus.url: expected a URL, got {shown(corpus['url'])} ({error})"


def _check_texts(value, path=()):
    """Yield the texts that no file can contain."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _check_texts(item, (*path, key))
    elif isinstance(value, str):
        try:
            is_path = path[:2] in (("corpus", "path"), ("predict", "files"))
            os.fsencode(value) if is_path else value.encode()
        except UnicodeEncodeError:
            yield f"{_where(path)}: {shown(value)} contains half a surrogate pair; write the whole"


def _check_combined(config):
    """Yield what is wrong between keys whose values are each right."""
    corpus, split, grid = config["corpus"], config["split"], config["grid"]
    total = sum(split["fractions"].values())
    if abs(total - 1) > 1e-9:
        shares = ", ".join(f"{name} {share:g}" for name, share in split["fractions"].items())
        yield f"split.fractions: must sum to 1, got {total:g} ({shares})"
    columns = corpus.get("columns", demo.NAMED)
    yield from _check_split(split, columns, "split")
    yield from _check_robustness(config, columns)
    both = set(corpus.get("labels", [])) & set(corpus.get("ignore_labels", []))
    if both:
        yield f"corpus.ignore_labels: {', '.join(sorted(both))} is in corpus.labels as well"
    yield from _check_cells(grid)
    deepest, widths = max(grid["dense_layers"]), config["model"]["dense_units"]
    if deepest > len(widths):
        yield (
            f"model.dense_units: grid.dense_layers asks for {deepest} hidden dense layers, "
            f"but there are only {len(widths)} widths"
        )
    files = config["predict"]["files"]
    if len(files_to_predict(files)) < len(files):
        yield "predict.files: two files have the same name; name them: {NAME: PATH, ...}"
    for name in files_to_predict(files):
        if not isinstance(name, str):
            yield (
                f"predict.files: a name must be text, got {shown(name)}, as YAML read it; write it "
                "in quotes"
            )
        elif not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{,99}", name):
            yield (
                f"predict.files: {shown(name)} is not a valid name (letters, digits and _.-, at "
                "most 100); name the file: {NAME: PATH}"
            )
    size = len(shlex.quote(json.dumps(config, skipkeys=True)))
    if size > _LONGEST:
        yield (
            f"the config is too long for a command line: {size:,} characters as JSON, expected at "
            f"most {_LONGEST:,}; shorten its texts and lists"
        )


def _check_robustness(config, columns):
    """Yield what is wrong with the other splits that are asked for."""
    robustness, share = config["robustness"], config["split"]["train_share"]
    for number, entry in enumerate(robustness["splits"]):
        where = f"robustness.splits[{number}]"
        yield from _check_split(entry, columns, where, "values")
        if entry["method"] == "temporal" and entry["seeds"]:
            yield f"{where}.seeds: temporal has one split, whatever the seed; remove the seeds"
        for value in entry["values"]:
            if value != unicodedata.normalize("NFC", value.strip()):
                yield (
                    f"{where}.values: {shown(value)}: expected no blanks around it, and Unicode's "
                    "form NFC"
                )
    if robustness["reselect"] and config["split"]["method"] not in REPEATABLE:
        yield (
            f"robustness.reselect: needs split.method {' or '.join(REPEATABLE)}, whose splits "
            f"differ by their seeds; it is {config['split']['method']}"
        )
    for size in robustness["training_sizes"]:
        if size >= share < 1:
            yield (
                f"robustness.training_sizes: {size:g} is not less than split.train_share, {share:g}"
            )
    seen = {json.dumps([config["split"], config["seed"]]): "the experiment's own split"}
    for split in other_splits(config).values():
        if not split.reselects:
            key = json.dumps([split.config["split"], split.config["seed"]])
            if key in seen:
                yield f"robustness: the split {split.name} is {seen[key]}; ask for it once"
            seen[key] = f"the split {split.name}"


def _check_split(split, columns, where, value_key="value"):
    """Yield which column or key a split's method lacks; ``where`` is the key that it is under."""
    method = split["method"]
    needed = {"grouped": "user", "temporal": "time", "given": "set"}.get(method)
    if needed and not columns.get(needed):
        yield f"{where}.method: {method} needs corpus.columns.{needed}"
    if method != "held_out":
        needless = [f"{where}.{key}" for key in ("slice", value_key) if split[key]]
        if needless:
            yield f"{listed(needless)}: only for method held_out, and the method is {method}"
    else:
        missing = [f"{where}.{key}" for key in ("slice", value_key) if not split[key]]
        if missing:
            yield f"{where}.method: held_out needs {listed(missing)}"
        elif split["slice"] not in columns["slices"]:
            names = ", ".join(columns["slices"]) or "none"
            yield (
                f"{where}.slice: {shown(split['slice'])} is not one of corpus.columns.slices: "
                f"{names}"
            )


def _check_cells(grid):
    """Yield what is wrong with the cells."""
    both = [cell for cell in grid["baseline_cells"] if cell in grid["cell"]]
    if both:
        yield (
            f"grid.baseline_cells: {listed(both)} is in grid.cell as well; a cell is either "
            "compared or a baseline"
        )
    layers = grid["recurrent_layers"]
    for key, most in (("cell", max(layers)), ("baseline_cells", min(layers))):
        for cell in grid[key]:
            if not CELLS[cell].recurrent and most > 1:
                yield (
                    f"grid.{key}: {cell} is not recurrent and cannot have {most} recurrent layers; "
                    + (
                        "name it in grid.baseline_cells"
                        if min(layers) == 1
                        else "leave it out, or add 1 to grid.recurrent_layers"
                    )
                )


def files_to_predict(files):
    """Return ``predict.files`` as {name: path}; a path without a name gets that of its file."""
    if isinstance(files, dict):
        return files
    return {Path(path.removesuffix(".gz")).stem: path for path in files}


def resolve(config):
    """Return ``config`` completed with the schema's defaults.

    ``config`` is what YAML files and the command line gave, as nested dicts; it is not changed.

    Raises:
        UserError: all mistakes, one per line: key, value, what was expected.
    """
    if not isinstance(config, dict):
        raise UserError("the config must be a mapping of keys")
    try:
        return _resolve(config)
    except RecursionError:
        raise UserError("the config is nested too deeply, or contains itself") from None
    except ValueError as error:  # Python's, of a number that it will not write
        raise UserError(f"the config contains a number with too many digits: {error}") from None


def _check_size(config):
    """Raise UserError if there are too many values, which aliases of YAML can make of few."""
    count, waiting = 0, [config]
    while waiting:
        value = waiting.pop()
        count += 1
        if isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value
        if count + len(waiting) > _MOST:
            raise UserError(
                f"the config has more than {_MOST:,} values, or contains itself, and must fit in a "
                "command line; shorten its lists"
            )


def _resolve(config):
    _check_size(config)
    schema, corpus = load_schema(), config.get("corpus")
    kind = corpus.get("kind") if isinstance(corpus, dict) else None
    completed = _complete(config, schema, kind)
    mistakes = mistakes_in(completed, schema)
    if not mistakes:
        mistakes = [
            *_check_texts(completed),
            *_check_corpus(completed["corpus"], schema),
            *_check_combined(completed),
        ]
    if mistakes:
        raise UserError("\n  ".join(["the config has mistakes:", *mistakes]))
    if completed["report"]["title"] is None:
        cells = listed(completed["grid"]["cell"])
        completed["report"]["title"] = f"{cells} compared on labelled tweets"
    return completed


# ------------------------------------------------------------------------------ reading


class _Loader(yaml.SafeLoader):
    """Reads as text what the schema expects to be text, and refuses a key that appears twice.

    YAML alone would read the labels no, 010 and 1:30 as false, 8 and 90, and use the last of two
    equal keys.
    """

    _depth = 0

    def compose_node(self, parent, index):
        self._depth += 1
        if self._depth > _DEEPEST:  # PyYAML's time grows with the square of the depth
            raise RecursionError
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def get_single_node(self):
        node = super().get_single_node()
        _tag_texts(node, load_schema())
        return node

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value} appears twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def flatten_mapping(self, node):
        super().flatten_mapping(node)  # of <<: *OTHER, which may double with each mapping
        if len(node.value) > _MOST:
            problem = f"merged mappings with more than {_MOST:,} keys"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _tag_texts(node, schema):
    """Tag scalars as text where a part of the schema expects text, and the names of files."""
    if isinstance(node, yaml.ScalarNode) and "string" in types_of(schema):
        node.tag = node.tag if node.tag == f"{_TAG}null" else f"{_TAG}str"
    elif isinstance(node, yaml.SequenceNode) and "items" in schema:
        for item in node.value:
            _tag_texts(item, schema["items"])
    elif isinstance(node, yaml.MappingNode):
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        for key, value in node.value:
            if isinstance(others, dict):  # a mapping whose keys the user chooses
                _tag_texts(key, {"type": "string"})
                _tag_texts(value, others)
            elif isinstance(key, yaml.ScalarNode) and key.value in known:
                _tag_texts(value, known[key.value])


_TAG = "tag:yaml.org,2002:"


def _unique(pairs):
    """Return a JSON object as a dict; ValueError if a key appears twice (_Loader says where)."""
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise ValueError("a key appears twice")
    return mapping


def read(path):
    """Return the config file ``path`` as it is, a dict.

    Raises:
        UserError: the file is missing, is not YAML or is not a mapping of keys.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        try:  # JSON first, as Snakemake does: not all of it is YAML
            config = json.loads(text, object_pairs_hook=_unique)
        except ValueError:
            config = yaml.load(text, _Loader)  # noqa: S506 (it is a SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: the config cannot be read ({error})") from None
    except RecursionError:
        raise UserError(f"{path}: nested too deeply for a config") from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError) as error:
        # PyYAML lets errors of Python through: of a date without such a day, a number of thousands
        # of digits, !!bool where no bool is.
        raise UserError(f"{path}: not YAML: {error}") from None
    if not isinstance(config, dict):
        raise UserError(f"{path}: expected a mapping of keys, such as name: demo")
    return config
