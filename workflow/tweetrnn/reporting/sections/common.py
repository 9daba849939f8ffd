"""What several sections use."""

from tweetrnn.grid import Combination
from tweetrnn.reporting.document import Paragraph


def described(name):
    """Return a combination's name in words."""
    c = Combination.parse(name)
    parts = [
        f"{c.recurrent_layers} recurrent layer" + "s" * (c.recurrent_layers > 1),
        f"{c.dense_layers} hidden dense layer" + "s" * (c.dense_layers > 1),
        "dropout" if c.dropout else "no dropout",
        "L2" if c.regularization else "no L2",
        f"learning rate {name.rpartition('-lr')[2]}",
    ]
    return ", ".join(parts)


def not_yet():
    """Return what a section that needs the comparison says without one."""
    return Paragraph("Shown when all trainings that it needs are done.", "note")
