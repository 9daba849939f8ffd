"""How to cite the software, and a methods paragraph on the experiment, both ready to paste."""

from tweetrnn import __version__, grid
from tweetrnn.names import CELLS, RANKINGS
from tweetrnn.other_splits import SIZE, other_splits
from tweetrnn.reporting import document as doc
from tweetrnn.reporting.verdict import capitalised, has_intervals
from tweetrnn.wording import counted, listed, split_in_words

# As in CITATION.cff, which an installed package does not have; a test compares them.
AUTHORS = ["The maintainers"]
TITLE = (
    "SimpleRNN or LSTM? A Snakemake workflow that compares recurrent networks on the sentiment of "
    "travelers' tweets"
)
RELEASED = "2026-11-28"
LICENCE = "MIT"

SOFTWARE = {  # the names of versions in the provenance of trainings and of the report
    "python": "Python",
    "torch": "PyTorch",
    "numpy": "NumPy",
    "scipy": "SciPy",
    "scikit-learn": "scikit-learn",
    "snakemake": "Snakemake",
}


def blocks(experiment):
    """Return the section's blocks."""
    finding = (
        "Cite the software as below, and the corpus by its own source. The methods paragraph "
        "follows from this experiment's config and counts."
    )
    unfinished = "Some trainings are missing, so not all of these methods have been applied yet."
    references = (
        "Gallas, Academic Radiology 13, 2006; Wang and Manning, Baselines and bigrams, ACL 2012; "
        "Zou and Donner, Statistics in Medicine 27, 2008."
    )
    return [
        doc.Paragraph(finding, "finding"),
        *([doc.Paragraph(unfinished, "warning")] if experiment.partial else []),
        doc.Quotation("The software", citation()),
        doc.Quotation("Methods", methods_in_words(experiment)),
        doc.Paragraph(f"What the paragraph refers to: {references}", "note"),
    ]


def citation():
    """Return the reference to this software."""
    return (
        f"{listed(AUTHORS)} ({RELEASED[:4]}). {TITLE}. Version {__version__}. Software, licence "
        f"{LICENCE}."
    )


def methods_in_words(experiment):
    """Return the methods paragraph of an Experiment."""
    config, split, comparison = experiment.config, experiment.split, experiment.comparison
    intervals = comparison is None or has_intervals(comparison)
    sentences = [
        corpus_in_words(experiment.tokenized, split),
        inputs_in_words(config, split),
        grid_in_words(config),
        training_in_words(config),
        selection_in_words(config),
        comparison_in_words(config, split, intervals),
        *others_in_words(config),
        f"All random choices derive from the seed {config['seed']}.",
        software_in_words(experiment),
    ]
    return " ".join(sentences)


def either(values):
    """Return values as ``1``, ``1 or 2`` or ``1, 2 or 3``."""
    *head, last = map(str, values)
    return f"{', '.join(head)} or {last}" if head else last


def corpus_in_words(tokenized, split):
    """Return the corpus, and how many tweets each set has; the stages' facts are given."""
    labels = listed([f"“{label}”" for label in split["labels"]])
    facts = f"classes {labels}"
    if tokenized["kind"] == "demo":
        facts += "; invented by the software"
    else:
        facts += f"; licence: {tokenized['licence']}; sha256 of the file: {tokenized['sha256']}"
    sizes = {name: facts["tweets"] for name, facts in split["parts"].items()}
    sets = [
        f"{doc.whole(sizes[name])} for {what}"
        for name, what in (("train", "training"), ("validation", "validation"), ("test", "testing"))
        if sizes[name]
    ]
    return (
        f"The corpus has {counted(tokenized['kept'], 'labelled tweet')} ({facts}). They were split "
        f"into {listed(sets)} ({split_in_words(split)})."
    )


def inputs_in_words(config, split):
    """Return what the networks read of a tweet."""
    tokenize, sequence = config["tokenize"], config["sequence"]
    tokens = {"tweet": "tweet-aware tokens", "whitespace": "words at white space"}
    case = ", upper and lower case alike" if tokenize["fold_case"] else ""
    where = f"padded on the {sequence['padding']} and cut on the {sequence['truncation']}"
    if sequence["padding"] == sequence["truncation"]:
        where = f"padded and cut on the {sequence['padding']}"
    source = {"train": "the training set", "all": "all tweets"}[config["vocabulary"]["fit_on"]]
    return (
        f"Tweets were split into {tokens[tokenize['tokens']]}{case}; the networks read sequences "
        f"of {counted(sequence['length'], 'token')}, {where}, as one-hot vectors of "
        f"{counted(split['width'], 'column')}. The vocabulary is that of {source}."
    )


