"""Who won, by how much, and against what."""

from tweetrnn.grid import full_size, is_sample, size
from tweetrnn.reporting.document import Column, Paragraph, Section, Table, between, share, whole
from tweetrnn.reporting.sections.common import described, figure
from tweetrnn.reporting.verdict import NAMES, verdict


def section(e):
    """Return the Section of an Experiment."""
    kind = e.tokenized["kind"]
    blocks = [Paragraph(text, role) for text, role in verdict(e.comparison, e.baselines, kind)]
    grid = e.config["grid"]
    if is_sample(grid):
        blocks.append(
            Paragraph(
                f"This is a sample: {whole(size(grid))} of the grid's {whole(full_size(grid))} "
                f"combinations, drawn at random by the seed {e.config['seed']} and the same for "
                "each cell. A better combination may be among those that were not trained.",
                "note",
            )
        )
    unfinished = [row for row in e.runs if row["status"] != "finished"]
    if unfinished:
        each = [f"{row['cell']} {row['combination']} ({row['status']})" for row in unfinished[:8]]
        more = f" and {len(unfinished) - 8} more" if len(unfinished) > 8 else ""
        blocks.insert(
            0,
            Paragraph(
                f"{len(unfinished)} of {len(e.runs)} runs have no result: "
                f"{', '.join(each)}{more}. Nothing on this page speaks of them.",
                "warning",
            ),
        )
    if e.comparison:
        blocks += [figure(e, "primary"), selected_table(e)]
    return Section("headline", "Which cell reads sentiment better", blocks)


def selected_table(e):
    """Return the table of the selected models and the baselines on the judged part."""
    part, found = e.comparison["part"], e.comparison["primary"]["accuracies"]
    rows = []
    for name, own in found.items():
        if name in e.comparison["selected"]:
            spread = own["spread"][part]
            rows.append(
                {
                    "model": name,
                    "combination": described(own["combination"]),
                    "replicates": len(own["replicates"]),
                    "accuracy": own["accuracy"],
                    "interval": own["interval"],
                    "macro_f1": spread["macro_f1"]["mean"],
                    "binary_accuracy": spread["binary_accuracy"]["mean"],
                }
            )
        else:
            scores = own["scores"][part]
            label = NAMES[name]
            rows.append({"model": label, "interval": own["interval"], **scores})
    return Table(
        "selected",
        f"The selected models and the baselines on the {part} part",
        [
            Column("model", "model"),
            Column("combination", "combination"),
            Column("replicates", "replicates", whole),
            Column("accuracy", f"{part} accuracy", share),
            Column("interval", "95 % interval", between),
            Column("macro_f1", "macro-F1", share),
            Column("binary_accuracy", "binary accuracy", share),
        ],
        rows,
    )
