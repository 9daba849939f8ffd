"""The tokenizers that ``tokenize.tokens`` offers, by name.

They are pure functions in linear time, and no token contains white space.
To add one: docs/extending.md. (NLTK's TweetTokenizer, the usual choice, is about ten times slower
and makes separate tokens of typographic apostrophes and variation selectors.)
"""

import html
import re
import unicodedata
from contextlib import suppress

URL = "<url>"  # the token that stands for every address


def whitespace(text):
    """Return the words between white space, unchanged."""
    return text.split()


# Characters that look the same to a reader, or are invisible.
PLAIN = {
    **dict.fromkeys(map(ord, "\u2018\u2019\u02bc\uff07"), "'"),
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e\uff02"), '"'),
    0x2026: "...",
    0xFF20: "@",
    0xFF03: "#",
    0x200B: " ",  # zero-width space
    # soft hyphen, directional marks, word joiner and the like, variation selectors, byte order mark
    **dict.fromkeys([0xAD, 0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070)]),
    **dict.fromkeys([*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), 0xFEFF]),
}


def ranges(codes):
    """Return ascending code points as the content of a character class."""
    spans = []
    for code in codes:
        if spans and code == spans[-1][1] + 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in spans)


# \w leaves out the combining marks that many scripts write vowels with. No script above U+1FFFF
# has any.
MARKS = ranges(c for c in range(0x300, 0x20000) if unicodedata.category(chr(c)).startswith("M"))
# NFC orders marks in quadratic time; "stream-safe" text (Unicode's UAX 15) has at most 30 in a row.
_PILED_UP = re.compile(rf"([{MARKS}]{{30}})[{MARKS}]+")

_PICTURE = (
    r"[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe"
    r"\u2600-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5"
    r"\U0001f200-\U0001faff]"
)
_EMOJI = (
    r"[\U0001f1e6-\U0001f1ff]{2}"  # a flag is two letters
    r"|[0-9\#*]\u20e3"  # keycap
    rf"|{_PICTURE}[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"  # skin tone, region tag
    rf"(?:\u200d{_PICTURE}[\U0001f3fb-\U0001f3ff]?)*"  # joined: families, professions
)

_ADDRESS = r"(?:[\w!#$%&'()*+,\-./:;=?@\[\]~|]*[\w/=#&\-])?"  # without a full stop after it
_ENDINGS = "com|org|net|edu|gov|int|info|io|co|uk|us|ly|gl|gd|me|tv|fm|be|de|fr|ca|au|eu|example"
_URLS = re.compile(
    rf"(?:https?://|\bwww\.){_ADDRESS}"
    r"|(?<![\w@.])(?:[\w.+\-]{1,64}@)?(?:[^\W_][\w\-]{0,62}\.){1,6}"
    rf"(?:{_ENDINGS})\b(?!\.\w)(?:/{_ADDRESS})?",
    re.IGNORECASE,
)
# Starts with a literal, so it is ten times faster than _URLS, which most tweets then do not need.
_ENDING = re.compile(rf"\.(?:{_ENDINGS})\b", re.IGNORECASE)
_LENGTHENED = re.compile(r"(.)\1\1\1+")  # faster than (.)\1{3,}


def _shorten(match):
    return match[0] if match[1].isdigit() else match[1] * 3


def _token_pattern(word, emoji):
    """Return the compiled pattern of a token.

    ``word`` is the pattern of a word's characters, one or more; ``emoji`` another one or None.
    """
    return re.compile(
        "|".join(
            [
                *([emoji] if emoji else []),
                r"(?:[^\W\d_]\.){2,}",  # u.s., a.m.
                r"\d+(?:[.,:/\-]\d+)+\w*",  # 3:45pm, 1,234.50, 1-800-555-0100
                rf"{word}(?:['\-]{word})*",  # words, contractions, compounds
                rf"[@#]{word}|\$(?=[^\W\d]){word}",
                r"[<>]?[:;=][\-^o']?[)(\[\]|/\\*]{1,3}",  # emoticons, as the next two
                r"(?<!\w)[:;=]-?[DdPpOoSsXx3](?!\w)",
                r"\(-?[:;](?!\w)|</?3+|\^[_.\-]*\^|-_+-|\u00af\\_\(\u30c4\)_/\u00af",
                r"</?[^\W\d]\w*>",  # HTML tags and placeholders
                r"\.+|!+|\?+|-+|\*+|,+|=+|~+",
                r"[^\s\x00-\x1f\x7f-\x9f\u200c\u200d]",  # any other visible character
            ]
        )
    )


_ASCII_TOKEN = _token_pattern(r"\w+", None)
# A joiner or non-joiner between two letters belongs to the word, in Sinhala, Bengali, Persian and
# others (Unicode's UAX 29); at a word's end it is invisible.
_LETTERS = rf"[\w{MARKS}]+"
_TOKEN = _token_pattern(rf"{_LETTERS}(?:[\u200c\u200d]+{_LETTERS})*", _EMOJI)
# What the playground translates to JavaScript, by the names that its script uses.
PATTERNS = {
    "piledUp": _PILED_UP,
    "ending": _ENDING,
    "urls": _URLS,
    "lengthened": _LENGTHENED,
    "asciiToken": _ASCII_TOKEN,
    "token": _TOKEN,
}


def tweet(text):
    """Return a tweet's tokens: words, mentions, hashtags, emoji, emoticons, numbers, punctuation.

    Addresses become ``URL``. A character repeated more than three times is cut to three (sooooo,
    !!!!!!), except digits. Text beyond ASCII is normalized to Unicode's NFC, and typographic quotes
    become plain ones; invisible characters and combining marks after the 30th in a row are removed.
    """
    token = _ASCII_TOKEN
    if not text.isascii():
        text = unicodedata.normalize("NFC", _PILED_UP.sub(r"\1", text.translate(PLAIN)))
        token = _TOKEN
    if "://" in text or "www." in text or _ENDING.search(text):
        text = _URLS.sub(f" {URL} ", text)
    return token.findall(_LENGTHENED.sub(_shorten, text))


TOKENIZERS = {"tweet": tweet, "whitespace": whitespace}


def tokenize_text(text, config):
    """Return the tokens of ``text``; ``config`` is the config's section ``tokenize``."""
    if config["unescape_entities"] and "&" in text:
        with suppress(ValueError):  # an entity with thousands of digits, which int() refuses
            text = html.unescape(text)
    if config["fold_case"]:
        text = text.casefold()
    return TOKENIZERS[config["tokens"]](text)
