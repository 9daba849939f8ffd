"""The configuration: checked against the schema, completed with its defaults."""

import copy
import difflib
import functools
import math
import re
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from tweetrnn.errors import UserError
from tweetrnn.training.cells import CELLS
from tweetrnn.wording import listed

SCHEMA_PATH = Path(__file__).resolve().parent / "config.schema.yaml"

# Text that means something else where text is not expected: YAML 1.1 takes 1e-3 (no dot) for text,
# and Snakemake takes everything inside --config key='{...}' for text.
_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WORDS = {"true": True, "false": False, "null": None}
_TYPE_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping of keys",
    "null": "null",
}


def _is_number(checker, value):
    """Neither true nor false, nor YAML's .nan and .inf, which would pass every comparison."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _pattern(validator, pattern, value, schema):
    """As JSON Schema has it: ``$`` is the very end, not also before a last line end."""
    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield ValidationError("pattern")


_Validator = extend(
    Draft202012Validator,
    {"pattern": _pattern},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {
            "number": _is_number,
            "integer": lambda checker, value: isinstance(value, int) and type(value) is not bool,
        }
    ),
)


@functools.cache
def load_schema():
    """Return the schema as a dict, read once; callers must not change it.

    The file leaves out what ``grid.cell`` accepts: the names of the cells in ``training.cells``.
    """
    schema = yaml.safe_load(SCHEMA_PATH.read_text(encoding="utf-8"))
    schema["properties"]["grid"]["properties"]["cell"]["items"] = {"enum": list(CELLS)}
    return schema


def _types(schema):
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def _meant(text, types):
    """Return what a text means where the schema wants one of ``types``; the text if nothing."""
    if "integer" in types and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text):
        return float(text)
    if {"boolean", "null"} & set(types):
        return _WORDS.get(text.lower(), text)
    return text


def _complete(value, schema, kind=None):
    """Fill in defaults, drop keys set to null where it is no value, read texts as numbers."""
    types = _types(schema)
    if isinstance(value, str) and types and "string" not in types:
        value = _meant(value, types)
    if isinstance(value, float) and "integer" in types and value.is_integer():
        value = int(value)  # 2.0, which is one in JSON Schema, too
    if isinstance(value, list) and "items" in schema:
        return [_complete(item, schema["items"]) for item in value]
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    completed = {}
    for key, item in value.items():
        known = schema["properties"].get(key)
        if known is None:  # to be told
            completed[key] = item
            continue
        if item in (None, "null") and "null" not in _types(known):
            continue
        completed[key] = _complete(item, known, kind)
    for key, known in schema["properties"].items():
        if key not in completed and "default" in known and kind in known.get("x-kinds", [kind]):
            completed[key] = _complete(copy.deepcopy(known["default"]), known, kind)
    if "properties" in schema and kind is None:  # the schema's own order, whoever wrote the file
        completed = {k: completed[k] for k in [*schema["properties"], *completed] if k in completed}
    return completed


def _where(path):
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text or "the config"


def _explain(error):
    """One line for a schema violation: key, what it is, what was expected."""
    where = _where(error.absolute_path)
    schema, value = error.schema, error.instance
    if error.validator == "additionalProperties":
        known = list(schema["properties"])
        lines = []
        for key in sorted(set(value) - set(known), key=str):
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}"
            lines.append(f"{_where([*error.absolute_path, str(key)])}: unknown key; {hint}")
        return "\n".join(lines)
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in value]
        return "\n".join(
            f"{_where([*error.absolute_path, key])}: missing; "
            f"{schema['properties'][key]['description']}"
            for key in missing
        )
    if error.validator == "type":
        expected = " or ".join(_TYPE_NAMES[name] for name in _types(schema))
        return f"{where}: expected {expected}, got {_shown(value)}"
    if error.validator == "enum":
        choices = [str(choice) for choice in error.validator_value]
        near = difflib.get_close_matches(str(value), choices, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"{where}: {_shown(value)} is not one of {', '.join(choices)}{hint}"
    expected = {
        "minimum": "at least {}",
        "maximum": "at most {}",
        "exclusiveMinimum": "more than {}",
        "exclusiveMaximum": "less than {}",
        "minItems": "at least {} entries",
        "minLength": "at least {} characters",
        "maxLength": "at most {} characters",
        "pattern": "text of the form {}",
        "uniqueItems": "no value twice",
    }[error.validator].format(error.validator_value)
    return f"{where}: expected {expected}, got {_shown(value)}"


def _shown(value):
    text = repr(value) if isinstance(value, str) else yaml.safe_dump(value, default_flow_style=True)
    text = text.removesuffix("\n").removesuffix("\n...").strip()
    return text if len(text) <= 60 else text[:57] + "..."


def _check_kind(corpus, schema):
    """Yield what is wrong with the corpus's keys for its kind."""
    kind = corpus["kind"]
    for key, known in schema["properties"]["corpus"]["properties"].items():
        kinds = known.get("x-kinds", [kind])
        if key in corpus and kind not in kinds:
            yield (
                f"corpus.{key}: belongs to kind {' or '.join(kinds)}, but corpus.kind is {kind}; "
                f"remove the key (or set it to null), or change the kind"
            )
    for key in {"path": ["path"], "url": ["url", "sha256"]}.get(kind, []):
        if key not in corpus:
            described = schema["properties"]["corpus"]["properties"][key]["description"]
            yield f"corpus.{key}: missing, and kind {kind} needs it; {described}"


