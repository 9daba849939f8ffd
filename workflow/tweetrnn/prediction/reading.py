"""How a model reads a text, as data for programs without this package: the file ``onnx.json``.

It has the regular expressions of the tokenizer, as Python's ``re`` reads them, each word's one-hot
column, the length and the side of padding. ``templates/onnx.md.j2`` has the few lines of Python
that use it; tests compare them with the Encoder.
"""

import sys

from tweetrnn.data.tokenizers import PATTERNS, PLAIN, URL, ranges
from tweetrnn.errors import UserError
from tweetrnn.files import read_parquet
from tweetrnn.wording import listed


def of_tweet(settings):
    """Return the steps of the tokenizer ``tweet``; ``settings`` are the section ``tokenize``.

    Pairs are a pattern and what to put in its place: those of ``plain`` before Unicode's NFC, then
    ``urls`` (only if ``may_have_urls`` is found, if there is such a key) and ``lengthened``.
    ``token`` finds the tokens.
    """
    characters = {}
    for code, to in PLAIN.items():
        characters.setdefault(to or "", []).append(code)
    plain = [[f"[{ranges(sorted(codes))}]", to] for to, codes in characters.items()]
    digits = ranges(code for code in range(sys.maxunicode + 1) if chr(code).isdigit())
    hint = rf"://|www\.|(?i:{PATTERNS['ending'].pattern})"
    return {
        "plain": [*plain, [PATTERNS["piledUp"].pattern, r"\1"]],
        # In folded text it is found wherever an address is.
        **({} if settings["fold_case"] else {"may_have_urls": hint}),
        "urls": [f"(?i:{PATTERNS['urls'].pattern})", f" {URL} "],
        "lengthened": [rf"(?![{digits}])(.)\1\1\1+", r"\1\1\1"],
        # Of text in ASCII it finds the same as the simpler pattern for that.
        "token": PATTERNS["token"].pattern,
    }


def of_whitespace(settings):
    """Return the steps of the tokenizer ``whitespace``: there are none."""
    return {}


RULES = {"tweet": of_tweet, "whitespace": of_whitespace}


def reading(settings, vocabulary):
    """Return what a program needs to turn a text into the model's input, as a dict for JSON.

    ``settings`` and ``vocabulary`` are those of ModelFiles.

    Raises:
        UserError: the tokenizer has no description here.
    """
    tokenize = settings["tokenize"]
    if tokenize["tokens"] not in RULES:
        raise UserError(
            f"--onnx: prediction/reading.py has no description of the tokens "
            f"{tokenize['tokens']} for other programs, only of {listed(RULES)}; add it there, or "
            "export without --onnx"
        )
    table = read_parquet(vocabulary, ["word", "id"])
    return {
        **tokenize,
        **RULES[tokenize["tokens"]](tokenize),
        **settings["sequence"],
        **{key: settings[key] for key in ("padding_id", "unknown_id", "labels")},
        "columns": dict(zip(table["word"].to_pylist(), table["id"].to_pylist(), strict=True)),
    }
