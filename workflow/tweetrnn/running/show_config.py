"""The command ``config``: check a config file and show it completed, or list all keys."""

import re
from pathlib import Path

from tweetrnn.config import SCHEMA_PATH, TYPE_NAMES, load_schema, read, resolve, shown, types_of
from tweetrnn.errors import UserError
from tweetrnn.files import write_text
from tweetrnn.yaml_text import as_yaml

BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
TABLE_HEAD = ["| key | value | default | meaning |", "|---|---|---|---|"]


def key_table():
    """Return a Markdown table of all keys, made from the schema."""

    def rows(schema, prefix, kinds):
        for key, known in schema["properties"].items():
            dotted, kinds_here = f"{prefix}{key}", known.get("x-kinds", kinds)
            if "properties" in known:
                yield from rows(known, f"{dotted}.", kinds_here)
                continue
            kind = f" Only for corpus.kind {' or '.join(kinds_here)}." if kinds_here else ""
            default = f"`{shown(known['default'])}`" if "default" in known else "required"
            yield f"| `{dotted}` | {_allowed(known)} | {default} | {known['description']}{kind} |"

    return "\n".join([*TABLE_HEAD, *rows(load_schema(), "", None)]) + "\n"


def _allowed(known):
    """Return in words which values a key accepts."""
    if "enum" in known:
        return ", ".join(f"`{choice}`" for choice in known["enum"])
    text = " or ".join(TYPE_NAMES[name] for name in types_of(known))
    if "items" in known:
        return f"{text} of: {_allowed(known['items'])}"
    limits = [f"{sign} {known[bound]}" for bound, sign in BOUNDS.items() if bound in known]
    return f"{text}, {', '.join(limits)}" if limits else text


def write_table(path):
    """Replace the table of keys in a Markdown file by the schema's.

    Raises:
        UserError: there is no such file, or no table of keys in it.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    before, head, rest = text.partition("\n".join(TABLE_HEAD) + "\n")
    if not head:
        raise UserError(
            f"{path}: no table that begins with {TABLE_HEAD[0]}; expected one to update"
        )
    after = re.sub(r"\A(\|.*\n?)*", "", rest)
    write_text(path, f"{before}{key_table()}{after}")


def add_arguments(parser):
    """Add the ``config`` command's options."""
    parser.add_argument("file", nargs="?", help="a config file to check and show completed")
    parser.add_argument(
        "--write-table",
        metavar="FILE",
        help="update the table of keys in this Markdown file, such as config/README.md",
    )
    parser.add_argument(
        "--schema", action="store_true", help="print the path of the schema, for an editor"
    )


def main(options):
    """Show a config file completed with its defaults, the table of keys or the schema's path."""
    if options.write_table:
        write_table(options.write_table)
    elif options.schema:
        print(SCHEMA_PATH)
    elif options.file is None:
        print(key_table(), end="")
    else:
        config = resolve(read(options.file))
        print(as_yaml(config), end="")