def _check_across(config):
    """Yield what is wrong between keys that are each right by themselves."""
    corpus, split, grid = config["corpus"], config["split"], config["grid"]
    total = sum(split["fractions"].values())
    if abs(total - 1) > 1e-9:
        shares = ", ".join(f"{part} {share:g}" for part, share in split["fractions"].items())
        yield f"split.fractions: must sum to 1, got {total:g} ({shares})"
    both = set(corpus.get("labels", [])) & set(corpus.get("ignore_labels", []))
    if both:
        yield f"corpus.ignore_labels: {', '.join(sorted(both))} stands in corpus.labels as well"
    deepest, widths = max(grid["dense_layers"]), config["model"]["dense_units"]
    if deepest > len(widths):
        yield (
            f"model.dense_units: grid.dense_layers asks for {deepest} hidden dense layers, "
            f"but only {len(widths)} widths are given"
        )
    files = config["predict"]["files"]
    if len(files_to_predict(files)) < len(files):
        yield "predict.files: two files have the same name; name them: {NAME: PATH, ...}"
    for name in files_to_predict(files):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
            yield f"predict.files: {name!r} is not a valid name; name the file: {{NAME: PATH}}"


def files_to_predict(files):
    """Return ``predict.files`` as {name: path}; a path without a name has its file's own."""
    return files if isinstance(files, dict) else {Path(path).stem: path for path in files}


def resolve(config):
    """Return ``config`` completed with the schema's defaults.

    ``config`` is what YAML files and the command line gave, as nested dicts; it stays as it is.

    Raises:
        UserError: every fault found, one per line: key, value, what was expected.
    """
    schema = load_schema()
    if not isinstance(config, dict):
        raise UserError("the config must be a mapping of keys")
    given = config.get("corpus")
    kind = given.get("kind") if isinstance(given, dict) else None
    completed = _complete(config, schema)
    if isinstance(completed.get("corpus"), dict):
        completed["corpus"] = _complete(given, schema["properties"]["corpus"], kind)
    errors = sorted(_Validator(schema).iter_errors(completed), key=lambda e: list(map(str, e.path)))
    of_type = {tuple(error.path) for error in errors if error.validator == "type"}
    faults = [
        _explain(error)
        for error in errors
        if error.validator == "type" or tuple(error.path) not in of_type  # 2.5 is also too small
    ]
    if not faults:
        faults = [*_check_kind(completed["corpus"], schema), *_check_across(completed)]
    if faults:
        raise UserError("the config has mistakes:\n  " + "\n".join(faults).replace("\n", "\n  "))
    if completed["report"]["title"] is None:
        cells = listed(completed["grid"]["cell"])
        completed["report"]["title"] = f"{cells} on the sentiment of travelers' tweets"
    return completed


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping; YAML's own loader takes the last."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value} stands twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read(path):
    """Return the mapping of keys in the config file ``path``, as it is.

    Raises:
        UserError: the file is absent, is not YAML or holds no mapping.
    """
    try:
        with Path(path).open(encoding="utf-8") as stream:
            config = yaml.load(stream, _Loader)  # noqa: S506 (it is a SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: the config cannot be read ({error})") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {error}") from None
    if not isinstance(config, dict):
        raise UserError(f"{path}: expected a mapping of keys, such as name: demo")
    return config


def key_table():
    """Return a Markdown table of every key, made from the schema."""

    def rows(schema, prefix, kinds):
        for key, known in schema["properties"].items():
            dotted, kinds_here = f"{prefix}{key}", known.get("x-kinds", kinds)
            if "properties" in known:
                yield from rows(known, f"{dotted}.", kinds_here)
                continue
            kind = f" Only for corpus.kind {' or '.join(kinds_here)}." if kinds_here else ""
            default = f"`{_shown(known['default'])}`" if "default" in known else "required"
            yield f"| `{dotted}` | {_allowed(known)} | {default} | {known['description']}{kind} |"

    head = ["| key | value | default | meaning |", "|---|---|---|---|"]
    return "\n".join([*head, *rows(load_schema(), "", None)]) + "\n"


def _allowed(known):
    """What a key may hold, in words."""
    if "enum" in known:
        return ", ".join(f"`{choice}`" for choice in known["enum"])
    text = " or ".join(_TYPE_NAMES[name] for name in _types(known))
    if "items" in known:
        return f"{text} of: {_allowed(known['items'])}"
    bounds = {
        "minimum": "≥ {}",
        "exclusiveMinimum": "> {}",
        "maximum": "≤ {}",
        "exclusiveMaximum": "< {}",
    }
    limits = [sign.format(known[bound]) for bound, sign in bounds.items() if bound in known]
    return f"{text}, {', '.join(limits)}" if limits else text


def add_arguments(parser):
    """Add the ``config`` command's options."""
    parser.add_argument("file", nargs="?", help="a config file to check and show completed")


def main(options):
    """Show a config file completed with its defaults, or without one the table of keys."""
    if options.file is None:
        print(key_table(), end="")
        return
    given = read(options.file)
    print(yaml.safe_dump(resolve(given), sort_keys=False, allow_unicode=True), end="")