def grid_in_words(config):
    """Return the networks that were trained."""
    section, model = config["grid"], config["model"]
    count, trained = grid.size(section), config["training"]["replicates"]
    recurrent, dense = section["recurrent_layers"], section["dense_layers"]
    widths = model["dense_units"][: max(dense)]
    rates = list(map(doc.level, section["learning_rate"]))
    factors = [
        f"{either(recurrent)} recurrent layer{'' if recurrent == [1] else 's'} of "
        f"{counted(model['units'], 'unit')}",
        f"{either(dense)} hidden dense layer{'' if dense == [1] else 's'} of "
        f"{listed(list(map(doc.whole, widths)))} unit{'' if widths == [1] else 's'}",
        switched(section["dropout"], f"dropout (rate {model['dropout_rate']:g})"),
        switched(section["regularization"], f"an L2 penalty (factor {model['l2']:g})"),
        f"at the learning rate{'s' if len(rates) > 1 else ''} {listed(rates)}",
    ]
    drawn = f", drawn from {doc.whole(grid.full_size(section))}" if grid.is_sample(section) else ""
    each = f", each {counted(trained, 'time')} with other seeds" if trained > 1 else ""
    text = (
        f"For {cells_in_words(section['cell'])}, {counted(count, 'combination')} of "
        f"{listed(factors)}{drawn} {'was' if count == 1 else 'were'} trained{each}."
    )
    if baselines := section["baseline_cells"]:
        names = capitalised(listed(list(map(named, baselines))))
        were, role = ("was", "a baseline") if len(baselines) == 1 else ("were", "baselines")
        text += f" {names} {were} trained, selected and repeated in the same way, as {role}."
    return text


def named(cell):
    """Return what a sentence calls a cell."""
    return f"the {CELLS[cell]}" if cell in CELLS else cell


def cells_in_words(cells):
    """Return the cells that are compared."""
    names = listed(list(map(named, cells)))
    return names if len(cells) == 1 else f"each of {names}"


def switched(levels, what):
    """Return whether something is on, off or both, by the levels of its factor."""
    if len(set(levels)) > 1:
        return f"with and without {what}"
    return f"with {what}" if levels[0] else f"without {what.partition(' (')[0]}"


def training_in_words(config):
    """Return how a network was trained."""
    training = config["training"]
    return (
        f"A training took {counted(training['epochs'], 'epoch')} of Adam, as in Keras, on the "
        f"categorical cross-entropy of batches of {counted(training['batch_size'], 'tweet')}; the "
        "weights of the epoch with the highest validation accuracy were kept."
    )


def selection_in_words(config):
    """Return how each cell's combination was selected."""
    training, count = config["training"], grid.size(config["grid"])
    again, finalists = training["finalist_replicates"], min(training["finalists"], count)
    ranking = RANKINGS[config["report"]["select_by"]]
    if training["replicates"] > 1:
        ranking += ", averaged over replicates"
    if count == 1:
        return "With one combination of each cell, there was none to select."
    if not again or finalists == 1:
        return f"Each cell's combination was selected by {ranking}."
    seeds = "another seed" if again == 1 else f"{doc.whole(again)} other seeds"
    return (
        f"Each cell's first {doc.whole(finalists)} combinations by {ranking} were trained again "
        f"with {seeds}, and the one that was best in these trainings was selected."
    )


def comparison_in_words(config, split, intervals):
    """Return the primary analysis; ``intervals`` says whether there were tweets enough for them."""
    replicates, one = config["training"]["selected_replicates"], len(config["grid"]["cell"]) == 1
    part = "test" if split["parts"]["test"]["tweets"] else "validation"
    seeds = "another seed" if replicates == 1 else f"{doc.whole(replicates)} new seeds"
    again = "combination was" if one else "combinations were"
    again = again if grid.size(config["grid"]) == 1 else f"selected {again}"
    sampled = "tweets and seeds as samples" if replicates > 1 else "tweets as a sample, not seeds"
    text = (
        f"The {again} trained again with {seeds}, and compared by accuracy on the {part} "
        f"set with {'' if one else 'each other, with '}the most frequent class, with a logistic "
        "regression on TF-IDF weights and with NB-SVM (Wang and Manning 2012)."
    )
    if intervals:
        text += (
            f" The differences' 95 % confidence intervals, in closed form, take {sampled} (Gallas "
            "2006; Zou and Donner 2008)."
        )
    if part == "validation":
        text += " There was no test set, so the accuracies are optimistic."
    return text


def others_in_words(config):
    """Yield on what else the comparison was repeated, if on anything."""
    kinds = [split.kind for split in other_splits(config).values()]
    sizes = kinds.count(SIZE)
    splits = len(kinds) - sizes
    repeated = [
        *([f"on {counted(splits, 'other split')}"] if splits else []),
        *([f"on {counted(sizes, 'smaller training set')}"] if sizes else []),
    ]
    if repeated:
        yield f"The comparison was repeated {listed(repeated)}."


def software_in_words(experiment):
    """Return the versions of the software; several of one where trainings differ."""
    found = {}
    for facts in [*experiment.provenances.values(), experiment.versions]:
        for key in SOFTWARE:
            if str(facts.get(key, "")).startswith(tuple("0123456789")):  # it is installed
                found.setdefault(key, {})[facts[key]] = None
    versions = [f"{SOFTWARE[key]} {listed(list(found[key]))}" for key in SOFTWARE if key in found]
    return f"Software: version {__version__} of this workflow, with {listed(versions)}."
