"""The model card of an exported run: what it is, what it was trained on, how good, for what.

The sections are those of Mitchell et al., "Model cards for model reporting", FAT* 2019, as far as
an experiment can tell them. Facts alone go in: no tweet, and nothing of the machine.
"""

from tweetrnn import metrics
from tweetrnn.evaluation.stored_predictions import by_part
from tweetrnn.files import check_digest, read_json, read_parquet
from tweetrnn.reporting.document import (
    between,
    escape_markdown,
    markdown_table,
    percent,
    share,
    whole,
)
from tweetrnn.wording import listed

SPLITS = {
    "stratified": "at random with equal class shares, duplicates kept together",
    "random": "at random, duplicates kept together",
    "ordered": "in the order of the file",
}
BASELINES = {
    "majority": "the most frequent class, always",
    "logistic_regression": "logistic regression on TF-IDF weights",
}
INVENTED = "demo"  # the corpus's kind


def model_card(results, run, settings):
    """Return the Markdown text of a run's card.

    Args:
        results: the experiment's Results.
        run: the run's RunResults.
        settings: the predictor's.

    Raises:
        UserError: a file of the results is absent or damaged.
    """
    tokenized, split = read_json(results.token_facts), read_json(results.split_facts)
    parameters = read_json(run.parameters)
    own = predictions(run, parameters)
    sections = [
        heading(parameters, settings, tokenized),
        use(settings),
        network(run, parameters, settings),
        data(tokenized, split),
        protocol(parameters, split, settings),
        figures(results, parameters, own, settings["labels"]),
        intended(tokenized),
        limits(settings, split, tokenized),
        contents(),
        made_with(run),
    ]
    return "\n\n".join(sections) + "\n"


def predictions(run, parameters):
    """Return {part: (probabilities (N, classes), labels (N,))} of a run's own predictions."""
    path = run.predictions
    check_digest(path, parameters["sha256"]["predictions"])
    found = by_part(read_parquet(path), ["validation", "test"])
    return {part: own for part, own in found.items() if len(own[1])}


def heading(parameters, settings, tokenized):
    """What it is, in two sentences."""
    warning = (
        "\n\n**It was trained on invented tweets and says nothing about real ones.**"
        if tokenized["kind"] == INVENTED
        else ""
    )
    return (
        f"# {parameters['cell']} for the sentiment of tweets\n\n"
        f"A recurrent network ({parameters['cell']}, `{parameters['combination']}`, replicate "
        f"{parameters['replicate']}) that reads a tweet word by word and gives probabilities for "
        f"{listed(map(escape_markdown, settings['labels']))}.{warning}"
    )


def use(settings):
    """The commands."""
    column = settings["text_column"]
    return f"""## How to use it

In a checkout of the project with its environment (its README says how), FOLDER being this folder:

```sh
python -m tweetrnn predict --model FOLDER "@united thanks for the upgrade!"
python -m tweetrnn predict --model FOLDER --input tweets.csv --output answers.csv
```

CSV, TSV and JSON Lines in UTF-8 are read; the tweets are in the column {escape_markdown(column)},
or the one that `--text-column` names. No other data are needed."""


def network(run, parameters, settings):
    """The layers."""
    path = run.architecture
    check_digest(path, parameters["sha256"]["architecture"])
    rows = [
        [
            escape_markdown(row["layer"]),
            escape_markdown(row["output_shape"]),
            whole(row["parameters"]),
        ]
        for row in read_json(path)
    ]
    layers = markdown_table(["layer", "output shape", "parameters"], rows, 1)
    return (
        f"## The network\n\n{layers}\n\nAs Keras counts them, {whole(parameters['parameters'])} "
        f"parameters on one-hot words of width {whole(settings['width'])}."
    )


def data(tokenized, split):
    """Where the tweets came from, and the parts."""
    labels = split["labels"]
    rows = [
        [
            part,
            whole(own["tweets"]),
            *(percent(count / own["tweets"]) for count in own["classes"].values()),
            percent(own["unknown_rate"]),
        ]
        for part, own in split["parts"].items()
        if own["tweets"]
    ]
    head = ["part", "tweets", *map(escape_markdown, labels), "unknown words"]
    source = (
        "Tweets to airlines that the project's demo invents"
        if tokenized["kind"] == INVENTED
        else "A file of tweets labelled with their sentiment"
    )
    return f"""## Data

{source}; sha256 of the file `{tokenized["sha256"]}`. Licence of the data:
{escape_markdown(tokenized["licence"])}.

{markdown_table(head, rows, len(head) - 1)}"""


