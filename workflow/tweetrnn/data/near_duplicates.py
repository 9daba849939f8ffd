"""What is left of a tweet when it is retweeted, addressed to somebody or given another link."""

import functools
import string

from tweetrnn.data.tokenizers import URL

# At the ends of words and alone. Without "@" and "#", which begin handles and hashtags.
_PUNCTUATION = "".join(set(string.punctuation) - {"@", "#"}) + "…‘’“”«»¡¿–—"


def content(tokens):
    """Return a tweet's tokens without "RT" at its beginning, handles, links and punctuation.

    Tweets with the same content, if there is any, are near-duplicates.
    """
    words = [word for word in map(_word, tokens) if word]
    start = 0
    while start < len(words) and words[start].casefold() == "rt":
        start += 1
    return words[start:]


@functools.lru_cache(maxsize=1 << 16)
def _word(token):
    """Return a token without punctuation around it; empty for a handle, a link or punctuation."""
    if token == URL or "://" in token or token.startswith("www."):
        return ""
    word = token.strip(_PUNCTUATION)
    return "" if word.startswith("@") or word == "#" else word
