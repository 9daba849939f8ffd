"""How a tweet's text is displayed: as readers saw it, without the handles of people."""

import html
import re
from contextlib import suppress

MASK = "@…"
_HANDLE = re.compile(r"[@\uff20]\w+")


def masked(text, shown):
    """Return a tweet's text without the handles of people; ``shown`` are those that may stay."""
    kept = {handle.casefold() for handle in shown}
    return _HANDLE.sub(lambda match: match[0] if match[0].casefold() in kept else MASK, text)


def displayed(text, shown):
    """Return a tweet's text for the report: HTML entities as characters, and handles masked."""
    with suppress(ValueError):  # an entity with thousands of digits, which int() refuses
        text = html.unescape(text)
    return masked(text, shown)