def protocol(parameters, split, settings):
    """How tweets were read and the network trained."""
    cut, sequence = settings["tokenize"], settings["sequence"]
    fitted = (
        "all tweets, validation and test included"
        if split["fit_on"] == "all"
        else "the training part"
    )
    facts = [
        (
            "tokens",
            f"{cut['tokens']}, case {'folded' if cut['fold_case'] else 'kept'}, HTML entities "
            f"{'unescaped' if cut['unescape_entities'] else 'left'}",
        ),
        (
            "sequences",
            f"{sequence['length']} words; padded on the {sequence['padding']}, cut on the "
            f"{sequence['truncation']}",
        ),
        ("vocabulary", f"{whole(split['vocabulary_words'])} words, fitted on {fitted}"),
        ("split", SPLITS[split["method"]]),
        ("epochs", str(parameters["epochs"])),
        ("tweets in a batch", str(parameters["batch_size"])),
        ("optimizer", f"Adam, learning rate {parameters['learning_rate']:g}"),
        (
            "dropout",
            f"{parameters['dropout_rate']:g} after each layer" if parameters["dropout"] else "none",
        ),
        (
            "L2 penalty",
            f"{parameters['l2']:g} on all kernels but the last"
            if parameters["regularization"]
            else "none",
        ),
        ("weights", f"of epoch {parameters['best_epoch']}, the best on validation"),
    ]
    return f"## Protocol\n\n{markdown_table(['what', 'how'], [[a, b] for a, b in facts])}"


def figures(results, parameters, own, labels):
    """The figures: with intervals where the run's combination was selected and so judged.

    Nobody shall choose a run by its test figures, so that of other runs they are not told.
    """
    path = results.comparison
    comparison = read_json(path) if path.is_file() else None
    chosen = comparison and comparison["selected"].get(parameters["cell"])
    if chosen and chosen["combination"] == parameters["combination"]:
        told = judged(comparison, parameters, own)
        return f"{told}\n\n{by_class(own, labels, comparison['part'])}"
    return f"{only_validated(results, own)}\n\n{by_class(own, labels, 'validation')}"


def judged(comparison, parameters, own):
    """The figures of a selected combination: those of the comparison, and the run's own."""
    part, accuracies = comparison["part"], comparison["primary"]["accuracies"]
    scores = metrics.scores(*own[part])
    anew = accuracies[parameters["cell"]]
    count = len(anew["replicates"])
    rows = [
        [
            f"this run (replicate {parameters['replicate']})",
            share(scores["accuracy"]),
            "–",
            share(scores["macro_f1"]),
        ],
        [
            f"its combination, trained anew {count} time{'s' if count > 1 else ''}: mean",
            share(anew["accuracy"]),
            between(anew["interval"]),
            share(anew["spread"][part]["macro_f1"]["mean"]),
        ],
        *(
            [
                f"baseline: {what}",
                share(accuracies[name]["accuracy"]),
                between(accuracies[name]["interval"]),
                share(accuracies[name]["scores"][part]["macro_f1"]),
            ]
            for name, what in BASELINES.items()
        ),
    ]
    level = f"{comparison['level']:.0%}".replace("%", "\u00a0%")
    caution = (
        " There was no test part: the combination and its epoch were chosen on these very tweets, "
        "so the figures flatter it."
        if comparison["optimistic"]
        else " Neither the combination nor its epoch was chosen on them."
    )
    rendered = markdown_table(["what", "accuracy", f"{level} interval", "macro F1"], rows, 3)
    return (
        f"## Figures\n\nOn the {part} part, {whole(comparison['tweets'])} tweets. The combination "
        f"is the one of its cell that was selected on validation, out of "
        f"{chosen_of(comparison, parameters)}.{caution}\n\n{rendered}\n\nIntervals are "
        f"percentiles of {whole(comparison['resamples'])} bootstrap resamples of tweets "
        "(duplicates together) and of the trainings."
    )


