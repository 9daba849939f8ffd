"""Downloads from a real server on this machine that misbehaves as scripted."""

import errno
import hashlib
import os
import threading
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer

import pytest
from tweetrnn.data.download import download, fetch, file_name
from tweetrnn.errors import UserError

CONTENT = bytes(range(256)) * 1_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OTHER = b"<!DOCTYPE html><title>Log in</title>"


class Server(ThreadingHTTPServer):
    """Answers the n-th request by the n-th of ``script``'s functions, later ones by the last."""

    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.script, self.ranges, self.paths = [whole], [], []
        self.released = threading.Event()  # ends what hangs
        self.url = f"http://127.0.0.1:{self.server_port}/Tweets.csv"

    def server_bind(self):
        """Bind without looking up this machine's name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_port = self.server_address[1]

    def handle_error(self, request, client_address):
        """Ignore clients that disconnect, which tests expect."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """Answer as scripted, then close."""
        self.close_connection = True
        self.server.ranges.append(self.headers["Range"])
        self.server.paths.append(self.path)
        script = self.server.script
        script[min(len(self.server.ranges), len(script)) - 1](self)

    def log_message(self, *args):
        """Keep quiet."""

    def answer(self, status, body=b"", length=None, **headers):
        """Send an answer; ``length`` is what its header says, False for no header."""
        self.send_response(status)
        if length is not False:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)


def _begin(handler):
    asked = handler.headers["Range"]
    return int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0


def ranged(handler, end=None, content=CONTENT):
    """Answer with the requested range, and stop at ``end``."""
    begin = _begin(handler)
    if begin >= len(content):
        handler.answer(416, Content_Range=f"bytes */{len(content)}")
    elif handler.headers["Range"]:
        span = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        handler.answer(206, content[begin:end], len(content) - begin, Content_Range=span)
    else:
        handler.answer(200, content[:end], len(content))


def whole(handler):
    """Answer with the whole file, whatever was requested."""
    handler.answer(200, CONTENT)


def broken_at(end):
    return lambda handler: ranged(handler, end)


def status(code):
    return lambda handler: handler.answer(code, b"sorry")


def to(location):
    return lambda handler: handler.answer(302, Location=location)


def wrong(handler):
    handler.answer(200, OTHER)


@pytest.fixture
def server():
    """A server whose answers are those of its attribute ``script``."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


class Download:
    """One call of ``fetch``, and checks of what it wrote."""

    def __init__(self, server, folder):
        self.server, self.output, self.waits = server, folder / "deep" / "Tweets.csv", []
        self.part = self.output.with_name("Tweets.csv.part")

    def __call__(self, *script, url=None, sha256=SHA256, **options):
        self.server.script = list(script) or [ranged]
        options = {"timeout": 5, "sleep": self.waits.append, **options}
        fetch(url or self.server.url, sha256, self.output, **options)
        assert self.output.read_bytes() == CONTENT
        assert not self.part.exists()

    def fails(self, *script, match, **options):
        with pytest.raises(UserError, match=match) as caught:
            self(*script, **options)
        assert not self.output.exists()
        return str(caught.value)


@pytest.fixture
def run(server, tmp_path):
    return Download(server, tmp_path)


def test_a_file_is_downloaded_completely_and_no_part_is_left(run, server):
    run()
    assert server.ranges == [None]
    assert run.waits == []


def test_the_digest_may_be_in_upper_case(run):
    run(sha256=SHA256.upper())


def test_a_broken_download_continues_where_it_broke(run, server):
    run(broken_at(100_000), broken_at(150_000), ranged)
    assert server.ranges == [None, "bytes=100000-", "bytes=150000-"]
    assert run.waits == [1, 2]


def test_a_part_of_an_earlier_run_is_continued(run, server):
    run.fails(broken_at(70_000), match="could not be downloaded in 1 attempts", attempts=1)
    assert run.part.read_bytes() == CONTENT[:70_000]
    run()
    assert server.ranges[-1] == "bytes=70000-"


def test_a_server_that_ignores_range_starts_over(run, server):
    run(broken_at(100_000), whole)
    assert server.ranges == [None, "bytes=100000-"]


def test_a_server_that_sends_another_range_starts_over(run):
    def shifted(handler):
        handler.answer(206, CONTENT[7:], Content_Range=f"bytes 7-255999/{len(CONTENT)}")

    run(broken_at(100_000), shifted, ranged)


def test_an_old_part_of_another_file_is_discarded(run, server):
    run.part.parent.mkdir()
    run.part.write_bytes(b"something else")
    run()
    assert server.ranges == ["bytes=14-", None]


