"""How a text becomes tokens: what ``tokenize.tokens`` offers, by name.

The functions are pure, take time in proportion to the text, and no token holds white space. To add
one: docs/extending.md. (NLTK's TweetTokenizer, the usual choice, takes some ten times as long and
cuts typographic apostrophes and variation selectors off as tokens of their own.)
"""

import html
import re
import unicodedata
from contextlib import suppress

URL = "<url>"  # the token that stands for every address


def whitespace(text):
    """Return what white space parts, nothing changed."""
    return text.split()


# Characters that a reader does not tell apart, or does not see.
PLAIN = {
    **dict.fromkeys(map(ord, "\u2018\u2019\u02bc\uff07"), "'"),
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e\uff02"), '"'),
    0x2026: "...",
    0xFF20: "@",
    0xFF03: "#",
    0x200B: " ",  # zero-width space
    # soft hyphen, directional marks, word joiner and its like, variation selectors, byte order mark
    **dict.fromkeys([0xAD, 0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070)]),
    **dict.fromkeys([*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), 0xFEFF]),
}


def ranges(codes):
    """Return ascending code points as the inside of a character class."""
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
# Ordering marks takes quadratic time; "stream-safe" text (Unicode's UAX 15) has 30 in a row.
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

_ADDRESS = r"(?:[\w!#$%&'()*+,\-./:;=?@\[\]~|]*[\w/=#&\-])?"  # a full stop after it is not its own
_ENDINGS = "com|org|net|edu|gov|int|info|io|co|uk|us|ly|gl|gd|me|tv|fm|be|de|fr|ca|au|eu|example"
_URLS = re.compile(
    rf"(?:https?://|\bwww\.){_ADDRESS}"
    r"|(?<![\w@.])(?:[\w.+\-]{1,64}@)?(?:[^\W_][\w\-]{0,62}\.){1,6}"
    rf"(?:{_ENDINGS})\b(?!\.\w)(?:/{_ADDRESS})?",
    re.IGNORECASE,
)
# Begins with a literal, so that it is found some ten times as fast; it spares most tweets _URLS.
_ENDING = re.compile(rf"\.(?:{_ENDINGS})\b", re.IGNORECASE)
_LENGTHENED = re.compile(r"(.)\1\1\1+")  # the repeats spelt out are faster than {3,}


def _shorten(match):
    return match[0] if match[1].isdigit() else match[1] * 3


def _token_pattern(word, emoji):
    """Return the compiled pattern of a token.

    ``word`` is the inside of the class of word characters; ``emoji`` a pattern, or None.
    """
    return re.compile(
        "|".join(
            [
                *([emoji] if emoji else []),
                r"(?:[^\W\d_]\.){2,}",  # u.s., a.m.
                r"\d+(?:[.,:/\-]\d+)+\w*",  # 3:45pm, 1,234.50, 1-800-555-0100
                rf"[{word}]+(?:['\-][{word}]+)*",  # words, contractions, compounds
                rf"[@#][{word}]+|\$[^\W\d][{word}]*",
                r"[<>]?[:;=][\-^o']?[)(\[\]|/\\*]{1,3}",  # emoticons, as the next two
                r"(?<!\w)[:;=]-?[DdPpOoSsXx3](?!\w)",
                r"\(-?[:;](?!\w)|</?3+|\^[_.\-]*\^|-_+-|\u00af\\_\(\u30c4\)_/\u00af",
                r"</?[^\W\d]\w*>",  # HTML tags and placeholders
                r"\.+|!+|\?+|-+|\*+|,+|=+|~+",
                r"[^\s\x00-\x1f\x7f-\x9f\u200c\u200d]",  # any other visible character
            ]
        )
    )


_ASCII_TOKEN = _token_pattern(r"\w", None)
_TOKEN = _token_pattern(rf"\w{MARKS}\u200c", _EMOJI)
# What playground translates, by the names that its script has for them.
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

    Addresses become ``URL``; a character repeated more than three times is cut to three (sooooo,
    !!!!!!); digits are left alone. Text beyond ASCII is brought into Unicode's NFC, typographic
    quotes become plain ones; invisible characters go, and combining marks after the 30th in a row.
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
    """Return ``text``'s tokens as the config's section ``tokenize`` asks for."""
    if config["unescape_entities"] and "&" in text:
        with suppress(ValueError):  # an entity with thousands of digits, which int() refuses
            text = html.unescape(text)
    if config["fold_case"]:
        text = text.casefold()
    return TOKENIZERS[config["tokens"]](text)
