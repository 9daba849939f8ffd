"""How text and lists of names are written in sentences and messages."""

_SPLITS = {
    "stratified": "at random with the same class shares in each set; duplicates stay together",
    "random": "at random; duplicates stay together",
    "ordered": "in the order of the file, unshuffled",
    "grouped": "at random with the same class shares in each set; the tweets of a user stay "
    "together, and duplicates too",
    "temporal": "by time: the earliest tweets for training, the latest for the test set; "
    "duplicates stay together, at the time of the earliest",
    "held_out": "the test set has all tweets whose {slice} is {value}, and their duplicates; the "
    "others at random with the same class shares in each set",
    "given": "as the corpus says",
}


def split_in_words(split):
    """Return how the tweets were split; ``split`` are the split's facts."""
    text = _SPLITS[split["method"]].format(slice=split["slice"], value=split["value"])
    share = split["train_share"]
    return text if share == 1 else f"{text}; {100 * share:g}\u00a0% of the training set is used"


def shown(text):
    """Return ``text`` quoted and short enough for a message."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


def quoted(names):
    """Return the first 20 names for a message, quoted and separated by commas."""
    text = ", ".join(shown(str(name)) for name in names[:20])
    return f"{text} and {len(names) - 20} more" if len(names) > 20 else text


def counted(number, noun):
    """Return 1 and ``tweet`` as ``1 tweet``, and 2000 as ``2,000 tweets``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names):
    """Return names as ``a``, ``a and b`` or ``a, b and c``."""
    *head, last = names
    return f"{', '.join(head)} and {last}" if head else last


def setting(section, key, value):
    """Return how to say that a file is written in some way: ``value`` for a key of the config.

    ``section`` is corpus or predict, whose keys are options of the command predict, too.
    """
    if section == "corpus":
        return f"set corpus.{key} to {value}"
    if key == "format":
        return f"name its format with --format {value}, or with the file's ending"
    flag = f"--{key.replace('_', '-')}"
    option = {"true": flag, "false": flag.replace("--", "--no-")}.get(value, f"{flag} {value}")
    return f"use {option} or, in a config, set predict.{key} to {value}"
