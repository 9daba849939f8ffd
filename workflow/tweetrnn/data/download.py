"""Download: fetch a corpus, resume broken transfers, and accept only the expected bytes.

Received bytes are kept in FILE.part, which becomes FILE when its sha256 is the expected one.
"""

import http.client
import logging
import os
import re
import socket
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from tweetrnn.errors import UserError
from tweetrnn.files import sha256_of

CHUNK = 1 << 16  # bytes asked for at a time
SLOWEST = 100  # bytes per second, averaged over the timeout; a slower server counts as hanging

log = logging.getLogger("tweetrnn")


class _RetryError(Exception):
    """An attempt failed, but another one may succeed."""


def download(corpus, *, config):
    """Download the corpus; config: corpus.url, corpus.sha256, corpus.max_mb."""
    source = config["corpus"]
    fetch(source["url"], source["sha256"], corpus, most=source["max_mb"] * 10**6)


def file_name(url):
    """Return a plain file name for ``url``, the last 50 characters, without a query."""
    name = Path(urllib.parse.urlsplit(url).path).name
    return re.sub(r"[^\w.-]", "_", name)[-50:].lstrip(".") or "corpus"


def fetch(url, sha256, output, most=10**9, attempts=5, timeout=60, wait=1, sleep=time.sleep):
    """Download ``url`` to ``output``.

    Args:
        url: http or https; redirects are followed, but only to these two.
        sha256: of the file, in hexadecimal.
        output: the file, which appears only with the right content.
        most: the most bytes that are taken.
        attempts: how many connections are tried.
        timeout: seconds without a byte (or with very few), or until the headers have come, after
            which a connection is given up.
        wait: seconds before the second attempt; doubled before each later one.
        sleep: waits that many seconds.

    Raises:
        UserError: the server refuses, sends other bytes, or fails at every attempt.
    """
    output = Path(output)
    part = output.with_name(output.name + ".part")
    url, shown = _checked(url)
    with _writing(output):
        output.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, attempts + 1):
        try:
            resumed, complete = _receive(url, shown, part, most, timeout)
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
    """Rename ``part`` to ``output`` if it is the expected file, or say why it is not.

    ``resumed`` and ``complete`` are as ``_receive`` returns them.
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
    with part.open("rb") as stream:
        page = stream.read(200).lstrip().lower().startswith((b"<!doctype", b"<html"))
    part.unlink()
    if resumed:
        raise _RetryError("the bytes of several attempts do not make up the expected file")
    raise UserError(
        f"corpus.url: {shown} sent {size:,} bytes with the sha256\n  {actual}, but corpus.sha256 "
        f"is\n  {sha256}. {'They are a web page, perhaps a login. ' if page else ''}Nothing was "
        "kept. Is this the address of the file itself, and the sha256 that of its current version?"
    )


def _receive(url, shown, part, most, timeout):
    """Download what ``part`` lacks; return (resumed, complete).

    ``resumed``: whether it continued from an earlier attempt's bytes. ``complete``: whether the
    server says that the file is complete now (None where it does not say).
    """
    if part.is_symlink():  # nobody's to write through
        part.unlink()
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "tweetrnn"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        opener = urllib.request.build_opener(_Redirects, _Http, _Https)
        with opener.open(request, timeout=timeout) as response:
            sent = response.headers.get("Content-Range", "").lower()
            resumed = response.status == 206 and sent.startswith(f"bytes {have}-")
            if response.status == 206 and not resumed:
                part.unlink(missing_ok=True)
                raise _RetryError("the server sent another range than was requested")
            expected = response.length  # None where the server does not say
            chunked = response.chunked  # then the last chunk says that it is the last
            left = most - (have if resumed else 0)
            if (expected or 0) > left:
                raise _too_large(shown, most)
            received = _copy(response, part, "ab" if resumed else "wb", left, timeout)
            if received > left:
                part.unlink()
                raise _too_large(shown, most)
            return resumed, chunked or (None if expected is None else received == expected)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have:  # there is nothing after what part has
            return True, True
        raise _refusal(error, shown) from None
    except (http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", error)  # of a URLError
        if isinstance(reason, TimeoutError):
            raise _RetryError(f"no answer within {timeout:g} seconds") from None
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise UserError(
                f"corpus.url: {shown} has no valid certificate ({reason}); correct the "
                "address, or fetch the file by other means and set corpus.kind to path"
            ) from None
        raise _RetryError(printable(reason) or type(reason).__name__) from None


def printable(text):
    """Return a server's words without what would act on a terminal, and not too many of them."""
    return "".join(c if c.isprintable() else "?" for c in str(text))[:200]


def _too_large(shown, most):
    return UserError(
        f"corpus.url: {shown} has more than {most / 10**6:,g} MB; if it should, set corpus.max_mb"
    )


def _copy(response, path, mode, most, timeout):
    """Write an answer's body to ``path``; return its length in bytes, above ``most`` only just."""
    with _writing(path):
        stream = path.open(mode, buffering=0)
    with stream:
        received, since, recent = 0, time.monotonic(), 0  # recent: bytes since then
        while received <= most and (chunk := response.read1(CHUNK)):
            with _writing(path):
                stream.write(chunk)
            received, recent = received + len(chunk), recent + len(chunk)
            if time.monotonic() - since > timeout:
                if recent < SLOWEST * timeout:
                    raise _RetryError(f"only {recent:,} bytes in {timeout:g} seconds")
                since, recent = time.monotonic(), 0
        return received


def _refusal(error, shown):
    """Return the exception for an HTTPError: UserError if it is final, else _RetryError."""
    if error.code < 400:
        return UserError(
            f"corpus.url: {shown} redirects in circles, or to an address that is not http(s), "
            "which is not followed; give the address of the file itself"
        )
    if error.code in (408, 425, 429) or error.code >= 500:
        return _RetryError(f"the server answered {error.code} {printable(error.reason)}")
    login = "it wants a login: fetch the file by hand and set corpus.kind to path"
    hint = {
        401: login,
        403: login,
        404: "there is no such file: correct the address",
        410: "the file is gone: find another address",
    }.get(error.code, "correct the address")
    return UserError(f"corpus.url: {shown} answered {error.code} {printable(error.reason)}; {hint}")


class _Connection(http.client.HTTPConnection):
    """Gives up when the headers have not come in time, even if a byte comes now and then."""

    def getresponse(self):
        """Return the answer, as soon as its headers are there."""
        timer = threading.Timer(self.timeout, self.sock.shutdown, [socket.SHUT_RDWR])
        timer.start()
        try:
            return super().getresponse()
        finally:
            timer.cancel()


class _SecureConnection(_Connection, http.client.HTTPSConnection):
    """The same for https."""


class _Http(urllib.request.HTTPHandler):
    def http_open(self, request):
        """Open with that connection."""
        return self.do_open(_Connection, request)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, request):
        """Open with that connection."""
        return self.do_open(_SecureConnection, request, context=self._context)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but only to http and https: urllib's own would go to FTP as well."""

    def redirect_request(self, request, answer, code, message, headers, target):
        if urllib.parse.urlsplit(target).scheme not in ("http", "https"):
            raise urllib.error.HTTPError(target, code, message, headers, answer)
        return super().redirect_request(request, answer, code, message, headers, target)


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


def _checked(url):
    """Return (an address as servers accept it, the same without query, user name and password)."""
    head, query_mark, _ = url.partition("?")
    scheme, slashes, rest = head.rpartition("://")
    host, slash, path = rest.partition("/")
    shown = f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}"
    shown += "?..." if query_mark else ""
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