def chosen_of(comparison, parameters):
    """Return how many combinations the selected one was chosen from, in words."""
    count = comparison["selected"][parameters["cell"]]["candidates"]
    return f"{count} combination{'s' if count > 1 else ''}"


def only_validated(results, own):
    """The figures of a run that was not selected: validation alone."""
    path = results.baseline_metrics
    baselines = read_json(path) if path.is_file() else {}
    named = {"this run": metrics.scores(*own["validation"])}
    named |= {
        f"baseline: {what}": baselines[name]["validation"]
        for name, what in BASELINES.items()
        if name in baselines
    }
    rows = [[what, share(s["accuracy"]), share(s["macro_f1"])] for what, s in named.items()]
    rendered = markdown_table(["what", "accuracy", "macro F1"], rows, 2)
    return (
        f"## Figures\n\n**Validation figures only**, on {whole(len(own['validation'][1]))} tweets. "
        "The run's combination is not the selected one of its cell (or nothing is selected yet), "
        "so it was not judged on tweets that played no part in its choice: its epoch was chosen "
        f"on these. Expect less on new tweets; there are no intervals.\n\n{rendered}"
    )


def by_class(own, labels, part):
    """Recall and precision of each class on a part."""
    counts = metrics.confusion(*own[part])

    def ratio(right, of):
        return percent(right / of if of else None)

    rows = [
        [
            escape_markdown(label),
            whole(int(counts[k].sum())),
            ratio(counts[k, k], counts[k].sum()),
            ratio(counts[k, k], counts[:, k].sum()),
        ]
        for k, label in enumerate(labels)
    ]
    rendered = markdown_table(["class", "tweets", "recall", "precision"], rows, 3)
    return f"This run's classes on the {part} part:\n\n{rendered}"


def intended(tokenized):
    """What it is for."""
    if tokenized["kind"] == INVENTED:
        return "## Intended use\n\nTrying the software out. It is of no other use."
    return """## Intended use

Comparing recurrent networks, teaching, and rough counts over many tweets of the kind that it was
trained on. Not for decisions about a single person or a single tweet, and not for texts of another
kind, time or language without figures measured on them."""


def limits(settings, split, tokenized):
    """What it cannot do."""
    judged = "test" if split["parts"]["test"]["tweets"] else "validation"
    unknown = percent(split["parts"][judged]["unknown_rate"])
    stand_in = (
        "a column of their own" if settings["unknown_id"] < settings["width"] else "all zeros"
    )
    points = [
        f"It knows {whole(split['vocabulary_words'])} words; all others are one unknown word "
        f"({stand_in}). In the {judged} part they were {unknown} of all words; "
        "`predict` tells their share for each text and warns where most are unknown.",
        f"It reads {settings['sequence']['length']} words of a tweet at most.",
        "Its probabilities were not calibrated.",
        "What its training tweets had in common (airline, week, habits of those who labelled them) "
        "it takes for the sentiment.",
    ]
    if tokenized["kind"] != INVENTED:
        points.append(
            "`vocabulary.parquet` lists the words of the tweets that it was fitted on, handles "
            "among them. The licence of the data may bind those who pass it on; a larger "
            "`vocabulary.min_count` leaves rare words out."
        )
    return "## Limits\n\n" + "\n".join(f"- {point}" for point in points)


def contents():
    """The files."""
    rows = [
        ["`weights.safetensors`", "the weights under Keras's names, and the shape of the network"],
        ["`vocabulary.parquet`", "each word with its one-hot column and its count in training"],
        ["`config.json`", "how a tweet becomes a sequence, the classes, sha256 of the two others"],
    ]
    return f"## Files\n\n{markdown_table(['file', 'what it holds'], rows)}"


def made_with(run):
    """The versions on which the last digits depend."""
    found = read_json(run.provenance)
    versions = ", ".join(f"{name} {found[name]}" for name in ("python", "torch", "numpy"))
    device = "GPU" if found["device"] == "cuda" else "CPU"
    return f"Trained with {versions} on a {device}; code `{found['code']}`."
