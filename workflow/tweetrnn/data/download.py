"""Stage download: fetches a corpus, resumes it when cut, and lets only the right bytes through.

What has arrived waits in FILE.part; it becomes FILE when its sha256 is the expected one.
"""

import hashlib
import http.client
import logging
import os
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from tweetrnn.errors import UserError

CHUNK = 1 << 16  # bytes asked for at a time
SLOWEST = 100  # bytes a second, on average over one timeout; less counts as hanging

log = logging.getLogger("tweetrnn")


class _CutError(Exception):
    """An attempt failed in a way that another may not."""


def download(corpus, *, config):
    """Fetch the corpus; config: corpus.url, corpus.sha256.

    Raises:
        UserError: as ``fetch`` does.
    """
    fetch(config["corpus"]["url"], config["corpus"]["sha256"], corpus)


def file_name(url):
    """Return a plain name for the file at ``url``, with its ending and without a query."""
    name = Path(urllib.parse.urlsplit(url).path).name
    return re.sub(r"[^\w.-]", "_", name).lstrip(".") or "corpus"


def fetch(url, sha256, output, attempts=5, timeout=60, wait=1, sleep=time.sleep):
    """Fetch ``url`` to ``output``.

    Args:
        url: http or https; redirects are followed, to these two only.
        sha256: 64 hexadecimal digits.
        output: the file; it appears only with the right content. ``output`` + ".part" holds what a
            failed call received, and the next call goes on from there.
        attempts: connections tried in all.
        timeout: seconds without a byte (or with next to none) after which one is given up.
        wait: seconds before the second attempt; doubled before each further one.
        sleep: waits that long.

    Raises:
        UserError: the server refuses, hands out other bytes, or fails at every attempt.
    """
    output = Path(output)
    part = output.with_name(output.name + ".part")
    url, named = _checked(url)
    sha256 = sha256.lower()
    with _disk(output):
        output.parent.mkdir(parents=True, exist_ok=True)
    opener = _opener()
    for attempt in range(1, attempts + 1):
        try:
            resumed, whole = _receive(opener, url, named, part, timeout)
            found, size = _hash(part)
            if found == sha256:
                os.replace(part, output)
                log.info("%s: %s bytes from %s", output, f"{size:,}", named)
                return
            begins = _beginning(part)
            if whole is None:
                raise _CutError(
                    f"{size:,} bytes came, with the sha256 {found} and not {sha256}; the server "
                    "does not say how many there are"
                )
            if not whole:
                raise _CutError(f"the connection was cut after {size:,} bytes")
            part.unlink()
            if not resumed:
                raise UserError(
                    f"corpus.url: {named} gave {size:,} bytes with the sha256\n  {found}, but "
                    f"corpus.sha256 is\n  {sha256}.{begins} Nothing was kept. Is the address "
                    "the file's own, and the sha256 that of its present version?"
                )
            raise _CutError("the pieces of several attempts do not make the expected file")
        except _CutError as error:
            if attempt == attempts:
                kept = f"; what arrived waits in {part} for the next try" if part.exists() else ""
                raise UserError(
                    f"corpus.url: {named} could not be downloaded in {attempts} attempts; "
                    f"the last: {error}{kept}. Try again later, or fetch the file by other means "
                    "and set corpus.kind to path"
                ) from None
            pause = wait * 2 ** (attempt - 1)
            log.info("attempt %d of %d: %s; again in %g s", attempt, attempts, error, pause)
            sleep(pause)