def test_an_old_part_longer_than_the_file_is_discarded(run, server):
    run.part.parent.mkdir()
    run.part.write_bytes(b"x" * (len(CONTENT) + 1))
    run()
    assert server.ranges == [f"bytes={len(CONTENT) + 1}-", None]


def test_a_part_that_is_complete_needs_no_more_bytes(run):
    run.part.parent.mkdir()
    run.part.write_bytes(CONTENT)
    run(ranged)


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_asked_again(run, code):
    run(status(code), status(code), ranged)
    assert run.waits == [1, 2]


def test_attempts_are_limited_and_waits_grow(run, server):
    message = run.fails(status(500), match="in 5 attempts; the last: the server answered 500")
    assert len(server.ranges) == 5
    assert run.waits == [1, 2, 4, 8]
    assert "corpus.kind to path" in message


@pytest.mark.parametrize(
    ("code", "hint"),
    [(404, "no such file"), (403, "login"), (401, "login"), (410, "gone"), (418, "")],
)
def test_a_refusal_is_final(run, server, code, hint):
    run.fails(status(code), match=f"answered {code} .*{hint}")
    assert len(server.ranges) == 1


def test_wrong_bytes_are_reported_with_both_digests_and_not_kept(run, server):
    message = run.fails(wrong, match="Nothing was kept")
    assert hashlib.sha256(OTHER).hexdigest() in message
    assert SHA256 in message
    assert "a web page, perhaps a login" in message
    assert not run.part.exists()
    assert len(server.ranges) == 1


def test_a_file_that_changed_between_two_attempts_is_downloaded_again(run, server):
    def older(handler):
        ranged(handler, 100_000, content=b"x" * len(CONTENT))

    run(older, ranged)
    assert server.ranges == [None, "bytes=100000-", None]


def test_a_length_that_is_too_large_does_no_harm(run):
    run(lambda handler: handler.answer(200, CONTENT, len(CONTENT) + 1_000))


def test_a_length_that_is_too_small_gives_an_error(run):
    message = run.fails(
        lambda handler: handler.answer(200, CONTENT, 1_000), match="sent 1,000 bytes"
    )
    assert hashlib.sha256(CONTENT[:1_000]).hexdigest() in message


def test_an_answer_without_a_length_is_read_to_its_end(run):
    run(lambda handler: handler.answer(200, CONTENT, length=False))


def test_an_answer_without_a_length_that_breaks_is_resumed(run, server):
    run(lambda handler: handler.answer(200, CONTENT[:9], length=False), ranged)
    assert server.ranges == [None, "bytes=9-"]


def test_wrong_bytes_without_a_length_are_reported_with_both_digests(run):
    message = run.fails(
        lambda handler: handler.answer(200, OTHER, length=False),
        match="does not say how many",
        attempts=2,
    )
    assert hashlib.sha256(OTHER).hexdigest() in message


def _chunked(handler, end):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for at in range(0, end, 50_000):
        piece = CONTENT[at : min(at + 50_000, len(CONTENT))]
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
    if end == len(CONTENT):
        handler.wfile.write(b"0\r\n\r\n")


def test_chunks_are_put_together(run):
    run(lambda handler: _chunked(handler, len(CONTENT)))


def test_chunks_that_end_early_are_resumed(run, server):
    run(lambda handler: _chunked(handler, 100_000), ranged)
    assert server.ranges == [None, "bytes=100000-"]


def test_redirects_are_followed_with_the_range(run, server):
    run(broken_at(100_000), to("/elsewhere"), ranged)
    assert server.paths[1:] == ["/Tweets.csv", "/elsewhere"]
    assert server.ranges[1:] == ["bytes=100000-", "bytes=100000-"]


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/x", "data:,x"])
def test_redirects_to_anything_but_http_are_refused(run, server, target):
    run.fails(to(target), match="which is not followed")
    assert len(server.ranges) == 1


def test_redirects_in_circles_are_refused(run):
    run.fails(to("/Tweets.csv"), match="redirects in circles")


@pytest.mark.slow
def test_a_server_that_never_answers_is_given_up(run, server):
    def hang(handler):
        server.released.wait(10)

    run(hang, ranged, timeout=0.2)
    assert run.waits == [1]


@pytest.mark.slow
def test_headers_that_drip_count_as_no_answer(run, server):
    def drip(handler):
        with suppress(OSError):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not server.released.wait(0.05):
                handler.wfile.write(b"X-Drop: x\r\n")

    run(drip, ranged, timeout=0.5)
    assert run.waits == [1]


@pytest.mark.parametrize("begin", [0, 7])
def test_a_first_answer_that_is_a_range_is_not_taken_for_the_file(run, begin):
    def part(handler):
        span = f"bytes {begin}-255999/{len(CONTENT)}"
        handler.answer(206, CONTENT[begin:1000], Content_Range=span)

    run(part, ranged)


