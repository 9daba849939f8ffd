"""What a predictions file says: part, row, label, p0, p1, ... as arrays of each part."""

import numpy as np


def by_part(table, parts):
    """Return {part: (probabilities (N, classes), labels (N,))} of a predictions file's Table.

    A part that the table does not have is empty; so is the second axis where it has no p0, p1, ...
    """
    classes = sum(name[0] == "p" and name[1:].isdigit() for name in table.column_names)
    columns = [table[f"p{k}"].to_numpy() for k in range(classes)]
    probabilities = np.column_stack(columns) if columns else np.empty((len(table), 0))
    labels = table["label"].to_numpy()
    part_of = table["part"].to_numpy(zero_copy_only=False)
    return {part: (probabilities[part_of == part], labels[part_of == part]) for part in parts}
