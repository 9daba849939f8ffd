"""The project's terms: their definitions, and where a page mentions them.

This is the only place that defines them. ``python -m tweetrnn.reporting.terms`` prints
docs/glossary.md, and a page of results lists the terms that it links.
"""

import re

from tweetrnn.reporting import document as doc

# {group: {term: definition}}; `so` is code.
TERMS = {
    "data and workflow": {
        "experiment": "one config and its results, `results/NAME`",
        "stage": "one step of the workflow: a rule, and the function of the same name",
        "corpus": "the labelled tweets of an experiment: invented, a file, or a download",
        "class, label": (
            "what a tweet can be, such as negative, neutral, positive; a tweet's class is its label"
        ),
        "token": "a piece of a tweet: a word, a mention, a hashtag, an emoji, a punctuation mark",
        "dictionary": "all tokens of the corpus, with their ids and counts",
        "vocabulary": (
            "the words that the networks know, normally those of the training set; any other is an "
            "unknown word"
        ),
        "one-hot width": (
            "the number of columns of a one-hot vector: the vocabulary, plus padding and unknown "
            "words if they have a column"
        ),
        "sequence length": "tokens in a row of input; longer tweets are cut, shorter ones padded",
        "training, validation, test set": (
            "the tweets to learn from, to rank and select runs by, and to judge the selected ones "
            "on"
        ),
        "slice": "the tweets that have one property in common, such as the airline",
        "group, duplicates": "tweets with the same tokens",
        "near-duplicates": (
            'tweets with the same tokens apart from "RT" at the beginning, handles, links and '
            "punctuation"
        ),
    },
    "training": {
        "cell": "the kind of recurrent layer: SimpleRNN or LSTM (also GRU, BidirectionalLSTM)",
        "recurrent layer": (
            "a layer that reads a sequence step by step and carries a state from step to step"
        ),
        "hidden dense layer": (
            "a fully connected layer between the last recurrent layer and the output"
        ),
        "hyperparameter": (
            "a setting that is not learned: numbers of layers, dropout, L2 regularisation, "
            "learning rate"
        ),
        "combination": (
            "one value for each hyperparameter: one point of the grid, such as "
            "`rnn2-dense2-dropout0-reg1-lr1e-3`"
        ),
        "grid": "the combinations that are trained for each cell",
        "run": "one training, named `CELL/COMBINATION/REPLICATE`",
        "replicate": "the same cell and combination with another seed; numbered from 1",
        "seed": (
            "the number that random choices derive from: the config has one, and each run's is "
            "computed from it and the run's name"
        ),
        "epoch": (
            "one pass over the training set; the best epoch is the one with the highest validation "
            "accuracy, and its weights are kept"
        ),
        "checkpoint": (
            "the state of an unfinished training, from which it continues after an interruption"
        ),
        "diverged run": "a run whose loss is no longer a finite number",
        "divergence epoch": (
            "the epoch after which validation loss stops improving while training loss still falls"
        ),
    },
    "evaluation": {
        "accuracy": (
            "categorical accuracy, unless it says binary: the share of tweets whose most probable "
            "class is their label"
        ),
        "selected combination": (
            "each cell's combination with the highest validation accuracy (`report.select_by`), "
            "averaged over the finalists' new runs"
        ),
        "finalist": (
            "one of a cell's best combinations in the grid, trained again with other seeds before "
            "one is selected"
        ),
        "other split": (
            "another division of the same tweets into training, validation and test set "
            "(`robustness`)"
        ),
        "baseline": (
            "a simpler model that the networks should beat: the majority class, a logistic "
            "regression, NB-SVM, the mean of word vectors"
        ),
        "collapsed replicate": (
            "one that gives (nearly) all tweets the same class: at least 99 % of the judged ones"
        ),
        "seed ensemble": "the mean of the probabilities of a cell's replicates",
        "confidence interval": (
            "a range meant to contain the true value in 95 of 100 experiments with other tweets "
            "and other seeds"
        ),
        "label confidence": (
            "how far a tweet's annotators agreed on its label, from 0 to 1, as the corpus states it"
        ),
        "optimism": (
            "by how much the validation accuracy of a selected run overstates its accuracy on new "
            "tweets"
        ),
        "tuning budget": "how many combinations are tried before the best one is selected",
        "percentage point, point": (
            "the unit of differences between accuracies: 80 % is 2 points above 78 %"
        ),
    },
}
DEFINITIONS = {term: definition for group in TERMS.values() for term, definition in group.items()}

# How prose mentions a term, where it is not the term itself or its plural; None: too ordinary.
_MENTIONS = {
    "experiment": None,
    "stage": None,
    "class, label": None,
    "dictionary": "dictionary",
    "vocabulary": "vocabulary",
    "training, validation, test set": r"(?:training|validation|test)\ sets?",
    "group, duplicates": r"groups\ of\ duplicates?|duplicates",
    "near-duplicates": "near-duplicates",
    "run": r"runs?(?!\ snakemake)",
    "diverged run": r"(?:runs?\ )?diverged(?:\ runs?)?",
    "accuracy": "accuracy|accuracies",
    "selected combination": r"selected\ (?:combinations?|models?)",
    "collapsed replicate": r"collapsed(?:\ replicates?)?",
    "confidence interval": r"(?:confidence|95\ %)\ intervals?",
    "percentage point, point": r"(?:percentage\ )?points",
}


def _pattern():
    """Return an expression with one numbered group for each term, and the terms in that order.

    Longer terms come first: a seed ensemble is no seed. What is part of a path, a handle or a
    hyphenated word is no mention.
    """
    terms = sorted(DEFINITIONS, key=len, reverse=True)
    mentions = {term: _MENTIONS.get(term, f"{re.escape(term)}s?") for term in terms}
    mentions = {term: mention for term, mention in mentions.items() if mention}
    either = "|".join(f"({mention})" for mention in mentions.values())
    spaced = either.replace(r"\ ", r"[ \u00a0]")
    return re.compile(rf"(?<![\w@#/.-])(?:{spaced})(?![\w/-])"), list(mentions)


PATTERN, MENTIONED = _pattern()


class Terms:
    """The terms that one page has mentioned so far; templates mark its prose in reading order."""

    def __init__(self):
        self._sections = {term: set() for term in MENTIONED}

    def pieces(self, text, section):
        """Yield (piece of a text, its term or None); only a section's first mention is a term."""
        end = 0
        for match in PATTERN.finditer(text):
            term = MENTIONED[match.lastindex - 1]
            if section not in self._sections[term]:
                self._sections[term].add(section)
                yield text[end : match.start()], None
                yield match[0], term
                end = match.end()
        yield text[end:], None

    def definitions(self):
        """Return {term: definition} of the terms mentioned so far, by the alphabet."""
        mentioned = sorted(term for term, sections in self._sections.items() if sections)
        return {term: DEFINITIONS[term].replace("`", "") for term in mentioned}


def glossary():
    """Return docs/glossary.md."""
    intro = (
        "# Glossary\n\nThe definitions are those of the report, from "
        "[terms.py](../workflow/tweetrnn/reporting/terms.py); [methods.md](methods.md) has the "
        "methods."
    )
    tables = [
        doc.markdown_table([group, ""], [list(row) for row in terms.items()])
        for group, terms in TERMS.items()
    ]
    return "\n\n".join([intro, *tables]) + "\n"


if __name__ == "__main__":
    print(glossary(), end="")
