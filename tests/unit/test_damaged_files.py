"""Whatever a file contains: it is read or refused with our own message, soon and for training and
predictions alike."""

import encodings.aliases
import io
import time

import pytest
from example_written import WRITERS
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn.data.corpus import Corpus
from tweetrnn.data.formats import HOW
from tweetrnn.errors import UserError
from tweetrnn.prediction import records

pytestmark = pytest.mark.slow  # tries many files

SECONDS = 5  # of the CPU, for files of at most a few MB; they need a tenth of it
LONGEST = 3_000  # characters of a message
FRAGMENTS = [
    *[
        b'"',
        b",",
        b"\t",
        b"\n",
        b"\r",
        b"\r\n",
        b"\0",
        b"\xff",
        b"\\",
        b"[",
        b"{",
        b"]}",
        b"[" * 5_000,
    ],
    *[
        b"PAR1",
        b"\x1f\x8b",
        b"\x1f\x8b\x08\0\0\0\0\0\0\xff",
        b"PK\x03\x04",
        b"\xff\xfe",
        b"\xfe\xff",
    ],
    *[b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xd8\x00", b'{"a":1}', b"1e999", b"NaN", b"9" * 5_000],
]
places = st.floats(0, 1)
changes = st.lists(
    st.one_of(
        st.tuples(st.just("put"), places, st.binary(max_size=8) | st.sampled_from(FRAGMENTS)),
        st.tuples(st.just("flip"), places, st.integers(1, 255)),
        st.tuples(st.just("cut"), places, st.integers(1, 200)),
        st.tuples(st.just("end"), places, st.none()),
        st.tuples(st.just("again"), places, st.integers(1, 200)),
    ),
    max_size=4,
)
settings_of_text = st.fixed_dictionaries(
    {},
    optional={
        "encoding": st.sampled_from(sorted({*encodings.aliases.aliases.values(), "x", "idna"})),
        "delimiter": st.characters(exclude_categories=["Cs"]),
        "quoting": st.booleans(),
        "backslash": st.booleans(),
        "skip_blanks": st.booleans(),
    },
)


def damaged(content, changes):
    """Return bytes after changes (what, where as a share of them, with which bytes or how many)."""
    for kind, place, value in changes:
        at = round(place * len(content))
        if kind == "put":
            content = content[:at] + value + content[at:]
        elif kind == "flip":
            content = (
                content[:at]
                + bytes(byte ^ value for byte in content[at : at + 1])
                + content[at + 1 :]
            )
        elif kind == "cut":
            content = content[:at] + content[at + value :]
        elif kind == "end":
            content = content[:at]
        else:
            content = content[:at] + content[at : at + value] + content[at:]
    return content


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder whose files each example overwrites."""
    return tmp_path_factory.mktemp("damaged")


def check(folder, content, name, form, config):
    """Check that both readers read a file or refuse it, in time and with our own message."""
    path, start = folder / name, time.process_time()
    path.write_bytes(content)
    corpus = Corpus(path, {**config, "format": form})
    try:
        rows = list(corpus)
        corpus.check()
        assert len(rows) == corpus.kept.total()
        assert all(isinstance(text, str) and text.strip() for _, text, *_ in rows)
    except UserError as error:
        assert str(path) in str(error) or "corpus." in str(error)
        assert len(str(error)) < LONGEST
    check_predict(content, form, config)
    assert time.process_time() - start < SECONDS


def check_predict(content, form, config):
    """Check the same of the reader of files to predict."""
    how = HOW | {k: v for k, v in config.items() if k in HOW} | {"format": form}
    try:
        for row in records.read(io.BytesIO(content), "FILE", "text", how)[1]:
            assert row["text"] is None or row["text"].encode() is not None
    except UserError as error:
        assert "FILE" in str(error) or "predict." in str(error)
        assert len(str(error)) < LONGEST


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet"])
@given(content=st.binary(max_size=300), config=settings_of_text)
def test_any_bytes(folder, form, content, config):
    check(folder, content, "any", form, config)


@pytest.mark.parametrize("writer", WRITERS, ids=" ".join)
@given(data=st.data(), changes=changes, config=settings_of_text)
def test_a_damaged_file(folder, writer, data, changes, config):
    written = data.draw(WRITERS[writer])
    form = writer[1] if writer[1] in ("csv", "tsv", "parquet") else "jsonl"
    config = written.config | (config if data.draw(st.booleans()) else {})
    content = damaged(written.content, changes)
    check(folder, content, written.name, form, config)


LINES = 50_000


@pytest.mark.parametrize(
    ("lines", "config"),
    [
        ("1,x,neutral\\\n" * LINES, {"backslash": True}),
        ("1,x,neutral\\\n" * LINES, {"backslash": True, "quoting": False}),
        ('1,"x,neutral\n' + '1,\\"x,neutral\n' * LINES, {"backslash": True}),
        ('1,"x,neutral\n' * LINES, {}),
        ('1,"x,neutral\n' + '2,"",neutral\n' * LINES, {}),
        ('1,"x,neutral\n' + "\n" * LINES, {}),
        ("1,x,neutral\r" * LINES, {}),
        ('1,x,"' + "\r" * LINES, {}),
        ("1,x," + '"' * LINES, {}),
        ("[" * LINES, {"format": "jsonl"}),
        ('{"a":' * LINES, {"format": "jsonl"}),
        ("9" * LINES + "\n", {"format": "jsonl"}),
    ],
    ids=lambda value: repr(value[:30]) if isinstance(value, str) else "",
)
def test_no_text_takes_more_than_linear_time(folder, lines, config):
    form = config.get("format", "csv")
    header = "" if form == "jsonl" else "tweet_id,text,airline_sentiment\n"
    check(folder, (header + lines).encode(), "t", form, config)
