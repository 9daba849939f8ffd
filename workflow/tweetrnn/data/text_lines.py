"""The lines of a file as text, whatever its compression, encoding and line ends are."""

import codecs
import contextlib
import gzip
import io
import re
import zlib

from tweetrnn.errors import UserError
from tweetrnn.wording import setting

MAX_LINE = 1 << 24  # characters of a line or an open text: anything longer is no table of tweets
_BOMS = {
    codecs.BOM_UTF32_LE: "utf-32",  # starts with UTF-16's mark, so it comes first
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8",
}


def unpacked(stream, name):
    """Return a binary stream without its gzip compression, if it has one, and its first bytes.

    Raises:
        UserError: the compressed data are damaged; ``name`` is the file's.
    """
    if not hasattr(stream, "peek"):
        stream = io.BufferedReader(stream)
    if stream.peek(2).startswith(b"\x1f\x8b"):
        stream = gzip.GzipFile(fileobj=stream)
    with damaged_gzip_refused(name):
        return stream, stream.peek(4096)


@contextlib.contextmanager
def damaged_gzip_refused(name):
    """Turn the errors of reading damaged gzip data into a UserError."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(f"{name}: damaged gzip data ({error}); copy the file again") from None


def bom_encoding(head):
    """Return the encoding that a byte order mark at the start of ``head`` stands for, or None."""
    return next((name for bom, name in _BOMS.items() if head.startswith(bom)), None)


def codec_name(encoding, section):
    """Return the standard name of a text encoding, the key ``encoding`` of a config's section."""
    try:
        "".encode(encoding)  # refuses base64, zip and other codecs that are not text encodings
        return codecs.lookup(encoding).name
    except (LookupError, ValueError):
        raise UserError(
            f"{section}.encoding: {encoding!r} is not a text encoding that Python knows; "
            "expected a name such as utf-8, latin-1, cp1252 or utf-16"
        ) from None


def text_lines(stream, name, encoding, section):
    """Yield the lines of a binary stream as text; they may end with \\n, \\r\\n or \\r.

    Args:
        name: of the stream, for messages.
        encoding: its character encoding; a byte order mark is skipped.
        section: of the config, whose key ``encoding`` a message names.

    Raises:
        UserError: the bytes are damaged or not in that encoding, or a line is too long.
    """
    if codecs.lookup(encoding).name == "utf-8":
        encoding = "utf-8-sig"
    text, number = io.TextIOWrapper(stream, encoding, newline=""), 0
    try:
        with damaged_gzip_refused(name):
            while line := text.readline(MAX_LINE):
                number += 1
                if len(line) == MAX_LINE:
                    raise UserError(
                        f"{name}, line {number}: longer than {MAX_LINE:,} characters; expected a "
                        "table with a tweet on each line, or JSON Lines, one object per line"
                    )
                yield line if number > 1 else line.lstrip("\ufeff")  # some files have two marks
    except UnicodeError as error:
        if isinstance(error, UnicodeDecodeError):  # the lines before are in the same piece
            with contextlib.suppress(UnicodeError):  # idna does not know "replace"
                before = error.object[: error.start].decode(encoding, "replace")
                number += len(re.findall("\r\n|\r|\n", before))
        encoding = encoding.removesuffix("-sig")
        raise UserError(_undecodable(name, number + 1, error, encoding, section)) from None
    finally:
        with contextlib.suppress(ValueError):  # it is closed
            text.detach()


def _undecodable(name, line, error, encoding, section):
    """Return the message for a file that is not in its encoding: where, and what it could be."""
    if not isinstance(error, UnicodeDecodeError):  # UTF-16 without a byte order mark
        return f"{name}: not {encoding} ({error}); {setting(section, 'encoding', 'another')}"
    if error.reason in ("unexpected end of data", "truncated data"):
        return f"{name}: ends in the middle of a character; is the copy incomplete? Copy it again"
    source, start = error.object, error.start
    text = f"{name}, line {line}: the byte 0x{source[start]:02x} is not {encoding}"
    if codecs.lookup(encoding).name not in ("utf-8", "ascii"):
        how = setting(section, "encoding", "the file's encoding")
        return f"{text}; {how}, such as utf-8 or cp1252"
    passage = source[max(start - 10, 0) : start + 10]
    likely, known_as = "latin-1", "Latin-1"
    if re.search(rb"[\x80-\x9f]", passage):  # control characters there, letters in Windows' own
        likely, known_as = "cp1252", "Windows-1252"
    return (
        f"{text}; in {known_as} the passage reads {passage.decode(likely, 'replace')!r}. If that "
        f"looks right, {setting(section, 'encoding', likely)}; else convert the file to UTF-8"
    )
