"""How texts and lists of them stand in sentences and messages."""


def shown(text):
    """Return ``text`` quoted and short enough for a message."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


def quoted(names):
    """Return names for a message: quoted, parted by commas, the first 20 of them."""
    text = ", ".join(shown(str(name)) for name in names[:20])
    return f"{text} and {len(names) - 20} more" if len(names) > 20 else text


def listed(names):
    """Return names as ``a``, ``a and b`` or ``a, b and c``."""
    *head, last = names
    return f"{', '.join(head)} and {last}" if head else last
