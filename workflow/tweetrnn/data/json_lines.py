"""The objects of a JSON Lines file, and what to do with JSON of another layout."""

import json
import math
import shlex

from tweetrnn.data.values import RepeatedKey, with_names
from tweetrnn.errors import UserError


def json_rows(lines, name, names):
    """Yield (line, fault, object) of each line of JSON Lines that is not blank.

    Numbers that no Python number is equal to, and infinities, stay text; NaN is null.

    Args:
        lines: yields the text's lines.
        name: of the file, for messages.
        names: those that objects may have in another form, as of ``with_names``.

    Raises:
        UserError: the text is JSON of another layout.
    """
    exotic = not all(map(str.isascii, names))  # then an object may have a name in two forms
    for line, text in enumerate(lines, 1):
        if text.isspace():
            continue
        fault, value = "not a JSON object", None
        try:
            value = _DECODER.decode(text)
            if isinstance(value, dict) and (exotic or not all(name in value for name in names)):
                value = with_names(value, names)
        except RepeatedKey:
            fault, value = "a key occurs twice", None
        except (ValueError, RecursionError) as error:
            if line == 1:
                _refuse_open_object(name, text, error)
        if line == 1:
            _refuse_other_layout(name, text, value, names)
        if isinstance(value, dict):
            yield line, None, value
        else:
            yield line, fault, None


def _without_repeats(pairs):
    row = dict(pairs)
    if len(row) < len(pairs):
        raise RepeatedKey
    return row


def _integer(text):
    return int(text) if len(text) < 1000 else text  # Python's own bound is 4,300 digits


def _number(text):
    number = float(text)
    return number if math.isfinite(number) else text


_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_repeats,
    parse_int=_integer,
    parse_float=_number,
    parse_constant=lambda name: None if name == "NaN" else name,
)


def _refuse_open_object(name, text, error):
    """Refuse a first line that begins an object and does not end it."""
    at = getattr(error, "pos", 0)
    if text.lstrip().startswith("{") and at >= len(text.rstrip()):
        raise _other_layout(name, "an object of several lines", "jq -c . puts each on one line")


_BY_PANDAS = (
    "pandas.DataFrame(json.load(open(PATH))).to_json(NEW, orient='records', lines=True) converts it"
)


def _refuse_other_layout(name, text, value, names):
    """Refuse a first line that is a list, or an object of lists or of columns."""
    if text.lstrip().startswith("["):
        of_lists = isinstance(value, list) and value and not isinstance(value[0], dict)
        how = "" if of_lists else "jq -c '.[]' converts it"
        raise _other_layout(name, "a JSON list", how)
    if not isinstance(value, dict) or any(isinstance(value.get(each), str) for each in names):
        return
    inside = [each for each in value.values() if each and isinstance(each, dict | list)]
    if len(inside) == len(value) and _is_table(value):
        if any(each in inside[0] for each in names):
            raise _other_layout(name, "an object of rows", "jq -c '.[]' converts it")
        raise _other_layout(name, "an object of columns, as pandas writes by default", _BY_PANDAS)
    lists = {key: each[0] for key, each in value.items() if isinstance(each, list) and each}
    rows = [key for key, first in lists.items() if isinstance(first, dict)]
    fitting = [key for key in rows if any(each in lists[key] for each in names)]
    if fitting or (lists and len(inside) == len(value)):
        jq = [shlex.quote(f".[{json.dumps(key)}][]") for key in [*fitting, *rows][:1]]
        how = "".join(f"jq -c {each} converts it" for each in jq)
        if any(each in lists for each in names):
            how = _BY_PANDAS
        raise _other_layout(name, "an object of lists", how)


def _is_table(value):
    """Return whether an object is one of objects with the same keys; a single one is numbered."""
    if not all(isinstance(each, dict) for each in value.values()):
        return False
    first, *others = value.values()
    return all(each.keys() == first.keys() for each in others) and (
        bool(others) or "0" in (*value, *first)
    )


def _other_layout(name, what, how):
    pandas = "pandas writes such files with to_json(PATH, orient='records', lines=True)"
    return UserError(
        f"{name}: starts with {what}; expected JSON Lines, one object a line "
        f"({how}{', and ' if how else ''}{pandas})"
    )
