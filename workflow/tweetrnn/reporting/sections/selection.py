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
        doc.Paragraph(optimism_in_words(comparison, several)),
        optimism_table(comparison),
        doc.Paragraph(budget_in_words(comparison, several)),
        budget_table(comparison),
    ]


def optimism_in_words(comparison, several):
    """Return how the optimism is estimated, and what the bootstrap leaves out.

    ``several`` is whether each combination has several replicates.
    """
    count = len(comparison.replicates)
    seeds = "another seed" if count == 1 else f"{count} other seeds"
    text = (
        "Whoever picks the best of many runs on the validation set picks luck as well, with the "
        "tweets and with the seed. In bootstrap resamples of the validation tweets the best run is "
        "selected on the drawn tweets and judged on those not drawn (Tsamardinos and others, "
        "2018): “corrected” in the table. This leaves out the luck of the seed, because the runs "
        "stay the same in all resamples. So the table also has the selected combination, retrained "
        f"with {seeds} and measured on the same validation tweets; of these replicates only the "
        "epoch was chosen there."
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


def budget_in_words(comparison, several):
    """Return what the tuning budget is, and which cell is ahead with how many combinations."""
    by = RANKINGS[comparison.select_by]
    each = "the mean of its replicates" if several else "one run"
    text = (
        f"The more combinations are tried, the better the best one looks. The table has the {by} "
        "that the best of so many combinations, drawn at random and with replacement from those "
        "that were trained, is expected to have (Dodge and others, 2019); each combination counts "
        f"with {each}."
    )
    spans = [f"{cell} for {span}" for cell, span in leaders(comparison.tuning_budget)]
    if len(comparison.tuning_budget) > 1:
        text += f" The highest expectation is that of {listed(spans)}."
    return text


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
    title = f"Expected {by} of the best of so many combinations"
    return doc.Table("tuning_budget", title, columns, rows)
