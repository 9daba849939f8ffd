"""The report's playground: what the page needs to read a typed tweet as the selected models do.

``templates/scripts/playground.js`` does the rest. The tokenizer's patterns are translated, not
written a second time. Weights are rounded to 8 bits, and rare words and people's handles become the
unknown word; this module measures the effect of all that by doing the page's arithmetic in numpy
and comparing with the probabilities that training stored.

Shapes: N tweets, T time steps, U units, G gates, as in ``models``.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from itertools import compress

import numpy as np

from tweetrnn.data import tokenizers
from tweetrnn.evaluation.predictions import read_predictions
from tweetrnn.files import damaged, load_array, read_parquet
from tweetrnn.grid import Run
from tweetrnn.reporting.tweet_text import masked
from tweetrnn.run_files import check
from tweetrnn.training import weights

ROOM = 1_480_000  # bytes of data in the page; with the script, 1.5 MB are the most
FEWEST_COVERED = 0.5  # of the tokens: with fewer, most tweets would be mostly unknown
EXACT = 16  # the first rows, which are not rounded: padding and the most frequent words
COMPARED = 10_000  # validation tweets that the agreement is measured on, at most
AT_A_TIME = 2_000  # of them
PORTED_TOKENIZERS = ("tweet", "whitespace")
# The split's facts that say how words become a row of ids.
SEQUENCE = ("width", "padding_id", "unknown_id", "sequence_length", "padding", "truncation")


@dataclass(frozen=True)
class Cut:
    """Which words of the vocabulary the page knows.

    ``min_count`` is how often they occur at least, ``rare`` how many words occur less often,
    ``handles`` how many are handles of people, and ``coverage`` the share of the tokens, of the
    tweets that the vocabulary was counted on, that the page's words cover.
    """

    min_count: int
    rare: int
    handles: int
    coverage: float


@dataclass
class Playground:
    """``data`` is what the script reads, None if left out; ``notes`` say what is left out and why.

    ``agreement`` has a dict for each model: cell, combination, tweets, equal_labels (how many) and
    largest_difference (of a probability).
    """

    data: dict | None
    cut: Cut | None = None
    agreement: list = field(default_factory=list)
    notes: list = field(default_factory=list)


# --------------------------------------------------------------------------------- the tokenizer

_PIECES = re.compile(r"\\U[0-9a-f]{8}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\?.", re.DOTALL)
_SPACES = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# Python's words are letters, numbers of all kinds and the underscore; its digits are decimal.
_NEGATED = {
    r"[^\W\d_]": r"[\p{L}\p{Nl}\p{No}]",
    r"[^\W\d]": r"[\p{L}\p{Nl}\p{No}_]",
    r"[^\W_]": r"[\p{L}\p{N}]",
}
_IN_CLASS = {r"\w": r"\p{L}\p{N}_", r"\d": r"\p{Nd}", r"\s": _SPACES, r"\#": "#"}
_OUTSIDE = {
    **{name: f"[{_IN_CLASS[name]}]" for name in (r"\w", r"\d", r"\s")},
    r"\#": "#",
    r"\b": r"(?:(?<=[\p{L}\p{N}_])(?![\p{L}\p{N}_])|(?<![\p{L}\p{N}_])(?=[\p{L}\p{N}_]))",
    ".": r"[^\n]",
}


def javascript(pattern):
    """Return a compiled pattern as the source of a JavaScript RegExp with the flag u (or gu).

    Letters of a pattern that ignores case become classes of all that Python takes for them, such
    as the long s and the dotless i.
    """
    source = pattern.pattern.replace(tokenizers.MARKS, r"\p{M}")
    for python, script in _NEGATED.items():
        source = source.replace(python, script)
    translated, in_class = [], False
    for piece in _PIECES.findall(source):
        if piece.startswith(r"\U"):
            piece = f"\\u{{{int(piece[2:], 16):x}}}"
        elif in_class:
            in_class = piece != "]"
            piece = _IN_CLASS.get(piece, piece)
        elif piece == "[":
            in_class = True
        elif pattern.flags & re.IGNORECASE and piece.isalpha():
            alike = sorted({piece.lower(), piece.upper(), *"\u0130\u0131\u017f\u212a"})
            piece = "".join(c for c in alike if re.fullmatch(piece, c, re.IGNORECASE))
            piece = f"[{piece}]"
        else:
            piece = _OUTSIDE.get(piece, piece)
        translated.append(piece)
    return "".join(translated)


def tokenizer(config):
    """Return what the script needs to do what ``tokenizers.tokenize_text`` does.

    ``config`` is the section ``tokenize``.
    """
    characters = [chr(code) for code in range(0x20000)]  # the scripts' planes
    plain = tokenizers.PLAIN
    ranges = {
        "spaces": _SPACES,
        "digits": tokenizers.ranges(ord(c) for c in characters if c.isdigit()),
        "removed": tokenizers.ranges(sorted(code for code, put in plain.items() if put is None)),
    }
    return {
        **config,
        "url": tokenizers.URL,
        # What case folding does beyond lower case.
        "folds": {c: c.casefold() for c in characters if c.casefold() != c.lower()},
        "plain": {chr(code): put for code, put in plain.items() if put is not None},
        **{name: javascript(re.compile(f"[{inside}]")) for name, inside in ranges.items()},
        **{name: javascript(pattern) for name, pattern in tokenizers.PATTERNS.items()},
    }


# ----------------------------------------------------------------------------------- the models


def rounded(table, units):
    """Return (unit, multiples (V, G) uint16, values (V, G U) int8) for a table of words (V, G U).

    The k-th gate's row for word v is approximately unit * multiples[v, k] * values[v, k-th gate].
    The largest of these values is 127 or -127; the error is at most half of unit * multiples[v, k].
    """
    blocks = table.astype(np.float64).reshape(len(table), -1, units)
    scales = np.abs(blocks).max(axis=2) / 127
    unit = float(scales.max(initial=0)) / 65535 or 1.0
    multiples = np.ceil(scales / unit).clip(0, 65535).astype(np.uint16)
    steps = np.where(multiples > 0, unit * multiples, 1)[:, :, None]
    values = np.rint(blocks / steps).clip(-127, 127).astype(np.int8)
    return unit, multiples, values.reshape(table.shape)


def restored(unit, multiples, values):
    """Return the table that the results of ``rounded`` stand for, in float64."""
    blocks = values.reshape(*multiples.shape, -1)
    return ((unit * multiples)[:, :, None] * blocks).reshape(values.shape)


def layers_of(arrays):
    """Return a model's layers in order, as dicts of arrays: kernel, bias, recurrent_kernel."""
    layers = {}
    for name, array in arrays.items():
        layer, _, weight = name.rpartition("/")
        layers.setdefault(layer, {})[weight] = array
    return list(layers.values())


