"""Downloads from a real server on this machine that misbehaves as it is told to."""

import hashlib
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

import pytest
from tweetrnn.__main__ import main as command_line
from tweetrnn.data.download import download, file_name
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
        """Bind without the look-up of this machine's name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_port = self.server_address[1]

    def handle_error(self, request, client_address):
        """A client that goes away is part of the game."""


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
        """Send an answer; ``length`` is what it claims, False for none."""
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
    """Answer with the piece asked for, and cut it at ``end``."""
    begin = _begin(handler)
    if begin >= len(content):
        handler.answer(416, Content_Range=f"bytes */{len(content)}")
    elif handler.headers["Range"]:
        span = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        handler.answer(206, content[begin:end], len(content) - begin, Content_Range=span)
    else:
        handler.answer(200, content[:end], len(content))


def whole(handler):
    """Answer with everything, whatever was asked for."""
    handler.answer(200, CONTENT)


def cut_at(end):
    return lambda handler: ranged(handler, end)


def status(code):
    return lambda handler: handler.answer(code, b"sorry")


def to(location):
    return lambda handler: handler.answer(302, Location=location)


def wrong(handler):
    handler.answer(200, OTHER)


@pytest.fixture
def server():
    """A server that is scripted by its attribute ``script``."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


class Fetched:
    """One call of ``download`` and what it left."""

    def __init__(self, server, folder):
        self.server, self.output, self.waits = server, folder / "deep" / "Tweets.csv", []
        self.part = self.output.with_name("Tweets.csv.part")

    def __call__(self, *script, url=None, sha256=SHA256, **options):
        self.server.script = list(script) or [ranged]
        options = {"timeout": 5, "sleep": self.waits.append, **options}
        download(url or self.server.url, sha256, self.output, **options)
        assert self.output.read_bytes() == CONTENT
        assert not self.part.exists()

    def fails(self, *script, match, **options):
        with pytest.raises(UserError, match=match) as caught:
            self(*script, **options)
        assert not self.output.exists()
        return str(caught.value)


@pytest.fixture
def fetch(server, tmp_path):
    return Fetched(server, tmp_path)


def test_a_file_arrives_whole_and_no_part_stays(fetch, server):
    fetch()
    assert server.ranges == [None]
    assert fetch.waits == []


def test_an_upper_case_digest_is_as_good(fetch):
    fetch(sha256=SHA256.upper())


def test_a_cut_download_goes_on_where_it_was_cut(fetch, server):
    fetch(cut_at(100_000), cut_at(150_000), ranged)
    assert server.ranges == [None, "bytes=100000-", "bytes=150000-"]
    assert fetch.waits == [1, 2]


def test_a_part_of_an_earlier_run_is_taken_up(fetch, server):
    fetch.fails(cut_at(70_000), match="could not be downloaded in 1 attempts", attempts=1)
    assert fetch.part.read_bytes() == CONTENT[:70_000]
    fetch()
    assert server.ranges[-1] == "bytes=70000-"


def test_a_server_that_ignores_range_starts_over(fetch, server):
    fetch(cut_at(100_000), whole)
    assert server.ranges == [None, "bytes=100000-"]


def test_a_server_that_sends_another_piece_starts_over(fetch):
    def shifted(handler):
        handler.answer(206, CONTENT[7:], Content_Range=f"bytes 7-255999/{len(CONTENT)}")

    fetch(cut_at(100_000), shifted, ranged)


def test_an_old_part_of_another_file_is_thrown_away(fetch, server):
    fetch.part.parent.mkdir()
    fetch.part.write_bytes(b"something else")
    fetch()
    assert server.ranges == ["bytes=14-", None]


def test_an_old_part_longer_than_the_file_is_thrown_away(fetch, server):
    fetch.part.parent.mkdir()
    fetch.part.write_bytes(b"x" * (len(CONTENT) + 1))
    fetch()
    assert server.ranges == [f"bytes={len(CONTENT) + 1}-", None]


def test_a_part_that_is_whole_already_needs_no_more_bytes(fetch):
    fetch.part.parent.mkdir()
    fetch.part.write_bytes(CONTENT)
    fetch(ranged)


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_asked_again(fetch, code):
    fetch(status(code), status(code), ranged)
    assert fetch.waits == [1, 2]


def test_attempts_are_bounded_and_waits_grow(fetch, server):
    message = fetch.fails(status(500), match="in 5 attempts; the last: the server answered 500")
    assert len(server.ranges) == 5
    assert fetch.waits == [1, 2, 4, 8]
    assert "corpus.kind to path" in message


@pytest.mark.parametrize(
    ("code", "hint"),
    [(404, "no such file"), (403, "login"), (401, "login"), (410, "gone"), (418, "")],
)
def test_a_refusal_is_final(fetch, server, code, hint):
    fetch.fails(status(code), match=f"answered {code} .*{hint}")
    assert len(server.ranges) == 1


def test_wrong_bytes_are_told_with_both_digests_and_not_kept(fetch, server):
    message = fetch.fails(wrong, match="Nothing was kept")
    assert hashlib.sha256(OTHER).hexdigest() in message
    assert SHA256 in message
    assert "a web page, perhaps a login" in message
    assert not fetch.part.exists()
    assert len(server.ranges) == 1


def test_a_file_that_changed_between_two_attempts_is_fetched_anew(fetch, server):
    def older(handler):
        ranged(handler, 100_000, content=b"x" * len(CONTENT))

    fetch(older, ranged)
    assert server.ranges == [None, "bytes=100000-", None]


