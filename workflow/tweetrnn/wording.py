"""How text and lists of names are written in sentences and messages."""


def shown(text):
    """Return ``text`` quoted and short enough for a message."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


def quoted(names):
    """Return the first 20 names for a message, quoted and separated by commas."""
    text = ", ".join(shown(str(name)) for name in names[:20])
    return f"{text} and {len(names) - 20} more" if len(names) > 20 else text


def listed(names):
    """Return names as ``a``, ``a and b`` or ``a, b and c``."""
    *head, last = names
    return f"{', '.join(head)} and {last}" if head else last
