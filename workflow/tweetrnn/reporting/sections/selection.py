"""What choosing the best adds to a cell's figure: luck with tweets and seeds, number of trials."""

from itertools import groupby

from tweetrnn.evaluation.comparison import to_json
from tweetrnn.names import RANKINGS
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.figures.optimism import retrained_on_validation
from tweetrnn.wording import listed

TRIED = [2**power for power in range(20)]  # numbers of combinations, in the table of the budget


def blocks(experiment):
    """Return the blocks on the optimism of the selection, and on the tuning budget."""
    comparison = experiment.comparison
    several = experiment.config["training"]["replicates"] > 1
    return [
        doc.Paragraph(corrected(comparison), "finding"),
        doc.Paragraph(how_optimism_is_estimated(comparison, several), "method"),
        optimism_table(comparison),
        doc.Paragraph(budget_in_words(comparison), "finding"),
        doc.Paragraph(what_the_budget_is(comparison, several), "method"),
        budget_table(comparison),
    ]


def flattered(comparison):
    """Return by how many points selection flatters each cell's best run.

    That is the best run's validation accuracy minus the corrected one; minus that of the selected
    combination trained again where no resample allows a correction.
    """
    each = []
    for cell, optimism in comparison.selection_optimism.items():
        amount = optimism.optimism
        if amount is None:
            amount = optimism.apparent - retrained_on_validation(comparison, cell).mean
        each.append(f"{doc.points(amount)} points for {cell}")
    return (
        "Choosing the best run on the validation set flatters its validation accuracy by "
        f"{listed(each)}."
    )


def corrected(comparison):
    """Return what is left of each cell's best validation accuracy, corrected and retrained."""
    each = []
    for cell, optimism in comparison.selection_optimism.items():
        again = retrained_on_validation(comparison, cell).mean
        left = [f"{doc.share(again)} trained again"]
        if optimism.corrected is not None:
            left.insert(0, f"{doc.share(optimism.corrected)} after correction")
        each.append(f"{cell} {doc.share(optimism.apparent)}, but {' and '.join(left)}")
    return f"Validation accuracy of the best run: {'; '.join(each)}."


def how_optimism_is_estimated(comparison, several):
    """Return how the optimism is estimated, and what the bootstrap leaves out.

    ``several`` is whether each combination has several replicates.
    """
    count = len(comparison.replicates)
    seeds = "another seed" if count == 1 else f"{count} other seeds"
    text = (
        "The best of many validation scores is partly luck, with the tweets and with the seed. In "
        "bootstrap resamples of the validation tweets the best run is selected on the drawn tweets "
        "and judged on those not drawn (Tsamardinos and others, 2018): “corrected” in the table. "
        "This leaves out luck with the seed, because the runs are the same in all resamples. So "
        "the table also has the selected combination, retrained with "
        f"{seeds} and measured on the same validation tweets, which chose only the epoch of these "
        "replicates."
    )
    if several or comparison.select_by != "best_accuracy":
        text += (
            f" The combination was selected by its {RANKINGS[comparison.select_by]}"
            f"{', averaged over replicates' if several else ''}; the best run may be of another."
        )
    return text


def optimism_table(comparison):
    """Return how much the selection flatters each cell."""
    rows = []
    for cell, optimism in comparison.selection_optimism.items():
        often = optimism.selected_most_often[0]
        again = retrained_on_validation(comparison, cell)
        rows.append(
            {
                "cell": cell,
                **to_json(optimism),
                "retrained": again.mean,
                "retrained_range": [again.min, again.max],
                "retrained_optimism": optimism.apparent - again.mean,
                "most": doc.described(often.combination),
                "times": often.share,
            }
        )
    columns = [
        *doc.columns(cell="cell"),
        *doc.columns(doc.whole, runs="runs to choose from"),
        *doc.columns(doc.share, apparent="apparent", corrected="corrected"),
        *doc.columns(doc.between, interval="95 % interval"),
        *doc.columns(doc.share, retrained="retrained, mean"),
        *doc.columns(doc.between, retrained_range="range"),
        *doc.columns(
            doc.signed,
            optimism=f"apparent {doc.MINUS} corrected, points",
            retrained_optimism=f"apparent {doc.MINUS} retrained, points",
        ),
        *doc.columns(most="selected most often"),
        *doc.columns(doc.percent, times="in"),
    ]
    title = (
        "The best run's validation accuracy: as it appears, corrected for the choice on these "
        "tweets, and of the selected combination retrained"
    )
    return doc.Table("optimism", title, columns, rows)


def budget_in_words(comparison):
    """Return which cell is expected to be ahead with how many combinations; or what they gain."""
    budgets, by = comparison.tuning_budget, RANKINGS[comparison.select_by]
    if len(budgets) > 1:
        ahead = leaders(budgets)
        if len(ahead) == 1:
            [(cell, span)] = ahead
            return f"Whatever the number of combinations tried ({span}), {cell} comes out ahead."
        spans = [f"{cell} with {span}" for cell, span in ahead]
        return f"Expected to be ahead, by number of combinations tried: {listed(spans)}."
    ((cell, budget),) = budgets.items()
    first, last = budget.expected_best[0], budget.expected_best[-1]
    return (
        f"For {cell} the expected {by} rises from {doc.share(first)} with one combination tried "
        f"at random to {doc.share(last)} with {len(budget.expected_best)}."
    )


def what_the_budget_is(comparison, several):
    """Return what the tuning budget is; ``several`` as for the optimism."""
    each = "the mean of its replicates" if several else "one run"
    return (
        "The more combinations are tried, the better the best one looks. The table has the "
        f"{RANKINGS[comparison.select_by]} that the best of that many combinations is expected to "
        "have when they are drawn at random, with replacement, from those trained (Dodge and "
        f"others, 2019); each combination counts with {each}."
    )


def leaders(budgets):
    """Return [(cell, numbers of combinations)]: which cell's expectation is highest for which.

    ``budgets`` is {cell: TuningBudget}. The first of equals counts as the highest.
    """
    most = min(len(budget.expected_best) for budget in budgets.values())
    highest = [max(budgets, key=lambda cell: budgets[cell].expected_best[n]) for n in range(most)]
    spans, tried = [], 1
    for cell, same in groupby(highest):
        last = tried + len(list(same)) - 1
        spans.append((cell, f"{tried}" if tried == last else f"{tried} to {last}"))
        tried = last + 1
    return spans


def budget_table(comparison):
    """Return each cell's expected best, by number of combinations."""
    budgets = comparison.tuning_budget
    most = max(len(budget.expected_best) for budget in budgets.values())
    numbers = [*(number for number in TRIED if number < most), most]
    rows = [
        {
            "cell": cell,
            "combinations": len(budget.expected_best),
            **{
                f"best_of_{number}": budget.expected_best[number - 1]
                for number in numbers
                if number <= len(budget.expected_best)
            },
        }
        for cell, budget in budgets.items()
    ]
    columns = [
        *doc.columns(cell="cell"),
        *doc.columns(doc.whole, combinations="combinations"),
        *doc.columns(doc.share, **{f"best_of_{n}": f"best of {n}" for n in numbers}),
    ]
    by = RANKINGS[comparison.select_by]
    title = f"Expected {by} of the best of n combinations"
    return doc.Table("tuning_budget", title, columns, rows)