def base64_of(numbers, dtype):
    """Return an array's numbers, row after row, as bytes of that type in base64."""
    return base64.b64encode(numbers.astype(dtype).tobytes()).decode()


def packed(arrays):
    """Return a model's layers for the script: in float32, except for the first one's kernel.

    The first kernel has a row for each word, which makes up nearly all of the bytes. So all of its
    rows are rounded (``words``); only the first EXACT ones are in float32 as well. Rounding the
    other matrices too, or padding, which most time steps read, would save little and cost more
    accuracy than rounding all words.
    """
    first, *others = layers_of(arrays)
    unit, multiples, values = rounded(first["kernel"], len(first["recurrent_kernel"]))
    first["kernel"] = first["kernel"][:EXACT]
    layers = [
        {name: base64_of(array, "<f4") for name, array in layer.items()}
        for layer in (first, *others)
    ]
    layers[0]["words"] = {
        "unit": unit,
        "multiples": base64_of(multiples, "<u2"),
        "values": base64_of(values, "i1"),
    }
    return layers


def sigmoid(x):
    """Return the logistic function of x."""
    return 1 / (1 + np.exp(-x))


def _simple_rnn(z, h, c):
    return np.tanh(z), c


def _lstm(z, h, c):
    i, f, g, o = np.split(z, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


# The step of each cell that the script knows as well: z (N, G U), h and c (N, U) to the next h, c.
STEPS = {"SimpleRNN": _simple_rnn, "LSTM": _lstm}


def as_in_the_page(arrays):
    """Return a model's layers in float64, with the numbers that the page has."""
    layers = layers_of({name: array.astype(np.float64) for name, array in arrays.items()})
    first = layers[0]
    table = restored(*rounded(first["kernel"], len(first["recurrent_kernel"])))
    first["kernel"] = np.vstack([first["kernel"][:EXACT], table[EXACT:]])
    return layers


def probabilities(cell, layers, ids):
    """Return (N, classes) for ids (N, T), as the script computes them; see ``models``.

    An id one past the first kernel's rows is an all-zero vector.
    """
    recurrent = [layer for layer in layers if "recurrent_kernel" in layer]
    dense = layers[len(recurrent) :]
    table = np.vstack([recurrent[0]["kernel"], np.zeros_like(recurrent[0]["kernel"][:1])])
    steps = ids.T
    for number, layer in enumerate(recurrent):
        h = c = np.zeros((len(ids), len(layer["recurrent_kernel"])))
        outputs = []
        for x in steps:
            seen = x @ layer["kernel"] if number else table[x]
            h, c = STEPS[cell](seen + h @ layer["recurrent_kernel"] + layer["bias"], h, c)
            outputs.append(h)
        steps = outputs
    x = steps[-1]
    for layer in dense:
        x = x @ layer["kernel"] + layer["bias"]
        if layer is not dense[-1]:
            x = np.maximum(x, 0)
    x = np.exp(x - x.max(axis=1, keepdims=True))
    return x / x.sum(axis=1, keepdims=True)


def agreement(cell, arrays, ids, stored):
    """Return how the page's arithmetic agrees with training's on ids (N, T).

    ``stored`` (N, classes) are the probabilities that training wrote.
    """
    ids, stored, layers = ids[:COMPARED], stored[:COMPARED], as_in_the_page(arrays)
    batches = (ids[start : start + AT_A_TIME] for start in range(0, len(ids), AT_A_TIME))
    computed = np.concatenate([probabilities(cell, layers, batch) for batch in batches])
    return {
        "tweets": len(ids),
        "equal_labels": int((computed.argmax(axis=1) == stored.argmax(axis=1)).sum()),
        "largest_difference": float(np.abs(computed - stored).max()),
    }


# ---------------------------------------------------------------------- the words of the page


def size_of(value):
    """Return the bytes of a value as JSON."""
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def bytes_of_words(words, models):
    """Return (words,) bytes that each word and its rows take: in base64, 4 for each 3."""
    row = 0
    for _, _, arrays, _ in models:
        first = layers_of(arrays)[0]
        columns = first["kernel"].shape[1]
        row += columns + 2 * columns // len(first["recurrent_kernel"])
    return np.array([size_of(word) - 1 + row * 4 / 3 for word in words])


def tokens_counted(split):
    """Return how many tokens the tweets have that the vocabulary was counted on."""
    parts = split["parts"]
    return sum(parts[name]["tokens"] for name in (["train"] if by_training(split) else parts))


def by_training(split):
    """Return whether the vocabulary was counted on the training set alone."""
    return split["fit_on"] == "train"


def choose_words(words, counts, sizes, room, tokens, show_handles):
    """Return (the Cut, (words,) booleans of those that it keeps).

    It is the smallest minimum count whose words fit into ``room`` bytes; where not even the most
    frequent words do, it keeps none.

    Args:
        words, counts, sizes: each word's text, how often it occurs and how many bytes it takes.
        tokens: how many there are, known or unknown.
        show_handles: the handles that are no secret.
    """
    handles = np.array([masked(word, show_handles) != word for word in words], dtype=bool)
    for minimum in [*np.unique(counts), counts.max() + 1]:
        kept = (counts >= minimum) & ~handles
        if sizes[kept].sum() <= room:
            break
    rare = int(np.count_nonzero(counts < minimum))
    coverage = float(counts[kept].sum() / tokens)
    return Cut(int(minimum), rare, int(np.count_nonzero(handles)), coverage), kept


def without_words(split, models, ids, kept):
    """Return (split, models, ids) in which the words that are not ``kept`` are unknown.

    Args:
        split, models, ids: as for ``make``. The columns are padding and unknown, where they are
            columns, then the words.
        kept: (words,) booleans, in the order of the columns.
    """
    special = split["width"] - len(kept)
    columns = np.concatenate([np.ones(special, dtype=bool), kept])
    width = int(np.count_nonzero(columns))
    # What was one past the last column, an all-zero vector, still is.
    new = np.append(np.cumsum(columns) - 1, width)
    unknown = int(new[split["unknown_id"]])
    new[:-1][~columns] = unknown
    facts = {"width": width, "padding_id": int(new[split["padding_id"]]), "unknown_id": unknown}
    cut = []
    for cell, combination, arrays, stored in models:
        first = f"{next(iter(arrays)).rpartition('/')[0]}/kernel"
        cut.append((cell, combination, arrays | {first: arrays[first][columns]}, stored))
    return split | facts, cut, new[ids]


# ------------------------------------------------------------------------- the whole playground


LEFT_OUT = "A playground, in which to type a tweet, is left out of this page"


def data_of(config, split, words, models, colours):
    """Return what the script reads; arguments as ``make``'s, ``colours`` by cell."""
    return {
        "labels": split["labels"],
        "words": " ".join(words),  # no token contains white space
        "tokenizer": tokenizer(config["tokenize"]),
        **{name: split[name] for name in SEQUENCE},
        "models": [
            {"cell": cell, "colour": colours[cell], "layers": packed(arrays)}
            for cell, _, arrays, _ in models
        ],
    }


def make(config, split, vocabulary, models, ids):
    """Return the Playground.

    Args:
        config: the config in full.
        split: the split's facts.
        vocabulary: pyarrow Table of word, count and id.
        models: (cell, combination, weights by name, stored validation probabilities) of each
            selected run.
        ids: (N, T) of the validation set.
    """
    if (name := config["tokenize"]["tokens"]) not in PORTED_TOKENIZERS:
        note = f"{LEFT_OUT}: it has no tokenizer of the name {name} (tokenize.tokens)."
        return Playground(None, notes=[note])
    colours = {cell: n % 6 for n, cell in enumerate(config["grid"]["cell"])}  # as in the figures
    notes = [
        f"{cell} is not among what can be tried in this page, which computes {' and '.join(STEPS)}."
        for cell in colours
        if cell not in STEPS
    ]
    models = [model for model in models if model[0] in STEPS]
    if not models:
        return Playground(None, notes=notes)
    playground = fitted(config, split, vocabulary, models, ids, colours)
    playground.notes += notes
    return playground


def fitted(config, split, vocabulary, models, ids, colours):
    """Return the Playground of as many words as find room; arguments as ``make``'s and colours."""
    vocabulary = vocabulary.sort_by("id")
    words, counts = vocabulary["word"].to_pylist(), vocabulary["count"].to_numpy()

    def cut_to(kept):
        facts, cut_models, cut_ids = without_words(split, models, ids, kept)
        known = list(compress(words, kept))
        return data_of(config, facts, known, cut_models, colours), cut_models, cut_ids

    # The size is known before a large vocabulary is rounded, which would take much memory.
    few, sizes = np.arange(len(words)) < EXACT, bytes_of_words(words, models)
    room = ROOM - (size_of(cut_to(few)[0]) - sizes[few].sum())
    show_handles = config["report"]["show_handles"]
    cut, kept = choose_words(words, counts, sizes, room, tokens_counted(split), show_handles)
    if cut.coverage < FEWEST_COVERED:
        return Playground(None, notes=[too_few(cut)])
    data, models, ids = cut_to(kept)
    agreements = [
        {"cell": cell, "combination": combination, **agreement(cell, arrays, ids, stored)}
        for cell, combination, arrays, stored in models
    ]
    return Playground(data, cut, agreements)


def too_few(cut):
    """Return the note that replaces a playground of too few words."""
    return (
        f"{LEFT_OUT}: the words that find room in it, 1.5\u00a0MB, cover only "
        f"{100 * cut.coverage:.0f}\u00a0% of the tokens."
    )


def read(results, config, split, selected):
    """Return the Playground, None where the config wants none; ``selected`` is {cell: Choice}.

    Raises:
        UserError: a file is missing or damaged.
    """
    if not config["report"]["playground"]:
        return None
    ids = load_array(results.validation_sequences, split["sha256"]["validation_sequences"])
    models = []
    for cell, choice in selected.items():
        paths = results.run(Run(cell, choice.combination, choice.replicate))
        check(paths, "best")
        _, arrays = weights.read(paths.best)
        stored, _ = read_predictions(paths)["validation"]
        if len(stored) != len(ids):
            raise damaged(paths.predictions, "it is of another split")
        models.append((cell, choice.combination, arrays, stored))
    vocabulary = read_parquet(results.vocabulary, sha256=split["sha256"]["vocabulary"])
    return make(config, split, vocabulary, models, ids)