def test_a_length_that_is_too_great_does_no_harm(fetch):
    fetch(lambda handler: handler.answer(200, CONTENT, len(CONTENT) + 1_000))


def test_a_length_that_is_too_small_gives_an_error(fetch):
    message = fetch.fails(
        lambda handler: handler.answer(200, CONTENT, 1_000), match="gave 1,000 bytes"
    )
    assert hashlib.sha256(CONTENT[:1_000]).hexdigest() in message


def test_an_answer_without_a_length_is_read_to_its_end(fetch):
    fetch(lambda handler: handler.answer(200, CONTENT, length=False))


def test_an_answer_without_a_length_that_is_cut_is_resumed(fetch, server):
    fetch(lambda handler: handler.answer(200, CONTENT[:9], length=False), ranged)
    assert server.ranges == [None, "bytes=9-"]


def test_wrong_bytes_without_a_length_are_told_with_both_digests(fetch):
    message = fetch.fails(
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


def test_chunks_are_put_together(fetch):
    fetch(lambda handler: _chunked(handler, len(CONTENT)))


def test_chunks_that_end_early_are_resumed(fetch, server):
    fetch(lambda handler: _chunked(handler, 100_000), ranged)
    assert server.ranges == [None, "bytes=100000-"]


def test_redirects_are_followed_with_the_range(fetch, server):
    fetch(cut_at(100_000), to("/elsewhere"), ranged)
    assert server.paths[1:] == ["/Tweets.csv", "/elsewhere"]
    assert server.ranges[1:] == ["bytes=100000-", "bytes=100000-"]


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/x", "data:,x"])
def test_redirects_to_anything_but_http_are_refused(fetch, server, target):
    fetch.fails(to(target), match="which is not followed")
    assert len(server.ranges) == 1


def test_redirects_in_circles_are_refused(fetch):
    fetch.fails(to("/Tweets.csv"), match="leads in circles")


@pytest.mark.slow
def test_a_server_that_never_answers_is_given_up(fetch, server):
    def hang(handler):
        server.released.wait(10)

    fetch(hang, ranged, timeout=0.2)
    assert fetch.waits == [1]


@pytest.mark.slow
def test_a_server_that_stops_in_the_middle_is_given_up_and_resumed(fetch, server):
    def stop(handler):
        ranged(handler, 100_000)
        server.released.wait(10)

    fetch(stop, ranged, timeout=0.2)
    assert server.ranges == [None, "bytes=100000-"]


@pytest.mark.slow
def test_a_server_that_trickles_counts_as_hanging(fetch, server):
    def trickle(handler):
        handler.answer(200, b"", len(CONTENT))
        with suppress(OSError):
            for at in range(1_000):
                if server.released.wait(0.05):
                    return
                handler.wfile.write(CONTENT[at : at + 1])

    fetch(trickle, ranged, timeout=0.3)
    assert len(server.ranges) == 2


def test_nobody_listening_is_tried_again_and_told(tmp_path):
    silent = Server()
    silent.server_close()
    with pytest.raises(UserError, match=r"in 2 attempts; the last: .*refused"):
        download(silent.url, SHA256, tmp_path / "x", attempts=2, sleep=lambda seconds: None)


@pytest.mark.parametrize(
    "url", ["ftp://host/x", "file:///etc/passwd", "http://", "http://[::1", "http://h:port/x", "x"]
)
def test_what_is_no_web_address_is_refused(tmp_path, url):
    with pytest.raises(UserError, match="is not an address"):
        download(url, SHA256, tmp_path / "x")


def test_passwords_are_refused_and_never_shown(tmp_path):
    with pytest.raises(UserError, match="password") as caught:
        download("http://me:secret@127.0.0.1/x", SHA256, tmp_path / "x")
    assert "secret" not in str(caught.value)


def test_a_query_which_may_hold_a_key_is_sent_but_never_shown(fetch, server):
    message = fetch.fails(status(404), match="404", url=server.url + "?key=secret")
    assert server.paths == ["/Tweets.csv?key=secret"]
    assert "secret" not in message


def test_spaces_and_other_letters_in_an_address_are_escaped(fetch, server):
    fetch(url=server.url.replace("Tweets", "My twé%20ets"))
    assert server.paths == ["/My%20tw%C3%A9%20ets.csv"]


def test_a_folder_that_cannot_be_written_is_told_at_once(server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot be written"):
        download(server.url, SHA256, tmp_path / "file" / "x", sleep=pytest.fail)


def test_a_full_disk_is_told_and_not_tried_again(fetch, server):
    fetch.output.parent.mkdir()
    fetch.part.symlink_to("/dev/full")
    fetch.fails(ranged, match="No space left on device")
    assert len(server.ranges) == 1


def test_the_command_line_downloads_and_tells_errors_in_one_line(server, tmp_path, capsys):
    output = tmp_path / "x.csv"
    options = ["download", "--url", server.url, "--sha256", SHA256, "--output", str(output)]
    assert command_line(options) == 0
    assert output.read_bytes() == CONTENT
    server.script = [wrong]
    assert command_line(options) == 1
    assert "Nothing was kept" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url, name",
    [
        ("https://example.org/a/Tweets.csv", "Tweets.csv"),
        ("https://example.org/Tweets.csv?key=secret#x", "Tweets.csv"),
        ("https://example.org/my%20{tweets}.csv.gz", "my_20_tweets_.csv.gz"),
        ("https://example.org/", "corpus"),
        ("https://example.org/..", "corpus"),
    ],
)
def test_downloaded_file_has_a_plain_name(url, name):
    assert file_name(url) == name