def _receive(opener, url, named, part, timeout):
    """Fetch what ``part`` lacks.

    Returns:
        Whether it went on from an earlier attempt's bytes, and whether the file is whole by the
        server's word (None where that says nothing).

    Raises:
        _CutError: it failed and may be tried again.
        UserError: it failed for good.
    """
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "tweetrnn"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with opener.open(request, timeout=timeout) as response:
            resumed = response.status == 206 and _begin_of(response) == have
            if response.status == 206 and not resumed:
                part.unlink()
                raise _CutError("the server sent another piece than was asked for")
            expected = response.length  # None where the server does not say
            chunked = response.chunked  # then the last chunk says that it is the last
            received = 0
            with _disk(part):
                stream = part.open("ab" if resumed else "wb", buffering=0)
            with stream:
                begun = time.monotonic()
                since = 0  # bytes in the present stretch of ``timeout`` seconds
                while chunk := response.read1(CHUNK):
                    with _disk(part):
                        stream.write(chunk)
                    received += len(chunk)
                    since += len(chunk)
                    if time.monotonic() - begun > timeout:
                        if since < SLOWEST * timeout:
                            raise _CutError(f"only {since:,} bytes in {timeout:g} seconds")
                        begun, since = time.monotonic(), 0
            return resumed, chunked or (None if expected is None else received == expected)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have:  # nothing lies beyond what is there
            return True, True
        if error.code < 400:
            raise UserError(
                f"corpus.url: {named} leads in circles, or to what is neither http nor https, "
                "which is not followed; give the address of the file itself"
            ) from None
        if error.code in (408, 425, 429) or error.code >= 500:
            raise _CutError(f"the server answered {error.code} {error.reason}") from None
        hint = {
            401: "it wants a login: fetch the file by hand and set corpus.kind to path",
            403: "it wants a login: fetch the file by hand and set corpus.kind to path",
            404: "there is no such file: correct the address",
            410: "the file is gone: find another address",
        }.get(error.code, "correct the address")
        raise UserError(
            f"corpus.url: {named} answered {error.code} {error.reason}; {hint}"
        ) from None
    except TimeoutError:
        raise _CutError(f"no answer within {timeout:g} seconds") from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise _CutError(f"no answer within {timeout:g} seconds") from None
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise UserError(
                f"corpus.url: {named} does not prove who it is ({error.reason})"
            ) from None
        raise _CutError(error.reason) from None
    except (http.client.HTTPException, OSError) as error:
        raise _CutError(str(error) or type(error).__name__) from None


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but only to http and https: urllib's own would go to FTP as well."""

    def redirect_request(self, request, answer, code, message, headers, target):
        if urllib.parse.urlsplit(target).scheme not in ("http", "https"):
            raise urllib.error.HTTPError(target, code, message, headers, answer)
        return super().redirect_request(request, answer, code, message, headers, target)


def _opener():
    """Return what opens http and https addresses and nothing else."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        _Redirects,
    ):
        opener.add_handler(handler())
    return opener


def _begin_of(response):
    """Return the position of a partial answer's first byte, -1 if it does not say."""
    value = response.headers.get("Content-Range", "")
    begin = value.removeprefix("bytes ").partition("-")[0].strip()
    return int(begin) if begin.isdecimal() else -1


@contextmanager
def _disk(path):
    """Tell the disk's faults from the network's: no reason to ask the server again."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written ({error.strerror}); run again when it can, which goes on "
            "from what is there"
        ) from None


def _hash(path):
    """Return a file's sha256 in hexadecimal and its size in bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest(), path.stat().st_size


def _beginning(path):
    with path.open("rb") as stream:
        head = stream.read(200).lstrip().lower()
    if head.startswith((b"<!doctype", b"<html")):
        return " They are a web page, perhaps a login."
    return ""


def _checked(url):
    """Return an address as servers take it, and as messages may show it.

    Raises:
        UserError: it is no address, or holds a password.
    """
    named = _without_secrets(url)
    try:
        parts = urllib.parse.urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        host = parts.netloc.encode("idna").decode("ascii")
    except ValueError:
        known = False
    if not known:
        raise UserError(f"corpus.url: {named!r} is not an address; expected http(s)://HOST/PATH")
    if "@" in parts.netloc:
        raise UserError(
            "corpus.url: holds a user name or a password, which would end up in logs; "
            "fetch the file by hand and set corpus.kind to path"
        )
    url = parts._replace(netloc=host, fragment="").geturl()
    return urllib.parse.quote(url, safe="%/:?[]!$&'()*+,;=~"), named


def _without_secrets(url):
    """Return the address without a user's name and password and without its query."""
    head, _, query = url.partition("?")
    scheme, slashes, rest = head.rpartition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}" + ("?..." if query else "")
