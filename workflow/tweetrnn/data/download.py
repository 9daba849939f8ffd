"""Download: fetch a corpus, resume broken transfers, and accept only the expected bytes.

Received bytes are kept in FILE.part, which becomes FILE when its sha256 is the expected one.
"""

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
from tweetrnn.files import sha256_of

CHUNK = 1 << 16  # bytes asked for at a time
SLOWEST = 100  # bytes per second, averaged over one timeout; a slower server counts as hanging

log = logging.getLogger("tweetrnn")


class _RetryError(Exception):
    """An attempt failed for a reason that another attempt may not have."""


def download(corpus, *, config):
    """Download the corpus; config: corpus.url, corpus.sha256.

    Raises:
        UserError: as for ``fetch``.
    """
    fetch(config["corpus"]["url"], config["corpus"]["sha256"], corpus)


def file_name(url):
    """Return a plain file name for ``url``, with its extension and without a query."""
    name = Path(urllib.parse.urlsplit(url).path).name
    return re.sub(r"[^\w.-]", "_", name).lstrip(".") or "corpus"


def fetch(url, sha256, output, attempts=5, timeout=60, wait=1, sleep=time.sleep):
    """Download ``url`` to ``output``.

    Args:
        url: http or https; redirects are followed, but only to these two.
        sha256: 64 hexadecimal digits.
        output: the file; it appears only with the right content. ``output`` + ".part" has what a
            failed call received, and the next call continues from there.
        attempts: how many connections are tried.
        timeout: seconds without a byte (or with very few) after which a connection is given up.
        wait: seconds before the second attempt; doubled before each later one.
        sleep: a function that waits so many seconds.

    Raises:
        UserError: the server refuses, sends other bytes, or fails at every attempt.
    """
    output = Path(output)
    part = output.with_name(output.name + ".part")
    url, shown = _checked(url)
    with _writing(output):
        output.parent.mkdir(parents=True, exist_ok=True)
    opener = _opener()
    for attempt in range(1, attempts + 1):
        try:
            resumed, complete = _receive(opener, url, shown, part, timeout)
            _accept(part, output, sha256.lower(), shown, resumed, complete)
            return
        except _RetryError as error:
            if attempt == attempts:
                kept = f"; {part} has what arrived, for the next try" if part.exists() else ""
                raise UserError(
                    f"corpus.url: {shown} could not be downloaded in {attempts} attempts; "
                    f"the last: {error}{kept}. Try again later, or fetch the file by other means "
                    "and set corpus.kind to path"
                ) from None
            pause = wait * 2 ** (attempt - 1)
            log.info("attempt %d of %d: %s; again in %g s", attempt, attempts, error, pause)
            sleep(pause)


def _accept(part, output, sha256, shown, resumed, complete):
    """Rename what was received to ``output`` if it is the expected file.

    Args:
        part: the file with the received bytes.
        sha256: the expected one, in lower case.
        shown: the address for messages.
        resumed, complete: as ``_receive`` returns them.

    Raises:
        _RetryError: it is not, but another attempt may get it.
        UserError: the server has another file.
    """
    actual, size = sha256_of(part), part.stat().st_size
    if actual == sha256:
        os.replace(part, output)
        log.info("%s: %s bytes from %s", output, f"{size:,}", shown)
        return
    if complete is None:
        raise _RetryError(
            f"{size:,} bytes came, with the sha256 {actual} instead of {sha256}; the server does "
            "not say how many there are"
        )
    if not complete:
        raise _RetryError(f"the connection broke after {size:,} bytes")
    page = _is_web_page(part)
    part.unlink()
    if resumed:
        raise _RetryError("the bytes of several attempts do not make up the expected file")
    raise UserError(
        f"corpus.url: {shown} sent {size:,} bytes with the sha256\n  {actual}, but corpus.sha256 "
        f"is\n  {sha256}. {'They are a web page, perhaps a login. ' if page else ''}Nothing was "
        "kept. Is this the address of the file itself, and the sha256 that of its current version?"
    )