@pytest.mark.parametrize(
    "script", [whole, partial(_chunked, end=len(CONTENT))], ids=["declared", "chunked"]
)
def test_no_more_is_downloaded_than_the_config_allows(run, script):
    run.fails(script, match="more than 0.001 MB; if it should, set corpus.max_mb", most=1000)
    assert not run.part.exists()


def test_words_of_a_server_cannot_act_on_the_terminal(run):
    def escape(handler):
        handler.send_response(404, "\x1b[2JGone")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    assert "\x1b" not in run.fails(escape, match=r"answered 404 \?\[2JGone")


def test_a_part_that_is_a_link_is_not_written_through(run, tmp_path):
    other = tmp_path / "other"
    other.write_text("mine")
    run.part.parent.mkdir()
    run.part.symlink_to(other)
    run()
    assert other.read_text() == "mine"


@pytest.mark.slow
def test_a_server_that_stops_in_the_middle_is_given_up_and_resumed(run, server):
    def stop(handler):
        ranged(handler, 100_000)
        server.released.wait(10)

    run(stop, ranged, timeout=0.2)
    assert server.ranges == [None, "bytes=100000-"]


@pytest.mark.slow
def test_a_server_that_trickles_counts_as_hanging(run, server):
    def trickle(handler):
        handler.answer(200, b"", len(CONTENT))
        with suppress(OSError):
            for at in range(1_000):
                if server.released.wait(0.05):
                    return
                handler.wfile.write(CONTENT[at : at + 1])

    run(trickle, ranged, timeout=0.3)
    assert len(server.ranges) == 2


def test_a_refused_connection_is_tried_again_and_reported(tmp_path):
    silent = Server()
    silent.server_close()
    with pytest.raises(UserError, match=r"in 2 attempts; the last: .*refused"):
        fetch(silent.url, SHA256, tmp_path / "x", attempts=2, sleep=lambda seconds: None)


@pytest.mark.parametrize(
    "url", ["ftp://host/x", "file:///etc/passwd", "http://", "http://[::1", "http://h:port/x", "x"]
)
def test_anything_but_a_web_address_is_refused(tmp_path, url):
    with pytest.raises(UserError, match="is not a web address"):
        fetch(url, SHA256, tmp_path / "x")


def test_passwords_are_refused_and_never_shown(tmp_path):
    with pytest.raises(UserError, match="password") as caught:
        fetch("http://me:secret@127.0.0.1/x", SHA256, tmp_path / "x")
    assert "secret" not in str(caught.value)


def test_a_query_which_may_contain_a_key_is_sent_but_never_shown(run, server):
    message = run.fails(status(404), match="404", url=server.url + "?key=secret")
    assert server.paths == ["/Tweets.csv?key=secret"]
    assert "secret" not in message


def test_spaces_and_other_letters_in_an_address_are_escaped(run, server):
    run(url=server.url.replace("Tweets", "My twé%20ets"))
    assert server.paths == ["/My%20tw%C3%A9%20ets.csv"]


def test_a_folder_that_cannot_be_written_is_reported_at_once(server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot be written"):
        fetch(server.url, SHA256, tmp_path / "file" / "x", sleep=pytest.fail)


def test_a_full_disk_is_reported_and_not_tried_again(run, server, monkeypatch):
    class Full:
        """A file without room for a byte."""

        def write(self, content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

    monkeypatch.setattr(Path, "open", lambda path, mode, buffering: Full())
    run.fails(ranged, match="No space left on device")
    assert len(server.ranges) == 1


def test_the_stage_downloads_the_corpus_of_the_config(server, tmp_path):
    config = {"corpus": {"url": server.url, "sha256": SHA256, "max_mb": 1}}
    download(str(tmp_path / "x.csv"), config=config)
    assert (tmp_path / "x.csv").read_bytes() == CONTENT
    server.script = [wrong]
    with pytest.raises(UserError, match="Nothing was kept"):
        download(str(tmp_path / "y.csv"), config=config)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.org/a/Tweets.csv", "Tweets.csv"),
        ("https://example.org/Tweets.csv?key=secret#x", "Tweets.csv"),
        ("https://example.org/my%20{tweets}.csv.gz", "my_20_tweets_.csv.gz"),
        (f"https://example.org/{'x' * 5000}.csv", f"{'x' * 46}.csv"),
        ("https://example.org/", "corpus"),
        ("https://example.org/..", "corpus"),
    ],
)
def test_the_downloaded_file_has_a_plain_name(url, name):
    assert file_name(url) == name
