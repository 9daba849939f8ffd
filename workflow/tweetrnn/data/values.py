"""What a value in a file is as text, and the columns that a name stands for."""

import unicodedata


def normalized(text):
    """Return a text in Unicode's form NFC, in which equal characters have equal codes."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def as_text(value):
    """Return an id or a label as text, None if missing, False if it cannot be text (a list)."""
    if value is None or value != value:  # NaN means that it is missing
        return None
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return False if isinstance(value, dict | list | tuple | bytes) else str(value)


def as_json(value):
    """Return for ``json.dumps`` a value of a type that JSON does not have."""
    return value.hex() if isinstance(value, bytes) else str(value)


def encodable(text):
    """Return ``text`` with lone surrogates, which UTF-8 cannot encode, replaced by U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class RepeatedKey(ValueError):
    """A row has a name twice, so it does not say which value counts."""


def spelled(found, names):
    """Return the names ``found`` in a file, spelled as those of ``names`` that equal them in NFC.

    Two of them are equal if the file has a name in two forms.
    """
    wanted = {normalized(name): name for name in names}
    return [wanted.get(normalized(name), name) for name in found]


def with_names(row, names):
    """Return a row, a dict, in which those of ``names`` that it has are keys.

    It may have them in another Unicode form, or nested: ``user.name`` is ``name`` in ``user``.

    Raises:
        RepeatedKey: two of its keys are the same name in two forms.
    """
    renamed = dict(zip(spelled(row, names), row.values(), strict=True))
    if len(renamed) < len(row):
        raise RepeatedKey
    for name in names:
        if name not in renamed and "." in name:
            value = renamed
            for part in name.split("."):
                value = with_names(value, [part]) if isinstance(value, dict) else {}
                if part not in value:
                    break
                value = value[part]
            else:
                renamed[name] = value
    return renamed


def paths(row):
    """Yield the names of a row's values, those in an object as in ``user.name``."""
    for name, value in row.items():
        if isinstance(value, dict):
            yield from (f"{name}.{key}" for key in value)
        else:
            yield name