def _receive(opener, url, shown, part, timeout):
    """Download what ``part`` lacks.

    Returns:
        (resumed, complete): whether it continued from an earlier attempt's bytes, and whether
        the server says that the file is complete now (None where it does not say).

    Raises:
        _RetryError: it failed, but another attempt may succeed.
        UserError: it failed for good.
    """
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "tweetrnn"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with opener.open(request, timeout=timeout) as response:
            resumed = response.status == 206 and _start_of(response) == have
            if response.status == 206 and not resumed:
                part.unlink()
                raise _RetryError("the server sent another range than was requested")
            expected = response.length  # None where the server does not say
            chunked = response.chunked  # then the last chunk says that it is the last
            received = _copy(response, part, "ab" if resumed else "wb", timeout)
            return resumed, chunked or (None if expected is None else received == expected)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have:  # there is nothing after what part has
            return True, True
        raise _refusal(error, shown) from None
    except TimeoutError:
        raise _RetryError(f"no answer within {timeout:g} seconds") from None
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise _RetryError(f"no answer within {timeout:g} seconds") from None
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise UserError(
                f"corpus.url: {shown} has no valid certificate ({error.reason}); correct the "
                "address, or fetch the file by other means and set corpus.kind to path"
            ) from None
        raise _RetryError(error.reason) from None
    except (http.client.HTTPException, OSError) as error:
        raise _RetryError(str(error) or type(error).__name__) from None


def _copy(response, path, mode, timeout):
    """Write an answer's body to ``path``; return its length in bytes.

    Raises:
        _RetryError: it comes more slowly than SLOWEST.
    """
    with _writing(path):
        stream = path.open(mode, buffering=0)
    with stream:
        received = 0
        since, received_then = time.monotonic(), 0  # the start of a period of ``timeout`` seconds
        while chunk := response.read1(CHUNK):
            with _writing(path):
                stream.write(chunk)
            received += len(chunk)
            if time.monotonic() - since > timeout:
                if received - received_then < SLOWEST * timeout:
                    raise _RetryError(
                        f"only {received - received_then:,} bytes in {timeout:g} seconds"
                    )
                since, received_then = time.monotonic(), received
        return received


def _refusal(error, shown):
    """Return the exception for an HTTPError: UserError if it is final, else _RetryError."""
    if error.code < 400:
        return UserError(
            f"corpus.url: {shown} redirects in circles, or to an address that is not http(s), "
            "which is not followed; give the address of the file itself"
        )
    if error.code in (408, 425, 429) or error.code >= 500:
        return _RetryError(f"the server answered {error.code} {error.reason}")
    hint = {
        401: "it wants a login: fetch the file by hand and set corpus.kind to path",
        403: "it wants a login: fetch the file by hand and set corpus.kind to path",
        404: "there is no such file: correct the address",
        410: "the file is gone: find another address",
    }.get(error.code, "correct the address")
    return UserError(f"corpus.url: {shown} answered {error.code} {error.reason}; {hint}")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but only to http and https: urllib's own would go to FTP as well."""

    def redirect_request(self, request, answer, code, message, headers, target):
        if urllib.parse.urlsplit(target).scheme not in ("http", "https"):
            raise urllib.error.HTTPError(target, code, message, headers, answer)
        return super().redirect_request(request, answer, code, message, headers, target)


def _opener():
    """Return an opener for http and https addresses and nothing else."""
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


def _start_of(response):
    """Return the position of a partial answer's first byte, -1 if it does not say."""
    value = response.headers.get("Content-Range", "")
    begin = value.removeprefix("bytes ").partition("-")[0].strip()
    return int(begin) if begin.isdecimal() else -1


@contextmanager
def _writing(path):
    """Turn an OSError of the block into a UserError: the disk is at fault and not the server."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written ({error.strerror}); fix that and run again, which "
            "continues the download"
        ) from None


def _is_web_page(path):
    with path.open("rb") as stream:
        return stream.read(200).lstrip().lower().startswith((b"<!doctype", b"<html"))


def _checked(url):
    """Return (an address as servers accept it, the same as messages may show it).

    Raises:
        UserError: it is not a web address, or contains a password.
    """
    shown = _without_secrets(url)
    try:
        parts = urllib.parse.urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        host = parts.netloc.encode("idna").decode("ascii")
    except ValueError:
        known = False
    if not known:
        raise UserError(f"corpus.url: {shown!r} is not a web address; expected http(s)://HOST/PATH")
    if "@" in parts.netloc:
        raise UserError(
            "corpus.url: contains a user name or a password, which would end up in logs; "
            "fetch the file by hand and set corpus.kind to path"
        )
    url = parts._replace(netloc=host, fragment="").geturl()
    return urllib.parse.quote(url, safe="%/:?[]!$&'()*+,;=~"), shown


def _without_secrets(url):
    """Return the address without user name, password and query."""
    head, _, query = url.partition("?")
    scheme, slashes, rest = head.rpartition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}" + ("?..." if query else "")
